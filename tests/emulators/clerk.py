"""Clerk, as far as its documentation and libraries tell (contracts card 1): backend API, hosted pages, handshake, webhooks.

It refuses what Clerk would refuse: a wrong secret key, a missing API version, unknown users and sessions, parameters and values
it does not know, more calls than it takes, return addresses of other sites. After the prefix /portal is the Account Portal, /v1
the frontend API, /api/v1 the backend API. Tokens are real RS256; a test changes their claims or signs them with another key.
"""

import base64
import dataclasses
import hashlib
import hmac
import html
import json
import math
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.emulators.kit import Emulator, Reply, Seen

SECRET_KEY = "sk_test_emulated"  # of an emulator
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"emulated webhook secret!").decode()
PUBLISHABLE_KEY = "pk_test_" + base64.b64encode(b"emulated.clerk.accounts.dev$").decode()
SESSION_S = 60
LISTED_MOST, LISTED_UNASKED = 500, 10
STATUSES = {"abandoned", "active", "ended", "expired", "removed", "replaced", "revoked"}
"""By which sessions may be listed: clerk-backend-api 7.0.0 knows no "pending" here."""
PATCHABLE = {"first_name", "last_name", "notify_primary_email_address_changed"}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Key:
    """A signing key with its id."""

    kid: str = field(default_factory=lambda: f"ins_{secrets.token_hex(8)}")
    private: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    @property
    def pem(self) -> str:
        """The public half as the dashboard shows it."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def jwk(self) -> dict[str, str]:
        """The public half as a key set lists it."""
        numbers = self.private.public_key().public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        return {
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": b64(numbers.n.to_bytes(size, "big")),
            "e": b64(numbers.e.to_bytes(3, "big")),
        }  # fmt: skip

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        """Return a token; `header` replaces or adds header fields."""
        head = {"alg": "RS256", "typ": "JWT", "kid": self.kid, **header}
        said = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
        return f"{said}.{b64(self.private.sign(said.encode(), PKCS1v15(), SHA256()))}"


@dataclass
class ClerkEmulator(Emulator):
    """One Clerk instance. `origins` are sites that its pages lead back to; `now` is its clock in seconds."""

    origins: tuple[str, ...] = ()
    now: Callable[[], float] = time.time
    key: Key = field(default_factory=Key)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    clients: dict[str, str] = field(default_factory=dict)
    hook_url: str = ""
    hooks_sent: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    hook_copies: int = 1
    is_down: bool = False
    busy_until: float = 0.0
    impatient: int = 0
    """How many calls came before the Retry-After of a refusal was over."""
    has_refused: bool = False
    ends_nothing: bool = False
    """Sessions can be asked for, but none can be revoked."""
    tells_factors: bool = True
    """Its tokens say when a factor was given (`fva`)."""
    is_production: bool = False
    """The handshake's token comes in a cookie on the product's domain, which the product's own pages have to let go of."""

    # --- What tests and people do -----------------------------------------------------------------------------------------

    def add_user(
        self, email: str, *, first: str = "Ada", last: str = "Lovelace", password: str = "", verified: bool = True
    ) -> str:
        """Make a person; returns the id."""
        user_id, at = f"user_{secrets.token_hex(12)}", self._millis()
        address = {
            "id": f"idn_{secrets.token_hex(8)}", "object": "email_address", "email_address": email, "reserved": False,
            "linked_to": [], "created_at": at, "updated_at": at,
            "verification": {
                "object": "verification_otp", "status": "verified" if verified else "unverified", "strategy": "email_code",
                "attempts": 1, "expire_at": at + 600_000, "verified_at_client": None,
            },
        }  # fmt: skip
        self.users[user_id] = {
            "id": user_id, "object": "user", "username": None, "first_name": first, "last_name": last, "locale": None,
            "image_url": "https://img.clerk.com/x", "has_image": False, "primary_email_address_id": address["id"],
            "primary_phone_number_id": None, "primary_web3_wallet_id": None, "password_enabled": bool(password),
            "two_factor_enabled": False, "totp_enabled": False, "backup_code_enabled": False, "mfa_enabled_at": None,
            "mfa_disabled_at": None, "external_id": None, "last_sign_in_at": None, "banned": False, "locked": False,
            "lockout_expires_in_seconds": None, "verification_attempts_remaining": 100, "created_at": at, "updated_at": at,
            "delete_self_enabled": True, "create_organization_enabled": True, "last_active_at": at, "profile_image_url": "",
            "email_addresses": [address], "phone_numbers": [], "web3_wallets": [], "passkeys": [], "external_accounts": [],
            "saml_accounts": [], "enterprise_accounts": [], "public_metadata": {}, "private_metadata": {},
            "unsafe_metadata": {}, "legal_accepted_at": None,
        }  # fmt: skip
        self.passwords[user_id] = password
        return user_id

    def open_session(self, user_id: str) -> str:
        """Sign a person in; returns the session's id."""
        session_id, at = f"sess_{secrets.token_hex(12)}", self._millis()
        self.sessions[session_id] = {
            "id": session_id, "object": "session", "user_id": user_id, "client_id": f"client_{secrets.token_hex(8)}",
            "status": "active", "last_active_at": at, "expire_at": at + 7 * 86_400_000, "abandon_at": at + 30 * 86_400_000,
            "created_at": at, "updated_at": at, "actor": None, "latest_activity": None,
        }  # fmt: skip
        return session_id

    def claims(self, session_id: str, **changes: Any) -> dict[str, Any]:
        """Return the claims of a session token (version 2); a change to None takes one out."""
        session, at = self.sessions[session_id], int(self.now())
        claims = {
            "azp": self.origins[0] if self.origins else None, "exp": at + SESSION_S, "nbf": at - 10, "iat": at, "iss": self.url,
            "jti": secrets.token_hex(8), "sid": session_id, "sub": session["user_id"], "v": 2, "sts": "active",
            "fva": [int(self.now() - session["created_at"] / 1000) // 60, -1],
        }  # fmt: skip
        if not self.tells_factors:
            del claims["fva"]
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, session_id: str, **changes: Any) -> str:
        """Return a session token, with other claims where a test asks for them."""
        return self.key.sign(self.claims(session_id, **changes))

    def rotate(self) -> None:
        """Sign with another key from now on; the key set holds only that one."""
        self.key = Key()

    def handshake(self, client: str) -> str:
        """Return what the handshake says of a browser."""
        session = self.sessions.get(self.clients.get(client, ""))
        is_in = session is not None and session["status"] == "active"
        token = self.token(session["id"]) if is_in and session else ""
        lines = [f"__session={token}; Path=/; SameSite=Lax", f"__client_uat={int(self.now()) if is_in else 0}; Path=/"]
        return self.key.sign({"handshake": lines})

    async def end_session(self, session_id: str, how: str = "revoked") -> None:
        """End a sign-in and tell."""
        self.sessions[session_id]["status"] = how
        await self.tell(f"session.{how}", self.sessions[session_id])

    def limit(self, seconds: float) -> None:
        """Take no calls of the backend API for so long."""
        self.busy_until, self.has_refused = self.now() + seconds, False

    async def change_user(self, user_id: str, **changes: Any) -> None:
        """Change a profile and tell."""
        at = max(self._millis(), self.users[user_id]["updated_at"] + 1)
        self.users[user_id] |= {**changes, "updated_at": at}
        await self.tell("user.updated", self.users[user_id])

    async def delete_user(self, user_id: str) -> None:
        """Delete a person with the sign-ins, and tell."""
        del self.users[user_id]
        self.sessions = {name: one for name, one in self.sessions.items() if one["user_id"] != user_id}
        await self.tell("user.deleted", {"id": user_id, "object": "user", "deleted": True})

    # --- Webhooks ---------------------------------------------------------------------------------------------------------

    def signed(
        self, kind: str, data: Mapping[str, Any], *, secret: str = WEBHOOK_SECRET, at: float = 0
    ) -> tuple[dict[str, str], bytes]:
        """Return headers and body of a webhook."""
        sent = int(at or self.now())
        event = {"data": data, "object": "event", "type": kind, "timestamp": sent * 1000, "instance_id": "ins_emulated"}
        body, event_id = json.dumps(event).encode(), f"msg_{secrets.token_hex(8)}"
        mac = hmac.digest(
            base64.b64decode(secret.removeprefix("whsec_")), f"{event_id}.{sent}.".encode() + body, hashlib.sha256
        )
        headers = {
            "svix-id": event_id,
            "svix-timestamp": str(sent),
            "svix-signature": f"v1,{base64.b64encode(mac).decode()}",
        }
        return {**headers, "content-type": "application/json"}, body

    async def tell(self, kind: str, data: Mapping[str, Any]) -> None:
        """Send a webhook, as often as `hook_copies` says."""
        headers, body = self.signed(kind, data)
        self.hooks_sent.append((headers, body))
        if not self.hook_url:
            return
        async with httpx.AsyncClient(trust_env=False) as client:
            for _ in range(self.hook_copies):
                await client.post(self.hook_url, content=body, headers=headers)

    # --- The wire ---------------------------------------------------------------------------------------------------------

    async def reply(self, seen: Seen) -> Reply:
        """Answer one of the three parts."""
        if self.is_down:
            return Reply(drop="before")
        if seen.path.startswith("/api/v1/"):
            return await self._backend(seen, seen.path.removeprefix("/api/v1/"))
        if seen.path == "/.well-known/jwks.json":
            return Reply(body={"keys": [self.key.jwk]})
        if seen.path == "/v1/client/handshake":
            return self._handshake(seen)
        if seen.path.startswith("/portal/"):
            return await self._portal(seen, seen.path.removeprefix("/portal/"))
        return Reply(404, {"errors": []})

    async def _backend(self, seen: Seen, path: str) -> Reply:
        reply = self.failing("submit") or self._refused(seen) or await self._asked(seen, path)
        return dataclasses.replace(reply, bytes_per_s=self.scenario.slow_bytes_per_s)

    def _refused(self, seen: Seen) -> Reply | None:
        if seen.headers.get("authorization") != f"Bearer {SECRET_KEY}":
            return _error(401, "authentication_invalid")
        if self.now() < self.busy_until and not seen.path.endswith("/jwks"):  # of which Clerk answers any number
            self.impatient += self.has_refused
            self.has_refused = True
            wait = str(math.ceil(self.busy_until - self.now()))
            return dataclasses.replace(_error(429, "too_many_requests"), headers={"retry-after": wait})
        if not seen.headers.get("clerk-api-version"):
            return _error(400, "api_version_missing")
        return None

    async def _asked(self, seen: Seen, path: str) -> Reply:
        kind, _, rest = path.partition("/")
        name, _, verb = rest.partition("/")
        if kind == "jwks" and seen.method == "GET":
            return Reply(body={"keys": [self.key.jwk]})
        if kind == "users" and name and not verb:
            return await self._user(seen, name)
        if kind == "sessions":
            return await self._session(seen, name, verb)
        return _error(404, "resource_not_found")

    async def _user(self, seen: Seen, name: str) -> Reply:
        if name not in self.users:
            return _error(404, "resource_not_found")
        if seen.method == "DELETE":
            await self.delete_user(name)
            return Reply(body={"id": name, "object": "user", "deleted": True})
        if seen.method == "PATCH":
            if not isinstance(seen.json, dict) or set(seen.json) - PATCHABLE:
                return _error(422, "form_param_unknown")
            changes = {key: value for key, value in seen.json.items() if key.endswith("_name")}
            await self.change_user(name, **changes)
        return Reply(body=self.users[name])

    async def _session(self, seen: Seen, name: str, verb: str) -> Reply:
        if not name:
            return self._list(seen.query)
        if name not in self.sessions:
            return _error(404, "resource_not_found")
        if verb == "revoke" and seen.method == "POST" and self.ends_nothing:
            return _error(500, "internal_clerk_error")
        if verb == "revoke" and seen.method == "POST":
            if self.sessions[name]["status"] not in ("active", "pending"):
                return _error(400, "session_not_active")
            await self.end_session(name)
        elif verb or seen.method != "GET":
            return _error(404, "resource_not_found")
        return Reply(body=self.sessions[name])

    def _list(self, query: Mapping[str, str]) -> Reply:
        """Return one page, newest first."""
        user_id, status = query.get("user_id"), query.get("status", "")
        limit, offset = query.get("limit", str(LISTED_UNASKED)), query.get("offset", "0")
        if not user_id:
            return _error(422, "form_param_missing")
        if status and status not in STATUSES:
            return _error(422, "form_param_value_invalid")
        if not (limit.isdigit() and 0 < int(limit) <= LISTED_MOST and offset.isdigit()):
            return _error(422, "form_param_format_invalid")
        found = [one for one in self.sessions.values() if one["user_id"] == user_id and status in ("", one["status"])]
        page = sorted(found, key=lambda one: one["created_at"], reverse=True)[int(offset) :][: int(limit)]
        return Reply(body={"data": page, "total_count": len(found)} if query.get("paginated") == "true" else page)

    def _handshake(self, seen: Seen) -> Reply:
        back = seen.query.get("redirect_url", "")
        if not self._may_lead(back) or "__clerk_api_version" not in seen.query:
            return _error(400, "redirect_url_invalid")
        token, plain = self.handshake(_client(seen)), {"cache-control": "no-store"}
        if self.is_production:
            return Reply(307, headers={**plain, "location": back, "set-cookie": f"__clerk_handshake={token}; Path=/"})
        return Reply(307, headers={**plain, "location": _with(back, __clerk_handshake=token)})

    def _may_lead(self, back: str) -> bool:
        parts = urlsplit(back)
        return f"{parts.scheme}://{parts.netloc}" in self.origins

    # --- Hosted pages -----------------------------------------------------------------------------------------------------

    async def _portal(self, seen: Seen, page: str) -> Reply:
        form = {name: values[0] for name, values in parse_qs(seen.body.decode(), keep_blank_values=True).items()}
        back = form.get("redirect_url") or seen.query.get("redirect_url", "")
        session = self.sessions.get(self.clients.get(_client(seen), ""))
        is_in = session is not None and session["status"] == "active"
        if page == "user":
            return await self._profile(seen, form, session["user_id"] if is_in and session else "")
        if not self._may_lead(back):
            return _page("This address is not allowed to come back to.", status=400)
        if is_in:
            return Reply(303, headers={"location": _with(back, __clerk_db_jwt="dvb_emulated")})
        if seen.method == "GET":
            names = ("Email address", "Password") + (("First name", "Last name") if page == "sign-up" else ())
            return _page(_form(page, back, names))
        user_id = self._entering(page, form)
        if not user_id:
            return _page("That is not right." + _form(page, back, ("Email address", "Password")), status=422)
        client = f"client_{secrets.token_hex(12)}"
        self.clients[client] = self.open_session(user_id)
        kept = f"__client={client}; Path=/; HttpOnly; SameSite=Lax"
        return Reply(303, headers={"location": _with(back, __clerk_db_jwt="dvb_emulated"), "set-cookie": kept})

    def _entering(self, page: str, form: Mapping[str, str]) -> str:
        email, password = form.get("email_address", ""), form.get("password", "")
        known = next(
            (user for user in self.users.values() if user["email_addresses"][0]["email_address"] == email), None
        )
        if page == "sign-up":
            if known or not email:
                return ""
            return self.add_user(
                email, first=form.get("first_name", ""), last=form.get("last_name", ""), password=password
            )
        return known["id"] if known and self.passwords[known["id"]] == password else ""

    async def _profile(self, seen: Seen, form: Mapping[str, str], user_id: str) -> Reply:
        if user_id not in self.users:
            return _page("Sign in first.", status=401)
        if seen.method == "POST":
            await self.change_user(user_id, first_name=form.get("first_name", ""), last_name=form.get("last_name", ""))
        user = self.users[user_id]
        shown = html.escape(f"{user['first_name']} {user['last_name']}")
        return _page(f"<p>{shown}</p>" + _form("user", "", ("First name", "Last name")))

    def _millis(self) -> int:
        return int(self.now() * 1000)


