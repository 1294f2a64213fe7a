"""What we hold of how a person used the account, who got what, and the newsletter."""

from collections.abc import Mapping

from imageroute_app.domain.activity import Activity
from imageroute_app.domain.data_map.kinds import Basis, Category, K, P, Recipient, S, Source, Table
from imageroute_app.domain.disclosures import Disclosure
from imageroute_app.domain.mails import QuietAddress, WaitingMail
from imageroute_app.domain.newsletter import Subscription
from imageroute_app.domain.purposes import Purpose

PEOPLE: Mapping[str, Table] = {
    "activity": Table(
        record=Activity,
        category=Category.USAGE,
        purpose="What happened on your account, and from where, so that you can see a break-in",
        basis=Basis.LEGITIMATE,
        serves=Purpose.SECURITY,
        source=Source.BROWSER,
        rule="activity",
        kept="30 days, 90 when it is about safety; the network address is cut after 24 hours",
        exported="activity.json",
        dates=("cut_at", "drop_at"),
        filters=("kind",),
        fields={
            "id": P, "owner": P, "kind": P, "at": P, "address": S, "device": S, "detail": P, "cut_at": P, "drop_at": P,
            "version": P,
        },
    ),
    "disclosures": Table(
        record=Disclosure,
        category=Category.PRIVACY,
        purpose="Who got what, beside the receipts of your generations",
        basis=Basis.CONTRACT,
        serves=Purpose.ACCOUNT,
        source=Source.HERE,
        rule="disclosure",
        kept="while the account is open",
        exported="disclosures-others.json",
        unique=("slot",),
        fields={
            "id": P, "owner": P, "receiver": P, "company": P, "country": P, "retention": P, "what": S, "count": P,
            "slot": P, "at": P, "ends_at": P, "version": P,
        },
    ),
    "newsletter_subscriptions": Table(
        record=Subscription,
        category=Category.NEWSLETTER,
        purpose="Sending you the newsletter you asked for",
        basis=Basis.CONSENT,
        serves=Purpose.NEWSLETTER,
        source=Source.PERSON,
        recipients=(Recipient.MAIL,),
        rule="newsletter",
        kept="until you opt out; 7 days while you have not confirmed it; the hash of the address 30 days after you opted out",
        exported="newsletter.json",
        keys=("email_key",),
        dates=("drop_at",),
        filters=("state",),
        fields={
            "id": P, "owner": P, "email": S, "email_key": K, "state": P, "asked_at": P, "confirmed_at": P, "drop_at": P,
            "issues": P, "version": P,
        },
    ),
    "waiting_mails": Table(
        record=WaitingMail,
        category=Category.USAGE,
        purpose="Mails for you that no mail server took yet",
        basis=Basis.CONTRACT,
        serves=Purpose.ACCOUNT,
        source=Source.HERE,
        recipients=(Recipient.MAIL,),
        rule="waiting_mail",
        kept="until a mail server takes it, 3 days at most",
        exported="waiting-mails.json",
        dates=("next_at", "drop_at"),
        fields={
            "id": P, "owner": P, "address": S, "subject": S, "text": S, "link": S, "headers": S, "is_asked": P, "tries": P,
            "next_at": P, "drop_at": P, "created_at": P, "version": P,
        },
    ),
    "quiet_addresses": Table(
        record=QuietAddress,
        category=Category.USAGE,
        purpose="Knowing that mail to your address comes back, so that we send none there",
        basis=Basis.LEGITIMATE,
        serves=Purpose.SECURITY,
        source=Source.COMPANY,
        rule="quiet_address",
        kept="90 days, or until you confirm the address again",
        exported="quiet-addresses.json",
        keys=("address_key",),
        dates=("drop_at",),
        fields={
            "id": P, "owner": P, "address_key": K, "status": P, "drop_at": P, "created_at": P, "version": P,
        },
    ),
}
"""A newsletter subscription belongs to an address, not to an account: services.newsletter finds it by the address."""
