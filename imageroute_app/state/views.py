"""What the browser sees of domain objects: small dataclasses of strings and numbers, made here and nowhere else."""

import dataclasses

from imageroute_app.domain.catalog import Known, Model, Task
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.jobs import Attempt, AttemptOutcome, Job
from imageroute_app.state import text

REVIEW = {
    Known.YES: "People may look at it",
    Known.NO: "Nobody looks at it",
    Known.UNKNOWN: "Unknown whether people look at it",
}


@dataclasses.dataclass
class StopView:
    """One stop of a route; `kind` is you, hub, prov or home, `state` a class of the design such as fail or ahead."""

    kind: str = ""
    name: str = ""
    sub: str = ""
    time: str = ""
    mark: str = ""
    state: str = ""


@dataclasses.dataclass
class ModelView:
    """A model as the composer and the picker show it."""

    id: str = ""
    provider: str = ""
    name: str = ""
    line: str = "local"
    letter: str = ""
    company: str = ""
    country: str = ""
    retention: str = ""
    trains: str = ""
    review: str = ""
    summary: str = ""
    price: str = ""
    typical: str = ""
    typical_s: int = 0
    takes_seed: bool = False
    takes_negative: bool = False
    takes_image: bool = False
    source: str = ""
    checked_on: str = ""


@dataclasses.dataclass
class ImageView:
    """An image with all that the inspector and the lightbox show."""

    id: str = ""
    job_id: str = ""
    prompt: str = ""
    negative: str = ""
    alt: str = ""
    thumb: str = ""
    large: str = ""
    original: str = ""
    download: str = ""
    width: int = 0
    height: int = 0
    size: str = ""
    file_size: str = ""
    colour: str = ""
    model: str = ""
    line: str = "local"
    letter: str = ""
    style: str = ""
    seed: str = ""
    price: str = ""
    quoted: str = ""
    marking: str = ""
    took: str = ""
    created: str = ""
    receipt: str = ""
    favourite: bool = False
    trashed: bool = False
    purge: str = ""
    stops: list[StopView] = dataclasses.field(default_factory=list)


def model_view(model: Model, price_credits: int) -> ModelView:
    """Show a model with its price per picture."""
    policy = model.policy
    return ModelView(
        id=model.id,
        provider=model.provider,
        name=model.name,
        line=model.line,
        letter=model.letter,
        company=policy.company,
        country=policy.country,
        retention=policy.retention_text,
        trains=policy.training_text,
        review=REVIEW[policy.human_review],
        summary=model.summary,
        price=text.count(price_credits, "credit"),
        typical=f"Usually {text.clock(model.typical_s)}",
        typical_s=model.typical_s,
        takes_seed=model.capabilities.takes_seed,
        takes_negative=model.capabilities.takes_negative,
        takes_image=Task.EDIT in model.capabilities.tasks,
        source=policy.source,
        checked_on=policy.checked_on.isoformat(),
    )


def image_view(image: Image, model: Model | None, job: Job | None, attempts: list[Attempt]) -> ImageView:
    """Show an image; `model` is None when it is no longer on offer."""
    base = f"/media/{image.id}"
    return ImageView(
        id=image.id,
        job_id=image.job_id,
        prompt=image.prompt,
        negative=image.negative,
        alt=image.prompt,
        thumb=f"{base}/320",
        large=f"{base}/960",
        original=f"{base}/original",
        download=f"{base}/original?download=1",
        width=image.width,
        height=image.height,
        size=text.pixels(image.width, image.height),
        file_size=text.size(image.size_bytes),
        colour=image.colour,
        model=model.name if model else image.model,
        line=model.line if model else "local",
        letter=model.letter if model else image.model[:1].upper(),
        style=image.style,
        seed=str(image.seed),
        price=text.count(image.price_credits, "credit"),
        quoted=f"of {job.held_credits // job.request.count} quoted" if job else "",
        marking="AI-made, marked" if image.source_type == "trainedAlgorithmicMedia" else "Machine-made, marked",
        took=text.seconds(image.took_ms),
        created=text.iso(image.created_at),
        receipt=f"R-{image.job_id[-6:]}",
        favourite=image.favourite,
        trashed=image.trashed,
        purge=text.iso(image.purge_at),
        stops=route_of(job, attempts, image) if job else [],
    )


def route_of(job: Job, attempts: list[Attempt], image: Image | None = None) -> list[StopView]:
    """Return the stops of a job's route: you, us, every recipient in order, your gallery."""
    sent = "Prompt and a picture" if job.request.source_id else "Prompt only, no image"
    stops = [
        StopView(kind="you", name="You", sub=sent, time=text.iso(job.created_at)),
        StopView(kind="hub", name="ImageRoute", sub="Price held, your balance checked"),
    ]
    stops += [_recipient(attempt) for attempt in attempts]
    if image is not None:
        took = text.seconds(image.took_ms)
        stops.append(
            StopView(kind="home", name="Your gallery", sub=f"Private · {took}", time=text.iso(image.created_at))
        )
    return stops


def _recipient(attempt: Attempt) -> StopView:
    failed = attempt.outcome not in (AttemptOutcome.DELIVERED, AttemptOutcome.RUNNING)
    facts = f"{attempt.country} · {attempt.retention.lower()} · {attempt.trains.lower()}"
    return StopView(
        kind="prov",
        name=attempt.company,
        sub=facts if not failed else f"{attempt.country} · {attempt.outcome}",
        mark="L" if attempt.provider == "sketch" else attempt.company[:1],
        state="fail" if failed else ("now" if attempt.outcome is AttemptOutcome.RUNNING else ""),
    )
