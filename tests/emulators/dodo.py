"""Dodo Payments' API, its hosted page and its webhooks, as strict as the vendor (contracts/SERVICES.md 2, SDK 1.123.0).

A message carries the payment as it is when the message leaves, not as it was; a repeated message keeps its webhook-id. The
sender is the test: `send` posts one message, `payload` gives it to bend. Objects hold card, name and address, as Dodo's do.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx

from tests.emulators.kit import Emulator, Reply, Seen

KEY, WEBHOOK_KEY = "dodo-test-key", "whsec_" + base64.b64encode(b"dodo-webhook-secret-of-the-tests").decode()
PRODUCTS = {"small": ("pdt_small", 500), "medium": ("pdt_medium", 1000), "large": ("pdt_large", 2500)}
CHECKOUT_KEYS = {
    "product_cart", "customer", "return_url", "cancel_url", "metadata", "billing_currency", "billing_address",
    "allowed_payment_method_types", "discount_codes", "feature_flags", "customization", "confirm", "force_3ds", "tax_id",
    "show_saved_payment_methods",
}  # fmt: skip
FLAGS = {
    "allow_currency_selection", "allow_customer_editing_business_name", "allow_customer_editing_city",
    "allow_customer_editing_country", "allow_customer_editing_email", "allow_customer_editing_name",
    "allow_customer_editing_state", "allow_customer_editing_street", "allow_customer_editing_tax_id",
    "allow_customer_editing_zipcode", "allow_discount_code", "allow_editing_addons", "allow_phone_number_collection",
    "allow_tax_id", "always_create_new_customer", "redirect_immediately", "require_cardholder_name", "require_phone_number",
    "require_tax_id", "single_page",
}  # fmt: skip
RETRIES_S = (0, 5, 300, 1800, 7200, 18_000, 36_000, 36_000)  # [D]
LISTED = {
    "payment_id", "business_id", "brand_id", "status", "total_amount", "currency", "created_at", "customer", "metadata",
    "invoice_id", "card_last_four", "card_network", "card_type", "payment_method", "payment_method_type", "payment_provider",
    "checkout_session_id", "digital_products_delivered", "subscription_id",
}  # fmt: skip
"""What a list says of a payment [S]: no product, no tax, no refunds."""
REFUND_LISTED = {
    "refund_id", "payment_id", "business_id", "status", "amount", "currency", "is_partial", "reason", "created_at",
}  # fmt: skip
DISPUTE_LISTED = {
    "dispute_id", "payment_id", "business_id", "amount", "currency", "dispute_stage", "dispute_status", "payment_provider",
    "created_at",
}  # fmt: skip
REFUND_KEYS = {"payment_id", "items", "currency", "reason", "metadata"}
CUSTOMER_KEYS = {"name", "email", "phone_number", "metadata"}
SESSION_LIFE, REFUND_DAYS = timedelta(hours=24), 30
PAGE_MOST, PAGE_USUAL = 100, 10
TAX = 0.19
PDF = b"%PDF-1.4\n%emulated invoice\n%%EOF\n"


def problem(status: int, code: str) -> Reply:
    """Return an error in the vendor's shape [D]."""
    return Reply(status, {"code": code, "message": f"{code}: told in the vendor's words"})


