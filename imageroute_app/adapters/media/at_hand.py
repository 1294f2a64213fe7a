"""Files that the system holds in memory, opened and read without ever waiting for the disk.

Linux only: openat2(2) follows no link, leads out of no folder and, like preadv2(2), gives up where it would have to wait.
Python has no function for the first one. Where either is missing or forbidden, nothing is ever at hand.
"""

import ctypes
import os
import stat
import sys
from functools import cache

from imageroute_app.adapters.media.descent import FILE

OPENAT2 = 437
"""Number of the system call, the same on every architecture (Linux, include/uapi/asm-generic/unistd.h)."""
NO_MAGIC_LINKS, NO_LINKS, BENEATH, CACHED = 0x02, 0x04, 0x08, 0x20
"""RESOLVE_... of Linux, include/uapi/linux/openat2.h; CACHED since 5.12."""


class _How(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


HOW = _How(FILE, 0, NO_MAGIC_LINKS | NO_LINKS | BENEATH | CACHED)


def read_at_hand(folder: int, path: str, place: memoryview) -> bool:
    """Read a plain file below an open folder if all of it is in memory and it has exactly the size of the place.

    False leaves open why not: the way that may wait finds out.
    """
    descriptor = _open(folder, path)
    if descriptor < 0:
        return False
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size != len(place):
            return False
        return os.preadv(descriptor, [place], 0, os.RWF_NOWAIT) == len(place)
    except OSError:  # nothing of it is in memory, or this file system cannot tell
        return False
    finally:
        os.close(descriptor)


def _open(folder: int, path: str) -> int:
    """Return a descriptor, or -1."""
    call = _system_call()
    return -1 if call is None else call(OPENAT2, folder, path.encode(), ctypes.byref(HOW), ctypes.sizeof(HOW))


@cache
def _system_call() -> "ctypes._NamedFuncPointer | None":
    if sys.platform != "linux" or not hasattr(os, "RWF_NOWAIT"):
        return None
    call = ctypes.CDLL(None).syscall
    call.restype = ctypes.c_long
    call.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t)
    return call
