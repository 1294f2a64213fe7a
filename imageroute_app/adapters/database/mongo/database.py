"""The Database port on one MongoDB database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

import bson

from imageroute_app.adapters.database.codec import cut_time
from imageroute_app.adapters.database.mongo.connection import Access, MongoConnection, connect
from imageroute_app.adapters.database.mongo.errors import translated
from imageroute_app.adapters.database.mongo.indexes import make_indexes
from imageroute_app.adapters.database.mongo.jobs import MongoJobs
from imageroute_app.adapters.database.mongo.ledger import MongoLedger
from imageroute_app.adapters.database.mongo.repository import Kind, MongoRepository
from imageroute_app.adapters.database.mongo.rows import MongoRows
from imageroute_app.adapters.database.mongo.schemas import make_validators
from imageroute_app.adapters.database.records import ERASE_ORDER, every_record
from imageroute_app.adapters.database.sealing import Keys, Sealer
from imageroute_app.adapters.mongo import TIMEOUT_MS
from imageroute_app.domain.accounts import MailToken, Person, Session
from imageroute_app.domain.activity import Activity
from imageroute_app.domain.cases import Case, CaseMessage, StaffAccess, Tally
from imageroute_app.domain.choices import Choice
from imageroute_app.domain.data_map import DATA_MAP
from imageroute_app.domain.disclosures import Disclosure
from imageroute_app.domain.drafts import Draft
from imageroute_app.domain.erasures import Erasure, ErasureStep, Farewell
from imageroute_app.domain.errors import Duplicate
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


async def open_mongo(
    uri: str, database: str, keys: Keys, clock: Clock, *, timeout_ms: int = TIMEOUT_MS
) -> "MongoDatabase":
    """Connect and make missing validators and indexes; `timeout_ms` is how long a server may be out of reach.

    Raises:
        Unavailable: when the server does not answer, cannot do transactions, or the address asks for weaker writes.
    """
    connection = connect(uri, database, timeout_ms)
    try:
        await connection.require_replica_set()
        await connection.end_abandoned()
        await make_validators(connection)
        await make_indexes(connection)
        opened = MongoDatabase(connection, Sealer(keys), clock)
        await opened.reindex()
    except BaseException:
        await connection.close()
        raise
    return opened


class MongoTables:
    """domain.ports.Tables on one way of access."""

    def __init__(self, kinds: dict[str, Kind[Any]], access: Access) -> None:  # noqa: PLR0915  # one a table
        self._access, self._kinds = access, kinds
        self.people: Repository[Person] = MongoRepository(kinds["people"], access)
        self.sessions: Repository[Session] = MongoRepository(kinds["sessions"], access)
        self.mail_tokens: Repository[MailToken] = MongoRepository(kinds["mail_tokens"], access)
        self.identities: Repository[Identity] = MongoRepository(kinds["identities"], access)
        self.revocations: Repository[Revocation] = MongoRepository(kinds["revocations"], access)
        self.authenticators: Repository[Authenticator] = MongoRepository(kinds["authenticators"], access)
        self.passkeys: Repository[Passkey] = MongoRepository(kinds["passkeys"], access)
        self.drafts: Repository[Draft] = MongoRepository(kinds["drafts"], access)
        self.quotes: Repository[Quote] = MongoRepository(kinds["quotes"], access)
        self.jobs: Jobs = MongoJobs(kinds["jobs"], access)
        self.attempts: Repository[Attempt] = MongoRepository(kinds["attempts"], access)
        self.cases: Repository[Case] = MongoRepository(kinds["cases"], access)
        self.case_messages: Repository[CaseMessage] = MongoRepository(kinds["case_messages"], access)
        self.staff_access: Repository[StaffAccess] = MongoRepository(kinds["staff_access"], access)
        self.tallies: Repository[Tally] = MongoRepository(kinds["tallies"], access)
        self.preferences: Repository[Preference] = MongoRepository(kinds["preferences"], access)
        self.ledger: Ledger = MongoLedger(kinds["ledger"], kinds["wallets"], access)
        self.images: Repository[Image] = MongoRepository(kinds["images"], access)
        self.albums: Repository[Album] = MongoRepository(kinds["albums"], access)
        self.uploads: Repository[Upload] = MongoRepository(kinds["uploads"], access)
        self.shares: Repository[Share] = MongoRepository(kinds["shares"], access)
        self.archives: Repository[Archive] = MongoRepository(kinds["archives"], access)
        self.notices: Repository[Notice] = MongoRepository(kinds["notices"], access)
        self.acknowledgements: Repository[Acknowledgement] = MongoRepository(kinds["acknowledgements"], access)
        self.announcements: Repository[Announcement] = MongoRepository(kinds["announcements"], access)
        self.measures: Repository[Measure] = MongoRepository(kinds["measures"], access)
        self.choices: Repository[Choice] = MongoRepository(kinds["choices"], access)
        self.exports: Repository[Export] = MongoRepository(kinds["exports"], access)
        self.export_pieces: Repository[ExportPiece] = MongoRepository(kinds["export_pieces"], access)
        self.export_grants: Repository[ExportGrant] = MongoRepository(kinds["export_grants"], access)
        self.usage_counts: Repository[UsageCount] = MongoRepository(kinds["usage_counts"], access)
        self.usage_totals: Repository[UsageTotal] = MongoRepository(kinds["usage_totals"], access)
        self.dataset_entries: Repository[DatasetEntry] = MongoRepository(kinds["dataset_entries"], access)
        self.dataset_builds: Repository[DatasetBuild] = MongoRepository(kinds["dataset_builds"], access)
        self.orders: Repository[Order] = MongoRepository(kinds["orders"], access)
        self.payments: Repository[Payment] = MongoRepository(kinds["payments"], access)
        self.spend_guards: Repository[SpendGuard] = MongoRepository(kinds["spend_guards"], access)
        self.bookings: Repository[Booking] = MongoRepository(kinds["bookings"], access)
        self.waiting_mails: Repository[WaitingMail] = MongoRepository(kinds["waiting_mails"], access)
        self.quiet_addresses: Repository[QuietAddress] = MongoRepository(kinds["quiet_addresses"], access)
        self.heard_webhooks: Repository[HeardWebhook] = MongoRepository(kinds["heard_webhooks"], access)
        self.activity: Repository[Activity] = MongoRepository(kinds["activity"], access)
        self.disclosures: Repository[Disclosure] = MongoRepository(kinds["disclosures"], access)
        self.newsletter_subscriptions: Repository[Subscription] = MongoRepository(
            kinds["newsletter_subscriptions"], access
        )
        self.erasures: Repository[Erasure] = MongoRepository(kinds["erasures"], access)
        self.erasure_steps: Repository[ErasureStep] = MongoRepository(kinds["erasure_steps"], access)
        self.farewells: Repository[Farewell] = MongoRepository(kinds["farewells"], access)

    def named(self, name: str) -> Repository[object]:
        """Return the repository of a table of DATA_MAP."""
        return MongoRepository(self._kinds[name], self._access)

    async def acquire_lease(self, name: str, *, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew the named lease; False while another holds it."""
        free = {"_id": name, "$or": [{"holder": holder}, {"until": {"$lte": cut_time(now)}}]}
        mine = {"$set": {"holder": holder, "until": cut_time(until)}}
        try:
            with translated():
                await self._access.rows("leases").update_one(free, mine, upsert=True, session=self._access.session)
        except Duplicate:  # it is there and not free
            return False
        return True


