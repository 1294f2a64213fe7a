"""pymongo's errors as ours, translated once; anything that is a fault of our own passes through."""

import contextlib
import logging
from collections.abc import Iterator

from pymongo.errors import (
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from imageroute_app.domain.errors import Duplicate, ImageRouteError, StorageFull, Unavailable

log = logging.getLogger(__name__)

TRANSIENT = "TransientTransactionError"
UNKNOWN_COMMIT = "UnknownTransactionCommitResult"
OUT_OF_DISK = 14031
NOT_LET_IN = (13, 18, 8000)
"""Unauthorized, AuthenticationFailed, AtlasError."""


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn what the driver raises inside the block into errors of the domain."""
    try:
        yield
    except PyMongoError as error:
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


def _known(error: PyMongoError) -> ImageRouteError | None:
    if isinstance(error, DuplicateKeyError):
        return Duplicate("This is there already.")
    code = error.code if isinstance(error, OperationFailure) else None
    if code == OUT_OF_DISK:
        log.error("database.full")
        return StorageFull()
    if error.has_error_label(TRANSIENT) or error.has_error_label(UNKNOWN_COMMIT):
        return Unavailable()
    if code in NOT_LET_IN or isinstance(error, (ConnectionFailure, ExecutionTimeout, WTimeoutError)):
        log.error("database.out_of_reach", extra={"error": type(error).__name__, "code": code})
        return Unavailable("Storage does not answer. Nothing was lost; try again in a moment.")
    return None
