"""A MongoDB-speaking server for the tests: SecantusDB in a process and a virtual environment of its own (GPL, not shipped).

IMAGEROUTE_TEST_MONGODB_URI names any other replica set to use instead.
"""

import contextlib
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COMMAND = ROOT / ".venv-mongo" / "bin" / "python"
FOREIGN = "IMAGEROUTE_TEST_MONGODB_URI"
RUN = f"test_{secrets.token_hex(4)}"
"""What the names of this run's databases begin with."""
SERVE = """
import functools
from secantus import cli
cli.SecantusDBServer = functools.partial(cli.SecantusDBServer, ttl_sweep_seconds=0)
raise SystemExit(cli.main())
"""
"""Its command without the sweep of TTL indexes, which goes by the real clock while the tests keep their own."""
BOOT_S = 60.0
STOP_S = 2.0


def is_foreign() -> bool:
    """Say whether the server outlives the tests."""
    return bool(os.environ.get(FOREIGN))


class MongoServer:
    """A server on a port of its own, which can be killed and started again on what it has stored."""

    def __init__(self, folder: Path, *more: str) -> None:
        """Start it with `more` options of its command."""
        self._folder, self._port, self.more = folder, _free_port(), more
        self.uri = f"mongodb://127.0.0.1:{self._port}/"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(  # our own command
                [COMMAND, "-c", SERVE, "--host", "127.0.0.1", "--port", str(self._port),
                 "--storage-path", self._folder / "store", "--log-level", "WARNING", *self.more],
                stdout=log, stderr=log,
            )  # fmt: skip
        try:
            _wait(self._process, self._port, self._folder / "server.log")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def needs_mongo() -> None:
    """Skip the test where no server of our own can be started."""
    if not COMMAND.exists():
        pytest.skip(f"{COMMAND} is not installed: make .venv-mongo")


@contextlib.contextmanager
def mongo_server(folder: Path) -> Iterator[str]:
    """Run a server on a free port of this machine around a block; yields its address."""
    if is_foreign():
        yield os.environ[FOREIGN]
        return
    needs_mongo()
    server = MongoServer(folder)
    server.start()
    try:
        yield server.uri
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + BOOT_S
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)  # nothing tells us when a foreign process listens
    raise RuntimeError(f"the MongoDB test server did not start:\n{log.read_text()}")
