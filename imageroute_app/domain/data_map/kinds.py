"""How an entry of DATA_MAP is written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from imageroute_app.domain.purposes import BASES, Basis, Purpose

__all__ = [
    "KP", "Basis", "Category", "Erasure", "Item", "K", "P", "Place", "Protection", "Receiver", "Recipient", "S", "Source",
    "Table",
]


class Protection(StrEnum):
    """How a field lies in the database."""

    PLAIN = "plain"
    SEALED = "sealed"
    """AES-GCM under the person's key."""
    KEYED = "keyed"
    """HMAC under the installation's pepper: can be looked up before the person is known."""
    KEYED_PERSON = "keyed_person"
    """HMAC under the person's key: can be compared, dies with the key."""


class Category(StrEnum):
    """What a person would call it; "What we hold" counts, exports and erases by these."""

    ACCOUNT = "Account details"
    SIGN_INS = "Sign-ins and devices"
    PROMPTS = "Prompts and settings"
    IMAGES = "Images"
    UPLOADS = "Uploads"
    CREDITS = "Credits and payments"
    SUPPORT = "Requests and messages"
    PRIVACY = "Privacy choices"
    USAGE = "Usage and security"
    NEWSLETTER = "Newsletter"
    HOUSE = "The installation itself"
    """Nothing about a person."""


class Source(StrEnum):
    """Where it comes from (GDPR Art. 14(2)(f), 15(1)(g))."""

    PERSON = "you"
    BROWSER = "your browser"
    HERE = "made here while you use the service"
    COMPANY = "the company that did the work"
    PAYMENTS = "the payment service"


class Recipient(StrEnum):
    """Who outside may get it; nobody else does."""

    MODEL = "the company whose model you choose"
    MAIL = "the mail server"
    IDENTITY = "the sign-in service, where the operator uses one"
    MEDIA = "the company that stores pictures"
    VISITORS = "whoever has a link that you made"
    PAYMENTS = "the payment service where you pay"


class Place(StrEnum):
    """Where it lies."""

    HERE = "where this installation runs"
    DEVICE = "your device"
    COMPANY = "the country of the company"


class Erasure(StrEnum):
    """How it goes when a person is erased."""

    ROW = "row deleted, key destroyed"
    BYTES = "every object deleted and proven gone"
    DEVICE = "expires, or is deleted in the browser"
    UNLINKED = "kept without a link to you"
    ASKED = "the company is asked to delete it, and its answer is shown"
    NOTHING = "nothing about a person to erase"


P, S, K, KP = Protection.PLAIN, Protection.SEALED, Protection.KEYED, Protection.KEYED_PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table or collection: its record type and every promise about it.

    `fields` names the protection of each field; `keys` are unique alone, `unique` are unique together with the owner;
    `filters` may be filtered on with the owner; `dates` may be swept by; `expires` is a date after which the row is dropped;
    `sums` are numbers that are added up per person.
    """

    record: type
    category: Category
    purpose: str
    basis: Basis
    kept: str
    fields: Mapping[str, Protection]
    keys: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    expires: str = ""
    searched: str = ""
    exported: str = ""
    erased: str = Erasure.ROW
    serves: Purpose | None = None
    source: Source | None = None
    recipients: tuple[Recipient, ...] = ()
    place: Place = Place.HERE
    rule: str = ""
    """Key of RULES in domain/retention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing beside the records: a cookie, a storage key, a folder, a log; `text` says what it is for."""

    text: str
    serves: Purpose
    source: Source
    rule: str
    place: Place = Place.HERE
    recipients: tuple[Recipient, ...] = ()
    erased: Erasure = Erasure.ROW
    category: Category = Category.USAGE
    is_essential: bool = True

    @property
    def basis(self) -> Basis:
        """The legal basis of its purpose."""
        return BASES[self.serves]

    def __str__(self) -> str:
        """Return what it is for, as tables show it."""
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A company outside that receives personal data: what, when, where, for what, until when.

    `countries` are English names; what safeguards a transfer there follows from domain/transfers. `deletes` says whether it
    can be told to delete, and how; `hosts` are its names on the network.
    """

    name: str
    receives: tuple[str, ...] = field(default_factory=tuple)
    when: str = ""
    countries: tuple[str, ...] = ()
    serves: Purpose = Purpose.GENERATE
    kept: str = ""
    deletes: str = ""
    hosts: tuple[str, ...] = ()
