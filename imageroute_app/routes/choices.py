"""Choices over HTTP: the receipt of an event as a file, and every switch as a form that needs no script.

The words on the page are those that the record keeps, as beside the switches of the privacy center.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.choices import EVERYTHING, FREEZE_WORDS, ChoiceEvent, words_for
from imageroute_app.domain.consent_receipts import Controller, receipt
from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.purposes import PURPOSES, Purpose
from imageroute_app.routes.forms import read_form
from imageroute_app.routes.pagekit import NO_STORE, CurrentServices, render
from imageroute_app.routes.session import owner_of, see_other
from imageroute_app.services.choices import Standing
from imageroute_app.services.house import Services

PAGE = "/privacy-center/choices"
PRIVATE = {**NO_STORE, "X-Robots-Tag": "noindex"}


class ChoiceRoutes:
    """The routes; `current` returns the open services."""

    def __init__(self, current: CurrentServices) -> None:
        self._current = current

    async def receipt(self, request: Request) -> Response:
        """Give the receipt of one event of the person; anybody else's is not there."""
        services = self._current()
        owner = await owner_of(request, services)
        choice = await services.choices.log.event(owner, request.path_params["choice_id"])
        text = json.dumps(receipt(choice, _controller(services)), indent=2, ensure_ascii=False)
        name = f"imageroute-receipt-{choice.created_at:%Y-%m-%d}-{choice.number}.json"
        headers = {**NO_STORE, "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(text, media_type="application/ld+json", headers=headers)

    async def page(self, request: Request) -> Response:
        """Show how everything stands, each with its button."""
        services = self._current()
        owner = await owner_of(request, services)
        lift_words = words_for(EVERYTHING, ChoiceEvent.LIFTED) if "lift" in request.query_params else ""
        return render(
            request, services, "choices.html", headers=PRIVATE, switches=await _switches(services, owner),
            is_frozen=await services.choices.is_frozen(owner), freeze_words=FREEZE_WORDS, lift_words=lift_words,
            trained=len(await services.training.allowed(owner)),
        )  # fmt: skip

    async def choose(self, request: Request) -> Response:
        """Do what one button says, and show how it stands then."""
        services = self._current()
        owner = await owner_of(request, services)
        form = await read_form(request, "act", "purpose")
        match form.get("act"):
            case "on" | "off" as act:
                await _switch(services, owner, form.get("purpose"), on=act == "on")
            case "freeze":
                await services.choices.freeze(owner)
            case "ask-lift":
                await services.choices.announce_lifting(owner)
                return see_other(f"{PAGE}?lift")
            case "lift":
                await services.choices.lift(owner)
            case "training-off":
                await services.training.all_off(owner)
            case _:
                raise InvalidInput("Press one of the buttons.", field="act")
        return see_other(PAGE)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(PAGE, self.page, methods=["GET"]),
            Route(PAGE, self.choose, methods=["POST"]),
            Route(f"{PAGE}/{{choice_id}}", self.receipt, methods=["GET"]),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainSwitch:
    """One purpose with its button."""

    purpose: str
    title: str
    words: str
    basis: str
    is_on: bool
    note: str = ""


async def _switches(services: Services, owner: str) -> Sequence[PlainSwitch]:
    standings = [one for one in await services.choices.standings(owner) if one.purpose is not Purpose.NEWSLETTER]
    news = await services.newsletter_choice.standing(owner)
    waits = "Waiting for your answer to our mail." if news.is_waiting else ""
    return [
        *[_plain(one) for one in standings],
        replace(_plain(Standing(purpose=Purpose.NEWSLETTER, is_on=news.is_on, last=news.last)), note=waits),
    ]


def _plain(standing: Standing) -> PlainSwitch:
    facts = PURPOSES[standing.purpose]
    words = words_for(standing.purpose, ChoiceEvent.GIVEN, against_signal=standing.by_signal)
    return PlainSwitch(
        purpose=standing.purpose.value, title=facts.title, words=words.removeprefix(f"{facts.title}. "),
        basis=facts.basis.value, is_on=standing.is_on,
    )  # fmt: skip


async def _switch(services: Services, owner: str, name: str, *, on: bool) -> None:
    if name not in set(Purpose):
        raise InvalidInput("There is no such purpose.", field="purpose")
    purpose = Purpose(name)
    if purpose is Purpose.NEWSLETTER:
        await services.newsletter_choice.choose(owner, on=on)
    else:
        await services.choices.choose(owner, purpose, on=on)


def _controller(services: Services) -> Controller:
    site = services.site
    return Controller(
        name=site.controller_name,
        address=site.controller_address,
        contact=site.data_contact,
        origin=services.rules.origin,
    )
