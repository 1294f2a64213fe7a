"""Asking for proof before an act that cannot be taken back; what was asked for goes on by itself.

Principle: the act is a native form. When the person was not there in the last ten minutes, the answer is a page that asks for
the password, a code or a passkey and carries the form along, so that nothing has to be chosen twice. Only the passkey needs a
script.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from imageroute_app.domain.accounts import Session
from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.routes.answers import answer_to, auth_page, note
from imageroute_app.routes.forms import Form
from imageroute_app.routes.session import session_of, site_origin
from imageroute_app.services.house import Services
from imageroute_app.services.ways import Carried

PASSWORD, CODE, PASSKEY = "current_password", "code", "passkey"  # names of fields
PROOF = (PASSWORD, CODE, PASSKEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What the page says: what will be done, what that means, and the words on the button."""

    heading: str
    meaning: str
    button: str
    back: str = "/privacy-center"


async def confirmed(request: Request, services: Services, form: Form, act: Act) -> Session | Response:
    """Return the session once the person has proven to be there, or the page that asks.

    `form` was read with PROOF among its fields. Raises NotSignedIn.
    """
    session = await session_of(request, services)
    if services.presence.is_fresh(session):
        return session
    if not any(form.get(name) for name in PROOF):
        return await _ask(request, services, form, act, session)
    try:
        proven = await _prove(request, services, form, session)
    except ImageRouteError as error:
        note(form, error)
        return await _ask(request, services, form, act, session, error)
    await services.activity.note(session.owner, ActivityKind.CONFIRMED, device=session.device)
    return proven


async def _prove(request: Request, services: Services, form: Form, session: Session) -> Session:
    if form.get(PASSKEY):
        return await services.presence.confirm_by_passkey(session, site_origin(request, services), form.get(PASSKEY))
    if form.get(CODE) and not form.get(PASSWORD):
        return await services.presence.confirm_by_code(session, form.get(CODE))
    return await services.presence.confirm(session, form.get(PASSWORD))


async def _ask(  # what is asked, of whom, and what was wrong
    request: Request,
    services: Services,
    form: Form,
    act: Act,
    session: Session,
    error: ImageRouteError | None = None,
) -> Response:
    fields = {name: value for name, value in form.values.items() if name not in PROOF}
    return auth_page(
        request,
        services,
        "confirm.html",
        form=form,
        act=act,
        action=request.url.path,
        carried=fields,
        carry=_carry(services, session, act, request.url.path, fields) if session.outside_id else "",
        is_back=False,
        is_hosted=bool(session.outside_id),
        takes_codes=await services.two_steps.is_on(session.owner),
        takes_passkeys=bool(await services.passkeys.of(session.owner)),
        **(answer_to(error) or {"status": 403}),
    )


def _carry(services: Services, session: Session, act: Act, action: str, fields: Mapping[str, str]) -> str:
    """Return the form as it waits in the browser while its person signs in again elsewhere."""
    if services.hosted is None:
        return ""
    carried = Carried(
        owner=session.owner, action=action, heading=act.heading, meaning=act.meaning, button=act.button, back=act.back,
        fields=fields,
    )  # fmt: skip
    return services.hosted.ways.carry(carried)
