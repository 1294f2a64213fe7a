"""What the system says of files, in our own words."""

import errno
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from imageroute_app.domain.errors import NotFound, StorageFull, Unavailable

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR}


def guarded(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a file operation and say in our own words what went wrong."""
    try:
        return function(*args, **kwargs)
    except OSError as error:
        if error.errno in ABSENT:
            raise NotFound from error
        log.warning("media.failed", extra={"errno": error.errno})
        if error.errno in FULL:
            raise StorageFull from error
        raise Unavailable from error
