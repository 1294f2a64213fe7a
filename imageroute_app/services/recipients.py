"""Telling a company that got data of an erasure (GDPR Art. 19): by mail, where the operator knows an address that takes it.

Principle: the notice names the company's own numbers and times, so that it finds what it holds, and nothing of the person.
"""

import logging
from collections.abc import Mapping, Sequence

from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.ports import Mail, Mailer

log = logging.getLogger(__name__)

SENT = "Told by mail, notice {number}"
NO_ADDRESS = "It cannot be told: we know no address of it that takes such notices"
NOT_SENT = "The notice to it did not go out. We go on trying"


class Recipients:
    """The companies that can be told; `contacts` are their addresses by name, `reply_to` is where they answer."""

    def __init__(self, *, mailer: Mailer, contacts: Mapping[str, str], reply_to: str) -> None:
        self._mailer, self._reply_to = mailer, reply_to
        self._contacts = {company.casefold(): address for company, address in contacts.items()}

    def can_be_told(self, company: str) -> bool:
        """Say whether an address of it is known."""
        return company.casefold() in self._contacts

    async def tell(self, company: str, number: str, references: Sequence[str]) -> bool:
        """Send the notice of an erasure; returns False when it did not go out. Sent twice rather than never.

        Args:
            company: One that can be told.
            number: What the answer is to name, the same when it is repeated.
            references: What the company calls the requests that the person made, a line each.
        """
        lines = [
            "A person whose data we sent you has had it erased at our service (GDPR Art. 17 and Art. 19). Please erase what"
            " you still hold of the following, unless a law makes you keep it, and say so with the number of this notice.",
            "\n".join(references),
            f"Number: {number}\nAnswer to: {self._reply_to or 'the sender of this mail'}",
        ]
        mail = Mail(
            to=self._contacts[company.casefold()],
            subject=f"Erasure of personal data, notice {number}",
            text="\n\n".join(lines),
        )
        try:
            await self._mailer.send(mail)
        except ImageRouteError as error:
            log.warning("recipients.not_told", extra={"code": error.code})
            return False
        return True


def notice_number(step_id: str) -> str:
    """Return the number of the notice that a step of an erasure sends; it leads to the step, never to a person."""
    return f"N-{step_id[-10:].upper()}"
