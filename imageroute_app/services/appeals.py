"""Appeals: a blocked generation that its person wants looked at. One case for each; the answer stands on the receipt."""

from imageroute_app.domain.errors import Conflict, Duplicate
from imageroute_app.domain.jobs import Case, CaseState, JobState
from imageroute_app.domain.ports import Clock, Database, Query

TEXT_MAX = 2000


class Appeals:
    """Everything about a case until an operator answers it."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._tables, self._clock = database.tables, clock

    async def open(self, owner: str, job_id: str, *, text: str = "") -> Case:
        """Open the case of a blocked job; asking again returns the same one."""
        job = await self._tables.jobs.get(job_id, owner)
        if job.state is not JobState.BLOCKED:
            raise Conflict("Only a blocked generation can be appealed.")
        if found := await self.of_job(owner, job_id):
            return found
        case = Case(
            id=job_id,
            owner=owner,
            job_id=job_id,
            state=CaseState.OPEN,
            text=text[:TEXT_MAX],
            answer="",
            created_at=self._clock(),
            answered_at=None,
        )
        try:
            await self._tables.cases.add(case)
        except Duplicate:
            return await self._tables.cases.get(job_id, owner)
        return case

    async def of_job(self, owner: str, job_id: str) -> Case | None:
        """Return the case of a job, or None."""
        found = await self._tables.cases.find(Query(owner=owner, equals={"job_id": job_id}, limit=1))
        return found[0] if found else None
