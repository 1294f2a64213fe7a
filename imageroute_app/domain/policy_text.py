"""The text of an edition: a small part of Markdown, read into parts that a page shows and two of which can be compared.

A line `:: name` stands for facts of the installation (who is responsible, who receives what), `[P7 P37]` at the end of a
paragraph for the promises it makes. Nothing in a text becomes markup by itself.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

BlockKind = Literal["text", "list", "heading", "facts"]
PROOFS = re.compile(r"\s*\[(P\d+(?: P\d+)*)\]$")
INLINE = re.compile(r"\*\*(?P<bold>[^*]+)\*\*|\[(?P<label>[^\]]+)\]\((?P<href>[^)\s]+)\)")
SECTION = re.compile(r"^## (?P<title>.+?) \{#(?P<id>[a-z]+)\}$")


@dataclass(frozen=True, slots=True)
class Span:
    """A run of words, bold or with an address it leads to."""

    text: str
    href: str = ""
    is_bold: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph or entry of a list, with the promises it makes."""

    spans: tuple[Span, ...]
    promises: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a list, a heading below a section's, or the name of facts to be shown here."""

    kind: BlockKind
    lines: tuple[Line, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One section; `id` is its address after the #."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A whole text: title, the sentence below it, the sections."""

    title: str
    lead: str
    sections: tuple[Section, ...]

    @property
    def contents(self) -> tuple[tuple[str, str], ...]:
        """Return id and title of every section."""
        return tuple((section.id, section.title) for section in self.sections)


@dataclass(frozen=True, slots=True)
class Difference:
    """One piece of a comparison: how it stands, and its words."""

    kind: Literal["same", "added", "removed"]
    text: str


def parse(text: str) -> PolicyText:
    """Read a text; raises ValueError for a part that has no place."""
    title, lead, sections = "", "", list[tuple[str, str, list[Block]]]()
    for part in _parts(text):
        if part.startswith("# "):
            title = part[2:]
        elif found := SECTION.match(part):
            sections.append((found["id"], found["title"], []))
        elif not sections:
            lead = part
        else:
            sections[-1][2].append(_block(part))
    if not title or not sections:
        raise ValueError("A policy needs a title and sections.")
    return PolicyText(title, lead, tuple(Section(name, head, tuple(blocks)) for name, head, blocks in sections))


def promises_in(text: str) -> set[str]:
    """Return the ids of all promises that a text makes."""
    return {each for group in re.findall(r"\[(P\d+(?: P\d+)*)\]", text) for each in group.split()}


def compare(old: str, new: str) -> list[Difference]:
    """Return what was added and removed, paragraph by paragraph; long runs that stay are cut to their ends."""
    before, after = [list(map(_plain, _lines(text))) for text in (old, new)]
    found: list[Difference] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [Difference("same", line) for line in _ends(before[a:b])]
        else:
            found += [Difference("removed", line) for line in before[a:b]]
            found += [Difference("added", line) for line in after[c:d]]
    return found


def _parts(text: str) -> Iterator[str]:
    return (part.strip() for part in text.replace("\r\n", "\n").split("\n\n") if part.strip())


def _lines(text: str) -> Iterator[str]:
    return (line for part in _parts(text) for line in (part.split("\n") if part.startswith("- ") else [part]))


def _block(part: str) -> Block:
    if part.startswith(":: "):
        return Block("facts", name=part[3:])
    if part.startswith("### "):
        return Block("heading", (Line((Span(part[4:]),)),))
    if part.startswith("- "):
        return Block("list", tuple(_line(entry[2:]) for entry in part.split("\n")))
    return Block("text", (_line(part.replace("\n", " ")),))


def _line(text: str) -> Line:
    found = PROOFS.search(text)
    promises = tuple(found[1].split()) if found else ()
    return Line(tuple(_spans(PROOFS.sub("", text))), promises)


def _spans(text: str) -> Iterator[Span]:
    at = 0
    for found in INLINE.finditer(text):
        if found.start() > at:
            yield Span(text[at : found.start()])
        yield Span(found["bold"], is_bold=True) if found["bold"] else Span(found["label"], href=found["href"])
        at = found.end()
    if at < len(text):
        yield Span(text[at:])


def _plain(text: str) -> str:
    text = SECTION.sub(lambda found: found["title"], text.lstrip("-# ") if not SECTION.match(text) else text)
    if text.startswith(":: "):
        return f"(facts of the installation: {text[3:]})"
    return "".join(span.text for span in _spans(PROOFS.sub("", text)))


def _ends(lines: Sequence[str]) -> list[str]:
    return list(lines) if len(lines) <= 3 else [lines[0], "…", lines[-1]]
