"""Jobs on MongoDB: claims and leases."""

from datetime import datetime

from pymongo import ASCENDING, ReturnDocument

from imageroute_app.adapters.database.codec import cut_time
from imageroute_app.adapters.database.mongo.connection import Access, Document
from imageroute_app.adapters.database.mongo.errors import translated
from imageroute_app.adapters.database.mongo.repository import MongoRepository
from imageroute_app.domain.jobs import Job, JobState


class MongoJobs(MongoRepository[Job]):
    """domain.ports.Jobs."""

    async def claim(self, job_id: str, *, holder: str, now: datetime, lease_until: datetime, cap: int) -> Job | None:
        """Take a queued job, or a running one whose lease ran out, below the owner's cap."""
        lease = {"lease_holder": holder, "lease_until": cut_time(lease_until)}

        async def take(access: Access) -> Document | None:
            return await _take(access, job_id, cut_time(now), lease, cap)

        found = await self._access.atomically(take)
        records = await self._readable([found] if found else [])
        return records[0] if records else None

    async def renew(self, job_id: str, *, holder: str, lease_until: datetime) -> bool:
        """Extend the lease; False when another holder took it or the job is final."""
        mine = {"_id": job_id, "lease_holder": holder, "state": JobState.RUNNING.value}
        change = {"$set": {"lease_until": cut_time(lease_until)}, "$inc": {"version": 1}}
        with translated():
            done = await self._rows.update_one(mine, change, session=self._session)
        return done.matched_count == 1

    async def due(self, now: datetime, limit: int) -> list[Job]:
        """Return queued jobs and running ones with an expired lease, oldest first, of any owner."""
        order = [("_id", ASCENDING)]
        queued = await self._list({"state": JobState.QUEUED.value}, order, limit)
        stale = {"state": JobState.RUNNING.value, "lease_until": {"$lte": cut_time(now)}}
        found = await self._readable([*queued, *await self._list(stale, order, limit)])
        return sorted(found, key=lambda job: job.id)[:limit]


async def _take(access: Access, job_id: str, now: datetime, lease: Document, cap: int) -> Document | None:
    """Claim inside a transaction; every claim of a person writes the person's wallet, so no two go by one snapshot."""
    jobs, session = access.rows("jobs"), access.session
    with access.noted():
        job = await jobs.find_one({"_id": job_id}, session=session)
        if job is None or not _is_free(job, now):
            return None
        await access.rows("wallets").update_one(
            {"_id": job["owner"]},
            {"$inc": {"version": 1}, "$setOnInsert": {"owner": job["owner"], "available": 0}},
            upsert=True,
            session=session,
        )
        running = {
            "owner": job["owner"],
            "state": JobState.RUNNING.value,
            "lease_until": {"$gt": now},
        }
        others = jobs.find({**running, "_id": {"$ne": job_id}}, {"_id": 1}, session=session)
        if len(await others.limit(cap).to_list()) >= cap:
            return None
        changes = {**lease, "state": JobState.RUNNING.value, "started_at": job["started_at"] or now}
        return await jobs.find_one_and_update(
            {"_id": job_id, "version": job["version"]},
            {"$set": changes, "$inc": {"attempts": 1, "version": 1}},
            return_document=ReturnDocument.AFTER,
            session=session,
        )


def _is_free(job: Document, now: datetime) -> bool:
    if job["state"] == JobState.QUEUED.value:
        return True
    is_running = job["state"] == JobState.RUNNING.value
    return is_running and (job["lease_until"] is None or job["lease_until"] <= now)
