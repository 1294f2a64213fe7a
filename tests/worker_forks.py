"""Picture workers for the tests, forked from one process that has their modules imported; a test starts two or more of them.

What the pool starts is a small program that hands its pipes to a fork and ends with it, as the fork ends with that program.
The fork is what the pool's own command would be: worker_child.main in a process of its own, tied to its parent, limited and
without our environment. The tests of tests/adapters start the pool's own command.
"""

import contextlib
import ctypes
import fcntl
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from imageroute_app.adapters import worker_child
from imageroute_app.adapters.workers import ENVIRONMENT, PRELOADED

IMPORTED = (*PRELOADED, "imageroute_app.adapters.providers.sketch.engine")
"""Not what signs: its library refuses to work in a fork of the process that loaded it."""
CALLER = """
import json, os, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])
socket.send_fds(line, [json.dumps(sys.argv[3:]).encode()], [0, 1, 2])
os.closerange(0, 2)
line.recv(1)
"""
ARGUMENTS_BYTES_MAX = 4096


@contextlib.contextmanager
def forking(folder: Path) -> Iterator[tuple[str, ...]]:
    """Run the process that is forked around a block; yields the command that stands for the pool's own."""
    path = folder / "workers"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(64)
        forked = subprocess.Popen(  # our own command
            [sys.executable, "-m", "tests.worker_forks", str(os.getpid()), str(listening.fileno())],
            pass_fds=(listening.fileno(),),
            env={**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    try:
        yield (sys.executable, "-I", "-S", "-c", CALLER, str(path))
    finally:
        forked.kill()
        forked.wait()


def _serve(parent_id: int, number: int) -> None:
    ctypes.CDLL(None).prctl(worker_child.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_id:
        return
    for name in IMPORTED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listening = socket.socket(fileno=number)
    while True:
        caller, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            _work(caller)
            os._exit(0)
        caller.close()


def _work(caller: socket.socket) -> None:
    """Be the worker of one caller until its input closes; the kernel ends it when the caller is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    arguments, pipes, _, _ = socket.recv_fds(caller, ARGUMENTS_BYTES_MAX, 3)
    fcntl.fcntl(caller, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(caller, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(caller, fcntl.F_SETFL, fcntl.fcntl(caller, fcntl.F_GETFL) | os.O_ASYNC)
    with contextlib.suppress(BlockingIOError):
        caller.recv(1, socket.MSG_DONTWAIT)
        return  # it was gone before
    for number, pipe in enumerate(pipes):
        os.dup2(pipe, number)
        os.close(pipe)
    sys.argv = ["worker_child", str(os.getppid()), *json.loads(arguments)]
    worker_child.main()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]))
