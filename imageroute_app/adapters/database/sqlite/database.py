"""The Database port on one SQLite file."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from imageroute_app.adapters.database.codec import to_micros
from imageroute_app.adapters.database.records import ERASE_ORDER, every_record
from imageroute_app.adapters.database.sealing import Keys, Sealer
from imageroute_app.adapters.database.sqlite.errors import is_busy, opening
from imageroute_app.adapters.database.sqlite.file import BUSY_S, Access, SqliteFile
from imageroute_app.adapters.database.sqlite.images import SqliteImages
from imageroute_app.adapters.database.sqlite.jobs import SqliteJobs
from imageroute_app.adapters.database.sqlite.ledger import SqliteLedger
from imageroute_app.adapters.database.sqlite.repository import Kind, SqliteRepository
from imageroute_app.adapters.database.sqlite.rows import SqliteRows
from imageroute_app.adapters.database.sqlite.schema import migrate
from imageroute_app.domain.accounts import MailToken, Person, Session
from imageroute_app.domain.activity import Activity
from imageroute_app.domain.cases import Case, CaseMessage, StaffAccess, Tally
from imageroute_app.domain.choices import Choice
from imageroute_app.domain.data_map import DATA_MAP
from imageroute_app.domain.disclosures import Disclosure
from imageroute_app.domain.drafts import Draft
from imageroute_app.domain.erasures import Erasure, ErasureStep, Farewell
from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.exports import Export, ExportGrant, ExportPiece
from imageroute_app.domain.factors import Authenticator, Passkey
from imageroute_app.domain.gallery import Album, Image
from imageroute_app.domain.identity import Identity, Revocation
from imageroute_app.domain.jobs import Attempt, Preference, Quote
from imageroute_app.domain.mails import QuietAddress, WaitingMail
from imageroute_app.domain.measures import Measure
from imageroute_app.domain.newsletter import Subscription
from imageroute_app.domain.notices import Notice
from imageroute_app.domain.payments import Booking, Order, Payment
from imageroute_app.domain.policies import Acknowledgement, Announcement
from imageroute_app.domain.ports import Clock, Jobs, Ledger, Repository, Tables
from imageroute_app.domain.sharing import Archive, Share
from imageroute_app.domain.spending import SpendGuard
from imageroute_app.domain.statistics import UsageCount, UsageTotal
from imageroute_app.domain.training import DatasetBuild, DatasetEntry
from imageroute_app.domain.uploads import Upload
from imageroute_app.domain.webhooks import HeardWebhook

T = TypeVar("T")

ERASED_AT_ONCE = 5000
"""Rows that one transaction of an erasure takes, so that nobody else waits long for the writer."""
ASKED_AGAIN_S = 0.01
"""Pause before a new file that another process is making is tried again."""
LEASE = text("""
    INSERT INTO leases (name, holder, until) VALUES (:name, :holder, :until)
    ON CONFLICT (name) DO UPDATE SET holder = :holder, until = :until
    WHERE leases.holder = :holder OR leases.until <= :now
""")
ERASE_TOKENS = text("""
    DELETE FROM image_tokens WHERE (owner, token, id) IN
        (SELECT owner, token, id FROM image_tokens WHERE owner = :owner LIMIT :limit)
