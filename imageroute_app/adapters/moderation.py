"""Our own check of a prompt: it refuses sexualised minors and intimate pictures of real people, and nothing else.

Principle: what is refused stands in moderation.toml, to be read and argued with, not in here. The check is a floor, not a
promise: whoever means harm finds other words, so each company's own check comes after it. A prompt is never logged, and what
comes out is the id of a rule, never a word of the prompt.
"""

import functools
import itertools
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Words = Sequence[frozenset[str]]
"""A text as places, each with the forms that its word may be meant as."""
Span = tuple[int, int]
"""Where something is met: the first place, and the place after the last one."""

FILE = Path(__file__).with_name("moderation.toml")
LOOKALIKES = str.maketrans("аеорсухіјѕԁӏɡαονρτικ", "aeopcyxijsdlgaovptik")
FIGURES = str.maketrans("03457@$!", "oeastasi")
WORD = re.compile(r"[@$!*]*[^\W_]+(?:[@$!*]+[^\W_]+)*")
GLUED_AGE = re.compile(r"(\d{1,2})(yo|y|yr|yrs|yrold|yearolds?|yearsold|jahrige?[rsn]?)")
MASKED_MAX = 2
SPELLED_MIN, SPELLED_MAX = 3, 14
ADULT = 18
THING_REACH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What must all be true for the rule to be broken; see moderation.toml."""

    id: str
    together: tuple[str, ...]
    in_order: tuple[str, ...]
    within: int
    anywhere: tuple[str, ...]

    def is_broken(self, met: Mapping[str, Sequence[Span]]) -> bool:
        """Say whether the places where the groups are met break the rule."""
        return (
            all(met[group] for group in self.anywhere)
            and (not self.together or self._is_together(met))
            and (not self.in_order or self._is_in_order(met))
        )

    def _is_together(self, met: Mapping[str, Sequence[Span]]) -> bool:
        first, *others = self.together
        return any(
            all(any(_gap(span, other) <= self.within for other in met[group]) for group in others)
            for span in met[first]
        )

    def _is_in_order(self, met: Mapping[str, Sequence[Span]]) -> bool:
        ends = {end for _, end in met[self.in_order[0]]}
        for group in self.in_order[1:]:
            ends = {end for start, end in met[group] if any(0 <= start - before <= self.within for before in ends)}
        return bool(ends)


class PromptRules:
    """Moderation; reads its rules once and keeps nothing of what it checks."""

    def __init__(self, path: Path = FILE) -> None:
        with path.open("rb") as file:
            facts = tomllib.load(file)
        self._rules = tuple(_rule(one) for one in facts["rules"])
        self._groups = {name: Phrases(listed) for name, listed in facts["groups"].items()}
        self._harmless = Phrases(facts["harmless"]["phrases"])
        self._ages = Ages(facts["ages"])
        self._known = frozenset[str]().union(*(one.words for one in (*self._groups.values(), self._harmless)))

    def objection(self, prompt: str) -> str:
        """Return the id of the rule that the prompt breaks, or an empty text."""
        words = read(prompt)
        ages = self._ages.found(words)
        words = [forms & self._known for forms in words]
        words = _without(words, self._harmless.found(words))
        met = {name: phrases.found(words) for name, phrases in self._groups.items()}
        met["minor"] += ages
        return next((rule.id for rule in self._rules if rule.is_broken(met)), "")


@functools.cache
def prompt_rules() -> PromptRules:
    """Return the rules that are shipped with the product."""
    return PromptRules()


class Phrases:
    """A list of words and phrases, found as whole words with simple plurals."""

    def __init__(self, listed: Iterable[str]) -> None:
        self._by_first: dict[str, list[Words]] = {}
        found = list(itertools.chain.from_iterable(map(_steps, listed)))
        self.words = frozenset[str]().union(*itertools.chain.from_iterable(found))
        for steps in found:
            for first in steps[0]:
                self._by_first.setdefault(first, []).append(steps)

    def found(self, words: Words) -> list[Span]:
        """Return every place where one of the phrases stands."""
        return [(place, end) for place in range(len(words)) for end in self.ends(words, place)]

    def ends(self, words: Words, place: int) -> Iterator[int]:
        """Yield where the phrases end that begin at a place."""
        if place >= len(words):
            return
        for steps in itertools.chain.from_iterable(self._by_first.get(form, ()) for form in words[place]):
            if _stand_at(words, place, steps):
                yield place + len(steps)


class Ages:
    """Ages below 18, in numbers or words, of people."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._years = {fold(form): years for years, forms in enumerate(facts["numbers"]) for form in forms}
        self._after, self._before = Phrases(facts["after"]), Phrases(facts["before"])
        self._things = frozenset(itertools.chain.from_iterable(map(_plurals, facts["things"])))

    def found(self, words: Words) -> list[Span]:
        """Return the places where the age of a minor stands."""
        announced = {end for _, end in self._before.found(words)}
        spans = (self._age_at(words, place, is_announced=place in announced) for place in range(len(words)))
        return [span for span in spans if span and not self._is_of_a_thing(words, span[1])]

    def _age_at(self, words: Words, place: int, *, is_announced: bool) -> Span | None:
        if any((glued := GLUED_AGE.fullmatch(form)) and int(glued[1]) < ADULT for form in words[place]):
            return place, place + 1
        if not any(self._is_young(form) for form in words[place]):
            return None
        end = max(self._after.ends(words, place + 1), default=place + 1 if is_announced else 0)
        return (place, end) if end else None

    def _is_young(self, form: str) -> bool:
        return form in self._years or (len(form) <= 2 and form.isascii() and form.isdigit() and int(form) < ADULT)

    def _is_of_a_thing(self, words: Words, end: int) -> bool:
        return any(forms & self._things for forms in words[end : end + THING_REACH])


