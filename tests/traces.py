"""Looking for words in everything that an installation leaves behind: files of any kind, databases, memory.

`layers` opens what bytes can hide in (zip members, gzip and zlib streams, chunks of a PNG); `found` looks into every layer for
every form of a token (tests.needles.forms). `memory` walks what an object holds on to, caches of libraries included.
"""

import gc
import io
import logging
import re
import types
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bson
from pymongo import MongoClient

from imageroute_app.logs import configure_logging
from tests.emulators.kit import Seen
from tests.needles import forms

ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
DEPTH_MAX = 4
OPENED_MAX_BYTES = 64 * 1024 * 1024
OBJECTS_MAX = 5_000_000
LEFT_OUT = (types.ModuleType, type, types.FrameType, types.CodeType, Seen)
"""Programs, not what they hold (a module leads to every test there is), and an emulator's note of what it was asked last: the
vendor's side of an open connection, which runs on our loop here. What a vendor keeps is looked through by itself."""


def layers(data: bytes, depth: int = DEPTH_MAX) -> Iterator[bytes]:
    """Return the bytes and, one inside the other, everything that lies compressed in them."""
    yield data
    if depth == 0:
        return
    for inner in (*_members(data), *_streams(data)):
        yield from layers(inner, depth - 1)


def _members(data: bytes) -> Iterator[bytes]:
    if b"PK\x03\x04" not in data:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                yield f"{member.filename}\n{member.comment!r}".encode() + archive.read(member)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return


def _streams(data: bytes) -> Iterator[bytes]:
    """Return what inflates from any place on; the chunks zTXt, iTXt and iCCP of a PNG are such places."""
    for place in ZLIB.finditer(data):
        stream = zlib.decompressobj(wbits=47)  # zlib or gzip, as its first bytes say
        try:
            inner = stream.decompress(data[place.start() :], OPENED_MAX_BYTES)
        except zlib.error:
            continue
        if len(inner) > 4:
            yield inner


def found(data: bytes, tokens: Mapping[str, str]) -> set[str]:
    """Return the names of the tokens of which any form is in any layer."""
    return {name for layer in layers(data) for name in _in(layer, tokens)}


def _in(data: bytes, tokens: Mapping[str, str]) -> Iterator[str]:
    for name, token in tokens.items():
        if token and any(form in data for form in forms(token)):
            yield name


def files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, its path in front of its bytes, so that names are looked at too."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = [str(path.relative_to(folder)) for path in paths]
    return {name: name.encode() + b"\n" + path.read_bytes() for name, path in zip(names, paths, strict=True)}


def mongo(uri: str, prefix: str) -> dict[str, bytes]:
    """Return every collection of every database whose name begins with the prefix, as BSON; indexes and names included."""
    dump: dict[str, bytes] = {}
    client: MongoClient[dict[str, Any]] = MongoClient(uri, timeoutMS=90_000)
    try:
        for name in client.list_database_names():
            if name.startswith(prefix):
                for collection in client[name].list_collection_names():
                    rows = [bson.encode(row) for row in client[name][collection].find()]
                    dump[f"{name}.{collection}"] = b"".join(rows)
    finally:
        client.close()
    return dump


def memory(*roots: object, tokens: Mapping[str, str]) -> set[str]:
    """Return the names of the tokens that can be reached from these objects: caches, queues, counters, open pages."""
    seen: set[int] = set()
    waiting: list[object] = list(roots)
    names: set[str] = set()
    while waiting and len(seen) < OBJECTS_MAX:
        here = waiting.pop()
        if id(here) in seen or isinstance(here, LEFT_OUT):
            continue
        seen.add(id(here))
        if isinstance(here, str | bytes | bytearray):
            data = here.encode("utf-8", "surrogatepass") if isinstance(here, str) else bytes(here)
            names.update(_in(data, tokens))
            continue
        waiting.extend(_held(here))
    assert len(seen) < OBJECTS_MAX, "the walk left what it was given"
    return names


def _held(holder: object) -> Iterable[object]:
    if isinstance(holder, types.FunctionType):  # its globals are the whole program
        return (holder.__closure__, holder.__defaults__, holder.__kwdefaults__, holder.__dict__)
    return gc.get_referents(holder)


@contextmanager
def everything_logged() -> Iterator[Callable[[], bytes]]:
    """Log as an installation at level "debug" does, and keep all of it; yields what reads it."""
    root, written = logging.getLogger(), io.StringIO()
    former, level, factory = list(root.handlers), root.level, logging.getLogRecordFactory()
    levels = {name: each.level for name, each in root.manager.loggerDict.items() if isinstance(each, logging.Logger)}
    configure_logging("debug")
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    root.handlers = [*former, handler]
    try:
        yield lambda: written.getvalue().encode()
    finally:
        root.handlers = former
        root.setLevel(level)
        logging.setLogRecordFactory(factory)
        for name, each in root.manager.loggerDict.items():
            if isinstance(each, logging.Logger):
                each.setLevel(levels.get(name, logging.NOTSET))
