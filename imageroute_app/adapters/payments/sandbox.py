"""The payment service that is part of the house: no money moves, everything else is as with a real one.

Its pages are ours and its messages go through the same route, signed by the same standard. What it remembers lies in files, one
a checkout, that hold an order's number and amounts and no person.
"""

import asyncio
import contextlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from imageroute_app.adapters.payments.messages import (
    ORDER,
    REFUND,
    read_dispute,
    read_message,
    read_payment,
    read_refund,
)
from imageroute_app.adapters.payments.pdf import invoice_pdf
from imageroute_app.adapters.webhooks import sign, verify
from imageroute_app.domain.errors import Conflict, NotFound
from imageroute_app.domain.payments import Buyer, Checkout, Message, Order, Pack, Seen, Seller
from imageroute_app.domain.ports import Clock, SandboxPage
from imageroute_app.domain.settlement import Fact

SELLER = Seller(
    key="sandbox",
    name="Sandbox",
    countries=("this computer",),
    receives="The order's number and its amount. It is part of this installation and nothing leaves it.",
    keeps="Test payments stay in the data folder until the account is erased.",
    is_sandbox=True,
)
PAGE = "/sandbox/checkout/"
WORDS = {"succeed": "succeeded", "fail": "failed", "cancel": "cancelled"}
DISPUTES = {"dispute": "opened", "win": "won", "lose": "lost"}


class SandboxPayments:
    """domain.ports.Payments and domain.ports.Sandbox."""

    seller = SELLER

    def __init__(self, folder: Path, packs: Sequence[Pack], secret: bytes, clock: Clock) -> None:
        """Keep test payments in a folder, made on first use."""
        self._folder, self._secret, self._clock = folder, secret, clock
        self._credits = {f"pdt_{pack.id}": pack.credits for pack in packs}
        self.products: Mapping[str, str] = {pack.id: f"pdt_{pack.id}" for pack in packs}
        self._turn = asyncio.Lock()

    # --- Payments -----------------------------------------------------------------------------------------------------

    async def checkout(self, order: Order, buyer: Buyer) -> Checkout:
        """Open a page where the order can be paid once."""
        token = secrets.token_hex(16)
        await self._write(
            token,
            {
                "payment_id": f"pay_{token}",
                "checkout_session_id": f"cks_{token}",
                "business_id": "bus_sandbox",
                "status": None,
                "total_amount": order.price_minor,
                "tax": 0,
                "currency": order.currency,
                "created_at": self._clock().isoformat(),
                "customer": {"customer_id": buyer.customer_id or f"cus_{secrets.token_hex(8)}"},
                "product_cart": [{"product_id": order.product_id, "quantity": 1}],
                "metadata": {ORDER: order.number},
                "refunds": [],
                "disputes": [],
                "return_url": buyer.return_url,
            },
        )
        return Checkout(session_id=f"cks_{token}", url=f"{PAGE}cks_{token}")

    async def paid_by(self, session_id: str) -> str:
        """Return the payment that came of a checkout, empty while there is none."""
        found = await self._read(session_id)
        return str(found["payment_id"]) if found["status"] else ""

    async def payment(self, payment_id: str) -> Seen:
        """Return what is known of it; raises NotFound."""
        return _seen(await self._read(payment_id))

    async def recent(self, since: datetime) -> list[Seen]:
        """Return the payments made since then, and whatever was refunded or disputed."""
        names = await asyncio.to_thread(lambda: sorted(path.stem for path in self._folder.glob("*.json")))
        found = [_seen(row) for name in names if (row := await self._read(f"pay_{name}"))["status"]]
        return [seen for seen in found if len(seen.facts) > 1 or (seen.paid_at and seen.paid_at >= since)]

    async def refund(self, payment_id: str, fact: Fact, *, is_full: bool) -> Fact:
        """Give it back at once; asked for twice it is given once."""
        async with self._turn:
            row = await self._read(payment_id)
            if all(one["metadata"][REFUND] != fact.ref for one in row["refunds"]):
                given = {
                    "refund_id": f"ref_{secrets.token_hex(8)}",
                    "status": "succeeded",
                    "metadata": {REFUND: fact.ref},
                }
                row["refunds"].append({**given, "amount": fact.amount_minor, "payment_id": payment_id})
                await self._write(_token(payment_id), row)
        return Fact(about=fact.about, ref=fact.ref, state="succeeded", amount_minor=fact.amount_minor)

    async def invoice(self, payment_id: str) -> bytes:
        """Return a small PDF that says it is none."""
        seen = await self.payment(payment_id)
        amount = f"{seen.total_minor / 100:.2f} {seen.currency}"
        return invoice_pdf(("Sandbox: no money moved, this is no invoice.", f"Order {seen.number}", f"Amount {amount}"))

    async def portal(self, customer_id: str, return_url: str) -> str:
        """There is no page about a customer here."""
        return ""

    async def correct(self, customer_id: str, email: str) -> None:
        """No address is kept here."""

    async def forget(self, customer_id: str, session_ids: Sequence[str]) -> bool:
        """Delete every test payment of these checkouts."""
        for session_id in session_ids:
            with contextlib.suppress(NotFound):  # never one of ours: there is nothing to let go of
                await asyncio.to_thread((self._folder / f"{_token(session_id)}.json").unlink, missing_ok=True)
        return True

    def read(self, headers: Mapping[str, str], body: bytes) -> Message:
        """Return what a webhook says; raises Forged before anything of it is looked at."""
        number = verify((self._secret,), headers, body, self._clock())
        return replace(read_message(body), number=number)

    async def close(self) -> None:
        """Nothing is open."""

    # --- Its pages ----------------------------------------------------------------------------------------------------

    async def page(self, session_id: str) -> SandboxPage:
        """Return what one checkout's page shows; raises NotFound."""
        row = await self._read(session_id)
        return SandboxPage(
            order_number=row["metadata"][ORDER],
            amount_minor=row["total_amount"],
            currency=row["currency"],
            credits=self._credits.get(row["product_cart"][0]["product_id"], 0),
            state=row["status"] or "",
            return_url=row["return_url"],
        )

    async def press(self, session_id: str, outcome: str) -> tuple[Mapping[str, str], bytes]:
        """Do what a button says and return the signed message about it; raises NotFound, Conflict."""
        async with self._turn:
            row = await self._read(session_id)
            kind, data = _disputed(row, outcome) if outcome in DISPUTES else _paid(row, outcome)
            await self._write(_token(session_id), row)
        envelope = {"business_id": "bus_sandbox", "type": kind, "timestamp": self._clock().isoformat(), "data": data}
        body = json.dumps(envelope).encode()
        return sign(self._secret, f"msg_{secrets.token_hex(12)}", self._clock(), body), body

    # --- Files --------------------------------------------------------------------------------------------------------

    async def _read(self, some_id: str) -> dict[str, Any]:
        path = self._folder / f"{_token(some_id)}.json"
        try:
            return json.loads(await asyncio.to_thread(path.read_text, encoding="utf-8"))
        except FileNotFoundError as error:
            raise NotFound from error

    async def _write(self, token: str, row: Mapping[str, Any]) -> None:
        def write() -> None:
            self._folder.mkdir(parents=True, exist_ok=True)
            half = self._folder / f"{token}.half"
            half.write_text(json.dumps(row), encoding="utf-8")
            half.replace(self._folder / f"{token}.json")

        await asyncio.to_thread(write)