""")


async def open_sqlite(path: Path, keys: Keys, clock: Clock, *, busy_s: float = BUSY_S) -> "SqliteDatabase":
    """Open the file, made on first use, and bring it to the newest schema.

    `busy_s` is how long a write waits for other processes before it is Unavailable.

    Raises:
        Unavailable: naming the file and the cure, when it is damaged, newer than this release or cannot be written.
    """
    try:
        await asyncio.to_thread(_make, path)
    except OSError as error:
        raise Unavailable(f"The database {path} cannot be written: change its owner.") from error
    file = SqliteFile(path, busy_s)
    try:
        with opening(path):
            await _prepare(file, busy_s)
            database = SqliteDatabase(file, Sealer(keys), clock)
            await database.reindex()
    except BaseException:
        await file.close()
        raise
    return database


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)


async def _prepare(file: SqliteFile, busy_s: float) -> None:
    until = time.monotonic() + busy_s
    while not await file.outside(_logs_ahead):
        if time.monotonic() > until:
            raise Unavailable
        await asyncio.sleep(ASKED_AGAIN_S)
    await file.outside(lambda connection: migrate(connection, file.path))


def _logs_ahead(connection: Connection) -> bool:
    """Make a new file one that logs ahead; False while another process is just making it.

    SQLite does not wait here: while another connection holds a new file for writing, the change fails at once, whatever
    busy_timeout says.
    """
    try:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    except DBAPIError as error:
        if not is_busy(error):
            raise
        return False
    return True


class SqliteTables:
    """domain.ports.Tables on one way of access."""

    def __init__(self, kinds: dict[str, Kind[Any]], access: Access) -> None:  # noqa: PLR0915  # one a table
        self._access, self._kinds = access, kinds
        self.people: Repository[Person] = SqliteRepository(kinds["people"], access)
        self.sessions: Repository[Session] = SqliteRepository(kinds["sessions"], access)
        self.mail_tokens: Repository[MailToken] = SqliteRepository(kinds["mail_tokens"], access)
        self.identities: Repository[Identity] = SqliteRepository(kinds["identities"], access)
        self.revocations: Repository[Revocation] = SqliteRepository(kinds["revocations"], access)
        self.authenticators: Repository[Authenticator] = SqliteRepository(kinds["authenticators"], access)
        self.passkeys: Repository[Passkey] = SqliteRepository(kinds["passkeys"], access)
        self.drafts: Repository[Draft] = SqliteRepository(kinds["drafts"], access)
        self.quotes: Repository[Quote] = SqliteRepository(kinds["quotes"], access)
        self.jobs: Jobs = SqliteJobs(kinds["jobs"], access)
        self.attempts: Repository[Attempt] = SqliteRepository(kinds["attempts"], access)
        self.cases: Repository[Case] = SqliteRepository(kinds["cases"], access)
        self.case_messages: Repository[CaseMessage] = SqliteRepository(kinds["case_messages"], access)
        self.staff_access: Repository[StaffAccess] = SqliteRepository(kinds["staff_access"], access)
        self.tallies: Repository[Tally] = SqliteRepository(kinds["tallies"], access)
        self.preferences: Repository[Preference] = SqliteRepository(kinds["preferences"], access)
        self.ledger: Ledger = SqliteLedger(kinds["ledger"], kinds["wallets"], access)
        self.images: Repository[Image] = SqliteImages(kinds["images"], access)
        self.albums: Repository[Album] = SqliteRepository(kinds["albums"], access)
        self.uploads: Repository[Upload] = SqliteRepository(kinds["uploads"], access)
        self.shares: Repository[Share] = SqliteRepository(kinds["shares"], access)
        self.archives: Repository[Archive] = SqliteRepository(kinds["archives"], access)
        self.notices: Repository[Notice] = SqliteRepository(kinds["notices"], access)
        self.acknowledgements: Repository[Acknowledgement] = SqliteRepository(kinds["acknowledgements"], access)
        self.announcements: Repository[Announcement] = SqliteRepository(kinds["announcements"], access)
        self.measures: Repository[Measure] = SqliteRepository(kinds["measures"], access)
        self.choices: Repository[Choice] = SqliteRepository(kinds["choices"], access)
        self.exports: Repository[Export] = SqliteRepository(kinds["exports"], access)
        self.export_pieces: Repository[ExportPiece] = SqliteRepository(kinds["export_pieces"], access)
        self.export_grants: Repository[ExportGrant] = SqliteRepository(kinds["export_grants"], access)
        self.usage_counts: Repository[UsageCount] = SqliteRepository(kinds["usage_counts"], access)
        self.usage_totals: Repository[UsageTotal] = SqliteRepository(kinds["usage_totals"], access)
        self.dataset_entries: Repository[DatasetEntry] = SqliteRepository(kinds["dataset_entries"], access)
        self.dataset_builds: Repository[DatasetBuild] = SqliteRepository(kinds["dataset_builds"], access)
        self.orders: Repository[Order] = SqliteRepository(kinds["orders"], access)
        self.payments: Repository[Payment] = SqliteRepository(kinds["payments"], access)
        self.spend_guards: Repository[SpendGuard] = SqliteRepository(kinds["spend_guards"], access)
        self.bookings: Repository[Booking] = SqliteRepository(kinds["bookings"], access)
        self.waiting_mails: Repository[WaitingMail] = SqliteRepository(kinds["waiting_mails"], access)
        self.quiet_addresses: Repository[QuietAddress] = SqliteRepository(kinds["quiet_addresses"], access)
        self.heard_webhooks: Repository[HeardWebhook] = SqliteRepository(kinds["heard_webhooks"], access)
        self.activity: Repository[Activity] = SqliteRepository(kinds["activity"], access)
        self.disclosures: Repository[Disclosure] = SqliteRepository(kinds["disclosures"], access)
        self.newsletter_subscriptions: Repository[Subscription] = SqliteRepository(
            kinds["newsletter_subscriptions"], access
        )
        self.erasures: Repository[Erasure] = SqliteRepository(kinds["erasures"], access)
        self.erasure_steps: Repository[ErasureStep] = SqliteRepository(kinds["erasure_steps"], access)
        self.farewells: Repository[Farewell] = SqliteRepository(kinds["farewells"], access)

    def named(self, name: str) -> Repository[object]:
        """Return the repository of a table of DATA_MAP."""
        kind = SqliteImages if name == "images" else SqliteRepository
        return kind(self._kinds[name], self._access)

    async def acquire_lease(self, name: str, *, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew the named lease; False while another holds it."""
        values = {"name": name, "holder": holder, "now": to_micros(now), "until": to_micros(until)}
        return await self._access.write(lambda c: c.execute(LEASE, values).rowcount == 1)


