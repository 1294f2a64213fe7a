"""Processes of ours for the tests, forked from one that has imported everything: importing takes longer than most of them run.

The one that is forked has opened nothing and runs no thread. Each fork is a process that is killed and waited for like any
other, with an environment and files of its own, and opens everything for itself.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import NamedTuple

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["imageroute_app.command.line", "tests.services.worker_child"])
PATIENCE_S = 150
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
    process = FORKS.Process(target=_begin, args=(main, arguments, files, dict(environment)))
    process.start()
    return Forked(process, files)


def _begin(
    main: Main, arguments: tuple[object, ...], files: tuple[Path, Path, Path], environment: Mapping[str, str]
) -> None:
    for number, path in enumerate(files):
        os.dup2(os.open(path, os.O_WRONLY if number else os.O_RDONLY), number)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    sys.exit(main(*arguments))
