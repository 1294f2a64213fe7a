"""DATA_MAP: what we hold about a person, why, how long, how it is protected, exported and erased.

The database adapters read protection, keys and indexes from here, so a field cannot be stored without an entry; tests
compare it with every table, collection, cookie, media prefix and file. The privacy pages are generated from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from imageroute_app.domain.accounts import MailToken, Person, Session
from imageroute_app.domain.drafts import Draft
from imageroute_app.domain.gallery import Album, Image
from imageroute_app.domain.jobs import Attempt, Case, Job, Preference, Quote
from imageroute_app.domain.ledger import Entry, Wallet
from imageroute_app.domain.notices import Notice
from imageroute_app.domain.sharing import Archive, Share
from imageroute_app.domain.uploads import Upload


class Protection(StrEnum):
    """How a field lies in the database."""

    PLAIN = "plain"
    SEALED = "sealed"
    """AES-GCM under the person's key."""
    KEYED = "keyed"
    """HMAC under the installation's pepper: can be looked up before the person is known."""
    KEYED_PERSON = "keyed_person"
    """HMAC under the person's key: can be compared, dies with the key."""


class Basis(StrEnum):
    """Legal basis (GDPR Art. 6(1))."""

    CONTRACT = "contract, Art. 6(1)(b)"
    LEGITIMATE = "legitimate interest, Art. 6(1)(f)"
    CONSENT = "consent, Art. 6(1)(a)"


