"""What stands behind the promises: figures of running checks, retention rules as the sweep has them, promises with tests."""

import json
from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.case_rules import RULES
from imageroute_app.domain.measures import Figure, State
from imageroute_app.domain.promises import PROMISES
from imageroute_app.domain.statistics import K
from imageroute_app.routes.case_forms import OUTCOMES
from imageroute_app.routes.facts import facts
from imageroute_app.routes.pagekit import PUBLIC, CurrentServices, Endpoint, render
from imageroute_app.services.case_tallies import Year

PROOFS = Path(__file__).with_name("proofs.json")
"""Which tests prove which promise, as `make promises` wrote it."""


def trust_routes(current: CurrentServices) -> list[Route]:
    """Return the pages."""
    pages = {"/trust": _trust(current), "/trust/retention": _retention(current), "/trust/promises": _promises(current)}
    return [Route(path, page, methods=["GET"]) for path, page in pages.items()]


def _trust(current: CurrentServices) -> Endpoint:
    async def show(request: Request) -> Response:
        services = current()
        figures = await services.checks.board()
        return render(
            request,
            services,
            "trust.html",
            headers=PUBLIC,
            figures=figures,
            verdict=verdict(figures),
            reviews=services.checks.reviews,
            receipt_key=services.receipts.public_key,
            early=await services.arrivals.came_early(),
            numbers=[_numbers(one) for one in await services.office.tallies.by_year()],
            **facts(request, services),
        )

    return show


def _numbers(one: Year) -> tuple[str, ...]:
    """Return one line of the table of requests: year, kind, how many, how they ended."""
    total = f"fewer than {K}" if one.total is None else f"{one.total:,}" if one.total else "none"
    ends = ", ".join(f"{OUTCOMES[outcome].lower()} {count:,}" for outcome, count in sorted(one.ends.items()))
    return f"{one.year}", RULES[one.kind].title, total, ends or ("not told of few" if one.total != 0 else "–")


def verdict(figures: Sequence[Figure]) -> str:
    """Return the one sentence of how it stands."""
    missed = sum(one.state is State.MISSED for one in figures)
    met = sum(one.state is State.MET for one in figures)
    text = f"{met} of {len(figures)} figures meet their target."
    if missed:
        text += f" {missed} {'does' if missed == 1 else 'do'} not."
    if unknown := len(figures) - met - missed:
        text += f" {unknown} {'is' if unknown == 1 else 'are'} not measured yet."
    if old := sum(one.is_old for one in figures):
        text += f" {old} {'is' if old == 1 else 'are'} older than they should be."
    return text


def _retention(current: CurrentServices) -> Endpoint:
    async def show(request: Request) -> Response:
        services = current()
        return render(request, services, "trust_retention.html", headers=PUBLIC, **facts(request, services))

    return show


def _promises(current: CurrentServices) -> Endpoint:
    proofs: dict[str, list[str]] = json.loads(PROOFS.read_text(encoding="utf-8"))
    proven = sum(bool(proofs.get(name)) for name in PROMISES)

    async def show(request: Request) -> Response:
        services = current()
        figures = {one.id: one for one in await services.checks.board()}
        rows = [
            (name, promise.sentence, proofs.get(name, []), figures.get(promise.metric))
            for name, promise in PROMISES.items()
        ]
        return render(request, services, "trust_promises.html", headers=PUBLIC, rows=rows, proven=proven)

    return show
