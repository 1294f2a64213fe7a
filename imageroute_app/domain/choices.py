"""Choices: what a person said yes, no or stop to, as events that are only ever added (ISO/IEC TS 27560 in shape).

Principle: how things stand now is computed from the events and stored nowhere. Every event keeps the exact words that were
shown and the digest of the event before it, so that a change of any of them later can be found.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from imageroute_app.domain.purposes import PURPOSES, Purpose, Toggle

CONSENT_LIFE = timedelta(days=183)
"""A yes to measuring ends after six months (CNIL's practice, adopted); nobody is asked again earlier either."""
COOL_DOWN = timedelta(days=14)
"""How long a picture rests before a training build may take it: weights that were trained cannot unlearn."""
EVERYTHING = "everything"
"""The `purpose` of freezing."""
WORDING_OF_SWITCH = "Switch it off the same way at any time; nothing else changes, not the price and not the queue."


class ChoiceEvent(StrEnum):
    """What happened."""

    GIVEN = "given"
    REFUSED = "refused"
    """A no where there was no yes: the first answer, or another one after a yes had run out."""
    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"
    OBJECTION_WITHDRAWN = "objection_withdrawn"
    FROZEN = "frozen"
    LIFTED = "lifted"
    SIGNAL = "gpc"
    EXPIRED = "expired"


class Method(StrEnum):
    """By which way it was said."""

    BUTTON = "button"
    HEADER = "header"
    MAIL = "mail"
    API = "api"


class SessionKind(StrEnum):
    """Whether the person was signed in when saying it."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One event. `number` counts a person's events from 1; `digest` covers all of it and `previous`, the digest before.

    `cooled_at` is set when training on an image was switched on: the earliest time that a build may take it.
    """

    id: str
    owner: str
    number: int
    event: ChoiceEvent
    purpose: str
    image_id: str
    image_sha256: str
    words: str
    words_sha256: str
    policy_version: str
    ui_build: str
    locale: str
    method: Method
    session_kind: SessionKind
    created_at: datetime
    expires_at: datetime | None
    cooled_at: datetime | None
    previous: str = ""
    digest: str = ""
    version: int = 0


def digest_of(choice: Choice) -> str:
    """Return the SHA-256 over everything the event says and over the digest before it."""
    said = {name: value for name, value in asdict(choice).items() if name not in {"digest", "version"}}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=lambda moment: moment.isoformat())
    return hashlib.sha256(text.encode()).hexdigest()


def chained(choice: Choice, last: Choice | None) -> Choice:
    """Return the event as the next one after `last`: numbered, in order, sealed by its digest."""
    choice = replace(choice, words_sha256=words_digest(choice.words))
    if last is not None:
        following = f"{int(last.id, 16) + 1:032x}"  # two processes may give ids out of order within a millisecond
        choice = replace(choice, number=last.number + 1, previous=last.digest, id=max(choice.id, following))
    return replace(choice, digest=digest_of(choice))


def words_digest(words: str) -> str:
    """Return the SHA-256 of the words that were shown."""
    return hashlib.sha256(words.encode()).hexdigest()


def broken_at(choices: Iterable[Choice]) -> int | None:
    """Return the number of the first event, oldest first, that does not follow from the one before; None if all do."""
    previous, expected = "", 1
    for choice in choices:
        is_sound = (
            choice.number == expected
            and choice.previous == previous
            and choice.digest == digest_of(choice)
            and choice.words_sha256 == words_digest(choice.words)
        )
        if not is_sound:
            return expected
        previous, expected = choice.digest, expected + 1
    return None


# --- How things stand ---------------------------------------------------------------------------------------------------


def is_given(last: Choice | None, now: datetime) -> bool:
    """Say whether the last event of a purpose is a yes that still counts."""
    if last is None or last.event is not ChoiceEvent.GIVEN:
        return False
    return last.expires_at is None or now < last.expires_at


def is_objected(last: Choice | None) -> bool:
    """Say whether the last event of a purpose is an objection."""
    return last is not None and last.event is ChoiceEvent.OBJECTED


def is_frozen(last: Choice | None) -> bool:
    """Say whether the last event of EVERYTHING is a freeze."""
    return last is not None and last.event is ChoiceEvent.FROZEN


def is_on(purpose: Purpose, last: Choice | None, now: datetime) -> bool:
    """Say whether the person's own choice lets the purpose be served."""
    toggle = PURPOSES[purpose].toggle
    if toggle in (Toggle.CONSENT, Toggle.PER_IMAGE):
        return is_given(last, now)
    return not is_objected(last)


def may_ask(latest: Sequence[Choice | None], now: datetime) -> bool:
    """Say whether someone may be asked about the optional purposes: no answer within six months, and no signal ever."""
    return not any(last is not None and _is_answer(last, now) for last in latest)


def _is_answer(last: Choice, now: datetime) -> bool:
    if last.event is ChoiceEvent.SIGNAL:
        return True
    return last.event is not ChoiceEvent.EXPIRED and now < last.created_at + CONSENT_LIFE


# --- The words that are shown, and kept ---------------------------------------------------------------------------------

FREEZE_WORDS = (
    "Freeze my data. We only store it: nothing is generated, your links stop, nothing is counted. You can still look,"
    " export, erase and ask. We tell you before a freeze is lifted."
)
LIFT_WORDS = (
    "Before the freeze is lifted: from then on you can generate and upload again, your links that have not ended work"
    " again, and what you had switched on counts again."
)
SIGNAL_WORDS = "Opt-out preference signal honored"
SIGNAL_MEANING = "Your browser's signal is honoured: nothing is counted, and nobody asks you."
CONFLICT_WORDS = (
    "Your browser sends an opt-out signal (Global Privacy Control). Switching this on allows this one purpose on our own"
    " server although the signal says no; nothing is ever sold or shared."
)
BAR_WORDS = (
    "May we count how ImageRoute is used? Usage statistics and speed measurements are off. They stay on our own server,"
    " and only totals of at least 20 people are kept. Everything works the same if you reject."
)
STANDS_WORDS = "Statistics are on, as you allowed."
OBJECT_WORDS = (
    "You may object. What rests on our interest and not on your yes, such as totals of what is used, you may stop at any time,"
    " and it stops first and is weighed later."
)
"""Told apart from everything else with the first mail and at the first visit (GDPR Art. 21(4))."""
NEVER_MINORS = "Pictures of people under 18 are never used for this."
TRAINING_WORDS = (
    "Allow training on this picture. Only this one picture, not its prompt, may be used to train image models. It rests"
    " for 14 days first; switch it off and no later build takes it. What a model has learned by then cannot be unlearned."
    " Nothing is paid or withheld for it."
)


def words_for(purpose: str, event: ChoiceEvent, *, against_signal: bool = False) -> str:
    """Return the words beside the control at the moment it was used."""
    if purpose == EVERYTHING:
        return FREEZE_WORDS if event is ChoiceEvent.FROZEN else LIFT_WORDS
    if event is ChoiceEvent.SIGNAL:
        return SIGNAL_WORDS
    if purpose == Purpose.TRAINING:
        return TRAINING_WORDS
    facts = PURPOSES[Purpose(purpose)]
    conflict = f" {CONFLICT_WORDS}" if against_signal else ""
    return f"{facts.title}. {facts.sentence} {WORDING_OF_SWITCH}{conflict}"
