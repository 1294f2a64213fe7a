"""Asking, answering, reporting, in the browser: what a person sees of a case, and what operators see of people."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.journeys.conftest import LOOKS, OpenContext, Watch, find_barriers, fresh
from tests.journeys.test_account import PASSWORD, sign_up
from tests.product import ForkedProduct, Product

PUBLIC = ("/support", "/complaint", "/requests", "/report", "/cases")
OLGAS = [fresh("olga") for _ in range(8)]
"""Addresses of the operator: a try that ended while she signed up goes on with the next one."""


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def bureau(front_end: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """Start an installation whose operator is Olga."""
    own = ForkedProduct(tmp_path_factory.mktemp("bureau") / "data", settings={"OPERATORS": ",".join(OLGAS)})
    await own.start()
    yield own
    await own.stop()


@pytest.fixture
def watch(bureau: Product) -> Watch:
    """Watch the pages of this installation."""
    return Watch(origins=(bureau.url, bureau.url.replace("127.0.0.1", "localhost")))


async def verify(page: Page, email: str) -> None:
    """Open the link of the mail that waits in the outbox, and confirm."""
    await page.goto("/outbox")
    letter = page.get_by_role("article", name=re.compile(f"Confirm your email, to {email}")).first
    await letter.get_by_role("link", name="Open the link").click()
    await page.get_by_role("button", name=re.compile("Confirm")).click()


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def olga_state() -> dict[str, object]:
    """Hold what Olga's browser keeps, so that she signs up once."""
    return {}


async def olga(open_context: OpenContext, bureau: Product, kept: dict[str, object], **looks: str) -> Page:
    """Return the page of the operator at her desk."""
    context = await open_context(url=bureau.url, storage_state=kept.get("state"), **looks)
    page = await context.new_page()
    if not kept:
        email = OLGAS.pop()
        await sign_up(page, email=email)
        await verify(page, email)
        kept["state"] = await context.storage_state()
    await page.goto("/admin")
    if await page.get_by_label("Your password").count():
        await page.get_by_label("Your password").fill(PASSWORD)
        await page.get_by_role("button", name="Open the desk").click()
    await expect(page.get_by_role("heading", name="Open cases")).to_be_visible()
    return page


async def look(page: Page, title: str) -> None:
    """Open the newest case of a kind with a reason."""
    await page.get_by_role("link", name=re.compile(title)).last.click()
    await page.get_by_label("Reason", exact=True).fill("To answer the person")
    await page.get_by_role("button", name="Open the case").click()
    await expect(page.get_by_role("heading", name="What was written")).to_be_visible()


@pytest.mark.promise("P51", "P71", "P32")
async def test_complaint_is_answered_at_the_desk_and_seen_in_the_privacy_center(
    open_context: OpenContext, bureau: Product, olga_state: dict[str, object], watch: Watch
) -> None:
    watch.allowed = ["422"]  # the refusal without its reasons
    page = await (await open_context(url=bureau.url)).new_page()
    await sign_up(page, email=fresh("ada"))
    await page.goto("/complaint")
    await page.get_by_label("Your complaint").fill("You answered too late.")
    await page.get_by_role("button", name="Send complaint").click()
    await expect(page.get_by_text("You answered too late.")).to_be_visible()
    desk = await olga(open_context, bureau, olga_state)
    assert "too late" not in await desk.inner_text("main")
    await look(desk, "Complaint")
    await expect(desk.get_by_text("You answered too late.")).to_be_visible()
    await desk.get_by_label("Outcome").select_option("refused")
    await desk.get_by_role("textbox", name="Answer").fill("We looked into it.")
    await desk.get_by_role("button", name="Answer and close").click()
    await expect(desk.get_by_text("a refusal needs its reasons")).to_be_visible()
    await desk.get_by_label("Reasons").fill("The answer came on day 3.")
    await desk.get_by_role("button", name="Answer and close").click()
    await expect(desk.get_by_text("Refused", exact=True)).to_be_visible()
    await page.goto("/privacy-center#requests")
    cases = page.get_by_role("table", name="Cases")
    await expect(cases.get_by_text("Refused, with reasons")).to_be_visible()
    await cases.get_by_role("link", name="Complaint").click()
    await expect(page.get_by_text("The answer came on day 3.")).to_be_visible()


