"""Two steps: codes of an app after the password, and the recovery codes for the day the phone is lost.

Principle: a code is taken once and under a limit, and every change is told by mail, so that a thief of the password finds a
second door and its person hears of the knocking.
"""

import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta

from imageroute_app.domain.accounts import Person
from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.errors import Conflict, InvalidInput, NotFound, NotSignedIn
from imageroute_app.domain.factors import (
    Authenticator,
    Factor,
    matching_step,
    new_recovery_codes,
    new_secret,
    recovery_hash,
)
from imageroute_app.domain.ports import Clock, Database, Limiter
from imageroute_app.domain.rules import Rules
from imageroute_app.services.entries import Entries

TICKET_LIFE = timedelta(minutes=10)
WRONG = "This code is not right. Wait for the next one that your app shows, or use a recovery code."
LATE = "That took too long. Sign in again."
ON = "Codes from an app are now asked for when somebody signs in to your account. Not you? Change your password."
OFF = "Codes from an app are no longer asked for when somebody signs in to your account. Not you? Change your password."
RECOVERED = "Somebody signed in to your account with one of your recovery codes. Not you? Change your password."


class TwoSteps:
    """The second step of signing in."""

    def __init__(
        self, *, database: Database, limiter: Limiter, entries: Entries, key: bytes, clock: Clock, rules: Rules
    ) -> None:
        """Take `key`, 32 bytes of this installation, to sign what waits for a code."""
        self._tables, self._limiter, self._entries = database.tables, limiter, entries
        self._key, self._clock, self._rules = key, clock, rules

    async def app(self, owner: str) -> Authenticator | None:
        """Return the person's app, also one that is not confirmed yet."""
        try:
            return await self._tables.authenticators.get(owner, owner)
        except NotFound:
            return None

    async def is_on(self, owner: str) -> bool:
        """Say whether a code is asked for after the password."""
        app = await self.app(owner)
        return app is not None and app.confirmed_at is not None

    async def begin(self, owner: str) -> Authenticator:
        """Return an app that waits for its first code, the same one until it is confirmed; raises Conflict when one is on."""
        app = await self.app(owner)
        if app is None:
            app = Authenticator(
                id=owner,
                owner=owner,
                secret=new_secret(),
                codes_hash=(),
                used_step=0,
                created_at=self._clock(),
                confirmed_at=None,
            )
            await self._tables.authenticators.add(app)
        if app.confirmed_at is not None:
            raise Conflict("Codes from an app are on already. Turn them off first to set up another app.")
        return app

    async def confirm(self, owner: str, code: str) -> list[str]:
        """Turn codes on with the first one; returns the recovery codes, which are shown this once."""
        app = await self.app(owner)
        if app is None or app.confirmed_at is not None:
            raise Conflict("Begin again: this set-up is over.")
        step = await self._step(app, code)
        codes = new_recovery_codes()
        hashes = tuple(recovery_hash(one) for one in codes)
        await self._tables.authenticators.update(
            replace(app, used_step=step, confirmed_at=self._clock(), codes_hash=hashes)
        )
        await self._entries.changed(owner, ActivityKind.TWO_STEP_ON, ON, "Codes from an app are on")
        return codes

    async def renew_codes(self, owner: str) -> list[str]:
        """Return ten new recovery codes, shown this once; the old ones end."""
        app = await self.app(owner)
        if app is None or app.confirmed_at is None:
            raise Conflict("Turn codes from an app on first.")
        codes = new_recovery_codes()
        hashes = tuple(recovery_hash(one) for one in codes)
        await self._tables.authenticators.update(replace(app, codes_hash=hashes))
        return codes

    async def end(self, owner: str) -> None:
        """Turn codes off, or give a set-up up; nothing there is fine."""
        app = await self.app(owner)
        if app is None:
            return
        await self._tables.authenticators.delete(owner, owner)
        if app.confirmed_at is not None:
            await self._entries.changed(owner, ActivityKind.TWO_STEP_OFF, OFF, "Codes from an app are off")

    async def check(self, owner: str, code: str) -> Factor:
        """Use a code of the app or a recovery code up; raises InvalidInput, RateLimited, or Conflict when none is asked for."""
        app = await self.app(owner)
        if app is None or app.confirmed_at is None:
            raise Conflict("No app is set up for this account.")
        if "".join(code.split()).isdigit():
            await self._tables.authenticators.update(replace(app, used_step=await self._step(app, code)))
            return Factor.CODE
        await self._limiter.hit("recovery", owner, limit=self._rules.sign_in_tries, window_s=900)
        wanted = recovery_hash(code)
        if wanted not in app.codes_hash:
            raise InvalidInput(WRONG, field="code")
        left = tuple(one for one in app.codes_hash if one != wanted)
        await self._tables.authenticators.update(replace(app, codes_hash=left))
        await self._entries.changed(owner, ActivityKind.RECOVERY_USED, RECOVERED, "A recovery code was used")
        return Factor.RECOVERY

    def ticket(self, person: Person) -> str:
        """Return proof that the password was right, good for ten minutes and for as long as it is the password."""
        ends = int((self._clock() + TICKET_LIFE).timestamp())
        return f"{person.id}.{ends}.{self._seal(person, ends)}"

    async def redeem(self, ticket: str) -> Person:
        """Return who gave the password; raises NotSignedIn when that is too long ago, or invented."""
        owner, _, rest = ticket.partition(".")
        ends, _, seal = rest.partition(".")
        if not (ends.isascii() and ends.isdigit() and len(ends) < 12) or int(ends) <= self._clock().timestamp():
            raise NotSignedIn(LATE)
        try:
            person = await self._tables.people.get(owner, owner)
        except NotFound as error:
            raise NotSignedIn(LATE) from error
        if not hmac.compare_digest(self._seal(person, int(ends)).encode(), seal.encode()):
            raise NotSignedIn(LATE)
        return person

    async def _step(self, app: Authenticator, code: str) -> int:
        await self._limiter.hit("code", app.owner, limit=self._rules.sign_in_tries, window_s=900)
        step = matching_step(app.secret, code, self._clock(), app.used_step)
        if step is None:
            raise InvalidInput(WRONG, field="code")
        await self._limiter.clear("code", app.owner, limit=self._rules.sign_in_tries, window_s=900)
        return step

    def _seal(self, person: Person, ends: int) -> str:
        said = f"{person.id}|{ends}|{person.password_hash}".encode()
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()
