"""Answers of people who are not signed in: what their own browser remembers of them, in one cookie and nowhere else."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from imageroute_app.domain.choices import CONSENT_LIFE
from imageroute_app.domain.purposes import OPTIONAL, Purpose

LETTERS = {Purpose.ANALYTICS: "a", Purpose.PERFORMANCE: "p"}
BY_BAR, AGAINST_SIGNAL = "b", "g"
WRITTEN = re.compile(r"1\.([0-9]{1,10})\.([a-z]{0,8})")
"""Version, time in seconds, letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a visitor said, once for all optional purposes.

    `by_bar` says in front of which words; `against_signal`, that the yes was given beside the words about the browser's signal.
    """

    allowed: frozenset[Purpose]
    at: datetime
    by_bar: bool = False
    against_signal: bool = False

    def dump(self) -> str:
        """Return the answer as the cookie holds it."""
        letters = "".join(letter for purpose, letter in LETTERS.items() if purpose in self.allowed)
        flags = BY_BAR * self.by_bar + AGAINST_SIGNAL * self.against_signal
        return f"1.{int(self.at.timestamp())}.{letters}{flags}"

    @property
    def answers(self) -> dict[Purpose, bool]:
        """Every optional purpose and whether it was allowed."""
        return {purpose: purpose in self.allowed for purpose in OPTIONAL}


def read_answer(text: str, now: datetime) -> Answer | None:
    """Return the answer of a cookie while it counts; None when there is none, it is odd, or its six months are over."""
    found = WRITTEN.fullmatch(text)
    if found is None:
        return None
    at = datetime.fromtimestamp(int(found[1]), UTC)
    if not at <= now < at + CONSENT_LIFE:
        return None
    letters = found[2]
    return Answer(
        allowed=frozenset(purpose for purpose, letter in LETTERS.items() if letter in letters),
        at=at,
        by_bar=BY_BAR in letters,
        against_signal=AGAINST_SIGNAL in letters,
    )


def allowed_now(answer: Answer | None, *, signal: bool) -> frozenset[Purpose]:
    """Return what a visitor allows: a browser's signal takes away, unless the yes was given beside the words about it."""
    if answer is None or (signal and not answer.against_signal):
        return frozenset()
    return answer.allowed
