"""The schema validators, from DATA_MAP: the server itself refuses a document whose fields are not those of its table.

A sealed field is bytes and never text, so that no fault of ours can put a clear word where a sealed one belongs; there is no
field without an entry in DATA_MAP, and every document has an owner. The level is "moderate": a document of an older release
that fits no more can still be changed; new ones, and those that fit, have to fit.
"""

from dataclasses import MISSING, fields
from datetime import datetime
from typing import Any, get_args, get_type_hints

from imageroute_app.adapters.database.mongo.connection import MongoConnection
from imageroute_app.adapters.database.mongo.errors import translated
from imageroute_app.adapters.database.mongo.repository import TOKENS, TOKENS_VERSION
from imageroute_app.domain.data_map import DATA_MAP, Protection, Table

Schema = dict[str, Any]
NUMBER = ["int", "long"]
LEVEL, ACTION = "moderate", "error"


async def make_validators(connection: MongoConnection) -> None:
    """Give every collection its validator, where it has another one or none; a collection that is missing is made."""
    with translated():
        standing = await connection.validators()
        for name, table in DATA_MAP.items():
            wanted = validator_of(table)
            if standing.get(name) == (wanted, LEVEL, ACTION):
                continue
            await connection.validate(name, wanted, level=LEVEL, action=ACTION, is_new=name not in standing)


def validator_of(table: Table) -> Schema:
    """Return the $jsonSchema of one collection."""
    hints = get_type_hints(table.record)
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for field in fields(table.record):
        name = "_id" if field.name == "id" else field.name
        is_optional = type(None) in get_args(hints[field.name]) or field.default is not MISSING
        properties[name] = _property(hints[field.name], table.fields[field.name], is_optional=is_optional)
        if not is_optional:
            required.append(name)
    if table.searched:
        properties[TOKENS] = {"bsonType": "array", "items": {"bsonType": "binData"}}
        properties[TOKENS_VERSION] = {"bsonType": NUMBER}
    shape = {"bsonType": "object", "required": required, "properties": properties, "additionalProperties": False}
    return {"$jsonSchema": shape}


def _property(hint: Any, protection: Protection, *, is_optional: bool) -> Schema:
    bare = next((part for part in get_args(hint) if part is not type(None)), hint)
    items: Schema = {}
    if protection is Protection.SEALED:
        kinds = ["binData"]
    elif str(hint).startswith("tuple["):
        kinds, items = ["array"], {"items": {"bsonType": "string"}}
    elif protection is not Protection.PLAIN:
        kinds = ["string"]
    elif bare is bool:
        kinds = ["bool"]
    elif bare is int:
        kinds = NUMBER
    elif bare is datetime:
        kinds = ["date"]
    else:  # texts, states, and what is written as JSON
        kinds = ["string"]
    return {"bsonType": [*kinds, "null"] if is_optional else kinds, **items}
