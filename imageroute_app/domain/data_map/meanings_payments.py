"""What the fields of orders, payments and spending limits mean."""

from collections.abc import Mapping

from imageroute_app.domain.data_map.meanings import Meaning, us, you

_MINOR = "smallest unit of the currency"

OF_PAYMENTS: Mapping[str, Mapping[str, Meaning]] = {
    "orders": {
        "number": us("The order's number, as it stands on the receipt"),
        "seller": us("Which payment service sold it"),
        "pack": you("What you chose"),
        "product_id": us("The payment service's number for it"),
        "credits": us("How many credits it brings", "credits"),
        "price_minor": us("Its price before tax", _MINOR),
        "currency": us("The currency of the price"),
        "session_id": us("The payment service's number for the page where you paid"),
        "url": us("The address of that page"),
        "check_at": us("When we ask the payment service next, if we hear nothing", "UTC"),
        "checks": us("How often we have asked"),
    },
    "payments": {
        "order_id": us("The order that it pays"),
        "payment_id": us("The payment service's number for it"),
        "total_minor": us("What was paid, tax included", _MINOR),
        "tax_minor": us("The tax in it", _MINOR),
        "currency": us("The currency it was paid in"),
        "credits": us("How many credits it buys", "credits"),
        "customer_id": us("The payment service's number for you"),
        "invoice_id": us("The number of its invoice"),
        "facts": us("What the payment service said of it: kind, number, state and amount"),
        "paid_at": us("When it was made", "UTC"),
        "check_at": us("When we ask the payment service next, if something is open", "UTC"),
        "granted": us("Credits that came of it so far", "credits"),
        "taken": us("Credits taken back because it was refunded or disputed", "credits"),
        "spent": us("Credits that were due back but used; nobody is asked for them", "credits"),
        "moves": us("How often credits moved because of it"),
    },
    "spend_guards": {
        "per_job": you("The most one generation may cost; 0 is no limit", "credits"),
        "per_day": you("The most a day may cost; 0 is no limit", "credits"),
        "low_balance": you("The balance below which you are told; 0 is never", "credits"),
    },
    "bookings": {
        "payment_id": us("The payment service's number for it"),
        "number": us("The order's number"),
        "seller": us("Which payment service sold it"),
        "total_minor": us("What was paid, tax included", _MINOR),
        "tax_minor": us("The tax in it", _MINOR),
        "refunded_minor": us("What was given back of it", _MINOR),
        "currency": us("The currency it was paid in"),
        "credits": us("How many credits it bought", "credits"),
        "paid_at": us("When it was made", "UTC"),
        "drop_at": us("When the line is deleted", "UTC"),
    },
}
