"""Opening an account: person, starter credits, first session, and what else belongs to it, in one transaction."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from imageroute_app.domain.accounts import Person
from imageroute_app.domain.identity import Identity
from imageroute_app.domain.ledger import Entry, EntryKind
from imageroute_app.domain.ports import Database, NewId, Tables
from imageroute_app.domain.rules import Rules
from imageroute_app.services.signing import SignedIn

Opened = Callable[[Tables, str], Awaitable[None]]
"""What else is written in the transaction that opens an account."""


async def no_more(_tables: Tables, _owner: str) -> None:
    """Write nothing else."""


class Opening:
    """The one way an account comes to be."""

    def __init__(self, *, database: Database, new_id: NewId, rules: Rules, opened: Opened = no_more) -> None:
        self._database, self._new_id, self._rules, self._opened = database, new_id, rules, opened

    async def open(self, signed_in: SignedIn, identity: Identity | None = None) -> None:
        """Write everything or nothing; raises Duplicate when the address, or the identity, has an account."""

        async def write(tables: Tables) -> None:
            person = signed_in.person
            await tables.people.add(person)
            if identity is not None:
                await tables.identities.add(identity)
            await tables.sessions.add(signed_in.session)
            await tables.ledger.post(self._grant(person, person.created_at))
            await self._opened(tables, person.id)

        await self._database.transact(write)

    def _grant(self, person: Person, now: datetime) -> Entry:
        return Entry(
            id=self._new_id(),
            owner=person.id,
            kind=EntryKind.GRANT,
            amount=self._rules.starter_credits,
            balance_after=0,
            job_id="",
            reason="Starter credits",
            dedupe_key="starter",
            created_at=now,
        )
