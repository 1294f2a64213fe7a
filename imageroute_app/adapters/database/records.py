"""What both engines do with records of any type: read what every record has, walk all of a person's, order an erasure."""

import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from imageroute_app.adapters.database.codec import Codec
from imageroute_app.adapters.database.sealing import Sealer
from imageroute_app.domain.data_map import DATA_MAP
from imageroute_app.domain.errors import Conflict, NotFound
from imageroute_app.domain.ports import Query, Repository

log = logging.getLogger(__name__)

R = TypeVar("R")

PAGE = 200
ERASE_ORDER = tuple(reversed(list(DATA_MAP)))
"""The person stands first in DATA_MAP and goes last, so that an erasure that stopped halfway can be found."""


def owner_of(record: object) -> str:
    """Return whose record it is."""
    return str(getattr(record, "owner"))  # noqa: B009  # records have no common base that names it


def id_of(record: object) -> str:
    """Return a record's id."""
    return str(getattr(record, "id"))  # noqa: B009  # as above


def version_of(record: object) -> int:
    """Return a record's version."""
    return int(getattr(record, "version"))  # noqa: B009  # as above


def check_limit(limit: int) -> None:
    """Raise ValueError for a page without a bound: to MongoDB 0 means no limit, to SQLite below 0 does."""
    if limit < 1:
        raise ValueError("a page has at least one record")


def bounds(query: Query, *, with_after: bool) -> dict[str, str]:
    """Return what a page asks of the ids, by operator: "<", ">" and ">="."""
    after = query.after if with_after else ""
    lowest, highest = (after, "") if query.oldest_first else ("", after)
    found = {"<": min(filter(None, (query.below_id, highest)), default="")}
    found |= {">": lowest} if lowest >= query.from_id else {">=": query.from_id}
    return {operator: record_id for operator, record_id in found.items() if record_id}


def is_search(query: Query) -> bool:
    """Say whether a query needs the keyed index."""
    return bool(query.text.strip() or query.tokens)


def changed() -> Conflict:
    """Return the error for a record whose stored version is another one, or that is gone."""
    return Conflict("This changed in the meantime. Look at it again.")


async def readable(codec: Codec[R], sealer: Sealer, rows: Iterable[tuple[str, Sequence[Any]]]) -> list[R]:
    """Decode (owner, values) of several people; one whose key is gone is noted and left out, so that a sweep goes on."""
    found: list[R] = []
    for owner, values in rows:
        try:
            cipher = await sealer.cipher(owner)
        except NotFound:
            log.warning("row.key_destroyed", extra={"table": codec.name})
            continue
        found.append(codec.record(values, cipher))
    return found


async def every_record(repositories: Mapping[str, Repository[Any]], owner: str) -> AsyncIterator[tuple[str, object]]:
    """Yield (table name, record) for every record of the person, read page by page."""
    for name, repository in repositories.items():
        after = ""
        while page := await repository.find(Query(owner=owner, after=after, limit=PAGE)):
            for record in page:
                yield name, record
            after = id_of(page[-1])
