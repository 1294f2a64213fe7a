"""Provenance: what a file of anyone says about its making, and what that proves. Nothing of it is stored."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Literal

from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.pictures import Marks
from imageroute_app.domain.ports import Imaging, Limiter

log = logging.getLogger(__name__)

CHECKS, WINDOW_S, AT_ONCE = 30, 600, 4
BUSY = "Several files are being checked right now. Try again in a moment."
SOURCES = {
    "trainedAlgorithmicMedia": "by an AI model",
    "compositeWithTrainedAlgorithmicMedia": "partly by an AI model, from another picture",
    "compositeSynthetic": "from several parts, some by an AI model",
    "algorithmicMedia": "by a program that draws by rules, without AI",
    "digitalCapture": "by a camera",
    "computationalCapture": "by a camera that computes",
    "humanEdits": "by a person who edited another picture",
    "digitalCreation": "by a person with a program",
}
SEALS = {
    "none": "none",
    "valid": "valid: the file is as it was signed",
    "altered": "broken: the file was changed after signing, or is damaged",
    "unproven": "fits the file, but its certificate has expired or is not fit for this",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The answer to "Was this made with ImageRoute?": a heading, what it proves and what not, and what was read."""

    tone: Literal["ok", "warn", "bad", ""]
    heading: str
    proves: str
    proves_not: str
    facts: tuple[tuple[str, str], ...]
    is_ours: bool


class Provenance:
    """Checks files for anyone; counts, and keeps nothing else."""

    def __init__(self, *, imaging: Imaging, limiter: Limiter) -> None:
        self._imaging, self._limiter = imaging, limiter
        self._places, self._count = asyncio.Semaphore(AT_ONCE), 0

    async def admit(self, address: str) -> None:
        """Count one try of this address before its file is read; raises RateLimited, Unavailable."""
        await self._limiter.hit("verify", address, limit=CHECKS, window_s=WINDOW_S)
        if self._places.locked():
            raise Unavailable(BUSY)

    @property
    def places(self) -> asyncio.Semaphore:
        """What must be held while a file is in memory, so that only a few are."""
        return self._places

    async def check(self, data: bytes) -> Finding:
        """Return what the file says; raises BadImage, UnsafeImage."""
        marks = await self._imaging.read_marks(data)
        self._count += 1
        log.info("provenance.checked", extra={"count": self._count})
        return find(marks)


def find(marks: Marks) -> Finding:
    """Return what these marks prove."""
    heading, tone, proves, proves_not = _answer(marks)
    return Finding(
        tone=tone, heading=heading, proves=proves, proves_not=proves_not, facts=_facts(marks), is_ours=marks.is_ours
    )


Answer = tuple[str, Literal["ok", "warn", "bad", ""], str, str]


def _answer(marks: Marks) -> Answer:
    if marks.seal == "none":
        return _unsigned(marks)
    if marks.seal == "altered":
        return (
            "Its signature is broken",
            "bad",
            "The file carries a signed mark that no longer fits it: something was changed after signing, or it is damaged.",
            "What was changed, by whom, or whether the rest of the mark is true.",
        )
    if marks.seal == "unproven":
        return (
            "Its signature fits, its certificate does not",
            "warn",
            "The file is as it was signed, but the certificate has expired or is not one for signing pictures.",
            "Who signed it, or when.",
        )
    return _signed(marks)


def _signed(marks: Marks) -> Answer:
    if marks.is_ours:
        return (
            "Yes, this ImageRoute signed it",
            "ok",
            "This installation made or exported the file, and not a byte has changed since.",
            "Who made it or with which words: that is not in the mark. Nor that what it shows is real.",
        )
    if marks.names_us:
        return (
            "It says so, but we did not sign it",
            "warn",
            "Someone signed the file as made with ImageRoute, and it has not changed since.",
            "That it is true: the certificate is not one of this installation. It may be another installation's.",
        )
    return (
        "No, another program signed it",
        "",
        "The file is as it was signed. It does not name ImageRoute.",
        "That the signer is who the name says: we do not check names against a list of trusted signers.",
    )


def _unsigned(marks: Marks) -> Answer:
    if marks.names_us:
        return (
            "It says so, but nothing protects that",
            "warn",
            "The file carries a plain mark that names ImageRoute, as our previews do. Anyone can write or remove one.",
            "That it is true, or that the picture was not changed.",
        )
    if marks.xmp_source:
        return (
            "Not as far as we can see",
            "",
            "The file says how it was made, but does not name ImageRoute. The mark is plain: anyone can write one.",
            "That it is true. Programs and sites often remove marks.",
        )
    return (
        "No mark found",
        "",
        "Nothing.",
        "That it was not made with ImageRoute, or not by an AI: a screenshot, an editor or a site may have removed the mark.",
    )


def _facts(marks: Marks) -> tuple[tuple[str, str], ...]:
    facts = (
        ("Says it was made", _made(marks)),
        ("Program it names", marks.generator or "none"),
        ("Signature", SEALS[marks.seal]),
        ("Signed by", _signer(marks)),
        ("Settings in it", "yes" if marks.recipe else "no"),
    )
    return tuple((name, text) for name, text in facts if text)


def _made(marks: Marks) -> str:
    named = [name for name in dict.fromkeys((marks.signed_source, marks.xmp_source)) if name]
    texts = [SOURCES.get(name, f"in a way called {name}") for name in named]
    return "; elsewhere in the file: ".join(texts) or "nothing"


def _signer(marks: Marks) -> str:
    if marks.seal == "none":
        return ""
    known = " (a certificate of this installation)" if marks.is_ours else " (a name that anyone can put there)"
    return f"{marks.signer or 'no name'}{known}"
