"""Signing up, in and out, new passwords and proven addresses: server-rendered pages with native forms.

Principle: everything works without a script, a failed form keeps what was typed except passwords, and no answer tells
whether an address has an account.
"""

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.errors import ImageRouteError, InvalidInput, NotFound
from imageroute_app.routes.forms import (
    COUNTRIES,
    Form,
    check_sign_up,
    hinted_country,
    read_country,
    read_date,
    read_form,
)
from imageroute_app.routes.pagekit import NO_STORE, CurrentServices, render, retry_header
from imageroute_app.routes.session import (
    AGE_COOKIE,
    HOME,
    clear_session,
    client_address,
    device_label,
    find_session,
    safe_next,
    see_other,
    session_of,
    session_token,
    set_age_stop,
    set_session,
)
from imageroute_app.services.accounts import SignedIn, TooYoung
from imageroute_app.services.house import Services

SIGN_UP_FIELDS = (
    "full_name", "email", "password", "born_day", "born_month", "born_year", "country", "newsletter", "next",
)  # fmt: skip
# The address of these two pages is a secret, and a Referer never carries more than the origin. Not no-referrer: browsers
# would then send their forms with "Origin: null", which the edge refuses.
SECRET_ADDRESS = {**NO_STORE, "Referrer-Policy": "strict-origin"}
DONE = {
    "reset": "Your password is changed. Sign in with the new one.",
    "everywhere": "You are signed out on every device.",
}


class Auth:
    """The pages and forms; `current` returns the open services."""

    def __init__(self, current: CurrentServices) -> None:
        self._current = current

    # --- Sign up ----------------------------------------------------------------------------------

    async def show_sign_up(self, request: Request) -> Response:
        """Show the empty form, or the closed page within the hour after the age screen said no."""
        services = self._current()
        if AGE_COOKIE in request.cookies:
            return auth_page(request, services, "sign_up_closed.html", status=403)
        if await find_session(request, services):
            return see_other(safe_next(request.query_params.get("next", "")))
        form = Form(values={"country": hinted_country(request), **_asked_next(request)})
        return _sign_up_page(request, services, form)

    async def sign_up(self, request: Request) -> Response:
        """Open an account and go on, or show the form again with every fault beside its field."""
        services = self._current()
        if AGE_COOKIE in request.cookies:
            return auth_page(request, services, "sign_up_closed.html", status=403)
        form = await read_form(request, *SIGN_UP_FIELDS)
        try:
            signed_in = await _open_account(request, services, form)
        except TooYoung:
            response = auth_page(request, services, "sign_up_closed.html", status=403)
            set_age_stop(response, services)
            return response
        except ImageRouteError as error:
            note(form, error)
            return _sign_up_page(request, services, form, error)
        if signed_in is None:
            return _sign_up_page(request, services, form, InvalidInput(""))
        return await _enter(request, services, signed_in, form.get("next"))

    # --- Sign in and out --------------------------------------------------------------------------

    async def show_sign_in(self, request: Request) -> Response:
        """Show the form; a person who is signed in goes on."""
        services = self._current()
        if await find_session(request, services):
            return see_other(safe_next(request.query_params.get("next", "")))
        return _sign_in_page(request, services, Form(values=_asked_next(request)))

    async def sign_in(self, request: Request) -> Response:
        """Check the password and go on."""
        services = self._current()
        form = await read_form(request, "email", "password", "next")
        try:
            signed_in = await services.accounts.sign_in(
                form.get("email"),
                form.get("password"),
                device=device_label(request),
                address=client_address(request),
            )
        except ImageRouteError as error:
            note(form, error)
            return _sign_in_page(request, services, form, error)
        return await _enter(request, services, signed_in, form.get("next"))

    async def sign_out(self, request: Request) -> Response:
        """End this session and let the browser forget private pictures."""
        services = self._current()
        await services.accounts.sign_out(session_token(request, services))
        response = see_other("/")
        clear_session(response, services)
        return response

    # --- New password -----------------------------------------------------------------------------

    async def show_forgot_password(self, request: Request) -> Response:
        """Show the form."""
        return _forgot_page(request, self._current(), Form())

    async def forgot_password(self, request: Request) -> Response:
        """Mail a link if the address has an account; the answer is the same if it has none."""
        services = self._current()
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
        return _reset_page(request, self._current(), request.query_params.get("token", ""), Form())

    async def reset_password(self, request: Request) -> Response:
        """Set the new password, which ends every session."""
        services = self._current()
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

    # --- Proven address ---------------------------------------------------------------------------

    async def show_verify_email(self, request: Request) -> Response:
        """Show a button that confirms: opening the link alone, as mail scanners do, uses nothing up."""
        services, token = self._current(), request.query_params.get("token", "")
        if token:
            return auth_page(
                request, services, "verify_email.html", headers=SECRET_ADDRESS, state="ask", token=token
            )
        return await _verify_page(request, services, "none", "Open the link in the mail we sent you.")

    async def verify_email(self, request: Request) -> Response:
        """Use the link up."""
        services = self._current()
        form = await read_form(request, "token")
        try:
            await services.accounts.verify_email(form.get("token"))
        except ImageRouteError as error:
            return await _verify_page(request, services, "failed", error.message, error)
        return await _verify_page(request, services, "done", "The address is yours, and we know it now.")

    async def send_verification(self, request: Request) -> Response:
        """Mail a new link to the signed-in person."""
        services = self._current()
        session = await session_of(request, services)
        try:
            await services.accounts.request_verification(session.owner)
        except ImageRouteError as error:
            return await _verify_page(request, services, "failed", error.message, error)
        return await _verify_page(request, services, "sent", "A new link is on its way. It works for 24 hours.")

    def routes(self) -> list[Route]:
        """Return the pages (GET) and the forms (POST)."""
        pages = {
            "/sign-up": self.show_sign_up,
            "/sign-in": self.show_sign_in,
            "/forgot-password": self.show_forgot_password,
            "/reset-password": self.show_reset_password,
            "/verify-email": self.show_verify_email,
        }
        forms = {
            "/auth/sign-up": self.sign_up,
            "/auth/sign-in": self.sign_in,
            "/auth/sign-out": self.sign_out,
            "/auth/forgot-password": self.forgot_password,
            "/auth/reset-password": self.reset_password,
            "/auth/verify-email": self.verify_email,
            "/auth/send-verification": self.send_verification,
        }
        return [
            *(Route(path, endpoint, methods=["GET"]) for path, endpoint in pages.items()),
            *(Route(path, endpoint, methods=["POST"]) for path, endpoint in forms.items()),
        ]


