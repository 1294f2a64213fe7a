"""The stage: the person's newest jobs, watched until each of them is final.

The server owns the jobs; this state only shows them. Watching ends by itself, and a newer watch of the same tab ends an
older one, so a reload never leaves two.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError, NotFound, NotSignedIn
from imageroute_app.domain.jobs import Job
from imageroute_app.state import text
from imageroute_app.state.create_views import GroupView, JobView, grouped, job_view, placed
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor

PAGE_JOBS = 10
REREAD_S = 5.0
"""How long to wait for word of a change before the rows are read anyway."""


class StageState(rx.State):
    """The jobs on the create screen, newest first."""

    groups: list[GroupView] = []
    has_older: bool = False
    is_loading_older: bool = False
    is_loaded: bool = False
    _jobs: list[JobView] = []
    _watch: str = ""

    @rx.event
    @signed_in
    async def show_older(self):
        """Add the next page of jobs below."""
        self.is_loading_older = True
        yield
        try:
            owner = await actor(self)
            await self._read_page(owner, after=self._jobs[-1].id if self._jobs else "")
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
        finally:
            self.is_loading_older = False

    @rx.event
    @signed_in
    async def cancel_job(self, job_id: str):
        """Stop a job; what is not delivered costs nothing."""
        try:
            owner = await actor(self)
            job = await services().jobs.cancel(owner, job_id)
            await self._show(owner, job)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)

    @rx.event
    @signed_in
    async def retry_job(self, job_id: str):
        """Run a job that delivered nothing once more."""
        try:
            owner = await actor(self)
            job = await services().jobs.retry(owner, job_id)
            await self._show(owner, job)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return None
        return StageState.watch_jobs

    @rx.event
    @signed_in
    async def keep_one(self, job_id: str):
        """Keep one column of a comparison and move the pictures of the others to the trash."""
        try:
            owner = await actor(self)
            kept = await services().jobs.job(owner, job_id)
            others = [job.id for job in self._jobs if job.compare_id == kept.compare_id and job.id != kept.id]
            gone = await services().gallery.trash_jobs(owner, others if kept.compare_id else [])
            for other in others:
                await self._show_again(owner, other)
            (await self.get_state(SessionState))._tell(
                f"{text.count(gone, 'picture')} moved to the trash, for 30 days."
            )
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)

    @rx.event
    @signed_in
    async def appeal(self, job_id: str):
        """Ask an operator to look at a blocked generation."""
        try:
            owner = await actor(self)
            await services().appeals.open(owner, job_id)
            (await self.get_state(SessionState))._tell("Your appeal is open. The answer will stand on the receipt.")
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)

    @rx.event(background=True)
    @signed_in
    async def watch_jobs(self):
        """Show each change of the open jobs until all are final, or the session ends."""
        owner, turn = await actor(self), secrets.token_hex(8)
        async with self:
            self._watch = turn
        changes, changed = services().jobs.changes(owner), ""
        with contextlib.suppress(NotSignedIn):
            while await self._reread(await actor(self), turn, changed):
                changed = await _next_change(changes)

    async def _reread(self, owner: str, turn: str, changed: str) -> bool:
        """Read the open jobs, and the one that changed, once more; say whether there is more to watch."""
        async with self:
            if self._watch != turn:
                return False
            wanted = {job.id for job in self._jobs if not job.is_final} | ({changed} - {""})
        fresh = [view for job_id in sorted(wanted) if (view := await _read_view(owner, job_id))]
        balance = await services().jobs.balance(owner)
        async with self:
            if self._watch != turn:
                return False
            self._merge(fresh)
            session = await self.get_state(SessionState)
            session.credits, session.reserved = balance.available, balance.reserved
            return self._is_open()

    async def _load(self, owner: str) -> None:
        """Read the newest page."""
        self._jobs, self.groups = [], []
        await self._read_page(owner, after="")
        self.is_loaded = True

    async def _read_page(self, owner: str, *, after: str) -> None:
        found = await services().jobs.recent(owner, after=after, limit=PAGE_JOBS + 1)
        views = [await _view(owner, job) for job in found[:PAGE_JOBS]]
        self.has_older = len(found) > PAGE_JOBS
        self._merge(views)

    async def _show(self, owner: str, job: Job) -> None:
        """Put one job in its place, and the balance that it changed in the bar."""
        self._merge([await _view(owner, job)])
        await (await self.get_state(SessionState))._load_balance(owner)

    async def _show_again(self, owner: str, job_id: str) -> None:
        """Read one job that is shown once more, because one of its pictures came or went."""
        if any(job.id == job_id for job in self._jobs) and (view := await _read_view(owner, job_id)):
            self._merge([view])

    async def _look_again(self, owner: str) -> None:
        """Read all that is shown once more: other tabs trash, restore and erase pictures too."""
        fresh = [view for job in self._jobs if (view := await _read_view(owner, job.id))]
        if fresh != self._jobs:  # what is as it was is not sent again
            self._jobs = []
            self._merge(fresh)

    def _merge(self, views: Sequence[JobView]) -> None:
        known = {job.id: job for job in self._jobs} | {view.id: view for view in views}
        self._jobs = placed(sorted(known.values(), key=lambda job: job.id, reverse=True))
        self.groups = grouped(self._jobs)

    def _is_open(self) -> bool:
        return any(not job.is_final for job in self._jobs)


async def _next_change(changes: AsyncIterator[str]) -> str:
    """Return the next changed job's id, or an empty text after a while without word."""
    try:
        async with asyncio.timeout(REREAD_S):
            return await anext(changes)
    except TimeoutError:
        return ""
    except StopAsyncIteration:
        await asyncio.sleep(REREAD_S)
        return ""


async def _read_view(owner: str, job_id: str) -> JobView | None:
    try:
        return await _view(owner, await services().jobs.job(owner, job_id))
    except NotFound:
        return None


async def _view(owner: str, job: Job) -> JobView:
    images = await services().gallery.of_job(owner, job.id) if job.delivered else []
    is_whole = len(images) == job.delivered
    trashed = [] if is_whole else await services().gallery.of_job(owner, job.id, trashed=True)
    offered = (
        model for model in services().routing.models() if (model.provider, model.id) == (job.provider, job.model)
    )
    return job_view(job, next(offered, None), images, len(trashed))