async def test_request_from_the_privacy_center_has_its_date(open_context: OpenContext, bureau: Product) -> None:
    page = await (await open_context(url=bureau.url, size="phone")).new_page()
    await sign_up(page, email=fresh("bo"))
    await page.goto("/privacy-center")
    section = page.get_by_role("region", name="Requests and complaints")
    await section.get_by_text("New request").click()
    await section.get_by_label("What you ask for").select_option("correct")
    await section.get_by_label("In your words").fill("My name was Bo before.")
    await section.get_by_role("button", name="Send request").click()
    await expect(page.get_by_text("Art. 12(3)")).to_be_visible()
    await page.get_by_label("Your message").fill("And it is Bo again.")
    await page.get_by_role("button", name="Send message").click()
    await expect(page.get_by_text("And it is Bo again.")).to_be_visible()


@pytest.mark.promise("P59")
async def test_reported_child_is_frozen_at_once_and_erased_after_review(
    open_context: OpenContext, bureau: Product, olga_state: dict[str, object]
) -> None:
    kid, email = await (await open_context(url=bureau.url)).new_page(), fresh("kid")
    await sign_up(kid, email=email)
    stranger = await (await open_context(url=bureau.url, java_script_enabled=False)).new_page()
    await stranger.goto("/report")
    await stranger.get_by_label("What it is about").select_option("child")
    await stranger.get_by_label("Account or place").fill(email)
    await stranger.get_by_label("What you know").fill("A pupil of mine, eleven.")
    await stranger.get_by_role("button", name="Send report").click()
    code = await stranger.locator(".code").inner_text()
    desk = await olga(open_context, bureau, olga_state)
    await look(desk, "child")
    await expect(desk.get_by_text("The account is locked.")).to_be_visible()
    await desk.get_by_role("button", name="Yes: erase it now").click()
    await expect(desk.get_by_text("Confirmed", exact=True)).to_be_visible()
    await kid.goto("/create")
    await expect(kid).to_have_url(re.compile("/sign-in"))
    await stranger.goto("/cases")
    await stranger.get_by_label("Case code").fill(code)
    await stranger.get_by_role("button", name="Open the case").click()
    await expect(stranger.get_by_text("The account is erased")).to_be_visible()
    assert "eleven" not in await stranger.inner_text("main")


@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_pages_of_cases_have_no_barriers(
    open_context: OpenContext, bureau: Product, olga_state: dict[str, object], size: str, theme: str
) -> None:
    page = await (await open_context(url=bureau.url, size=size, theme=theme)).new_page()
    for path in PUBLIC:
        await page.goto(path)
        assert await find_barriers(page) == [], path
        width = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 0, path
    desk = await olga(open_context, bureau, olga_state, size=size, theme=theme)
    assert await find_barriers(desk) == []
    for kind in ("legal", "breach", "ownership"):
        await desk.goto(f"/admin/entry?kind={kind}")
        assert await find_barriers(desk) == [], kind
    await desk.goto("/support")
    question = f"Where is it? {size} {theme}"
    await desk.get_by_label("Your question").fill(question)
    await desk.get_by_role("button", name="Send").click()
    await expect(desk.get_by_text(question)).to_be_visible()
    assert await find_barriers(desk) == []
    await desk.goto("/admin")
    await look(desk, "Question to support")
    assert await find_barriers(desk) == []
    await desk.goto("/privacy-center")
    await expect(desk.get_by_role("table", name="Cases")).to_be_visible()
    assert await find_barriers(desk) == []
