"""What the mails of an erasure say; none holds more than the address of the status page."""

from contextlib import suppress
from datetime import datetime

from imageroute_app.domain.erasures import Erasure
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.inactivity import REASON as INACTIVE
from imageroute_app.domain.parts import person_of
from imageroute_app.services.notices import Notices


def day(moment: datetime) -> str:
    """Return a date as people read it: 3 December 2026."""
    return f"{moment.day} {moment:%B %Y}"


def asked_mail(erasure: Erasure, page: str) -> tuple[str, str]:
    """Return subject and text of the mail that says it was asked for, or that nobody used the account for 24 months."""
    if erasure.reason == INACTIVE:
        text = (
            "Nobody signed in to your account for 24 months, and we told you three times. It is erased now, with everything"
            f" in it.\n\nHow it stands, without signing in:\n{page}"
        )
        return "Your account is erased", text
    text = (
        f"You asked us to close your account and erase everything. It only stores now, and on {day(erasure.grace_until)}"
        " it is erased. Until then you can sign in to call it off, to export your data or to erase at once.\n\n"
        f"How it stands, without signing in:\n{page}"
    )
    return "Your account is being closed", text


def reminder_mail(erasure: Erasure, page: str, origin: str) -> tuple[str, str]:
    """Return subject and text of a reminder within the grace."""
    text = (
        f"Your account is erased on {day(erasure.grace_until)}. To keep it, sign in before that and call it off:"
        f"\n{origin}/privacy-center\n\nHow it stands:\n{page}"
    )
    return "Your account is erased soon", text


def ended_mail(page: str) -> tuple[str, str]:
    """Return subject and text of the last mail."""
    text = (
        "Your account and everything in it is erased. What stays, and until when, stands on the receipt; it does not name"
        f" you. This is our last mail: the address it went to is forgotten now.\n\n{page}"
    )
    return "Erased", text


async def tell_part_gone(notices: Notices, erasure: Erasure) -> None:
    """Say in the app that a part is gone; its receipt needs no sign-in and names nobody."""
    text = f"{erasure.reason}: erased, as you asked. The receipt says what each system answered."
    with suppress(NotFound):  # the account went in this very moment
        await notices.tell(person_of(erasure), f"erased:{erasure.id}", text, f"/erasure/{erasure.code}")
