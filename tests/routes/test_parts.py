"""Erasing a category over HTTP: what goes and stays is said first, then the password, then the page of the erasure."""

import pytest

from tests.routes.conftest import PASSWORD, House


@pytest.mark.promise("P47", "P30")
async def test_a_part_is_explained_proven_and_shown(house: House) -> None:
    ada = await house.signed_up()
    owner = await house.owner(ada)
    page = await ada.get("/privacy-center/erase/uploads")
    assert page.status_code == 200
    for words in ("Every upload in every size", "Stays, and why", "they are in your gallery"):
        assert words in page.text
    house.clock.move(minutes=11)

    asked = await ada.post("/privacy-center/erase/uploads")
    done = await ada.post("/privacy-center/erase/uploads", data={"current_password": PASSWORD})

    assert asked.status_code == 403
    assert done.headers["location"].startswith("/erasure/")
    await house.services.erasures.settle()
    shown = await (await house.browser()).get(done.headers["location"])
    assert "Uploads, and nothing else" in shown.text
    assert owner not in shown.text
    assert (await ada.get("/account")).status_code != 401


async def test_what_cannot_go_alone_is_not_there(house: House) -> None:
    ada = await house.signed_up()
    for part in ("account", "Images"):
        assert (await ada.get(f"/privacy-center/erase/{part}")).status_code == 404
    stranger = await house.browser()
    assert (await stranger.post("/privacy-center/erase/images")).status_code in (303, 401)
