"""What granting a request sets going: an erasure, a package, a freeze.

Principle: the same machines as the person's own buttons, begun before the answer is written, so that no case is called done
by hand. Who asked without an account has what lies under the proven address erased there and then, or is told that it is not.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from imageroute_app.domain.case_progress import Progress, waits
from imageroute_app.domain.case_rules import Ruling
from imageroute_app.domain.cases import Case, Kind, Outcome
from imageroute_app.domain.dates import day
from imageroute_app.domain.erasures import Erasure
from imageroute_app.domain.errors import Conflict, InvalidInput, NotFound
from imageroute_app.domain.parts import PARTS
from imageroute_app.domain.ports import Clock, Database
from imageroute_app.domain.registers import read_facts
from imageroute_app.services.case_traces import ERASED_WORDS, CaseTraces
from imageroute_app.services.choices import Choices
from imageroute_app.services.erasure import Erasures
from imageroute_app.services.erasure_steps import ForgetAddress
from imageroute_app.services.exports import Ask, Exports
from imageroute_app.services.part_erasures import PartErasures

REASON = "request"
"""Why an account is erased that a granted request closes."""
PACKAGE = (
    "Everything as a package is being made. When it is ready it stands under Export my data in the privacy center."
)
ADDRESS_PACKAGE = "What is held under this address can be downloaded from the page of this case, with its code."
FROZEN = "Your data is frozen: it is only stored, until you lift that in the privacy center."
NOW = "Your account is being erased, with everything in it."
LATER = (
    "Your account is closed, and erased on {day} with everything in it. Sign in before that to call it off, to export your data"
    " or to erase at once."
)
NO_ACCOUNT = "No account has this address. Erased under it: {gone}. Also erased: what this case says of you."
KEPT = "What stays is the number of this case with its dates and its outcome, for three years, to show that you were answered."
UNPROVEN = (
    " An account names this address but never proved it, so that it may be somebody else's. Is it yours? Ask for a new"
    " password on the sign-in page; the link goes to this address. Then you can erase the account in its privacy center."
)

Begin = Callable[[], object]


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What was set going: the case as it is to be stored, what the person is told of it, and what follows once it is."""

    case: Case
    note: str = ""
    go: Begin = _nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """What carries out what people ask for by their own buttons; `mails` forget an address."""

    erasures: Erasures
    parts: PartErasures
    exports: Exports
    choices: Choices
    mails: Sequence[ForgetAddress] = ()


class Fulfilment:
    """Begins what was granted, and says how far it is."""

    def __init__(
        self, *, database: Database, machines: Machines, traces: CaseTraces, clock: Clock, origin: str
    ) -> None:
        self._tables, self._machines, self._traces = database.tables, machines, traces
        self._clock, self._origin = clock, origin

    async def begin(self, case: Case, ended: Case, ruling: Ruling) -> Begun:
        """Set going what an answer grants; repeatable, since whoever asks twice gets what stands.

        Args:
            case: The case as it lies there.
            ended: The same with its answer, not stored yet.
            ruling: The answer.

        Raises:
            InvalidInput: A part is to be erased, and which is not said.
            Unavailable: Something is not proven gone; repeating goes on from there.
        """
        acts: dict[tuple[Kind, Outcome], Callable[[Case, Case, Ruling], Awaitable[Begun]]] = {
            (Kind.ERASE, Outcome.GRANTED): self._erase if case.has_account else self._forget,
            (Kind.ERASE, Outcome.PARTLY): self._erase_part,
            (Kind.ACCESS, Outcome.GRANTED): self._pack,
            (Kind.PORT, Outcome.GRANTED): self._pack,
            (Kind.RESTRICT, Outcome.GRANTED): self._freeze,
        }
        act = acts.get((ended.kind, ended.outcome))
        return await act(case, ended, ruling) if act else Begun(case=ended)

    async def progress(self, case: Case) -> Progress:
        """Return how far it is what a case set going."""
        facts = read_facts(case.facts)
        erasure = await self._tables.erasures.by_key("code", facts.erasure) if facts.erasure else None
        try:
            export = await self._machines.exports.get(case.owner, facts.export) if facts.export else None
        except NotFound:
            export = None
        return Progress(erasure=erasure, export=export)

    # --- With an account --------------------------------------------------------------------------------------------------

    async def _erase(self, case: Case, ended: Case, ruling: Ruling) -> Begun:
        at_once = ruling.at_once or not waits(case, self._clock())
        erasure = await self._machines.erasures.begin(case.owner, at_once=at_once, reason=REASON)
        words = NOW if at_once else LATER.format(day=day(erasure.grace_until))
        note = f"{words} {self._page(erasure)}"
        return Begun(
            case=_followed(ended, erasure), note=note, go=lambda: at_once and self._machines.erasures.go(erasure)
        )

    async def _erase_part(self, case: Case, ended: Case, ruling: Ruling) -> Begun:
        if not case.has_account:
            return Begun(case=ended)
        found = next((category for category in PARTS if category.value == ruling.part), None)
        if found is None:
            _ask_part()
        erasure = await self._machines.parts.begin(case.owner, found, beside=False)
        note = f"{found.value}: being erased. {self._page(erasure)}"
        return Begun(case=_followed(ended, erasure), note=note, go=lambda: self._machines.erasures.go(erasure))

    async def _pack(self, case: Case, ended: Case, _ruling: Ruling) -> Begun:
        if not case.has_account:
            return Begun(case=ended, note=ADDRESS_PACKAGE)
        exports = self._machines.exports
        try:
            export = await exports.start(case.owner, Ask())
        except Conflict:  # the person's own, or of a try before, is under way
            found = next((one for one in await exports.all(case.owner) if one.state.is_open), None)
            if found is None:
                return Begun(case=ended)
            export = found
        facts = replace(read_facts(ended.facts), export=export.id)
        return Begun(case=replace(ended, facts=facts.dump()), note=PACKAGE, go=lambda: exports.begin(export))

    async def _freeze(self, case: Case, ended: Case, _ruling: Ruling) -> Begun:
        if not case.has_account:
            return Begun(case=ended)
        await self._machines.choices.freeze(case.owner)
        return Begun(case=ended, note=FROZEN)

    def _page(self, erasure: Erasure) -> str:
        return f"How it stands, without signing in: {self._origin}/erasure/{erasure.code}"

    # --- Without one ------------------------------------------------------------------------------------------------------

    async def _forget(self, case: Case, ended: Case, _ruling: Ruling) -> Begun:
        """Erase what lies under an address that has no account; of this case only what names nobody is left."""
        mails = sum([await forget(case.contact) for forget in self._machines.mails])
        others = await self._traces.forget_address(case.contact, besides=case.id)
        await self._traces.erase_words(case)
        gone = [text for number, text in ((mails, "newsletter and mails"), (others, "other cases")) if number]
        note = f"{NO_ACCOUNT.format(gone=' and '.join(gone) or 'nothing, for nothing was there')} {KEPT}"
        person = await self._tables.people.by_key("email_key", case.contact.casefold())
        note += UNPROVEN if person is not None else ""
        return Begun(case=replace(ended, text=ERASED_WORDS, contact="", agent="", facts=""), note=note)


def _followed(case: Case, erasure: Erasure) -> Case:
    return replace(case, facts=replace(read_facts(case.facts), erasure=erasure.code).dump())


def _ask_part() -> NoReturn:
    parts = ", ".join(category.value for category in PARTS)
    raise InvalidInput(f"Choose which part is erased: {parts}.", field="part")
