"""No payment service: nothing is sold, every message is refused."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.payments import Buyer, Checkout, Forged, Message, Order, Seen, Seller
from imageroute_app.domain.settlement import Fact

CLOSED = "This installation sells no credits."


class NoPayments:
    """domain.ports.Payments without anybody behind it."""

    seller = Seller(key="none", name="Nobody", countries=(), receives="", keeps="")
    products: Mapping[str, str] = {}

    async def checkout(self, order: Order, buyer: Buyer) -> Checkout:
        """Nothing is sold."""
        raise Unavailable(CLOSED)

    async def paid_by(self, session_id: str) -> str:
        """Nothing was paid."""
        return ""

    async def payment(self, payment_id: str) -> Seen:
        """Nothing was paid."""
        raise NotFound

    async def recent(self, since: datetime) -> list[Seen]:
        """Nothing was paid."""
        return []

    async def refund(self, payment_id: str, fact: Fact, *, is_full: bool) -> Fact:
        """Nobody is there who could."""
        raise Unavailable(CLOSED)

    async def invoice(self, payment_id: str) -> bytes:
        """There is none."""
        raise NotFound

    async def portal(self, customer_id: str, return_url: str) -> str:
        """There is none."""
        return ""

    async def correct(self, customer_id: str, email: str) -> None:
        """Nobody holds anything."""

    async def forget(self, customer_id: str, session_ids: Sequence[str]) -> bool:
        """Nobody holds anything."""
        return True

    def read(self, headers: Mapping[str, str], body: bytes) -> Message:
        """Nobody may speak here."""
        raise Forged

    async def close(self) -> None:
        """Nothing is open."""