def _client(seen: Seen) -> str:
    pairs = (part.strip().partition("=") for part in seen.headers.get("cookie", "").split(";"))
    return next((value for name, _, value in pairs if name == "__client"), "")


def _with(url: str, **more: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query, keep_blank_values=True), *more.items()])))


def _error(status: int, code: str) -> Reply:
    return Reply(
        status, {"errors": [{"message": code, "long_message": code, "code": code, "meta": {}}], "clerk_trace_id": "t"}
    )


def _form(page: str, back: str, names: tuple[str, ...]) -> str:
    fields = "".join(
        f'<p><label>{name} <input name="{name.lower().replace(" ", "_")}"'
        f' type="{"password" if name == "Password" else "text"}"></label></p>'
        for name in names
    )
    hidden = f'<input type="hidden" name="redirect_url" value="{html.escape(back)}">'
    return f'<form method="post" action="{page}">{hidden}{fields}<button>Continue</button></form>'


def _page(body: str, status: int = 200) -> Reply:
    text = (
        f'<!doctype html><html lang="en"><title>Emulated Clerk</title><main><h1>Emulated Clerk</h1>{body}</main></html>'
    )
    return Reply(status, text.encode(), {"content-type": "text/html; charset=utf-8"})


def clerk_settings(emulator: ClerkEmulator) -> dict[str, str]:
    """Return the settings that point the product at this instance."""
    return {
        "IMAGEROUTE_CLERK_PUBLISHABLE_KEY": PUBLISHABLE_KEY,
        "IMAGEROUTE_CLERK_SECRET_KEY": SECRET_KEY,
        "IMAGEROUTE_CLERK_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "IMAGEROUTE_CLERK_API_URL": f"{emulator.url}/api/v1",
        "IMAGEROUTE_CLERK_FRONTEND_URL": emulator.url,
        "IMAGEROUTE_CLERK_PORTAL_URL": f"{emulator.url}/portal",
    }
