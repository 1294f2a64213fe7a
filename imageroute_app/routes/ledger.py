"""The ledger of who got what, as a file."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.routes.pagekit import NO_STORE, CurrentServices
from imageroute_app.routes.session import owner_of

PATH = "/privacy-center/who-got-what.csv"


def ledger_routes(current: CurrentServices) -> list[Route]:
    """Return the route; it answers its person only."""

    async def download(request: Request) -> Response:
        services = current()
        text = await services.disclosures.as_csv(await owner_of(request, services))
        headers = {**NO_STORE, "Content-Disposition": 'attachment; filename="imageroute-who-got-what.csv"'}
        return Response(text.encode(), media_type="text/csv; charset=utf-8", headers=headers)

    return [Route(PATH, download, methods=["GET"])]
