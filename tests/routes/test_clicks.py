"""Clicks: how many a yes takes, and how many to take it back, counted on our pages as they are served.

A press of a button is a form that is sent; a switch in a form is a press of its own, and so is a link to another page.
What consent.js shows and hides is shown and hidden here by what the same address told it; the journeys of the choices press
the real thing.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx
import pytest

from imageroute_app.domain.purposes import OPTIONAL, PURPOSES, Purpose, Toggle
from tests.routes.conftest import House

COOKIES, CENTER, ELSEWHERE = "/cookies", "/privacy-center/choices", "/trust"
TRIES = 5


@dataclass
class Form:
    """A form of a page: what it sends by itself, its switches by name, and its buttons by their words."""

    action: str
    hidden: dict[str, str] = field(default_factory=dict[str, str])
    switches: dict[str, bool] = field(default_factory=dict[str, bool])
    buttons: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])


class Forms(HTMLParser):
    """Reads the forms that can be seen; one that waits for a script is none, unless the script shows it."""

    def __init__(self, shown_by_script: Mapping[str, bool]) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._shown = shown_by_script
        self._form: Form | None = None
        self._sends: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, and what stands in it."""
        given = {name: value or "" for name, value in attrs}
        mark = next((mark for mark in self._shown if mark in given), "")
        if tag == "form" and (self._shown[mark] if mark else "hidden" not in given):
            self._form = Form(given.get("action", ""))
            self.forms.append(self._form)
        if self._form is None:
            return
        if tag == "input" and given.get("type") == "hidden":
            self._form.hidden[given["name"]] = given["value"]
        if tag == "input" and given.get("role") == "switch":
            self._form.switches[given["name"]] = "checked" in given
        if tag == "button":
            self._sends = {given["name"]: given["value"]} if "name" in given else {}

    def handle_data(self, data: str) -> None:
        """Note a button by its words."""
        if self._form is not None and self._sends is not None and data.strip():
            self._form.buttons[data.strip()] = self._sends

    def handle_endtag(self, tag: str) -> None:
        """End a button or a form."""
        if tag == "button":
            self._sends = None
        if tag == "form":
            self._form = None


async def forms_of(browser: httpx.AsyncClient, path: str, *, has_script: bool = False) -> list[Form]:
    """Return the forms of a page."""
    told = (await browser.get("/api/choices")).json() if has_script else {}
    reader = Forms({"data-ask": told["ask"], "data-back": told["counts"]} if has_script else {})
    reader.feed((await browser.get(path)).text)
    return reader.forms


async def clicks_until(is_done: Callable[[], Awaitable[bool]], press: Callable[[], Awaitable[int]]) -> int:
    """Press what a page offers, as often as it takes; returns the clicks."""
    clicks = 0
    for _ in range(TRIES):
        if await is_done():
            return clicks
        clicks += await press()
    raise AssertionError(f"{clicks} clicks did not do it")


async def counts(browser: httpx.AsyncClient) -> bool:
    """Say whether our server counts what this browser opens."""
    return (await browser.get("/api/choices")).json()["counts"]


async def press(browser: httpx.AsyncClient, path: str, words: str, *, has_script: bool) -> int:
    """Press a button of a page by its words, going by the link of the footer to where it stands; returns the clicks."""
    here = [form for form in await forms_of(browser, path, has_script=has_script) if words in form.buttons]
    if not here:
        assert f'href="{COOKIES}"' in (await browser.get(path)).text
        return 1 + await press(browser, COOKIES, words, has_script=has_script)
    (form,) = here
    await browser.post(form.action, data={**form.hidden, **form.buttons[words]})
    return 1


