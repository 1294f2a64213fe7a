"""The ledger on SQLite: an entry and the guarded balance move together, or neither does."""

from dataclasses import replace
from typing import NoReturn

from sqlalchemy import Connection

from imageroute_app.adapters.database.sealing import Cipher
from imageroute_app.adapters.database.sqlite.file import Access, run
from imageroute_app.adapters.database.sqlite.repository import Kind, SqliteRepository
from imageroute_app.domain.errors import Duplicate, NotAllowed, NotEnoughCredits
from imageroute_app.domain.ledger import Entry, Wallet

POSTED = "SELECT 1 FROM ledger WHERE owner = :owner AND dedupe_key = :dedupe_key"
OPEN = """
    INSERT OR IGNORE INTO wallets (id, owner, available, version) VALUES (:owner, :owner, 0, 0)
"""
MOVE = """
    UPDATE wallets SET available = available + :amount, version = version + 1
    WHERE owner = :owner AND available + :amount >= 0 RETURNING available
"""
AVAILABLE = "SELECT available FROM wallets WHERE owner = :owner"


class SqliteLedger(SqliteRepository[Entry]):
    """domain.ports.Ledger."""

    def __init__(self, kind: Kind[Entry], wallets: Kind[Wallet], access: Access) -> None:
        super().__init__(kind, access)
        self._wallets = SqliteRepository(wallets, access)

    async def post(self, entry: Entry) -> Entry:
        """Append and move the wallet; raises NotEnoughCredits or Duplicate, and nothing is written then."""
        cipher = await self._sealer.cipher(entry.owner)
        return await self._access.write(lambda c: self._post(c, entry, cipher))

    def _post(self, connection: Connection, entry: Entry, cipher: Cipher) -> Entry:
        mine = {"owner": entry.owner, "dedupe_key": entry.dedupe_key, "amount": entry.amount}
        if run(connection, POSTED, mine).fetchall():
            raise Duplicate("This ledger line is there already.")
        run(connection, OPEN, mine)
        moved = run(connection, MOVE, mine).fetchall()
        if not moved:
            ((available,),) = run(connection, AVAILABLE, mine).fetchall()
            raise NotEnoughCredits(-(available + entry.amount))
        posted = replace(entry, balance_after=moved[0][0])
        self._insert(connection, record=posted, cipher=cipher)
        return self._codec.as_stored(posted, cipher)

    async def wallet(self, owner: str) -> Wallet:
        """Return the wallet; an empty one when the person never had an entry."""
        found = await self._wallets.by_owner(owner)
        return found or Wallet(id=owner, owner=owner, available=0)

    async def add(self, record: Entry) -> NoReturn:
        """Refuse: a line without its wallet would break the balance; use post."""
        raise NotAllowed("Ledger lines are posted, not added.")

    async def update(self, record: Entry) -> NoReturn:
        """Refuse: the ledger is append-only."""
        raise NotAllowed("Ledger lines never change.")

    async def delete(self, record_id: str, owner: str) -> NoReturn:
        """Refuse: the ledger is append-only; an erasure takes all of it."""
        raise NotAllowed("Ledger lines never go alone.")
