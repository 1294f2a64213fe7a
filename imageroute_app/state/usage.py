"""Usage: the ledger with one job as one short line, and the receipt of the job that is selected.

The ledger is read newest first. A job's oldest entry is its hold, so its group is complete once the walk reaches that entry;
entries of jobs whose hold lies further back wait in `_pending` for the next page.
"""

import dataclasses

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.cases import Case, CaseState
from imageroute_app.domain.catalog import Model
from imageroute_app.domain.errors import ImageRouteError, NotFound
from imageroute_app.domain.jobs import Attempt, Job
from imageroute_app.domain.ledger import Entry, EntryKind
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor
from imageroute_app.state.views import StopView, route_of

PAGE_ENTRIES = 100
SHOWN_MAX = 240
"""A list is sent whole on every change, so older groups push the newest out of view from here on."""


@dataclasses.dataclass
class LineView:
    """One row of a group: a ledger entry, or the quote that came before it."""

    kind: str = ""
    reason: str = ""
    time: str = ""
    credits: str = ""
    balance: str = ""
    place: str = ""


@dataclasses.dataclass
class GroupView:
    """A job with its entries, or a grant by itself; `job_id` is empty for the latter."""

    id: str = ""
    job_id: str = ""
    title: str = ""
    reason: str = ""
    line: str = "local"
    letter: str = ""
    time: str = ""
    credits: str = ""
    balance: str = ""
    is_loss: bool = False
    lines: list[LineView] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class ReceiptView:
    """What one job came to: its route, and its price from quote to payment."""

    job_id: str = ""
    name: str = ""
    prompt: str = ""
    line: str = "local"
    is_open: bool = False
    quoted: str = ""
    quoted_credits: str = ""
    delivered: str = ""
    delivered_credits: str = ""
    returned: str = ""
    paid: str = ""
    appeal: str = ""
    stops: list[StopView] = dataclasses.field(default_factory=list)


class UsageState(rx.State):
    """What the usage page shows."""

    groups: list[GroupView] = []
    receipt: ReceiptView = ReceiptView()
    has_older: bool = False
    is_empty: bool = False
    skipped_newest: bool = False
    is_sheet_open: bool = False
    is_loading: bool = False
    is_loaded: bool = False
    _cursor: str = ""
    _pending: dict[str, list[Entry]] = {}

    @rx.event
    @signed_in
    async def load_usage(self):
        """Read the newest page of the ledger; on_load, and the way back from older ones."""
        self.groups, self._pending = [], {}
        self._cursor, self.skipped_newest, self.is_sheet_open = "", False, False
        await self._read_page()
        newest = next((group.job_id for group in self.groups if group.job_id), "")
        if newest:
            await self._show_receipt(newest)
        self.is_loaded = True

    @rx.event
    @signed_in
    async def load_older(self):
        """Add the next page below."""
        self.is_loading = True
        yield
        try:
            await self._read_page()
        finally:
            self.is_loading = False

    @rx.event
    @signed_in
    async def open_receipt(self, job_id: str):
        """Show a job's receipt in the panel beside the ledger."""
        await self._show_receipt(job_id)

    @rx.event
    @signed_in
    async def open_sheet(self, job_id: str):
        """Show a job's receipt in a sheet, where the panel has no room."""
        await self._show_receipt(job_id)
        self.is_sheet_open = self.receipt.job_id == job_id

    @rx.event
    @signed_in
    async def set_sheet(self, is_open: bool):
        """Follow the sheet's own ways to close."""
        self.is_sheet_open = is_open

    async def _read_page(self) -> None:
        try:
            owner = await actor(self)
            entries = await services().jobs.ledger(owner, after=self._cursor, limit=PAGE_ENTRIES)
            self._pending, closed = collect(dict(self._pending), entries)
            jobs = [await _job(owner, found[0].job_id) for found in closed]
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        models = {(model.provider, model.id): model for model in services().routing.models()}
        shown = [*self.groups, *(group_view(*pair, models) for pair in zip(closed, jobs, strict=True))]
        self.skipped_newest = self.skipped_newest or len(shown) > SHOWN_MAX
        self.groups = shown[-SHOWN_MAX:]
        self.is_empty = not shown
        self.has_older = len(entries) == PAGE_ENTRIES
        self._cursor = entries[-1].id if entries else self._cursor

    async def _show_receipt(self, job_id: str) -> None:
        try:
            owner = await actor(self)
            job = await services().jobs.job(owner, job_id)
            attempts = await services().jobs.attempts(owner, job_id)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        models = {(model.provider, model.id): model for model in services().routing.models()}
        case = await services().appeals.of_job(owner, job_id)
        receipt = receipt_view(job, attempts, models.get((job.provider, job.model)))
        self.receipt = dataclasses.replace(receipt, appeal=_appeal(case))


