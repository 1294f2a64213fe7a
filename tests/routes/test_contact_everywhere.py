"""Whom to ask about data protection stands on every page and every paper; what a device tells is kept as a coarse name only."""

import re
from pathlib import Path

import httpx
import pytest

from imageroute_app.domain.cases import Kind
from imageroute_app.routes.erasure import as_json
from imageroute_app.routes.public import PAGES
from imageroute_app.services.export_report import Report
from tests.routes.conftest import House

DPO = "dpo@example.org"
ROOT = Path(__file__).parents[2]
FORMS = ("support", "requests", "complaint", "report", "verify")
FINGERPRINTS = (
    "toDataURL", "getImageData", "AudioContext", "OfflineAudioContext", "enumerateDevices", "hardwareConcurrency",
    "deviceMemory", "navigator.plugins", "getBattery", "measureText", "WEBGL_debug", "userAgentData",
    "getHighEntropyValues", "fonts.check", "RTCPeerConnection",
)  # fmt: skip
ALLOWED = {"mask.js": {"getImageData", "toDataURL"}, "mask-png.js": {"getImageData", "toDataURL"}}
"""The mask editor reads the pixels that the person painted; they leave as a picture and nothing is derived from them."""


@pytest.mark.promise("P77", "P74")
async def test_the_contact_for_data_protection_is_on_every_page_with_a_text(
    house: House, browser: httpx.AsyncClient
) -> None:
    house.with_site(controller_name="Acme GmbH", controller_email="hello@example.org", controller_dpo=DPO)
    for name in (*PAGES, *FORMS, "trust/retention", "trust/promises", "nothing-here"):
        page = await browser.get(f"/{name}")
        assert DPO in page.text, name


@pytest.mark.promise("P77", "P47")
async def test_the_receipt_of_an_erasure_names_it(house: House) -> None:
    house.with_site(controller_name="Acme GmbH", controller_email="hello@example.org", controller_dpo=DPO)
    ada = await house.signed_up()
    path = (await ada.post("/privacy-center/close", data={"when": "now"})).headers["location"]
    await house.services.erasures.settle()
    page, file = await ada.get(path), await ada.get(f"{path}/status.json")
    assert DPO in page.text
    assert file.json()["data_protection"] == DPO
    assert "data_protection" in as_json(await house.services.erasures.status(path.rpartition("/")[2]), DPO)


@pytest.mark.promise("P77")
def test_a_package_says_whom_to_ask() -> None:
    report = Report(
        controller_name="Acme GmbH", controller_address="Street 1", controller_email="a@example.org", receivers=(),
        data_contact=DPO,
    )  # fmt: skip
    assert DPO in report.controller


@pytest.mark.promise("P77", "P51")
async def test_a_refusal_names_it(house: House) -> None:
    house.with_site(controller_name="Acme GmbH", controller_email="hello@example.org", controller_dpo=DPO)
    ada = await house.signed_up()
    form = {"kind": Kind.ACCESS.value, "text": "What do you hold about me?", "country": "DE"}
    answer = await ada.post("/requests", data=form)
    assert answer.status_code == 303, answer.text
    assert DPO in (await ada.get(answer.headers["location"])).text


@pytest.mark.promise("P12")
@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.7444.59 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (X11; Ubuntu; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Ubuntu"),
        ("nonsense" * 400, "Unknown browser"),
    ],
)  # fmt: skip
async def test_a_browser_is_kept_as_a_coarse_name(house: House, agent: str, name: str) -> None:
    client = await house.browser(agent=agent)
    form = {
        "full_name": "Ada", "email": "ada@example.com", "password": "correct horse battery", "born_day": "1",
        "born_month": "1", "born_year": "1990", "country": "GB",
    }  # fmt: skip
    assert (await client.post("/auth/sign-up", data=form)).status_code == 303
    (session,) = await house.services.accounts.devices(await house.owner(client))
    assert session.device.startswith(name)
    assert not re.search(r"\d+\.\d+|rv:|Gecko|x86", session.device)


@pytest.mark.promise("P12")
def test_no_script_of_ours_takes_a_fingerprint() -> None:
    scripts = [*(ROOT / "assets").glob("*.js"), *(ROOT / "imageroute_app").rglob("*.py")]
    assert len(scripts) > 100
    for path in scripts:
        text = path.read_text(encoding="utf-8")
        found = {word for word in FINGERPRINTS if word in text} - ALLOWED.get(path.name, set())
        assert not found, f"{path.name}: {found}"
