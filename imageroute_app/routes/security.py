"""How somebody signs in: passkeys, codes of an app, recovery codes. Plain pages and forms; only a passkey needs a script.

Principle: whatever opens a new way in, or closes one, asks for proof of presence first, and is told by mail.
"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.factors import otpauth, spaced
from imageroute_app.routes.answers import answer_to, auth_page, note
from imageroute_app.routes.confirm import PROOF, Act, confirmed
from imageroute_app.routes.forms import Form, read_form
from imageroute_app.routes.pagekit import NO_STORE, CurrentServices, own_accounts, render
from imageroute_app.routes.session import client_address, find_session, see_other, session_of, site_origin
from imageroute_app.routes.square import square
from imageroute_app.services.house import Services

PAGE = "/account/security"
SET_UP = Act(
    heading="Set up codes",
    meaning="From then on a code of your app is asked for after your password.",
    button="Go on",
    back=PAGE,
)
TURN_OFF = Act(
    heading="Turn off codes",
    meaning="Your password alone opens your account again. Your recovery codes end.",
    button="Turn off codes",
    back=PAGE,
)
RENEW = Act(
    heading="New recovery codes",
    meaning="You get ten new codes. The old ones end.",
    button="Make new codes",
    back=PAGE,
)
ADD = Act(
    heading="Add a passkey",
    meaning="From then on a device of yours opens your account without a password.",
    button="Go on",
    back=PAGE,
)
REMOVE = Act(
    heading="Remove a passkey",
    meaning="The device can no longer open your account with it. Remove it in the device's own list too.",
    button="Remove the passkey",
    back=PAGE,
)
DONE = {
    "off": "Codes are off. Your password alone opens your account.",
    "added": "Your passkey is saved. Use it the next time you sign in.",
    "removed": "The passkey is removed.",
}


class SecurityPages:
    """The pages; `current` returns the open services."""

    def __init__(self, current: CurrentServices) -> None:
        self._current = current

    async def show(self, request: Request) -> Response:
        """Show what is set up."""
        services = self._current()
        session = await find_session(request, services)
        if session is None:
            return see_other(f"/sign-in?next={PAGE}")
        if services.hosted is not None:
            return see_other("/auth/clerk/profile")
        return await _page(request, services, session.owner)

    # --- Codes of an app ----------------------------------------------------------------------------------------------

    async def begin_app(self, request: Request) -> Response:
        """Show the secret of an app that waits for its first code."""
        services, form = own_accounts(self._current), await read_form(request, *PROOF)
        session = await confirmed(request, services, form, SET_UP)
        if isinstance(session, Response):
            return session
        await services.two_steps.begin(session.owner)
        return await _app_page(request, services, session.owner, Form())

    async def confirm_app(self, request: Request) -> Response:
        """Turn codes on with the first one, and show the recovery codes."""
        services, form = own_accounts(self._current), await read_form(request, "code")
        session = await session_of(request, services)
        if not services.presence.is_fresh(session):
            return see_other(PAGE)
        try:
            codes = await services.two_steps.confirm(session.owner, form.get("code"))
        except ImageRouteError as error:
            note(form, error)
            return await _app_page(request, services, session.owner, form, error)
        return await _page(request, services, session.owner, codes)

    async def end_app(self, request: Request) -> Response:
        """Turn codes off, or give a set-up up, which needs no proof."""
        services, form = own_accounts(self._current), await read_form(request, *PROOF)
        session = await session_of(request, services)
        if not await services.two_steps.is_on(session.owner):
            await services.two_steps.end(session.owner)
            return see_other(PAGE)
        proven = await confirmed(request, services, form, TURN_OFF)
        if isinstance(proven, Response):
            return proven
        await services.two_steps.end(session.owner)
        return see_other(f"{PAGE}?done=off")

    async def renew_codes(self, request: Request) -> Response:
        """Show ten new recovery codes."""
        services, form = own_accounts(self._current), await read_form(request, *PROOF)
        session = await confirmed(request, services, form, RENEW)
        if isinstance(session, Response):
            return session
        codes = await services.two_steps.renew_codes(session.owner)
        return await _page(request, services, session.owner, codes)

    # --- Passkeys -----------------------------------------------------------------------------------------------------

    async def request_passkey(self, request: Request) -> Response:
        """Return what a browser needs to use a passkey; asked for when the button is pressed, so that it is fresh."""
        services = own_accounts(self._current)
        await services.passkeys.admit(client_address(request))
        body = services.passkeys.request(site_origin(request, services))
        return Response(body, media_type="application/json", headers=NO_STORE)

    async def begin_passkey(self, request: Request) -> Response:
        """Show the page on which the browser makes one."""
        services, form = own_accounts(self._current), await read_form(request, *PROOF)
        session = await confirmed(request, services, form, ADD)
        if isinstance(session, Response):
            return session
        return await _passkey_page(request, services, session.owner, Form())

    async def add_passkey(self, request: Request) -> Response:
        """Keep what the browser made."""
        services, form = own_accounts(self._current), await read_form(request, "name", "passkey")
        session = await session_of(request, services)
        if not services.presence.is_fresh(session):
            return see_other(PAGE)
        origin = site_origin(request, services)
        try:
            await services.passkeys.add(session.owner, origin, form.get("passkey"), form.get("name"))
        except ImageRouteError as error:
            note(form, error)
            return await _passkey_page(request, services, session.owner, form, error)
        return see_other(f"{PAGE}?done=added")

    async def remove_passkey(self, request: Request) -> Response:
        """Forget one."""
        services, form = own_accounts(self._current), await read_form(request, "passkey_id", *PROOF)
        session = await confirmed(request, services, form, REMOVE)
        if isinstance(session, Response):
            return session
        await services.passkeys.remove(session.owner, form.get("passkey_id"))
        return see_other(f"{PAGE}?done=removed")

    def routes(self) -> list[Route]:
        """Return the page (GET) and the forms (POST)."""
        forms = {
            f"{PAGE}/app": self.begin_app,
            f"{PAGE}/app/confirm": self.confirm_app,
            f"{PAGE}/app/end": self.end_app,
            f"{PAGE}/codes": self.renew_codes,
            f"{PAGE}/passkeys": self.begin_passkey,
            f"{PAGE}/passkeys/add": self.add_passkey,
            f"{PAGE}/passkeys/remove": self.remove_passkey,
            "/api/passkey": self.request_passkey,
        }
        posts = [Route(path, endpoint, methods=["POST"]) for path, endpoint in forms.items()]
        return [Route(PAGE, self.show, methods=["GET"]), *posts]


async def _page(request: Request, services: Services, owner: str, codes: Sequence[str] = ()) -> Response:
    app = await services.two_steps.app(owner)
    return render(
        request,
        services,
        "security.html",
        done=DONE.get(request.query_params.get("done", ""), ""),
        codes=codes,
        passkeys=await services.passkeys.of(owner),
        app_since=app.confirmed_at if app else None,
        codes_left=len(app.codes_hash) if app else 0,
    )


async def _app_page(
    request: Request, services: Services, owner: str, form: Form, error: ImageRouteError | None = None
) -> Response:
    app = await services.two_steps.begin(owner)
    person = await services.accounts.person(owner)
    return auth_page(
        request,
        services,
        "security_app.html",
        form=form,
        key=spaced(app.secret),
        square=square(otpauth(app.secret, person.email, "ImageRoute")),
        **answer_to(error),
    )


async def _passkey_page(
    request: Request, services: Services, owner: str, form: Form, error: ImageRouteError | None = None
) -> Response:
    options = await services.passkeys.creation(owner, site_origin(request, services))
    return auth_page(request, services, "security_passkey.html", form=form, options=options, **answer_to(error))
