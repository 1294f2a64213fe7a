"""Jobs on SQLite: claims and leases. BEGIN IMMEDIATE makes each verb atomic."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from imageroute_app.adapters.database.codec import to_micros
from imageroute_app.adapters.database.sqlite.file import run
from imageroute_app.adapters.database.sqlite.repository import SqliteRepository
from imageroute_app.domain.jobs import Job

TAKE = """
    UPDATE jobs SET state = 'running', lease_holder = :holder, lease_until = :until,
        attempts = attempts + 1, started_at = coalesce(started_at, :now), version = version + 1
    WHERE id = :id AND (state = 'queued' OR (state = 'running' AND coalesce(lease_until, 0) <= :now))
        AND (
            SELECT count(*) FROM jobs AS other
            WHERE other.owner = jobs.owner AND other.state = 'running'
                AND other.lease_until > :now AND other.id != jobs.id
        ) < :cap
"""
RENEW = """
    UPDATE jobs SET lease_until = :until, version = version + 1
    WHERE id = :id AND lease_holder = :holder AND state = 'running'
"""


class SqliteJobs(SqliteRepository[Job]):
    """domain.ports.Jobs."""

    async def claim(self, job_id: str, *, holder: str, now: datetime, lease_until: datetime, cap: int) -> Job | None:
        """Take a queued job, or a running one whose lease ran out, below the owner's cap."""
        values = {
            "id": job_id,
            "holder": holder,
            "now": to_micros(now),
            "until": to_micros(lease_until),
            "cap": cap,
        }

        def work(connection: Connection) -> list[Any]:
            if run(connection, TAKE, values).rowcount != 1:
                return []
            return run(connection, self._sql.by_column("id"), {"value": job_id}).fetchall()

        found = await self._readable(await self._access.write(work))
        return found[0] if found else None

    async def renew(self, job_id: str, *, holder: str, lease_until: datetime) -> bool:
        """Extend the lease; False when another holder took it or the job is final."""
        values = {"id": job_id, "holder": holder, "until": to_micros(lease_until)}
        return await self._access.write(lambda c: run(c, RENEW, values).rowcount == 1)

    async def due(self, now: datetime, limit: int) -> list[Job]:
        """Return queued jobs and running ones with an expired lease, oldest first, of any owner."""
        queued = self._sql.where("state = 'queued' ORDER BY id LIMIT :limit")
        stale = self._sql.where("state = 'running' AND lease_until <= :now ORDER BY id LIMIT :limit")
        values = {"now": to_micros(now), "limit": limit}

        def work(connection: Connection) -> list[Any]:
            waiting = connection.execute(queued, {"limit": limit}).all()
            return [*waiting, *connection.execute(stale, values).all()]

        found = await self._readable(await self._access.read(work))
        return sorted(found, key=lambda job: job.id)[:limit]