def note(form: Form, error: ImageRouteError) -> None:
    """Put an error beside its field, or above the form."""
    form.errors.setdefault(error.field if isinstance(error, InvalidInput) else "", error.message)


def auth_page(request: Request, services: Services, template: str, **values: Any) -> Response:
    """Return a page with a form and the sample picture; `values` may hold status and headers."""
    models = services.jobs.models()
    return render(request, services, template, sample=models[0], **values)


def answer_to(error: ImageRouteError | None) -> dict[str, Any]:
    """Return status and headers of a form that is shown again."""
    if error is None:
        return {}
    return {"status": error.status, "headers": {**NO_STORE, **retry_header(error)}}


async def _open_account(request: Request, services: Services, form: Form) -> SignedIn | None:
    """Return the fresh session, or None with the faults in the form; the age screen comes before all else."""
    born = None
    try:
        born = read_date(form)
        services.accounts.screen_age(born, read_country(form))
    except InvalidInput as error:
        form.add(error)
    checked = check_sign_up(form, born)
    if checked is None:
        return None
    return await services.accounts.sign_up(
        checked, device=device_label(request), address=client_address(request)
    )


async def _enter(request: Request, services: Services, signed_in: SignedIn, wanted: str) -> Response:
    """Give the browser its new session, and end the one it may have had."""
    await services.accounts.sign_out(session_token(request, services))
    response = see_other(safe_next(wanted))
    set_session(response, services, signed_in.token)
    return response


def _asked_next(request: Request) -> dict[str, str]:
    return {"next": safe_next(request.query_params.get("next", ""), default="")}


def _next_values(form: Form) -> dict[str, str]:
    wanted = safe_next(form.get("next"), default="")
    query = f"?next={quote(wanted, safe='/')}" if wanted and wanted != HOME else ""
    return {"next": wanted, "next_query": query}


def _sign_up_page(
    request: Request, services: Services, form: Form, error: ImageRouteError | None = None
) -> Response:
    return auth_page(
        request,
        services,
        "sign_up.html",
        form=form,
        countries=COUNTRIES,
        starter_credits=services.rules.starter_credits,
        **_next_values(form),
        **answer_to(error),
    )


def _sign_in_page(
    request: Request, services: Services, form: Form, error: ImageRouteError | None = None
) -> Response:
    done = DONE.get(request.query_params.get("done", ""), "")
    values = {**_next_values(form), **answer_to(error)}
    return auth_page(request, services, "sign_in.html", form=form, done=done, **values)


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
    return auth_page(
        request, services, "reset_password.html", token=token, form=form, message=message, **answer
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
