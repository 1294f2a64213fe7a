"""Holds: credits reserved when a job is accepted, and closed once when it ends."""

from imageroute_app.domain.jobs import Job
from imageroute_app.domain.ledger import Entry, EntryKind, closing_amounts
from imageroute_app.domain.ports import Clock, NewId, Tables


class Holds:
    """Writes the ledger lines of a job inside the caller's transaction; each line can be written once."""

    def __init__(self, *, clock: Clock, new_id: NewId) -> None:
        self._clock, self._new_id = clock, new_id

    async def open(self, tables: Tables, job: Job) -> None:
        """Reserve the quoted price; raises NotEnoughCredits."""
        await self._post(tables, job, EntryKind.HOLD, -job.held_credits, "Reserved until the job ends")

    async def close(self, tables: Tables, job: Job, *, delivered: int, charge: int, reason: str) -> int:
        """Give the hold back and charge what was delivered, never more than was held; returns the charge in credits."""
        release, charge = closing_amounts(job.held_credits, charge)
        await self._post(tables, job, EntryKind.RELEASE, release, reason)
        if charge:
            pictures = "1 picture" if delivered == 1 else f"{delivered} pictures"
            await self._post(tables, job, EntryKind.CHARGE, charge, f"{pictures} delivered")
        return -charge

    async def _post(self, tables: Tables, job: Job, kind: EntryKind, amount: int, reason: str) -> None:
        entry = Entry(
            id=self._new_id(),
            owner=job.owner,
            kind=kind,
            amount=amount,
            balance_after=0,
            job_id=job.id,
            reason=reason,
            dedupe_key=f"{job.id}:{kind}",
            created_at=self._clock(),
        )
        await tables.ledger.post(entry)
