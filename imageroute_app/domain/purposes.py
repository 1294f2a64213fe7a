"""Purposes: what we do with what we hold, each with one legal basis (PRIVACY 1.4) and one sentence a person can check.

The sentences are what the privacy centre shows beside each control, and so what a consent record keeps word for word.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Basis(StrEnum):
    """Legal basis (GDPR Art. 6(1))."""

    CONTRACT = "contract, Art. 6(1)(b)"
    LEGAL = "legal obligation, Art. 6(1)(c)"
    LEGITIMATE = "legitimate interest, Art. 6(1)(f)"
    CONSENT = "consent, Art. 6(1)(a)"


class Purpose(StrEnum):
    """One reason to touch a person's data; every processing names the one it serves."""

    ACCOUNT = "account"
    RIGHTS = "rights"
    """Looking, exporting, correcting, erasing, asking: never closed to anyone."""
    GENERATE = "generate"
    GALLERY = "gallery"
    UPLOAD = "upload"
    SHARE = "share"
    PAYMENT = "payment"
    ACCOUNTING = "accounting"
    SUPPORT = "support"
    SECURITY = "security"
    ANALYTICS = "analytics"
    PERFORMANCE = "performance"
    IMPROVEMENT = "improvement"
    MODEL_STATISTICS = "model_statistics"
    NEWSLETTER = "newsletter"
    TRAINING = "training"
    AUTHORITIES = "authorities"


