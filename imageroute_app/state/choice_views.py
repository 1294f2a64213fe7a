"""What the sections about choices show of purposes and events."""

import dataclasses

from imageroute_app.domain.choices import EVERYTHING, Choice, ChoiceEvent, Method, SessionKind, words_for
from imageroute_app.domain.purposes import PURPOSES, Purpose, Toggle
from imageroute_app.services.choices import Standing
from imageroute_app.services.newsletter_choice import NewsletterStanding
from imageroute_app.state import text

EVENTS = {
    ChoiceEvent.GIVEN: "Switched on",
    ChoiceEvent.REFUSED: "Refused",
    ChoiceEvent.WITHDRAWN: "Switched off",
    ChoiceEvent.OBJECTED: "Objected",
    ChoiceEvent.OBJECTION_WITHDRAWN: "Objection taken back",
    ChoiceEvent.FROZEN: "Frozen",
    ChoiceEvent.LIFTED: "Freeze lifted",
    ChoiceEvent.SIGNAL: "Opt-out signal honored",
    ChoiceEvent.EXPIRED: "Ran out after six months",
}
WAYS = {
    Method.BUTTON: "by you",
    Method.HEADER: "by your browser's signal",
    Method.MAIL: "by mail",
    Method.API: "by a program of yours",
}
UNDECIDED = {True: "Nothing decided yet; on until you object", False: "Nothing decided yet"}
WAITING = "Waiting for your answer to the mail we sent to"


@dataclasses.dataclass
class SwitchView:
    """One purpose with a switch; `words` are those that its next event will keep, but for the title in front."""

    purpose: str = ""
    title: str = ""
    words: str = ""
    basis: str = ""
    is_on: bool = False
    state: str = ""
    decided: str = ""
    at: str = ""
    ends: str = ""


@dataclasses.dataclass
class EventView:
    """One line of the history."""

    id: str = ""
    at: str = ""
    title: str = ""
    event: str = ""
    way: str = ""
    words: str = ""
    policy: str = ""
    receipt: str = ""
    label: str = ""


def switch_view(standing: Standing) -> SwitchView:
    """Return a purpose as its switch shows it."""
    last, facts = standing.last, PURPOSES[standing.purpose]
    is_objection = facts.toggle is Toggle.OBJECTION
    words = words_for(standing.purpose, ChoiceEvent.GIVEN, against_signal=standing.by_signal)
    return SwitchView(
        purpose=standing.purpose.value,
        title=facts.title,
        words=words.removeprefix(f"{facts.title}. "),
        basis=facts.basis.value,
        is_on=standing.is_on,
        state="On" if standing.is_on else "Off",
        decided=f"{EVENTS[last.event]} {way(last)}" if last else UNDECIDED[is_objection],
        at=text.iso(last.created_at) if last else "",
        ends=text.iso(last.expires_at) if last and standing.is_on else "",
    )


def newsletter_view(standing: NewsletterStanding) -> SwitchView:
    """Return the newsletter's switch: on as soon as it was asked for, sent only once the mail was answered."""
    base = switch_view(Standing(purpose=Purpose.NEWSLETTER, is_on=standing.is_on, last=standing.last))
    if not standing.is_waiting:
        return base
    return dataclasses.replace(base, state="Waiting", decided=f"{WAITING} {standing.email}", at="")


def event_view(choice: Choice) -> EventView:
    """Return an event with the words that were shown then."""
    title = "All your data" if choice.purpose == EVERYTHING else PURPOSES[Purpose(choice.purpose)].title
    event = EVENTS[choice.event]
    return EventView(
        id=choice.id,
        at=text.iso(choice.created_at),
        title=title,
        event=event,
        way=way(choice),
        words=choice.words,
        policy=choice.policy_version,
        receipt=f"/privacy-center/choices/{choice.id}",
        label=f"Receipt {choice.number}: {title}, {event.lower()}",
    )


def way(choice: Choice) -> str:
    """Return how a choice was made, as the history says it."""
    if choice.event is ChoiceEvent.EXPIRED:
        return "by itself"
    if choice.method is Method.MAIL:
        return WAYS[choice.method]
    before = ", before you signed in" if choice.session_kind is SessionKind.SIGNED_OUT else ""
    return WAYS[choice.method] + before
