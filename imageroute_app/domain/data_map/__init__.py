"""DATA_MAP: what we hold about a person, why, how long, how it is protected, exported and erased.

The database adapters read protection, keys and indexes from here, so a field cannot be stored without an entry; tests
compare it with every table, collection, cookie, media prefix and file. The privacy pages are generated from it.
"""

from collections.abc import Mapping

from imageroute_app.domain.data_map.account import ACCOUNT
from imageroute_app.domain.data_map.cases import CASES
from imageroute_app.domain.data_map.choices import CHOICES
from imageroute_app.domain.data_map.elsewhere import (
    COOKIES,
    FILES,
    LOGS,
    MEDIA_PREFIXES,
    RECEIVERS,
    STORAGE_KEYS,
    SYSTEM_TABLES,
)
from imageroute_app.domain.data_map.erasures import ERASURES
from imageroute_app.domain.data_map.exports import EXPORTS
from imageroute_app.domain.data_map.house import HOUSE_TABLES
from imageroute_app.domain.data_map.kinds import (
    Basis,
    Category,
    Erasure,
    Item,
    Place,
    Protection,
    Receiver,
    Recipient,
    Source,
    Table,
)
from imageroute_app.domain.data_map.making import MAKING
from imageroute_app.domain.data_map.payments import PAYMENTS
from imageroute_app.domain.data_map.people import PEOPLE
from imageroute_app.domain.data_map.pictures import PICTURES

DATA_MAP: Mapping[str, Table] = {
    **ACCOUNT, **MAKING, **CASES, **PEOPLE, **PICTURES, **CHOICES, **EXPORTS, **ERASURES, **HOUSE_TABLES,
    **PAYMENTS,
}
"""By table; the person stands first and so goes last in an erasure."""

__all__ = [
    "COOKIES",
    "DATA_MAP",
    "FILES",
    "LOGS",
    "MEDIA_PREFIXES",
    "RECEIVERS",
    "STORAGE_KEYS",
    "SYSTEM_TABLES",
    "Basis",
    "Category",
    "Erasure",
    "Item",
    "Place",
    "Protection",
    "Receiver",
    "Recipient",
    "Source",
    "Table",
]
