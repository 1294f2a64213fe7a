"""Passkeys: signing in with a key that a device holds, and showing with it that one is there.

Principle: a challenge is ours, short-lived and taken once. It carries its own seal, so that nothing is stored before somebody
is known.
"""

import hashlib
import hmac
import secrets
import struct
from dataclasses import replace
from datetime import timedelta

from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.errors import Conflict, Duplicate, InvalidInput, RateLimited
from imageroute_app.domain.factors import PASSKEY_NAME_MAX, PASSKEYS_MAX, Passkey
from imageroute_app.domain.ports import Clock, Database, Limiter, NewId, PasskeyCeremony, Query
from imageroute_app.services.entries import Entries

CHALLENGE_LIFE = timedelta(minutes=10)
NONCE, SEAL = 16, 16
CHALLENGES = 100
"""How many of them one network address gets in 15 minutes."""
LATE = "That took too long, or was used already. Try again."
UNKNOWN = "This passkey is not known here. It may have been removed from the account."
ADDED = "A passkey was added to your account: {name}. Not you? Remove it, and change your password."
REMOVED = "A passkey was removed from your account: {name}. Not you? Change your password."


class Passkeys:
    """The passkeys of people."""

    def __init__(
        self,
        *,
        database: Database,
        ceremony: PasskeyCeremony,
        limiter: Limiter,
        entries: Entries,
        key: bytes,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        """Take `key`, 32 bytes of this installation, to know our own challenges again."""
        self._tables, self._ceremony, self._limiter, self._entries = database.tables, ceremony, limiter, entries
        self._key, self._clock, self._new_id = key, clock, new_id

    async def of(self, owner: str) -> list[Passkey]:
        """Return the person's passkeys, newest first."""
        return await self._tables.passkeys.find(Query(owner=owner, limit=PASSKEYS_MAX))

    async def creation(self, owner: str, origin: str) -> str:
        """Return what a browser needs to make one, as JSON; raises Conflict at the limit or where browsers allow none."""
        known = await self.of(owner)
        if len(known) >= PASSKEYS_MAX:
            raise Conflict(f"There are {PASSKEYS_MAX} passkeys already. Remove one first.")
        person = await self._tables.people.get(owner, owner)
        return self._ceremony.creation(
            origin,
            user=hashlib.sha256(b"passkey|" + owner.encode()).digest(),
            name=person.email,
            challenge=self._challenge(owner),
            known=[one.credential for one in known],
        )

    async def add(self, owner: str, origin: str, answer: str, name: str) -> Passkey:
        """Keep the public half of a new passkey; raises InvalidInput."""
        fresh = self._ceremony.read_new(origin, answer, await self._own(answer, owner))
        title = " ".join(name.split())[:PASSKEY_NAME_MAX] or "Passkey"
        passkey = Passkey(
            id=self._new_id(),
            owner=owner,
            name=title,
            credential=fresh.credential,
            credential_key=fresh.credential,
            public_key=fresh.public_key,
            count=fresh.count,
            is_synced=fresh.is_synced,
            created_at=self._clock(),
            used_at=None,
        )
        try:
            await self._tables.passkeys.add(passkey)
        except Duplicate as error:
            raise InvalidInput("This passkey is on an account already.") from error
        await self._entries.changed(owner, ActivityKind.PASSKEY_ADDED, ADDED.format(name=title), "A passkey was added")
        return passkey

    async def remove(self, owner: str, passkey_id: str) -> None:
        """Forget one; raises NotFound when it is not this person's."""
        passkey = await self._tables.passkeys.get(passkey_id, owner)
        await self._tables.passkeys.delete(passkey_id, owner)
        text = REMOVED.format(name=passkey.name)
        await self._entries.changed(owner, ActivityKind.PASSKEY_REMOVED, text, "A passkey was removed")

    async def admit(self, address: str) -> None:
        """Count a network address that asks for a challenge; raises RateLimited."""
        await self._limiter.hit("passkey-from", address, limit=CHALLENGES, window_s=900)

    def request(self, origin: str) -> str:
        """Return what a browser needs to use one, as JSON; raises Conflict where browsers allow none."""
        return self._ceremony.request(origin, self._challenge(""))

    async def use(self, origin: str, answer: str, *, owner: str = "") -> Passkey:
        """Return the passkey that gave this answer, noting its use.

        Args:
            origin: The origin of ours that the page was on.
            answer: What the browser returned, JSON.
            owner: Whose it must be; empty for whoever signs in.

        Raises:
            InvalidInput: Wrong, late, used already, of somebody else, or of a copied device.
        """
        challenge = await self._own(answer, "")
        passkey = await self._tables.passkeys.by_key("credential_key", self._ceremony.credential(answer))
        if passkey is None or (owner and passkey.owner != owner):
            raise InvalidInput(UNKNOWN)
        count = self._ceremony.read_use(origin, answer, challenge, passkey)
        return await self._tables.passkeys.update(replace(passkey, count=count, used_at=self._clock()))

    def _challenge(self, owner: str) -> bytes:
        ends = int((self._clock() + CHALLENGE_LIFE).timestamp())
        body = secrets.token_bytes(NONCE) + struct.pack(">Q", ends)
        return body + self._seal(body, owner)

    async def _own(self, answer: str, owner: str) -> bytes:
        """Return the challenge of an answer once it is sure that it is ours, in time, and not used before."""
        challenge = self._ceremony.challenge(answer)
        body, seal = challenge[:-SEAL], challenge[-SEAL:]
        if len(body) != NONCE + 8 or not hmac.compare_digest(self._seal(body, owner), seal):
            raise InvalidInput(LATE)
        if struct.unpack(">Q", body[NONCE:])[0] <= self._clock().timestamp():
            raise InvalidInput(LATE)
        try:
            window = int(CHALLENGE_LIFE.total_seconds())
            await self._limiter.hit("passkey-challenge", body.hex(), limit=1, window_s=window)
        except RateLimited as error:
            raise InvalidInput(LATE) from error
        return challenge

    def _seal(self, body: bytes, owner: str) -> bytes:
        return hmac.new(self._key, body + owner.encode(), hashlib.sha256).digest()[:SEAL]
