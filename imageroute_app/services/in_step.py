"""Staying in step with a sign-in service outside (Clerk): its sessions, its profiles, and being deleted there.

Principle: its messages may come in any order, twice, or never; so whatever a message can say is also asked for every five
minutes while somebody is signed in. What is newest by the service's own clock holds, and a deletion is final.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from imageroute_app.domain.accounts import NAME_MAX, Person, Session
from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.erasures import Outcome, StepState
from imageroute_app.domain.errors import Conflict, Duplicate, NotFound, Unavailable
from imageroute_app.domain.identity import (
    CHECK_EVERY,
    UNCHECKED_MOST,
    EventKind,
    Identity,
    IdentityEvent,
    OutsideSession,
    Profile,
)
from imageroute_app.domain.ports import Clock, Database, HostedIdentity, NewId, Query
from imageroute_app.services.beside import Beside
from imageroute_app.services.entries import Entries
from imageroute_app.services.heard import Heard
from imageroute_app.services.newsletter import Follow
from imageroute_app.services.revoking import Revoking

log = logging.getLogger(__name__)

ASK_AGAIN = timedelta(seconds=30)
WAIT_S = 6.0
"""How long a page waits for the service to end sign-ins."""

GONE_THERE = (
    "The sign-in service knows this person no more, and no message said that they were deleted. Look there: if so, run"
    " `imageroute erase` with this id and --now; if not, the secret key is of another instance."
)

EraseNow = Callable[[str], Awaitable[None]]


class InStep:
    """What keeps an account in step with its person at the service."""

    def __init__(
        self, *, database: Database, identity: HostedIdentity, entries: Entries, clock: Clock, new_id: NewId
    ) -> None:
        self._tables, self.identity, self._entries = database.tables, identity, entries
        self._clock, self._new_id = clock, new_id
        self._heard = Heard(identity.name, database=database, clock=clock, new_id=new_id)
        self.revoking = Revoking(database=database, identity=identity, clock=clock, new_id=new_id)
        self._beside = Beside()
        self._asked_at: dict[str, datetime] = {}
        self._erase: EraseNow | None = None
        self._newsletter_follows: Follow | None = None

    def erase_with(self, erase: EraseNow) -> None:
        """Say what is done when a person was deleted at the service; erasures are opened after this."""
        self._erase = erase

    def readdress_with(self, follows: Follow) -> None:
        """Say what becomes of the newsletter when a person's address changed at the service."""
        self._newsletter_follows = follows

    async def check(self, session: Session) -> Session | None:
        """Return the session while its sign-in there is good, asked every five minutes; None once it ended.

        Raises:
            Unavailable: The service has not answered for an hour.
        """
        now = self._clock()
        since = now - (session.checked_at or session.created_at)
        asked = self._asked_at.get(session.id)
        if since < CHECK_EVERY or (asked is not None and now - asked < ASK_AGAIN and since < UNCHECKED_MOST):
            return session
        # Before asking: the other requests of the page do not wait for the answer too.
        self._note_asked(session.id, now)
        try:
            is_live = await self.identity.session(session.outside_id) is not None
        except Unavailable:
            if since >= UNCHECKED_MOST:
                raise
            return session
        self._asked_at.pop(session.id, None)
        if not is_live:
            await self._tables.sessions.delete(session.id, session.owner)
            self._beside.run(self._look_whether_gone(session.owner), "identity.profile_later")
            return None
        self._beside.run(self._look_again(session), "identity.profile_later")
        try:
            return await self._tables.sessions.update(replace(session, checked_at=now))
        except Conflict:
            return await self._tables.sessions.by_key("token_hash", session.token_hash)

    async def _look_again(self, session: Session) -> None:
        """Take over what changed there and no message told, beside the answer: a page waits for one call at most."""
        link = await self.link(session.owner)
        if link is None:
            return
        try:
            profile = await self.identity.profile(link.subject)
        except NotFound:
            await self._tables.sessions.delete(session.id, session.owner)
            self._tell_gone(session.owner)
            return
        await self._take_over(link, profile)

    async def _look_whether_gone(self, owner: str) -> None:
        """See whether a sign-in ended because its person is gone there; a message says so too, but may never come."""
        link = await self.link(owner)
        if link is None:
            return
        try:
            await self.identity.profile(link.subject)
        except NotFound:
            self._tell_gone(owner)

    def _tell_gone(self, owner: str) -> None:
        """Tell the operator, who can look there; by an answer alone nobody is erased, a wrong key gives it for everyone."""
        log.error("identity.person_gone", extra={"owner": owner, "cure": GONE_THERE})

    def _note_asked(self, session_id: str, now: datetime) -> None:
        self._asked_at = {name: at for name, at in self._asked_at.items() if now - at < ASK_AGAIN}
        self._asked_at[session_id] = now

    async def left(self, sessions: Sequence[Session]) -> None:
        """Write down that these sign-ins end there too, before they do here; it is done beside the answer, or by the sweep."""
        for session in sessions:
            if session.outside_id:
                wish = await self.revoking.want(session.owner, session.outside_id)
                self._beside.run(self.revoking.carry_out([wish]), "identity.revoke_failed")

    async def rename(self, owner: str, full_name: str) -> None:
        """Set the name there first, so that both sides never differ; raises Unavailable, InvalidInput."""
        link = await self.link(owner)
        if link is not None:
            await self.identity.rename(link.subject, full_name)

    async def link(self, owner: str) -> Identity | None:
        """Return the person's link, or None for who signs in here."""
        found = await self._tables.identities.find(Query(owner=owner, limit=1))
        return found[0] if found else None

    async def hear(self, event: IdentityEvent) -> None:
        """Follow what happened there. In any order, any number of times; an unknown person is nobody of ours."""
        if await self._heard.has(event.number):
            return
        link = await self._tables.identities.by_key("subject_key", event.subject) if event.subject else None
        if link is not None:
            await self._follow(link, event)
        await self._heard.note(event.number)

    async def _follow(self, link: Identity, event: IdentityEvent) -> None:
        if event.kind in (EventKind.SESSION_ENDED, EventKind.SESSION_PENDING):
            await self._end_bound(link.owner, event)
        if event.kind is EventKind.CHANGED and event.profile is not None:
            await self._take_over(link, event.profile)
        if event.kind is EventKind.DELETED and self._erase is not None:
            await self._erase(link.owner)

    async def _end_bound(self, owner: str, event: IdentityEvent) -> None:
        """End what hangs on that sign-in; one that lacked a step when that was said is looked at, it may be good by now."""
        sessions = await self._tables.sessions.find(Query(owner=owner, limit=500))
        bound = [one for one in sessions if one.outside_id == event.session_id]
        if bound and event.kind is EventKind.SESSION_PENDING and await self.identity.session(event.session_id):
            return
        for session in bound:
            await self._tables.sessions.delete(session.id, owner)

    async def _take_over(self, link: Identity, profile: Profile) -> None:
        if profile.updated_at <= link.told_at:
            return  # an older one that was late
        person = await self._tables.people.get(link.owner, link.owner)
        named = replace(person, full_name=profile.full_name[:NAME_MAX])
        if named != person:
            person = await self._tables.people.update(named)
            await self._entries.noted(link.owner, ActivityKind.NAME_CHANGED)
        if profile.is_verified and profile.email and profile.email.casefold() != person.email.casefold():
            await self._readdress(person, profile.email)
        # Last, so that a worker that dies before is followed by the next message or look.
        await self._tables.identities.update(replace(link, told_at=profile.updated_at))

    async def _readdress(self, person: Person, email: str) -> None:
        try:
            await self._tables.people.update(replace(person, email=email, email_key=email.casefold()))
        except Duplicate:  # another account of ours has it; both keep what they have
            log.warning("identity.address_taken", extra={"owner": person.id})
            return
        await self._entries.noted(person.id, ActivityKind.EMAIL_CHANGED)
        if self._newsletter_follows is not None:  # the service lets nobody in whose address is not proven
            await self._newsletter_follows(person.email, email)

    async def elsewhere(self, owner: str) -> list[OutsideSession]:
        """Return the person's sign-ins there that no session here hangs on, newest first; raises Unavailable."""
        link = await self.link(owner)
        if link is None:
            return []
        now, sessions = self._clock(), await self._tables.sessions.find(Query(owner=owner, limit=500))
        ours = {session.outside_id for session in sessions if session.expires_at > now}
        found = [one for one in await self.identity.sessions(link.subject) if one.id not in ours]
        return sorted(found, key=lambda one: one.seen_at, reverse=True)

    async def end_elsewhere(self, owner: str, session_id: str) -> None:
        """End one of those sign-ins there.

        Raises:
            NotFound: It ended already, is not this person's, or a session here hangs on it.
            Unavailable: The service does not answer; the sign-in may go on.
        """
        if all(one.id != session_id for one in await self.elsewhere(owner)):
            raise NotFound("That sign-in ended already.")
        await self.identity.revoke(session_id)
        await self._entries.noted(owner, ActivityKind.DEVICE_ENDED)

    async def leave_everywhere(self, owner: str) -> None:
        """Write down that every sign-in ends that the person has there by now; the next one is not to be hit."""
        await self.revoking.want(owner)

    async def has_left_everywhere(self, owner: str) -> bool:
        """End them, and say whether the service did within seconds; what it did not goes on by itself."""
        ending = self._beside.run(self.revoking.finish(owner), "identity.revoke_failed")
        await asyncio.wait([ending], timeout=WAIT_S)
        return await self.revoking.is_done(owner)

    async def forget(self, subject: str) -> Outcome:
        """Delete the person there, as the last thing outside of an erasure; raises Unavailable until that is proven."""
        if not subject:
            return Outcome(state=StepState.ABSENT, detail="You signed in here, not there")
        was_there = await self.identity.delete(subject)
        detail = "Your sign-in account is deleted" if was_there else "Your sign-in account was deleted already"
        return Outcome(state=StepState.DONE, detail=detail, proof="404 when asked for it", count=1)

    async def settle(self) -> None:
        """Wait for what is done beside answers."""
        await self._beside.settle()
