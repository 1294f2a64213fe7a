"""Signing up, in and out: server-rendered pages with native forms.

Principle: everything works without a script, a failed form keeps what was typed except passwords, and no answer tells
whether an address has an account.
"""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.errors import ImageRouteError, InvalidInput, NotSignedIn
from imageroute_app.routes.answers import answer_to, auth_page, note
from imageroute_app.routes.consent import carry_over, leave_behind
from imageroute_app.routes.forms import (
    COUNTRIES,
    Form,
    check_sign_up,
    hinted_country,
    read_country,
    read_date,
    read_form,
)
from imageroute_app.routes.hosted import show_hosted
from imageroute_app.routes.pagekit import CurrentServices, own_accounts
from imageroute_app.routes.session import (
    AGE_COOKIE,
    HOME,
    clear_session,
    client_address,
    device_label,
    find_session,
    safe_next,
    see_other,
    session_token,
    set_age_stop,
    set_session,
    site_origin,
)
from imageroute_app.services.accounts import SignedIn, TooYoung
from imageroute_app.services.house import Services
from imageroute_app.services.signing import NeedsCode

SIGN_UP_FIELDS = (
    "full_name", "email", "password", "born_day", "born_month", "born_year", "country", "newsletter", "next",
)  # fmt: skip
CLOSING = "/privacy-center#close"
"""Where a person goes whose account only stores: there it can be kept, exported or erased at once."""
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
        if services.hosted is not None:
            return await show_hosted(request, services, is_new=True)
        if await find_session(request, services):
            return see_other(safe_next(request.query_params.get("next", "")))
        form = Form(values={"country": hinted_country(request), **_asked_next(request)})
        return _sign_up_page(request, services, form)

    async def sign_up(self, request: Request) -> Response:
        """Open an account and go on, or show the form again with every fault beside its field."""
        services = own_accounts(self._current)
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
        if services.hosted is not None:
            return await show_hosted(request, services, is_new=False)
        if await find_session(request, services):
            return see_other(safe_next(request.query_params.get("next", "")))
        return _sign_in_page(request, services, Form(values=_asked_next(request)))

    async def sign_in(self, request: Request) -> Response:
        """Check the password and go on."""
        services = own_accounts(self._current)
        form = await read_form(request, "email", "password", "next")
        try:
            signed_in = await services.accounts.sign_in(
                form.get("email"),
                form.get("password"),
                device=device_label(request),
                address=client_address(request),
            )
        except NeedsCode as needed:
            return _code_page(request, services, Form(values={"ticket": needed.ticket, "next": form.get("next")}))
        except ImageRouteError as error:
            note(form, error)
            return _sign_in_page(request, services, form, error)
        return await _enter(request, services, signed_in, form.get("next"))

    async def second_step(self, request: Request) -> Response:
        """Take the code of the app after the password, and go on."""
        services = own_accounts(self._current)
        form = await read_form(request, "code", "ticket", "next")
        try:
            signed_in = await services.accounts.sign_in_with_code(
                form.get("ticket"), form.get("code"), device=device_label(request), address=client_address(request)
            )
        except NotSignedIn as error:
            note(form, error)
            return _sign_in_page(request, services, form, error)
        except ImageRouteError as error:
            note(form, error)
            return _code_page(request, services, form, error)
        return await _enter(request, services, signed_in, form.get("next"))

    async def use_passkey(self, request: Request) -> Response:
        """Take a passkey instead of password and code, and go on."""
        services = own_accounts(self._current)
        form = await read_form(request, "passkey", "next")
        try:
            passkey = await services.passkeys.use(site_origin(request, services), form.get("passkey"))
            person = await services.accounts.person(passkey.owner)
            device, address = device_label(request), client_address(request)
            signed_in = await services.accounts.enter(person, device=device, address=address)
        except ImageRouteError as error:
            note(form, error)
            return _sign_in_page(request, services, form, error)
        return await _enter(request, services, signed_in, form.get("next"))

    async def sign_out(self, request: Request) -> Response:
        """End this session and let the browser forget private pictures."""
        services = self._current()
        session = await find_session(request, services)
        await services.accounts.sign_out(session_token(request, services))
        response = see_other("/")
        clear_session(response, services)
        if session is not None:
            await leave_behind(response, services, session.owner)
        return response

    def routes(self) -> list[Route]:
        """Return the pages (GET) and the forms (POST)."""
        return [
            Route("/sign-up", self.show_sign_up, methods=["GET"]),
            Route("/sign-in", self.show_sign_in, methods=["GET"]),
            Route("/auth/sign-up", self.sign_up, methods=["POST"]),
            Route("/auth/sign-in", self.sign_in, methods=["POST"]),
            Route("/auth/second-step", self.second_step, methods=["POST"]),
            Route("/auth/passkey", self.use_passkey, methods=["POST"]),
            Route("/auth/sign-out", self.sign_out, methods=["POST"]),
        ]


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
    signed_in = await services.accounts.sign_up(checked, device=device_label(request), address=client_address(request))
    if checked.wants_newsletter:
        await services.newsletter.ask(checked.email)
    return signed_in


async def _enter(request: Request, services: Services, signed_in: SignedIn, wanted: str) -> Response:
    """Give the browser its new session, and end the one it may have had."""
    await services.accounts.sign_out(session_token(request, services))
    is_ending = signed_in.person.locked_for not in (Lock.OPEN, Lock.OPERATOR)
    response = see_other(CLOSING if is_ending else safe_next(wanted))
    set_session(response, services, signed_in.token)
    await carry_over(request, response, services, signed_in.person.id)
    return response


def _asked_next(request: Request) -> dict[str, str]:
    return {"next": safe_next(request.query_params.get("next", ""), default="")}


def _next_values(form: Form) -> dict[str, str]:
    wanted = safe_next(form.get("next"), default="")
    query = f"?next={quote(wanted, safe='/')}" if wanted and wanted != HOME else ""
    return {"next": wanted, "next_query": query}


def _sign_up_page(request: Request, services: Services, form: Form, error: ImageRouteError | None = None) -> Response:
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


def _sign_in_page(request: Request, services: Services, form: Form, error: ImageRouteError | None = None) -> Response:
    done = DONE.get(request.query_params.get("done", ""), "")
    values = {**_next_values(form), **answer_to(error)}
    return auth_page(request, services, "sign_in.html", form=form, done=done, **values)


def _code_page(request: Request, services: Services, form: Form, error: ImageRouteError | None = None) -> Response:
    values = {**_next_values(form), **answer_to(error)}
    return auth_page(request, services, "second_step.html", form=form, **values)
