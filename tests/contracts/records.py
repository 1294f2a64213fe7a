"""Complete records for the database suites, each with what it takes to be told apart."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from imageroute_app.domain.accounts import AgeBand, MailPurpose, MailToken, Person, Session
from imageroute_app.domain.catalog import Task
from imageroute_app.domain.drafts import Draft
from imageroute_app.domain.gallery import Album, Image
from imageroute_app.domain.jobs import (
    Attempt,
    AttemptOutcome,
    Case,
    CaseState,
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
from imageroute_app.domain.notices import Notice
from imageroute_app.domain.ports import Database, Repository
from imageroute_app.domain.sharing import Archive, ArchiveState, Share
from imageroute_app.domain.uploads import Upload, UploadKind

NOW = datetime(2026, 11, 25, 12, 0, 0, 123_456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
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
        email_verified_at=None, welcomed_at=LATER, created_at=NOW,
    )  # fmt: skip


def session(number: int = 1, owner: str = ANN, expires_at: datetime = LATER) -> Session:
    return Session(
        id=an_id(number), owner=owner, token_hash=f"hash-{number}", device=f"Firefox {CANARY}",
        created_at=NOW, seen_at=NOW, expires_at=expires_at,
    )  # fmt: skip


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
        answer=f"so {CANARY}", created_at=NOW, answered_at=LATER,
    )  # fmt: skip


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
        created_at=NOW, seen_at=None,
    )  # fmt: skip


MADE: dict[str, Callable[..., Any]] = {
    "people": person,
    "sessions": session,
    "mail_tokens": mail_token,
    "drafts": draft,
    "quotes": quote,
    "jobs": job,
    "attempts": attempt,
    "cases": case,
    "preferences": preference,
    "images": image,
    "albums": album,
    "uploads": upload,
    "shares": share,
    "archives": archive,
    "notices": notice,
}

EVERY_ROW = len(MADE) + 2
"""What `fill` stores for one person: the records, a ledger line and its wallet."""


def repository(database: Database, name: str) -> Repository[Any]:
    return getattr(database.tables, name)


async def fill(database: Database, owner: str = ANN) -> None:
    """Store one record of every type for a person."""
    number = 1 if owner == ANN else 2
    for name, make in MADE.items():
        numbered = () if name in {"people", "drafts", "preferences"} else (number,)
        await repository(database, name).add(make(*numbered, owner=owner))
    await database.tables.ledger.post(entry(number, 50, owner))
