"""Share links: one picture, seen by whoever has the address, until it expires or its owner takes it back.

Principle: the token is the only key, 192 random bits; what is looked up is its hash. Unknown, expired, revoked, trashed
and frozen look the same. A password is checked with Argon2id and opens the picture's bytes for ten minutes by a signed
grant, so that the page needs no cookie.
"""

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from imageroute_app.domain.gallery import Image, media_key
from imageroute_app.domain.ports import Clock, Database, Limiter, MediaFacts, MediaStore, NewId, Passwords, Query
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.sharing import SHARE_DAYS, Share
from imageroute_app.services.activity import Noted, unnoted
from imageroute_app.services.gate import Gate
from imageroute_app.services.mail_links import hash_token

DAYS = (1, 7, SHARE_DAYS)
LINKS_MAX = 200
PASSWORD_MIN, PASSWORD_MAX = 8, 256
GRANT_LIFE = timedelta(minutes=10)
TRIES, TRIES_FROM, TRIES_S = 5, 30, 900
WRONG = "That is not the password of this link."
Variant = Literal["960", "original"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What a link leads to; `grant` opens the bytes of a picture behind a password."""

    share: Share
    image: Image
    grant: str = ""


class Shares:
    """Links by which others see one picture."""

    def __init__(
        self,
        *,
        database: Database,
        media: MediaStore,
        passwords: Passwords,
        limiter: Limiter,
        key: bytes,
        clock: Clock,
        new_id: NewId,
        gate: Gate,
        noted: Noted = unnoted,
    ) -> None:
        self._gate, self._noted = gate, noted
        self._tables, self._media = database.tables, media
        self._passwords, self._limiter, self._key = passwords, limiter, key
        self._clock, self._new_id = clock, new_id

    # --- The owner's side -------------------------------------------------------------------------------------------------

    async def create(
        self, owner: str, image_id: str, *, days: int = SHARE_DAYS, password: str = "", with_metadata: bool = False
    ) -> Share:
        """Make a link; raises NotFound for a picture that is not there or in the trash, Frozen, InvalidInput, Conflict."""
        await self._gate.check(owner, Purpose.SHARE)
        image = await self._tables.images.get(image_id, owner)
        if image.trashed:
            raise NotFound
        if days not in DAYS:
            raise InvalidInput("Choose how long the link works.", field="days")
        if password and not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
            raise InvalidInput(f"Use {PASSWORD_MIN} to {PASSWORD_MAX} characters, or none.", field="password")
        if await self._tables.shares.count(Query(owner=owner)) >= LINKS_MAX:
            raise Conflict(f"{LINKS_MAX} links are the most. Revoke one first.")
        token, now = secrets.token_urlsafe(24), self._clock()
        share = Share(
            id=self._new_id(),
            owner=owner,
            image_id=image_id,
            token=token,
            token_hash=hash_token(token),
            password_hash=await self._passwords.hash(password) if password else "",
            with_metadata=with_metadata,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        await self._tables.shares.add(share)
        await self._noted(owner, ActivityKind.SHARE, "with-a-password" if password else "")
        return share

    async def all(self, owner: str, image_id: str = "") -> list[Share]:
        """Return the links that work, newest first; of one picture, or of all."""
        equals = {"image_id": image_id} if image_id else {}
        found = await self._tables.shares.find(Query(owner=owner, equals=equals, limit=LINKS_MAX))
        return [share for share in found if share.expires_at > self._clock()]

    async def revoke(self, owner: str, share_id: str) -> None:
        """End a link at once; raises NotFound when it is over already."""
        if not await self._tables.shares.delete(share_id, owner):
            raise NotFound("This link is over already.")
        await self._noted(owner, ActivityKind.SHARE_ENDED, "")

    async def forget(self, owner: str, image_id: str) -> None:
        """Delete every link of a picture that is being erased."""
        for share in await self._tables.shares.find(Query(owner=owner, equals={"image_id": image_id}, limit=LINKS_MAX)):
            await self._tables.shares.delete(share.id, owner)

    async def purge(self, limit: int = 200) -> int:
        """Delete links that expired, of anyone; returns how many."""
        overdue = await self._tables.shares.overdue("expires_at", self._clock(), limit)
        return sum([await self._tables.shares.delete(share.id, share.owner) for share in overdue])

    # --- The visitor's side -----------------------------------------------------------------------------------------------

    async def find(self, token: str) -> Shared:
        """Return what a token leads to; raises NotFound, the same for every reason."""
        share = await self._tables.shares.by_key("token_hash", hash_token(token)) if token else None
        if share is None or share.expires_at <= self._clock() or not await self._gate.may(share.owner, Purpose.SHARE):
            raise NotFound
        image = await self._tables.images.get(share.image_id, share.owner)
        if image.trashed:
            raise NotFound
        return Shared(share=share, image=image)

    async def unlock(self, token: str, password: str, *, address: str) -> Shared:
        """Return the picture behind a password with a grant for its bytes.

        Raises:
            NotFound: the link does not work.
            RateLimited: after 5 tries of one link, or 30 of any, from one network address in a quarter of an hour.
            InvalidInput: the password is another.
        """
        shared = await self.find(token)
        if not shared.share.password_hash:
            return shared
        who = hash_token(f"{shared.share.id}|{address}")
        await self._limiter.hit("share", who, limit=TRIES, window_s=TRIES_S)
        await self._limiter.hit("share-from", address, limit=TRIES_FROM, window_s=TRIES_S)
        if not await self._passwords.verify(password[: PASSWORD_MAX + 1], shared.share.password_hash):
            raise InvalidInput(WRONG, field="password")
        await self._limiter.clear("share", who, limit=TRIES, window_s=TRIES_S)
        until = self._clock() + GRANT_LIFE
        return Shared(share=shared.share, image=shared.image, grant=self._grant(shared.share, until))

    async def picture(self, token: str, variant: Variant, grant: str = "") -> "SharedBytes":
        """Return the bytes to send; raises NotFound, NotAllowed without a grant that holds."""
        shared = await self.find(token)
        if shared.share.password_hash and not self._holds(shared.share, grant):
            raise NotAllowed("Open the link again and type its password.")
        image = shared.image
        key = media_key(image.owner, image.id, variant)
        facts = await self._media.stat(key)
        return SharedBytes(image=image, key=key, facts=facts, media=self._media)

    def _grant(self, share: Share, until: datetime) -> str:
        moment = str(int(until.timestamp()))
        text = f"share|{share.id}|{share.image_id}|{moment}".encode()
        return f"{moment}.{hmac.new(self._key, text, hashlib.sha256).hexdigest()}"

    def _holds(self, share: Share, grant: str) -> bool:
        moment = grant.partition(".")[0]
        if not moment.isascii() or not moment.isdigit() or len(moment) > 12:
            return False
        until = datetime.fromtimestamp(int(moment), UTC)
        return until > self._clock() and hmac.compare_digest(self._grant(share, until).encode(), grant.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedBytes:
    """One size of a shared picture, as it lies in the store: with the AI mark, without prompt and settings."""

    image: Image
    key: str
    facts: MediaFacts
    media: MediaStore

    async def stream(self) -> AsyncIterator[bytes]:
        """Return the bytes; raises NotFound."""
        return await self.media.open(self.key)
