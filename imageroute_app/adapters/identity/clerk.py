"""Clerk as the sign-in service: its hosted pages, its backend API, its webhooks. No script of theirs runs in our pages.

Plain httpx instead of Clerk's own library, whose default repeats every call for up to an hour (contracts card 1.5): here a call
has 5 seconds, and is repeated once where no answer came or the answer was a fault of theirs. Every verb used may be repeated.
"""

import asyncio
import base64
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import quote, urlencode

import httpx

from imageroute_app.adapters.http import read_retry_after
from imageroute_app.adapters.identity.clerk_events import (
    prove,
    read_at,
    read_device,
    read_event,
    read_profile,
    read_secrets,
)
from imageroute_app.adapters.identity.clerk_tokens import Demands, KeyRing, TokenReader, session_cookies
from imageroute_app.domain.errors import InvalidInput, NotFound, NotSignedIn, Unavailable
from imageroute_app.domain.identity import IdentityEvent, OutsideSession, Profile, Proof
from imageroute_app.domain.ports import Clock

API_URL, API_VERSION = "https://api.clerk.com/v1", "2025-11-10"
TIMEOUT = httpx.Timeout(5.0, connect=3.0)
AGAIN_AFTER_S, REST_S = 0.2, 10.0
DOWN = "The sign-in service does not answer right now. Nothing was lost; try again in a moment."


@dataclass(frozen=True, slots=True, kw_only=True)
class ClerkKeys:
    """What the settings say. `publishable` names the host of the frontend API; `jwt` is Clerk's public key as PEM, or empty.

    `webhook` is the signing secret; while it is replaced the old and the new one, with a comma between.
    """

    publishable: str
    secret: str
    webhook: str
    jwt: str = ""
    api_url: str = ""
    frontend_url: str = ""
    portal_url: str = ""


def frontend_of(publishable: str) -> str:
    """Return the address of the frontend API that a publishable key names; raises ValueError for what is none."""
    kind, _, coded = publishable.partition("_")
    mode, _, coded = coded.partition("_")
    host = base64.b64decode(coded + "=" * (-len(coded) % 4)).decode()
    if kind != "pk" or mode not in ("test", "live") or not host.endswith("$") or "/" in host:
        raise ValueError("a publishable key looks like pk_test_... or pk_live_...")
    return f"https://{host[:-1]}"


def portal_of(frontend: str) -> str:
    """Return where Clerk's hosted pages are, by the frontend API's address."""
    host = frontend.removeprefix("https://")
    if host.endswith(".clerk.accounts.dev"):
        return f"https://{host.removesuffix('.clerk.accounts.dev')}.accounts.dev"
    return f"https://accounts.{host.removeprefix('clerk.')}"


