"""Signing in at a service outside (Clerk): leaving for it and coming back.

Principle: what comes back is believed only in the browser that left, within half an hour, and only to open our own session. A
webhook ends and updates, it never opens an account; so whoever was deleted there stays deleted here, whatever arrives late.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from imageroute_app.domain.accounts import NAME_MAX, Person, Session
from imageroute_app.domain.errors import Conflict, Duplicate, NotAllowed, NotFound, NotSignedIn
from imageroute_app.domain.identity import (
    Identity,
    OutsideSession,
    Profile,
    Proof,
)
from imageroute_app.domain.ports import Clock, Database, HostedIdentity, NewId
from imageroute_app.domain.rules import Rules
from imageroute_app.services.entries import Entries
from imageroute_app.services.in_step import InStep
from imageroute_app.services.opening import Opening
from imageroute_app.services.signing import SignedIn, fresh_session
from imageroute_app.services.ways import LATE, Join, Said, Ways

TRIES_MAX = 3
ASK_AGAIN = timedelta(seconds=30)
NO_COOKIES = "The sign-in service could not recognise this browser. Allow its cookies, then sign in again."
UNPROVEN = "Confirm your email address at the sign-in service first, then sign in again."
TAKEN = "There is an account with this address already, and its address was never confirmed. Sign in to it with its password."
GONE = "This account was deleted."
ERASING = (
    "Your account here is being erased, your sign-in account last. Sign up anew once the mail says that it is over."
)
PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Where to send the browser, and the secret that it must bring back in a cookie."""

    url: str
    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """What a browser comes back with; the handshake's token lies in the query, in production in a cookie."""

    state: str
    nonce: str
    origin: str
    handshake: str
    handshake_cookie: str
    cookies: str
    development_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What came of it: a session, another address to go to first, or our form; `next` is the page that was wanted."""

    signed_in: SignedIn | None = None
    go: str = ""
    needs_form: bool = False
    wants_newsletter: bool = False
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Newcomer:
    """Who came back: what the token proves, the sign-in there, and from where."""

    proof: Proof
    outside: OutsideSession
    device: str
    address: str


class Hosted(InStep):
    """The way to the service and back; what keeps an account in step with it is in_step's."""

    def __init__(
        self,
        *,
        database: Database,
        identity: HostedIdentity,
        opening: Opening,
        entries: Entries,
        key: bytes,
        clock: Clock,
        new_id: NewId,
        rules: Rules,
    ) -> None:
        """Take `key`, 32 bytes of this installation, to seal what travels with the browser."""
        super().__init__(database=database, identity=identity, entries=entries, clock=clock, new_id=new_id)
        self._opening, self.ways, self._rules = opening, Ways(key, clock), rules

    # --- There and back ---------------------------------------------------------------------------------------------------

    def leave(self, origin: str, wanted: str, join: Join | None = None) -> Departure:
        """Return the way to the hosted page: signing up after our form, else signing in."""
        nonce = secrets.token_urlsafe(32)
        back = self.ways.back(origin, nonce, Said(wanted=wanted, join=join))
        url = self.identity.sign_up_url(back) if join else self.identity.sign_in_url(back)
        return Departure(url=url, nonce=nonce)

    async def leave_again(self, session: Session, origin: str, wanted: str) -> Departure:
        """End the sign-in there and here, so that coming back proves presence; returns the way."""
        await self.identity.revoke(session.outside_id)
        await self._tables.sessions.delete(session.id, session.owner)
        return self.leave(origin, wanted)

    async def arrive(self, back: Back, *, device: str, address: str) -> Arrival:
        """Take whoever comes back.

        Raises:
            NotSignedIn: Late, from another browser, nobody is signed in there, or the proof is not good.
            NotAllowed: The address there is not confirmed, or belongs to an account that cannot be linked.
            Unavailable: The service does not answer.
        """
        said = self.ways.read(back.state, back.nonce)
        # Nothing here can be sure to clear that cookie, so before this way led to the handshake it is of an earlier sign-in.
        handshake = back.handshake or (back.handshake_cookie if said.tries else "")
        proof = await self.identity.read_return(handshake, back.cookies)
        if proof is None:
            if said.tries >= TRIES_MAX:
                raise NotSignedIn(NO_COOKIES)
            again = self.ways.back(back.origin, back.nonce, replace(said, tries=said.tries + 1))
            return Arrival(go=self.identity.handshake_url(again, back.development_token))
        outside = await self.identity.session(proof.session_id)
        if outside is None or outside.subject != proof.subject:
            raise NotSignedIn(GONE if await self._is_gone(proof.subject) else LATE)
        newcomer = _Newcomer(proof=proof, outside=outside, device=device, address=address)
        known = await self._tables.identities.by_key("subject_key", proof.subject)
        if known is not None:
            person = await self._tables.people.get(known.owner, known.owner)
            return Arrival(signed_in=await self._enter(person, newcomer), next=said.wanted)
        return await self._first_time(newcomer, said)

    async def _first_time(self, newcomer: _Newcomer, said: Said) -> Arrival:
        subject = newcomer.proof.subject
        await self._refuse_while_erased(subject)
        profile = await self.identity.profile(subject)
        if not profile.is_verified or not profile.email:
            raise NotAllowed(UNPROVEN)
        standing = await self._tables.people.by_key("email_key", profile.email.casefold())
        if standing is not None:
            if standing.email_verified_at is None:
                raise NotAllowed(TAKEN)
            await self._tables.identities.add(self._link(standing.id, profile))
            return Arrival(signed_in=await self._enter(standing, newcomer), next=said.wanted)
        join = said.join
        if join is None:
            return Arrival(needs_form=True, next=said.wanted)
        signed_in = self._session(self._person(profile, join), newcomer)
        try:
            await self._opening.open(signed_in, self._link(signed_in.person.id, profile))
        except Duplicate as error:  # two tabs came back at once
            raise Conflict("Your account was opened in another tab. Sign in.") from error
        await self._entries.opened(signed_in.person.id, device=newcomer.device, address=newcomer.address)
        return Arrival(signed_in=signed_in, next=said.wanted, wants_newsletter=join.wants_newsletter)

    async def _enter(self, person: Person, newcomer: _Newcomer) -> SignedIn:
        """Open a session, unless that sign-in is to end there; raises NotSignedIn."""
        await self.revoking.check(person.id, newcomer.outside)
        signed_in = self._session(person, newcomer)
        await self._entries.entered(person.id, device=newcomer.device, address=newcomer.address)
        await self._tables.sessions.add(signed_in.session)
        try:  # once more: somebody may have signed out everywhere since, and could not see this session yet
            await self.revoking.check(person.id, newcomer.outside)
        except NotSignedIn:
            await self._tables.sessions.delete(signed_in.session.id, person.id)
            raise
        return signed_in

    def _session(self, person: Person, newcomer: _Newcomer) -> SignedIn:
        """Return a session bound to the one there; whoever signed in there proved presence, also when the token is silent."""
        now, proof = self._clock(), newcomer.proof
        proven_at = min(max(proof.proven_at, newcomer.outside.began_at), now)
        signed_in = fresh_session(self._new_id(), person, newcomer.device, now, self._rules)
        bound = replace(signed_in.session, outside_id=proof.session_id, checked_at=now, confirmed_at=proven_at)
        return replace(signed_in, session=bound)

    def _person(self, profile: Profile, join: Join) -> Person:
        person_id, now = self._new_id(), self._clock()
        return Person(
            id=person_id,
            owner=person_id,
            email=profile.email,
            email_key=profile.email.casefold(),
            full_name=profile.full_name[:NAME_MAX],
            password_hash="",
            age_band=join.band,
            country=join.country,
            wants_newsletter=join.wants_newsletter,
            email_verified_at=now,
            welcomed_at=None,
            created_at=now,
        )

    def _link(self, owner: str, profile: Profile) -> Identity:
        return Identity(
            id=self._new_id(),
            owner=owner,
            provider=self.identity.name,
            subject=profile.subject,
            subject_key=profile.subject,
            told_at=profile.updated_at,
            created_at=self._clock(),
        )

    async def _refuse_while_erased(self, subject: str) -> None:
        """Raise NotAllowed while an erasure still has to delete this person there: it would take a new account with it."""
        after = ""
        while page := await self._tables.farewells.walk(after, PAGE):
            if any(one.identity == subject for one in page):
                raise NotAllowed(ERASING)
            after = page[-1].id

    async def _is_gone(self, subject: str) -> bool:
        try:
            await self.identity.profile(subject)
        except NotFound:
            return True
        return False
