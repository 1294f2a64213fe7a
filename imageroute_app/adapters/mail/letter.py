"""A mail as an RFC 5322 message, made so that no value can add a header or a recipient."""

from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid, parseaddr

from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.ports import Mail


def compose(mail: Mail, *, sender: str, sent_at: datetime) -> EmailMessage:
    """Return the message, from a "Name <address>" sender; raises InvalidInput."""
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = _address(sender)
        message["To"] = _address(mail.to)
        message["Subject"] = mail.subject
        message["Date"] = sent_at
        message["Message-ID"] = make_msgid(domain=message["From"].addresses[0].domain)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text, charset="utf-8", cte="quoted-printable")
    except (ValueError, IndexError, MessageError):
        # The cause would quote the address.
        message = None
    if message is None:
        raise InvalidInput("This mail cannot be sent to that address.")
    return message


def _address(text: str) -> Address:
    name, spec = parseaddr(text)
    if not spec or any(ord(ch) < ord(" ") for ch in text):
        raise ValueError
    return Address(name, addr_spec=spec)
