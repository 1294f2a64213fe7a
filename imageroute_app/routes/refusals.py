"""What the wall answers when it lets nothing through: as a page for people, as an object for programs."""

import html
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import HTMLResponse, JSONResponse, Response

from imageroute_app.routes.bodies import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer of the wall itself: status, stable code, and two plain sentences."""

    status: int
    code: str
    title: str
    cure: str
    retry_after_s: int = 0


NOT_FOUND = Refusal(status=404, code="not_found", title="There is nothing here.", cure="Check the address.")
WRONG_HOST = Refusal(
    status=421,
    code="wrong_host",
    title="This address is not served here.",
    cure="Open ImageRoute by the address set in IMAGEROUTE_ORIGIN.",
)
FOREIGN_PAGE = Refusal(
    status=403,
    code="foreign_page",
    title="This request did not come from a page of ours.",
    cure="Open ImageRoute in this browser and try again there.",
)
TOO_LARGE = Refusal(
    status=413, code="too_large", title="That is more than we accept at once.", cure="Send something smaller."
)
OF_BODIES: Mapping[Fault, Refusal] = {
    "too_large": TOO_LARGE,
    "too_much": Refusal(
        status=503,
        code="too_much_at_once",
        title="Too much is being sent at once.",
        cure="Try again in a minute.",
        retry_after_s=60,
    ),
    "too_slow": Refusal(
        status=408,
        code="too_slow",
        title="What you sent stopped on its way.",
        cure="Check your connection and send it again.",
    ),
}
BROKEN = Refusal(
    status=500,
    code="internal",
    title="Something broke on our side.",
    cure="Nothing was charged for it. Try again; if it happens again, tell us the number below.",
)


def respond(refusal: Refusal, request_id: str, *, wants_page: bool) -> Response:
    """Return the answer, with the number that the log knows the request by."""
    return (_page if wants_page else _object)(refusal, request_id)


def _retry(refusal: Refusal) -> dict[str, str]:
    return {"retry-after": str(refusal.retry_after_s)} if refusal.retry_after_s else {}


def _page(refusal: Refusal, request_id: str) -> Response:
    title, cure = html.escape(refusal.title), html.escape(refusal.cure)
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>body{{font:1.1rem/1.6 system-ui;max-width:36rem;margin:15vh auto;padding:0 1rem;"
        f"color-scheme:light dark}}</style><main><h1>{title}</h1><p>{cure}</p><p><a href='/'>Go to ImageRoute</a></p>"
        f"<p><small>Number {request_id}</small></p></main></html>",
        status_code=refusal.status,
        headers=_retry(refusal),
    )


def _object(refusal: Refusal, request_id: str) -> Response:
    error = {"code": refusal.code, "message": f"{refusal.title} {refusal.cure}", "request_id": request_id}
    return JSONResponse({"error": error}, status_code=refusal.status, headers=_retry(refusal))
