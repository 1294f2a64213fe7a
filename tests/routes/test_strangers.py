"""Every address of ours that names a record, asked by somebody else: it answers as if there were no such record (P32).

The addresses come from the routes and the records from the data map, so that one that is added tomorrow is tried by itself.
"""

import re
from dataclasses import fields
from urllib.parse import quote

import httpx
import pytest

from imageroute_app.domain.data_map import DATA_MAP, Category
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.gallery import media_key
from imageroute_app.domain.uploads import upload_key
from imageroute_app.routes.api import build_routes
from tests.contracts import records
from tests.routes.conftest import House

FOR_ANYBODY = ("/erasure/{code:str}", "/s/{token}", "/privacy/versions/{day}", "/terms/versions/{day}")
"""Opened by a secret or a date in the address; tests of their own say by whom."""
NO_RECORD = ("/privacy-center/erase/{part:str}", "/privacy-center/held/{category:str}")
"""Named is a category, and whose it is says the session."""
NEVER = "f" * 32
OPENED = {
    "/media/{address:path}",
    "/notices/{notice_id:str}",
    "/privacy-center/choices/{choice_id}",
    "/credits/orders/{order_id}",
    "/cases/{case_id}",
    "/exports/pictures/{image_id}",
    "/exports/pictures/{image_id}/recipe",
    "/receipts/{job_id}",
}
"""Addresses at which the owner must find something here, so that the refusal of strangers says something."""


async def filled(house: House, owner: str) -> set[str]:
    """Give somebody one record of every table; returns every word of them that could stand in an address."""
    words: set[str] = set()
    for name, table in DATA_MAP.items():
        if (
            table.category is Category.HOUSE
            or name in {"people", "newsletter_subscriptions"}
            or name not in records.MADE
        ):
            continue
        record = records.MADE[name](owner=owner)
        try:
            await house.services.database.tables.named(name).add(record)
        except ImageRouteError:  # one that is there already, such as the session
            continue
        for field in fields(record):
            text = getattr(record, field.name)
            is_name = field.name.endswith("id") or field.name == "reference"
            if is_name and isinstance(text, str) and re.fullmatch(r"[\w-]{8,64}", text):
                words.add(text)
    for key in (media_key(owner, records.image().id, "original"), upload_key(owner, records.upload().id, "original")):
        await house.services.media.put(key, b"picture", "image/png")
    return words


def addresses(path: str, word: str) -> list[str]:
    """Return the address with the word where it names a record, and with what stands behind it in all its kinds."""
    if path.startswith("/media/"):
        return [f"/media/{word}/{variant}" for variant in ("original", "320", "960")]
    return [re.sub(r"\{[^}]*\}", word, path.replace("/{part}", "/1"))]


@pytest.mark.promise("P32", "P20")
async def test_no_address_tells_a_stranger_what_is_there(house: House) -> None:
    ada, bob, nobody = await house.signed_up(), await house.signed_up("bob"), await house.browser()
    words = await filled(house, await house.owner(ada))
    opened: set[str] = set()
    for route in build_routes(lambda: house.services):
        methods = (route.methods or set()) & {"GET", "POST"}
        if "{" not in route.path or not methods or route.path.startswith((*FOR_ANYBODY, *NO_RECORD)):
            continue
        (method,) = methods
        for word in words:
            for there, never in zip(addresses(route.path, word), addresses(route.path, NEVER), strict=True):
                for stranger in (bob, nobody):
                    assert await answer(stranger, method, there) == await answer(stranger, method, never), there
                if method == "GET" and await answer(ada, "GET", there) != await answer(ada, "GET", never):
                    opened.add(route.path)
    assert opened >= OPENED


async def answer(browser: httpx.AsyncClient, method: str, address: str) -> tuple[int, str, str]:
    """Return status, where to, and what is said, without the request's number and the address itself."""
    got = await browser.request(method, address)
    said = re.sub(r"\b[0-9a-f]{16}\b", "", got.text.replace(address, "").replace(quote(address), ""))
    return got.status_code, got.headers.get("location", "").replace(quote(address, safe=""), ""), said
