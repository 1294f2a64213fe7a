"""Routing: who may get a picture's prompt under a person's rule, in which order, and what happens when one fails.

Principles: every model that is left out has a reason that can be shown; a fact that is unknown fails closed under Strict;
no step of a plan costs more than the first one, which is the price that was quoted.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from imageroute_app.domain.catalog import HOURS_PER_DAY, DataPolicy, Known, Model, Region, Task
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.health import Standing
from imageroute_app.domain.jobs import Failover, Level, Mode, Request, Rule
from imageroute_app.domain.ports import ErrorKind

STRICT_DAYS = 30
EU_OR_LOCAL: frozenset[Region] = frozenset({"eu", "local"})
SHAPE_SLACK = 0.15
"""How far the closest shape on offer may be from the one asked for, as a share of the ratio."""
PROVIDERS_MAX = 3
_RANK = {Known.NO: 0, Known.UNKNOWN: 1, Known.YES: 2}
_REGION_RANK: Mapping[str, int] = {"local": 0, "eu": 1, "us": 2, "global": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Why one model is left out: `code` for programs, `text` for people."""

    key: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model that may run the request, at its price per picture, with the facts it was ranked by as words."""

    model: Model
    unit_credits: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who gets the request first, who next if that fails, and everyone who was left out."""

    candidates: tuple[Candidate, ...]
    closed: tuple[Closed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loosening:
    """The one change of a rule that would let somebody run the request."""

    rule: Rule
    text: str


class NoRoute(ImageRouteError):
    """Nobody may run the request; `closed` says why for each, `loosening` what would help."""

    code = "no_route"
    status = 409

    def __init__(self, message: str, *, closed: Sequence[Closed] = (), loosening: Loosening | None = None) -> None:
        super().__init__(message)
        self.closed, self.loosening = tuple(closed), loosening


# --- The rule ---------------------------------------------------------------------------------------------------------


def rule_breach(rule: Rule, model: Model) -> Closed | None:
    """Return the first part of the rule that a model breaks, or None."""
    for code, text in (*_level_breaches(rule.level, model.policy), *_own_breaches(rule, model)):
        return Closed(key=model.key, code=code, text=text)
    return None


def _level_breaches(level: Level, policy: DataPolicy) -> Iterable[tuple[str, str]]:
    if level is not Level.ANY and policy.trains is Known.YES:
        yield "trains", "Trains on it"
    if level is not Level.STRICT:
        return
    if policy.region not in EU_OR_LOCAL:
        yield "region", "Outside the EU"
    if policy.trains is Known.UNKNOWN:
        yield "trains", "Training unknown"
    yield from _retention_breach(policy, STRICT_DAYS)


def _own_breaches(rule: Rule, model: Model) -> Iterable[tuple[str, str]]:
    policy = model.policy
    if rule.providers and model.provider not in rule.providers:
        yield "provider", "Not on your list"
    if rule.regions and policy.region not in rule.regions:
        yield "region", "Outside your regions"
    if rule.retention_days_max is not None:
        yield from _retention_breach(policy, rule.retention_days_max)
    if rule.no_training and policy.trains is not Known.NO:
        yield "trains", "Training unknown" if policy.trains is Known.UNKNOWN else "Trains on it"
    if rule.no_human_review and policy.human_review is not Known.NO:
        yield "review", "People may look" if policy.human_review is Known.YES else "Human review unknown"


def _retention_breach(policy: DataPolicy, days: int) -> Iterable[tuple[str, str]]:
    if policy.retention_hours is None:
        yield "retention", "Retention unknown"
    elif policy.retention_hours > days * HOURS_PER_DAY:
        yield "retention", f"{policy.retention_text}, over {days}"


def is_as_private(other: DataPolicy, first: DataPolicy) -> bool:
    """Say whether `other` promises at least as much as `first` in every fact; unknown is worse than anything known well."""
    never = 10**9
    kept = [policy.retention_hours if policy.retention_hours is not None else never for policy in (other, first)]
    return (
        _RANK[other.trains] <= _RANK[first.trains]
        and _RANK[other.human_review] <= _RANK[first.human_review]
        and kept[0] <= kept[1]
        and (other.region == first.region or _REGION_RANK[other.region] < min(2, _REGION_RANK[first.region]))
    )


def loosen(rule: Rule, models: Sequence[Model]) -> Loosening | None:
    """Return the smallest single change of the rule under which at least one of these models is allowed."""
    for changed, text in _changes(rule):
        helped = [model for model in models if rule_breach(changed, model) is None]
        if helped:
            return Loosening(rule=changed, text=f"{text} would open {_names(helped)}.")
    return None


def _changes(rule: Rule) -> Iterable[tuple[Rule, str]]:
    if rule.providers:
        yield replace(rule, providers=()), "Allowing every company"
    if rule.regions:
        yield replace(rule, regions=()), "Allowing every region"
    if rule.retention_days_max is not None:
        yield replace(rule, retention_days_max=None), "Setting no limit on retention"
    if rule.no_human_review:
        yield replace(rule, no_human_review=False), "Allowing human review"
    if rule.no_training:
        yield replace(rule, no_training=False), "Leaving training to the level"
    if rule.level is Level.STRICT:
        yield replace(rule, level=Level.BALANCED), "Balanced instead of Strict"
    if rule.level is not Level.ANY:
        yield replace(rule, level=Level.ANY), "Any instead of " + rule.level.capitalize()


def _names(models: Sequence[Model]) -> str:
    shown = [f"{model.name} ({model.policy.company})" for model in models[:3]]
    more = len(models) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


# --- What a model can do ----------------------------------------------------------------------------------------------


def unfit(model: Model, request: Request) -> str:
    """Return what the request needs and the model cannot do, or an empty text."""
    able = model.capabilities
    if task_of(request) not in able.tasks:
        return "Does not start from a picture" if request.source_id else "Only changes pictures"
    if len(request.prompt) > able.prompt_chars:
        return f"Takes at most {able.prompt_chars:,} characters"
    if not _draws(model, request.width, request.height):
        return f"Does not draw {request.width} × {request.height}"
    return ""


def task_of(request: Request) -> Task:
    """Return what a request asks for."""
    return Task.EDIT if request.source_id else Task.TEXT


def _draws(model: Model, width: int, height: int) -> bool:
    able = model.capabilities
    if able.geometry == "free":
        fits = able.side_min_px <= min(width, height) and max(width, height) <= able.side_max_px
        return fits and (not able.pixels_max or width * height <= able.pixels_max)
    shapes = [w / h for w, h in able.sizes] if able.geometry == "sizes" else [_shape(name) for name in able.ratios]
    return any(abs(shape / (width / height) - 1) <= SHAPE_SLACK for shape in shapes)


def _shape(ratio: str) -> float:
    width, _, height = ratio.partition(":")
    return int(width) / int(height)


def dropped(model: Model, request: Request) -> int:
    """Return how many of the request's options the model would ignore."""
    able = model.capabilities
    return (request.seed is not None and not able.takes_seed) + (bool(request.negative) and not able.takes_negative)


def worded(request: Request, model: Model) -> str:
    """Return the exact words that are sent: the prompt, and the style where the model has no control of its own for it."""
    if not request.style or model.capabilities.takes_style:
        return request.prompt
    return f"{request.prompt}\n\nStyle: {request.style.replace('-', ' ')}."


# --- The plan ---------------------------------------------------------------------------------------------------------

Prices = Callable[[Model], int]
Standings = Callable[[Model], Standing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a plan depends on beside the request: today, each model's price per picture and standing, a proven address."""

    today: date
    price: Prices
    standing: Standings
    is_verified: bool


def closed_for(model: Model, request: Request, here: Circumstances) -> Closed | None:
    """Return why a model cannot run a request, or None; the order is the one in which a person can do something."""

    def closed(code: str, text: str) -> Closed:
        return Closed(key=model.key, code=code, text=text)

    if model.retires_on is not None and model.retires_on <= here.today:
        return closed("retired", f"Retired on {model.retires_on.isoformat()}")
    if breach := rule_breach(request.rule, model):
        return breach
    if lack := unfit(model, request):
        return closed("unfit", lack)
    if model.is_networked and not here.is_verified:
        return closed("unverified", "Confirm your email first")
    standing = here.standing(model)
    return closed(standing.code, standing.text) if standing.is_closed else None


def make_plan(request: Request, models: Sequence[Model], here: Circumstances) -> Plan:
    """Filter and rank. The first candidate is who gets the request; the others stand ready as the failover rule says.

    Raises:
        NoRoute: when nobody may run it, or the model that was chosen may not.
    """
    found = [(model, closed_for(model, request, here)) for model in models]
    closed = [reason for _, reason in found if reason is not None]
    open_models = [model for model, reason in found if reason is None]
    first = _first(request, open_models, here)
    if first is None:
        raise _no_route(request, models, closed)
    followers, more = _followers(request, first, open_models, here)
    candidates = (first, *followers[: PROVIDERS_MAX - 1])
    return Plan(
        candidates=tuple(
            Candidate(model=model, unit_credits=here.price(model), why=_why(model, here)) for model in candidates
        ),
        closed=(*closed, *more),
    )


def _first(request: Request, models: list[Model], here: Circumstances) -> Model | None:
    if request.mode is Mode.FIXED:
        return next((m for m in models if (m.provider, m.id) == (request.provider, request.model)), None)
    drawn = [model for model in models if model.makes == "trainedAlgorithmicMedia"]
    ranked = ranked_models(request, drawn, here)
    return ranked[0] if ranked else None


def _followers(
    request: Request, first: Model, models: list[Model], here: Circumstances
) -> tuple[list[Model], list[Closed]]:
    """Return who comes after the first, best first, and who does not with the reason."""
    ready: list[Model] = []
    closed: list[Closed] = []
    for model in models:
        if model.key == first.key:
            continue
        if reason := _unready(request, first, model, here):
            closed.append(Closed(key=model.key, code=reason[0], text=reason[1]))
        else:
            ready.append(model)
    auto = replace(request, mode=Mode.AUTO if request.mode is Mode.FIXED else request.mode)
    best: dict[str, Model] = {}
    for model in ranked_models(auto, ready, here):
        best.setdefault(model.provider, model)
    return list(best.values()), closed


def _unready(request: Request, first: Model, model: Model, here: Circumstances) -> tuple[str, str] | None:
    if request.rule.failover is Failover.NEVER:
        return "failover", "Your rule: never to another company"
    if model.provider == first.provider:
        return "company", "The same company"
    if model.makes != first.makes:
        return "kind", "Another kind of picture"
    if here.price(model) > here.price(first):
        return "budget", "Costs more than the quote"
    if request.rule.failover is Failover.EQUAL and not is_as_private(model.policy, first.policy):
        return "privacy", "Promises less than the first"
    return None


def ranked_models(request: Request, models: Sequence[Model], here: Circumstances) -> list[Model]:
    """Return the models, best first for the request's mode; ties are broken by name, so that the order is always the same."""
    dearest = max((here.price(model) for model in models), default=1) or 1
    slowest = max((here.standing(model).latency_s for model in models), default=1.0) or 1.0

    def score(model: Model) -> tuple[float, ...]:
        standing, price = here.standing(model), here.price(model)
        whole = 0.35 * price / dearest + 0.25 * standing.latency_s / slowest + 0.4 * standing.failure_rate
        order: Mapping[Mode, tuple[float, ...]] = {
            Mode.CHEAPEST: (price, whole),
            Mode.FASTEST: (round(standing.latency_s, 1), whole),
            Mode.BEST: (-model.quality, whole),
        }
        return (dropped(model, request), *order.get(request.mode, (whole - 0.1 * model.quality / 5,)))

    return sorted(models, key=lambda model: (*score(model), model.key))


def _why(model: Model, here: Circumstances) -> str:
    standing, price = here.standing(model), here.price(model)
    failed = f"{round(standing.failure_rate * 100)} % failed lately"
    return f"{price} a picture, usually {round(standing.latency_s)} s, {failed}"


def _no_route(request: Request, models: Sequence[Model], closed: list[Closed]) -> NoRoute:
    if request.mode is Mode.FIXED:
        chosen = f"{request.provider}/{request.model}"
        models = [model for model in models if model.key == chosen]
        closed = [reason for reason in closed if reason.key == chosen]
        if not models:
            return NoRoute("This model is not on offer. Choose another one.")
        loosening = loosen(request.rule, models) if rule_breach(request.rule, models[0]) else None
        return NoRoute(
            f"{models[0].name} cannot be used: {closed[0].text[:1].lower()}{closed[0].text[1:]}."
            " Nothing was sent or charged.",
            closed=closed,
            loosening=loosening,
        )
    able = [m for m in models if m.makes == "trainedAlgorithmicMedia" and not unfit(m, request)]
    broken = [model for model in able if rule_breach(request.rule, model)]
    loosening = loosen(request.rule, able) if able and len(broken) == len(able) else None
    return NoRoute(
        "Nobody may draw this under your rule. Nothing was sent or charged.", closed=closed, loosening=loosening
    )


# --- After a failure --------------------------------------------------------------------------------------------------

Step = Literal["again", "next", "end"]
RATE_WAIT_S = 20.0


def next_step(kind: ErrorKind, *, billed: str, wait_s: float | None, tries: int) -> Step:
    """Say what follows a failed attempt (PROVIDERS.md 2.4): the same provider again, the next one, or the end.

    `tries` counts attempts at this provider so far. What may have been billed is never sent again by itself, and a refusal
    is not taken elsewhere.
    """
    if billed != "no" or kind in (ErrorKind.REFUSED, ErrorKind.CANCELLED, ErrorKind.RESULT_LOST):
        return "end"
    if tries < 2 and kind is ErrorKind.TRANSIENT and (wait_s or 0) <= RATE_WAIT_S:
        return "again"
    if tries < 2 and kind is ErrorKind.RATE and wait_s is not None and wait_s <= RATE_WAIT_S:
        return "again"
    return "next"
