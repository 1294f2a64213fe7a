"""From a prompt to a Reading: which scene, colours, time of day, weather and style its words ask for."""

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from imageroute_app.adapters.providers.sketch import lexicon

LONGEST = 4000
COLOUR_ENDINGS = frozenset({"coloured", "colored", "tinted", "hued", "toned"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the engine understood of a prompt.

    Attributes:
        scene: name of the scene that is drawn.
        style: one of the style ids, "none" included.
        time: "dawn", "day", "golden", "dusk", "night", or "" when the words leave it open.
        weather: "mist", "rain", "storm", "snow" or "".
        colours: colour words for the whole picture, in the order of the prompt.
        sun: colour word that stands before the sun or the moon, or "".
        known: words that had a meaning here.
        unknown: words that were not drawn.
        key: stable number of the prompt, mixed into every random choice.
    """

    scene: str
    style: str
    time: str = ""
    weather: str = ""
    colours: tuple[str, ...] = ()
    sun: str = ""
    known: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    key: int = 0

    def has(self, *words: str) -> bool:
        """Return whether any of the words stands in the prompt."""
        return any(word in self.known or word in self.unknown for word in words)


def tokens(text: str) -> list[str]:
    """Return the words and symbols of a text, casefolded; joiners, marks and control characters part words."""
    found: list[str] = []
    word = ""
    for letter in unicodedata.normalize("NFKC", text[:LONGEST]).casefold():
        kind = unicodedata.category(letter)
        if kind[0] in "LN" or (kind[0] == "M" and word):
            ideograph = "぀" <= letter <= "鿿"
            if ideograph and word:
                found.append(word)
                word = ""
            word += letter
            if ideograph:
                found.append(word)
                word = ""
            continue
        if word:
            found.append(word)
            word = ""
        if kind == "So":
            found.append(letter)
    return [*found, word] if word else found


def _forms(word: str) -> Iterator[str]:
    yield word
    for ending, instead in (("ies", "y"), ("es", ""), ("s", ""), ("y", "")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            yield word[: -len(ending)] + instead


def _known_form(word: str, table: dict[str, str] | dict[str, dict[str, int]]) -> str:
    return next((form for form in _forms(word) if form in table), "")


class _Reader:
    """Walks over the words once and collects what they mean."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.scores: dict[str, int] = {}
        self.colours: list[str] = []
        self.times: list[str] = []
        self.weathers: list[str] = []
        self.styles: list[str] = []
        self.known: list[str] = []
        self.unknown: list[str] = []
        self.sun = ""
        at = 0
        while at < len(words):
            at += self._take(at)

    def _take(self, at: int) -> int:
        word, after = self.words[at], self.words[at + 1] if at + 1 < len(self.words) else ""
        if word in lexicon.NEGATIONS and after:
            return 2
        if after and self._learn(f"{word}-{after}"):
            return 2
        if word in lexicon.COLOURS and self._colour(word, after):
            return 1
        if word in lexicon.LIGHTS:
            self._light(word)
        elif not self._learn(word) and word not in lexicon.SILENT:
            self.unknown.append(word)
        return 1

    def _colour(self, word: str, after: str) -> bool:
        if after in lexicon.LIGHTS:
            self.sun = word
        elif word in lexicon.SCENE_WEIGHTS and after not in COLOUR_ENDINGS and after not in lexicon.SCENE_WEIGHTS:
            return False
        elif word not in self.colours:
            self.colours.append(word)
        self.known.append(word)
        return True

    def _light(self, word: str) -> None:
        self.known.append(word)
        for scene in ("ridges", "sea", "lake"):
            self.scores[scene] = self.scores.get(scene, 0) + 1

    def _learn(self, word: str) -> bool:
        scene = _known_form(word, lexicon.SCENE_WEIGHTS)
        for name, weight in lexicon.SCENE_WEIGHTS.get(scene, {}).items():
            self.scores[name] = self.scores.get(name, 0) + weight
        learned = bool(scene)
        for table, kept in (
            (lexicon.TIMES, self.times), (lexicon.WEATHERS, self.weathers), (lexicon.STYLE_WORDS, self.styles)
        ):  # fmt: skip
            form = _known_form(word, table)
            if form:
                kept.append(table[form])
                learned = True
        if learned:
            self.known.append(word)
        return learned


def _number(text: str) -> int:
    normal = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return int.from_bytes(hashlib.sha256(normal.encode("utf-8", "surrogatepass")).digest()[:8], "big")


def _style(asked: str, spoken: list[str]) -> str:
    ids = {style for style, _ in lexicon.STYLES}
    wanted = asked.strip().casefold().replace(" ", "-").replace("_", "-")
    if wanted in ids and wanted != "none":
        return wanted
    return spoken[0] if spoken else "none"


def read(prompt: str, style: str = "", negative: str = "") -> Reading:
    """Return what the words of a prompt ask for.

    Args:
        prompt: any text; at most its first 4,000 characters are read.
        style: a style id; "" and "none" leave the style to the prompt.
        negative: words whose scenes and colours are ruled out.
    """
    seen, ruled_out = _Reader(tokens(prompt)), _Reader(tokens(negative))
    scores = {scene: score for scene, score in seen.scores.items() if scene not in ruled_out.scores}
    key = _number(prompt)
    best = max(scores.values(), default=0)
    # Equal scores: what the prompt names first is its subject.
    order = [scene for scene, score in scores.items() if score == best]
    return Reading(
        scene=order[0] if order else lexicon.ABSTRACT[key % len(lexicon.ABSTRACT)],
        style=_style(style, seen.styles),
        time=seen.times[0] if seen.times else "",
        weather=seen.weathers[0] if seen.weathers else "",
        colours=tuple(colour for colour in seen.colours if colour not in ruled_out.colours)[:4],
        sun=seen.sun,
        known=tuple(dict.fromkeys(seen.known)),
        unknown=tuple(dict.fromkeys(seen.unknown)),
        key=key,
    )
