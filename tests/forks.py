"""Processes of ours for the tests, forked from one that has imported everything: importing takes longer than most of them run.

The one that is forked has opened nothing and runs no thread. Each fork is a process that is killed and waited for like any
other, with an environment and files of its own, and opens everything for itself.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import NamedTuple

from imageroute_app.settings import ROOT

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.imported", "tests.services.worker_child"])
PATIENCE_S = 150
LOOK_S = 0.01
Main = Callable[..., int | None]


class Ended(NamedTuple):
    """How a process ended: its exit status (a signal's number below zero), and what it wrote."""

    status: int
    out: str
    error: str


class Forked(NamedTuple):
    """A process that runs, or ran."""

    process: ForkServerProcess
    files: tuple[Path, Path, Path]

    def ended(self) -> Ended:
        """Wait for its end; raises AssertionError when it does not come."""
        self.process.join(PATIENCE_S)
        status = self.process.exitcode
        assert status is not None, "the process did not end"
        self.process.close()
        _, out, error = self.files
        return Ended(status, out.read_text(), error.read_text())


def fork(main: Main, *arguments: object, folder: Path, environment: Mapping[str, str], answer: bytes = b"") -> Forked:
    """Start a function of a module as a process with this standard input; its files lie in the folder.

    Its result is the exit status, and environment is all that it finds in os.environ.
    """
    folder.mkdir(parents=True, exist_ok=True)
    given, out, error = files = (folder / "fork.in", folder / "fork.out", folder / "fork.error")
    given.write_bytes(answer)
    out.write_bytes(b"")
    error.write_bytes(b"")
    return Forked(_started(main, arguments, files, environment), files)


class Fork:
    """A process that serves until it is told to end, with what our tests need of asyncio.subprocess.Process."""

    def __init__(self, main: Main, *arguments: object, log: Path, environment: Mapping[str, str]) -> None:
        """Start a function of a module, which writes to the end of a log."""
        self._process = _started(main, arguments, (Path(os.devnull), log, log), environment)
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit status, a signal's number below zero; None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    async def wait(self) -> int:
        """Wait for its end; returns its exit status."""
        while (status := self.returncode) is None:
            await asyncio.sleep(LOOK_S)
        return status


Files = tuple[Path, Path, Path]


def _started(
    main: Main, arguments: tuple[object, ...], files: Files, environment: Mapping[str, str]
) -> ForkServerProcess:
    process = FORKS.Process(target=_begin, args=(main, arguments, files, dict(environment)))
    process.start()
    return process


def _begin(main: Main, arguments: tuple[object, ...], files: Files, environment: Mapping[str, str]) -> None:
    for number, path in enumerate(files):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND if number else os.O_RDONLY), number)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.argv[1:] = []
    sys.exit(main(*arguments))
