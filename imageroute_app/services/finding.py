"""Finding pictures: from what a person asked for to a query that a database answers."""

from dataclasses import dataclass, field, replace

from imageroute_app.domain.gallery import Album, facet
from imageroute_app.domain.ports import Clock, Database, Query, Value
from imageroute_app.domain.search import Search, parse

ALBUMS_MAX = 500
"""How many albums a person has at most, so that their names are read as one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What of a gallery is asked for: a search (domain.search), favourites only, one album by id, trash or not.

    `trashed` None means both. An Ask is what the address of the gallery says, and what a bulk verb works on.
    """

    text: str = ""
    favourite: bool = False
    album: str = ""
    trashed: bool | None = False
    oldest_first: bool = False


EVERYTHING = Ask()
TRASH = Ask(trashed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An Ask as it was understood; `query` is None when nothing can match, and `problems` then say why."""

    search: Search
    query: Query | None = None
    problems: tuple[str, ...] = ()
    albums: tuple[Album, ...] = field(default=())


async def read_ask(database: Database, clock: Clock, owner: str, ask: Ask) -> Reading:
    """Understand an Ask; album names are looked up among the person's own."""
    search = parse(ask.text, clock())
    albums: tuple[Album, ...] = ()
    if search.albums:
        albums = tuple(await database.tables.albums.find(Query(owner=owner, limit=ALBUMS_MAX)))
    meant = [(name, _album(albums, name)) for name in search.albums]
    missing = tuple(f"There is no album called “{name}”." for name, album in meant if album is None)
    if problems := (*search.problems, *missing):
        return Reading(search=search, problems=problems, albums=albums)
    tokens = [*search.tokens, *(facet("album", album.id) for _, album in meant if album)]
    if ask.album:
        tokens.append(facet("album", ask.album))
    plain = Query(
        owner=owner,
        equals=_equals(ask, search),
        text=search.words,
        tokens=tuple(tokens),
        from_id=search.from_id,
        below_id=search.below_id,
        oldest_first=ask.oldest_first,
    )
    is_contradiction = ask.favourite and search.favourite is False
    return Reading(search=search, query=None if is_contradiction else plain, albums=albums)


def below(query: Query, bound: str) -> Query:
    """Return the query without what has this id or a later one; an empty bound changes nothing."""
    return replace(query, below_id=min(filter(None, (query.below_id, bound)), default=""))


def _album(albums: tuple[Album, ...], wanted: str) -> Album | None:
    named = [album for album in albums if wanted == album.id or wanted.casefold() == album.name.casefold()]
    return named[0] if named else None


def _equals(ask: Ask, search: Search) -> dict[str, Value | tuple[Value, ...]]:
    equals: dict[str, Value | tuple[Value, ...]] = {}
    if ask.trashed is not None:
        equals["trashed"] = ask.trashed
    if ask.favourite or search.favourite is not None:
        equals["favourite"] = ask.favourite or bool(search.favourite)
    return equals
