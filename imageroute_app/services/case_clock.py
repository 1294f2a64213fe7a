"""What cases do by themselves: alarms, notices whose day has come, and the end of what is kept."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from imageroute_app.domain.case_rules import RULES, first_alarm
from imageroute_app.domain.cases import Author, Case, CaseState, Kind
from imageroute_app.domain.errors import Conflict, Unavailable
from imageroute_app.domain.ports import Clock, Database, Query
from imageroute_app.domain.registers import read_facts, read_time
from imageroute_app.services.case_files import CaseFiles
from imageroute_app.services.case_mail import CaseMail
from imageroute_app.services.cases import Cases
from imageroute_app.services.child_reports import ChildReports
from imageroute_app.services.registers import Registers

log = logging.getLogger(__name__)
BATCH = 100
AGAIN = timedelta(hours=1)


class CaseClock:
    """Run by the sweep; every step can be repeated."""

    def __init__(
        self,
        *,
        database: Database,
        cases: Cases,
        files: CaseFiles,
        mail: CaseMail,
        registers: Registers,
        children: ChildReports,
        watchers: Sequence[str],
        clock: Clock,
    ) -> None:
        """Wake `watchers`, the addresses of operators and controller, when a case is neglected."""
        self._database, self._tables, self._cases = database, database.tables, cases
        self._files, self._mail, self._registers = files, mail, registers
        self._children, self._watchers, self._clock = children, watchers, clock

    async def ring(self) -> int:
        """Do what cases are due for; returns for how many something was done."""
        due = await self._tables.cases.overdue("alarm_at", self._clock(), BATCH)
        for case in due:
            try:
                await self._ring(case)
            except Conflict:
                log.info("case.changed_meanwhile", extra={"case": case.id})
        return len(due)

    async def purge(self) -> int:
        """Drop cases whose time is over; returns how many."""
        gone = 0
        for case in await self._tables.cases.overdue("purge_at", self._clock(), BATCH):
            try:
                await self._drop(case)
                gone += 1
            except Unavailable:
                log.warning("case.files_stay", extra={"case": case.id})  # the row stays, so the sweep comes back
        return gone

    async def _ring(self, case: Case) -> None:
        if case.state is not CaseState.OPEN:
            await self._tables.cases.update(replace(case, alarm_at=None))
            return
        if case.acknowledged_at is None and case.proof_hash and not case.is_confirmed:
            case = await self._cases.acknowledge_again(case)
            if first_alarm(case.kind, case.created_at) > self._clock():
                return
        if case.kind is Kind.CHILD and read_facts(case.facts).erasure:
            await self._children.finish(case)
            return
        gag = read_time(read_facts(case.facts).gag_until)
        if case.kind is Kind.LEGAL and gag is not None and gag <= self._clock():
            told = await self._registers.tell_subject(case)
            alarm = first_alarm(case.kind, case.created_at)
            await self._tables.cases.update(replace(told, alarm_at=max(alarm, self._clock() + AGAIN)))
            return
        await self._escalate(case)

    async def _escalate(self, case: Case) -> None:
        """Wake the people who must not miss it, once; the queue shows it in red from then on."""
        now = self._clock()
        until = f"{case.due_at:%d %B %Y %H:%M} UTC" if case.due_at else "now"
        title = RULES[case.kind].title
        lines = [
            f"{title} {case.reference} has no answer yet. It is due {until} ({case.law}).",
            "Open the desk: /admin",
        ]
        for address in self._watchers:
            await self._mail.send(address, f"Needs you now: {title} {case.reference}", lines)
        log.error("case.neglected", extra={"case": case.id, "kind": case.kind.value})
        await self._cases.add(case, Author.HOUSE, "Nobody has answered in time; the people responsible were woken.")
        await self._tables.cases.update(replace(case, alarm_at=None, escalated_at=now))

    async def _drop(self, case: Case) -> None:
        await self._files.erase(case.owner, case.id)
        if not case.has_account:
            await self._database.erase_rows(case.owner)
            return
        for message in await self._tables.case_messages.find(
            Query(owner=case.owner, equals={"case_id": case.id}, limit=1000)
        ):
            await self._tables.case_messages.delete(message.id, message.owner)
        await self._tables.cases.delete(case.id, case.owner)
