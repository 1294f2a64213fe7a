"""pymongo's errors as ours, translated once; anything that is a fault of our own passes through."""

import contextlib
import logging
from collections.abc import Iterator

from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from imageroute_app.domain.errors import Duplicate, ImageRouteError, InvalidInput, StorageFull, Unavailable

log = logging.getLogger(__name__)

TRANSIENT = "TransientTransactionError"
UNKNOWN_COMMIT = "UnknownTransactionCommitResult"
OUT_OF_DISK = 14031
REFUSED = 121
"""DocumentValidationFailure."""
TOO_LARGE = (10334, 17419, 17420)
"""BSONObjectTooLarge, and an update that would make one: a document has 16 MB at most."""
NOT_LET_IN = (13, 18, 8000)
"""Unauthorized, AuthenticationFailed, AtlasError."""


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn what the driver raises inside the block into errors of the domain."""
    try:
        yield
    except DocumentTooLarge:  # the driver's own word, which is none of its other errors; it quotes no value
        raise _too_large() from None
    except PyMongoError as error:
        if _is_refused(error):  # `from None`: what the server says of such a document quotes its values
            log.error("database.document_refused")
            raise TypeError("MongoDB refused a document: its fields are not those of its table in DATA_MAP.") from None
        known = _known(error)
        if known is None:
            raise
        raise known from error


def is_transient(error: ImageRouteError) -> bool:
    """Say whether the whole transaction may be run again."""
    return _has_label(error, TRANSIENT)


def is_commit_unknown(error: ImageRouteError) -> bool:
    """Say whether the commit alone may be sent again."""
    return _has_label(error, UNKNOWN_COMMIT)


def _has_label(error: ImageRouteError, label: str) -> bool:
    cause = error.__cause__
    return isinstance(cause, PyMongoError) and cause.has_error_label(label)


def _is_refused(error: PyMongoError) -> bool:
    if isinstance(error, BulkWriteError):
        return any(one.get("code") == REFUSED for one in (error.details or {}).get("writeErrors", []))
    return isinstance(error, OperationFailure) and error.code == REFUSED


def _too_large() -> InvalidInput:
    log.error("database.too_large")
    return InvalidInput("This is more than can be stored in one piece. Choose less, and try again.")


def _known(error: PyMongoError) -> ImageRouteError | None:
    if isinstance(error, DuplicateKeyError):
        return Duplicate("This is there already.")
    code = error.code if isinstance(error, OperationFailure) else None
    if code in TOO_LARGE:
        return _too_large()
    if code == OUT_OF_DISK:
        log.error("database.full")
        return StorageFull()
    if error.has_error_label(TRANSIENT) or error.has_error_label(UNKNOWN_COMMIT):
        return Unavailable()
    if code in NOT_LET_IN or isinstance(error, (ConnectionFailure, ExecutionTimeout, WTimeoutError)):
        log.error("database.out_of_reach", extra={"error": type(error).__name__, "code": code})
        return Unavailable("Storage does not answer. Nothing was lost; try again in a moment.")
    return None