class Clerk:
    """domain.ports.HostedIdentity."""

    name = "clerk"

    def __init__(
        self,
        keys: ClerkKeys,
        *,
        origins: Sequence[str],
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raise ValueError for keys that cannot be right."""
        self._frontend = (keys.frontend_url or frontend_of(keys.publishable)).rstrip("/")
        self._portal = (keys.portal_url or portal_of(self._frontend)).rstrip("/")
        self._secrets = read_secrets(keys.webhook)
        self._clock, self._monotonic = clock, monotonic
        headers = {"Authorization": f"Bearer {keys.secret}", "Clerk-API-Version": API_VERSION}
        self._http = httpx.AsyncClient(
            base_url=(keys.api_url or API_URL).rstrip("/") + "/",
            headers=headers,
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
        )
        self._rests_until = float("-inf")
        ring = KeyRing(keys.jwt, self._fetch_keys, monotonic)
        self._tokens = TokenReader(Demands(issuer=self._frontend, origins=tuple(origins)), ring, clock)

    # --- In the browser ---------------------------------------------------------------------------------------------------

    def sign_in_url(self, back: str) -> str:
        """Return the hosted page for signing in, which leads back."""
        return f"{self._portal}/sign-in?redirect_url={quote(back, safe='')}"

    def sign_up_url(self, back: str) -> str:
        """Return the hosted page for signing up, which leads back."""
        return f"{self._portal}/sign-up?redirect_url={quote(back, safe='')}"

    def profile_url(self) -> str:
        """Return the hosted page on which a person changes password, address and second factors."""
        return f"{self._portal}/user"

    def handshake_url(self, back: str, development_token: str = "") -> str:
        """Return the address that knows whether this browser is signed in there, and leads back with the answer."""
        query = {
            "redirect_url": back,
            "__clerk_api_version": API_VERSION,
            "suffixed_cookies": "false",
            "__clerk_hs_reason": "session-token-missing",
        }
        if development_token:
            query["__clerk_db_jwt"] = development_token
        return f"{self._frontend}/v1/client/handshake?{urlencode(query)}"

    async def read_return(self, handshake: str, cookies: str) -> Proof | None:
        """Return who came back; None when the browser must be sent to the handshake first.

        Args:
            handshake: The handshake's token, from the query or its cookie; empty when there is none.
            cookies: The Cookie header.

        Raises:
            NotSignedIn: Nobody is signed in there, or a token is not good.
            Unavailable: Clerk's keys cannot be had.
        """
        if handshake:
            token = await self._tokens.handshake(handshake)
            if not token:
                raise NotSignedIn("You are not signed in there. Sign in to go on.")
            return await self._tokens.session(token, came_by_handshake=True)
        for token in session_cookies(cookies):
            try:
                return await self._tokens.session(token)
            except NotSignedIn:
                continue  # a stale one may lie before a good one
        return None

    # --- The port's verbs -------------------------------------------------------------------------------------------------

    async def verify(self, token: str) -> Proof:
        """Return what a session token proves; raises NotSignedIn, Unavailable."""
        return await self._tokens.session(token)

    async def profile(self, subject: str) -> Profile:
        """Return a person; raises NotFound once deleted."""
        return read_profile(await self._call("GET", f"users/{quote(subject, safe='')}"))

    async def rename(self, subject: str, full_name: str) -> None:
        """Set the name there; the first word is the first name."""
        first, _, last = full_name.partition(" ")
        body = {"first_name": first, "last_name": last}
        await self._call("PATCH", f"users/{quote(subject, safe='')}", body)

    async def sessions(self, subject: str) -> list[OutsideSession]:
        """Return the person's live sign-ins there."""
        query = urlencode({"user_id": subject, "status": "active", "limit": 100, "offset": 0})
        found = await self._call("GET", f"sessions?{query}")
        listed = cast("list[Any]", found if isinstance(found, list) else found.get("data", []))
        return [
            OutsideSession(
                id=str(one["id"]),
                subject=str(one["user_id"]),
                seen_at=read_at(one["last_active_at"]),
                device=read_device(one.get("latest_activity")),
            )
            for one in listed
        ]

    async def is_live(self, session_id: str) -> bool:
        """Say whether a sign-in is still good there."""
        try:
            found = await self._call("GET", f"sessions/{quote(session_id, safe='')}")
        except NotFound:
            return False
        return found.get("status") == "active"

    async def revoke(self, session_id: str) -> None:
        """End a sign-in there; one that is over already is fine."""
        try:
            await self._call("POST", f"sessions/{quote(session_id, safe='')}/revoke")
        except (NotFound, InvalidInput):
            return

    async def delete(self, subject: str) -> bool:
        """Delete the person there; False when nobody was there. Raises Unavailable until a look proves that nobody is."""
        path, was_there = f"users/{quote(subject, safe='')}", True
        try:
            await self._call("DELETE", path)
        except NotFound:
            was_there = False
        try:
            await self._call("GET", path)
        except NotFound:
            return was_there
        raise Unavailable(DOWN)

    def read_event(self, headers: Mapping[str, str], body: bytes) -> IdentityEvent:
        """Return what a webhook says once its signature is proven; raises NotSignedIn for any other."""
        number = prove(self._secrets, headers, body, self._clock())
        return replace(read_event(body), number=number)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    # --- The wire ---------------------------------------------------------------------------------------------------------

    async def _fetch_keys(self) -> Mapping[str, Any]:
        return await self._call("GET", "jwks")

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        if self._monotonic() < self._rests_until:
            raise Unavailable(DOWN)
        try:
            answer = await self._twice(method, path, body)
        except httpx.HTTPError as error:
            self._rests_until = self._monotonic() + REST_S
            raise Unavailable(DOWN) from error
        if answer.status_code == 429:
            wait = read_retry_after(answer.headers.get("retry-after", "")) or REST_S
            raise Unavailable(DOWN, retry_after_s=int(wait) or 1)
        if answer.status_code >= 500 or answer.status_code in (401, 403):
            self._rests_until = self._monotonic() + REST_S
            raise Unavailable(DOWN)
        if answer.status_code in (404, 410):
            raise NotFound
        if answer.status_code >= 400:
            raise InvalidInput("The sign-in service did not take that. Change it on its own page.")
        return answer.json() if answer.content else {}

    async def _twice(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, json=body)
            if answer.status_code < 500:
                return answer
        except httpx.HTTPError:
            pass
        await asyncio.sleep(AGAIN_AFTER_S)
        return await self._http.request(method, path, json=body)
