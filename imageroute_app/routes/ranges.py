"""One range of bytes, and entity tags (RFC 9110 sections 13 and 14), for every route that sends files.

Several ranges, other units and malformed ones are ignored, which RFC 9110 14.2 allows: no request can make us cut a file
into thousands of pieces.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
ENTITY_TAG = re.compile(r'(?:W/)?("[^"]*")')


class Span(NamedTuple):
    """Bytes start..end, end exclusive."""

    start: int
    end: int


class Part(NamedTuple):
    """What to send of a file: the bytes, the status, and the headers that say which they are."""

    span: Span
    status: HTTPStatus
    headers: Mapping[str, str]


def has_tag(header: str, etag: str) -> bool:
    """Compare weakly, as RFC 9110 13.1.2 asks."""
    return header.strip() == "*" or etag in ENTITY_TAG.findall(header)


def wanted_part(request: Request, etag: str, size_bytes: int) -> Part | None:
    """Return the whole file or the one range that is asked for; None when that lies outside of it."""
    span = _wanted(request, etag, size_bytes)
    if span is None:
        return Part(Span(0, size_bytes), HTTPStatus.OK, {"Content-Length": str(size_bytes)})
    if span.start >= span.end:
        return None
    headers = {
        "Content-Range": f"bytes {span.start}-{span.end - 1}/{size_bytes}",
        "Content-Length": str(span.end - span.start),
    }
    return Part(span, HTTPStatus.PARTIAL_CONTENT, headers)


def unsatisfiable(size_bytes: int, headers: Mapping[str, str]) -> Response:
    """Return the answer to a range outside of the file."""
    return Response(
        status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        headers={**headers, "Cache-Control": "no-store", "Content-Range": f"bytes */{size_bytes}"},
    )


def _wanted(request: Request, etag: str, size_bytes: int) -> Span | None:
    """Return the one range asked for, empty when it lies outside; None means the whole."""
    match = ONE_RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if match is None or request.headers.get("if-range", etag) != etag:
        return None
    first, last = match.groups()
    if not first:
        return Span(max(0, size_bytes - int(last)), size_bytes) if last else None
    if last and int(last) < int(first):
        return None
    end = min(int(last) + 1, size_bytes) if last else size_bytes
    return Span(int(first), end)
