"""POST /webhooks/dodo: what the payment service tells us; and the pages of the sandbox, which speaks through the same route.

Principle: the body is checked and read in one go and kept nowhere. A wrong signature is 401 whatever is wrong with it; what
cannot be taken now is 503, so that it is sent again; nothing a stranger sends is ever a 500.
"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from imageroute_app.domain.errors import ImageRouteError, NotFound
from imageroute_app.domain.money import money
from imageroute_app.domain.ports import Sandbox
from imageroute_app.routes.forms import Form, read_form
from imageroute_app.routes.pagekit import NO_STORE, CurrentServices, render, request_id, retry_header
from imageroute_app.routes.session import see_other
from imageroute_app.services.house import Services

PATH = "/webhooks/dodo"
SANDBOX = "/sandbox/checkout/{session_id}"
BUTTONS = {"succeed": "Pay", "fail": "Let the payment fail", "cancel": "Cancel"}
LATER = {"dispute": "Open a dispute", "win": "Let the shop win it", "lose": "Let the shop lose it"}


def webhook_routes(current: CurrentServices) -> list[Route]:
    """Return the webhook and the sandbox's pages."""

    async def dodo(request: Request) -> Response:
        services = current()
        try:
            await services.billing.settling.receive(dict(request.headers), await request.body())
        except ImageRouteError as error:
            body = {"code": error.code, "message": error.message, "request_id": request_id(request)}
            headers = {**NO_STORE, **retry_header(error)}
            return JSONResponse({"error": body}, status_code=error.status, headers=headers)
        return Response(status_code=204, headers=NO_STORE)

    async def show(request: Request) -> Response:
        services = current()
        page = await _sandbox(services).page(request.path_params["session_id"])
        return render(
            request,
            services,
            "sandbox.html",
            form=Form(),
            page=page,
            amount=money(page.amount_minor, page.currency),
            buttons=LATER if page.state == "succeeded" else BUTTONS,
        )

    async def press(request: Request) -> Response:
        services = current()
        sandbox, session_id = _sandbox(services), request.path_params["session_id"]
        form = await read_form(request, "outcome")
        headers, body = await sandbox.press(session_id, form.get("outcome"))
        await dodo(_message(headers, body))
        page = await sandbox.page(session_id)
        return see_other(f"{page.return_url.removeprefix(services.rules.origin)}?status={page.state}")

    return [
        Route(PATH, dodo, methods=["POST"]),
        Route(SANDBOX, show, methods=["GET"]),
        Route(SANDBOX, press, methods=["POST"]),
    ]


def _sandbox(services: Services) -> Sandbox:
    if services.billing.sandbox is None:
        raise NotFound
    return services.billing.sandbox


def _message(headers: Mapping[str, str], body: bytes) -> Request:
    """Return the sandbox's message as the request that it would be from elsewhere."""
    scope = {
        "type": "http", "method": "POST", "path": PATH, "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)
