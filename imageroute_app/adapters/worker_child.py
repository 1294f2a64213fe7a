"""The worker process's side of the pool: calls come by standard input, answers go by output.

It decodes hostile bytes, so it starts without the environment of its parent (no secrets), cannot
write files, has little memory and time, and ends with its parent however that ends: by the kernel's
signal, or when its input closes.
"""

import ctypes
import importlib
import os
import pickle
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import BinaryIO

from imageroute_app.domain.errors import ImageRouteError

FRAME = struct.Struct(">Q")
MEMORY_BYTES = 1_536 * 1024 * 1024
NICENESS = 5
PR_SET_PDEATHSIG = 1

Call = tuple[float, Callable[..., object], tuple[object, ...], dict[str, object]]
Answer = tuple[str, object]


def limit_process(parent_id: int) -> None:
    """Tie this process to its parent and take away what a decoder does not need."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_id:
        raise SystemExit("the parent is gone")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def allow_seconds(seconds: float) -> None:
    """Let the kernel end this process after so many further seconds of computing."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def answer(call: Call) -> Answer:
    """Run one call; errors of the product travel as they are, of others only the name does."""
    timeout_s, function, args, kwargs = call
    allow_seconds(timeout_s)
    try:
        return "value", function(*args, **kwargs)
    except ImageRouteError as error:
        return "error", error
    except Exception as error:  # noqa: BLE001  # the worker loop: whatever it is, the caller is told and the loop goes on
        return "failed", type(error).__name__


def read_frame(source: BinaryIO) -> bytes | None:
    """Return the next frame, or None when the other side closed."""
    head = source.read(FRAME.size)
    if len(head) < FRAME.size:
        return None
    (size_bytes,) = FRAME.unpack(head)
    body = source.read(size_bytes)
    return body if len(body) == size_bytes else None


def write_frame(target: BinaryIO, answered: Answer) -> None:
    """Write one answer."""
    body = pickle.dumps(answered, protocol=5)
    target.write(FRAME.pack(len(body)))
    target.write(body)
    target.flush()


def main() -> None:
    """Serve calls until the input closes; arguments: the parent's id, modules to load first."""
    limit_process(int(sys.argv[1]))
    calls = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for name in sys.argv[2:]:
        importlib.import_module(name)
    write_frame(answers, ("ready", None))
    while (frame := read_frame(calls)) is not None:
        write_frame(answers, answer(pickle.loads(frame)))  # noqa: S301  # our own parent wrote it


if __name__ == "__main__":
    main()