class SqliteDatabase:
    """domain.ports.Database."""

    def __init__(self, file: SqliteFile, sealer: Sealer, clock: Clock) -> None:
        self._file, self._sealer, self._clock = file, sealer, clock
        self._kinds: dict[str, Kind[Any]] = {name: Kind(name, sealer) for name in DATA_MAP}
        self.tables: Tables = SqliteTables(self._kinds, file)

    async def transact(self, work: Callable[[Tables], Awaitable[T]]) -> T:
        """Run `work` in one transaction; on SQLite it never has to be run twice."""
        return await self._file.transact(lambda access: work(SqliteTables(self._kinds, access)))

    async def export_rows(self, owner: str) -> AsyncIterator[tuple[str, object]]:
        """Return an iterator over (table name, record) for every record of the person."""
        repositories = {name: SqliteRepository(kind, self._file) for name, kind in self._kinds.items()}
        return every_record(repositories, owner)

    async def erase_rows(self, owner: str) -> int:
        """Delete every record of the person, then destroy the key; returns how many rows went."""
        gone = await self._erase_rows(owner)
        await self._sealer.destroy(owner)
        gone += await self._erase_rows(owner)  # what was written before the key went; nothing can be any more
        await self._file.outside(lambda c: c.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all())
        return gone

    async def _erase_rows(self, owner: str) -> int:
        await self._erase(ERASE_TOKENS, owner)
        gone = 0
        for name in ERASE_ORDER:
            some = f"SELECT id FROM {name} WHERE owner = :owner LIMIT :limit"  # noqa: S608  # a name of DATA_MAP
            gone += await self._erase(text(f"DELETE FROM {name} WHERE id IN ({some})"), owner)  # noqa: S608
        return gone

    async def _erase(self, statement: Any, owner: str) -> int:
        values, gone = {"owner": owner, "limit": ERASED_AT_ONCE}, 0
        while count := await self._file.write(lambda c: c.execute(statement, values).rowcount):
            gone += count
        return gone

    async def count_rows(self, owner: str) -> dict[str, int]:
        """Return how many rows each table holds of the person."""
        counts = [f"SELECT '{name}', COUNT(*) FROM {name} WHERE owner = :owner" for name in DATA_MAP]  # noqa: S608  # names of DATA_MAP
        statement = text(" UNION ALL ".join(counts))
        rows = await self._file.read(lambda c: c.execute(statement, {"owner": owner}).all())
        return {str(name): int(count) for name, count in rows}

    async def raw_rows(self, owner: str, limit: int) -> bytes:
        """Return rows of the person of every table as the file holds them."""
        values = {"owner": owner, "limit": limit}
        dump: list[bytes] = []
        for name in DATA_MAP:
            statement = text(f"SELECT * FROM {name} WHERE owner = :owner LIMIT :limit")  # noqa: S608  # a name of DATA_MAP
            rows = await self._file.read(lambda c, statement=statement: c.execute(statement, values).all())
            dump += [value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row]
        return b"\n".join(dump)

    async def owners(self, *, after: str = "", limit: int = 1000) -> list[str]:
        """Return ids of people, in order."""
        statement = text("SELECT id FROM people WHERE id > :after ORDER BY id LIMIT :limit")
        rows = await self._file.read(lambda c: c.execute(statement, {"after": after, "limit": limit}).all())
        return [str(row[0]) for row in rows]

    def rows(self) -> SqliteRows:
        """Return the rows as they lie."""
        return SqliteRows(self._file, {name: kind.codec for name, kind in self._kinds.items()}, self._sealer)

    async def reindex(self) -> None:
        """Make the search index anew if an older release made it."""
        await SqliteImages(self._kinds["images"], self._file).reindex()

    async def check(self) -> None:
        """Raise Unavailable unless the file can be written."""
        now = self._clock()
        await self.tables.acquire_lease("check", holder="check", now=now, until=now)

    async def close(self) -> None:
        """Let go of threads, connections and the file."""
        await self._file.close()
