"""Presence: proof that the person is at the screen, asked for before what cannot be taken back."""

from dataclasses import replace
from datetime import timedelta

from imageroute_app.domain.accounts import Session
from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.ports import Clock, Database, Limiter, Passwords
from imageroute_app.domain.rules import Rules
from imageroute_app.services.passkeys import Passkeys
from imageroute_app.services.two_steps import TwoSteps

FRESH_FOR = timedelta(minutes=10)
"""How long one proof lasts (PRIVACY P30): export, erasure, a new address and an operator's look need it."""


class Presence:
    """When somebody last proved to be there, and asking again: by password, code or passkey."""

    def __init__(
        self,
        *,
        database: Database,
        passwords: Passwords,
        two_steps: TwoSteps,
        passkeys: Passkeys,
        limiter: Limiter,
        clock: Clock,
        rules: Rules,
    ) -> None:
        self._tables, self._passwords, self._limiter = database.tables, passwords, limiter
        self._two_steps, self._passkeys = two_steps, passkeys
        self._clock, self._rules = clock, rules

    def is_fresh(self, session: Session) -> bool:
        """Say whether the person signed in or proved to be there within the last ten minutes."""
        return self._clock() - session.confirmed_at <= FRESH_FOR

    async def confirm(self, session: Session, password: str) -> Session:
        """Check the password; returns the session as fresh, raises InvalidInput or RateLimited."""
        tries = self._rules.sign_in_tries
        await self._limiter.hit("password", session.owner, limit=tries, window_s=900)
        person = await self._tables.people.get(session.owner, session.owner)
        if not await self._passwords.verify(password, person.password_hash):
            raise InvalidInput("The password is not right.", field="current_password")
        await self._limiter.clear("password", session.owner, limit=tries, window_s=900)
        return await self._note(session)

    async def confirm_by_code(self, session: Session, code: str) -> Session:
        """Use a code of the person's app up instead; raises InvalidInput, RateLimited, Conflict."""
        await self._two_steps.check(session.owner, code)
        return await self._note(session)

    async def confirm_by_passkey(self, session: Session, origin: str, answer: str) -> Session:
        """Take the answer of one of the person's passkeys instead; raises InvalidInput."""
        await self._passkeys.use(origin, answer, owner=session.owner)
        return await self._note(session)

    async def _note(self, session: Session) -> Session:
        return await self._tables.sessions.update(replace(session, confirmed_at=self._clock()))
