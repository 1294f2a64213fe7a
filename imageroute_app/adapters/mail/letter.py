"""A mail as an RFC 5322 message, text with an HTML twin, made so that no value can add a header or a recipient."""

from collections.abc import Mapping
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid, parseaddr

from imageroute_app.adapters.mail.page import as_page
from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.ports import Mail


def compose(
    mail: Mail, *, sender: str, sent_at: datetime, extra: Mapping[str, str] | None = None, number: str = ""
) -> EmailMessage:
    """Return the message to one bare address, from a "Name <address>" sender; raises InvalidInput.

    `number` is the part of its Message-ID before the @; by default one is made up.
    """
    message: EmailMessage | None = EmailMessage(policy=SMTP)
    try:
        origin = _sender(sender)
        message["From"] = origin
        message["To"] = Address(addr_spec=mail.to)
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
        raise InvalidInput("This mail cannot be sent to that address.")
    return message


def _sender(text: str) -> Address:
    name, spec = parseaddr(text)
    return Address(name, addr_spec=spec)
