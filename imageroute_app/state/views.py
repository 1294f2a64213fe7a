"""What the browser sees of domain objects: small dataclasses of strings and numbers, made here and nowhere else."""

import dataclasses

from imageroute_app.bootstrap import services
from imageroute_app.domain.catalog import Known, Model, Task
from imageroute_app.domain.gallery import UNKNOWN_SEED, Image
from imageroute_app.domain.jobs import Attempt, AttemptOutcome, Job
from imageroute_app.services.routing import Offer
from imageroute_app.state import text

REVIEW = {
    Known.YES: "People may look at it",
    Known.NO: "Nobody looks at it",
    Known.UNKNOWN: "Unknown whether people look at it",
}


@dataclasses.dataclass
class StopView:
    """One stop of a route; `kind` is you, hub, prov or home, `state` a class of the design such as fail or ahead.

    `line` is the colour of the company, `note` what happened there in one sentence.
    """

    kind: str = ""
    name: str = ""
    sub: str = ""
    time: str = ""
    mark: str = ""
    state: str = ""
    line: str = ""
    note: str = ""


@dataclasses.dataclass
class ModelView:
    """A model as the composer and the picker show it; `closed` is why it cannot be used, `health` a class and a word."""

    key: str = ""
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
    credits: int = 0
    usual: str = ""
    kept: str = ""
    trained: str = ""
    health: str = ""
    health_text: str = ""
    closed: str = ""


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
    purge: str = ""
    tags: list[str] = dataclasses.field(default_factory=list)
    stops: list[StopView] = dataclasses.field(default_factory=list)


MARKINGS = {
    "trainedAlgorithmicMedia": "AI-made, marked",
    "compositeWithTrainedAlgorithmicMedia": "Partly AI-made, marked",
    "algorithmicMedia": "Machine-made, marked",
}
TRAINED = {Known.YES: "Yes", Known.NO: "No", Known.UNKNOWN: "Unknown"}
HEALTH = {"ok": "Good", "slow": "Slow", "errors": "Errors"}


def model_view(offer: Offer) -> ModelView:
    """Show a model as it is on offer now."""
    model, policy, standing = offer.model, offer.model.policy, offer.standing
    return ModelView(
        key=model.key,
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
        price=text.count(offer.unit_credits, "credit"),
        typical=f"Usually {text.clock(round(standing.latency_s))}",
        typical_s=model.typical_s,
        takes_seed=model.capabilities.takes_seed,
        takes_negative=model.capabilities.takes_negative,
        takes_image=Task.EDIT in model.capabilities.tasks,
        source=policy.source,
        checked_on=policy.checked_on.isoformat(),
        credits=offer.unit_credits,
        usual=f"{max(1, round(standing.latency_s))} s",
        kept=policy.retention_text.removeprefix("Kept ").removeprefix("Retention ").capitalize(),
        trained=TRAINED[policy.trains],
        health=standing.code if standing.code in HEALTH else "closed",
        health_text=HEALTH.get(standing.code, standing.text),
        closed=offer.closed.text if offer.closed else "",
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
        seed="" if image.seed == UNKNOWN_SEED else str(image.seed),
        price=text.count(image.price_credits, "credit"),
        quoted=f"of {job.held_credits // job.request.count} quoted" if job else "",
        marking=MARKINGS.get(image.source_type, "Marked"),
        took=text.seconds(image.took_ms),
        created=text.iso(image.created_at),
        receipt=f"R-{image.job_id[-6:]}",
        favourite=image.favourite,
        purge=text.iso(image.purge_at),
        tags=list(image.tags),
        stops=route_of(job, attempts, image) if job else [],
    )


def route_of(job: Job, attempts: list[Attempt], image: Image | None = None) -> list[StopView]:
    """Return the stops of a job's route: you, us with the rule in force, every recipient in order, your gallery."""
    sent = "Prompt and a picture" if job.request.source_id else "Prompt only, no image"
    rule = attempts[0].rule if attempts else "Nothing was sent"
    stops = [
        StopView(kind="you", name="You", sub=sent, time=text.iso(job.created_at)),
        StopView(kind="hub", name="ImageRoute", sub=f"Your rule: {rule}" if attempts else rule),
    ]
    stops += [recipient(attempt) for attempt in attempts]
    if image is not None:
        took = text.seconds(image.took_ms)
        stops.append(
            StopView(kind="home", name="Your gallery", sub=f"Private · {took}", time=text.iso(image.created_at))
        )
    return stops


OUTCOMES = {
    AttemptOutcome.FAILED: "failed",
    AttemptOutcome.REFUSED: "refused",
    AttemptOutcome.CANCELLED: "stopped by you",
    AttemptOutcome.UNKNOWN: "result unknown",
}
RECEIVED = {"no": "received it, bills nothing", "yes": "received it", "unknown": "may have received it"}
NOT_SENT = frozenset({"transient", "auth", "rate_limited", "quota"})


def recipient(attempt: Attempt) -> StopView:
    """Show one recipient: the facts in force then, and for one that did not deliver how it ended and what it received."""
    is_bad = attempt.outcome in OUTCOMES
    facts = f"{attempt.country} · {attempt.retention.lower()} · {attempt.trains.lower()}"
    words = [attempt.country, OUTCOMES.get(attempt.outcome, "")]
    if is_bad and attempt.region != "local":
        words.append(
            "took nothing" if attempt.code in NOT_SENT and attempt.billed == "no" else RECEIVED[attempt.billed]
        )
    model = _offered(attempt)
    return StopView(
        kind="prov",
        name=attempt.company,
        sub=" · ".join(words) if is_bad else facts,
        time=text.iso(attempt.started_at),
        mark=model.letter if model else attempt.company[:1],
        state="fail" if is_bad else ("now" if attempt.outcome is AttemptOutcome.RUNNING else ""),
        line=model.line if model else "",
        note=" ".join(attempt.notes),
    )


def _offered(attempt: Attempt) -> Model | None:
    return services().routing.model(f"{attempt.provider}/{attempt.model}")
