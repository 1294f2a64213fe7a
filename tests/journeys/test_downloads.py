"""Journey 8: one picture in any format, everything as one archive that can be resumed, and another person gets nothing."""

import re
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from imageroute_app.adapters.imaging.packet import read_packet
from tests.journeys.conftest import LOOKS, OpenContext, Watch, find_barriers
from tests.journeys.test_account import sign_up
from tests.journeys.test_gallery import TILES, Fill, fill

__all__ = ["fill"]
COUNT = 9


def dialog(page: Page, name: str | re.Pattern[str]):
    return page.get_by_role("dialog", name=name)


async def saved(page: Page, link_name: str, target: Path) -> Path:
    async with page.expect_download() as download:
        await page.get_by_role("link", name=link_name, exact=True).click()
    await (await download.value).save_as(target)
    return target


@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_one_picture_in_a_chosen_format(fill: Fill, tmp_path: Path, size: str, theme: str) -> None:
    page = await fill(2, size=size, theme=theme)
    await page.locator(TILES).first.click()
    await page.get_by_role("button", name="Download", exact=True).click()
    box = dialog(page, "Download this picture")
    await expect(box.get_by_role("switch", name=re.compile("Settings in the file"))).to_be_checked()
    await box.get_by_role("button", name="WebP").click()
    await expect(box.get_by_role("button", name="WebP")).to_have_attribute("aria-pressed", "true")
    await expect(box.get_by_text(re.compile(r"^\d+ KB$"))).to_be_visible()
    assert await find_barriers(page) == []
    data = (await saved(page, "Download", tmp_path / "one.webp")).read_bytes()
    assert (data[:4], data[8:12]) == (b"RIFF", b"WEBP")
    assert b"digitalsourcetype" in data
    assert b"imageroute-recipe" in data
    await box.get_by_role("switch", name=re.compile("Settings in the file")).click()
    await expect(box.get_by_role("switch", name=re.compile("Settings in the file"))).not_to_be_checked()
    await box.get_by_role("button", name="Original").click()
    await expect(box.get_by_role("link", name="Download", exact=True)).to_have_attribute(
        "href", re.compile("/original")
    )
    original = (await saved(page, "Download", tmp_path / "one.png")).read_bytes()
    assert original.startswith(b"\x89PNG")
    assert b"imageroute-recipe" not in original
    await page.keyboard.press("Escape")
    await expect(page.locator(".lightbox")).to_be_visible()


@pytest.mark.promise("P45")
async def test_everything_as_one_archive_that_resumes(
    fill: Fill, open_context: OpenContext, watch: Watch, tmp_path: Path
) -> None:
    page = await fill(COUNT)
    await page.get_by_role("button", name="Download all").click()
    await dialog(page, f"Download {COUNT} pictures").get_by_role("button", name="Prepare the download").click()
    await expect(page.get_by_text(re.compile(rf"^{COUNT} pictures · .*, until \w"))).to_be_visible()
    target = await saved(page, "Download", tmp_path / "all.zip")
    with zipfile.ZipFile(target) as found:
        assert found.testzip() is None
        pictures = [found.read(name) for name in found.namelist() if name.endswith(".png")]
    assert len(pictures) == COUNT
    assert all("gorithmicMedia" in str(read_packet(data)) for data in pictures), "each says that a program made it"
    address = await page.get_by_role("link", name="Download", exact=True).get_attribute("href")
    assert address is not None
    whole = target.read_bytes()
    half = await page.request.get(address, headers={"range": f"bytes={len(whole) // 2}-"})
    assert (half.status, await half.body()) == (206, whole[len(whole) // 2 :])

    other = await (await open_context(url=page.url.partition("/gallery")[0])).new_page()
    await sign_up(other, "Bob")
    assert (await other.request.get(address)).status == 404

    await page.get_by_role("button", name="Delete file").click()
    await expect(page.get_by_text("Nothing here yet.", exact=False)).to_be_visible()
    assert (await page.request.get(address)).status == 404
