"""Journeys 1, 8, 9 and 10 with every real adapter on at once: `make journeys-real`.

One whole life is part of `make test`; what else the four journeys demand is marked `real` and run by the command alone.
"""

import asyncio
import io
import re
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.adapters.redis_server import needs_redis
from tests.journeys.conftest import OpenContext, fresh
from tests.journeys.real import Real, installation, real
from tests.journeys.test_clerk import enter
from tests.journeys.test_downloads import saved
from tests.journeys.test_export import READY, READY_MS, download, start
from tests.journeys.test_first_picture import (
    DOUBLE_CLICK_MS,
    GO,
    WISH,
    choose_count,
    expect_pictures,
    gallery_of,
    generate,
    results_of,
    write,
)
from tests.journeys.test_gallery import TILES, open_gallery
from tests.journeys.test_uploads import bring
from tests.services.exporting import digests_match, is_valid_bag

__all__ = ["installation", "real"]
pytestmark = needs_redis
GONE_S = 60


async def buy(page: Page) -> None:
    """Buy the smallest pack on the seller's own page."""
    await page.goto("/credits")
    await page.get_by_role("button", name="Continue to payment").click()
    await page.get_by_role("link", name="Pay at Dodo Payments").click()
    await page.get_by_role("button", name="succeed").click()
    await expect(page.get_by_text("500 credits are on your account.")).to_be_visible()


async def expect_balance(page: Page, balance: int) -> None:
    await page.goto("/usage")
    await expect(page.locator(".bal")).to_have_text(str(balance))


async def export(page: Page, folder: Path) -> None:
    """Export everything, download it and check the package with foreign tools."""
    await page.goto("/privacy-center#export")
    await start(page)
    await expect(page.get_by_role("list", name="Your exports")).to_contain_text(READY, timeout=READY_MS)
    bag = await download(page, folder)
    assert is_valid_bag(bag)
    assert digests_match(bag).returncode == 0


@pytest.mark.promise("P29", "P44", "P47")
async def test_a_whole_life_on_real_adapters(real: Real, open_context: OpenContext, tmp_path: Path) -> None:
    email = fresh("ada")
    page = await real.person(open_context, email)
    await write(page)
    await generate(page)
    await expect_pictures(page, 1)
    assert not real.cloudinary.holds_nothing()
    await buy(page)
    await expect_balance(page, 50 - 1 + 500)
    await export(page, tmp_path)

    await page.goto("/privacy-center#close")
    await expect(page.get_by_role("button", name="Erase now")).to_be_visible()
    assert email.encode() in await real.shown()
    await page.get_by_role("button", name="Erase now").click()
    await expect(page).to_have_url(re.compile("/erasure/"))
    await expect(page.get_by_text("Your sign-in account is deleted")).to_be_visible(timeout=GONE_S * 1000)
    assert email not in str(real.clerk.users)
    real.cloudinary.settle()
    async with asyncio.timeout(GONE_S):
        while not real.cloudinary.holds_nothing():
            await asyncio.sleep(0.2)
    assert email in {address for letter in real.letters.sent for address in letter.rcpt_tos}
    assert email.encode() not in await real.shown()


# --- Behind `make journeys-real` --------------------------------------------------------------------------------------


@pytest.mark.real
async def test_journey_1_one_picture_whatever_is_pressed_and_reloaded(real: Real, open_context: OpenContext) -> None:
    page = await real.person(open_context, fresh("bea"))
    await write(page)
    await page.get_by_role("button", name=GO).dblclick()
    await expect(results_of(page).get_by_role("article")).to_have_count(1)
    await page.reload()
    await expect_pictures(page, 1)
    assert await gallery_of(page) == [WISH]
    await expect(page.locator("a.pill")).to_contain_text("49")
    await page.wait_for_timeout(DOUBLE_CLICK_MS)

    await write(page)
    other = await page.context.new_page()
    await other.goto("/create")
    quote = await page.locator("[name=quote_id]").input_value()
    await expect(other.locator("[name=quote_id]")).to_have_value(quote)
    await asyncio.gather(generate(page), generate(other))
    await expect_pictures(other, 2)
    assert await gallery_of(page) == [WISH, WISH]
    await expect(other.locator("a.pill")).to_contain_text("48")

    tile = (await (await page.request.get("/api/gallery")).json())["tiles"][0]["id"]
    assert (await page.request.get(f"/media/{tile}/320")).status == 200
    stranger = await real.person(open_context, fresh("stranger"))
    assert (await stranger.request.get(f"/media/{tile}/320")).status == 404
    assert await gallery_of(stranger) == []


