"""/privacy-center/held/<category>: a person's own rows, field by field and opened; for their owner alone, without script."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.parts import PARTS
from imageroute_app.routes.pagekit import CurrentServices, render
from imageroute_app.routes.session import owner_of
from imageroute_app.services.holdings import SLUGS

PRIVATE = {"Cache-Control": "private, no-store"}
AFTER_MAX = 120


def held_routes(current: CurrentServices) -> list[Route]:
    """Return the page of each category; it needs a live session and shows its owner's rows alone."""

    async def show(request: Request) -> Response:
        services, category = current(), SLUGS.get(request.path_params["category"])
        owner = await owner_of(request, services)
        if category is None:
            raise NotFound("There is no such kind of data.")
        after = request.query_params.get("after", "")[:AFTER_MAX]
        page = await services.holdings.rows(owner, category, after)
        part = PARTS.get(category)
        return render(
            request,
            services,
            "held.html",
            headers=PRIVATE,
            name=category.value,
            page=page,
            is_first=not after,
            erase=f"/privacy-center/erase/{part.slug}" if part and page.rows else "",
        )

    return [Route("/privacy-center/held/{category:str}", show, methods=["GET"])]
