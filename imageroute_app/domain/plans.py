"""Plans: who may run a request and in which order, and everyone who was left out with the reason.

Principle: no step of a plan costs more than the first one, which is the price that was quoted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from imageroute_app.domain.catalog import Model
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.health import Standing
from imageroute_app.domain.jobs import Failover, Mode, Request
from imageroute_app.domain.routing import Closed, Loosening, dropped, is_as_private, loosen, rule_breach, unfit

PROVIDERS_MAX = 3


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


class NoRoute(ImageRouteError):
    """Nobody may run the request; `closed` says why for each, `loosening` what would help."""

    code = "no_route"
    status = 409

    def __init__(self, message: str, *, closed: Sequence[Closed] = (), loosening: Loosening | None = None) -> None:
        super().__init__(message)
        self.closed, self.loosening = tuple(closed), loosening


Prices = Callable[[Model], int]
Standings = Callable[[Model], Standing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a plan depends on beside the request: the time, each model's price per picture and standing, a proven address.

    `sent_until` is when we erase the first upload that the request sends along, None when it sends none.
    """

    today: date
    price: Prices
    standing: Standings
    is_verified: bool
    now: datetime | None = None
    sent_until: datetime | None = None
    opens: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    """When companies that people were only just told of may get something."""


def closed_for(model: Model, request: Request, here: Circumstances) -> Closed | None:  # noqa: PLR0911  # a reason each
    """Return why a model cannot run a request, or None; the order is the one in which a person can do something."""

    def closed(code: str, text: str) -> Closed:
        return Closed(key=model.key, code=code, text=text)

    if model.retires_on is not None and model.retires_on <= here.today:
        return closed("retired", f"Retired on {model.retires_on.isoformat()}")
    if breach := rule_breach(request.rule, model):
        return breach
    if lack := unfit(model, request):
        return closed("unfit", lack)
    if model.is_networked and model.policy.company in here.opens:
        return closed("announced", f"New here, open from {here.opens[model.policy.company].date().isoformat()}")
    if model.is_networked and not here.is_verified:
        return closed("unverified", "Confirm your email first")
    if kept := _outlives(model, request, here):
        return closed("upload", kept)
    standing = here.standing(model)
    return closed(standing.code, standing.text) if standing.is_closed else None


def _outlives(model: Model, request: Request, here: Circumstances) -> str:
    """Return how a company may keep an upload longer than we do (PRIVACY 5.5), unless the person accepts that."""
    if here.sent_until is None or here.now is None or request.accepts_keeping or not model.is_networked:
        return ""
    hours = model.policy.retention_hours
    if hours is None:
        return "May keep your upload, for how long is unknown"
    until = here.now + timedelta(hours=hours)
    return f"May keep your upload until {until.date().isoformat()}" if until > here.sent_until else ""


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
    return f"{price} {'credit' if price == 1 else 'credits'} a picture, usually {round(standing.latency_s)} s, {failed}"


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
