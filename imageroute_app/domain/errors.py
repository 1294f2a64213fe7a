"""Every error the product raises on purpose, as one tree.

    ImageRouteError
      InvalidInput(AddressRefused)   NotSignedIn   NotAllowed   NotFound   Conflict(Duplicate)
      RateLimited    NotEnoughCredits           Unavailable(StorageFull)
      BadImage       UnsafeImage

Each class carries a stable `code`, an HTTP `status`, and a message that may be shown to the person as it is.
"""


class ImageRouteError(Exception):
    """Base of all errors whose message is fit for the person who caused or met it."""

    code = "error"
    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(ImageRouteError):
    """A value the person gave cannot be used; `field` names it so that the form can point there."""

    code = "invalid_input"
    status = 422

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class AddressRefused(InvalidInput):
    """The mail server knows no such mailbox; `status` of RFC 3463 is its reason, such as 5.1.1."""

    code = "address_refused"

    def __init__(self, reason: str) -> None:
        super().__init__("Mail does not reach this address. Check it.", field="email")
        self.reason = reason


class NotSignedIn(ImageRouteError):
    """The action needs a signed-in person."""

    code = "not_signed_in"
    status = 401

    def __init__(self, message: str = "Sign in to go on.") -> None:
        super().__init__(message)


class NotAllowed(ImageRouteError):
    """The person is known but may not do this."""

    code = "not_allowed"
    status = 403


class NotFound(ImageRouteError):
    """Not there, or not yours: the two look the same on purpose."""

    code = "not_found"
    status = 404

    def __init__(self, message: str = "There is nothing here.") -> None:
        super().__init__(message)


class Conflict(ImageRouteError):
    """The record changed since it was read, or the move is not legal from its present state."""

    code = "conflict"
    status = 409


class Duplicate(Conflict):
    """A unique key is taken already."""

    code = "duplicate"


class RateLimited(ImageRouteError):
    """Too many tries; `retry_after_s` says when to come back."""

    code = "rate_limited"
    status = 429

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotEnoughCredits(ImageRouteError):
    """The balance does not cover the price; `missing` is the gap in credits."""

    code = "not_enough_credits"
    status = 402

    def __init__(self, missing: int) -> None:
        word = "credit" if missing == 1 else "credits"
        super().__init__(f"{missing} {word} missing. Your prompt is kept; nothing was charged.")
        self.missing = missing


class Unavailable(ImageRouteError):
    """A part we depend on does not answer right now; nothing was lost and trying again is safe after `retry_after_s`."""

    code = "unavailable"
    status = 503
    retry_after_s = 5

    def __init__(
        self, message: str = "Storage is busy. Nothing was lost; try again in a moment.", *, retry_after_s: int = 0
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s or type(self).retry_after_s


class StorageFull(Unavailable):
    """The disk or quota is full: reading goes on, writing waits."""

    code = "storage_full"
    retry_after_s = 60

    def __init__(
        self, message: str = "Our storage is full. Nothing was charged; try again later.", *, retry_after_s: int = 0
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s)


class BadImage(ImageRouteError):
    """The bytes are not a complete picture of a kind we accept."""

    code = "bad_image"
    status = 422


class UnsafeImage(BadImage):
    """The picture is larger in bytes, pixels or sides than we decode."""

    code = "unsafe_image"
    status = 413
