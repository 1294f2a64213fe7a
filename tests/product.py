"""The built product as a process: started on a free port with a folder of its own, killed and started again at will."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Protocol

import httpx

from imageroute_app import serve, tasks
from imageroute_app.settings import PREFIX, ROOT, environment_with
from tests.forks import Fork

START_S = 120
STOP_S = 60
QUICK = {"LEASE_S": "2", "SWEEP_S": "2", "TESTING": "1", "SIGN_UPS_PER_HOUR": "10000"}


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def build_front_end() -> None:
    """Build the pages if their sources changed."""
    command = [sys.executable, "-m", "imageroute_app.serve", "--build-only"]
    subprocess.run(command, cwd=ROOT, env=clean_environment({}), check=True, timeout=300)


def clean_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without the developer's settings, and with these (names without the prefix)."""
    given = {PREFIX + name: text for name, text in settings.items()}
    environment = environment_with({}, tools=Path(sys.executable).parent)
    kept = {name: text for name, text in environment.items() if not name.startswith((PREFIX, "REFLEX_"))}
    return {**kept, PREFIX + "ENV_FILE": "", **given}


class Running(Protocol):
    """What is used of a process: asyncio.subprocess.Process is one."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def send_signal(self, signal: int, /) -> None: ...
    def kill(self) -> None: ...
    def terminate(self) -> None: ...
    async def wait(self) -> int: ...


@dataclass
class Product:
    """One installation; its data folder outlives its processes."""

    data_dir: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: Running | None = None

    @property
    def url(self) -> str:
        """The origin of its pages."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        """What all its processes wrote, one after the other."""
        return self.data_dir.parent / f"{self.data_dir.name}.log"

    async def start(self, **settings: str) -> None:
        """Start a process on the data folder and wait until it serves; the settings hold for this start only."""
        fixed = {"PORT": str(self.port), "DATA_DIR": str(self.data_dir)}
        self.process = await self._run(serve, {**fixed, **self.settings, **settings})
        async with asyncio.timeout(START_S), httpx.AsyncClient() as client:
            while not await self._serves(client):
                if self.process.returncode is not None:
                    raise AssertionError(f"the product ended at its start:\n{self.log_path.read_text()[-3000:]}")
                await asyncio.sleep(0.05)

    async def start_worker(self) -> Running:
        """Start one more process of this installation, which runs jobs; whoever asks for it ends it."""
        return await self._run(tasks, {**self.settings, "DATA_DIR": str(self.data_dir)})

    async def _run(self, module: ModuleType, settings: Mapping[str, str]) -> Running:
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        self.log_path.touch()
        return await self._begin(module, clean_environment({**QUICK, **settings}))

    async def _begin(self, module: ModuleType, environment: Mapping[str, str]) -> Running:
        with self.log_path.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", module.__name__),
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def _serves(self, client: httpx.AsyncClient) -> bool:
        try:
            return (await client.get(f"{self.url}/healthz")).status_code == 200
        except httpx.TransportError:
            return False

    async def kill(self) -> None:
        """End the process as a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End the process as an operator would; it must go by itself."""
        await self._end(signal.SIGTERM)

    async def wait(self) -> int:
        """Wait until the process ends by itself, as it does at a named fault; returns its exit status."""
        assert self.process is not None
        async with asyncio.timeout(STOP_S):
            return await self.process.wait()

    async def _end(self, number: signal.Signals) -> None:
        if self.process is None or self.process.returncode is not None:
            return
        self.process.send_signal(number)
        try:
            await self.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
            raise AssertionError(f"the product did not stop within {STOP_S} s") from None

    async def restart(self, **settings: str) -> None:
        """Kill the process and start another on the same folder and port."""
        await self.kill()
        await self.start(**settings)


class ForkedProduct(Product):
    """One whose processes are forked from one that has imported everything (tests.forks), and so serve seconds earlier."""

    async def _begin(self, module: ModuleType, environment: Mapping[str, str]) -> Running:
        return await asyncio.to_thread(Fork, module.main, log=self.log_path, environment=environment)