async def _job(owner: str, job_id: str) -> Job | None:
    if not job_id:
        return None
    try:
        return await services().jobs.job(owner, job_id)
    except NotFound:
        return None


def collect(pending: dict[str, list[Entry]], entries: list[Entry]) -> tuple[dict[str, list[Entry]], list[list[Entry]]]:
    """Sort a page of entries, newest first, into complete groups and those whose hold is further back."""
    waiting = {job_id: list(found) for job_id, found in pending.items()}
    closed: list[list[Entry]] = []
    for entry in entries:
        if not entry.job_id:
            closed.append([entry])
        elif entry.kind is EntryKind.HOLD:
            closed.append([*waiting.pop(entry.job_id, []), entry])
        else:
            waiting.setdefault(entry.job_id, []).append(entry)
    return waiting, closed


def group_view(entries: list[Entry], job: Job | None, models: dict[tuple[str, str], Model]) -> GroupView:
    """Show the entries of one job, given newest first, or a single entry without a job."""
    newest, oldest = entries[0], entries[-1]
    model = models.get((job.provider, job.model)) if job else None
    group = GroupView(
        id=oldest.id,
        job_id=job.id if job else "",
        title=job.request.prompt if job else newest.kind.capitalize(),
        reason="" if job else newest.reason,
        line=model.line if model else "local",
        letter=model.letter if model else (job.model[:1].upper() if job else ""),
        time=text.iso(oldest.created_at),
        credits=text.signed(sum(entry.amount for entry in entries)),
        balance=f"{newest.balance_after:,}",
        is_loss=sum(entry.amount for entry in entries) < 0,
    )
    if job:
        group.lines = [_quote_line(job), *(_line(entry) for entry in reversed(entries))]
        group.lines[-1].place = "end" if job.state.is_final else "open"
    return group


def _quote_line(job: Job) -> LineView:
    unit = job.held_credits // job.request.count
    pictures = text.count(job.request.count, "picture")
    return LineView(kind="Quote", reason=f"{pictures} at {text.count(unit, 'credit')}", credits=f"{job.held_credits:,}")


def _line(entry: Entry) -> LineView:
    return LineView(
        kind=entry.kind.capitalize(),
        reason=entry.reason,
        time=text.iso(entry.created_at),
        credits=text.signed(entry.amount),
        balance=f"{entry.balance_after:,}",
    )


def receipt_view(job: Job, attempts: list[Attempt], model: Model | None) -> ReceiptView:
    """Show what a job came to."""
    unit = job.held_credits // job.request.count
    is_final = job.state.is_final
    return ReceiptView(
        job_id=job.id,
        name=f"Receipt R-{job.id[-6:]}",
        prompt=job.request.prompt,
        line=model.line if model else "local",
        is_open=not is_final,
        quoted=f"Quoted, {job.request.count} × {unit}",
        quoted_credits=f"{job.held_credits:,}",
        delivered=f"Delivered, {job.delivered} × {job.charged_credits // job.delivered if job.delivered else unit}",
        delivered_credits=f"{job.charged_credits:,}",
        returned=f"{job.held_credits - job.charged_credits:,}" if is_final else "0",
        paid=text.count(job.charged_credits, "credit"),
        stops=[*route_of(job, attempts), _gallery_stop(job)],
    )


def _appeal(case: Case | None) -> str:
    if case is None:
        return ""
    return f"Appeal answered: {case.answer}" if case.state is CaseState.ANSWERED else "Appeal open, not answered yet"


def _gallery_stop(job: Job) -> StopView:
    if job.delivered:
        pictures = text.count(job.delivered, "picture")
        return StopView(kind="home", name="Your gallery", sub=pictures, time=text.iso(job.ended_at))
    missed = "Nothing delivered · 0 credits charged" if job.state.is_final else "On its way"
    return StopView(kind="home", name="Your gallery", sub=missed, state="ahead")
