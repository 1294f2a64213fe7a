"""Forms that the account page posts: name, password, devices. A good one ends at /account, a bad one shows the fault."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.errors import ImageRouteError, InvalidInput, NotFound
from imageroute_app.routes.answers import answer_to, auth_page, note
from imageroute_app.routes.confirm import PROOF, Act, confirmed
from imageroute_app.routes.forms import Form, read_form
from imageroute_app.routes.pagekit import CurrentServices, own_accounts
from imageroute_app.routes.session import (
    clear_session,
    see_other,
    session_of,
    session_token,
)
from imageroute_app.services.house import Services

HEADINGS = {
    "/auth/change-name": "Change your name",
    "/auth/change-email": "Change your email",
    "/auth/change-password": "Change your password",
}
MOVE = Act(
    heading="Change your email",
    meaning="We mail a link to the new address. Nothing changes before it is used; then the old address is told.",
    button="Send the link",
    back="/account",
)


class AccountForms:
    """The forms; every one needs a live session and changes only its owner."""

    def __init__(self, current: CurrentServices) -> None:
        self._current = current

    async def change_name(self, request: Request) -> Response:
        """Set the full name."""
        services = self._current()
        session = await session_of(request, services)
        form = await read_form(request, "full_name")
        try:
            await services.accounts.change_name(session.owner, form.get("full_name"))
        except ImageRouteError as error:
            return _again(request, services, form, error)
        return see_other("/account?done=name")

    async def change_email(self, request: Request) -> Response:
        """Mail a link to the new address once the person has proven to be there."""
        services = self._current()
        if services.hosted is not None:
            raise NotFound("Your email is changed where you sign in.")
        form = await read_form(request, "email", *PROOF)
        session = await confirmed(request, services, form, MOVE)
        if isinstance(session, Response):
            return session
        try:
            await services.new_address.ask(session.owner, form.get("email"))
        except ImageRouteError as error:
            return _again(request, services, form, error)
        return see_other("/account?done=email")

    async def change_password(self, request: Request) -> Response:
        """Set a new password; it takes the current one and signs other devices out."""
        services = own_accounts(self._current)
        session = await session_of(request, services)
        form = await read_form(request, "current_password", "new_password")
        try:
            await services.accounts.change_password(
                session.owner,
                current=form.get("current_password"),
                new=form.get("new_password"),
                keep=session.id,
            )
        except InvalidInput as error:
            field = "new_password" if error.field == "password" else error.field
            return _again(request, services, form, InvalidInput(error.message, field=field))
        except ImageRouteError as error:
            return _again(request, services, form, error)
        return see_other("/account?done=password")

    async def end_device(self, request: Request) -> Response:
        """Sign one device out; ending this one is signing out."""
        services = self._current()
        session = await session_of(request, services)
        form = await read_form(request, "session_id")
        await services.accounts.end_device(session.owner, form.get("session_id"))
        if form.get("session_id") != session.id:
            return see_other("/account?done=device")
        response = see_other("/")
        clear_session(response, services)
        return response

    async def sign_out_everywhere(self, request: Request) -> Response:
        """End every session of this person, this one too."""
        services = self._current()
        session = await session_of(request, services)
        if services.hosted is not None:
            await services.hosted.leave_everywhere(session.owner)
        await services.accounts.end_devices(session.owner, keep=session.id)
        is_done = services.hosted is None or await services.hosted.has_left_everywhere(session.owner)
        # The own one last: the page that asks would otherwise see it gone and leave before it can be told.
        await services.accounts.sign_out(session_token(request, services))
        response = see_other(f"/sign-in?done={'everywhere' if is_done else 'everywhere-here'}")
        clear_session(response, services)
        return response

    def routes(self) -> list[Route]:
        """Return the forms."""
        forms = {
            "/auth/change-name": self.change_name,
            "/auth/change-email": self.change_email,
            "/auth/change-password": self.change_password,
            "/auth/end-device": self.end_device,
            "/auth/sign-out-everywhere": self.sign_out_everywhere,
        }
        return [Route(path, endpoint, methods=["POST"]) for path, endpoint in forms.items()]


def _again(request: Request, services: Services, form: Form, error: ImageRouteError) -> Response:
    note(form, error)
    path = request.url.path
    return auth_page(
        request,
        services,
        "account_form.html",
        form=form,
        action=path,
        heading=HEADINGS[path],
        **answer_to(error),
    )
