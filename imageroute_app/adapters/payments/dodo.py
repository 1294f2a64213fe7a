"""Dodo Payments: domain.ports.Payments over its HTTP API, as its SDK 1.123.0 puts it on the wire (read 2026-11-25).

Principles: every request names one host; nothing that moves money is sent twice by itself, because Dodo knows no idempotency
key: what is unknown is looked up by the id that we put into the metadata. Its pages are counted by hand from 0 (the SDK's own
paging leaves out page 1). Of a payment only what messages.py names is read.
"""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from imageroute_app.adapters.payments.dodo_api import DodoApi, NotSetUp, listed
from imageroute_app.adapters.payments.messages import (
    ORDER,
    REFUND,
    read_dispute,
    read_message,
    read_part,
    read_payment,
    read_refund,
)
from imageroute_app.adapters.webhooks import verify
from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.payments import Buyer, Checkout, Message, Order, Pack, Seen, Seller
from imageroute_app.domain.ports import Clock, Refused
from imageroute_app.domain.settlement import Fact

log = logging.getLogger(__name__)

SELLER = Seller(
    key="dodo",
    name="Dodo Payments",
    countries=("United States",),
    receives="Your email address, what you buy and the order's number; and what you type on its page, your card included.",
    keeps="Payments and invoices for as long as the law makes a seller keep them.",
)
HOSTS = {"test": "https://test.dodopayments.com", "live": "https://live.dodopayments.com"}
PAGE_SIZE, PAGES_MAX = 100, 100
REFUNDS_MAX = 50
DISPUTES_LAST = timedelta(days=120)
"""For how long a bank may take over a dispute; what comes of it is looked for that long."""
ERASED = "Erased"
NOT_IN_PART = "This way of paying allows no refund of a part. Write to us, and we find another way."
OTHER_PRICE = "The seller asks another price than we show. Nothing was ordered; the operator must put it right."
KEY_REFUSED = (
    "Dodo refuses our key: look at IMAGEROUTE_DODO_KEY, and whether IMAGEROUTE_DODO_MODE is the world that it is of."
)
NO_PRODUCT = "Dodo knows no product {product}, which IMAGEROUTE_DODO_PRODUCTS names for the pack {pack}."
PRICE_DIFFERS = (
    "Dodo's product {product} is not paid once with {price} {currency} (smallest unit), as the pack {pack} is."
)
OFFLINE = "erased.invalid"
"""A domain that can never get mail (RFC 2606)."""


