"""Signing in at Clerk's hosted pages: leaving, coming back, our own age screen before, and what Clerk tells us afterwards.

Principle: no script and no cookie of theirs is needed on our pages. A cookie of ours, for half an hour, makes sure that who
comes back is the browser that left.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.errors import ImageRouteError, InvalidInput, NotFound
from imageroute_app.routes.answers import answer_to, auth_page, note
from imageroute_app.routes.forms import COUNTRIES, Form, hinted_country, read_country, read_date, read_form
from imageroute_app.routes.pagekit import NO_STORE, CurrentServices
from imageroute_app.routes.session import (
    AGE_COOKIE,
    clear_session,
    client_address,
    device_label,
    find_session,
    is_https,
    safe_next,
    see_other,
    session_of,
    session_token,
    set_age_stop,
    set_session,
    site_origin,
)
from imageroute_app.services.accounts import TooYoung
from imageroute_app.services.hosted import Arrival, Back, Departure, Hosted
from imageroute_app.services.house import Services
from imageroute_app.services.ways import CARRIED_MAX, LIFE, RETURN, Join

DOOR_COOKIE = "ir_door"
CARRIED_COOKIE, CARRIED_PATH = "ir_carried", "/confirm/carried"
CLOSING = "/privacy-center#close"
DONE = {
    "everywhere": "You are signed out on every device, and at Clerk.",
    "everywhere-here": "You are signed out on every device here. Clerk has not answered yet: your sign-ins there will be ended"
    " as soon as it does, and until then they open nothing here.",
}
JOIN_FIELDS = ("born_day", "born_month", "born_year", "country", "newsletter", "next")


class HostedPages:
    """The pages; without Clerk's settings their addresses are not there."""

    def __init__(self, current: CurrentServices) -> None:
        self._current = current

    def _open(self) -> tuple[Services, Hosted]:
        services = self._current()
        if services.hosted is None:
            raise NotFound
        return services, services.hosted

    async def leave(self, request: Request) -> Response:
        """Send the browser to the hosted sign-in page."""
        services, hosted = self._open()
        wanted = safe_next(request.query_params.get("next", ""))
        departure = hosted.leave(site_origin(request, services), wanted)
        response = _redirect(departure.url)
        _remember(response, services, departure)
        return response

    async def join(self, request: Request) -> Response:
        """Ask for the age first; only then send the browser to the hosted sign-up page."""
        services, hosted = self._open()
        if AGE_COOKIE in request.cookies:
            return auth_page(request, services, "sign_up_closed.html", status=403)
        form = await read_form(request, *JOIN_FIELDS)
        try:
            band = services.accounts.screen_age(read_date(form), read_country(form))
        except TooYoung:
            response = auth_page(request, services, "sign_up_closed.html", status=403)
            set_age_stop(response, services)
            return response
        except InvalidInput as error:
            note(form, error)
            return join_page(request, services, form, error)
        join = Join(band=band, country=read_country(form), wants_newsletter=form.get("newsletter") == "yes")
        departure = hosted.leave(site_origin(request, services), safe_next(form.get("next")), join)
        return _onward(request, services, departure)

    async def come_back(self, request: Request) -> Response:
        """Take who comes back: on to the handshake, to our form, or in."""
        services, hosted = self._open()
        asked = request.query_params
        back = Back(
            state=asked.get("s", ""),
            nonce=request.cookies.get(DOOR_COOKIE, ""),
            origin=site_origin(request, services),
            handshake=asked.get("__clerk_handshake", ""),
            handshake_cookie=request.cookies.get("__clerk_handshake", ""),
            cookies="; ".join(request.headers.getlist("cookie")),
            development_token=asked.get("__clerk_db_jwt", ""),
        )
        try:
            arrival = await hosted.arrive(back, device=device_label(request), address=client_address(request))
        except ImageRouteError as error:
            form = Form()
            note(form, error)
            return hosted_page(request, services, form, error)
        return await self._let_in(request, services, arrival)

    async def _let_in(self, request: Request, services: Services, arrival: Arrival) -> Response:
        if arrival.go:
            return _redirect(arrival.go)
        if arrival.needs_form or arrival.signed_in is None:
            return see_other(f"/sign-up?finish=1&next={safe_next(arrival.next)}")
        signed_in = arrival.signed_in
        # Two tabs that come back with one sign-in there: the second must not end it under its own session.
        await services.accounts.sign_out(session_token(request, services), outside_kept=signed_in.session.outside_id)
        if arrival.wants_newsletter:
            await services.newsletter.ask(signed_in.person.email)
        is_closing = signed_in.person.locked_for is not Lock.OPEN
        response = see_other(CLOSING if is_closing else safe_next(arrival.next))
        set_session(response, services, signed_in.token)
        response.delete_cookie(DOOR_COOKIE, path=RETURN)
        return response

    async def again(self, request: Request) -> Response:
        """Prove presence by signing in anew."""
        services, hosted = self._open()
        session = await session_of(request, services)
        form = await read_form(request, "next", "carry")
        carry = form.get("carry") if len(form.get("carry")) <= CARRIED_MAX else ""
        wanted = CARRIED_PATH if carry else safe_next(form.get("next"))
        departure = await hosted.leave_again(session, site_origin(request, services), wanted)
        response = _onward(request, services, departure)
        clear_session(response, services)
        if carry:
            _keep(response, services, CARRIED_COOKIE, carry, CARRIED_PATH)
        return response

    async def carried(self, request: Request) -> Response:
        """Show the form that waited for the new sign-in, with one button that sends it."""
        services, hosted = self._open()
        session = await session_of(request, services)
        waited = hosted.ways.read_carried(request.cookies.get(CARRIED_COOKIE, ""), session.owner)
        response = auth_page(
            request,
            services,
            "confirm.html",
            act=waited,
            action=waited.action,
            carried=waited.fields,
            is_back=True,
            takes_passkeys=False,
        )
        response.delete_cookie(CARRIED_COOKIE, path=CARRIED_PATH)
        return response

    async def profile(self, request: Request) -> Response:
        """Lead to the hosted page for password, address and second factors."""
        services, hosted = self._open()
        await session_of(request, services)
        return _redirect(hosted.identity.profile_url())

    async def hear(self, request: Request) -> Response:
        """Take a webhook; its signature is checked on the bytes as they came."""
        _, hosted = self._open()
        event = hosted.identity.read_event(request.headers, await request.body())
        await hosted.hear(event)
        return Response(status_code=204, headers=NO_STORE)

    def routes(self) -> list[Route]:
        """Return them."""
        return [
            Route("/auth/clerk", self.leave, methods=["GET"]),
            Route("/auth/clerk/join", self.join, methods=["POST"]),
            Route(RETURN, self.come_back, methods=["GET"]),
            Route("/auth/clerk/again", self.again, methods=["POST"]),
            Route(CARRIED_PATH, self.carried, methods=["GET"]),
            Route("/auth/clerk/profile", self.profile, methods=["GET"]),
            Route("/webhooks/clerk", self.hear, methods=["POST"]),
        ]


