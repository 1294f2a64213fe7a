"""Journeys 2, 3, 4 and 11: rules, failover with a receipt, failures and money, comparison, against the emulators."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.conftest import MakeProduct
from tests.emulators.bfl import BflEmulator
from tests.emulators.fal import FalEmulator
from tests.emulators.kit import served
from tests.emulators.openai_compat import KEY as OPENAI_KEY
from tests.emulators.openai_compat import OpenAICompatEmulator
from tests.journeys.conftest import SIZES, OpenContext, Watch, find_barriers
from tests.journeys.test_account import sign_up
from tests.journeys.test_first_picture import GO, WISH, credits_of, generate, prompt_of, results_of, write


@dataclass
class Street:
    """An installation with three companies, and the page of a person whose address is proven."""

    page: Page
    openai: OpenAICompatEmulator
    bfl: BflEmulator
    fal: FalEmulator

    @property
    def billable(self) -> int:
        return self.openai.billable + self.bfl.billable + self.fal.billable

    @property
    def heard(self) -> int:
        return len(self.openai.seen) + len(self.bfl.seen) + len(self.fal.seen)


@pytest_asyncio.fixture(loop_scope="session")
async def street(make_product: MakeProduct, open_context: OpenContext, watch: Watch) -> AsyncIterator[Street]:
    openai, bfl, fal = OpenAICompatEmulator(dialect="openai"), BflEmulator(), FalEmulator()
    async with AsyncExitStack() as stack:
        for emulator in (openai, bfl, fal):
            await stack.enter_async_context(served(emulator))
        product = await make_product(
            OPENAI_URL=f"{openai.url}/v1",
            OPENAI_KEY=OPENAI_KEY,
            BFL_URL=bfl.url,
            BFL_KEY=bfl.key,
            FAL_URL=fal.url,
            FAL_KEY=fal.key,
            STARTER_CREDITS="100",
        )
        watch.origins += (product.url, product.url.replace("127.0.0.1", "localhost"))
        page = await (await open_context(url=product.url)).new_page()
        await sign_up(page)
        await prove_address(page)
        yield Street(page=page, openai=openai, bfl=bfl, fal=fal)


async def prove_address(page: Page) -> None:
    await page.goto("/outbox")
    link = await page.locator("a[href*='verify-email']").first.get_attribute("href")
    assert link is not None
    await page.goto(link)
    await page.get_by_role("button", name=re.compile("Confirm")).click()
    await page.goto("/create")
    await expect(page.get_by_role("button", name=GO)).to_be_enabled()


async def open_picker(page: Page) -> Locator:
    await page.get_by_role("button", name=re.compile("^Model:")).click()
    picker = page.get_by_role("dialog", name="Who draws it")
    await expect(picker).to_be_visible()
    return picker


async def choose(page: Page, model: str, *, level: str = "Any", failover: str = "Any it allows") -> None:
    """Choose a model, the level and who is asked next, as a person does in the picker."""
    picker = await open_picker(page)
    await picker.get_by_role("button", name=level, exact=True).click()
    await expect(picker.get_by_role("button", name=level, exact=True)).to_have_attribute("aria-pressed", "true")
    await picker.get_by_role("button", name=failover, exact=True).click()
    await expect(picker.get_by_role("button", name=failover, exact=True)).to_have_attribute("aria-pressed", "true")
    row = picker.locator("tr", has_text=model).first
    await row.get_by_role("radio").check()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name=re.compile("^Model:"))).to_contain_text(model)


async def test_strict_closes_what_breaks_it_and_names_the_one_change(street: Street) -> None:
    page = street.page
    await write(page)
    picker = await open_picker(page)
    await expect(picker).to_contain_text("Strict: no training, kept 30 days or less, EU or local only. 1 of")
    closed = picker.locator("tr", has_text="FLUX.2 pro").first
    await expect(closed).to_contain_text("Training unknown")
    await expect(closed.get_by_role("radio")).to_be_disabled()
    await expect(picker.locator("tr", has_text="GPT Image 2, low").first).to_contain_text("Outside the EU")
    await expect(picker.locator("tr", has_text="Sketch").first.get_by_role("radio")).to_be_enabled()
    await page.wait_for_timeout(300)  # axe must not look at colours on their way
    assert await find_barriers(page) == []
    await picker.get_by_text("Auto", exact=True).click()
    await page.keyboard.press("Escape")
    problem = page.locator("#composer-problem")
    await expect(problem).to_contain_text("Nobody may draw this under your rule.")
    await expect(problem).to_contain_text("Balanced instead of Strict would open")
    await generate(page)
    await expect(problem).to_contain_text("Nothing was sent or charged.")
    assert street.heard == 0
    assert await credits_of(page) == 100

    await problem.get_by_role("button", name="Allow it for this picture").click()
    await expect(page.locator("[name=quote_id]")).to_have_value(re.compile(".{8}"))
    await expect(page.get_by_role("button", name=re.compile("^Privacy: "))).not_to_have_accessible_name(
        re.compile("Nobody")
    )
    await generate(page)
    await expect(results_of(page).get_by_role("img", name=WISH)).to_have_count(1, timeout=60_000)
    assert street.billable == 1


async def test_failover_goes_on_with_notice_and_the_receipt_names_both(street: Street) -> None:
    page = street.page
    street.bfl.scenario.fail("submit", 503, times=9)
    await write(page)
    await choose(page, "FLUX.2 pro")
    await page.get_by_role("button", name=re.compile("^Privacy: ")).click()
    route = page.get_by_role("dialog", name="Route of the next picture")
    await expect(route).to_contain_text("Only if that fails.")
    await page.keyboard.press("Escape")
    await generate(page)
    picture = results_of(page).get_by_role("img", name=WISH)
    await expect(picture).to_have_count(1, timeout=60_000)
    await picture.click()
    stops = page.get_by_role("list", name="Route of this picture").get_by_role("listitem")
    await expect(stops.filter(has_text="Black Forest Labs").first).to_contain_text("failed · took nothing")
    await expect(page.get_by_role("complementary", name="Inspector")).to_contain_text("Your rule: Any")
    await expect(stops).to_have_count(6)
    assert street.billable == 1
    assert {seen.json["prompt"] for seen in street.bfl.seen} == {WISH}


async def test_never_fails_names_the_company_and_costs_nothing(street: Street) -> None:
    page = street.page
    street.bfl.scenario.fail("submit", 503, times=9)
    await write(page)
    await choose(page, "FLUX.2 pro", failover="Never")
    await generate(page)
    await expect(results_of(page)).to_contain_text("Black Forest Labs stopped answering.", timeout=60_000)
    await expect(results_of(page)).to_contain_text("0 credits charged")
    assert street.openai.submissions == street.fal.submissions == 0
    assert await credits_of(page) == 100


async def test_unknown_billing_is_free_and_only_a_press_asks_again(street: Street) -> None:
    page = street.page
    street.openai.scenario.drop = ["submit"]
    await write(page)
    await choose(page, "GPT Image 2, low")
    await generate(page)
    await expect(results_of(page)).to_contain_text("We cannot know whether it was made", timeout=60_000)
    assert street.openai.submissions == 1
    assert await credits_of(page) == 100
    await page.get_by_role("button", name=re.compile("^Retry")).click()
    await expect(results_of(page).get_by_role("img", name=WISH)).to_have_count(1, timeout=60_000)
    assert street.openai.submissions == 2


@pytest.mark.promise("P40")
async def test_a_refusal_is_blocked_free_and_can_be_appealed(street: Street) -> None:
    page = street.page
    street.bfl.scenario.refuse = "input"
    await write(page)
    await choose(page, "FLUX.2 pro")
    await generate(page)
    await expect(results_of(page)).to_contain_text(
        "The rules of Black Forest Labs do not allow this prompt.", timeout=60_000
    )
    await expect(results_of(page)).to_contain_text("0 credits charged")
    assert street.openai.submissions == street.fal.submissions == 0
    await page.get_by_role("button", name=re.compile("^Appeal")).click()
    await expect(page.get_by_text("Your appeal is open.")).to_be_visible()


async def test_compare_prices_each_column_and_keeps_one(street: Street) -> None:
    page = street.page
    street.openai.scenario.fail("submit", 400, {"error": {"message": "no", "code": "no"}})
    await write(page)
    picker = await open_picker(page)
    await picker.get_by_role("button", name="Any", exact=True).click()
    await expect(picker.get_by_role("button", name="Any", exact=True)).to_have_attribute("aria-pressed", "true")
    await picker.get_by_role("button", name="Compare up to 4").click()
    for number, name in enumerate(("FLUX.2 pro", "GPT Image 2, low", "Sketch"), start=1):
        await picker.locator("tr", has_text=name).first.get_by_role("checkbox").click()
        await expect(picker.get_by_role("checkbox", checked=True)).to_have_count(number)
    await page.keyboard.press("Escape")
    await expect(page.locator("[name=compare_ids]")).to_have_value(re.compile(".+,.+,.+"))
    await see_all_facts(page)
    before = await credits_of(page)
    await generate(page)
    columns = results_of(page).get_by_role("article")
    await expect(columns).to_have_count(3)
    await expect(results_of(page).get_by_role("img", name=WISH)).to_have_count(2, timeout=60_000)
    await expect(columns.nth(1)).to_contain_text("0 credits charged")
    assert street.billable == 1
    assert 0 < before - await credits_of(page) < 15
    await page.get_by_role("button", name="Keep only Sketch").click()
    await expect(results_of(page).get_by_role("img", name=WISH)).to_have_count(1)
    await page.reload()
    await expect(results_of(page).get_by_role("img", name=WISH)).to_have_count(1)
    await expect(prompt_of(page)).to_have_value(WISH)


async def see_all_facts(page: Page) -> None:
    """Read the line above the prompt at both sizes: nothing of it is cut, nor runs over what is beside it."""
    strip = page.locator(".composer .strip")
    for fact in ("Black Forest Labs, OpenAI, ImageRoute Sketch", "Germany, United States", "Retention unknown"):
        await expect(strip).to_contain_text(fact)
    fits = "all => all.every(one => one.scrollWidth <= one.offsetWidth && one.scrollHeight <= one.offsetHeight)"
    for width, height in (SIZES["phone"], SIZES["desktop"]):
        await page.set_viewport_size({"width": width, "height": height})
        assert await page.locator(".strip, .strip .f, .strip .f > *").evaluate_all(fits)


@pytest.mark.parametrize("size", ["phone"])
async def test_without_any_key_the_picker_says_how_to_add_one(open_context: OpenContext, size: str) -> None:
    page = await (await open_context(size=size)).new_page()
    await sign_up(page)
    await expect(page.get_by_role("button", name=GO)).to_be_enabled()
    picker = await open_picker(page)
    await expect(picker).to_contain_text("Only our own engine is set up here.")
    await expect(picker).to_contain_text("IMAGEROUTE_BFL_KEY")
    await page.wait_for_timeout(300)  # axe must not look at colours on their way
    assert await find_barriers(page) == []
