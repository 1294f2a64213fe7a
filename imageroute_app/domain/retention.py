"""Retention: a rule for every kind of record. The same objects are carried out by the sweep and shown at /trust/retention.

A rule with a `column` is carried out as it stands: rows whose date there is `wait` or more in the past are deleted. Others have
a verb of their own service among the sweep's `purges`, or end with what they belong to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from imageroute_app.domain.purposes import Basis

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Action(StrEnum):
    """What happens at the end."""

    ERASE = "erased everywhere"
    DELETE = "deleted"
    CUT = "cut to a part that many people share"
    EXPIRE = "ends by itself"
    NOTHING = "stays"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """How long one kind of record is kept.

    `period` counts from the event `starts`, which never moves; None where it is kept `until` something happens. `hold`
    says what alone may suspend the rule.
    """

    what: str
    starts: str
    period: timedelta | None = None
    until: str = ""
    action: Action
    reason: str
    basis: Basis = Basis.CONTRACT
    hold: str = ""
    table: str = ""
    column: str = ""
    wait: timedelta = timedelta()

    @property
    def kept(self) -> str:
        """Return the period in words."""
        return span(self.period) if self.period is not None else f"until {self.until}"


def span(period: timedelta) -> str:
    """Return a period in words, in the largest unit that says it exactly: "30 days", "1 hour"."""
    for unit, length in (("year", 365 * DAY), ("day", DAY), ("hour", HOUR), ("minute", HOUR / 60)):
        if period >= length and not period % length:
            number = period // length
            return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
    return f"{int(period.total_seconds())} seconds"


_ACCOUNT = "the account is erased"
_YOURS = "you delete it, or the account is erased"

RULES: Mapping[str, RetentionRule] = {
    "upload": RetentionRule(
        what="Uploads that you did not save", starts="the upload", period=30 * DAY, action=Action.ERASE,
        reason="It was brought along for one use.",
    ),
    "image": RetentionRule(
        what="Pictures of your gallery, saved uploads", starts="the picture was made", until=_YOURS, action=Action.ERASE,
        reason="It is your gallery.",
    ),
    "image_trash": RetentionRule(
        what="Pictures in the trash", starts="you deleted it", period=30 * DAY, action=Action.ERASE,
        reason="You may change your mind; Delete now ends it at once.",
    ),
    "job": RetentionRule(
        what="Generations with pictures", starts="the generation ended", until=_YOURS, action=Action.DELETE,
        reason="It says how the pictures were made.",
    ),
    "job_failed": RetentionRule(
        what="Generations without a picture", starts="the generation ended", period=7 * DAY, action=Action.DELETE,
        reason="To find out what went wrong.", table="jobs", column="drop_at",
    ),
    "quote": RetentionRule(
        what="Prices you were quoted", starts="the price ran out", period=90 * DAY, action=Action.DELETE,
        reason="To prove a price.", table="quotes", column="expires_at", wait=90 * DAY,
    ),
    "draft": RetentionRule(
        what="The unsent prompt", starts="you wrote it", until="you send or change it", action=Action.DELETE,
        reason="So that nothing you typed is lost.",
    ),
    "attempt": RetentionRule(
        what="Receipts: who received what", starts="the generation", until=_ACCOUNT, action=Action.DELETE,
        reason="You may ask who received your data, and they must be told of an erasure.", basis=Basis.CONTRACT,
    ),
    "preference": RetentionRule(
        what="Your rule for providers", starts="you chose it", until=_ACCOUNT, action=Action.DELETE,
        reason="It holds for every generation.",
    ),
    "ledger": RetentionRule(
        what="Credits, line by line", starts="the movement", until=_ACCOUNT, action=Action.DELETE,
        reason="The balance is the sum of its lines.",
    ),
    "order": RetentionRule(
        what="Orders of credits", starts="the order", until=_ACCOUNT, action=Action.DELETE, reason="It is your receipt.",
    ),
    "payment": RetentionRule(
        what="Payments", starts="the payment", until=_ACCOUNT, action=Action.DELETE,
        reason="To refund it, and to answer you about it; what bookkeeping law wants is kept without you.",
    ),
    "booking": RetentionRule(
        what="Amounts and dates of payments whose account is erased, without a name or an id of the person",
        starts="the payment", until="the calendar years are over that the operator's country demands", action=Action.DELETE,
        reason="Bookkeeping law.", basis=Basis.LEGAL, table="bookings", column="drop_at",
    ),
    "spend_guard": RetentionRule(
        what="Your limits of spending", starts="you set them", until=_ACCOUNT, action=Action.DELETE,
        reason="They hold for every generation.",
    ),
    "album": RetentionRule(
        what="Albums", starts="you made it", until=_YOURS, action=Action.DELETE, reason="It orders your gallery.",
    ),
    "share": RetentionRule(
        what="Links by which others see a picture", starts="you made it", period=30 * DAY, action=Action.DELETE,
        reason="30 days at most; sooner if you said so or revoke it.", table="shares", column="expires_at",
    ),
    "archive": RetentionRule(
        what="Downloads of several pictures", starts="you asked for it", period=7 * DAY, action=Action.ERASE,
        reason="Time to fetch it, and no longer.",
    ),
    "export": RetentionRule(
        what="Packages of your data", starts="it was ready", period=7 * DAY, action=Action.DELETE,
        reason="Time to fetch it, and no longer; a line in the history says that there was one.", basis=Basis.LEGAL,
    ),
    "export_grant": RetentionRule(
        what="Begun downloads of a package", starts="the password was given", period=DAY, action=Action.DELETE,
        reason="So that a download that was cut off goes on.", basis=Basis.LEGAL, table="export_grants",
        column="expires_at",
    ),
    "account": RetentionRule(
        what="Account details", starts="sign-up", until="you close it", action=Action.ERASE,
        reason="There is no account without them.",
    ),
    "account_idle": RetentionRule(
        what="Accounts that nobody signs in to", starts="the last sign-in", period=730 * DAY, action=Action.ERASE,
        reason="What nobody uses should not lie about. You are told 60, 30 and 7 days before; signing in stops it.",
        hold="a freeze, or a lock while something is looked into",
    ),
    "session": RetentionRule(
        what="Signed-in devices", starts="the last use", period=7 * DAY, action=Action.DELETE,
        reason="An unused device is a risk; 30 days end any.", table="sessions", column="expires_at",
    ),
    "factor": RetentionRule(
        what="Passkeys, and the app for codes", starts="you set it up", until="you remove it, or the account is erased",
        action=Action.DELETE, reason="So that a password alone does not open your account.",
    ),
    "identity": RetentionRule(
        what="The link to the sign-in service", starts="you first came from there", until=_ACCOUNT, action=Action.DELETE,
        reason="To know you again.",
    ),
    "revocation": RetentionRule(
        what="Sign-ins to end at the sign-in service", starts="you sign out", until="it has ended them", action=Action.DELETE,
        reason="So that nothing you signed out of goes on there."),
    "mail_token": RetentionRule(
        what="Links in mails", starts="the mail", period=DAY, action=Action.DELETE,
        reason="24 hours to confirm an address, one hour for a new password.", table="mail_tokens", column="expires_at",
    ),
    "notice": RetentionRule(
        what="What you were told", starts="the notice", until="the next one on its topic, or the account is erased",
        action=Action.DELETE, reason="So that you can read it again.",
    ),
    "address": RetentionRule(
        what="Full network addresses in the journal of an account", starts="the event", period=DAY, action=Action.CUT,
        reason="To find a break-in of today; a cut address tells the network only.", basis=Basis.LEGITIMATE,
    ),
    "activity": RetentionRule(
        what="Journal of an account", starts="the event", period=30 * DAY, action=Action.DELETE,
        reason="So that you can see what happened on your account.", basis=Basis.LEGITIMATE, table="activity",
        column="drop_at",
    ),
    "activity_safety": RetentionRule(
        what="Journal of an account: failed sign-ins, new devices, changes of the password", starts="the event",
        period=90 * DAY, action=Action.DELETE, reason="A break-in is often noticed late.", basis=Basis.LEGITIMATE,
        table="activity", column="drop_at",
    ),
    "disclosure": RetentionRule(
        what="Who got what, beside the receipts", starts="the handing over", until=_ACCOUNT, action=Action.DELETE,
        reason="You may ask who received your data, and they must be told of an erasure.",
    ),
    "newsletter": RetentionRule(
        what="Newsletter subscriptions", starts="you confirmed it", until="you opt out", action=Action.ERASE,
        reason="To send what you asked for.", basis=Basis.CONSENT,
    ),
    "newsletter_unconfirmed": RetentionRule(
        what="Newsletter subscriptions that nobody confirmed", starts="somebody typed the address", period=7 * DAY,
        action=Action.ERASE, reason="Time to find the mail.", basis=Basis.CONSENT,
    ),
    "newsletter_stopped": RetentionRule(
        what="The hash of an address that opted out of the newsletter", starts="you opted out", period=30 * DAY,
        action=Action.ERASE, reason="So that nobody can have you asked again at once.", basis=Basis.LEGITIMATE,
    ),
    "case": RetentionRule(
        what="Requests, complaints, questions, reports, with what was written about them", starts="the answer",
        until="24 months after a question or report, 3 years after a request or complaint, 5 after a breach, 30 days after a"
        " report of a child; appeals until the account is erased",
        action=Action.ERASE, reason="To answer, and to show that we did.", hold="an open legal claim, named and dated",
    ),
    "staff_access": RetentionRule(
        what="Which of our people looked at something of yours", starts="the look", period=365 * DAY, action=Action.DELETE,
        reason="So that you can see it.", basis=Basis.LEGITIMATE, table="staff_access", column="looked_at", wait=365 * DAY,
    ),
    "choice": RetentionRule(
        what="Consents, objections and freezes", starts="you decided", until=_ACCOUNT, action=Action.DELETE,
        reason="We must be able to show what you said, and when.", basis=Basis.LEGAL,
    ),
    "acknowledgement": RetentionRule(
        what="Which policy you were shown", starts="it was shown", until=_ACCOUNT, action=Action.DELETE,
        reason="To show that you were informed.",
    ),
    "measure": RetentionRule(
        what="Figures of the trust page", starts="the check", period=90 * DAY, action=Action.DELETE,
        reason="Nothing in it is about a person.", basis=Basis.LEGITIMATE, table="measures", column="taken_at", wait=90 * DAY,
    ),
    "erasure": RetentionRule(
        what="Receipts of erasures", starts="the erasure ended", period=3 * 365 * DAY, action=Action.DELETE,
        reason="To show that it was done; it names nobody.", basis=Basis.LEGAL,
    ),
    "tombstone": RetentionRule(
        what="Notes for backups", starts="the erasure", until="30 days after the longest backup", action=Action.DELETE,
        reason="So that putting back a backup brings nobody back.", basis=Basis.LEGAL,
    ),
    "farewell": RetentionRule(
        what="The address for the last mail of an erasure", starts="you asked", until="the last mail was sent",
        action=Action.DELETE, reason="To tell you that it is done.", basis=Basis.LEGAL,
    ),
    "usage_count": RetentionRule(
        what="Counts of what you used, if you allow them", starts="the use", until="the day is over, or you say no",
        action=Action.DELETE, reason="Only totals of at least 20 people are left.", basis=Basis.CONSENT,
    ),
    "usage_total": RetentionRule(
        what="Totals of what is used", starts="the day", period=760 * DAY, action=Action.DELETE,
        reason="To compare one year with the next.", basis=Basis.LEGITIMATE, table="usage_totals", column="drops_at",
    ),
    "dataset_entry": RetentionRule(
        what="Which allowed pictures went into a training build", starts="the build", until=_ACCOUNT,
        action=Action.DELETE, reason="So that it can be shown, and left out the next time.", basis=Basis.CONSENT,
    ),
    "outbox": RetentionRule(
        what="Mails without a mail server", starts="the mail", period=7 * DAY, action=Action.DELETE,
        reason="To be read on a development machine. The last mail of an erasure goes after 72 hours.",
    ),
    "waiting_mail": RetentionRule(
        what="Mails that no mail server took yet", starts="the first try", period=3 * DAY, action=Action.ERASE,
        reason="So that nothing is lost while a mail server is away; links that end sooner go sooner.",
    ),
    "quiet_address": RetentionRule(
        what="The hash of an address that mail came back from", starts="the mail came back", period=90 * DAY,
        action=Action.ERASE, reason="So that we do not send to a mailbox that is not there.", basis=Basis.LEGITIMATE,
    ),
    "heard_webhook": RetentionRule(
        what="Numbers of messages from the sign-in and the payment service", starts="the message", period=3 * DAY,
        action=Action.DELETE, reason="So that a repeated message counts once; nothing in it is about a person.",
        basis=Basis.LEGITIMATE, table="heard_webhooks", column="drop_at",
    ),
    "device": RetentionRule(
        what="Entries in your browser", starts="the page wrote it", until="you delete it, or the browser ends it",
        action=Action.EXPIRE, reason="It is on your device, not with us.",
    ),
    "door": RetentionRule(
        what="The way to the sign-in service", starts="you leave for it", period=HOUR / 2, action=Action.EXPIRE,
        reason="So that nobody else's sign-in ends in your browser.", basis=Basis.LEGITIMATE,
    ),
    "age_refused": RetentionRule(
        what="The age screen's no", starts="the answer", period=HOUR, action=Action.EXPIRE,
        reason="So that going back does not help; it holds nothing about the person.", basis=Basis.LEGITIMATE,
    ),
    "counter": RetentionRule(
        what="Counts of tries", starts="the try", period=HOUR, action=Action.EXPIRE,
        reason="Against guessing and flooding.", basis=Basis.LEGITIMATE,
    ),
    "page_state": RetentionRule(
        what="What an open page shows", starts="the last event of the page", period=HOUR, action=Action.EXPIRE,
        reason="So that a short break in the line loses nothing.",
    ),
    "log": RetentionRule(
        what="Log lines", starts="the event", until="the operator's log system drops them", action=Action.DELETE,
        reason="They hold ids and codes, nothing readable of a person.", basis=Basis.LEGITIMATE,
    ),
    "move": RetentionRule(
        what="Journal of a move of pictures", starts="the move begins", until="the move is finished", action=Action.DELETE,
        reason="So that a move that was stopped goes on.",
    ),
    "system": RetentionRule(
        what="What the program needs to know of itself", starts="the installation", until="the installation ends",
        action=Action.NOTHING, reason="Nothing in it is about a person.", basis=Basis.LEGITIMATE,
    ),
}
"""By id; every entry of DATA_MAP names one."""
