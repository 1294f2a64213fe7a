"""What links in mails lead to: a new password and a proven address.

Principle: opening a link changes nothing, so that a mail scanner cannot use it up; its page has a button that does.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.errors import ImageRouteError, InvalidInput, NotFound
from imageroute_app.domain.mails import QUIET_WORDS
from imageroute_app.routes.answers import answer_to, auth_page, note
from imageroute_app.routes.forms import Form, read_form
from imageroute_app.routes.pagekit import NO_STORE, CurrentServices, own_accounts
from imageroute_app.routes.session import clear_session, client_address, find_session, see_other, session_of
from imageroute_app.services.house import Services

# The address of these two pages is a secret, and a Referer never carries more than the origin. Not no-referrer: browsers
# would then send their forms with "Origin: null", which the edge refuses.
SECRET_ADDRESS = {**NO_STORE, "Referrer-Policy": "strict-origin"}
TRY_AGAIN = "Check the mailbox, then open a new link from there: that shows us that mail arrives."
KNOWN = "The address is yours, and we know it."
MOVED = "From now on you sign in with it. The former address was told."


class MailLinks:
    """The pages and forms; `current` returns the open services."""

    def __init__(self, current: CurrentServices) -> None:
        self._current = current

    async def show_forgot_password(self, request: Request) -> Response:
        """Show the form."""
        return _forgot_page(request, own_accounts(self._current), Form())

    async def forgot_password(self, request: Request) -> Response:
        """Mail a link if the address has an account; the answer is the same if it has none."""
        services = own_accounts(self._current)
        form = await read_form(request, "email")
        try:
            if "@" not in form.get("email"):
                raise InvalidInput("Enter an email address like name@example.com.", field="email")
            await services.accounts.request_reset(form.get("email"), address=client_address(request))
        except ImageRouteError as error:
            note(form, error)
            return _forgot_page(request, services, form, error)
        return _forgot_page(request, services, form, sent=True)

    async def show_reset_password(self, request: Request) -> Response:
        """Show the form for a new password; whether the link still works shows when it is used."""
        return _reset_page(request, own_accounts(self._current), request.query_params.get("token", ""), Form())

    async def reset_password(self, request: Request) -> Response:
        """Set the new password, which ends every session."""
        services = own_accounts(self._current)
        form = await read_form(request, "password", "token")
        try:
            await services.accounts.reset_password(form.get("token"), form.get("password"))
        except NotFound as error:
            return _reset_page(request, services, "", form, error)
        except ImageRouteError as error:
            note(form, error)
            return _reset_page(request, services, form.get("token"), form, error)
        response = see_other("/sign-in?done=reset")
        clear_session(response, services)
        return response

    async def show_verify_email(self, request: Request) -> Response:
        """Show a button that confirms: opening the link alone, as mail scanners do, uses nothing up."""
        services, token = self._current(), request.query_params.get("token", "")
        if token:
            return auth_page(request, services, "verify_email.html", headers=SECRET_ADDRESS, state="ask", token=token)
        session = await find_session(request, services)
        if session and await services.accounts.is_confirmed(session.owner):
            return await _verify_page(request, services, "done", KNOWN)
        if session and (await services.accounts.person(session.owner)).email_verified_at:
            return await _verify_page(request, services, "quiet", f"{QUIET_WORDS} {TRY_AGAIN}")
        return await _verify_page(request, services, "none", "Open the link in the mail we sent you.")

    async def verify_email(self, request: Request) -> Response:
        """Use the link up."""
        services = self._current()
        form = await read_form(request, "token")
        try:
            await services.accounts.verify_email(form.get("token"))
        except ImageRouteError as error:
            return await _verify_page(request, services, "failed", error.message, error)
        return await _verify_page(request, services, "done", KNOWN)

    async def send_verification(self, request: Request) -> Response:
        """Mail a new link to the signed-in person."""
        services = self._current()
        session = await session_of(request, services)
        if await services.accounts.is_confirmed(session.owner):
            return await _verify_page(request, services, "done", KNOWN)
        try:
            await services.accounts.request_verification(session.owner)
        except ImageRouteError as error:
            return await _verify_page(request, services, "failed", error.message, error)
        return await _verify_page(request, services, "sent", "A new link is on its way. It works for 24 hours.")

    async def show_new_email(self, request: Request) -> Response:
        """Ask for the new address once more; opening the link alone uses nothing up."""
        return _new_email_page(request, self._current(), request.query_params.get("token", ""), Form())

    async def new_email(self, request: Request) -> Response:
        """Make the proven address the account's."""
        services = self._current()
        form = await read_form(request, "email", "token")
        try:
            await services.new_address.take(form.get("token"), form.get("email"), address=client_address(request))
        except NotFound as error:
            return _new_email_page(request, services, "", form, error)
        except ImageRouteError as error:
            note(form, error)
            return _new_email_page(request, services, form.get("token"), form, error)
        return auth_page(request, services, "new_email.html", state="done", message=MOVED)

    def routes(self) -> list[Route]:
        """Return the pages (GET) and the forms (POST)."""
        return [
            Route("/forgot-password", self.show_forgot_password, methods=["GET"]),
            Route("/reset-password", self.show_reset_password, methods=["GET"]),
            Route("/verify-email", self.show_verify_email, methods=["GET"]),
            Route("/new-email", self.show_new_email, methods=["GET"]),
            Route("/auth/new-email", self.new_email, methods=["POST"]),
            Route("/auth/forgot-password", self.forgot_password, methods=["POST"]),
            Route("/auth/reset-password", self.reset_password, methods=["POST"]),
            Route("/auth/verify-email", self.verify_email, methods=["POST"]),
            Route("/auth/send-verification", self.send_verification, methods=["POST"]),
        ]


def _forgot_page(
    request: Request,
    services: Services,
    form: Form,
    error: ImageRouteError | None = None,
    *,
    sent: bool = False,
) -> Response:
    has_outbox = services.site.is_loopback and services.outbox is not None
    values = {"form": form, "sent": sent, "has_outbox": has_outbox, **answer_to(error)}
    return auth_page(request, services, "forgot_password.html", **values)


def _reset_page(
    request: Request, services: Services, token: str, form: Form, error: ImageRouteError | None = None
) -> Response:
    message = error.message if error else "The address of this page is not complete. Open the link in the mail again."
    answer = answer_to(error)
    answer["headers"] = {**SECRET_ADDRESS, **answer.get("headers", {})}
    return auth_page(request, services, "reset_password.html", token=token, form=form, message=message, **answer)


def _new_email_page(
    request: Request, services: Services, token: str, form: Form, error: ImageRouteError | None = None
) -> Response:
    answer = answer_to(error)
    answer["headers"] = {**SECRET_ADDRESS, **answer.get("headers", {})}
    message = error.message if error else "Open the link in the mail again."
    state = "ask" if token else "failed"
    return auth_page(
        request, services, "new_email.html", state=state, token=token, form=form, message=message, **answer
    )


async def _verify_page(
    request: Request, services: Services, state: str, message: str, error: ImageRouteError | None = None
) -> Response:
    signed_in = await find_session(request, services) is not None
    return auth_page(
        request,
        services,
        "verify_email.html",
        state=state,
        message=message,
        signed_in=signed_in,
        **answer_to(error),
    )
