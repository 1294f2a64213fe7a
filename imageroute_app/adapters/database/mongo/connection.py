"""The connection to one database, and its transactions.

Principle: every write is acknowledged by a majority and journaled, every read sees only such writes, and every
transaction reads one snapshot. An address that asks for less is refused.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Protocol, TypeVar

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern

from imageroute_app.adapters.database.mongo.errors import (
    is_commit_unknown,
    is_transient,
    translated,
)
from imageroute_app.adapters.database.mongo.sessions import Sessions
from imageroute_app.adapters.mongo import TIMEOUT_MS, client_of
from imageroute_app.domain.errors import Duplicate, ImageRouteError, Unavailable

T = TypeVar("T")
Document = dict[str, Any]
Collection = AsyncCollection[Document]

TRIES = 5
FREE_TRIES = 2
"""Later tries take turns within the process, so that many writers of one wallet do not starve each other."""
PAUSE_S = 0.01
EXISTS = 48
"""NamespaceExists."""
SAFE = WriteConcern("majority", j=True)


class Access(Protocol):
    """How a repository reaches the database: each call on its own, or all inside one transaction."""

    @property
    def session(self) -> AsyncClientSession | None:
        """The session of the open transaction, if there is one."""
        ...

    def rows(self, name: str) -> Collection:
        """Return a collection."""
        ...

    def noted(self) -> contextlib.AbstractContextManager[None]:
        """Translate errors around a write that may find a unique key taken."""
        ...

    async def atomically(self, work: Callable[["Access"], Awaitable[T]]) -> T:
        """Run `work` so that all of it is written or nothing; it may be run again after a conflict."""
        ...


class MongoConnection:
    """One client per process; as Access, each call stands alone."""

    session: AsyncClientSession | None = None

    def __init__(self, client: AsyncMongoClient[Document], name: str) -> None:
        self._client = client
        self._database = client.get_database(
            name,
            codec_options=CodecOptions(tz_aware=True),
            read_preference=ReadPreference.PRIMARY,
            write_concern=SAFE,
            read_concern=ReadConcern("majority"),
        )
        self._turn = asyncio.Lock()
        self._sessions = Sessions(self.rows("leases"), client.admin)

    def rows(self, name: str) -> Collection:
        """Return a collection."""
        return self._database.get_collection(name)

    async def names(self) -> list[str]:
        """Return the names of the collections, the server's own left out."""
        return [name for name in await self._database.list_collection_names() if not name.startswith("system.")]

    async def validators(self) -> dict[str, tuple[Document, str, str]]:
        """Return validator, level and action of each collection."""
        listed = await (await self._database.list_collections()).to_list()
        options = {str(one["name"]): one.get("options", {}) for one in listed}
        return {
            name: (one.get("validator", {}), one.get("validationLevel", ""), one.get("validationAction", ""))
            for name, one in options.items()
        }

    async def validate(self, name: str, validator: Document, *, level: str, action: str, is_new: bool) -> None:
        """Set the validator of a collection; a new one is made with it, unless another process just did."""
        rules = {"validator": validator, "validationLevel": level, "validationAction": action}
        if is_new:
            try:
                await self._database.create_collection(name, check_exists=False, **rules)
            except OperationFailure as error:
                if error.code != EXISTS:
                    raise
            else:
                return
        await self._database.command("collMod", name, **rules)

    def noted(self) -> contextlib.AbstractContextManager[None]:
        """Translate errors."""
        return translated()

    async def atomically(self, work: Callable[[Access], Awaitable[T]]) -> T:
        """Run `work` in one transaction, at most five times when others are in its way."""
        for attempt in range(1, TRIES):
            try:
                return await self._try(work, attempt)
            except Unavailable as error:
                if not is_transient(error):
                    raise
            await asyncio.sleep(PAUSE_S * attempt * random.uniform(0.5, 1.5))  # noqa: S311  # a pause
        return await self._try(work, TRIES)

    async def end_abandoned(self) -> None:
        """End the transactions of killed processes of this machine."""
        await self._sessions.end_abandoned()

    async def require_replica_set(self) -> None:
        """Raise Unavailable unless the server can do transactions."""
        with translated():
            hello = await self._client.admin.command("hello")
        if "setName" not in hello and hello.get("msg") != "isdbgrid":
            raise Unavailable(
                "MongoDB at IMAGEROUTE_MONGODB_URI runs alone and cannot do transactions:"
                " start it as a replica set (one member is enough)."
            )

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncClientSession]:
        """Give a session whose every read is of one moment."""
        with translated():
            async with self._client.start_session(snapshot=True) as session:
                yield session

    async def close(self) -> None:
        """Let go of the connections."""
        with contextlib.suppress(Unavailable):
            await self._sessions.forget()
        await self._client.close()

    async def _try(self, work: Callable[[Access], Awaitable[T]], attempt: int) -> T:
        turn = self._turn if attempt > FREE_TRIES else contextlib.nullcontext()
        async with turn, self._transaction() as transaction:
            return await work(transaction)

    @contextlib.asynccontextmanager
    async def _transaction(self) -> AsyncIterator["Transaction"]:
        """Commit at the end of the block; whatever leaves it otherwise aborts."""
        async with self._client.start_session() as session:  # aborts what is not committed
            await self._sessions.note(session.session_id["id"])
            await session.start_transaction(
                read_concern=ReadConcern("snapshot"),
                write_concern=SAFE,
                read_preference=ReadPreference.PRIMARY,
            )
            transaction = Transaction(self, session)
            yield transaction
            if transaction.broken is not None:
                raise transaction.broken
            await _commit(session)


class Transaction:
    """Access inside an open transaction."""

    def __init__(self, connection: MongoConnection, session: AsyncClientSession) -> None:
        self._connection = connection
        self.session: AsyncClientSession | None = session
        self.broken: ImageRouteError | None = None

    def rows(self, name: str) -> Collection:
        """Return a collection."""
        return self._connection.rows(name)

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Translate errors; after these the transaction is over, even if the caller swallows them."""
        try:
            with translated():
                yield
        except (Duplicate, Unavailable) as error:
            self.broken = error
            raise

    async def atomically(self, work: Callable[[Access], Awaitable[T]]) -> T:
        """Run `work` in this transaction."""
        return await work(self)


async def _commit(session: AsyncClientSession) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            with translated():
                await session.commit_transaction()
            return
        except Unavailable as error:
            if not is_commit_unknown(error) or attempt == TRIES:
                raise


def connect(uri: str, name: str, timeout_ms: int = TIMEOUT_MS) -> MongoConnection:
    """Return the connection; nothing is sent yet.

    Raises:
        Unavailable: when the address cannot be used or asks for less than w=majority with journal.
    """
    return MongoConnection(client_of(uri, timeout_ms), name)