@pytest.mark.real
async def test_journey_8_every_download_in_its_format_whole_marked_and_for_its_owner_only(
    real: Real, open_context: OpenContext, tmp_path: Path
) -> None:
    page = await real.person(open_context, fresh("cyd"))
    await write(page)
    await choose_count(page, 3)
    await generate(page)
    await expect_pictures(page, 3)
    await open_gallery(page)
    await page.locator(TILES).first.click()
    await page.get_by_role("button", name="Download", exact=True).click()
    box = page.get_by_role("dialog", name="Download this picture")
    for name, head in (("WebP", b"RIFF"), ("JPEG", b"\xff\xd8"), ("Original", b"\x89PNG")):
        await box.get_by_role("button", name=name).click()
        await expect(box.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
        data = (await saved(page, "Download", tmp_path / name)).read_bytes()
        assert data.startswith(head)
        assert b"digitalsourcetype" in data.lower()

    await page.keyboard.press("Escape")
    await expect(box).to_be_hidden()
    await page.keyboard.press("Escape")
    await expect(page.locator(".lightbox")).to_be_hidden()
    await page.get_by_role("button", name="Download all").click()
    await page.get_by_role("dialog", name="Download 3 pictures").get_by_role("button", name="Prepare").click()
    whole = (await saved(page, "Download", tmp_path / "all.zip")).read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        assert found.testzip() is None
        assert len([name for name in found.namelist() if name.endswith(".png")]) == 3
    address = await page.get_by_role("link", name="Download", exact=True).get_attribute("href") or ""
    rest = await page.request.get(address, headers={"range": f"bytes={len(whole) // 2}-"})
    assert (rest.status, await rest.body()) == (206, whole[len(whole) // 2 :])
    stranger = await real.person(open_context, fresh("stranger"))
    assert (await stranger.request.get(address)).status == 404


@pytest.mark.real
@pytest.mark.promise("P4")
async def test_journey_9_credits_once_whatever_the_messages_do_and_no_card_anywhere(
    real: Real, open_context: OpenContext
) -> None:
    page = await real.person(open_context, fresh("dan"))
    await page.goto("/credits")
    await page.get_by_role("button", name="Continue to payment").click()
    await page.get_by_role("link", name="Pay at Dodo Payments").click()
    await page.get_by_role("button", name="fail").click()
    await expect(page.get_by_text("The payment did not go through.")).to_be_visible()
    await expect_balance(page, 50)

    known = set(real.dodo.payments)
    await buy(page)
    (paid,) = set(real.dodo.payments) - known
    sent = await real.dodo.send("payment.succeeded", paid, times=50, message_id="msg_again")
    assert set(sent) == {204}
    good, real.dodo.secrets_ = real.dodo.secrets_, ["whsec_" + "QUFB" * 8]
    assert set(await real.dodo.send("payment.succeeded", paid, times=5)) == {401}
    real.dodo.secrets_ = good
    await expect_balance(page, 550)

    await page.goto("/credits/orders")
    await page.get_by_role("table", name="Orders").get_by_role("link").first.click()
    await page.get_by_role("button", name="Refund").click()
    await expect(page.get_by_text("There is nothing to refund")).to_be_visible()
    await expect_balance(page, 50)
    held = real.farm.product.log_path.read_bytes() + await real.shown() + real.documents()
    for needle in (b"Paula Payer", b"Payer Street", b"4000000000000002", b"card_last_four"):
        assert needle not in held


@pytest.mark.real
@pytest.mark.promise("P47", "P49")
async def test_journey_10_a_part_is_erased_and_a_closed_account_is_kept(real: Real, open_context: OpenContext) -> None:
    email = fresh("eve")
    page = await real.person(open_context, email)
    await bring(page)
    assert not real.cloudinary.holds_nothing()
    await page.goto("/privacy-center#hold")
    await page.get_by_role("link", name="Erase: Uploads").click()
    await page.get_by_role("button", name="Erase now").click()
    await expect(page.get_by_role("heading", level=1, name=re.compile("^Gone"))).to_be_visible(timeout=GONE_S * 1000)
    await page.goto("/uploads")
    await expect(page.get_by_role("heading", name="No uploads")).to_be_visible()

    await page.goto("/privacy-center#close")
    await page.get_by_role("region", name="Close account").get_by_role("button", name="Close account").click()
    await expect(page.get_by_role("heading", name=re.compile("Everything is erased on"))).to_be_visible()
    async with asyncio.timeout(GONE_S):  # the sign-in there ended too
        mine = {user_id for user_id, user in real.clerk.users.items() if email in str(user)}
        while any(one["user_id"] in mine and one["status"] == "active" for one in real.clerk.sessions.values()):
            await asyncio.sleep(0.2)
    await page.goto("/sign-in")
    await page.get_by_role("link", name="Sign in").click()
    await enter(page, email)
    await page.wait_for_url("**/privacy-center*")
    await page.get_by_role("button", name="Keep my account").click()
    await expect(page.get_by_role("link", name="Keep it or erase it now")).to_have_count(0)
    await page.goto("/gallery")
    await expect(page).to_have_url(re.compile("/gallery"))
