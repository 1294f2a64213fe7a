"""The dictionary of the export: no field of any table is left unexplained."""

import pytest

from imageroute_app.domain.data_map import DATA_MAP
from imageroute_app.domain.data_map.dictionary import MEANINGS, describe, meaning, withheld


@pytest.mark.promise("P43")
@pytest.mark.parametrize("name", DATA_MAP)
def test_every_field_has_a_meaning(name: str) -> None:
    for field in DATA_MAP[name].fields:
        try:
            assert meaning(name, field).text
        except KeyError:
            pytest.fail(f"say in domain/data_map/meanings_*.py what {name}.{field} means")
    assert set(MEANINGS.get(name, {})) <= set(DATA_MAP[name].fields), "a meaning of a field that is gone"


@pytest.mark.promise("P44")
def test_what_a_person_gave_may_be_taken_elsewhere_and_what_we_derived_is_told() -> None:
    lines = {line["field"]: line for line in describe("images")}
    assert lines["prompt"]["art20"] is True
    assert lines["crc32"]["art20"] is False
    assert lines["took_ms"]["unit"] == "milliseconds"


def test_secrets_are_withheld_with_a_reason() -> None:
    found = {f"{name}.{field}" for name, table in DATA_MAP.items() for field in table.fields if withheld(table, field)}
    assert {"people.password_hash", "people.email_key", "sessions.token_hash", "shares.password_hash"} <= found
    assert "images.sha256" not in found
