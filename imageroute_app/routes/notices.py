"""Following a notice to where something can be done about it, which marks it as seen."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.errors import NotFound
from imageroute_app.routes.pagekit import CurrentServices
from imageroute_app.routes.session import owner_of, see_other


def notice_routes(current: CurrentServices) -> list[Route]:
    """Return the route; it answers its person only, and what is gone leads to the list."""

    async def follow(request: Request) -> Response:
        services = current()
        owner = await owner_of(request, services)
        try:
            notice = await services.notices.open(owner, request.path_params["notice_id"])
        except NotFound:
            return see_other("/notices")
        return see_other(notice.path)

    return [Route("/notices/{notice_id:str}", follow, methods=["GET"])]