P, S, K, KP = Protection.PLAIN, Protection.SEALED, Protection.KEYED, Protection.KEYED_PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table or collection: its record type and every promise about it.

    `fields` names the protection of each field; `keys` are unique alone, `unique` are unique together with the owner;
    `filters` may be filtered on with the owner; `dates` may be swept by; `expires` is a date after which the row is dropped;
    `sums` are numbers that are added up per person.
    """

    record: type
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
    erased: str = "row deleted, key destroyed"


DATA_MAP: Mapping[str, Table] = {
    "people": Table(
        record=Person,
        purpose="Your account",
        basis=Basis.CONTRACT,
        kept="while the account is open",
        exported="account.json",
        keys=("email_key",),
        fields={
            "id": P, "owner": P, "email": S, "email_key": K, "full_name": S, "password_hash": S, "age_band": P,
            "country": P, "wants_newsletter": P, "email_verified_at": P, "welcomed_at": P, "created_at": P, "version": P,
        },
    ),
    "sessions": Table(
        record=Session,
        purpose="Keeping you signed in",
        basis=Basis.CONTRACT,
        kept="7 days after the last use, 30 days at most",
        exported="sessions.json",
        keys=("token_hash",),
        dates=("expires_at",),
        expires="expires_at",
        fields={
            "id": P, "owner": P, "token_hash": P, "device": S, "created_at": P, "seen_at": P, "expires_at": P,
            "version": P,
        },
    ),
    "mail_tokens": Table(
        record=MailToken,
        purpose="Links in mails that prove the address is yours",
        basis=Basis.CONTRACT,
        kept="until used, 24 hours at most",
        exported="",
        keys=("token_hash",),
        dates=("expires_at",),
        filters=("purpose",),
        expires="expires_at",
        fields={
            "id": P, "owner": P, "token_hash": P, "purpose": P, "created_at": P, "expires_at": P, "version": P,
        },
    ),
    "drafts": Table(
        record=Draft,
        purpose="The unsent prompt, so that nothing is lost",
        basis=Basis.CONTRACT,
        kept="until sent or changed",
        exported="draft.json",
        fields={"id": P, "owner": P, "form": S, "updated_at": P, "version": P},
    ),
    "quotes": Table(
        record=Quote,
        purpose="Prices that bind us",
        basis=Basis.CONTRACT,
        kept="90 days",
        exported="quotes.json",
        unique=("slot",),
        dates=("expires_at",),
        fields={
            "id": P, "owner": P, "slot": KP, "request": S, "plan": P, "closed": P, "unit_credits": P,
            "price_credits": P, "follows_job": P,
            "retry_of": P, "job_id": P, "created_at": P, "expires_at": P, "version": P,
        },
    ),
    "jobs": Table(
        record=Job,
        purpose="Your generations",
        basis=Basis.CONTRACT,
        kept="until you delete the pictures; failed ones 7 days",
        exported="jobs.json",
        unique=("quote_id",),
        filters=("state", "compare_id"),
        dates=("lease_until", "drop_at"),
        fields={
            "id": P, "owner": P, "quote_id": P, "compare_id": P, "state": P, "request": S,
            "provider": P, "model": P, "held_credits": P,
            "charged_credits": P, "image_ids": P, "delivered": P, "attempts": P, "lease_holder": P, "lease_until": P,
            "cancel_requested": P, "failure_code": P, "failure_message": P, "retry_of": P, "created_at": P,
            "started_at": P, "ended_at": P, "drop_at": P, "version": P,
        },
    ),
    "attempts": Table(
        record=Attempt,
        purpose="The receipt: who received what, when",
        basis=Basis.CONTRACT,
        kept="while the account is open",
        exported="disclosures.json",
        filters=("job_id",),
        fields={
            "id": P, "owner": P, "job_id": P, "number": P, "provider": P, "model": P, "company": P, "country": P,
            "region": P, "retention": P, "trains": P, "review": P, "source": P, "checked_on": P, "rule": P, "asked": P,
            "outcome": P, "code": P, "billed": P, "job_ref": S, "notes": S, "charged_credits": P, "list_micro_usd": P,
            "cost_micro_usd": P, "started_at": P, "ended_at": P, "version": P,
        },
    ),
    "cases": Table(
        record=Case,
        purpose="Your appeals",
        basis=Basis.CONTRACT,
        kept="while the account is open",
        exported="cases.json",
        filters=("job_id", "state"),
        fields={
            "id": P, "owner": P, "job_id": P, "state": P, "text": S, "answer": S, "created_at": P, "answered_at": P,
            "version": P,
        },
    ),
    "preferences": Table(
        record=Preference,
        purpose="Your rule for who may get your prompts",
        basis=Basis.CONTRACT,
        kept="while the account is open",
        exported="preferences.json",
        fields={"id": P, "owner": P, "rule": P, "settings_in_files": P, "version": P},
    ),
    "ledger": Table(
        record=Entry,
        purpose="Your credits, line by line",
        basis=Basis.CONTRACT,
        kept="while the account is open",
        exported="ledger.json",
        unique=("dedupe_key",),
        filters=("job_id", "kind"),
        fields={
            "id": P, "owner": P, "kind": P, "amount": P, "balance_after": P, "job_id": P, "reason": P,
            "dedupe_key": P, "created_at": P, "version": P,
        },
    ),
    "wallets": Table(
        record=Wallet,
        purpose="Your balance",
        basis=Basis.CONTRACT,
        kept="while the account is open",
        exported="",
        fields={"id": P, "owner": P, "available": P, "version": P},
    ),
    "images": Table(
        record=Image,
        purpose="Your gallery",
        basis=Basis.CONTRACT,
        kept="until you delete it; 30 days in the trash",
        exported="images.json",
        filters=("trashed", "favourite", "job_id", "provider"),
        dates=("purge_at",),
        sums=("size_bytes",),
        searched="prompt",
        fields={
            "id": P, "owner": P, "job_id": P, "position": P, "prompt": S, "negative": S, "provider": P, "model": P,
            "style": P, "width": P, "height": P, "seed": P, "mime": P, "size_bytes": P, "sha256": P, "colour": P,
            "price_credits": P, "took_ms": P, "source_type": P, "source_id": P, "favourite": P, "trashed": P,
            "trashed_at": P, "purge_at": P, "created_at": P, "crc32": P, "albums": P, "tags": S, "version": P,
        },
    ),
    "albums": Table(
        record=Album,
        purpose="Your albums",
        basis=Basis.CONTRACT,
        kept="until you delete it",
        exported="albums.json",
        fields={"id": P, "owner": P, "name": S, "cover_id": P, "created_at": P, "version": P},
    ),
    "uploads": Table(
        record=Upload,
        purpose="Pictures you brought along",
        basis=Basis.CONTRACT,
        kept="30 days from the upload, unless you save it to the gallery",
        exported="uploads.json",
        filters=("kind",),
        dates=("expires_at", "notice_at", "going_since"),
        fields={
            "id": P, "owner": P, "kind": P, "name": S, "mime": P, "width": P, "height": P, "size_bytes": P,
            "sha256": P, "colour": P, "uploaded_at": P, "expires_at": P, "notice_at": P, "going_since": P,
            "failures": P, "version": P,
        },
    ),
    "shares": Table(
        record=Share,
        purpose="Links by which others see a picture",
        basis=Basis.CONTRACT,
        kept="until you revoke it, or it expires",
        exported="shares.json",
        keys=("token_hash",),
        filters=("image_id",),
        dates=("expires_at",),
        fields={
            "id": P, "owner": P, "image_id": P, "token": S, "token_hash": P, "password_hash": S, "with_metadata": P,
            "created_at": P, "expires_at": P, "version": P,
        },
    ),
    "archives": Table(
        record=Archive,
        purpose="Downloads of several pictures",
        basis=Basis.CONTRACT,
        kept="7 days",
        exported="archives.json",
        filters=("state",),
        dates=("expires_at",),
        fields={
            "id": P, "owner": P, "state": P, "title": S, "encoding": P, "edge_px": P, "with_settings": P, "image_ids": P,
            "done": P, "size_bytes": P, "gaps": S, "created_at": P, "expires_at": P, "version": P,
        },
    ),
    "notices": Table(
        record=Notice,
        purpose="What you were told about your uploads",
        basis=Basis.CONTRACT,
        kept="until the next notice on its topic, or while the account is open",
        exported="notices.json",
        unique=("topic",),
        dates=("seen_at",),
        fields={
            "id": P, "owner": P, "topic": P, "text": S, "path": P, "created_at": P, "seen_at": P, "version": P,
        },
    ),
}

SYSTEM_TABLES: Mapping[str, str] = {
    "image_tokens": "keyed words of prompts and tags, albums, models and shapes, so that search works on encrypted texts;"
    " erased with the image",
    "image_tokens_version": "which release made those words; no personal data",
    "subject_keys": "one wrapped key per person, in a key store of its own; destroying it ends every copy",
    "leases": "which worker sweeps; no personal data",
    "alembic_version": "schema version; no personal data",
}

COOKIES: Mapping[str, str] = {
    "ir_session": "keeps you signed in; HttpOnly, ends 7 days after the last use",
    "ir_anon": "binds a page to its connection before you sign in; HttpOnly, ends with the browser",
    "ir_age": "remembers for one hour that the age screen said no; HttpOnly, set only then",
}

STORAGE_KEYS: Mapping[str, str] = {
    "sessionStorage.token": "names this tab's connection; useless without the cookie",
    "localStorage.theme": "light or dark, as you chose",
    "localStorage.letters": "single-letter shortcuts are off; kept only when you turn them off",
    "localStorage.last_compiled_theme": "the default the page was built with; no personal data",
}

MEDIA_PREFIXES: Mapping[str, str] = {
    "images/": "pictures and their sizes, per person and image; erased with them",
    "uploads/": "pictures you brought along and masks, per person and upload; erased 30 days after the upload",
    "archives/": "files made for a download in another format or with settings inside; erased after 7 days",
}

FILES: Mapping[str, str] = {
    "provenance/": "the certificates that marks in pictures are signed with; nothing about a person",
    "outbox/": "mails that were not sent because no mail server is set; removed after 7 days",
    "moved-to-*.jsonl": "ids and hashes of pictures that a move to another store has verified; removed when it is finished",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A company outside that receives personal data, and when."""

    name: str
    receives: tuple[str, ...] = field(default_factory=tuple)
    when: str = ""


RECEIVERS: Mapping[str, Receiver] = {
    "cloudinary": Receiver(
        name="Cloudinary, Israel and United States,",
        receives=("every picture and its sizes", "their ids and that of your account", "never a name, an address or a prompt"),
        when="to keep them for this installation; deleted with the picture, copies and backups included",
    ),
}
"""Companies that an installation may use whatever model is chosen, by the name of the adapter; none on embedded defaults."""
