"""The ledger on MongoDB: an entry and the guarded balance move together, or neither does."""

from dataclasses import replace
from typing import NoReturn

from pymongo import ReturnDocument

from imageroute_app.adapters.database.mongo.connection import Access, Document
from imageroute_app.adapters.database.mongo.repository import Kind, MongoRepository
from imageroute_app.domain.errors import Duplicate, NotAllowed, NotEnoughCredits, NotFound
from imageroute_app.domain.ledger import Entry, Wallet


class MongoLedger(MongoRepository[Entry]):
    """domain.ports.Ledger."""

    def __init__(self, kind: Kind[Entry], wallets: Kind[Wallet], access: Access) -> None:
        super().__init__(kind, access)
        self._kind = kind
        self._wallets = MongoRepository(wallets, access)

    async def post(self, entry: Entry) -> Entry:
        """Append and move the wallet; raises NotEnoughCredits or Duplicate, and nothing is written then."""
        cipher = await self._sealer.cipher(entry.owner)

        async def post(access: Access) -> Entry:
            with access.noted():
                posted = replace(entry, balance_after=await _move(access, entry))
            await MongoRepository(self._kind, access).add(posted)
            return self._codec.as_stored(posted, cipher)

        return await self._access.atomically(post)

    async def wallet(self, owner: str) -> Wallet:
        """Return the wallet; an empty one when the person never had an entry."""
        try:
            return await self._wallets.get(owner, owner)
        except NotFound:
            return Wallet(id=owner, owner=owner, available=0)

    async def add(self, record: Entry) -> NoReturn:
        """Refuse: a line without its wallet would break the balance; use post."""
        raise NotAllowed("Ledger lines are posted, not added.")

    async def update(self, record: Entry) -> NoReturn:
        """Refuse: the ledger is append-only."""
        raise NotAllowed("Ledger lines never change.")

    async def delete(self, record_id: str, owner: str) -> NoReturn:
        """Refuse: the ledger is append-only; an erasure takes all of it."""
        raise NotAllowed("Ledger lines never go alone.")


async def _move(access: Access, entry: Entry) -> int:
    """Move the wallet by the entry's amount and return the new balance; never below zero."""
    mine = {"owner": entry.owner, "dedupe_key": entry.dedupe_key}
    if await access.rows("ledger").find_one(mine, {"_id": 1}, session=access.session):
        raise Duplicate("This ledger line is there already.")
    wallets = access.rows("wallets")
    guarded: Document = {"_id": entry.owner}
    if entry.amount < 0:
        guarded["available"] = {"$gte": -entry.amount}
    moved = await wallets.find_one_and_update(
        guarded,
        {
            "$inc": {"available": entry.amount, "version": 1},
            "$setOnInsert": {"owner": entry.owner},
        },
        upsert=entry.amount >= 0,
        return_document=ReturnDocument.AFTER,
        session=access.session,
    )
    if moved is None:
        found = await wallets.find_one({"_id": entry.owner}, session=access.session)
        raise NotEnoughCredits(-entry.amount - (found["available"] if found else 0))
    return moved["available"]
