"""What the fields of generations and credits mean."""

from collections.abc import Mapping

from imageroute_app.domain.data_map.meanings import Meaning, us, you

OF_MAKING: Mapping[str, Mapping[str, Meaning]] = {
    "drafts": {"form": you("The fields of the form as you left them, as JSON")},
    "quotes": {
        "slot": us("A keyed hash of the request, so that the same request has one price"),
        "plan": us("Who would get the request, first to last"),
        "closed": us("Who was left out, and why"),
        "unit_credits": us("Price of one picture", "credits"),
        "price_credits": us("The whole price that bound us", "credits"),
        "follows_job": us("The generation that came before"),
    },
    "jobs": {
        "quote_id": us("The price that it was made for"),
        "compare_id": us("The comparison that it was part of"),
        "held_credits": us("Set aside when you asked", "credits"),
        "charged_credits": us("What it cost you", "credits"),
        "delivered": us("How many pictures came", "pictures"),
        "attempts": us("How often a worker took it up", "times"),
        "cancel_requested": you("Whether you asked to stop it"),
        "failure_code": us("Why it failed, as a code"),
        "failure_message": us("Why it failed, as you were told"),
        "drop_at": us("When the row is removed because it delivered nothing", "UTC"),
    },
    "attempts": {
        "number": us("Which try it was"),
        "company": us("The company that received your request"),
        "country": us("The country that the company is in"),
        "region": us("Where it was processed"),
        "retention": us("How long the company says it keeps what it gets"),
        "trains": us("What the company says about training on it"),
        "review": us("What the company says about people reading it"),
        "source": us("Where the company says so"),
        "checked_on": us("When we last read that"),
        "rule": us("Your rule as it stood then"),
        "asked": us("How many pictures were asked for", "pictures"),
        "outcome": us("How it ended"),
        "code": us("Why it failed, as a code"),
        "billed": us("Whether the company charged us"),
        "job_ref": us("The company's own number for it"),
        "notes": us("Options that were dropped or changed"),
        "charged_credits": us("What it cost you", "credits"),
        "list_micro_usd": us("What it cost at list price", "millionths of a US dollar"),
        "cost_micro_usd": us("What the company reported as its price", "millionths of a US dollar"),
    },
    "preferences": {
        "rule": you("Your rule for who may get your prompts"),
        "settings_in_files": you("Whether downloads carry their settings"),
    },
    "ledger": {
        "amount": us("Credits that came or went", "credits"),
        "balance_after": us("Your balance after it", "credits"),
        "dedupe_key": us("What keeps a line from being written twice"),
    },
    "wallets": {"available": us("Your balance", "credits")},
}
