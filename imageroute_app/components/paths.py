"""The product's addresses (PRODUCT.md 4), once."""

LANDING = "/"
SIGN_UP, SIGN_IN, SIGN_OUT = "/sign-up", "/sign-in", "/auth/sign-out"
CREATE, GALLERY, UPLOADS, ALBUMS, TRASH = "/create", "/gallery", "/uploads", "/albums", "/trash"
USAGE, ACCOUNT = "/usage", "/account"
PRIVACY, TERMS, COOKIES, PROCESSORS = "/privacy", "/terms", "/cookies", "/processors"
TRUST, CONTACT, SUPPORT, VERIFY = "/trust", "/contact", "/support", "/verify"
