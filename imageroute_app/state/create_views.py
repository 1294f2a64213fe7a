"""What the create screen shows of jobs: one view a job, one view a tile."""

import dataclasses
from collections.abc import Sequence

from imageroute_app.domain.catalog import Model
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.jobs import Job, JobState, Mode, Quote, Request
from imageroute_app.services.sources import SourceFacts
from imageroute_app.state import text

WIDE, LANDSCAPE = 1.4, 1.15
"""From these ratios on, tiles stand in fewer columns, so that a waiting tile has room for its words."""
LINE_CHARS = 160


@dataclasses.dataclass
class TileView:
    """One picture of a job, or its place: `kind` is image, missing, or the job's state. `leads` carries the job's words."""

    id: str = ""
    kind: str = ""
    leads: bool = False
    thumb: str = ""
    sources: str = ""
    width: int = 0
    height: int = 0
    colour: str = ""
    alt: str = ""


@dataclasses.dataclass
class JobView:
    """One job of the stage; `since` is when it started, `usual_s` what all its pictures usually take together."""

    id: str = ""
    prompt: str = ""
    line: str = "local"
    letter: str = ""
    state: str = ""
    is_final: bool = False
    can_retry: bool = False
    price: str = ""
    created: str = ""
    since: str = ""
    usual: str = ""
    usual_s: int = 0
    place: str = ""
    starts: str = ""
    reason: str = ""
    money: str = ""
    aside: str = ""
    erased: str = ""
    model: str = ""
    company: str = ""
    took: str = ""
    compare_id: str = ""
    notice: str = ""
    source: str = ""
    ratio: str = "1 / 1"
    shape: str = ""
    tiles: list[TileView] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class GroupView:
    """One row of the stage: a job, or the jobs of a comparison side by side."""

    id: str = ""
    prompt: str = ""
    is_compared: bool = False
    jobs: list[JobView] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class ExampleView:
    """A prompt that one press runs, by a quote that is made already."""

    quote_id: str = ""
    prompt: str = ""
    facts: str = ""
    price: str = ""
    line: str = "local"
    letter: str = ""


@dataclasses.dataclass
class EarlierView:
    """A prompt that was used before, as one line; `job_id` finds the whole of it."""

    job_id: str = ""
    prompt: str = ""


@dataclasses.dataclass
class SourceView:
    """The picture that the next one starts from."""

    id: str = ""
    thumb: str = ""
    name: str = ""
    original: str = ""
    width: int = 0
    height: int = 0


def job_view(job: Job, model: Model | None, images: Sequence[Image], trashed: int = 0) -> JobView:
    """Show a job; `images` are those of it that are in the gallery, so many more lie in the trash, the rest is erased."""
    request = job.request
    usual_s = (model.typical_s if model else 0) * request.count
    erased = job.delivered - len(images) - trashed
    return JobView(
        id=job.id,
        prompt=request.prompt,
        line=model.line if model else "local",
        letter=model.letter if model else job.model[:1].upper(),
        state="stopping" if job.cancel_requested and not job.state.is_final else job.state.value,
        is_final=job.state.is_final,
        can_retry=job.state.is_final and not job.delivered,
        price=_price(job),
        created=text.iso(job.created_at),
        since=text.iso(job.started_at),
        usual=f"Usually {text.clock(usual_s)}" if usual_s else "",
        usual_s=usual_s,
        reason=_reason(job),
        money=_money(job),
        aside=f"{trashed} in the trash" if trashed else "",
        erased=f"{erased} deleted for good" if erased > 0 else "",
        model=model.name if model else job.model,
        company=model.policy.company if model else "",
        took=_took(job),
        compare_id=job.compare_id,
        notice=_passed_on(job, model),
        source=request.source_id,
        ratio=f"{request.width} / {request.height}",
        shape=_shape(request),
        tiles=_tiles(job, images),
    )


def _passed_on(job: Job, model: Model | None) -> str:
    """Say that another company has the job than the one that was chosen."""
    request = job.request
    if request.mode is not Mode.FIXED or request.provider == job.provider or model is None:
        return ""
    return f"Passed on to {model.policy.company}"


def _took(job: Job) -> str:
    if job.started_at is None or job.ended_at is None:
        return ""
    return text.seconds(round((job.ended_at - job.started_at).total_seconds() * 1000))