@dataclass
class DodoEmulator(Emulator):
    """`webhook_url` is where messages go when a button of the hosted page is pressed; empty, nobody is told.

    `scenario.extra`: "outage" answers 500 to everything, "deaf" does what it is asked and then drops the connection,
    "price" is what every product costs and "price_type" how, "refund_status" is what a new refund says, "silent" sends no
    message, "pays_in" is another currency and how many of its units one of ours is, "whole_only" allows no partial refund.
    """

    key: str = KEY
    secrets_: list[str] = field(default_factory=lambda: [WEBHOOK_KEY])
    webhook_url: str = ""
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    payments: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    disputes: dict[str, dict[str, Any]] = field(default_factory=dict)
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    methods: dict[str, list[str]] = field(default_factory=dict)
    time: Callable[[], datetime] = lambda: datetime.now(UTC)
    sent: list[int] = field(default_factory=list)

    async def reply(self, seen: Seen) -> Reply:
        if seen.path.startswith("/session/"):
            return await self._page(seen)
        if self.scenario.extra.get("outage"):
            return problem(500, "INTERNAL_SERVER_ERROR")
        if failed := self.failing("submit"):
            return failed
        if seen.headers.get("authorization") != f"Bearer {self.key}":
            return problem(401, "UNAUTHORIZED")
        answer = self._route(seen)
        if self.scenario.extra.pop("deaf", None):
            return Reply(drop="before")
        return answer

    def _route(self, seen: Seen) -> Reply:
        routes: list[tuple[str, str, Callable[..., Reply]]] = [
            ("POST", r"/checkouts", self._open),
            ("GET", r"/checkouts/([^/]+)", self._session),
            ("GET", r"/products/([^/]+)", self._product),
            ("GET", r"/payments", lambda seen: self._list(seen, self.payments, LISTED)),
            ("GET", r"/refunds", lambda seen: self._list(seen, self.refunds, REFUND_LISTED)),
            ("GET", r"/disputes", lambda seen: self._list(seen, self.disputes, DISPUTE_LISTED)),
            ("GET", r"/payments/([^/]+)", lambda seen, one: self._found(self.payments, one)),
            ("GET", r"/payments/([^/]+)/line-items", self._items),
            ("POST", r"/refunds", self._refund),
            ("GET", r"/refunds/([^/]+)", lambda seen, one: self._found(self.refunds, one)),
            ("GET", r"/invoices/payments/([^/]+)", self._invoice),
            ("GET", r"/customers/([^/]+)", lambda seen, one: self._found(self.customers, one)),
            ("PATCH", r"/customers/([^/]+)", self._change),
            ("GET", r"/customers/([^/]+)/payment-methods", self._methods),
            ("DELETE", r"/customers/([^/]+)/payment-methods/([^/]+)", self._drop_method),
            ("POST", r"/customers/([^/]+)/customer-portal/session", self._portal),
        ]
        for method, pattern, answer in routes:
            found = re.fullmatch(pattern, seen.path)
            if found and method == seen.method:
                return answer(seen, *found.groups())
        return problem(404, "NOT_FOUND")

    # --- Checkout -----------------------------------------------------------------------------------------------------

    def _open(self, seen: Seen) -> Reply:
        body = seen.json
        if not isinstance(body, dict) or set(body) - CHECKOUT_KEYS or not _is_cart(body.get("product_cart")):
            return problem(422, "INVALID_REQUEST_BODY")
        metadata, customer = body.get("metadata", {}), body.get("customer", {})
        if not isinstance(metadata, dict) or len(metadata) > 50:
            return problem(422, "MAXIMUM_KEYS_REACHED")
        named = [{"customer_id"}, {"email"}, {"email", "name"}, {"email", "name", "phone_number"}, set()]
        if not isinstance(customer, dict) or set(customer) not in named or set(body.get("feature_flags", {})) - FLAGS:
            return problem(422, "INVALID_REQUEST_BODY")
        known = {product for product, _ in PRODUCTS.values()}
        if any(line["product_id"] not in known for line in body["product_cart"]):
            return problem(404, "NOT_FOUND")
        if customer.get("customer_id") and customer["customer_id"] not in self.customers:
            return problem(404, "NOT_FOUND")
        session_id = f"cks_{secrets.token_hex(10)}"
        self.sessions[session_id] = {**body, "created_at": self.time(), "payment_id": None}
        self.billable += 1
        return Reply(200, {"session_id": session_id, "checkout_url": f"{self.url}/session/{session_id}"})

    def _session(self, seen: Seen, session_id: str) -> Reply:
        session = self.sessions.get(session_id)
        if session is None:
            return problem(404, "NOT_FOUND")
        payment = self.payments.get(session["payment_id"] or "")
        return Reply(200, {
            "id": session_id, "created_at": session["created_at"].isoformat(), "payment_id": session["payment_id"],
            "payment_status": payment["status"] if payment else None, "customer_email": None, "customer_name": None,
        })  # fmt: skip

    async def _page(self, seen: Seen) -> Reply:
        session_id = seen.path.rpartition("/")[2]
        session = self.sessions.get(session_id)
        if session is None or self.time() - session["created_at"] > SESSION_LIFE:
            return Reply(410, b"This page is over.", {"content-type": "text/plain"})
        if seen.method == "GET":
            buttons = "".join(
                f"<button name=outcome value={one}>{one}</button>" for one in ("succeed", "fail", "cancel")
            )
            html = f"<!doctype html><html lang=en><title>Pay</title><h1>Dodo (emulated)</h1><form method=post>{buttons}</form>"
            return Reply(200, html.encode(), {"content-type": "text/html"})
        outcome = dict(parse_qsl(seen.body.decode())).get("outcome", "")
        paid = self.pay(session_id, {"succeed": "succeeded", "fail": "failed", "cancel": "cancelled"}.get(outcome, ""))
        if paid is None:
            return problem(409, "CHECKOUT_SESSION_CONSUMED")
        if not self.scenario.extra.get("silent"):
            await self.send(f"payment.{paid['status']}", paid["payment_id"])
        back = f"{session['return_url']}?payment_id={paid['payment_id']}&status={paid['status']}"
        return Reply(303, b"", {"location": back})

    def pay(self, session_id: str, status: str) -> dict[str, Any] | None:
        """Let a customer pay, fail or cancel; None when the session was paid before."""
        session = self.sessions[session_id]
        before = self.payments.get(session["payment_id"] or "")
        if before and before["status"] == "succeeded":
            return None
        customer = self._customer(session.get("customer", {}))
        payment_id = f"pay_{secrets.token_hex(10)}"
        price = sum(_price(line["product_id"]) * line["quantity"] for line in session["product_cart"])
        currency, rate = self.scenario.extra.get("pays_in", ("USD", 1))
        settled, tax = round(price * (1 + TAX)), round(round(price * TAX) * rate)
        total = round(settled * rate)
        self.payments[payment_id] = {
            "payment_id": payment_id, "business_id": "bus_1", "brand_id": "bus_1", "status": status,
            "total_amount": total, "tax": tax, "currency": currency, "settlement_amount": settled,
            "settlement_currency": "USD", "settlement_tax": round(price * TAX), "updated_at": None,
            "created_at": self.time().isoformat(),
            "customer": {name: customer[name] for name in ("customer_id", "email", "name")},
            "billing": {"street": "Payer Street 5", "city": "Payerton", "zipcode": "10115", "country": "DE", "state": "BE"},
            "card_last_four": "4242", "card_network": "VISA", "card_type": "CREDIT", "card_issuing_country": "DE",
            "card_holder_name": "Paula Payer", "payment_method": "card", "payment_method_type": "credit",
            "payment_provider": "stripe", "checkout_session_id": session_id, "product_cart": session["product_cart"],
            "metadata": session.get("metadata", {}), "invoice_id": f"inv_{secrets.token_hex(4)}",
            "digital_products_delivered": False, "disputes": [], "refunds": [], "subscription_id": None,
            "error_code": "CARD_DECLINED" if status == "failed" else None,
            "error_message": "Card 4000000000000002 was declined" if status == "failed" else None,
        }  # fmt: skip
        session["payment_id"] = payment_id
        return self.payments[payment_id]

    def _customer(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("customer_id"):
            return self.customers[asked["customer_id"]]
        customer_id = f"cus_{secrets.token_hex(8)}"
        self.customers[customer_id] = {
            "customer_id": customer_id, "business_id": "bus_1", "email": asked.get("email", "typed@example.com"),
            "name": "Paula Payer", "phone_number": "+4930123456", "metadata": {}, "created_at": self.time().isoformat(),
        }  # fmt: skip
        self.methods[customer_id] = [f"pm_{secrets.token_hex(6)}"]
        return self.customers[customer_id]

    def _product(self, seen: Seen, product_id: str) -> Reply:
        if product_id not in {product for product, _ in PRODUCTS.values()}:
            return problem(404, "NOT_FOUND")
        amount = self.scenario.extra.get("price", _price(product_id))
        kind = self.scenario.extra.get("price_type", "one_time_price")
        price = {"type": kind, "currency": "USD", "price": amount, "tax_inclusive": False, "discount": 0}
        return Reply(200, {"product_id": product_id, "name": "Credits", "tax_category": "saas", "price": price})

    # --- Payments and refunds -----------------------------------------------------------------------------------------

    def _found(self, rows: dict[str, dict[str, Any]], one: str) -> Reply:
        return Reply(200, rows[one]) if one in rows else problem(404, "NOT_FOUND")

    def _list(self, seen: Seen, all_rows: dict[str, dict[str, Any]], shown: set[str]) -> Reply:
        number, size = int(seen.query.get("page_number", 0)), int(seen.query.get("page_size", PAGE_USUAL))
        if size > PAGE_MOST:
            return problem(422, "INVALID_REQUEST_PARAMETERS")
        since = seen.query.get("created_at_gte", "")
        rows = [row for row in all_rows.values() if not since or row["created_at"] >= since]
        page = rows[number * size : (number + 1) * size]
        return Reply(200, {"items": [{name: row[name] for name in shown if name in row} for row in page]})

    def _items(self, seen: Seen, payment_id: str) -> Reply:
        payment = self.payments.get(payment_id)
        if payment is None:
            return problem(404, "NOT_FOUND")
        item = {
            "items_id": payment["product_cart"][0]["product_id"], "amount": payment["total_amount"], "tax": payment["tax"],
            "refundable_amount": self._left(payment),
        }  # fmt: skip
        allowed = not self.scenario.extra.get("whole_only")
        return Reply(200, {"currency": payment["currency"], "items": [item], "partial_refund_allowed": allowed})

    def _left(self, payment: dict[str, Any]) -> int:
        given = [self.refunds[one["refund_id"]] for one in payment["refunds"]]
        return payment["total_amount"] - sum(one["amount"] for one in given if one["status"] != "failed")

    def _refund(self, seen: Seen) -> Reply:
        body = seen.json
        if not isinstance(body, dict) or set(body) - REFUND_KEYS:
            return problem(422, "INVALID_REQUEST_BODY")
        payment = self.payments.get(body.get("payment_id", ""))
        if payment is None or payment["status"] != "succeeded":
            return problem(404, "NOT_FOUND")
        return self._refused(body, payment) or self._given(body, payment)

    def _refused(self, body: dict[str, Any], payment: dict[str, Any]) -> Reply | None:  # noqa: PLR0911  # a refusal each
        if self.time() - datetime.fromisoformat(payment["created_at"]) > timedelta(days=REFUND_DAYS):
            return problem(400, "REFUND_WINDOW_EXPIRED")
        left, items = self._left(payment), body.get("items")
        if left <= 0:
            return problem(409, "PAYMENT_ALREADY_REFUNDED")
        if items is None:
            return None
        if not _is_items(items, payment) or body.get("currency") not in (None, payment["currency"]):
            return problem(422, "INVALID_REQUEST_BODY")
        if len({item["item_id"] for item in items}) < len(items):
            return problem(422, "DUPLICATE_LINE_ITEMS_IN_REQUEST")
        if self.scenario.extra.get("whole_only"):
            return problem(400, "INVALID_REQUEST_BODY")  # [?]
        return problem(400, "REFUND_AMOUNT_EXCEEDS_PAID_AMOUNT") if self._asked(body, payment) > left else None

    def _asked(self, body: dict[str, Any], payment: dict[str, Any]) -> int:
        """Return the amount of a partial refund in the payment's currency; without one it is in the settlement's [S]."""
        amount = sum(item["amount"] for item in body["items"])
        if body.get("currency"):
            return amount
        return round(amount * payment["total_amount"] / payment["settlement_amount"])

    def _given(self, body: dict[str, Any], payment: dict[str, Any]) -> Reply:
        amount = self._left(payment) if body.get("items") is None else self._asked(body, payment)
        refund_id = f"ref_{secrets.token_hex(8)}"
        self.refunds[refund_id] = {
            "refund_id": refund_id, "payment_id": payment["payment_id"], "business_id": "bus_1", "brand_id": "bus_1",
            "status": self.scenario.extra.get("refund_status", "succeeded"), "amount": amount, "currency": payment["currency"],
            "is_partial": amount < payment["total_amount"], "reason": body.get("reason"), "customer": payment["customer"],
            "metadata": body.get("metadata", {}), "created_at": self.time().isoformat(),
        }  # fmt: skip
        payment["refunds"].append({name: self.refunds[refund_id][name] for name in REFUND_LISTED})
        self.billable += 1
        return Reply(200, self.refunds[refund_id])

    def _invoice(self, seen: Seen, payment_id: str) -> Reply:
        if payment_id not in self.payments:
            return problem(404, "NOT_FOUND")
        return Reply(200, PDF, {"content-type": "application/pdf"})

    # --- Customers ----------------------------------------------------------------------------------------------------

    def _change(self, seen: Seen, customer_id: str) -> Reply:
        body = seen.json
        if not isinstance(body, dict) or set(body) - CUSTOMER_KEYS:
            return problem(422, "INVALID_REQUEST_BODY")
        if customer_id not in self.customers:
            return problem(404, "NOT_FOUND")
        self.customers[customer_id] |= body
        return Reply(200, self.customers[customer_id])

    def _methods(self, seen: Seen, customer_id: str) -> Reply:
        if customer_id not in self.customers:
            return problem(404, "NOT_FOUND")
        return Reply(200, {"items": [{"payment_method_id": one} for one in self.methods[customer_id]]})

    def _drop_method(self, seen: Seen, customer_id: str, method_id: str) -> Reply:
        if method_id not in self.methods.get(customer_id, []):
            return problem(404, "NOT_FOUND")
        self.methods[customer_id].remove(method_id)
        return Reply(204)

    def _portal(self, seen: Seen, customer_id: str) -> Reply:
        if seen.body:
            return problem(422, "INVALID_REQUEST_BODY")
        if customer_id not in self.customers:
            return problem(404, "NOT_FOUND")
        return Reply(200, {"link": f"{self.url}/session/portal-{customer_id}"})

    # --- Messages -----------------------------------------------------------------------------------------------------

    def payload(self, kind: str, payment_id: str, **changes: Any) -> bytes:
        """Return the body of a message about a payment, with the payment as it is now."""
        subject, _, word = kind.partition(".")
        payment = self.payments[payment_id]
        data: dict[str, Any] = {"payload_type": subject.capitalize(), **payment}
        if subject == "refund":
            data = {"payload_type": "Refund", **self.refunds[payment["refunds"][-1]["refund_id"]]}
        if subject == "dispute":
            data = {"payload_type": "Dispute", **self.dispute(payment_id, word)}
        envelope = {"business_id": "bus_1", "type": kind, "timestamp": self.time().isoformat(), "data": data | changes}
        return json.dumps(envelope).encode()

    def dispute(self, payment_id: str, word: str) -> dict[str, Any]:
        """Let the bank open a dispute or say what came of it; returns it."""
        payment, dispute_id = self.payments[payment_id], f"dsp_{payment_id[4:16]}"
        known = self.disputes.get(dispute_id, {"created_at": self.time().isoformat()})
        self.disputes[dispute_id] = {
            **known, "dispute_id": dispute_id, "payment_id": payment_id, "amount": str(payment["total_amount"]),
            "currency": payment["currency"], "dispute_stage": "dispute", "dispute_status": f"dispute_{word}",
            "business_id": "bus_1", "brand_id": "bus_1", "payment_provider": "stripe", "reason": None, "remarks": None,
        }  # fmt: skip
        payment["disputes"] = [{name: self.disputes[dispute_id][name] for name in DISPUTE_LISTED}]
        return self.disputes[dispute_id]

    async def deliver(
        self,
        kind: str,
        payment_id: str,
        post: Callable[[dict[str, str], bytes], Awaitable[int]],
        pass_time: Callable[[float], object],
    ) -> list[int]:
        """Send a message until it is answered well, as long as the vendor does, the payment as it is at each try."""
        codes, message_id = [], f"msg_{secrets.token_hex(8)}"
        for wait_s in RETRIES_S:
            pass_time(wait_s)
            body = self.payload(kind, payment_id)
            codes.append(await post(self.signed(body, message_id), body))
            if 200 <= codes[-1] < 300:
                break
        return codes

    def signed(self, body: bytes, message_id: str = "", *, at: datetime | None = None) -> dict[str, str]:
        """Return the headers of a message, with a signature by each secret that holds at present."""
        message_id, stamp = message_id or f"msg_{secrets.token_hex(8)}", str(int((at or self.time()).timestamp()))
        signatures = [
            base64.b64encode(
                hmac.new(
                    base64.b64decode(secret[6:]), f"{message_id}.{stamp}.".encode() + body, hashlib.sha256
                ).digest()
            ).decode()
            for secret in self.secrets_
        ]
        shown = " ".join(f"v1,{one}" for one in signatures)
        return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": shown}

    async def send(self, kind: str, payment_id: str, *, times: int = 1, message_id: str = "") -> list[int]:
        """Send a message that many times at once with one id; returns the answers, which are also in `sent`."""
        if not self.webhook_url:
            return []
        body = self.payload(kind, payment_id)
        headers = {"content-type": "application/json", **self.signed(body, message_id)}
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            answers = await asyncio.gather(
                *(client.post(self.webhook_url, content=body, headers=headers) for _ in range(times))
            )
        codes = [answer.status_code for answer in answers]
        self.sent += codes
        return codes


def _price(product_id: str) -> int:
    return next(price for product, price in PRODUCTS.values() if product == product_id)


def _is_cart(cart: Any) -> bool:
    if not isinstance(cart, list) or not 1 <= len(cart) <= 20:
        return False
    keys = {"product_id", "quantity", "amount", "addons", "credit_entitlements"}
    return all(
        isinstance(line, dict) and not set(line) - keys and {"product_id", "quantity"} <= set(line) for line in cart
    )


def _is_items(items: Any, payment: dict[str, Any]) -> bool:
    if not isinstance(items, list) or not items:
        return False
    keys = {"item_id", "amount", "tax_inclusive"}
    wanted = payment["product_cart"][0]["product_id"]
    return all(isinstance(one, dict) and not set(one) - keys and one.get("item_id") == wanted for one in items)


def settings_of(emulator: DodoEmulator) -> dict[str, str]:
    """Return the settings that make the product sell through this emulator."""
    return {
        "IMAGEROUTE_PAYMENTS": "dodo",
        "IMAGEROUTE_DODO_KEY": emulator.key,
        "IMAGEROUTE_DODO_WEBHOOK_KEY": emulator.secrets_[0],
        "IMAGEROUTE_DODO_PRODUCTS": ",".join(f"{pack}={product}" for pack, (product, _) in PRODUCTS.items()),
        "IMAGEROUTE_DODO_URL": emulator.url,
    }
