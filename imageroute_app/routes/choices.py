"""Choices over HTTP: the receipt of an event as a file."""

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.consent_receipts import Controller, receipt
from imageroute_app.routes.pagekit import NO_STORE, CurrentServices
from imageroute_app.routes.session import owner_of
from imageroute_app.services.house import Services


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

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/privacy-center/choices/{choice_id}", self.receipt, methods=["GET"])]


def _controller(services: Services) -> Controller:
    site = services.site
    return Controller(
        name=site.controller_name,
        address=site.controller_address,
        contact=site.data_contact,
        origin=services.rules.origin,
    )
