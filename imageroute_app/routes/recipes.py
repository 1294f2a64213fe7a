"""POST /api/recipe: a recipe or one of our files becomes settings of the form; nothing is stored.

The body is the file itself. A picture is opened in a worker, never here; only what our own files hold is read from it.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from imageroute_app.routes.pagekit import NO_STORE, CurrentServices
from imageroute_app.routes.session import owner_of

RECIPE_PATH = "/api/recipe"
BODY_BYTES = 30 * 1024 * 1024


def recipe_routes(current: CurrentServices) -> list[Route]:
    """Return the route; its answer is {"form": fields by their names, "notes": sentences about what is not as it was}."""

    async def restore(request: Request) -> Response:
        services = current()
        owner = await owner_of(request, services)
        found = await services.recipes.restore(owner, await request.body())
        return JSONResponse({"form": dict(found.form), "notes": list(found.notes)}, headers=NO_STORE)

    return [Route(RECIPE_PATH, restore, methods=["POST"])]
