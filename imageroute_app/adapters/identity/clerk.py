"""Clerk as the sign-in service: its hosted pages, its backend API, its webhooks. No script of theirs runs in our pages."""

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from imageroute_app.adapters.identity.clerk_events import (
    prove,
    read_event,
    read_profile,
    read_secrets,
    read_session,
    read_sessions,
)
from imageroute_app.adapters.identity.clerk_tokens import (
    Demands,
    KeyRing,
    TokenReader,
    read_jwks,
    read_pem,
    session_cookies,
)
from imageroute_app.adapters.identity.clerk_wire import API_VERSION, DOWN, PATIENCE_S, ClerkWire, Misconfigured
from imageroute_app.domain.errors import InvalidInput, NotFound, NotSignedIn, Unavailable
from imageroute_app.domain.identity import IdentityEvent, OutsideSession, Profile, Proof
from imageroute_app.domain.ports import Clock

T = TypeVar("T")

PAGE, PAGES_MAX = 100, 100
OPEN = ("active", "pending")
"""A pending sign-in lacks a step that the instance asks for: it opens nothing here, and may become active there."""
OTHER_KEY = "IMAGEROUTE_CLERK_JWT_KEY is not this instance's key: copy it again from its dashboard, or leave it empty."


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
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Raise ValueError for keys that cannot be right; a call has `patience_s` in all."""
        self._frontend = (keys.frontend_url or frontend_of(keys.publishable)).rstrip("/")
        self._portal = (keys.portal_url or portal_of(self._frontend)).rstrip("/")
        self._secrets = read_secrets(keys.webhook)
        self._clock, self._pem = clock, keys.jwt
        self._wire = ClerkWire(keys.secret, keys.api_url, monotonic=monotonic, patience_s=patience_s)
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
        found = await self._wire.call("GET", f"users/{quote(subject, safe='')}")
        return _read(found, read_profile)

    async def rename(self, subject: str, full_name: str) -> None:
        """Set the name there; the first word is the first name."""
        first, _, last = full_name.partition(" ")
        body = {"first_name": first, "last_name": last}
        _read(await self._wire.call("PATCH", f"users/{quote(subject, safe='')}", body), read_profile)

    async def sessions(self, subject: str) -> list[OutsideSession]:
        """Return the person's sign-ins there that are open, page by page to the last one."""
        found: dict[str, OutsideSession] = {}
        for number in range(PAGES_MAX):
            query = urlencode({"user_id": subject, "paginated": "true", "limit": PAGE, "offset": number * PAGE})
            page = _read(await self._wire.call("GET", f"sessions?{query}"), read_sessions)
            fresh = {one.id: one for one in page if one.id not in found}
            found |= fresh
            if len(page) < PAGE or not fresh:  # a service that counts no pages gives the same one again
                return [one for one in found.values() if one.state in OPEN]
        raise Unavailable(DOWN)

    async def session(self, session_id: str) -> OutsideSession | None:
        """Return a sign-in while it is good there, else None."""
        try:
            found = await self._wire.call("GET", f"sessions/{quote(session_id, safe='')}")
        except NotFound:
            return None
        session = _read(found, read_session)
        if session.id != session_id:
            raise Unavailable(DOWN)
        return session if session.state == "active" else None

    async def revoke(self, session_id: str) -> None:
        """End a sign-in there; one that is over already is fine."""
        try:
            ended = await self._wire.call("POST", f"sessions/{quote(session_id, safe='')}/revoke")
        except (NotFound, InvalidInput):
            return
        if _read(ended, read_session).state in OPEN:
            raise Unavailable(DOWN)

    async def delete(self, subject: str) -> bool:
        """Delete the person there; False when nobody was there. Raises Unavailable until a look proves that nobody is."""
        path, was_there = f"users/{quote(subject, safe='')}", True
        try:
            await self._wire.call("DELETE", path)
        except NotFound:
            was_there = False
        try:
            await self._wire.call("GET", path)
        except NotFound:
            return was_there
        raise Unavailable(DOWN)

    async def probe(self) -> None:
        """Ask for the keys with the secret key; raises Unavailable, Misconfigured with the cure."""
        published = _read(await self._fetch_keys(), read_jwks).values()
        if self._pem and read_pem(self._pem) not in published:
            raise Misconfigured(OTHER_KEY)

    def read_event(self, headers: Mapping[str, str], body: bytes) -> IdentityEvent:
        """Return what a webhook says once its signature is proven; raises NotSignedIn for any other."""
        number = prove(self._secrets, headers, body, self._clock())
        return replace(read_event(body), number=number)

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _fetch_keys(self) -> Mapping[str, Any]:
        return await self._wire.call("GET", "jwks")


def _read(found: Any, reader: Callable[[Any], T]) -> T:
    """Return what a reader makes of an answer; raises Unavailable for one that is not as Clerk's documentation says."""
    try:
        return reader(found)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
        raise Unavailable(DOWN) from error
