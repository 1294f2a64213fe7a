"""The Database port on one MongoDB database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

from imageroute_app.adapters.database.codec import cut_time
from imageroute_app.adapters.database.mongo.connection import (
    TIMEOUT_MS,
    Access,
    MongoConnection,
    connect,
)
from imageroute_app.adapters.database.mongo.errors import translated
from imageroute_app.adapters.database.mongo.indexes import make_indexes
from imageroute_app.adapters.database.mongo.jobs import MongoJobs
from imageroute_app.adapters.database.mongo.ledger import MongoLedger
from imageroute_app.adapters.database.mongo.repository import Kind, MongoRepository
from imageroute_app.adapters.database.records import ERASE_ORDER, every_record
from imageroute_app.adapters.database.sealing import Keys, Sealer
from imageroute_app.domain.accounts import MailToken, Person, Session
from imageroute_app.domain.data_map import DATA_MAP
from imageroute_app.domain.drafts import Draft
from imageroute_app.domain.errors import Duplicate
from imageroute_app.domain.gallery import Album, Image
from imageroute_app.domain.jobs import Attempt, Case, Preference, Quote
from imageroute_app.domain.notices import Notice
from imageroute_app.domain.ports import Clock, Jobs, Ledger, Repository, Tables
from imageroute_app.domain.sharing import Archive, Share
from imageroute_app.domain.uploads import Upload

T = TypeVar("T")


async def open_mongo(
    uri: str, database: str, keys: Keys, clock: Clock, *, timeout_ms: int = TIMEOUT_MS
) -> "MongoDatabase":
    """Connect and make missing indexes; `timeout_ms` is how long a server may be out of reach.

    Raises:
        Unavailable: when the server does not answer, cannot do transactions, or the address asks for weaker writes.
    """
    connection = connect(uri, database, timeout_ms)
    try:
        await connection.require_replica_set()
        await connection.end_abandoned()
        await make_indexes(connection)
        opened = MongoDatabase(connection, Sealer(keys), clock)
        await opened.reindex()
    except BaseException:
        await connection.close()
        raise
    return opened


class MongoTables:
    """domain.ports.Tables on one way of access."""

    def __init__(self, kinds: dict[str, Kind[Any]], access: Access) -> None:
        self._access = access
        self.people: Repository[Person] = MongoRepository(kinds["people"], access)
        self.sessions: Repository[Session] = MongoRepository(kinds["sessions"], access)
        self.mail_tokens: Repository[MailToken] = MongoRepository(kinds["mail_tokens"], access)
        self.drafts: Repository[Draft] = MongoRepository(kinds["drafts"], access)
        self.quotes: Repository[Quote] = MongoRepository(kinds["quotes"], access)
        self.jobs: Jobs = MongoJobs(kinds["jobs"], access)
        self.attempts: Repository[Attempt] = MongoRepository(kinds["attempts"], access)
        self.cases: Repository[Case] = MongoRepository(kinds["cases"], access)
        self.preferences: Repository[Preference] = MongoRepository(kinds["preferences"], access)
        self.ledger: Ledger = MongoLedger(kinds["ledger"], kinds["wallets"], access)
        self.images: Repository[Image] = MongoRepository(kinds["images"], access)
        self.albums: Repository[Album] = MongoRepository(kinds["albums"], access)
        self.uploads: Repository[Upload] = MongoRepository(kinds["uploads"], access)
        self.shares: Repository[Share] = MongoRepository(kinds["shares"], access)
        self.archives: Repository[Archive] = MongoRepository(kinds["archives"], access)
        self.notices: Repository[Notice] = MongoRepository(kinds["notices"], access)

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
