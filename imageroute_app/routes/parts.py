"""Erasing one category: a page that says what goes and what stays and why, then the password, then the page of the erasure."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.data_map import Category
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.parts import part_of
from imageroute_app.routes.confirm import PROOF, Act, confirmed
from imageroute_app.routes.forms import read_form
from imageroute_app.routes.pagekit import CurrentServices, render
from imageroute_app.routes.session import owner_of, see_other

SECTION = "/privacy-center#hold"


def part_routes(current: CurrentServices) -> list[Route]:
    """Return page and form; both need a live session and touch only its owner."""

    async def show(request: Request) -> Response:
        services, category = current(), _category(request)
        owner = await owner_of(request, services)
        offer = await services.part_erasures.offer(owner, category)
        return render(request, services, "erase_part.html", name=category.value, offer=offer, back=SECTION)

    async def erase(request: Request) -> Response:
        services, category = current(), _category(request)
        form = await read_form(request, *PROOF)
        session = await confirmed(request, services, form, act_of(category))
        if isinstance(session, Response):
            return session
        await services.activity.note(session.owner, ActivityKind.ERASURE, device=session.device, detail="part")
        erasure = await services.part_erasures.begin(session.owner, category)
        return see_other(f"/erasure/{erasure.code}")

    path = "/privacy-center/erase/{part:str}"
    return [Route(path, show, methods=["GET"]), Route(path, erase, methods=["POST"])]


def act_of(category: Category) -> Act:
    """Return what the page that asks for the password says."""
    return Act(
        heading=f"Erase: {category.value}",
        meaning="It is erased at once, everywhere, and nobody can bring it back. Your account stays open.",
        button="Erase now",
        back=SECTION,
    )


def _category(request: Request) -> Category:
    category = part_of(request.path_params["part"])
    if category is None:
        raise NotFound("There is no such part that can be erased by itself.")
    return category