class MongoDatabase:
    """domain.ports.Database."""

    def __init__(self, connection: MongoConnection, sealer: Sealer, clock: Clock) -> None:
        self._connection, self._sealer, self._clock = connection, sealer, clock
        self._kinds: dict[str, Kind[Any]] = {name: Kind(name, sealer) for name in DATA_MAP}
        self.tables: Tables = MongoTables(self._kinds, connection)

    async def transact(self, work: Callable[[Tables], Awaitable[T]]) -> T:
        """Run `work` in one transaction, again after a conflict, at most five times."""
        return await self._connection.atomically(lambda access: work(MongoTables(self._kinds, access)))

    async def export_rows(self, owner: str) -> AsyncIterator[tuple[str, object]]:
        """Return an iterator over (table name, record) for every record of the person."""
        repositories = {name: MongoRepository(kind, self._connection) for name, kind in self._kinds.items()}
        return every_record(repositories, owner)

    async def erase_rows(self, owner: str) -> int:
        """Delete every record of the person, then destroy the key; returns how many documents went."""
        gone = await self._erase_rows(owner)
        await self._sealer.destroy(owner)
        return gone + await self._erase_rows(owner)  # what was written before the key went; nothing can be any more

    async def _erase_rows(self, owner: str) -> int:
        gone = 0
        for name in ERASE_ORDER:
            with translated():
                done = await self._connection.rows(name).delete_many({"owner": owner})
            gone += done.deleted_count
        return gone

    async def count_rows(self, owner: str) -> dict[str, int]:
        """Return how many documents each collection holds of the person."""
        with translated():
            return {name: await self._connection.rows(name).count_documents({"owner": owner}) for name in DATA_MAP}

    async def raw_rows(self, owner: str, limit: int) -> bytes:
        """Return documents of the person of every collection as the server gives them."""
        dump: list[bytes] = []
        for name in DATA_MAP:
            with translated():
                found = self._connection.rows(name).find({"owner": owner}).limit(limit)
                dump += [bson.encode(row) async for row in found]
        return b"\n".join(dump)

    async def owners(self, *, after: str = "", limit: int = 1000) -> list[str]:
        """Return ids of people, in order."""
        with translated():
            found = (
                self._connection.rows("people").find({"_id": {"$gt": after}}, {"_id": 1}).sort("_id", 1).limit(limit)
            )
            return [str(row["_id"]) async for row in found]

    def rows(self) -> MongoRows:
        """Return the rows as they lie."""
        return MongoRows(self._connection, {name: kind.codec for name, kind in self._kinds.items()})

    async def reindex(self) -> None:
        """Make the search index anew where an older release made it."""
        await MongoRepository[Image](self._kinds["images"], self._connection).reindex()

    async def check(self) -> None:
        """Raise Unavailable unless the server answers and accepts a write."""
        now = self._clock()
        await self.tables.acquire_lease("check", holder="check", now=now, until=now)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._connection.close()
