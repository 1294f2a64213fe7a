"""What we do, told to machines and to operators: written by the data map, so that nothing that is held can be missing."""

import csv
import io
import json

import httpx
import pytest

from imageroute_app.domain.data_map import DATA_MAP, Category
from imageroute_app.domain.purposes import BASES, PURPOSES
from imageroute_app.services import processing
from imageroute_app.services.processing import HEADS, TERMS, activities
from tests.routes.conftest import House
from tests.routes.test_cases import operator

PATH = "/privacy/policy.jsonld"


@pytest.mark.promise("P1", "P69")
async def test_machines_read_the_policy_with_every_kind_of_record(house: House, browser: httpx.AsyncClient) -> None:
    answer = await browser.get(PATH)
    document = json.loads(answer.text)

    assert answer.headers["content-type"] == "application/ld+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "set-cookie" not in answer.headers
    assert document["@type"] == "dpv:PrivacyNotice"
    assert document["dct:valid"]["@value"] in (await browser.get("/privacy/versions")).text
    listed = {data["dct:title"] for one in document["dpv:hasProcess"] for data in one["dpv:hasPersonalData"]}
    assert listed == {name for name, table in DATA_MAP.items() if table.category is not Category.HOUSE}
    assert all(len(one["dpv:hasLegalBasis"]) == 1 for one in document["dpv:hasProcess"])
    known = set(document["@context"])
    for term in _terms(document):
        assert term.partition(":")[0] in known, term


def _terms(node: object) -> list[str]:
    """Return every property and identifier that is a term of a vocabulary."""
    if isinstance(node, list):
        return [term for part in node for term in _terms(part)]
    if not isinstance(node, dict):
        return []
    own = [key for key in node if ":" in key]
    own += [value for key, value in node.items() if key in ("@id", "@type") and ":" in value and "/" not in value]
    return own + [term for key, part in node.items() if key != "@context" for term in _terms(part)]


async def test_the_policy_for_machines_is_linked_where_people_and_machines_look(browser: httpx.AsyncClient) -> None:
    assert f'href="{PATH}"' in (await browser.get("/privacy/versions")).text
    assert PATH in (await browser.get("/.well-known/security.txt")).text


def test_every_purpose_has_its_term_and_its_basis() -> None:
    assert set(TERMS) == set(PURPOSES)
    assert set(processing.BASES) == set(BASES.values())


async def test_operators_see_the_record_and_take_it_along(house: House) -> None:
    olga, ada = await operator(house), await house.signed_up("ada")
    page, file = await olga.get("/admin/ropa"), await olga.get("/admin/ropa?as=csv")

    assert page.status_code == 200
    rows = list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert tuple(rows[0]) == HEADS
    assert len(rows) - 1 == len(activities(house.services.site))
    assert all(all(cell for cell in row) for row in rows)
    for name, table in DATA_MAP.items():
        if table.category is not Category.HOUSE:
            assert any(f"{name}: " in row[HEADS.index("Fields")] for row in rows), name
            assert name in page.text
    assert (await ada.get("/admin/ropa")).status_code == 404
    assert (await ada.get("/admin/ropa?as=csv")).status_code == 404


async def test_the_impact_assessment_knows_every_purpose_and_leaves_the_weighing_open(house: House) -> None:
    olga, ada = await operator(house), await house.signed_up("ada")
    file = await olga.get("/admin/ropa?as=assessment")
    assert file.headers["content-type"].startswith("text/markdown")
    for one in activities(house.services.site):
        assert one.cells[0] in file.text
        assert one.cells[1] in file.text
    for article in ("35(7)(a)", "35(7)(b)", "35(7)(c)", "35(2)", "35(9)", "Art. 36"):
        assert article in file.text
    assert "faces" in file.text
    assert "child" in file.text
    assert "| ____ | ____ | ____ |" in file.text  # people say how likely and how grave, not a program
    assert (await ada.get("/admin/ropa?as=assessment")).status_code == 404


async def test_the_record_asks_for_the_password_after_ten_minutes(house: House) -> None:
    olga = await operator(house)
    house.clock.move(minutes=11)
    assert (await olga.get("/admin/ropa?as=csv")).status_code == 403
