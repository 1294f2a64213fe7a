"""Complete records for the database suites, each with what it takes to be told apart."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from imageroute_app.domain.accounts import AgeBand, MailPurpose, MailToken, Person, Session
from imageroute_app.domain.activity import Activity, ActivityKind
from imageroute_app.domain.cases import (
    Author,
    Case,
    CaseMessage,
    CaseState,
    Kind,
    Outcome,
    StaffAccess,
    Tally,
)
from imageroute_app.domain.catalog import Task
from imageroute_app.domain.choices import Choice, ChoiceEvent, Method, SessionKind
from imageroute_app.domain.data_map import DATA_MAP
from imageroute_app.domain.disclosures import Disclosure
from imageroute_app.domain.drafts import Draft
from imageroute_app.domain.erasures import Erasure, ErasureStep, Farewell, Phase, StepState, System
from imageroute_app.domain.exports import Export, ExportGrant, ExportPiece, ExportState
from imageroute_app.domain.factors import Authenticator, Passkey
from imageroute_app.domain.gallery import Album, Image
from imageroute_app.domain.identity import Identity, Revocation
from imageroute_app.domain.jobs import (
    Attempt,
    AttemptOutcome,
    Failover,
    Job,
    JobState,
    Level,
    Mode,
    Preference,
    Quote,
    Request,
    Rule,
)
from imageroute_app.domain.ledger import Entry, EntryKind
from imageroute_app.domain.mails import QuietAddress, WaitingMail
from imageroute_app.domain.measures import Measure, State
from imageroute_app.domain.newsletter import Subscription, SubscriptionState
from imageroute_app.domain.notices import Notice
from imageroute_app.domain.payments import Booking, Order, Payment
from imageroute_app.domain.policies import Acknowledgement, Announcement, Shown
from imageroute_app.domain.policies import Kind as PolicyKind
from imageroute_app.domain.ports import Database, Repository
from imageroute_app.domain.settlement import OrderState
from imageroute_app.domain.sharing import Archive, ArchiveState, Share
from imageroute_app.domain.spending import SpendGuard
from imageroute_app.domain.statistics import UsageCount, UsageTotal
from imageroute_app.domain.training import DatasetBuild, DatasetEntry
from imageroute_app.domain.uploads import Upload, UploadKind
from imageroute_app.domain.webhooks import HeardWebhook, number_hash

NOW = datetime(2026, 11, 25, 12, 0, 0, 123_456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FAR = datetime(2099, 1, 1, tzinfo=UTC)
CANARY = "zanzibarcanary"
"""In every text about a person that must never lie in clear."""
ANN, BOB = "a" * 32, "b" * 32


def an_id(number: int) -> str:
    return f"{number:032x}"


RULE = Rule(
    level=Level.BALANCED, failover=Failover.ANY, providers=("bfl", "fal"), regions=("eu",), retention_days_max=7,
    no_human_review=True,
)  # fmt: skip


def request(prompt: str = f"a fern at dawn, {CANARY}") -> Request:
    return Request(
        prompt=prompt, provider="sketch", model="sketch-1", width=512, height=768, count=2, seed=7,
        negative=f"no {CANARY}", style="ink", strength=0.25, mode=Mode.AUTO, rule=RULE, task=Task.OUTPAINT,
        source_id=an_id(5), mask_id=an_id(6), reference_ids=(an_id(7),), expand=(0, 64, 0, 64),
    )  # fmt: skip


def person(owner: str = ANN, email: str = "") -> Person:
    email = email or f"Ann.{CANARY}.{owner[0]}@Example.com"
    return Person(
        id=owner, owner=owner, email=email, email_key=email.casefold(), full_name=f"Ann {CANARY} Ünï",
        password_hash=f"$argon2id${CANARY}", age_band=AgeBand.TEEN, country="DE", wants_newsletter=True,
        email_verified_at=None, welcomed_at=LATER, created_at=NOW, idle_at=LATER, idle_told=2,
    )  # fmt: skip


def session(number: int = 1, owner: str = ANN, expires_at: datetime = LATER) -> Session:
    return Session(
        id=an_id(number), owner=owner, token_hash=f"hash-{number}", device=f"Firefox {CANARY}",
        created_at=NOW, seen_at=NOW, expires_at=expires_at, confirmed_at=NOW, outside_id=f"sess_{CANARY}",
        checked_at=LATER,
    )  # fmt: skip


def authenticator(owner: str = ANN) -> Authenticator:
    return Authenticator(
        id=owner, owner=owner, secret=f"SECRET{CANARY}SECRET", codes_hash=(f"{CANARY}1", f"{CANARY}2"), used_step=59_000_000,
        created_at=NOW, confirmed_at=LATER,
    )  # fmt: skip


def passkey(number: int = 1, owner: str = ANN) -> Passkey:
    credential = f"credential-{CANARY}-{number}"
    return Passkey(
        id=an_id(number), owner=owner, name=f"Ann's {CANARY}", credential=credential, credential_key=credential,
        public_key=f"pk{CANARY}", count=7, is_synced=True, created_at=NOW, used_at=None,
    )  # fmt: skip


def identity(number: int = 1, owner: str = ANN) -> Identity:
    subject = f"user_{CANARY}_{number}"
    return Identity(
        id=an_id(number),
        owner=owner,
        provider="clerk",
        subject=subject,
        subject_key=subject,
        told_at=NOW,
        created_at=NOW,
    )


def revocation(number: int = 1, owner: str = ANN) -> Revocation:
    return Revocation(id=an_id(number), owner=owner, session_id=f"sess_{CANARY}_{number}", asked_at=NOW)


def mail_token(number: int = 1, owner: str = ANN) -> MailToken:
    return MailToken(
        id=an_id(number), owner=owner, token_hash=f"mail-{number}", purpose=MailPurpose.RESET,
        created_at=NOW, expires_at=LATER,
    )  # fmt: skip


def draft(owner: str = ANN) -> Draft:
    form = json.dumps({"prompt": CANARY, "emoji": "🙂\ud800"})
    return Draft(id=owner, owner=owner, form=form, updated_at=NOW)


def quote(number: int = 1, owner: str = ANN, slot: str = CANARY) -> Quote:
    return Quote(
        id=an_id(number), owner=owner, slot=slot, request=request(), plan=("sketch/sketch-1", "bfl/flux"),
        closed=("fal/x: Outside the EU",), unit_credits=3, price_credits=6,
        follows_job="", retry_of="", job_id="", created_at=NOW, expires_at=LATER,
    )  # fmt: skip


def job(number: int = 1, owner: str = ANN, state: JobState = JobState.QUEUED) -> Job:
    return Job(
        id=an_id(number), owner=owner, quote_id=f"quote-{number}", compare_id="", state=state, request=request(),
        provider="sketch", model="sketch-1", held_credits=6, charged_credits=0,
        image_ids=(an_id(number + 1000), an_id(number + 2000)), delivered=0, attempts=0,
        lease_holder="", lease_until=None, cancel_requested=False, failure_code="", failure_message="",
        retry_of="", created_at=NOW, started_at=None, ended_at=None,
    )  # fmt: skip


def attempt(number: int = 1, owner: str = ANN) -> Attempt:
    return Attempt(
        id=an_id(number), owner=owner, job_id=an_id(1), number=1, provider="sketch", model="sketch-1",
        company="ImageRoute", country="DE", region="local", retention="none", trains="never", review="nobody",
        source="https://bfl.ai/legal", checked_on="2026-11-25", rule="Strict", asked=2,
        outcome=AttemptOutcome.DELIVERED, code="", billed="no", job_ref=f"ref {CANARY}",
        notes=("seed dropped", f"ünï {CANARY}"), charged_credits=6, list_micro_usd=30_000, cost_micro_usd=None,
        started_at=NOW, ended_at=None,
    )  # fmt: skip


def case(number: int = 1, owner: str = ANN) -> Case:
    return Case(
        id=an_id(number), owner=owner, job_id=an_id(1), state=CaseState.OPEN, text=f"why {CANARY}",
        answer=f"so {CANARY}", created_at=NOW, answered_at=LATER, kind=Kind.ACCESS, reference=f"C-{number}",
        code_hash=f"code-{number}", proof_hash="proof", subject=BOB, country="DE", law="GDPR Art. 12(3)",
        contact=f"{CANARY}@example.com", agent=f"Agent {CANARY}", facts=json.dumps({"scope": CANARY}),
        outcome=Outcome.PARTLY, due_at=LATER, alarm_at=LATER, acknowledged_at=NOW, confirmed_at=NOW, extended_at=NOW,
        escalated_at=NOW, purge_at=LATER,
    )  # fmt: skip


def case_message(number: int = 1, owner: str = ANN) -> CaseMessage:
    return CaseMessage(
        id=an_id(number), owner=owner, case_id=an_id(1), author=Author.PERSON, text=f"please {CANARY}", created_at=NOW,
        file_name=f"{CANARY}.png", mime="image/png", size_bytes=900_000,
    )  # fmt: skip


def staff_access(number: int = 1, owner: str = ANN) -> StaffAccess:
    return StaffAccess(
        id=an_id(number), owner=owner, case_id=an_id(1), operator=BOB, reason=f"asked {CANARY}", looked_at=NOW,
    )  # fmt: skip


def tally(number: int = 1, owner: str = ANN) -> Tally:
    return Tally(id=an_id(number), owner=owner, slot=f"child:confirmed:2026-{number}", count=number)


def preference(owner: str = ANN) -> Preference:
    return Preference(id=owner, owner=owner, rule=RULE)


def entry(number: int, amount: int, owner: str = ANN, kind: EntryKind | None = None, key: str = "") -> Entry:
    kind = kind or (EntryKind.GRANT if amount >= 0 else EntryKind.HOLD)
    return Entry(
        id=an_id(number), owner=owner, kind=kind, amount=amount, balance_after=0, job_id="",
        reason="because", dedupe_key=key or f"key-{number}", created_at=NOW,
    )  # fmt: skip


def image(number: int = 1, owner: str = ANN, prompt: str = f"a fern, {CANARY}", *, trashed: bool = False) -> Image:
    return Image(
        id=an_id(number), owner=owner, job_id=an_id(number // 4), position=number % 4, prompt=prompt,
        negative=CANARY, provider="sketch", model="sketch-1", style="", width=512, height=768,
        seed=2**32 - 1, mime="image/png", size_bytes=5_000_000_000, sha256="ab" * 32, colour="#335577",
        price_credits=3, took_ms=900, source_type="algorithmicMedia", source_id="", favourite=False,
        trashed=trashed, trashed_at=NOW if trashed else None, purge_at=LATER if trashed else None,
        created_at=NOW, crc32=2**32 - 1, albums=(an_id(9),), tags=(f"ünï {CANARY}",),
    )  # fmt: skip


def album(number: int = 1, owner: str = ANN) -> Album:
    return Album(id=an_id(number), owner=owner, name=f"Ferns {CANARY}", cover_id=an_id(1), created_at=NOW)


def upload(number: int = 1, owner: str = ANN) -> Upload:
    return Upload(
        id=an_id(number), owner=owner, kind=UploadKind.MASK, name=f"{CANARY}.jpg", mime="image/png", width=640,
        height=480, size_bytes=5_000_000_000, sha256="cd" * 32, colour="#335577", uploaded_at=NOW, expires_at=LATER,
        notice_at=NOW, failures=2,
    )  # fmt: skip


def share(number: int = 1, owner: str = ANN) -> Share:
    return Share(
        id=an_id(number), owner=owner, image_id=an_id(1), token=f"token {CANARY}", token_hash=f"share-{number}",
        password_hash=f"$argon2id${CANARY}", with_metadata=True, created_at=NOW, expires_at=LATER,
    )  # fmt: skip


def archive(number: int = 1, owner: str = ANN) -> Archive:
    return Archive(
        id=an_id(number), owner=owner, state=ArchiveState.PREPARING, title=f"Ferns {CANARY}", encoding="webp", edge_px=960,
        with_settings=True, image_ids=(an_id(1), an_id(2)), done=1, size_bytes=5_000_000_000,
        gaps=(f"{CANARY}: gone",), created_at=NOW, expires_at=LATER,
    )  # fmt: skip


def notice(number: int = 1, owner: str = ANN) -> Notice:
    return Notice(
        id=an_id(number), owner=owner, topic=f"uploads-{number}", text=f"It goes soon, {CANARY}.", path="/uploads",
        created_at=NOW, seen_at=None, subject=f"Soon {CANARY}", mail_due_at=LATER, is_banner=True,
    )  # fmt: skip


def activity(number: int = 1, owner: str = ANN) -> Activity:
    return Activity(
        id=an_id(number), owner=owner, kind=ActivityKind.SIGN_IN, at=NOW, address=f"198.51.100.7 {CANARY}",
        device=f"Firefox {CANARY}", detail="rule", cut_at=LATER, drop_at=LATER,
    )  # fmt: skip


def disclosure(number: int = 1, owner: str = ANN) -> Disclosure:
    return Disclosure(
        id=an_id(number), owner=owner, receiver="mail", company="mail.example.org", country="DE", retention="not stated",
        what=f"A mail: {CANARY}", count=1, slot=f"mail-{number}", at=NOW, ends_at=LATER,
    )  # fmt: skip


def subscription(number: int = 1, owner: str = ANN) -> Subscription:
    email = f"ann.{CANARY}.{number}@example.com"
    return Subscription(
        id=an_id(number), owner=owner, email=email, email_key=email, state=SubscriptionState.CONFIRMED, asked_at=NOW,
        confirmed_at=LATER, drop_at=None, issues=("ab12", "cd34"),
    )  # fmt: skip


def choice(number: int = 1, owner: str = ANN) -> Choice:
    return Choice(
        id=an_id(number), owner=owner, number=number, event=ChoiceEvent.GIVEN, purpose="training", image_id=an_id(1),
        image_sha256="ab" * 32, words="May we?", words_sha256="cd" * 32, policy_version="2026-11-25", ui_build="0.1.0",
        locale="en", method=Method.BUTTON, session_kind=SessionKind.SIGNED_IN, created_at=NOW, expires_at=LATER,
        cooled_at=LATER, previous="", digest="ef" * 32,
    )  # fmt: skip


def export(number: int = 1, owner: str = ANN) -> Export:
    return Export(
        id=an_id(number), owner=owner, state=ExportState.READY_WITH_GAPS, slot=an_id(number), categories=("Images",),
        part_limit_bytes=5_000_000_000, since=NOW, resumes_in="", cursor="{}", part=1, part_bytes=7, part_count=1,
        pieces=3, pictures=2, pictures_done=1, picture_bytes=5_000_000_000, bytes_done=4, gaps=(f"image|1|missing||{CANARY}",),
        parts=("7:ab",), tries=1, failure="", lease_holder="", lease_until=None, created_at=NOW, snapshot_at=NOW,
        ready_at=NOW, expires_at=LATER,
    )  # fmt: skip


def export_piece(number: int = 1, owner: str = ANN) -> ExportPiece:
    return ExportPiece(
        id=f"{an_id(number)}-00000001", owner=owner, export_id=an_id(number), kind="text", part=1,
        text=f"a fern, {CANARY}", created_at=NOW,
    )  # fmt: skip


def export_grant(number: int = 1, owner: str = ANN) -> ExportGrant:
    return ExportGrant(
        id=an_id(number), owner=owner, export_id=an_id(number), part=1, session_id=an_id(3), etag="ab", created_at=NOW,
        expires_at=LATER,
    )  # fmt: skip


def acknowledgement(number: int = 1, owner: str = ANN) -> Acknowledgement:
    return Acknowledgement(
        id=an_id(number), owner=owner, kind=PolicyKind.PRIVACY, edition=f"privacy-2026-11-{number:02}", sha256="0" * 64,
        shown=Shown.SIGN_UP, at=NOW, told_at=LATER,
    )  # fmt: skip


def announcement(number: int = 1, owner: str = ANN) -> Announcement:
    return Announcement(id=an_id(number), owner=owner, edition=f"terms-{number}", announced_at=NOW)


def measure(number: int = 1, owner: str = ANN) -> Measure:
    return Measure(
        id=an_id(number), owner=owner, metric="orphan_blobs", state=State.MISSED, value="2", note="Look.", taken_at=NOW
    )


def erasure(number: int = 1, owner: str = ANN) -> Erasure:
    return Erasure(
        id=an_id(number), owner=owner, code=f"code-{number}", subject=f"gone:{number}", phase=Phase.ERASING,
        asked_at=NOW, grace_until=LATER, due_at=LATER, remind_at=None,
    )  # fmt: skip


def erasure_step(number: int = 1, owner: str = ANN) -> ErasureStep:
    return ErasureStep(
        id=an_id(number), owner=owner, place=number, system=System.PICTURES, label="Pictures",
        state=StepState.RETRY, detail="It does not answer.", tries=2, at=NOW, next_at=LATER,
    )  # fmt: skip


def farewell(number: int = 1, owner: str = ANN) -> Farewell:
    return Farewell(
        id=an_id(number), owner=owner, erasure_id=an_id(number + 50), address=f"{CANARY}@example.com", created_at=NOW,
        identity=f"user_{CANARY}",
    )  # fmt: skip


def usage_count(number: int = 1, owner: str = ANN) -> UsageCount:
    return UsageCount(
        id=an_id(number), owner=owner, cell=f"cell-{number}", visitor="ab" * 32, feature="make", count=2, rolls_at=LATER
    )


def usage_total(number: int = 1, owner: str = ANN) -> UsageTotal:
    return UsageTotal(
        id=an_id(number), owner=owner, cell=f"cell-{number}", day="2026-11-25", feature="make", people=20, count=41,
        drops_at=LATER,
    )  # fmt: skip


def dataset_entry(number: int = 1, owner: str = ANN) -> DatasetEntry:
    return DatasetEntry(
        id=an_id(number), owner=owner, build_id=an_id(8), image_id=an_id(1), image_sha256="ab" * 32, choice_id=an_id(2),
        built_at=NOW,
    )  # fmt: skip


def dataset_build(number: int = 1, owner: str = ANN) -> DatasetBuild:
    return DatasetBuild(id=an_id(number), owner=owner, images=24, totals=("model sketch-1: 24 people",), built_at=NOW)


def order(number: int = 1, owner: str = ANN) -> Order:
    return Order(
        id=an_id(number), owner=owner, number=f"IR-{number}", seller="sandbox", pack="small", product_id="pdt_1",
        credits=500, price_minor=500, currency="USD", state=OrderState.OPEN, session_id=f"cks_{number}",
        url=f"https://pay.example.org/{CANARY}", created_at=NOW, expires_at=LATER, check_at=LATER, checks=2,
    )  # fmt: skip


def payment(number: int = 1, owner: str = ANN) -> Payment:
    return Payment(
        id=an_id(number), owner=owner, order_id=an_id(number), payment_id=f"pay_{number}", state=OrderState.PAID,
        total_minor=595, tax_minor=95, currency="USD", credits=500, customer_id="cus_1", invoice_id="inv_1",
        facts=("payment||succeeded|0",), paid_at=NOW, created_at=NOW, check_at=LATER, granted=500, taken=40, spent=2, moves=1,
    )  # fmt: skip


def spend_guard(owner: str = ANN) -> SpendGuard:
    return SpendGuard(id=owner, owner=owner, per_job=20, per_day=200, low_balance=15)


def booking(number: int = 1, owner: str = ANN) -> Booking:
    return Booking(
        id=an_id(number), owner=owner, payment_id=f"pay_{number}", number=f"IR-{number}", seller="dodo", total_minor=595,
        tax_minor=95, refunded_minor=10, currency="EUR", credits=500, state=OrderState.PARTLY_REFUNDED, paid_at=NOW,
        drop_at=LATER,
    )  # fmt: skip


def waiting_mail(number: int = 1, owner: str = ANN) -> WaitingMail:
    return WaitingMail(
        id=an_id(number), owner=owner, address=f"{CANARY}@example.com", subject=f"About {CANARY}", text=f"Dear {CANARY}",
        link=f"https://images.example/{CANARY}", headers=json.dumps({"List-Unsubscribe": CANARY}), is_asked=True, tries=2,
        next_at=LATER, drop_at=FAR, created_at=NOW,
    )  # fmt: skip


def quiet_address(number: int = 1, owner: str = ANN) -> QuietAddress:
    return QuietAddress(
        id=an_id(number), owner=owner, address_key=f"{CANARY}{number}@example.com", status="5.1.1", drop_at=FAR,
        created_at=NOW,
    )  # fmt: skip


def heard_webhook(number: int = 1, owner: str = ANN) -> HeardWebhook:
    return HeardWebhook(id=an_id(number), owner=owner, number_hash=number_hash("clerk", f"msg_{number}"), drop_at=LATER)


MADE: dict[str, Callable[..., Any]] = {
    "people": person,
    "sessions": session,
    "identities": identity,
    "revocations": revocation,
    "authenticators": authenticator,
    "passkeys": passkey,
    "mail_tokens": mail_token,
    "drafts": draft,
    "quotes": quote,
    "jobs": job,
    "attempts": attempt,
    "cases": case,
    "case_messages": case_message,
    "staff_access": staff_access,
    "tallies": tally,
    "preferences": preference,
    "images": image,
    "albums": album,
    "uploads": upload,
    "shares": share,
    "archives": archive,
    "notices": notice,
    "choices": choice,
    "exports": export,
    "export_pieces": export_piece,
    "export_grants": export_grant,
    "activity": activity,
    "disclosures": disclosure,
    "newsletter_subscriptions": subscription,
    "acknowledgements": acknowledgement,
    "announcements": announcement,
    "measures": measure,
    "erasures": erasure,
    "erasure_steps": erasure_step,
    "farewells": farewell,
    "usage_counts": usage_count,
    "usage_totals": usage_total,
    "dataset_entries": dataset_entry,
    "dataset_builds": dataset_build,
    "orders": order,
    "payments": payment,
    "spend_guards": spend_guard,
    "bookings": booking,
    "waiting_mails": waiting_mail,
    "quiet_addresses": quiet_address,
    "heard_webhooks": heard_webhook,
}

EVERY_ROW = len(MADE) + 2
"""What `fill` stores for one person: the records, a ledger line and its wallet."""


def repository(database: Database, name: str) -> Repository[Any]:
    return getattr(database.tables, name)


async def fill(database: Database, owner: str = ANN) -> None:
    """Store one record of every type for a person."""
    number = 1 if owner == ANN else 2
    for name, make in MADE.items():
        numbered = () if name in {"people", "drafts", "preferences", "authenticators", "spend_guards"} else (number,)
        record = make(*numbered, owner=owner)
        if ends := DATA_MAP[name].expires:  # else MongoDB's own clock takes it away under a slow test
            record = replace(record, **{ends: FAR})
        await repository(database, name).add(record)
    await database.tables.ledger.post(entry(number, 50, owner))
