"""The newsletter's pages: ask, confirm, leave. All work without an account, a script or a cookie.

Principle: opening a link changes nothing, so that a mail scanner neither confirms nor ends anything; a press does. The POST of
RFC 8058, which mail programs send by themselves when a person presses their own button, goes to the same address.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.routes.answers import answer_to, auth_page, note
from imageroute_app.routes.forms import Form, read_form
from imageroute_app.routes.links import SECRET_ADDRESS
from imageroute_app.routes.pagekit import CurrentServices
from imageroute_app.services.house import Services

TEMPLATE = "newsletter.html"


class NewsletterPages:
    """The pages and forms; `current` returns the open services."""

    def __init__(self, current: CurrentServices) -> None:
        self._current = current

    async def show(self, request: Request) -> Response:
        """Show the form that asks for it, or the button that confirms."""
        token = request.query_params.get("confirm", "")
        return _page(request, self._current(), "confirm" if token else "ask", token=token)

    async def ask(self, request: Request) -> Response:
        """Send the question to an address; the answer is the same whatever is known of it."""
        services, form = self._current(), await read_form(request, "email")
        try:
            await services.newsletter.ask(form.get("email"))
        except ImageRouteError as error:
            note(form, error)
            return _page(request, services, "ask", form=form, error=error)
        return _page(request, services, "asked")

    async def confirm(self, request: Request) -> Response:
        """Confirm by the mailed link."""
        services, form = self._current(), await read_form(request, "token")
        try:
            await services.newsletter.confirm(form.get("token"))
        except ImageRouteError as error:
            return _page(request, services, "failed", error=error)
        return _page(request, services, "confirmed")

    async def show_leave(self, request: Request) -> Response:
        """Show the button that ends it; without a link, say where the link is."""
        token = request.query_params.get("s", "")
        return _page(request, self._current(), "leave" if token else "which", token=token)

    async def leave(self, request: Request) -> Response:
        """End it at once, for the button and for a mail program alike."""
        services = self._current()
        token = request.query_params.get("s", "") or (await read_form(request, "s")).get("s")
        try:
            await services.newsletter_choice.leave(token)
        except ImageRouteError as error:
            return _page(request, services, "failed", error=error)
        return _page(request, services, "left")

    def routes(self) -> list[Route]:
        """Return the pages (GET) and the forms (POST)."""
        return [
            Route("/newsletter", self.show, methods=["GET"]),
            Route("/newsletter/ask", self.ask, methods=["POST"]),
            Route("/newsletter", self.confirm, methods=["POST"]),
            Route("/unsubscribe", self.show_leave, methods=["GET"]),
            Route("/unsubscribe", self.leave, methods=["POST"]),
        ]


def _page(
    request: Request,
    services: Services,
    state: str,
    *,
    token: str = "",
    form: Form | None = None,
    error: ImageRouteError | None = None,
) -> Response:
    answer = answer_to(error)
    answer["headers"] = {**SECRET_ADDRESS, **answer.get("headers", {})}
    message = error.message if error else ""
    return auth_page(
        request, services, TEMPLATE, state=state, token=token, form=form or Form(), message=message, **answer
    )
