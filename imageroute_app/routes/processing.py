"""The policy for machines, and the record of processing for operators: what DATA_MAP says, and nothing personal."""

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.policies import Kind
from imageroute_app.routes.pagekit import CurrentServices, Endpoint
from imageroute_app.services.processing import policy

PATH = "/privacy/policy.jsonld"


def processing_routes(current: CurrentServices) -> list[Route]:
    """Return the address of the machine-readable policy."""
    return [Route(PATH, _policy(current), methods=["GET"])]


def _policy(current: CurrentServices) -> Endpoint:
    async def show(_request: Request) -> Response:
        services = current()
        edition = await services.policies.current(Kind.PRIVACY)
        document = policy(
            services.site,
            origin=services.rules.origin,
            edition=edition.id,
            in_effect_since=edition.effective.isoformat(),
        )
        text = json.dumps(document, ensure_ascii=False, indent=1)
        headers = {"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"}
        return Response(text, media_type="application/ld+json", headers=headers)

    return show
