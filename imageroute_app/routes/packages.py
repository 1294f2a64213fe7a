"""Packages of a person's data: starting one and beginning a download ask for the password, the bytes need the grant it left.

The file is never named in a mail. Its entity tag is its SHA-256, so that a download that was cut off goes on with the same
bytes or, after a change, from the start.
"""

import base64
import contextlib
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.data_map import Category
from imageroute_app.domain.errors import Conflict, InvalidInput, NotFound
from imageroute_app.routes.confirm import PROOF, Act, confirmed
from imageroute_app.routes.exports import ALWAYS, ClosedStream
from imageroute_app.routes.forms import Form, read_form
from imageroute_app.routes.pagekit import CurrentServices
from imageroute_app.routes.ranges import has_tag, unsatisfiable, wanted_part
from imageroute_app.routes.session import see_other, session_of
from imageroute_app.services.exports import Ask, OpenedPart

SECTION = "/privacy-center#export"
START = Act(
    heading="Export my data",
    meaning="A package of everything that you chose is made. It costs nothing, and only you can download it.",
    button="Export my data",
    back=SECTION,
)
FETCH = Act(
    heading="Download your data",
    meaning="The file holds everything that you chose to export. Keep it where only you can read it.",
    button="Download",
    back=SECTION,
)
SCOPES = ("everything", "gallery", "chosen")


class Packages:
    """The routes; every one needs a live session and touches only its owner's packages."""

    def __init__(self, current: CurrentServices) -> None:
        self._current = current

    async def start(self, request: Request) -> Response:
        """Begin a package; when one is under way already, the section shows that."""
        services = self._current()
        form = await read_form(request, "scope", "categories", "part_size", "only_new", *PROOF)
        ask = _ask(form)
        session = await confirmed(request, services, form, START)
        if isinstance(session, Response):
            return session
        with contextlib.suppress(Conflict):
            services.exports.begin(await services.exports.start(session.owner, ask))
            await services.activity.note(session.owner, ActivityKind.EXPORT, device=session.device, detail="started")
        return see_other(SECTION)

    async def fetch(self, request: Request) -> Response:
        """Begin a download: the session gets a grant for this file, and is sent to it."""
        services = self._current()
        export_id, part = request.path_params["export_id"], _part(request)
        form = await read_form(request, *PROOF)
        session = await confirmed(request, services, form, FETCH)
        if isinstance(session, Response):
            return session
        await services.exports.grant(session, export_id, part)
        await services.activity.note(session.owner, ActivityKind.EXPORT, device=session.device, detail="downloaded")
        return see_other(f"/exports/packages/{export_id}/{part}")

    async def send(self, request: Request) -> Response:
        """Send a part or the range of it that is asked for."""
        services = self._current()
        session = await session_of(request, services)
        export_id, part = request.path_params["export_id"], _part(request)
        opened = await services.exports.open(session, export_id, part)
        headers, etag = _headers(opened), f'"{opened.etag}"'
        if has_tag(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        if request.method == "HEAD":
            return Response(headers={**headers, "Content-Length": str(opened.size_bytes)})
        wanted = wanted_part(request, etag, opened.size_bytes)
        if wanted is None:
            return unsatisfiable(opened.size_bytes, ALWAYS)
        source = services.exports.read(opened, wanted.span.start, wanted.span.end)
        return ClosedStream(source, status=wanted.status, headers={**headers, **wanted.headers})

    def routes(self) -> list[Route]:
        """Return them."""
        return [
            Route("/privacy-center/export", self.start, methods=["POST"]),
            Route("/privacy-center/export/{export_id}/{part}", self.fetch, methods=["POST"]),
            Route("/exports/packages/{export_id}/{part}", self.send, methods=["GET"]),
        ]


def _ask(form: Form) -> Ask:
    scope = form.get("scope") or SCOPES[0]
    if scope not in SCOPES:
        raise InvalidInput("Choose what to export from the list.", field="scope")
    chosen = tuple(name for name in form.get("categories").split("|") if name) if scope == "chosen" else ()
    if scope == "chosen" and not chosen:
        raise InvalidInput("Choose at least one kind of data.", field="categories")
    size = form.get("part_size") or "2"
    if not (size.isascii() and size.isdigit() and len(size) <= 2):
        raise InvalidInput("Choose one of the sizes on offer.", field="part_size")
    return Ask(
        categories=(Category.IMAGES.value,) if scope == "gallery" else chosen,
        part_size_gb=int(size),
        only_new=form.get("only_new") == "yes",
    )


def _part(request: Request) -> int:
    text = request.path_params["part"]
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise NotFound
    return int(text)


def _headers(opened: OpenedPart) -> dict[str, str]:
    digest = base64.b64encode(bytes.fromhex(opened.etag)).decode()
    return {
        **ALWAYS,
        "Content-Disposition": f'attachment; filename="{opened.name}"',
        "Accept-Ranges": "bytes",
        "Content-Type": "application/zip",
        "ETag": f'"{opened.etag}"',
        # Of the whole file, also on a part of it (RFC 9530).
        "Repr-Digest": f"sha-256=:{digest}:",
    }