@pytest.mark.metric("clicks_withdraw_give")
@pytest.mark.promise("P56")
@pytest.mark.parametrize("is_signed_in", [False, True])
@pytest.mark.parametrize("has_script", [False, True])
@pytest.mark.parametrize("later", [ELSEWHERE, "/terms", "/support", COOKIES])
async def test_from_the_first_question_on_taking_back_is_no_longer_than_giving(
    house: House, is_signed_in: bool, has_script: bool, later: str
) -> None:
    browser = await house.signed_up() if is_signed_in else await house.browser()
    give = await press(browser, ELSEWHERE, "Accept all", has_script=has_script)
    assert await counts(browser)
    back = await press(browser, later, "Take it back", has_script=has_script)
    assert not await counts(browser)
    assert back == 1 <= give
    if has_script:
        assert (await press(await house.browser(), ELSEWHERE, "Reject all", has_script=True)) == give == back


@pytest.mark.metric("clicks_withdraw_give")
@pytest.mark.promise("P56")
@pytest.mark.parametrize("is_signed_in", [False, True])
async def test_no_takes_back_what_yes_gave_with_as_many_clicks(house: House, is_signed_in: bool) -> None:
    browser = await house.signed_up() if is_signed_in else await house.browser()

    async def all_at_once(*, on: bool) -> int:
        words = "Accept all" if on else "Take it back"
        (form,) = [form for form in await forms_of(browser, COOKIES) if words in form.buttons]
        await browser.post(form.action, data={**form.hidden, **form.buttons[words]})
        return 1

    async def one_by_one(*, on: bool) -> int:
        (form,) = [form for form in await forms_of(browser, COOKIES) if Purpose.ANALYTICS in form.switches]
        (sends,) = form.buttons.values()
        turned = int(form.switches[Purpose.ANALYTICS] is not on)
        kept = {name: "yes" for name, is_on in form.switches.items() if (on if name == Purpose.ANALYTICS else is_on)}
        await browser.post(form.action, data={**form.hidden, **sends, **kept})
        return turned + 1

    for answer in (all_at_once, one_by_one):
        assert not await counts(browser)
        give = await clicks_until(lambda: counts(browser), lambda answer=answer: answer(on=True))

        async def is_off() -> bool:
            return not await counts(browser)

        withdraw = await clicks_until(is_off, lambda answer=answer: answer(on=False))
        assert (withdraw - give, give > 0) == (0, True), answer.__name__
    assert set(OPTIONAL) == {Purpose.ANALYTICS, Purpose.PERFORMANCE}


@pytest.mark.metric("clicks_withdraw_give")
@pytest.mark.promise("P56", "P69")
@pytest.mark.parametrize("purpose", [one for one, facts in PURPOSES.items() if facts.toggle is Toggle.CONSENT])
async def test_every_consent_of_an_account_goes_off_with_as_many_clicks_as_it_came(
    house: House, purpose: Purpose
) -> None:
    ada = await house.signed_up()
    owner, services = await house.owner(ada), house.services

    async def is_on() -> bool:
        if purpose is not Purpose.NEWSLETTER:
            return (await services.choices.standing(owner, purpose)).is_on
        return (await services.newsletter_choice.standing(owner)).is_on

    async def is_off() -> bool:
        return not await is_on()

    async def press() -> int:
        (form,) = [form for form in await forms_of(ada, CENTER) if form.hidden.get("purpose") == purpose]
        await ada.post(form.action, data=form.hidden)
        return 1

    async def press_and_answer_the_mail() -> int:
        pressed = await press()
        if purpose is not Purpose.NEWSLETTER:
            return pressed
        await services.newsletter.settle()
        link = await house.link("Do you want the newsletter?")
        await ada.post("/newsletter", data={"token": link.partition("confirm=")[2]})
        return pressed + 2  # the link, then the button that it leads to

    assert await is_off()
    give = await clicks_until(is_on, press_and_answer_the_mail)
    withdraw = await clicks_until(is_off, press)
    extra = 2 if purpose is Purpose.NEWSLETTER else 0  # only the yes is asked for twice
    assert (withdraw - give, withdraw) == (-extra, 1)
