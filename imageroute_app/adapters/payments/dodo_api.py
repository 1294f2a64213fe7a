"""Requests to Dodo's API: one host, a key that goes nowhere else, no redirect, no hidden repeat of what may move money.

Its texts stay in here: errors carry our words, and logs its codes.
"""

import asyncio
import json
import logging
import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.ports import Refused

log = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(20, connect=5)
PATIENCE_S = 40
"""For a whole answer, however slowly it drips."""
CONNECTIONS = httpx.Limits(max_connections=20, max_keepalive_connections=5, keepalive_expiry=30)
GET_TRIES, PAUSE_S = 3, 0.4
ANSWER_MAX = 8 * 1024 * 1024
BUSY = "The payment service does not answer. Nothing was charged; try again in a moment."
NOT_SET_UP = "The payment service is not set up here. Nothing was charged; the operator must look at its key."
NO = "The payment service said no, and nothing was charged or given back."
WORDS = {
    "PAYMENT_ALREADY_REFUNDED": "This payment was refunded already.",
    "REFUND_WINDOW_EXPIRED": "The time in which this payment can be refunded is over.",
    "REFUND_AMOUNT_EXCEEDS_PAID_AMOUNT": "More than was paid cannot be refunded.",
    "LINE_ITEM_REFUND_AMOUNT_TOO_HIGH": "More than was paid cannot be refunded.",
    "UNSUPPORTED_COUNTRY": "The payment service does not sell in your country.",
    "UNSUPPORTED_CURRENCY": "The payment service does not take this currency.",
    "PRODUCT_IS_DELETED": "This pack is not sold any more. Choose another one.",
    "NO_ELIGIBLE_PAYMENT_METHODS": "The payment service has no way of paying for you. Nothing was charged.",
    "TOTAL_PAYMENT_AMOUNT_BELOW_MINIMUM_AMOUNT": "The payment service takes no amount as small as this. Choose a larger pack.",
    "MERCHANT_NOT_LIVE": "Selling is not open there yet. Nothing was charged; the operator must finish setting it up.",
}
MAYBE = (408, 409, 425)
"""Statuses that say nothing of whether it was done, unless with a code that we know."""
WAIT_MAX_S = 3600

Sleep = Callable[[float], Awaitable[None]]


class NotSetUp(Unavailable):
    """Our key is not taken; the message is for everybody, the cure is the operator's."""

    def __init__(self) -> None:
        super().__init__(NOT_SET_UP)


class DodoApi:
    """The way to one account; `url` is its host with scheme, `key` its API key."""

    def __init__(
        self, url: str, key: str, *, sleep: Sleep = asyncio.sleep, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        """Open nothing yet."""
        self.url = url.rstrip("/")
        self._sleep, self._seconds, self._again_at = sleep, seconds, 0.0
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {key}", "Accept": "application/json, application/pdf"},
            timeout=TIMEOUT,
            limits=CONNECTIONS,
            follow_redirects=False,
            trust_env=False,
        )

    async def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Mapping[str, Any]:
        """Return an object, asking up to three times.

        Raises:
            NotFound: it is not there.
            Unavailable: no answer, or too many questions.
        """
        return _object(await self._again(path, params))

    async def file(self, path: str) -> bytes:
        """Return a file, asking up to three times; raises as `get` does."""
        return await self._again(path, None)

    async def post(
        self, path: str, body: Mapping[str, Any] | None, params: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        """Send once; raises Refused when the answer is no, Unavailable when it is unknown what came of it."""
        return _object(await self._send("POST", path, params=params, **({"json": body} if body is not None else {})))

    async def patch(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Change an object; safe to repeat."""
        return _object(await self._send("PATCH", path, json=body))

    async def delete(self, path: str) -> None:
        """Delete; nothing there is fine."""
        try:
            await self._send("DELETE", path)
        except NotFound:
            return

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _again(self, path: str, params: Mapping[str, str | int] | None) -> bytes:
        for left in range(GET_TRIES - 1, -1, -1):
            try:
                return await self._send("GET", path, params=params)
            except Unavailable as error:
                if not left or error.retry_after_s > 5:
                    raise
            await self._sleep(PAUSE_S)
        raise Unavailable(BUSY)

    async def _send(self, method: str, path: str, **content: Any) -> bytes:
        if not all(re.fullmatch(r"[A-Za-z0-9_-]+", part) for part in path.split("/")):
            raise NotFound
        if (wait_s := self._again_at - self._seconds()) > 0:
            raise Unavailable(BUSY, retry_after_s=math.ceil(wait_s))
        try:
            async with (
                asyncio.timeout(PATIENCE_S),
                self._client.stream(method, f"{self.url}/{path}", **content) as response,
            ):
                body = await _read(response)
        except (httpx.HTTPError, TimeoutError) as error:
            log.warning("dodo.unreachable", extra={"kind": type(error).__name__})
            raise Unavailable(BUSY) from error
        if 200 <= response.status_code < 300:
            return body
        problem = _problem(response, body)
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS and isinstance(problem, Unavailable):
            self._again_at = self._seconds() + problem.retry_after_s  # nothing is asked before that
        raise problem


async def _read(response: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > ANSWER_MAX:
            raise Unavailable(BUSY)
        parts.append(part)
    return b"".join(parts)


def _problem(response: httpx.Response, body: bytes) -> Exception:
    found = _object(body).get("code")
    code = found if isinstance(found, str) and re.fullmatch(r"[A-Z_]{1,64}", found) else ""
    log.warning("dodo.refused", extra={"status": response.status_code, "code": code})
    match response.status_code:
        case 404:
            return NotFound()
        case 401 | 403:
            return NotSetUp()
        case 429:
            wait = response.headers.get("retry-after", "")
            return Unavailable(BUSY, retry_after_s=min(int(wait), WAIT_MAX_S) if wait.isdigit() else 60)
        case status if status in MAYBE and code not in WORDS:
            return Unavailable(BUSY)
        case status if 400 <= status < 500:
            return Refused(WORDS.get(code, NO))
        case _:
            return Unavailable(BUSY)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def listed(found: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list in an answer; anything else in it is left out."""
    rows = found.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
