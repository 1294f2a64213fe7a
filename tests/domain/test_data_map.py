from dataclasses import fields

import pytest

from imageroute_app.domain.data_map import (
    COOKIES,
    DATA_MAP,
    FILES,
    LOGS,
    MEDIA_PREFIXES,
    RECEIVERS,
    STORAGE_KEYS,
    SYSTEM_TABLES,
    Item,
    Place,
    Protection,
)
from imageroute_app.domain.purposes import BASES, Basis, Purpose
from imageroute_app.domain.retention import RULES, Action
from imageroute_app.domain.transfers import EEA, HERE, OWN, safeguard

ITEMS = {**SYSTEM_TABLES, **COOKIES, **STORAGE_KEYS, **MEDIA_PREFIXES, **FILES, **LOGS}

PARTS_OF_OTHERS = {"account_idle", "image_trash", "address", "newsletter_unconfirmed", "newsletter_stopped"}
"""Rules for a part of what another rule keeps for longer."""

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


@pytest.mark.promise("P1", "P35")
@pytest.mark.parametrize("name", DATA_MAP)
def test_every_field_of_a_record_has_an_entry(name: str) -> None:
    table = DATA_MAP[name]
    assert set(table.fields) == {item.name for item in fields(table.record)}
    named = {*table.keys, *table.unique, *table.filters, *table.dates}
    assert named <= set(table.fields)
    assert table.purpose
    assert table.kept


@pytest.mark.promise("P28")
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


@pytest.mark.promise("P35", "P43", "P69")
@pytest.mark.parametrize("name", DATA_MAP)
def test_every_table_has_its_facts(name: str) -> None:
    table = DATA_MAP[name]
    assert table.serves is not None
    assert table.source is not None
    assert table.basis is BASES[table.serves]
    assert table.rule in RULES
    assert table.erased


@pytest.mark.promise("P14", "P35")
@pytest.mark.parametrize("name", ITEMS)
def test_everything_beside_the_tables_has_its_facts(name: str) -> None:
    item = ITEMS[name]
    assert isinstance(item, Item)
    assert item.text
    assert item.rule in RULES
    assert (item.place is Place.DEVICE) == (name in COOKIES or name in STORAGE_KEYS)
    assert item.is_essential or item.basis is Basis.CONSENT


@pytest.mark.promise("P69")
def test_every_purpose_has_exactly_one_basis() -> None:
    assert set(BASES) == set(Purpose)


@pytest.mark.promise("P35")
@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_complete_and_belongs_to_something(name: str) -> None:
    rule = RULES[name]
    assert rule.what
    assert rule.starts
    assert rule.reason
    assert (rule.period is None) == bool(rule.until)
    assert bool(rule.table) == bool(rule.column)
    if rule.column:
        assert rule.column in DATA_MAP[rule.table].dates
        assert rule.action is Action.DELETE
    used = {table.rule for table in DATA_MAP.values()} | {item.rule for item in ITEMS.values()}
    assert name in used or rule.table or name in PARTS_OF_OTHERS


@pytest.mark.promise("P64", "P39")
@pytest.mark.parametrize("receiver", RECEIVERS.values(), ids=RECEIVERS)
def test_every_receiver_has_countries_safeguards_and_an_end(receiver: object) -> None:
    for name in ("countries", "receives", "when", "kept", "deletes", "hosts"):
        assert getattr(receiver, name)


@pytest.mark.promise("P64")
def test_a_country_without_a_decision_needs_clauses() -> None:
    for place in (OWN, HERE):
        assert "None needed" in safeguard(place).text
        assert safeguard(place).copy_at == ""
    assert all("None needed" in safeguard(country).text for country in EEA)
    assert "Adequacy" in safeguard("United Kingdom").text
    for country in ("United States", "Unknown", ""):
        assert "clauses" in safeguard(country).text
        assert safeguard(country).copy_at.startswith("https://")
