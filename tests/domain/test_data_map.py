from dataclasses import fields

import pytest

from imageroute_app.domain.data_map import DATA_MAP, Protection

MUST_BE_SEALED = {
    "email",
    "full_name",
    "prompt",
    "negative",
    "request",
    "form",
    "password_hash",
    "device",
    "notes",
    "job_ref",
    "name",
    "tags",
    "token",
    "title",
    "gaps",
}


@pytest.mark.parametrize("name", DATA_MAP)
def test_every_field_of_a_record_has_an_entry(name: str) -> None:
    table = DATA_MAP[name]
    assert set(table.fields) == {item.name for item in fields(table.record)}
    named = {*table.keys, *table.unique, *table.filters, *table.dates}
    assert named <= set(table.fields)
    assert table.purpose
    assert table.kept


@pytest.mark.parametrize("name", DATA_MAP)
def test_names_addresses_and_prompts_are_sealed(name: str) -> None:
    for field, protection in DATA_MAP[name].fields.items():
        if field in MUST_BE_SEALED:
            assert protection is Protection.SEALED, f"{name}.{field}"


@pytest.mark.parametrize("name", DATA_MAP)
def test_sealed_fields_are_never_keys_or_filters(name: str) -> None:
    table = DATA_MAP[name]
    for field in {*table.keys, *table.unique, *table.filters, *table.dates}:
        assert table.fields[field] is not Protection.SEALED
