"""Routing: who may get a picture's prompt under a person's rule, in which order, and what happens when one fails.

Principles: every model that is left out has a reason that can be shown; a fact that is unknown fails closed under Strict.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from imageroute_app.domain.catalog import HOURS_PER_DAY, DataPolicy, Known, Model, Region, Task
from imageroute_app.domain.jobs import Level, Request, Rule
from imageroute_app.domain.ports import ErrorKind

STRICT_DAYS = 30
EU_OR_LOCAL: frozenset[Region] = frozenset({"eu", "local"})
SHAPE_SLACK = 0.15
"""How far the closest shape on offer may be from the one asked for, as a share of the ratio."""
_RANK = {Known.NO: 0, Known.UNKNOWN: 1, Known.YES: 2}
_REGION_RANK: Mapping[str, int] = {"local": 0, "eu": 1, "us": 2, "global": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Why one model is left out: `code` for programs, `text` for people."""

    key: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loosening:
    """The one change of a rule that would let somebody run the request."""

    rule: Rule
    text: str


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


LACKS: Mapping[Task, str] = {
    Task.TEXT: "Only changes pictures",
    Task.EDIT: "Does not start from a picture",
    Task.INPAINT: "Takes no mask",
    Task.OUTPAINT: "Does not extend pictures",
    Task.UPSCALE: "Does not upscale",
    Task.CUTOUT: "Does not remove backgrounds",
}


def unfit(model: Model, request: Request) -> str:
    """Return what the request needs and the model cannot do, or an empty text."""
    able, task = model.capabilities, task_of(request)
    if task not in able.tasks:
        return LACKS[task]
    if len(request.prompt) > able.prompt_chars:
        return f"Takes at most {able.prompt_chars:,} characters"
    if pictures(request) > able.max_references:
        return "Takes one picture only" if able.max_references == 1 else f"Takes at most {able.max_references} pictures"
    if task is Task.UPSCALE:
        return _unfit_scale(model, request)
    if task in (Task.OUTPAINT, Task.CUTOUT):
        return ""  # the result is as large as it is, whatever shapes the model draws otherwise
    return "" if _draws(model, request.width, request.height) else f"Does not draw {request.width} × {request.height}"


def _unfit_scale(model: Model, request: Request) -> str:
    able = model.capabilities
    if able.scales and request.scale not in able.scales:
        return f"Upscales {' or '.join(map(str, able.scales))} times only"
    if able.source_pixels_max and request.width * request.height > able.source_pixels_max * request.scale**2:
        return f"Upscales pictures up to {able.source_pixels_max / 1e6:.1f} megapixels"
    return ""


def pictures(request: Request) -> int:
    """Return how many pictures go with a request, its source and its references."""
    return bool(request.source_id) + len(request.reference_ids)


def task_of(request: Request) -> Task:
    """Return what a request asks for: one that brings a picture and says no more starts from it."""
    return Task.EDIT if pictures(request) and request.task is Task.TEXT else request.task


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