def _price(job: Job) -> str:
    if job.state.is_final:
        return text.count(job.charged_credits, "credit")
    return f"{text.count(job.held_credits, 'credit')} held"


def _reason(job: Job) -> str:
    if job.state is JobState.CANCELLED:
        return "Stopped while it ran." if job.started_at else "Stopped before it started."
    return job.failure_message


def _money(job: Job) -> str:
    returned = job.held_credits - job.charged_credits
    if job.state is JobState.CANCELLED:
        return f"{text.count(returned, 'credit')} returned"
    return "0 credits charged"


def _shape(request: Request) -> str:
    ratio = request.width / request.height
    return "wide" if ratio >= WIDE else "landscape" if ratio >= LANDSCAPE else ""


def _tiles(job: Job, images: Sequence[Image]) -> list[TileView]:
    if job.delivered:
        missed = range(job.delivered, job.request.count)
        return [*map(tile_of, images), *(TileView(id=f"{job.id}-{place}", kind="missing") for place in missed)]
    state = "stopping" if job.cancel_requested and not job.state.is_final else job.state.value
    return [TileView(id=f"{job.id}-{place}", kind=state, leads=place == 0) for place in range(job.request.count)]


def tile_of(image: Image) -> TileView:
    """Show a picture as a tile; thumbnails are 320 and 960 pixels on their longer side."""
    widths = [round(image.width * min(1.0, side / max(image.width, image.height))) for side in (320, 960)]
    base = f"/media/{image.id}"
    return TileView(
        id=image.id,
        kind="image",
        thumb=f"{base}/320",
        sources=f"{base}/320 {widths[0]}w, {base}/960 {widths[1]}w",
        width=image.width,
        height=image.height,
        colour=image.colour,
        alt=image.prompt,
    )


def placed(jobs: list[JobView]) -> list[JobView]:
    """Return the jobs, newest first, with the queued ones told their place and when their turn may come."""
    waiting = sorted(job.id for job in jobs if job.state == JobState.QUEUED)
    running_s = max((job.usual_s for job in jobs if job.state == JobState.RUNNING), default=0)
    usual_s = {job.id: job.usual_s for job in jobs}
    shown: list[JobView] = []
    for job in jobs:
        if job.id in waiting:
            place = waiting.index(job.id)
            ahead_s = running_s + sum(usual_s[other] for other in waiting[:place])
            starts = f"Starts in about {text.clock(ahead_s)}" if ahead_s else "Starts now"
            shown.append(dataclasses.replace(job, place=text.ordinal(place + 1), starts=starts))
        else:
            shown.append(job)
    return shown


def grouped(jobs: list[JobView]) -> list[GroupView]:
    """Return the jobs, newest first, with those of one comparison in one row, in the order they were chosen."""
    rows: dict[str, GroupView] = {}
    for job in jobs:
        row = rows.setdefault(job.compare_id or job.id, GroupView(id=job.compare_id or job.id, prompt=job.prompt))
        row.jobs.insert(0, job)
        row.is_compared = bool(job.compare_id)
    return list(rows.values())


def example_view(quote: Quote, model: Model) -> ExampleView:
    """Show an example with everything that a person should know before running it."""
    policy = model.policy
    facts = (policy.company, policy.country, policy.retention_text, policy.training_text)
    return ExampleView(
        quote_id=quote.id,
        prompt=quote.request.prompt,
        facts=" · ".join(facts),
        price=text.count(quote.price_credits, "credit"),
        line=model.line,
        letter=model.letter,
    )


def earlier_prompts(jobs: Sequence[Job], limit: int) -> list[EarlierView]:
    """Return the last distinct prompts, newest first."""
    found: dict[str, EarlierView] = {}
    for job in jobs:
        line = " ".join(job.request.prompt.split())
        found.setdefault(job.request.prompt, EarlierView(job_id=job.id, prompt=line[:LINE_CHARS]))
    return list(found.values())[:limit]


def source_view(source: SourceFacts) -> SourceView:
    """Show the picture that the next one starts from."""
    base = f"/media/{source.id}"
    return SourceView(
        id=source.id,
        thumb=f"{base}/320",
        name=source.name[:LINE_CHARS] or "Your picture",
        original=f"{base}/original",
        width=source.width,
        height=source.height,
    )
