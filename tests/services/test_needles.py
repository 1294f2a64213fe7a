"""The needles themselves: a field that nobody sowed is named, and what is sown is found in every form."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from imageroute_app.domain.data_map import DATA_MAP, Protection
from imageroute_app.domain.notices import Notice
from tests import needles as sewing
from tests.needles import forms, holds, new_token, open_home, pattern_picture, shows, sow, unsown


@pytest.mark.parametrize("database", ["sqlite", "mongo"])
async def test_every_text_of_every_table_holds_a_token(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    uri = request.getfixturevalue("mongo_uri") if database == "mongo" else ""
    async with open_home(tmp_path, mongo_uri=uri) as services:
        needles = await sow(services)
        assert await unsown(services, needles) == []
        rows = [str(record) async for _, record in await services.database.export_rows(needles.owner)]
        for place, token in needles.tokens.items():
            assert any(token in row for row in rows), place
        assert len(set(needles.tokens.values())) >= len(needles.tokens) - 3
        for place, token in needles.stripped.items():
            assert not any(token in row for row in rows), place


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark(Notice):
    """A notice of tomorrow, with one more text."""

    remark: str = ""


async def test_a_new_field_without_a_needle_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_home(tmp_path) as services:
        needles = await sow(services)
        table = DATA_MAP["notices"]
        tomorrow = replace(table, record=Remark, fields={**table.fields, "remark": Protection.PLAIN})
        monkeypatch.setattr(sewing, "DATA_MAP", {**DATA_MAP, "notices": tomorrow})
        monkeypatch.setattr(services.database, "export_rows", _one_remark_of)
        assert "notices.remark" in await unsown(services, needles)


async def _one_remark_of(_owner: str) -> AsyncIterator[tuple[str, object]]:
    return _one_remark()


async def _one_remark() -> AsyncIterator[tuple[str, object]]:
    yield (
        "notices",
        Remark(
            id="1", owner="1", topic="", text="", path="", created_at=datetime(2026, 11, 26, tzinfo=UTC), seen_at=None
        ),
    )


def test_every_form_of_a_token_is_found() -> None:
    token = new_token()
    for prefix in (b"", b"a", b"ab", b"abc"):
        around = prefix + token.encode() + b"!"
        for coded in (around, base64.b64encode(around), around.hex().encode(), quote(around).encode()):
            assert holds(coded, token)
    assert not holds(new_token().encode(), token)
    assert len(forms(token)) >= 6


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_pattern_is_recognised_in_its_picture_and_in_no_other(kind: str) -> None:
    token = new_token()
    assert shows(pattern_picture(token, kind=kind), token)
    assert not shows(pattern_picture(new_token(), kind=kind), token)
    assert not shows(b"no picture", token)
