"""The product's addresses (PRODUCT.md 4), once."""

LANDING = "/"
SIGN_UP, SIGN_IN, SIGN_OUT = "/sign-up", "/sign-in", "/auth/sign-out"
CREATE, GALLERY, TRASH, USAGE, ACCOUNT = "/create", "/gallery", "/trash", "/usage", "/account"
ALBUMS = "/albums"
PRIVACY, TERMS, COOKIES, PROCESSORS = "/privacy", "/terms", "/cookies", "/processors"
TRUST, CONTACT, SUPPORT, VERIFY = "/trust", "/contact", "/support", "/verify"
