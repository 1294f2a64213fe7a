"""Appeals: a blocked generation that its person wants looked at. One case for each; the answer stands on the receipt."""

from dataclasses import replace

from imageroute_app.domain.cases import Case, Kind
from imageroute_app.domain.errors import Conflict, Duplicate
from imageroute_app.domain.jobs import JobState
from imageroute_app.domain.ports import Clock, Database, Query
from imageroute_app.services.case_codes import new_case

TEXT_MAX = 2000


class Appeals:
    """Opening the case of a job and finding it again."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._tables, self._clock = database.tables, clock

    async def open(self, owner: str, job_id: str, *, text: str = "") -> Case:
        """Open the case of a blocked job; asking again returns the same one."""
        job = await self._tables.jobs.get(job_id, owner)
        if job.state is not JobState.BLOCKED:
            raise Conflict("Only a blocked generation can be appealed.")
        if found := await self.of_job(owner, job_id):
            return found
        now = self._clock()
        case, _ = new_case(job_id, Kind.APPEAL, text=text[:TEXT_MAX], country="", now=now, owner=owner)
        case = replace(case, job_id=job_id, acknowledged_at=now)
        try:
            await self._tables.cases.add(case)
        except Duplicate:
            return await self._tables.cases.get(job_id, owner)
        return case

    async def of_job(self, owner: str, job_id: str) -> Case | None:
        """Return the case of a job, or None."""
        found = await self._tables.cases.find(Query(owner=owner, equals={"job_id": job_id}, limit=1))
        return found[0] if found else None
