"""Start the built product: `python -m imageroute_app.serve`.

Checks settings, port and data folder and names what is wrong with its cure; builds the front end if its sources
changed; then serves everything from this one process, so that whatever ends it leaves nothing behind.
"""

import argparse
import asyncio
import errno
import fcntl
import gc
import hashlib
import importlib
import importlib.metadata
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import IO, Any

from imageroute_app.domain.errors import Unavailable
from imageroute_app.lean import leave_out
from imageroute_app.limits import allow_open_files
from imageroute_app.logs import configure_logging
from imageroute_app.settings import (
    ROOT,
    Settings,
    SettingsError,
    environment_with,
    export_environment,
    load_settings,
)
from imageroute_app.supervise import Supervisor, parent_ended

SOURCES = (
    *(f"imageroute_app/{room}" for room in ("domain", "pages", "components", "state", "imageroute_app.py")),
    *(f"imageroute_app/routes/{name}" for name in ("asleep.py", "wake.js")),
    *("rxconfig.py", "assets", "frontend", "reflex.lock"),
)
"""What the bundle and the shape of the state are made from: a server newer than its pages sends them away."""

BUILD_DIR = ROOT / ".web" / "build"
"""Reflex empties it before each build, and so removes the stamp of a build that does not finish."""
STAMP = BUILD_DIR / "sources.sha256"
SOCKET_MESSAGE_BYTES = 256 * 1024
CLOSE_AGAIN_S = 0.25
SERVICE_RESTART = 1012
DRAIN_S = 20

Application = Callable[[Any, Any, Any], Awaitable[None]]

logger = logging.getLogger(__name__)


class CannotStart(Exception):
    """A reason not to serve, told as one sentence with its cure."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m imageroute_app.serve", description="Serve ImageRoute.")
    parser.add_argument("--build-only", action="store_true", help="build the front end if it changed, and stop")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)  # one of several, started by the first
    options = parser.parse_args(arguments)
    os.chdir(ROOT)
    try:
        settings = load_settings()
        configure_logging(settings.log_level, settings.log_format)
        if options.build_only:
            build_if_changed()
            return 0
        if options.worker:
            return run_worker(settings)
        with lock_data_dir(settings.data_dir):
            check_port(settings.host, settings.port)
            if settings.web_workers > 1:
                check_certificate(settings)
                build_if_changed()
                logger.info("serving %s with %d processes", settings.origin, settings.web_workers)
                command = (sys.executable, "-m", "imageroute_app.serve", "--worker")
                return asyncio.run(Supervisor(command, settings.web_workers, folder=ROOT, drain_s=DRAIN_S + 5).run())
            gc.disable()  # until it serves: what is imported stays, and looking through it costs a fifth of the start
            leave_out()
            check_certificate(settings)
            build_if_changed()
            export_environment(reflex_environment(settings))
            return asyncio.run(serve(settings))
    except SettingsError as error:
        print_faults("Some settings cannot be used:", error.faults)
    except CannotStart as error:
        print_faults("ImageRoute cannot start:", (str(error),))
    return 2


def run_worker(settings: Settings) -> int:
    """Serve as one of several processes; whoever started them made the checks and holds the lock."""
    gc.disable()
    leave_out()
    export_environment(reflex_environment(settings))
    return asyncio.run(serve(settings, until=parent_ended))


def print_faults(title: str, faults: tuple[str, ...]) -> None:
    """Write the faults to standard error, one a line."""
    sys.stderr.write("\n".join([title, *(f"  - {fault}" for fault in faults)]) + "\n")


def check_certificate(settings: Settings) -> None:
    """Raise CannotStart when marks cannot be signed with the certificate that the settings name."""
    from imageroute_app.bootstrap import open_signing

    try:
        open_signing(settings)
    except Unavailable as error:
        raise CannotStart(error.message) from error


def lock_data_dir(data_dir: Path) -> IO[str]:
    """Take the data folder for this process; the lock ends with the process, however it ends."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (data_dir / "lock").open("a+", encoding="ascii")
    except OSError as error:
        raise CannotStart(
            f"the data folder {data_dir} cannot be written ({error.strerror}): change its owner or set IMAGEROUTE_DATA_DIR"
        ) from error
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        holder = lock.read().strip() or "another one"
        raise CannotStart(
            f"the data folder {data_dir} is used by process {holder}: stop it, or set IMAGEROUTE_DATA_DIR to another folder"
        ) from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def check_port(host: str, port: int) -> None:
    """Raise CannotStart when the address cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        cures = {
            errno.EADDRINUSE: f"port {port} is in use: set IMAGEROUTE_PORT, or stop the program that listens there",
            errno.EACCES: f"port {port} needs more rights: set IMAGEROUTE_PORT to one above 1023",
        }
        other = (
            f"{host}:{port} cannot be listened on ({error.strerror}): set IMAGEROUTE_HOST to an address of this machine"
        )
        raise CannotStart(cures.get(error.errno or 0, other)) from error


def build_if_changed() -> bool:
    """Build the front end unless the last build was made from the same sources; returns whether it built.

    A build may itself bring reflex.lock up to date, so the stamp is taken after it. Looked at once before the lock is taken:
    where everything is built, as in a container, nothing needs to be writable.
    """
    if _is_built():
        return False
    with (ROOT / ".build.lock").open("w", encoding="ascii") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        if _is_built():
            return False
        logger.info("building the front end, because its sources changed")
        build()
        STAMP.write_text(hash_sources(), encoding="ascii")
        return True


def _is_built() -> bool:
    return STAMP.is_file() and STAMP.read_text(encoding="ascii") == hash_sources()


def hash_sources() -> str:
    """Return a digest of everything that the front end is built from."""
    digest = hashlib.sha256(importlib.metadata.version("reflex").encode())
    for path in _source_files():
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _source_files() -> Iterator[Path]:
    for name in SOURCES:
        source = ROOT / name
        found = [source] if source.is_file() else sorted(source.rglob("*"))
        yield from (path for path in found if path.is_file() and "__pycache__" not in path.parts)


def build() -> None:
    """Run Reflex's own export with the bun of this Python environment."""
    environment = environment_with(
        {"REFLEX_TELEMETRY_ENABLED": "false", "REFLEX_CHECK_LATEST_VERSION": "false"},
        tools=Path(sys.executable).parent,
    )
    command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"]
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
        raise CannotStart("the front end was not built: read the lines above, correct the source and start again")