class DodoPayments:
    """domain.ports.Payments."""

    seller = SELLER

    def __init__(self, api: DodoApi, *, secrets: Sequence[bytes], products: Mapping[str, str], clock: Clock) -> None:
        """Reach Dodo through `api`; `secrets` sign its messages, old and new while one is being replaced."""
        self._api, self._secrets, self._clock = api, tuple(secrets), clock
        self.products = products

    async def checkout(self, order: Order, buyer: Buyer) -> Checkout:
        """Open a page where the order can be paid once, if Dodo asks there what we say that it costs."""
        await self._check_price(order)
        known = {"customer_id": buyer.customer_id} if buyer.customer_id else {"email": buyer.email}
        answer = await self._api.post(
            "checkouts",
            {
                "product_cart": [{"product_id": order.product_id, "quantity": 1}],
                "customer": known,
                "return_url": buyer.return_url,
                "cancel_url": buyer.return_url,
                "metadata": {ORDER: order.number},
                "feature_flags": {
                    "allow_discount_code": False,
                    "allow_phone_number_collection": False,
                    # Dodo finds customers by their address; two people of ours must never become one there.
                    "always_create_new_customer": not buyer.customer_id,
                },
            },
        )
        session_id, url = answer.get("session_id"), answer.get("checkout_url")
        if not isinstance(session_id, str) or not isinstance(url, str) or not self._is_theirs(url):
            log.error("dodo.strange_checkout")
            raise Unavailable("The payment service did not open its page. Nothing was ordered; try again in a moment.")
        return Checkout(session_id=session_id, url=url)

    async def _check_price(self, order: Order) -> None:
        """Refuse a product that costs something else, or that is paid again and again: we show one price for one time."""
        if not await self._is_asked(order.product_id, order.price_minor, order.currency):
            log.error("dodo.other_price", extra={"product": order.product_id})
            raise Unavailable(OTHER_PRICE)

    async def _is_asked(self, product_id: str, price_minor: int, currency: str) -> bool:
        """Say whether a product is paid once there, with this price; raises NotFound."""
        price = (await self._api.get(f"products/{product_id}")).get("price")
        asked = [price.get(name) for name in ("type", "price", "currency")] if isinstance(price, dict) else []
        return asked == ["one_time_price", price_minor, currency]

    async def probe(self, packs: Sequence[Pack]) -> str:
        """Return what the operator has to mend so that every pack can be bought, empty when nothing; raises Unavailable."""
        for pack in (one for one in packs if one.id in self.products):
            product = self.products[pack.id]
            try:
                is_asked = await self._is_asked(product, pack.price_minor, pack.currency)
            except NotSetUp:
                return KEY_REFUSED
            except NotFound:
                return NO_PRODUCT.format(product=product, pack=pack.id)
            if not is_asked:
                return PRICE_DIFFERS.format(
                    product=product, pack=pack.id, price=pack.price_minor, currency=pack.currency
                )
        return ""

    async def paid_by(self, session_id: str) -> str:
        """Return the payment that came of a checkout, empty while there is none."""
        found = (await self._api.get(f"checkouts/{session_id}")).get("payment_id")
        return found if isinstance(found, str) else ""

    async def payment(self, payment_id: str) -> Seen:
        """Return what is known there now; raises NotFound."""
        row = await self._api.get(f"payments/{payment_id}")
        seen = read_payment(row)
        facts = [*seen.facts, *await self._refunds(row)]
        facts += [fact for one in listed(row, "disputes") if (fact := read_dispute(one))]
        return replace(seen, facts=tuple(facts))

    async def _refunds(self, row: Mapping[str, Any]) -> list[Fact]:
        """Return the refunds of a payment, each read whole: a list does not say which of ours it is."""
        found: list[Fact] = []
        for one in listed(row, "refunds")[:REFUNDS_MAX]:
            fact = read_refund(await self._api.get(f"refunds/{one.get('refund_id')}"), row)
            if fact is None:
                log.error("dodo.strange_refund")
                continue
            found.append(fact)
        return found

    async def recent(self, since: datetime) -> list[Seen]:
        """Return what its lists say since then; they name no product, no tax and not which refund is ours."""
        found = [read_payment(row) async for row in self._pages("payments", created_at_gte=since.isoformat())]
        async for row in self._pages("refunds", created_at_gte=since.isoformat()):
            whole = await self._api.get(f"refunds/{row.get('refund_id')}")
            found += read_part(whole, read_refund(whole))
        disputed_since = since - DISPUTES_LAST
        async for row in self._pages("disputes", created_at_gte=disputed_since.isoformat()):
            found += read_part(row, read_dispute(row))
        return found

    async def _pages(self, path: str, **wanted: str) -> AsyncIterator[Mapping[str, Any]]:
        for number in range(PAGES_MAX):
            page = listed(await self._api.get(path, {**wanted, "page_number": number, "page_size": PAGE_SIZE}), "items")
            for row in page:
                yield row
            if not page:
                return
        log.warning("dodo.list_cut", extra={"pages": PAGES_MAX})

    async def refund(self, payment_id: str, fact: Fact, *, is_full: bool) -> Fact:
        """Give an amount back; what was given for this `ref` before is looked for first."""
        row = await self._api.get(f"payments/{payment_id}")
        for known in await self._refunds(row):
            if known.ref == fact.ref:
                return known
        wish: dict[str, Any] = {
            "payment_id": payment_id,
            "reason": "Unused credits",
            "metadata": {REFUND: fact.ref},
        }
        if not is_full:
            item = {"item_id": await self._item(payment_id), "amount": fact.amount_minor, "tax_inclusive": True}
            # Without a currency an amount is in the one that Dodo settles with us, not in the one that the person paid in.
            wish |= {"items": [item], "currency": row.get("currency")}
        done = read_refund(await self._api.post("refunds", wish), row)
        return done or Fact(about=fact.about, ref=fact.ref, state="pending", amount_minor=fact.amount_minor)

    async def _item(self, payment_id: str) -> str:
        answer = await self._api.get(f"payments/{payment_id}/line-items")
        if answer.get("partial_refund_allowed") is False:
            raise Refused(NOT_IN_PART)
        items = listed(answer, "items")
        found = items[0].get("items_id") if len(items) == 1 else None
        if not isinstance(found, str):
            raise NotFound
        return found

    async def invoice(self, payment_id: str) -> bytes:
        """Return the seller's invoice as a PDF."""
        data = await self._api.file(f"invoices/payments/{payment_id}")
        if not data.startswith(b"%PDF"):
            raise Unavailable("The seller's invoice cannot be fetched right now. Try again in a moment.")
        return data

    async def portal(self, customer_id: str, return_url: str) -> str:
        """Return the address of Dodo's own page about this customer."""
        path = f"customers/{customer_id}/customer-portal/session"
        link = (await self._api.post(path, None, {"return_url": return_url})).get("link")
        return link if isinstance(link, str) and self._is_theirs(link) else ""

    async def correct(self, customer_id: str, email: str) -> None:
        """Tell Dodo the customer's address of today."""
        await self._api.patch(f"customers/{customer_id}", {"email": email})

    async def forget(self, customer_id: str, session_ids: Sequence[str]) -> bool:
        """Take cards, name and address out of the customer; Dodo has no deletion, so it is read back."""
        if not customer_id:
            return True
        path = f"customers/{customer_id}"
        address = f"{customer_id.lower()}@{OFFLINE}"
        try:
            for one in listed(await self._api.get(f"{path}/payment-methods"), "items"):
                await self._api.delete(f"{path}/payment-methods/{one.get('payment_method_id')}")
            await self._api.patch(path, {"name": ERASED, "email": address, "phone_number": None, "metadata": {}})
            now = await self._api.get(path)
        except NotFound:
            return True
        return now.get("name") == ERASED and now.get("email") == address and not now.get("phone_number")

    def read(self, headers: Mapping[str, str], body: bytes) -> Message:
        """Return what a webhook says; raises Forged before anything of it is looked at."""
        number = verify(self._secrets, headers, body, self._clock())
        return replace(read_message(body), number=number)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    def _is_theirs(self, url: str) -> bool:
        """Say whether a person may be sent to this address: https at Dodo, or where its API stands in for it."""
        wanted, base = urlsplit(url), urlsplit(self._api.url)
        if (wanted.scheme, wanted.netloc) == (base.scheme, base.netloc):
            return True
        host = wanted.hostname or ""
        return wanted.scheme == "https" and (host == "dodopayments.com" or host.endswith(".dodopayments.com"))


def read_products(text: str, packs: Sequence[str]) -> Mapping[str, str]:
    """Return the product of each pack from "small=pdt_1,large=pdt_2"; raises ValueError with the cure."""
    pairs: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        pack, _, product = part.partition("=")
        pairs[pack.strip()] = product.strip()
    wrong = sorted(set(pairs) - set(packs))
    if wrong or not all(pairs.values()):
        raise ValueError(f"give a product for each of {', '.join(packs)}, such as {packs[0]}=pdt_1")
    return pairs
