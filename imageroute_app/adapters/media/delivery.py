"""Bytes from Cloudinary's delivery network by signed addresses: streamed in ranges, never whole in memory.

The same network is asked whether a deleted object is gone: only its 404 is proof. The addresses stay in this process.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncIterator

import httpx

from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.ports import MediaFacts

log = logging.getLogger(__name__)

CHUNK_BYTES = 64 * 1024
TIMEOUT = httpx.Timeout(20, connect=5, pool=20)
CONNECTIONS = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=30)
HEADERS = {"Accept-Encoding": "identity"}
CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
OPENING_TRIES = 2
RETRY_WAIT_S = 10
RATE_WAIT_S = 60
BUSY = "Our picture storage does not answer. Nothing was lost; try again in a moment."


class DeliveryNetwork:
    """Reads objects by address."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT, limits=CONNECTIONS, headers=HEADERS, follow_redirects=False, trust_env=False
        )

    async def facts(self, url: str) -> MediaFacts:
        """Return size and tag of the object; raises NotFound, Unavailable."""
        response = await self._send("HEAD", url)
        await response.aclose()
        _check(response)
        size = response.headers.get("content-length", "")
        if not size.isdigit():
            raise Unavailable(BUSY)
        tag = response.headers.get("etag", "").removeprefix("W/").strip('"')
        if not re.fullmatch(r"[A-Za-z0-9-]{8,64}", tag):
            seen = f"{size}-{response.headers.get('last-modified', '')}"
            tag = hashlib.blake2b(seen.encode(), digest_size=12).hexdigest()
        return MediaFacts(size_bytes=int(size), etag=tag)

    async def open(self, url: str, start: int, end: int | None) -> AsyncIterator[bytes]:
        """Stream bytes start..end (end exclusive), fewer where the object ends before; raises NotFound, Unavailable."""
        if end is not None and end <= start:
            await self.facts(url)
            return _nothing()
        wanted = {"Range": f"bytes={start}-{'' if end is None else end - 1}"} if start or end is not None else {}
        response = await self._send("GET", url, wanted)
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            await response.aclose()
            return _nothing()
        try:
            _check(response)
            skip = _skipped(response, start)
        except BaseException:
            await response.aclose()
            raise
        return _stream(response, skip, None if end is None else end - start)

    async def is_gone(self, url: str) -> bool:
        """Say whether nobody is served this object any more; raises Unavailable when the answer proves nothing."""
        response = await self._send("GET", url, {"Range": "bytes=0-0"})
        await response.aclose()
        try:
            _check(response)
        except NotFound:
            return True
        return False

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send(self, method: str, url: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Return the answer with its body unread; a connection that broke before any answer is tried once more."""
        for left in range(OPENING_TRIES - 1, -1, -1):
            try:
                return await self._client.send(self._client.build_request(method, url, headers=headers), stream=True)
            except httpx.HTTPError as error:
                if not left or isinstance(error, httpx.TimeoutException):
                    log.warning("media.unreachable", extra={"kind": type(error).__name__})
                    raise Unavailable(BUSY) from error
        raise Unavailable(BUSY)


def _check(response: httpx.Response) -> None:
    """Raise NotFound or Unavailable unless the answer carries the object or tells that the range lies outside it."""
    status = response.status_code
    if status in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT, httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE):
        return
    if status == httpx.codes.NOT_FOUND:
        raise NotFound
    log.warning("media.failed", extra={"status": status})
    raise Unavailable(BUSY, retry_after_s=RATE_WAIT_S if status in (420, 429) else RETRY_WAIT_S)


def _skipped(response: httpx.Response, start: int) -> int:
    """Return how many bytes come before the wanted ones: a network may send the whole where a range was asked for."""
    if response.status_code == httpx.codes.OK:
        return start
    found = CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if found is None or int(found[1]) != start:
        raise Unavailable(BUSY)
    return 0


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


async def _stream(response: httpx.Response, skip: int, left: int | None) -> AsyncIterator[bytes]:
    try:
        async for part in response.aiter_raw(CHUNK_BYTES):
            wanted = part[skip:] if left is None else part[skip : skip + left]
            skip = max(0, skip - len(part))
            if wanted:
                yield wanted
            if left is not None and (left := left - len(wanted)) <= 0:
                return
    except httpx.HTTPError as error:
        raise Unavailable(BUSY) from error
    finally:
        await asyncio.shield(response.aclose())
