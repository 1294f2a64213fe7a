"""The way to Clerk's backend API: how long a call may take, when it is repeated, when none is made, and what an answer means.

Plain httpx instead of Clerk's own library, whose default repeats every call for up to an hour (contracts card 1.5).

Principle: only what Clerk itself says counts. A page of somebody in between, of whatever status, is no answer, so that a proxy
with a bad day neither ends a sign-in nor lets an erasure believe that a person is gone.
"""

import asyncio
import logging
import math
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import httpx

from imageroute_app.adapters.http import read_retry_after
from imageroute_app.domain.errors import InvalidInput, NotFound, Unavailable

API_URL, API_VERSION = "https://api.clerk.com/v1", "2025-11-10"
PATIENCE_S = 6.0
"""For a call with its repetition: a page may wait for one."""
AGAIN_AFTER_S, REST_S, REST_MOST_S = 0.2, 10.0, 3600.0
TIMEOUT = httpx.Timeout(5.0, connect=3.0)
DOWN = "The sign-in service does not answer right now. Nothing was lost; try again in a moment."
KEY_REFUSED = "Clerk refuses our secret key: set IMAGEROUTE_CLERK_SECRET_KEY to the one in this instance's dashboard."
NOT_CLERK = "What answers is not Clerk's backend API: look at IMAGEROUTE_CLERK_API_URL and at the proxies in between."

log = logging.getLogger(__name__)


class Misconfigured(Unavailable):
    """Clerk is not as the operator set it up; `cure` is for the operator, the message for everybody."""

    def __init__(self, cure: str) -> None:
        super().__init__(DOWN, retry_after_s=int(REST_S))
        self.cure = cure


class ClerkWire:
    """One client with the secret key, which goes to the address of the settings and follows no redirect.

    A call has `patience_s` in all, and is repeated once where no answer came or the answer was a fault of theirs: every verb
    used may be repeated. Where no answer came nothing is asked for a while, and after one that says how long, for that long. A
    plain fault is of one call: that it cannot be answered stops no other.
    """

    def __init__(
        self,
        secret: str,
        url: str = "",
        *,
        monotonic: Callable[[], float] = time.monotonic,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=(url or API_URL).rstrip("/") + "/",
            headers={
                "Authorization": f"Bearer {secret}",
                "Clerk-API-Version": API_VERSION,
                "Accept": "application/json",
            },
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
        )
        self._monotonic, self._patience_s = monotonic, patience_s
        self._rests_until = float("-inf")
        self._has_told = False

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return what Clerk answers, decoded; nothing is an empty mapping.

        Raises:
            NotFound: It is not there, and Clerk says so.
            InvalidInput: Clerk does not take it.
            Unavailable: No answer, not now, or none of Clerk's.
            Misconfigured: The operator has something to mend.
        """
        left = self._rests_until - self._monotonic()
        if left > 0:
            raise Unavailable(DOWN, retry_after_s=math.ceil(left))
        try:
            async with asyncio.timeout(self._patience_s):
                answer = await self._twice(method, path, body)
        except (httpx.HTTPError, TimeoutError) as error:
            raise self._resting(REST_S) from error
        return self._read(answer)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    async def _twice(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, json=body)
            if answer.status_code < 500 or "retry-after" in answer.headers:
                return answer
        except httpx.HTTPError:
            pass
        await asyncio.sleep(AGAIN_AFTER_S)
        return await self._http.request(method, path, json=body)

    def _read(self, answer: httpx.Response) -> Any:
        status, said = answer.status_code, _decoded(answer)
        if status in (429, 503) or (status >= 500 and "retry-after" in answer.headers):
            raise self._resting(read_retry_after(answer.headers.get("retry-after", "")) or REST_S)
        if status >= 500:
            raise Unavailable(DOWN)
        if status in (401, 403):
            self._resting(REST_S)  # with this key every call is for nothing
            raise self._misconfigured("identity.key_refused", KEY_REFUSED, answer, said)
        if answer.is_success and said is not None:
            self._has_told = False
            return said
        if not _code(said):
            raise self._misconfigured("identity.not_clerk", NOT_CLERK, answer, said)
        self._has_told = False
        if status in (404, 410):
            raise NotFound
        raise InvalidInput("The sign-in service did not take that. Change it on its own page.")

    def _resting(self, wait_s: float) -> Unavailable:
        wait_s = min(wait_s, REST_MOST_S)
        self._rests_until = self._monotonic() + wait_s
        return Unavailable(DOWN, retry_after_s=math.ceil(wait_s))

    def _misconfigured(self, event: str, cure: str, answer: httpx.Response, said: Any) -> Misconfigured:
        """Tell the log once until Clerk answers again: with status and code, and nothing that was sent."""
        if not self._has_told:
            self._has_told = True
            log.error(event, extra={"status": answer.status_code, "code": _code(said), "cure": cure})
        return Misconfigured(cure)


def _decoded(answer: httpx.Response) -> Any:
    """Return the decoded answer, None for what is not JSON."""
    if not answer.content:
        return {}
    try:
        return answer.json()
    except ValueError:
        return None


def _code(said: Any) -> str:
    """Return the code of Clerk's first error, empty where the answer is none of Clerk's."""
    try:
        code = cast("Mapping[str, Any]", said)["errors"][0]["code"]
    except (KeyError, IndexError, TypeError):
        return ""
    return code if isinstance(code, str) and re.fullmatch(r"[a-z0-9_]{1,80}", code) else ""