async def show_hosted(request: Request, services: Services, *, is_new: bool) -> Response:
    """Show our own page in front of the hosted one: for new people the age screen."""
    if await find_session(request, services):
        return see_other(safe_next(request.query_params.get("next", "")))
    wanted = {"next": safe_next(request.query_params.get("next", ""), default="")}
    if is_new:
        return join_page(request, services, Form(values={"country": hinted_country(request), **wanted}))
    return hosted_page(request, services, Form(values=wanted))


def hosted_page(request: Request, services: Services, form: Form, error: ImageRouteError | None = None) -> Response:
    """Return the page with the one button that leads to the hosted sign-in."""
    wanted = safe_next(form.get("next"), default="")
    done = DONE.get(request.query_params.get("done", ""), "")
    return auth_page(request, services, "hosted_sign_in.html", form=form, next=wanted, done=done, **answer_to(error))


def join_page(request: Request, services: Services, form: Form, error: ImageRouteError | None = None) -> Response:
    """Return our form in front of the hosted sign-up."""
    return auth_page(
        request,
        services,
        "hosted_sign_up.html",
        form=form,
        countries=COUNTRIES,
        starter_credits=services.rules.starter_credits,
        next=safe_next(form.get("next"), default=""),
        is_finishing="finish" in request.query_params,
        **answer_to(error),
    )


def _onward(request: Request, services: Services, departure: Departure) -> Response:
    """Return a page that goes on by itself: our policy lets no form's answer leave for another site (form-action)."""
    response = auth_page(request, services, "hosted_onward.html", url=departure.url)
    _remember(response, services, departure)
    return response


def _remember(response: Response, services: Services, departure: Departure) -> None:
    _keep(response, services, DOOR_COOKIE, departure.nonce, RETURN)


def _keep(response: Response, services: Services, name: str, value: str, path: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=int(LIFE.total_seconds()),
        path=path,
        secure=is_https(services),
        httponly=True,
        samesite="lax",
    )


def _redirect(url: str) -> Response:
    return Response(status_code=303, headers={"Location": url, **NO_STORE})
