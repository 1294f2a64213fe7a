"""What we hold, row by row: for its owner alone, opened, page by page, and without a secret."""

import pytest

from imageroute_app.domain.activity import ActivityKind
from imageroute_app.services.holdings import SLUGS
from tests.routes.conftest import House


@pytest.mark.promise("P43")
async def test_every_category_opens_for_its_owner_alone(house: House) -> None:
    ada, stranger = await house.signed_up(), await house.browser()
    owner = await house.owner(ada)
    await house.add_image(owner, "a lighthouse at dawn")
    pages = {slug: await ada.get(f"/privacy-center/held/{slug}") for slug in SLUGS}

    assert {page.status_code for page in pages.values()} == {200}
    assert "ada@example.com" in pages["account-details"].text
    assert "a lighthouse at dawn" in pages["images"].text
    assert 'href="/privacy-center/erase/images"' in pages["images"].text
    assert "Nothing is held." in pages["newsletter"].text
    assert all("no-store" in page.headers["cache-control"] for page in pages.values())
    assert not any("$argon2" in page.text or "token_hash" in page.text for page in pages.values())
    assert (await stranger.get("/privacy-center/held/images")).status_code == 401
    assert "a lighthouse" not in (await (await house.signed_up("eve")).get("/privacy-center/held/images")).text
    for odd in ("nothing", "the%20house", "house"):
        assert (await ada.get(f"/privacy-center/held/{odd}")).status_code == 404


@pytest.mark.promise("P43")
async def test_older_records_follow_page_by_page(house: House) -> None:
    ada = await house.signed_up()
    for number in range(45):
        await house.services.activity.note(await house.owner(ada), ActivityKind.SETTING, detail=f"number-{number}-")
    path, seen = "/privacy-center/held/usage-and-security", ""
    while path:
        page = (await ada.get(path)).text
        seen += page
        path = page.partition('href="/privacy-center/held/')[2].partition('"')[0]
        path = f"/privacy-center/held/{path}" if path else ""
    assert all(seen.count(f"number-{number}-") == 1 for number in range(45))
    assert (await ada.get("/privacy-center/held/images?after=%00nonsense")).status_code == 200
