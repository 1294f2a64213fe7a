"""What every emulator is made of: a loopback HTTP server with full control of the wire, a scenario, and a record of it all.

An emulator refuses what its vendor would refuse and counts billable submissions; a test steers it through a Scenario and
asserts on that count. Its pictures are real files with the prompt's hash inside. `python -m tests.emulators` serves all of
them for use by hand.
"""

import asyncio
import hashlib
import io
import json
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import h11
from PIL import Image as Pillow
from PIL import PngImagePlugin
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartParser

Place = Literal["submit", "poll", "result", "download", "cancel"]
READ_MAX = 64 * 1024


@dataclass
class VirtualClock:
    """Time that passes only while somebody waits for it: polls, Retry-After and expiry take no real time."""

    now: float = 0.0

    async def sleep(self, seconds: float) -> None:
        """Let the seconds pass at once; hand this to a provider as its `sleep`."""
        self.now += seconds
        await asyncio.sleep(0)


@dataclass
class Failure:
    """An answer instead of the right one, at one place, the next `times` times."""

    at: Place
    status: int = 500
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    is_billed: bool = False


@dataclass
class Scenario:
    """How the vendor behaves next. Seconds are real, except where a virtual clock is the emulator's.

    `drop` cuts the connection after the request was accepted (and billed); `slow_bytes_per_s` drips the body; `body` stands
    in for a picture's bytes at download or inside the answer; `extra` is for what only one vendor can do.
    """

    latency_s: float = 0.0
    queue_polls: int = 0
    statuses: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    drop: list[Place] = field(default_factory=list)
    slow_bytes_per_s: int = 0
    refuse: str = ""
    body: bytes | None = None
    picture_mime: str = ""
    size: tuple[int, int] | None = None
    cost: float | None = None
    count: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def fail(self, at: Place, status: int = 500, body: Any = None, **more: Any) -> "Scenario":
        """Add a failure; returns itself, so that calls can be chained."""
        self.failures.append(Failure(at=at, status=status, body=body, **more))
        return self

    def failure(self, at: Place) -> Failure | None:
        """Return the next failure at a place, using it up."""
        for failure in self.failures:
            if failure.at == at and failure.times > 0:
                failure.times -= 1
                return failure
        return None


@dataclass
class Seen:
    """One request as it came in; `form` holds texts and (file name, type, bytes) of a multipart body, as lists."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    target: str = ""
    form: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        """The JSON body; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def is_multipart(self) -> bool:
        """Whether it came as multipart/form-data."""
        return self.headers.get("content-type", "").startswith("multipart/form-data")


@dataclass
class Reply:
    """One answer. `drop` cuts the connection: "before" the status line, or in the "middle" of the body."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: Literal["", "before", "middle"] = ""
    bytes_per_s: int = 0
    chunks: list[bytes] = field(default_factory=list)

    def encoded(self) -> tuple[bytes, dict[str, str]]:
        """Return the body's bytes and the headers; dicts and lists become JSON."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        if isinstance(self.body, bytes):
            return self.body, headers
        headers.setdefault("content-type", "application/json")
        return json.dumps(self.body).encode(), headers


Handler = Callable[[Seen], Awaitable[Reply]]


@dataclass
class Emulator:
    """One vendor. Subclasses answer in `reply`; `billable` counts submissions that the vendor would charge for."""

    scenario: Scenario = field(default_factory=Scenario)
    clock: VirtualClock = field(default_factory=VirtualClock)
    seen: list[Seen] = field(default_factory=list)
    billable: int = 0
    submissions: int = 0
    prefix: str = ""
    """Where it is mounted, for example "/bfl", when several share one port."""
    url: str = ""
    """Its own address once it is served, without a slash at the end."""

    async def reply(self, seen: Seen) -> Reply:
        """Answer a request; `seen.path` is without the prefix."""
        raise NotImplementedError

    async def answer(self, seen: Seen) -> Reply:
        """Record a request and answer it."""
        self.seen.append(seen)
        return await self.reply(seen)

    def failing(self, at: Place) -> Reply | None:
        """Return the reply of the scenario's next failure or drop at a place, or None."""
        if at in self.scenario.drop:
            self.scenario.drop.remove(at)
            return Reply(drop="before")
        if failure := self.scenario.failure(at):
            self.billable += failure.is_billed
            return Reply(failure.status, failure.body if failure.body is not None else {}, dict(failure.headers))
        return None

    def keys_seen(self, *names: str) -> list[str]:
        """Return the values of these headers over all requests, for example "authorization"."""
        return [seen.headers[name] for seen in self.seen for name in names if name in seen.headers]


