"""The mails of an erasure: what they say, to whom, when. None holds more than the address of the status page."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from email.utils import format_datetime

from imageroute_app.domain.dates import day
from imageroute_app.domain.erasures import LAST_MAIL_KEPT, STALE_AFTER, Erasure, Farewell, Phase, StepState
from imageroute_app.domain.errors import Conflict, ImageRouteError, NotFound
from imageroute_app.domain.inactivity import REASON as INACTIVE
from imageroute_app.domain.parts import category_of, person_of
from imageroute_app.domain.ports import Clock, Database, Mail, Mailer, Query
from imageroute_app.services.notices import Notices

log = logging.getLogger(__name__)
STEPS_MAX = 100
CHILD_REPORT = "child_report"
"""Why an account is erased that was confirmed to be a child's."""


def asked_mail(erasure: Erasure, page: str, *, at_once: bool = False) -> tuple[str, str]:
    """Return subject and text of the mail that says that an account is closed, and why."""
    stands = f"How it stands, without signing in:\n{page}"
    if erasure.reason == INACTIVE:
        why = "Nobody signed in to your account for 24 months, and we told you three times."
        return "Your account is erased", f"{why} It is erased now, with everything in it.\n\n{stands}"
    if erasure.reason == CHILD_REPORT:
        why = "Your account was reported as a child's, and somebody looked at it and found that it is."
        return "Your account is erased", f"{why} It is erased now, with everything in it.\n\n{stands}"
    if at_once:
        text = f"You asked us to erase your account at once. It has begun and cannot be called off.\n\n{stands}"
        return "Your account is being erased", text
    text = (
        f"You asked us to close your account and erase everything. It only stores now, and on {day(erasure.grace_until)}"
        " it is erased. Until then you can sign in to call it off, to export your data or to erase at once."
        f"\n\n{stands}"
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


def late_mail(labels: Sequence[str], origin: str) -> tuple[str, str]:
    """Return subject and text for the people responsible: an erasure that does not end, by the systems that hold it up."""
    text = (
        f"An erasure has not ended after {STALE_AFTER.days} days. The law gives a month. What holds it up:"
        f" {', '.join(labels)}. We go on trying; somebody has to look.\n\n{origin}/admin"
    )
    return "Needs you now: an erasure does not end", text


def delayed_mail(labels: Sequence[str], page: str) -> tuple[str, str]:
    """Return subject and text for the person, whose month is over (GDPR Art. 12(3))."""
    text = (
        "Your erasure is not finished within a month, as it should be. The reason: no answer yet from"
        f" {', '.join(labels)}. We go on trying until it is done, and you may complain to your data protection authority."
        f"\n\n{page}"
    )
    return "Your erasure takes longer", text


class ErasureMails:
    """Sends them, and keeps the last address until it is not needed any more."""

    def __init__(
        self,
        *,
        database: Database,
        mailer: Mailer,
        notices: Notices,
        origin: str,
        watchers: Sequence[str],
        clock: Clock,
    ) -> None:
        self._database, self._tables = database, database.tables
        self._mailer, self._notices, self._origin = mailer, notices, origin
        self._watchers, self._clock = watchers, clock

    async def tell_asked(self, erasure: Erasure, address: str, *, at_once: bool) -> None:
        """Say that it was asked for."""
        await self._send(erasure, address, *asked_mail(erasure, self._page(erasure), at_once=at_once))

    async def remind(self, erasure: Erasure) -> bool:
        """Remind whom it concerns now: the person within the grace; later, when it does not end, who must look at it."""
        try:
            await self._tables.erasures.update(erasure.reminded(self._clock()))
        except Conflict:
            return False
        if erasure.phase is Phase.GRACE:
            if address := await self._address(erasure):
                await self._send(erasure, address, *reminder_mail(erasure, self._page(erasure), self._origin))
        elif erasure.phase is Phase.ERASING:
            await self._tell_late(erasure)
        return True

    async def _tell_late(self, erasure: Erasure) -> None:
        steps = await self._tables.erasure_steps.find(Query(owner=erasure.id, limit=STEPS_MAX))
        labels = [one.label for one in sorted(steps, key=lambda one: one.place) if one.state is StepState.RETRY]
        labels = labels or ["our own worker"]
        for watcher in self._watchers:
            await self._send(erasure, watcher, *late_mail(labels, self._origin))
        log.error("erasure.late", extra={"erasure": erasure.id})
        if self._clock() < erasure.law_at:
            return
        subject, text = delayed_mail(labels, self._page(erasure))
        if address := await self._address(erasure):
            await self._send(erasure, address, subject, text)
        elif category_of(erasure) is not None:
            await self._tell_in_app(erasure, f"late:{erasure.id}", text, mail=subject)

    async def tell_ended(self, erasure: Erasure) -> bool:
        """Say that it is over: by the last mail, or in the app where only a part went. Returns whether a mail was sent."""
        if category_of(erasure) is not None:
            text = f"{erasure.reason}: erased, as you asked. The receipt says what each system answered."
            await self._tell_in_app(erasure, f"erased:{erasure.id}", text)
        address = await self._address(erasure)
        if address:
            over = {"Expires": format_datetime(self._clock() + LAST_MAIL_KEPT)}
            await self._send(erasure, address, *ended_mail(self._page(erasure)), headers=over)
        return bool(address)

    async def farewell(self, erasure: Erasure) -> Farewell | None:
        """Return what is kept of the person for the last mail, None once it was sent."""
        return await self._tables.farewells.by_key("erasure_id", erasure.id)

    async def forget_address(self, erasure: Erasure) -> None:
        """Let go of the address; repeating is harmless."""
        if (farewell := await self.farewell(erasure)) is not None:
            await self._database.erase_rows(farewell.owner)

    async def drop_stale(self, farewell: Farewell) -> bool:
        """Let go of an address whose erasure ended and whose worker died before it did so."""
        try:
            erasure = await self._tables.erasures.get(farewell.erasure_id, farewell.erasure_id)
        except NotFound:
            erasure = None
        if erasure is not None and not erasure.phase.is_final:
            return False
        await self._database.erase_rows(farewell.owner)
        return True

    async def _tell_in_app(self, erasure: Erasure, topic: str, text: str, *, mail: str = "") -> None:
        with suppress(NotFound):  # the account went in this very moment
            await self._notices.tell(person_of(erasure), topic, text, f"/erasure/{erasure.code}", mail=mail)

    async def _send(
        self, erasure: Erasure, address: str, subject: str, text: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        mail = Mail(to=address, subject=subject, text=text, link=self._page(erasure), headers=headers or {})
        try:
            await self._mailer.send(mail)
        except ImageRouteError as error:
            log.warning("erasure.mail_failed", extra={"erasure": erasure.id, "code": error.code})

    async def _address(self, erasure: Erasure) -> str:
        farewell = await self.farewell(erasure)
        return farewell.address if farewell else ""

    def _page(self, erasure: Erasure) -> str:
        return f"{self._origin}/erasure/{erasure.code}"
