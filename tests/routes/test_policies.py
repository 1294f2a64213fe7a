"""Policy and terms as pages: no script, no cookie, no account; every mark beside a sentence leads somewhere."""

import html
import re

import httpx
import pytest

from imageroute_app.bootstrap import new_id
from imageroute_app.domain.measures import Measure, State
from imageroute_app.domain.policies import HOUSE
from imageroute_app.domain.promises import PROMISES
from imageroute_app.domain.retention import RULES
from imageroute_app.pages.privacy_center import SECTIONS
from imageroute_app.routes.controls import CONTROLS
from imageroute_app.services.checks import NOTHING
from tests.routes.conftest import House

PATHS = (
    "/privacy/versions",
    "/privacy/versions/2026-11-26",
    "/privacy/compare?from=2026-11-26&to=2026-11-26",
    "/terms/versions",
    "/terms/versions/2026-11-26",
    "/trust/retention",
    "/trust/promises",
)


@pytest.mark.promise("P2", "P72")
@pytest.mark.parametrize("path", PATHS)
async def test_versions_and_proofs_need_and_leave_nothing(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert re.findall(r"<script\b[^>]*>", answer.text) == ['<script src="/site.js">']


@pytest.mark.promise("P1")
@pytest.mark.parametrize("path", ["/privacy", "/terms"])
async def test_every_link_of_a_policy_leads_somewhere(house: House, browser: httpx.AsyncClient, path: str) -> None:
    signed_in = await house.signed_up()
    page = (await browser.get(path)).text
    linked = set(re.findall(r'href="(/[^"]*)"', page))
    own = {
        one
        for one in linked
        if re.match(
            r"/(privacy|terms|trust|cookies|processors|contact|report|requests|complaint|support|verify)\b", one
        )
    }
    centre = {one for one in own if re.fullmatch(r"/privacy-center(#.*)?", one)}
    sections = {section.name for section in SECTIONS} | {""}
    assert {one.partition("#")[2] for one in centre} <= sections  # a page of the app; its journey looks at each section
    for target in own - centre:
        address, _, part = target.partition("#")
        answer = await (signed_in if address.startswith("/privacy-center") else browser).get(address)
        assert answer.status_code == 200, target
        assert not part or f'id="{part}"' in answer.text, target


@pytest.mark.promise("P1")
async def test_every_section_of_the_privacy_policy_leads_to_its_control(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/privacy")).text
    sections = dict(re.findall(r'<section id="([^"]+)">(.*?)</section>', page, re.DOTALL))
    assert set(sections) == set(CONTROLS)
    for name, text in sections.items():
        linked = set(re.findall(r'href="([^"]+)"', text.rpartition("Do it here")[2]))
        assert linked == {address for _, address in CONTROLS[name]}, name


async def test_an_edition_that_never_was_is_not_found(browser: httpx.AsyncClient) -> None:
    for path in ("/privacy/versions/2020-01-01", "/privacy/versions/x", "/terms/compare?from=2026-11-26"):
        assert (await browser.get(path)).status_code == 404


@pytest.mark.promise("P35")
async def test_retention_shows_the_rules_that_are_carried_out(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/trust/retention")).text
    for rule in RULES.values():
        assert html.escape(rule.kept).replace("&#x27;", "&#39;") in page
        assert page.count("<tr") > len(RULES)


async def test_a_promise_without_a_test_is_called_so(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/trust/promises")).text
    for name, promise in PROMISES.items():
        assert f'id="{name}"' in page
        assert promise.sentence.split("'")[0] in page


@pytest.mark.promise("P1", "P33")
async def test_trust_shows_red_as_red_and_old_as_old(house: House, browser: httpx.AsyncClient) -> None:
    unseen = (await browser.get("/trust")).text
    assert unseen.count("Not measured yet") >= 6
    assert "never" in unseen

    await house.services.checks.sweep()
    page = (await browser.get("/trust")).text
    assert row_of(page, "controller_named").count("Missed") == 1  # nobody is named on a development machine
    assert "IMAGEROUTE_CONTROLLER_NAME" in row_of(page, "controller_named")
    assert row_of(page, "datamap_unmapped_fields").count("Met") == 1
    assert f"{house.clock():%-d %b, %H:%M UTC}" in page
    promises = (await browser.get("/trust/promises")).text
    assert 'href="/trust#controller_named"' in promises

    house.clock.move(hours=2)
    assert "Old" in row_of((await browser.get("/trust")).text, "datamap_unmapped_fields")
    assert all(f"{review.on:%-d %B %Y}" in page for review in house.services.checks.reviews)


@pytest.mark.promise("P49")
async def test_trust_says_where_there_was_nothing_to_measure(house: House, browser: httpx.AsyncClient) -> None:
    empty = Measure(
        id=new_id(), owner=HOUSE, metric="erasure_time_p50", state=State.UNKNOWN, value=NOTHING.value, note="",
        taken_at=house.clock(),
    )  # fmt: skip
    await house.services.database.tables.measures.add(empty)
    page = (await browser.get("/trust")).text
    row = row_of(page, "erasure_time_p50")
    assert "nothing to measure yet" in row
    assert row.count("Not measured yet") == 1
    assert f"{house.clock():%-d %b, %H:%M UTC}" in row
    unknown = page.count(">Not measured yet<")
    assert f"{unknown} are not measured yet." in page


def row_of(page: str, metric: str) -> str:
    """Return a row of the table of figures."""
    return page.partition(f'id="{metric}"')[2].partition("</tr>")[0]
