"""What every stored field means, in a sentence: the dictionary of an export. A field without a meaning fails a test.

`given` says that the person gave it, or that it came of what the person did here, so that the right to take it elsewhere
(GDPR Art. 20) covers it; everything else is derived by us and given under Art. 15 alone.
"""

from collections.abc import Mapping
from typing import get_type_hints

from imageroute_app.domain.data_map import DATA_MAP
from imageroute_app.domain.data_map.kinds import Basis, Protection, Source, Table
from imageroute_app.domain.data_map.meanings import COMMON, Meaning
from imageroute_app.domain.data_map.meanings_account import OF_ACCOUNT
from imageroute_app.domain.data_map.meanings_house import OF_HOUSE
from imageroute_app.domain.data_map.meanings_making import OF_MAKING
from imageroute_app.domain.data_map.meanings_payments import OF_PAYMENTS
from imageroute_app.domain.data_map.meanings_people import OF_PEOPLE
from imageroute_app.domain.data_map.meanings_pictures import OF_PICTURES
from imageroute_app.domain.mails import WaitingMail

MEANINGS: Mapping[str, Mapping[str, Meaning]] = {
    **OF_HOUSE, **OF_ACCOUNT, **OF_MAKING, **OF_PAYMENTS, **OF_PEOPLE, **OF_PICTURES,
}
"""By table, whatever COMMON does not say."""


def meaning(table: str, field: str) -> Meaning:
    """Return what a field of a table means; raises KeyError when nobody has written that down."""
    return MEANINGS.get(table, {}).get(field) or COMMON[field]


def withheld(table: Table, field: str) -> str:
    """Return why a field is in no export, or an empty text."""
    if field.endswith("password_hash"):
        return "a secret check value: whoever has it could try to guess the password"
    if field == "secret":
        return "a secret: whoever has it could make the codes that only your app should make"
    if field.endswith("_hash"):
        return "a secret check value: it proves who holds the cookie or the link, and says nothing about you"
    if table.record is WaitingMail and field in ("text", "link"):
        return "a mail on its way to you: a link in it may open your account to whoever has it"
    if table.fields[field] in (Protection.KEYED, Protection.KEYED_PERSON):
        return "a keyed hash of something that is in the export in clear"
    return ""


def describe(name: str) -> list[dict[str, object]]:
    """Return the dictionary of one table: a line per field."""
    table, hints = DATA_MAP[name], get_type_hints(DATA_MAP[name].record)
    may_be_taken = table.basis in (Basis.CONTRACT, Basis.CONSENT)
    lines: list[dict[str, object]] = []
    for field in table.fields:
        found = meaning(name, field)
        lines.append(
            {
                "field": field,
                "meaning": found.text,
                "type": _type_name(hints[field]),
                "unit": found.unit,
                "source": "you" if found.given else table.source or Source.HERE,
                "basis": table.basis.value,
                "art20": found.given and may_be_taken,
                "withheld": withheld(table, field),
            }
        )
    return lines


def _type_name(hint: object) -> str:
    name = getattr(hint, "__name__", "") if isinstance(hint, type) else str(hint)
    return name.replace("datetime.datetime", "datetime").replace("str, ...", "str").replace("imageroute_app.domain.", "")
