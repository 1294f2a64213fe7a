"""Pictures of one's own in the composer: chosen, dropped, pasted, refused in words, kept over a reload, and drawn from."""

import base64
import json
import re

import pytest
from playwright.async_api import FilePayload, Page, expect

from tests.adapters.pictures import encode, photo
from tests.journeys.conftest import OpenContext, Watch, find_barriers
from tests.journeys.test_first_picture import new_person, prompt_of, results_of

BEACH: FilePayload = {"name": "beach.jpg", "mimeType": "image/jpeg", "buffer": encode(photo(320, 240), "JPEG")}
TEXT: FilePayload = {"name": "notes.png", "mimeType": "image/png", "buffer": b"not a picture at all"}
RECIPE = {
    "kind": "imageroute-recipe", "version": 1, "prompt": "from a recipe", "negative": "", "provider": "sketch",
    "model": "gone-1", "style": "", "width": 1024, "height": 1024, "seed": 42, "task": "text", "source": None,
    "references": [],
}  # fmt: skip
GIVE = """([kind, text]) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], "given.png", { type: "image/png" }));
    const event = kind === "paste"
        ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
        : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
}"""


async def choose(page: Page, *files: FilePayload) -> None:
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Add a picture").click()
    await (await chooser.value).set_files(files)


async def give(page: Page, kind: str) -> None:
    await page.evaluate(GIVE, [kind, base64.b64encode(encode(photo(90, 60))).decode()])


@pytest.mark.parametrize(("size", "theme"), [("desktop", "light"), ("phone", "dark")])
async def test_a_picture_of_ones_own_is_drawn_from(
    open_context: OpenContext, watch: Watch, size: str, theme: str
) -> None:
    watch.allowed = ["422 (Unprocessable"]
    page = await (await open_context(size=size, theme=theme)).new_page()
    await new_person(page)
    await choose(page, BEACH)
    source = page.get_by_role("group", name="Starts from: beach.jpg")
    await expect(source).to_be_visible()
    await choose(page, TEXT)
    await expect(page.locator("ir-upload")).to_contain_text("not a PNG, JPEG")
    assert await find_barriers(page) == []
    await page.reload()
    await expect(source).to_be_visible()
    await prompt_of(page).fill("a red sun")
    await page.get_by_role("button", name=re.compile("^Generate")).click()
    await expect(results_of(page).get_by_role("img", name="a red sun")).to_have_count(1, timeout=60_000)


async def test_a_model_of_one_picture_says_so_at_once_and_offers_to_take_the_other(page: Page) -> None:
    await new_person(page)
    await choose(page, BEACH)
    await expect(page.get_by_role("group", name="Starts from: beach.jpg")).to_be_visible()
    told = page.get_by_text("Sketch takes one picture only. given.png waits in your uploads.")
    await give(page, "drop")
    await expect(told).to_be_visible()
    assert await find_barriers(page) == []
    await page.get_by_role("button", name="Go on without given.png").press("Enter")
    await expect(told).to_have_count(0)
    await expect(prompt_of(page)).to_be_focused()
    await give(page, "paste")
    await page.get_by_role("button", name="Use it instead").press("Enter")
    await expect(page.get_by_role("group", name="Starts from: given.png")).to_be_visible()
    await expect(told).to_have_count(0)
    await expect(prompt_of(page)).to_be_focused()
    await prompt_of(page).fill("a red sun")
    await page.get_by_role("button", name=re.compile("^Generate")).click()
    await expect(results_of(page).get_by_role("img", name="a red sun")).to_have_count(1, timeout=60_000)


async def test_a_file_that_is_refused_is_named_and_keeps_no_other_back(page: Page, watch: Watch) -> None:
    watch.allowed = ["422 (Unprocessable"]
    await new_person(page)
    await choose(page, TEXT, BEACH)
    await expect(page.get_by_role("group", name="Starts from: beach.jpg")).to_be_visible()
    told = page.locator("ir-upload")
    await expect(told).to_contain_text("notes.png: This is not a PNG, JPEG")
    note, composer = await told.bounding_box(), await page.locator("[data-composer]").bounding_box()
    assert note
    assert composer
    assert (round(note["x"]), round(note["width"])) == (round(composer["x"]), round(composer["width"]))
    await prompt_of(page).fill("a red sun")
    await page.get_by_role("button", name=re.compile("^Generate")).click()
    await expect(results_of(page).get_by_role("img", name="a red sun")).to_have_count(1, timeout=60_000)
    await expect(told).to_be_empty()


async def test_a_recipe_brings_its_settings_back_and_says_what_is_gone(page: Page) -> None:
    await new_person(page)
    await choose(page, {"name": "r.json", "mimeType": "application/json", "buffer": json.dumps(RECIPE).encode()})
    await expect(prompt_of(page)).to_have_value("from a recipe")
    await expect(page.get_by_text("Settings are back in the form.")).to_contain_text("not on offer")
