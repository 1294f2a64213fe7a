"""How providers are reached: one shared HTTP client each, no hidden retry, and a key that goes to its own hosts only.

Principles: a request that may cost money is sent once, and what goes wrong says whether it may have been billed. The key
never leaves for an address that an answer named unless that host is the vendor's own. Pictures are downloaded by another
client that has no key at all. Vendor texts stay in here: errors carry our words.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from imageroute_app.domain.ports import Billed, ErrorKind, ProviderError

CONNECT_S, WRITE_S, POOL_S = 5.0, 60.0, 20.0
ANSWER_MAX = 96 * 1024 * 1024
PICTURE_MAX = 64 * 1024 * 1024
RETRY_AFTER_MAX_S = 24 * 3600.0
CONNECTIONS = httpx.Limits(max_connections=200, max_keepalive_connections=40, keepalive_expiry=30)

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whatever its status; `json` is None when the body is none."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any

    @property
    def is_ok(self) -> bool:
        """Whether the status is of the 2xx kind."""
        return 200 <= self.status < 300

    def text(self, *path: str | int) -> str:
        """Return the text at a path of keys and places in the JSON, or an empty one when there is none."""
        found = self.at(*path)
        return found if isinstance(found, str) else ""

    def at(self, *path: str | int) -> Any:
        """Return what is at a path of keys and places in the JSON, or None."""
        return at(self.json, *path)

    @property
    def retry_after_s(self) -> float | None:
        """The seconds of Retry-After-Ms or Retry-After, a number or an HTTP date; None when there is none."""
        if (millis := self.headers.get("retry-after-ms", "")).isdigit():
            return min(int(millis) / 1000, RETRY_AFTER_MAX_S)
        return read_retry_after(self.headers.get("retry-after", ""))


def at(value: Any, *path: str | int) -> Any:
    """Return what is at a path of keys and places in decoded JSON, or None."""
    for step in path:
        if isinstance(step, str) and isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def read_retry_after(text: str) -> float | None:
    """Return the seconds that a Retry-After header says, as a number or as an HTTP date (RFC 9110, 10.2.3)."""
    text = text.strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return min(float(text), RETRY_AFTER_MAX_S)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), RETRY_AFTER_MAX_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a provider is opened with, beside its catalogue; `sleep` is how it waits between polls."""

    key: str = ""
    url: str = ""
    sleep: Sleep = asyncio.sleep