def _rule(facts: Mapping[str, Any]) -> Rule:
    lists = {name: tuple(facts.get(name, ())) for name in ("together", "in_order", "anywhere")}
    return Rule(id=facts["id"], within=facts.get("within", 0), **lists)


def _stand_at(words: Words, place: int, steps: Words) -> bool:
    standing = words[place : place + len(steps)]
    return len(standing) == len(steps) and all(
        not step or step & forms for step, forms in zip(steps, standing, strict=True)
    )


def _gap(one: Span, other: Span) -> int:
    """Return how many words stand between two spans; 0 when they touch or overlap."""
    return max(0, one[0] - other[1], other[0] - one[1])


def _without(words: Words, spans: Iterable[Span]) -> Words:
    taken = {place for start, end in spans for place in range(start, end)}
    return [frozenset[str]() if place in taken else forms for place, forms in enumerate(words)]


# --- Reading ----------------------------------------------------------------------------------------------------------


def read(text: str) -> Words:
    """Return the words of a text, each with every form that folding, joining and unmasking gives it."""
    places: list[set[str]] = []
    for chunk in fold(text).split():
        parts = WORD.findall(chunk)
        places += [_forms(part) for part in parts]
        if len(parts) > 1:
            for place in (-len(parts), -1):
                places[place] |= _forms("".join(parts))
    for place, joined in _spelled(places):
        places[place] |= {joined, joined.translate(FIGURES).replace("1", "i")}
    return [frozenset(forms) for forms in places]


def fold(text: str) -> str:
    """Return a text without case, accents, invisible characters and look-alike letters; ñ stays, since niña is no Nina."""
    plain: list[str] = []
    for character in unicodedata.normalize("NFKD", text.casefold()):
        if unicodedata.combining(character):
            if character == "\N{COMBINING TILDE}" and plain and plain[-1] == "n":
                plain[-1] = "ñ"
        elif unicodedata.category(character) != "Cf":
            plain.append(character)
    return "".join(plain).translate(LOOKALIKES)


def _forms(word: str) -> set[str]:
    """Return what a word may be meant as: as it is, with figures as letters, with masked vowels, without drawn-out letters."""
    if len(word) == 1:
        return {word}
    bare = word.strip("@$!*")
    forms = {bare, re.sub(r"[@$!*]", "", word)}
    if re.search(r"[^\W\d_]", word):
        for one in "il":
            forms |= {side.translate(FIGURES).replace("1", one).replace("*", "") for side in (word, bare)}
    if 0 < bare.count("*") <= MASKED_MAX:
        for vowels in itertools.product("aeiou", repeat=bare.count("*")):
            forms.add(bare.replace("*", "{}").format(*vowels))
    return forms | {re.sub(r"(\D)\1{2,}", kept, form) for form in forms for kept in (r"\1", r"\1\1")}


def _spelled(places: Sequence[set[str]]) -> list[tuple[int, str]]:
    """Return (place, word) for letters that stand alone one after the other ("n u d e"), at the first and the last one."""
    letters = ["".join(sorted(forms)[:1]) if all(len(form) == 1 for form in forms) else "" for forms in places]
    found: list[tuple[int, str]] = []
    for place in range(len(letters)):
        run = "".join(itertools.takewhile(bool, letters[place : place + SPELLED_MAX]))
        for length in range(SPELLED_MIN, len(run) + 1):
            found += [(place, run[:length]), (place + length - 1, run[:length])]
    return found


def _steps(phrase: str) -> list[Words]:
    """Return a phrase as places, its last word also in the plural; one with "*" stands with a word for it and without."""
    *words, last = fold(phrase).split()
    steps = [*(frozenset[str]() if word == "*" else frozenset({word}) for word in words), _plurals(last)]
    return [steps, [step for step in steps if step]] if "*" in words else [steps]


def _plurals(word: str) -> frozenset[str]:
    folded = fold(word)
    return frozenset({folded, folded + "s", folded + "es", *([folded[:-1] + "ies"] if folded.endswith("y") else [])})
