"""Read one file out of a posted form, in memory and within a limit; names, other fields and types are thrown away."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from imageroute_app.domain.errors import InvalidInput, UnsafeImage

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

HEADERS_BYTES_MAX, PARTS_MAX, BOUNDARY_MAX = 4096, 4, 200
UNREADABLE = "The form could not be read. Choose the file again."


async def read_one_file(request: Request, field: str, *, limit_bytes: int, timeout_s: float) -> bytes:
    """Return the bytes of the file in this field; empty when none was chosen.

    Raises:
        InvalidInput: The form is broken, too slow or has more parts than ours.
        UnsafeImage: The file is over the limit; the rest is not read.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= BOUNDARY_MAX:
        raise InvalidInput(UNREADABLE)
    wanted = _OneFile(field.encode(), limit_bytes)
    parser = MultipartParser(boundary, wanted.callbacks())
    try:
        async with asyncio.timeout(timeout_s):
            async for chunk in request.stream():
                parser.write(chunk)
        parser.finalize()
    except (FormParserError, ClientDisconnect, TimeoutError) as error:
        raise InvalidInput(UNREADABLE) from error
    if not wanted.is_whole:
        raise InvalidInput(UNREADABLE)
    return bytes(wanted.data)


class _OneFile:
    """Collects one part's bytes; everything else only counts."""

    def __init__(self, field: bytes, limit_bytes: int) -> None:
        self._field, self._limit_bytes = field, limit_bytes
        self.data = bytearray()
        self.is_whole = False
        self._parts, self._headers_bytes, self._is_wanted = 0, 0, False
        self._name, self._value = bytearray(), bytearray()

    def callbacks(self) -> "MultipartCallbacks":
        """Return what the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header(self._name),
            "on_header_value": self._header(self._value),
            "on_header_end": self._end_header,
            "on_part_data": self._add,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._parts, self._is_wanted = self._parts + 1, False
        if self._parts > PARTS_MAX:
            raise InvalidInput(UNREADABLE)

    def _header(self, target: bytearray) -> Callable[[bytes, int, int], None]:
        def add(data: bytes, start: int, end: int) -> None:
            self._headers_bytes += end - start
            if self._headers_bytes > HEADERS_BYTES_MAX:
                raise InvalidInput(UNREADABLE)
            target.extend(data[start:end])

        return add

    def _end_header(self) -> None:
        if bytes(self._name).lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._is_wanted = options.get(b"name") == self._field and not self.data
        self._name.clear()
        self._value.clear()

    def _add(self, data: bytes, start: int, end: int) -> None:
        if not self._is_wanted:
            return
        if len(self.data) + end - start > self._limit_bytes:
            raise UnsafeImage("This file is too large: up to 30 MB.")
        self.data.extend(memoryview(data)[start:end])

    def _end(self) -> None:
        self.is_whole = True