class VendorHttp:
    """The way to one vendor.

    `headers` carry the key. They are sent to the base address and to `key_hosts`, never anywhere else, and no redirect
    is followed.
    """

    def __init__(
        self,
        *,
        base_url: str,
        headers: Mapping[str, str],
        key_hosts: Sequence[str] = (),
        download_hosts: Sequence[str] = (),
        read_s: float = 120.0,
    ) -> None:
        self.base_url = base_url.rstrip("/") + "/"
        self._headers, self._key_hosts, self._download_hosts = dict(headers), key_hosts, download_hosts
        timeout = httpx.Timeout(read_s, connect=CONNECT_S, write=WRITE_S, pool=POOL_S)
        self._keyed = httpx.AsyncClient(timeout=timeout, limits=CONNECTIONS, follow_redirects=False, trust_env=False)
        self._bare = httpx.AsyncClient(timeout=timeout, limits=CONNECTIONS, follow_redirects=False, trust_env=False)

    async def post(self, path: str, *, paid: bool, **content: Any) -> Answer:
        """POST once. `content` is httpx's json, data, files, content, params, headers or timeout.

        Raises:
            ProviderError: when no answer came; with `paid` its `billed` says what that may have cost.
        """
        return await self._send("POST", path, paid=paid, **content)

    async def get(self, path: str, **content: Any) -> Answer:
        """GET once; safe to repeat."""
        return await self._send("GET", path, paid=False, **content)

    async def put(self, path: str, **content: Any) -> Answer:
        """PUT once; for cancelling."""
        return await self._send("PUT", path, paid=False, **content)

    async def delete(self, path: str, **content: Any) -> Answer:
        """DELETE once; safe to repeat."""
        return await self._send("DELETE", path, paid=False, **content)

    async def _send(self, method: str, path: str, *, paid: bool, **content: Any) -> Answer:
        request = self._request(method, path, **content)
        try:
            response = await self._keyed.send(request, stream=True)
        except httpx.HTTPError as error:
            raise lost(error, paid=paid) from error
        try:
            return await _answer(response, ANSWER_MAX)
        except httpx.HTTPError as error:
            raise lost(error, paid=paid, accepted=True) from error
        finally:
            await response.aclose()

    def _request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **content: Any
    ) -> httpx.Request:
        url = urljoin(self.base_url, path)
        self.check_keyed(url)
        return self._keyed.build_request(method, url, headers={**self._headers, **(headers or {})}, **content)

    def check_keyed(self, url: str) -> None:
        """Raise ProviderError unless the key may travel to this address."""
        if not self._is_own(url, self._key_hosts):
            raise ProviderError(
                ErrorKind.RESULT_LOST, "The provider named an address that is not its own.", billed="unknown"
            )

    def _is_own(self, url: str, hosts: Sequence[str]) -> bool:
        """Say whether an address is the base's, or https at one of `hosts`; on loopback a host stands with its port."""
        wanted, base = urlsplit(url), urlsplit(self.base_url)
        if (wanted.scheme, wanted.netloc) == (base.scheme, base.netloc):
            return True
        if base.scheme == "http" and base.hostname == "127.0.0.1" == wanted.hostname:
            return wanted.scheme == "http" and wanted.netloc in hosts
        has_plain_host = not wanted.username and wanted.port in (None, 443)
        return wanted.scheme == "https" and has_plain_host and _is_among(wanted.hostname or "", hosts)

    async def download(self, url: str) -> bytes:
        """Return the bytes at an address that an answer named, fetched without the key.

        Raises:
            ProviderError: RESULT_LOST when the address is not one to fetch from, gone, or too large.
        """
        await self._check_download(url)
        try:
            async with self._bare.stream("GET", url) as response:
                if response.status_code in (403, 404, 410):
                    raise ProviderError(ErrorKind.RESULT_LOST, "The picture's address has expired.", billed="yes")
                if response.status_code != 200:
                    raise ProviderError(ErrorKind.TRANSIENT, "The picture could not be fetched.", billed="yes")
                return await _body(response, PICTURE_MAX)
        except httpx.HTTPError as error:
            raise ProviderError(ErrorKind.TRANSIENT, "The picture could not be fetched.", billed="yes") from error

    async def is_gone(self, url: str) -> bool:
        """Say whether nothing is at an address of a picture any more; asked without the key. Raises ProviderError."""
        await self._check_download(url)
        try:
            async with self._bare.stream("GET", url) as response:
                return response.status_code in (403, 404, 410)
        except httpx.HTTPError as error:
            raise lost(error, paid=False) from error

    async def _check_download(self, url: str) -> None:
        wanted, base = urlsplit(url), urlsplit(self.base_url)
        is_own = self._is_own(url, self._download_hosts)
        if is_own and (wanted.hostname == base.hostname or await _is_public(wanted.hostname or "")):
            return
        raise ProviderError(ErrorKind.RESULT_LOST, "The provider named an address that is not its own.", billed="yes")

    async def close(self) -> None:
        """Close the connections."""
        await self._keyed.aclose()
        await self._bare.aclose()


def lost(error: httpx.HTTPError, *, paid: bool, accepted: bool = False) -> ProviderError:
    """Return what a broken exchange means: before the request left it costs nothing, after that nobody knows."""
    before = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
    if isinstance(error, before) and not accepted:
        return ProviderError(ErrorKind.TRANSIENT, "The provider cannot be reached.")
    billed: Billed = "unknown" if paid else "no"
    if isinstance(error, httpx.TimeoutException):
        return ProviderError(ErrorKind.TIMEOUT, "The provider did not answer in time.", billed=billed)
    return ProviderError(ErrorKind.TRANSIENT, "The connection to the provider broke.", billed=billed)


async def paced(
    sleep: Sleep, *, first_s: float = 0.25, most_s: float = 2.0, growth: float = 1.4
) -> AsyncIterator[None]:
    """Yield between growing waits, for polling; the runner's deadline ends it."""
    pause = first_s
    while True:
        await sleep(pause)
        yield
        pause = min(pause * growth, most_s)


def _is_among(host: str, patterns: Sequence[str]) -> bool:
    host = host.lower().rstrip(".")
    return any(
        host == pattern or (pattern.startswith("*.") and (host == pattern[2:] or host.endswith(pattern[1:])))
        for pattern in patterns
    )


async def _is_public(host: str) -> bool:
    """Say whether every address of a host is a public one; a name that cannot be resolved is not."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(entry[4][0]).is_global for entry in found)


async def _answer(response: httpx.Response, limit: int) -> Answer:
    body = await _body(response, limit)
    kind = response.headers.get("content-type", "")
    decoded = None
    if "json" in kind or body[:1] in (b"{", b"["):
        try:
            decoded = httpx.Response(200, content=body).json()
        except ValueError:
            decoded = None
    return Answer(status=response.status_code, headers=dict(response.headers), body=body, json=decoded)


async def _body(response: httpx.Response, limit: int) -> bytes:
    parts: list[bytes] = []
    total = 0
    async for part in response.aiter_bytes():
        total += len(part)
        if total > limit:
            raise ProviderError(ErrorKind.RESULT_LOST, "The provider's answer is larger than we take.", billed="yes")
        parts.append(part)
    return b"".join(parts)