def reflex_environment(settings: Settings) -> dict[str, str]:
    """Return what Reflex must know about this installation; it reads it when it is imported."""
    return {
        "REFLEX_ENV_MODE": "prod",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
        "__REFLEX_SKIP_COMPILE": "true",
        "REFLEX_CORS_ALLOWED_ORIGINS": ",".join(settings.allowed_origins),
        "REFLEX_STATE_MANAGER_MODE": "redis" if settings.redis_url else "memory",
        "REFLEX_REDIS_URL": settings.redis_url,
        "REFLEX_SOCKET_MAX_HTTP_BUFFER_SIZE": str(SOCKET_MESSAGE_BYTES),
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
    }


async def serve(settings: Settings, until: Callable[[], Awaitable[None]] | None = None) -> int:
    """Serve until SIGTERM, SIGINT or the end of `until`; returns 1 when the app could not start or ended by itself."""
    from granian.constants import HTTPModes, Interfaces
    from granian.server.embed import Server

    product = importlib.import_module("imageroute_app.imageroute_app")
    sockets = OpenSockets(product.app())
    allow_open_files()
    gc.enable()
    gc.freeze()
    server = Server(
        sockets,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        backlog=1024,
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.call_later(DRAIN_S, os._exit, 1)
        sockets.close()
        server.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if until is not None:
        ended = asyncio.ensure_future(until())
        ended.add_done_callback(lambda _: stop())
    logger.info("serving %s", settings.origin)
    await server.serve()
    return 1 if server.interrupt_children else 0


class OpenSockets:
    """ASGI middleware that can end every websocket, because granian waits for open ones when it stops."""

    def __init__(self, app: Application) -> None:
        """Serve `app`."""
        self._app = app
        self._open: set[asyncio.Future[None]] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        connection = asyncio.ensure_future(self._app(scope, receive, send))
        self._open.add(connection)
        await asyncio.wait([connection])
        self._open.discard(connection)
        if connection.cancelled():
            await send({"type": "websocket.close", "code": SERVICE_RESTART})
        else:
            connection.result()

    def close(self) -> None:
        """Tell every page that the service restarts; pages connect again by themselves.

        Goes on until the process ends: a page may connect once more before the server stops listening, and a handler may
        swallow a cancellation (on Python 3.11 asyncio.wait_for can, cpython issue 86296).
        """
        for connection in self._open:
            connection.cancel()
        asyncio.get_running_loop().call_later(CLOSE_AGAIN_S, self.close)


if __name__ == "__main__":
    sys.exit(main())
