"""Facts that public pages show: from the data map, the rules, the catalogues and the settings, never from text."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from starlette.requests import Request

from imageroute_app.domain.catalog import FACTS_HOLD, DataPolicy, Model
from imageroute_app.domain.data_map import (
    COOKIES,
    DATA_MAP,
    FILES,
    LOGS,
    MEDIA_PREFIXES,
    RECEIVERS,
    STORAGE_KEYS,
    SYSTEM_TABLES,
    Protection,
    Receiver,
    Table,
)
from imageroute_app.domain.gallery import TRASH_DAYS
from imageroute_app.domain.purposes import PURPOSES, Purpose
from imageroute_app.domain.retention import RULES
from imageroute_app.domain.transfers import is_outside, safeguard
from imageroute_app.services.house import Services


def facts(request: Request, services: Services) -> dict[str, Any]:
    """Return what the templates of public pages may show."""
    models = services.routing.models()
    helpers = [RECEIVERS[name] for name in services.site.receivers]
    return {
        "tables": DATA_MAP,
        "system_tables": SYSTEM_TABLES,
        "cookies": COOKIES,
        "storage": STORAGE_KEYS,
        "essential": [name for name, item in {**COOKIES, **STORAGE_KEYS}.items() if item.is_essential],
        "folders": {**MEDIA_PREFIXES, **FILES, **LOGS},
        "receivers": (*helpers, *_companies(models)),
        "helpers": helpers,
        "keepers": [helper for helper in helpers if helper.serves is Purpose.GALLERY],
        "sells": services.billing.is_open,
        "policies": _policies(models),
        "local": [model for model in models if not model.is_networked],
        "rules": services.rules,
        "sends_mail": services.outbox is None,
        "held": [_held(table) for table in DATA_MAP.values()],
        "offered": [_offered(model, services.statistics.now().date()) for model in models],
        "sealed_count": sum(len(_protected(table)) for table in DATA_MAP.values()),
        "gpc": request.headers.get("sec-gpc") == "1",
        "trash_days": TRASH_DAYS,
        "outbox_days": _days("outbox"),
        "quote_days": _days("quote"),
        "periods": [(r.what, r.kept, _sentence(r.starts), _sentence(r.action), r.reason) for r in RULES.values()],
        "transfers": _transfers(helpers, models),
        "bases": _bases(),
    }


def _policies(models: Sequence[Model]) -> list[DataPolicy]:
    """Return what each company outside says about data, once for each."""
    return list({model.policy.company: model.policy for model in models if model.is_networked}.values())


def _companies(models: Sequence[Model]) -> list[Receiver]:
    """Return the companies outside that get a prompt when a person chooses one of their models."""
    received = ("the prompt", "pictures you add to it", "size and settings")
    chosen = "when you choose one of its models, or your rule lets it take over"
    return [
        Receiver(
            name=f"{policy.company}, {policy.country},",
            receives=received,
            when=chosen,
            deletes="by its API, request by request, files included" if policy.deletes else "",
        )
        for policy in _policies(models)
    ]


def _transfers(keepers: Sequence[Receiver], models: Sequence[Model]) -> list[tuple[str, str, str, str]]:
    """Return company, country, safeguard and where its text can be read, for every company outside."""
    companies = [(one.name.partition(",")[0], country) for one in keepers for country in one.countries]
    companies += [(policy.company, policy.country) for policy in _policies(models) if is_outside(policy.country)]
    return [(name, land, safeguard(land).text, safeguard(land).copy_at) for name, land in dict.fromkeys(companies)]


def _bases() -> list[tuple[str, str]]:
    """Return each legal basis with the purposes that rest on it."""
    grouped: dict[str, list[str]] = {}
    for purpose in PURPOSES.values():
        grouped.setdefault(_sentence(purpose.basis), []).append(purpose.title.lower())
    return [(basis, ", ".join(words)) for basis, words in grouped.items()]


def _held(table: Table) -> tuple[str, ...]:
    """Return one line of "What we hold"."""
    sealed = ", ".join(_protected(table)) or "no free text"
    return (table.purpose, *(_sentence(text) for text in (sealed, table.basis, table.kept, table.erased)))


def _offered(model: Model, today: date) -> tuple[str, ...]:
    """Return one line of the models and what their makers say about data; what was not read again for long says so."""
    policy = model.policy
    is_old = today - policy.checked_on > FACTS_HOLD
    return (
        model.name,
        policy.company,
        policy.country,
        policy.retention_text,
        "By its API" if policy.deletes else "No API for it" if model.is_networked else "Nothing leaves",
        policy.training_text,
        _sentence(policy.human_review),
        policy.checked_on.isoformat() + (f", older than {FACTS_HOLD.days} days" if is_old else ""),
        policy.source,
    )


def _days(rule: str) -> int:
    return (RULES[rule].period or timedelta()).days


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _protected(table: Table) -> list[str]:
    """Return the fields of a table that cannot be read without a key."""
    return [name.replace("_", " ") for name, how in table.fields.items() if how is not Protection.PLAIN]
