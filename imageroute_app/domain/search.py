"""The language of the gallery's search: words, and operators such as `model:flux` or `date:2026-11`.

A search is text, kept as it was typed, so that the address, the field and the chips always say the same. Nothing in it is
passed over in silence: what cannot be understood is named as a problem, and a search with a problem finds nothing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from imageroute_app.domain.gallery import RATIOS, facet, name_key, tag_name

OPERATORS = ("model", "provider", "date", "ratio", "favourite", "album", "tag")
LABELS = {"date": "Date", "ratio": "Shape", "model": "Model", "provider": "Provider", "album": "Album", "tag": "Tag"}
PIECE = re.compile(r'(?P<lone>[^\W\d_]+):(?=\s|$)|(?:(?P<key>[^\W\d_]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<bare>[^\s"]+))')
YES, NO = frozenset({"yes", "true", "1", "on"}), frozenset({"no", "false", "0", "off"})
SHAPES = frozenset({"square", "portrait", "landscape"})
NAMED = frozenset(f"{a}:{b}" for long, short in RATIOS for a, b in ((long, short), (short, long)))
DAY = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")
AGO = re.compile(r"(\d{1,4})d")
DATE_HELP = "Write a date as 2026-11, 2026-11-25, 2026-11-01..2026-11-20, today, yesterday or 7d."


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One operator with its value; `text` is how it stands in the search, `label` what its chip says."""

    key: str
    value: str
    text: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a text asks for.

    `words` go to the index as they are, `tokens` are exact facets, `album` is a name or id still to be looked up,
    `from_id` and `below_id` bound the time. `problems` are sentences for the person; with one of them nothing is found.
    """

    words: str = ""
    terms: tuple[Term, ...] = ()
    tokens: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    favourite: bool | None = None
    from_id: str = ""
    below_id: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What one operator adds."""

    tokens: tuple[str, ...] = ()
    album: str = ""
    favourite: bool | None = None
    span: tuple[datetime, datetime] | None = None
    problem: str = ""


def parse(text: str, now: datetime) -> Search:
    """Read a search; `now` is what today, yesterday and 7d count from. Days begin and end in UTC."""
    if not text.strip():
        return Search()
    words, terms, found = list[str](), list[Term](), list[_Found]()
    for match in PIECE.finditer(text):
        key, value = (match["key"] or match["lone"] or "").casefold(), match["quoted"] or match["bare"] or ""
        if not key or value.startswith("//"):  # an address is words, not an operator
            words.append(value if not key else match[0])
            continue
        terms.append(Term(key=key, value=value, text=match[0], label=f"{LABELS.get(key, key)}: {value}"))
        found.append(_read(key, value.strip(), now))
    return _whole(" ".join(words), terms, found)


def _whole(words: str, terms: list[Term], found: list[_Found]) -> Search:
    answers = {each.favourite for each in found if each.favourite is not None}
    problems = [each.problem for each in found if each.problem]
    if len(answers) > 1:
        problems.append("A picture cannot be a favourite and not one: keep one of the two.")
    spans = [each.span for each in found if each.span]
    begin, end = max((span[0] for span in spans), default=None), min((span[1] for span in spans), default=None)
    return Search(
        words=words,
        terms=tuple(terms),
        tokens=tuple(dict.fromkeys(token for each in found for token in each.tokens)),
        albums=tuple(dict.fromkeys(each.album for each in found if each.album)),
        favourite=answers.pop() if len(answers) == 1 else None,
        from_id=lowest_id(begin) if begin else "",
        below_id=lowest_id(end) if end else "",
        problems=tuple(dict.fromkeys(problems)),
    )


def without(text: str, term: str) -> str:
    """Return a search without one of its terms, as it stands there."""
    pieces = [match[0] for match in PIECE.finditer(text)]
    if term in pieces:
        pieces.remove(term)
    return " ".join(pieces)


def with_value(text: str, key: str, value: str) -> str:
    """Return a search in which an operator has this value alone; an empty one takes the operator out."""
    kept = [match[0] for match in PIECE.finditer(text) if (match["key"] or match["lone"] or "").casefold() != key]
    if value:
        kept.append(f'{key}:"{value}"' if re.search(r"\s", value) else f"{key}:{value}")
    return " ".join(kept)


def lowest_id(moment: datetime) -> str:
    """Return the lowest id that can be made at this moment: ids begin with the milliseconds since 1970 (UUID version 7)."""
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return f"{milliseconds:012x}" + "0" * 20


# --- Operators ----------------------------------------------------------------------------------------------------------


def _read(key: str, value: str, now: datetime) -> _Found:
    if key not in READERS:
        known = ", ".join(f"{name}:" for name in OPERATORS)
        return _Found(
            problem=f"{key}: is no filter. There are {known}. Put a space after the colon to search for a word."
        )
    if not value:
        return _Found(problem=f"Write what {key}: should be, without a space after the colon.")
    return READERS[key](value, now)


def _model(value: str, _now: datetime) -> _Found:
    return _Found(tokens=(facet("model", name_key(value)),))


def _provider(value: str, _now: datetime) -> _Found:
    return _Found(tokens=(facet("provider", name_key(value)),))


def _tag(value: str, _now: datetime) -> _Found:
    return _Found(tokens=(facet("tag", tag_name(value)),))


def _album(value: str, _now: datetime) -> _Found:
    return _Found(album=value)


def _favourite(value: str, _now: datetime) -> _Found:
    if value.casefold() not in YES | NO:
        return _Found(problem="favourite: is yes or no.")
    return _Found(favourite=value.casefold() in YES)


def _ratio(value: str, _now: datetime) -> _Found:
    name = value.casefold().replace("x", ":").replace("/", ":")
    if name not in SHAPES | NAMED:
        return _Found(problem=f"ratio: is square, portrait, landscape or one of {', '.join(sorted(NAMED))}.")
    return _Found(tokens=(facet("ratio", name),))


def _date(value: str, now: datetime) -> _Found:
    first, dots, last = value.casefold().partition("..")
    try:
        begin, end = _span(first, now)
        if dots:
            end = _span(last, now)[1]
    except ValueError:
        return _Found(problem=f"“{value}” is no date. {DATE_HELP}")
    if end <= begin:
        return _Found(problem=f"“{value}” ends before it begins. {DATE_HELP}")
    return _Found(span=(begin, end))


def _span(text: str, now: datetime) -> tuple[datetime, datetime]:
    """Return when a day, month or year begins and when it is over; raises ValueError for anything else."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = today + timedelta(days=1)
    if text in {"today", "yesterday"}:
        back = timedelta(days=text == "yesterday")
        return today - back, tomorrow - back
    if days := AGO.fullmatch(text):
        return now - timedelta(days=int(days[1])), tomorrow
    return _calendar(text)


def _calendar(text: str) -> tuple[datetime, datetime]:
    parts = DAY.fullmatch(text)
    if parts is None:
        raise ValueError(text)
    year, month, day = int(parts[1]), int(parts[2] or 1), int(parts[3] or 1)
    begin = datetime(year, month, day, tzinfo=UTC)
    if year >= 9999:
        raise ValueError(text)
    if parts[3]:
        return begin, begin + timedelta(days=1)
    if parts[2]:
        return begin, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return begin, datetime(year + 1, 1, 1, tzinfo=UTC)


READERS: Mapping[str, Callable[[str, datetime], _Found]] = {
    "model": _model,
    "provider": _provider,
    "date": _date,
    "ratio": _ratio,
    "favourite": _favourite,
    "album": _album,
    "tag": _tag,
}