def _token(some_id: str) -> str:
    found = re.fullmatch(r"(?:cks|pay)_([0-9a-f]{32})", some_id)
    if found is None:
        raise NotFound
    return found[1]


def _seen(row: Mapping[str, Any]) -> Seen:
    seen = read_payment(row)
    others = [*(read_refund(one) for one in row["refunds"]), *(read_dispute(one) for one in row["disputes"])]
    facts = (*seen.facts, *(fact for fact in others if fact))
    return replace(seen, facts=facts)


def _paid(row: dict[str, Any], outcome: str) -> tuple[str, dict[str, Any]]:
    if outcome not in WORDS:
        raise NotFound
    if row["status"] == "succeeded":
        raise Conflict("This checkout is paid already.")
    row["status"] = WORDS[outcome]
    data = {name: value for name, value in row.items() if name != "return_url"}
    return f"payment.{WORDS[outcome]}", {"payload_type": "Payment", **data}


def _disputed(row: dict[str, Any], outcome: str) -> tuple[str, dict[str, Any]]:
    if row["status"] != "succeeded" or (outcome != "dispute" and not row["disputes"]):
        raise Conflict("There is nothing to dispute here.")
    word = DISPUTES[outcome]
    dispute = {"dispute_id": f"dsp_{_token(row['payment_id'])[:12]}", "payment_id": row["payment_id"]}
    row["disputes"] = [{**dispute, "dispute_status": f"dispute_{word}", "dispute_stage": "dispute"}]
    return f"dispute.{word}", {"payload_type": "Dispute", **row["disputes"][0]}
