"""A pool of persistent worker processes for what computes: decoding pictures, drawing sketches.

A call has one worker to itself. Whatever happens to that worker (killed, hung, out of memory, its
call cancelled), it is thrown away and the next call gets a new one, so no call can spoil another.
Answers are read by an unpickler that knows only data and our own errors and records of pictures: a decoder
that was taken over cannot run code here.
"""

import asyncio
import contextlib
import io
import logging
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar, cast

from imageroute_app.adapters.worker_child import FRAME
from imageroute_app.domain.errors import ImageRouteError, Unavailable

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

COMMAND = (sys.executable, "-m", "imageroute_app.adapters.worker_child")
PRELOADED = ("numpy", "PIL.Image", "imageroute_app.adapters.imaging.picture")
KNOWN_MODULES = ("imageroute_app.domain.errors", "imageroute_app.domain.pictures")
START_TIMEOUT_S = 30.0
PIPE_BYTES = 1024 * 1024
ANSWER_MAX_BYTES = 512 * 1024 * 1024
CLOSED = "The picture workers are stopped."
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


class WorkerLost(Unavailable):
    """The worker died or took too long; the call itself may be the cause."""

    code = "worker_lost"


class CallFailed(Unavailable):
    """The function raised an error that is none of the product's; `kind` is its class name."""

    code = "call_failed"

    def __init__(self, kind: str) -> None:
        super().__init__("Something went wrong on our side. Nothing was lost; try again.")
        self.kind = kind


class WorkerPool:
    """Runs picklable functions in at most `size` processes, which start when first needed."""

    def __init__(self, size: int, preload: Sequence[str] = PRELOADED) -> None:
        self._slots = asyncio.Semaphore(size)
        self._size, self._preload = size, tuple(preload)
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._closed = False
        self.is_warm = False  # whether all of them were started once; one that ends is replaced by a later call

    async def run(self, function: Callable[..., T], *args: object, timeout_s: float, **kwargs: object) -> T:
        """Return what the function returns; waits for a free worker, and cancelling ends the work.

        Args:
            function: A module-level function that returns data or records of domain.pictures.
            args: Its arguments, picklable.
            timeout_s: Seconds it may take once a worker has it.
            kwargs: Its keyword arguments.

        Raises:
            ImageRouteError: The function raised it.
            CallFailed: The function raised something else.
            WorkerLost: The worker died or hung.
        """
        frame = pickle.dumps((timeout_s, function, args, kwargs), protocol=5)
        async with self._slots:
            worker = await self._take()
            try:
                async with asyncio.timeout(timeout_s):
                    kind, value = await worker.exchange(frame)
            except (TimeoutError, EOFError, OSError, pickle.UnpicklingError) as error:
                log.warning("worker.lost", extra={"pid": worker.pid, "kind": type(error).__name__})
                worker.kill()
                raise WorkerLost("This took too long or failed. Try again.") from None
            except BaseException:
                worker.kill()
                raise
            self._idle.append(worker)
        return cast("T", _unpack(kind, value))

    async def warm(self) -> None:
        """Start every worker now, so that the first calls are quick; a call that comes meanwhile waits for one of them.

        Raises:
            WorkerLost: One does not start, and the others do; repeatable.
        """
        missing = self._size - self._alive
        await asyncio.gather(*(self._warm_one() for _ in range(missing)))
        self.is_warm = True

    async def close(self) -> None:
        """End every worker and so every call; repeatable, and later calls raise WorkerLost."""
        self._closed = True
        for worker in self._all:
            worker.kill()
        for _ in range(self._size):
            await self._slots.acquire()
        workers, self._all, self._idle = self._all, set(), []
        await asyncio.gather(*(worker.ended() for worker in workers))
        for _ in range(self._size):
            self._slots.release()

    @property
    def _alive(self) -> int:
        return sum(worker.is_alive for worker in self._all)

    async def _warm_one(self) -> None:
        async with self._slots:
            if self._alive < self._size:
                self._idle.append(await self._start())

    async def _take(self) -> "_Worker":
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive:
                return worker
            worker.kill()
        return await self._start()

    async def _start(self) -> "_Worker":
        if self._closed:
            raise WorkerLost(CLOSED)
        worker = await _Worker.spawn(self._preload)
        self._all = {worker, *(other for other in self._all if not other.has_ended)}
        try:
            if self._closed:
                raise WorkerLost(CLOSED)
            async with asyncio.timeout(START_TIMEOUT_S):
                await worker.ready()
        except (TimeoutError, EOFError, OSError):
            raise WorkerLost("The picture workers do not start.") from None
        finally:
            if not worker.is_ready:
                worker.kill()
        return worker


class _Worker:
    """One process, and one frame in flight at most."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None  # noqa: S101  # both are pipes, see spawn
        assert process.stdout is not None  # noqa: S101
        self._process, self._calls, self._answers = process, process.stdin, process.stdout
        self._is_killed = False
        self.is_ready = False
        self.pid = process.pid

    @classmethod
    async def spawn(cls, preload: Sequence[str]) -> "_Worker":
        """Start a process, without our environment."""
        search_path = os.pathsep.join(filter(None, sys.path))
        return cls(
            await asyncio.create_subprocess_exec(
                *(*COMMAND, str(os.getpid()), *preload),
                stdin=PIPE,
                stdout=PIPE,
                limit=PIPE_BYTES,
                pipesize=PIPE_BYTES,
                cwd="/",
                env={**ENVIRONMENT, "PYTHONPATH": search_path},
            )
        )

    async def ready(self) -> None:
        """Wait until the process has loaded its modules."""
        await self._read()
        self.is_ready = True

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone and was waited for."""
        return self._process.returncode is not None

    @property
    def is_alive(self) -> bool:
        """Whether the process can take a call, as far as is known."""
        return not (self._is_killed or self.has_ended or self._answers.at_eof())

    async def exchange(self, frame: bytes) -> tuple[str, object]:
        """Send one call and wait for its answer."""
        self._calls.write(FRAME.pack(len(frame)))
        self._calls.write(frame)
        await self._calls.drain()
        return await self._read()

    async def _read(self) -> tuple[str, object]:
        (size_bytes,) = FRAME.unpack(await self._answers.readexactly(FRAME.size))
        if size_bytes > ANSWER_MAX_BYTES:
            raise EOFError
        return _Reader(io.BytesIO(await self._answers.readexactly(size_bytes))).load()

    def kill(self) -> None:
        """End the process at once."""
        if self._is_killed:
            return
        self._is_killed = True
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._calls.close()

    async def ended(self) -> None:
        """Wait until the process is gone and its pipes are closed."""
        await self._answers.read()
        await self._process.wait()


class _Reader(pickle.Unpickler):
    """Loads data, and of classes only our errors and records of pictures."""

    def find_class(self, module_name: str, global_name: str) -> type:
        if module_name in KNOWN_MODULES:
            found = getattr(sys.modules[module_name], global_name, None)
            if isinstance(found, type) and found.__module__ == module_name:
                return found
        raise pickle.UnpicklingError("a worker answered with something else than data")


def _unpack(kind: str, value: object) -> object:
    if kind == "error" and isinstance(value, ImageRouteError):
        raise value
    if kind != "value":
        raise CallFailed(str(value))
    return value