def picture(prompt: str, *, size: tuple[int, int] = (64, 64), mime: str = "image/png", number: int = 0) -> bytes:
    """Return a small real picture whose colour follows from the prompt; a PNG carries the prompt's hash as text."""
    digest = hashlib.sha256(f"{prompt}|{number}".encode()).digest()
    image = Pillow.new("RGB", size, (digest[0], digest[1], digest[2]))
    image.paste((digest[3], digest[4], digest[5]), (0, 0, size[0] // 2, size[1] // 2))
    file = io.BytesIO()
    if mime == "image/png":
        facts = PngImagePlugin.PngInfo()
        facts.add_text("prompt-sha256", hashlib.sha256(prompt.encode()).hexdigest())
        image.save(file, "PNG", pnginfo=facts)
    else:
        image.save(file, {"image/jpeg": "JPEG", "image/webp": "WEBP"}[mime])
    return file.getvalue()


def bomb(side: int = 20_000) -> bytes:
    """Return a PNG of a few kilobytes that says it has `side` x `side` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    header = side.to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    rows = zlib.compress(b"\0" * (side + 1) * 64, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


# --- The wire -----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def served(*emulators: Emulator, port: int = 0) -> AsyncIterator[str]:
    """Serve emulators on one port of 127.0.0.1 by their prefixes; yields the origin, and fills each one's `url`."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await _converse(reader, writer, emulators)
        except (ConnectionError, h11.ProtocolError, asyncio.CancelledError):
            return
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for emulator in emulators:
        emulator.url = origin + emulator.prefix
    try:
        yield origin
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, emulators: tuple[Emulator, ...]
) -> None:
    connection = h11.Connection(h11.SERVER)
    while (seen := await _read(connection, reader, writer)) is not None:
        emulator = next((one for one in emulators if seen.path.startswith(one.prefix + "/")), None)
        if emulator is None:
            reply = Reply(404, {"error": "no emulator is mounted here"})
        else:
            seen.path = seen.path.removeprefix(emulator.prefix)
            reply = await emulator.answer(seen)
        if not await _write(connection, writer, reply):
            return
        if connection.our_state is h11.MUST_CLOSE or connection.their_state is h11.MUST_CLOSE:
            return
        connection.start_next_cycle()


async def _read(connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Seen | None:
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                writer.write(connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            connection.receive_data(await reader.read(READ_MAX))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return await _seen(head, bytes(body))
        else:
            return None


async def _seen(head: h11.Request, body: bytes) -> Seen:
    target = head.target.decode()
    parts = urlsplit(target)
    seen = Seen(
        method=head.method.decode(),
        path=parts.path,
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers={name.decode(): value.decode("latin-1") for name, value in head.headers},
        body=body,
        target=target,
    )
    if seen.is_multipart:
        seen.form = await _form(seen)
    return seen


async def _form(seen: Seen) -> dict[str, list[Any]]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield seen.body

    found: dict[str, list[Any]] = {}
    parser = MultiPartParser(Headers(seen.headers), stream(), max_part_size=64 * 1024 * 1024)
    form = await parser.parse()
    for name, value in form.multi_items():
        part: Any = value
        if isinstance(value, UploadFile):
            part = (value.filename, value.content_type, await value.read())
        found.setdefault(name, []).append(part)
    await form.close()
    return found


async def _write(connection: h11.Connection, writer: asyncio.StreamWriter, reply: Reply) -> bool:
    """Send an answer; False when the scenario cut the connection."""
    if reply.drop == "before":
        return False
    body, headers = reply.encoded()
    if reply.chunks:
        headers["transfer-encoding"] = "chunked"
    else:
        headers.setdefault("content-length", str(len(body)))  # an answer to HEAD says what GET would send
    writer.write(connection.send(h11.Response(status_code=reply.status, headers=list(headers.items()))) or b"")
    if reply.drop == "middle":
        writer.write(connection.send(h11.Data(data=body[: max(1, len(body) // 2)])) or b"")
        await writer.drain()
        return False
    for part in reply.chunks or _parts(body, reply.bytes_per_s):
        writer.write(connection.send(h11.Data(data=part)) or b"")
        await writer.drain()
        if reply.bytes_per_s:
            await asyncio.sleep(len(part) / reply.bytes_per_s)
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    await writer.drain()
    return True


def _parts(body: bytes, bytes_per_s: int) -> list[bytes]:
    step = max(1, bytes_per_s // 20) if bytes_per_s else READ_MAX
    return [body[start : start + step] for start in range(0, len(body), step)]
