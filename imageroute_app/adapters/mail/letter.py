"""A mail as an RFC 5322 message, text with an HTML twin, made so that no value can add a header or a recipient."""

from collections.abc import Mapping
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import make_msgid, parseaddr
from typing import TYPE_CHECKING

from imageroute_app.adapters.mail.page import as_page
from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.ports import Mail

if TYPE_CHECKING:
    from email_validator import ValidatedEmail

NOT_SENT = "This mail cannot be sent to that address."


def compose(
    mail: Mail, *, sender: str, sent_at: datetime, extra: Mapping[str, str] | None = None, number: str = ""
) -> EmailMessage:
    """Return the message to one bare address, from a "Name <address>" sender; raises InvalidInput.

    `number` is the part of its Message-ID before the @; by default one is made up.
    """
    message: EmailMessage | None = EmailMessage(policy=SMTP if mail.to.isascii() else SMTPUTF8)
    try:
        origin = _sender(sender)
        message["From"] = origin
        message["To"] = _recipient(mail.to)
        message["Subject"] = mail.subject
        message["Date"] = sent_at
        message["Message-ID"] = f"<{number}@{origin.domain}>" if number else make_msgid(domain=origin.domain)
        message["Auto-Submitted"] = "auto-generated"
        for name, value in (extra or {}).items():
            message[name] = value
        message.set_content(mail.text, charset="utf-8", cte="quoted-printable")
        page = as_page(mail.subject, mail.text, mail.link)
        message.add_alternative(page, subtype="html", charset="utf-8", cte="quoted-printable")
    except (ValueError, IndexError, MessageError):
        # Raised below, so that the error which quotes the address is not chained.
        message = None
    if message is None:
        raise InvalidInput(NOT_SENT)
    return message


def in_ascii(address: str) -> str:
    """Return an address with its domain in ASCII (RFC 5890), as every mail server takes it; raises InvalidInput."""
    if address.isascii():
        return address
    try:
        found = _validated(address)
    except ValueError:
        found = None
    if found is None:
        raise InvalidInput(NOT_SENT)
    return f"{found.local_part}@{found.ascii_domain}"


def _recipient(address: str) -> Address:
    """Return a bare address; what is not ASCII in it (RFC 6531) is checked here, because the library takes none of it."""
    if address.isascii():
        return Address(addr_spec=address)
    found = _validated(address)
    return Address(username=found.local_part, domain=found.domain)


def _validated(address: str) -> "ValidatedEmail":
    from email_validator import validate_email  # its patterns cost every start, and few mails need them

    return validate_email(address, check_deliverability=False)


def _sender(text: str) -> Address:
    name, spec = parseaddr(text)
    return Address(name, addr_spec=spec)
