"""What cases write to people: every mail names the case, and none holds what only its person may read."""

import logging

from imageroute_app.domain.case_rules import RULES
from imageroute_app.domain.cases import Case
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.ports import Database, Mail, Mailer
from imageroute_app.services.notices import Notices

log = logging.getLogger(__name__)


class CaseMail:
    """Sends the mails of cases."""

    def __init__(self, *, database: Database, mailer: Mailer, notices: Notices, origin: str, contact: str) -> None:
        self._tables, self._mailer, self._notices = database.tables, mailer, notices
        self._origin, self._contact = origin, contact

    async def address(self, case: Case) -> str:
        """Return where answers go: the account's address, or the one the case was given; may be empty."""
        if not case.has_account:
            return case.contact
        person = await self._tables.people.get(case.owner, case.owner)
        return person.email

    async def acknowledge(self, case: Case, *, code: str = "", proof: str = "", request_id: str = "") -> bool:
        """Say that a case has come in and until when it is answered; returns whether the mail went out."""
        lines = [f"We have your message. Its number is {case.reference}."]
        if case.due_at:
            lines.append(f"You have an answer by {case.due_at.day} {case.due_at:%B %Y} ({case.law}).")
        if request_id:
            lines.append(f"Request id of the fault: {request_id}")
        if code:
            lines.append(f"To follow it, open {self._origin}/cases and type this code: {code}")
        if proof:
            lines.append(
                "So that we know that this address is yours, type this code there as well, as the code from our mail:"
                f" {proof}\nWe never ask for an identity card."
            )
        if case.agent:
            lines.append(
                "Somebody asks this on your behalf. If you do not want that, do nothing: we do nothing either."
            )
        return await self.write(case, lines)

    async def write(self, case: Case, lines: list[str]) -> bool:
        """Send lines about a case to its person; returns whether they went out."""
        to = await self.address(case)
        return bool(to) and await self.send(
            to, f"{RULES[case.kind].title} ({case.reference})", lines, self._place(case)
        )

    async def tell(self, case: Case, subject: str, text: str) -> None:
        """Tell the person that something happened: in the app and by mail, or by mail alone without an account."""
        if case.has_account:
            await self._notices.tell(case.owner, f"case-{case.id}", text, f"/cases/{case.id}", mail=subject)
        else:
            await self.write(case, [text])

    async def send(self, to: str, subject: str, lines: list[str], link: str = "") -> bool:
        """Send a mail; returns whether it went out. A failure is noted, and the case stands all the same."""
        signed = [*lines, *([link] if link else []), *([f"Contact: {self._contact}"] if self._contact else [])]
        try:
            await self._mailer.send(Mail(to=to, subject=subject, text="\n\n".join(signed), link=link))
        except ImageRouteError as error:
            log.warning("case.mail_failed", extra={"code": error.code})
            return False
        return True

    def _place(self, case: Case) -> str:
        return f"{self._origin}/cases/{case.id}" if case.has_account else f"{self._origin}/cases"