class Toggle(StrEnum):
    """How a person decides on a purpose."""

    NONE = "none"
    CONSENT = "consent"
    OBJECTION = "objection"
    PER_IMAGE = "per_image"
    """Consent for one picture at a time; nothing switches it on for several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeFacts:
    """What is told about a purpose: its one basis, what is done, and the control or why there is none."""

    title: str
    sentence: str
    basis: Basis
    toggle: Toggle = Toggle.NONE
    no_toggle: str = ""
    categories: tuple[str, ...] = ()
    for_minors: bool = True
    while_frozen: bool = False
    on_device: bool = False
    """It stores or reads on the person's device or measures the page, so a browser's opt-out signal ends it."""


PURPOSES: Mapping[Purpose, PurposeFacts] = {
    Purpose.ACCOUNT: PurposeFacts(
        title="Your account",
        sentence="We keep your address, your name if you gave one, and your sign-ins, so that the account is yours.",
        basis=Basis.CONTRACT,
        no_toggle="There is no account without it. Close the account to end it.",
        categories=("Account details", "Sign-ins and devices"),
        while_frozen=True,
    ),
    Purpose.RIGHTS: PurposeFacts(
        title="Your rights",
        sentence="We use what we hold to answer you: to show, export, correct and erase it.",
        basis=Basis.LEGAL,
        no_toggle="The law asks it of us, and it only ever works for you.",
        categories=("All categories",),
        while_frozen=True,
    ),
    Purpose.GENERATE: PurposeFacts(
        title="Making images",
        sentence="We send your prompt and the pictures you add to the company that you see before you press Generate.",
        basis=Basis.CONTRACT,
        no_toggle="It happens only when you press Generate. Freeze your data to rule it out.",
        categories=("Prompts and settings", "Uploads"),
    ),
    Purpose.GALLERY: PurposeFacts(
        title="Your gallery",
        sentence="We store what was made for you until you delete it. It is private.",
        basis=Basis.CONTRACT,
        no_toggle="Delete a picture, or everything, at any time.",
        categories=("Images", "Prompts and settings"),
        while_frozen=True,
    ),
    Purpose.UPLOAD: PurposeFacts(
        title="Uploads",
        sentence="We take in pictures that you bring along, for 30 days each unless you save them.",
        basis=Basis.CONTRACT,
        no_toggle="It happens only when you upload something. Delete an upload at any time.",
        categories=("Uploads",),
    ),
    Purpose.SHARE: PurposeFacts(
        title="Links you share",
        sentence="Whoever has a link of yours sees that one picture until it ends or you take it back.",
        basis=Basis.CONTRACT,
        no_toggle="Only you make links. Revoke them one by one, or freeze your data to stop all.",
        categories=("Images",),
    ),
    Purpose.PAYMENT: PurposeFacts(
        title="Credits and payments",
        sentence="We count your credits, and take payments if you buy some; we never get your card number.",
        basis=Basis.CONTRACT,
        no_toggle="It belongs to what you buy and spend.",
        categories=("Credits and payments",),
    ),
    Purpose.ACCOUNTING: PurposeFacts(
        title="Accounting",
        sentence="Bookkeeping law makes us keep amounts and dates of payments, without your name once the account is gone.",
        basis=Basis.LEGAL,
        no_toggle="The law sets this; it ends with the period the law names.",
        categories=("Credits and payments",),
        while_frozen=True,
    ),
    Purpose.SUPPORT: PurposeFacts(
        title="Requests and messages",
        sentence="We read what you write to us, in order to answer it.",
        basis=Basis.CONTRACT,
        no_toggle="It happens only when you write to us.",
        categories=("Requests and messages",),
        while_frozen=True,
    ),
    Purpose.SECURITY: PurposeFacts(
        title="Security",
        sentence="We count tries and refuse floods, so that nobody else gets into your account.",
        basis=Basis.LEGITIMATE,
        no_toggle="Switched off for one, it would protect nobody. Object with your reason under Requests and complaints.",
        categories=("Usage and security",),
        while_frozen=True,
    ),
    Purpose.AUTHORITIES: PurposeFacts(
        title="Requests of authorities",
        sentence="If a court or an authority may demand something by law, we answer only that and tell you unless forbidden.",
        basis=Basis.LEGAL,
        no_toggle="The law sets this. Each case is listed for you once we may name it.",
        categories=("What the request names",),
        while_frozen=True,
    ),
    Purpose.IMPROVEMENT: PurposeFacts(
        title="Improving the product",
        sentence="We look at totals of which features are used, never at single people; groups below 20 people are dropped.",
        basis=Basis.LEGITIMATE,
        toggle=Toggle.OBJECTION,
        categories=("Usage and security",),
    ),
    Purpose.MODEL_STATISTICS: PurposeFacts(
        title="Totals about models",
        sentence="We count which models and shapes are chosen, as totals of at least 20 people, never pictures or words.",
        basis=Basis.LEGITIMATE,
        toggle=Toggle.OBJECTION,
        categories=("Images",),
    ),
    Purpose.ANALYTICS: PurposeFacts(
        title="Usage statistics",
        sentence="We count, day by day, which pages and features you use. Our own server only; after a day only totals of"
        " at least 20 people are left.",
        basis=Basis.CONSENT,
        toggle=Toggle.CONSENT,
        categories=("Usage and security",),
        on_device=True,
    ),
    Purpose.PERFORMANCE: PurposeFacts(
        title="Speed measurements",
        sentence="Your browser tells us how long a page took, as fast, fair or slow. Our own server only; after a day only"
        " totals of at least 20 people are left.",
        basis=Basis.CONSENT,
        toggle=Toggle.CONSENT,
        categories=("Usage and security",),
        on_device=True,
    ),
    Purpose.NEWSLETTER: PurposeFacts(
        title="Newsletter",
        sentence="One mail a month about new models, after you confirmed the address; every mail has a one-click way out.",
        basis=Basis.CONSENT,
        toggle=Toggle.CONSENT,
        categories=("Newsletter",),
    ),
    Purpose.TRAINING: PurposeFacts(
        title="Training on a picture",
        sentence="A picture that you switch on, and only that one, may be used to train image models, after 14 days.",
        basis=Basis.CONSENT,
        toggle=Toggle.PER_IMAGE,
        categories=("Images",),
        for_minors=False,
    ),
}

BASES: Mapping[Purpose, Basis] = {purpose: facts.basis for purpose, facts in PURPOSES.items()}
"""Exactly one for each."""

OPTIONAL = (Purpose.ANALYTICS, Purpose.PERFORMANCE)
"""What visitors are asked about: nothing of it happens before a yes."""
