"""GET /outbox: mails that were not sent because no mail server is set. This machine only, development only."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.errors import NotFound
from imageroute_app.routes.pagekit import CurrentServices, render
from imageroute_app.routes.session import is_local_client


def outbox_routes(current: CurrentServices) -> list[Route]:
    """Return the route; it does not exist for anyone who is not on this machine."""

    async def outbox(request: Request) -> Response:
        services = current()
        if services.outbox is None or not services.site.is_loopback or not is_local_client(request):
            raise NotFound
        return render(request, services, "outbox.html", letters=await services.outbox())

    return [Route("/outbox", outbox, methods=["GET"])]
