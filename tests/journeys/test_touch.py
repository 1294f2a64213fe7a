"""Fingers on a phone: holding, swiping, pinching and painting, as Chromium makes them of touch points."""

import asyncio
from dataclasses import dataclass

import pytest_asyncio
from playwright.async_api import CDPSession, FloatRect, Locator, Page, expect

from tests.journeys.conftest import SIZES, OpenContext, find_barriers
from tests.journeys.test_account import sign_up
from tests.journeys.test_editing import canvas_of, made_one, marked, tasks_of, use
from tests.journeys.test_gallery import lightbox, open_gallery, picture
from tests.product import Product
from tests.seeding import seed_images

PHONE = {"size": "phone", "has_touch": True, "is_mobile": True}
REST_S = 0.2
Point = tuple[float, float]
APART: tuple[tuple[Point, Point], tuple[Point, Point]] = (((0.42, 0.42), (0.15, 0.15)), ((0.58, 0.58), (0.85, 0.85)))
"""Two fingers that go apart."""


@dataclass
class Fingers:
    """What touches the screen; points are shares of a box."""

    session: CDPSession
    box: FloatRect

    @classmethod
    async def over(cls, locator: Locator) -> "Fingers":
        await locator.scroll_into_view_if_needed()
        box = await locator.bounding_box()
        assert box
        return cls(await locator.page.context.new_cdp_session(locator.page), box)

    async def put(self, *points: Point) -> None:
        await self._send("touchStart", points)

    async def move(self, *points: Point) -> None:
        await self._send("touchMove", points)

    async def lift(self) -> None:
        await self._send("touchEnd", ())

    async def _send(self, kind: str, points: tuple[Point, ...]) -> None:
        box = self.box
        at = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "id": number}
            for number, (x, y) in enumerate(points)
        ]
        await self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})


async def drag(fingers: Fingers, *ways: tuple[Point, Point], is_flung: bool = False, steps: int = 6) -> None:
    """Put fingers down, move each along its way and lift them: after a rest, or while they move."""
    await fingers.put(*[start for start, _ in ways])
    for step in range(1, steps + 1):
        share = step / steps
        await fingers.move(*[(a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share) for a, b in ways])
    if not is_flung:
        await asyncio.sleep(REST_S)
        await fingers.move(*[end for _, end in ways])
    await fingers.lift()


async def zoom_of(page: Page) -> int:
    return int((await page.locator("ir-compare").get_attribute("data-zoom") or "").removesuffix("%"))


@pytest_asyncio.fixture(loop_scope="session")
async def phone(product: Product, open_context: OpenContext) -> Page:
    """The gallery of a person with twelve pictures, on a phone."""
    page = await (await open_context(**PHONE)).new_page()
    email = await sign_up(page)
    await page.goto("about:blank")
    await seed_images(product.data_dir, email, 12)
    await open_gallery(page)
    return page


async def test_pictures_are_chosen_by_holding_and_compared_by_pinching(phone: Page) -> None:
    bar, compare = phone.get_by_role("toolbar", name="Selection"), phone.get_by_role("dialog", name="Compare")
    fingers = await Fingers.over(picture(phone, 11))
    await fingers.put((0.5, 0.5))
    await expect(bar).to_contain_text("1 selected")
    await fingers.lift()
    await picture(phone, 10).tap()
    await expect(bar).to_contain_text("2 selected")
    await expect(lightbox(phone)).to_have_count(0)
    box = await bar.bounding_box()
    assert box
    assert (box["x"] >= 0, box["x"] + box["width"] <= SIZES["phone"][0]) == (True, True)
    assert await find_barriers(phone) == []

    await bar.get_by_role("button", name="Compare").tap()
    fingers = await Fingers.over(compare.locator(".cmp-frame").first)
    await drag(fingers, *APART)
    assert await zoom_of(phone) > 200
    await drag(fingers, *((end, start) for start, end in APART))
    assert await zoom_of(phone) == 100
    await compare.get_by_role("button", name="Close").tap()
    await bar.get_by_role("button", name="Clear selection").tap()
    await expect(bar).to_have_count(0)


async def test_a_swipe_steps_to_the_neighbour_and_never_leaves_the_page(phone: Page) -> None:
    await picture(phone, 10).tap()
    stage, place = await Fingers.over(phone.locator(".lb-stage")), phone.locator("ir-film .place")
    await expect(place).to_have_text("2 of 12")
    await drag(stage, ((0.8, 0.5), (0.2, 0.52)), is_flung=True)
    await expect(place).to_have_text("3 of 12")
    await drag(stage, ((0.2, 0.5), (0.8, 0.52)), is_flung=True)
    await expect(place).to_have_text("2 of 12")

    await stage.put((0.2, 0.5))
    await phone.keyboard.press("ArrowRight")  # the answer to a swipe comes while the next one is on its way
    await expect(lightbox(phone).get_by_role("heading", name="number9")).to_be_visible()
    await stage.move((0.8, 0.52))
    await stage.lift()
    await expect(place).to_have_text("2 of 12")

    await drag(stage, *APART)
    assert await phone.evaluate("visualViewport.scale") > 1.5
    await drag(stage, ((0.8, 0.5), (0.3, 0.52)))
    await expect(place).to_have_text("2 of 12")


async def test_a_mask_is_painted_by_one_finger_and_moved_by_two(open_context: OpenContext) -> None:
    page = await (await open_context(**PHONE)).new_page()
    await made_one(page)
    await use(page, "Edit")
    await tasks_of(page).get_by_role("button", name="Paint over").tap()
    fingers = await Fingers.over(canvas_of(page))
    await drag(fingers, ((0.3, 0.5), (0.7, 0.5)))
    await expect(page.get_by_role("button", name="Use this mask")).to_be_enabled()
    painted = await marked(page)
    assert 3 <= painted <= 15
    await drag(fingers, *APART)
    assert await canvas_of(page).evaluate("each => each.getBoundingClientRect().width / each.offsetWidth") > 2
    assert await marked(page) == painted
    await page.get_by_role("button", name="Undo stroke").tap()
    await expect(page.get_by_role("button", name="Use this mask")).to_be_disabled()
