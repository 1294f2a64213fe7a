"""Policies and facts that anyone can read: no account, no cookie, no script. Tables come from the data map, not from text."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from imageroute_app.domain.catalog import DataPolicy, Model
from imageroute_app.domain.data_map import (
    COOKIES,
    DATA_MAP,
    FILES,
    MEDIA_PREFIXES,
    RECEIVERS,
    STORAGE_KEYS,
    SYSTEM_TABLES,
    Protection,
    Receiver,
    Table,
)
from imageroute_app.domain.gallery import TRASH_DAYS
from imageroute_app.routes.pagekit import PUBLIC, CurrentServices, Endpoint, render
from imageroute_app.services.house import Services
from imageroute_app.services.retention import OUTBOX_DAYS, QUOTE_DAYS

PAGES = ("privacy", "terms", "cookies", "processors", "trust", "contact", "report", "support")
SECURITY_TXT_EXPIRES = "2027-11-01T00:00:00Z"
GPC_SINCE = "2026-11-25"
CLOSED_TO_ROBOTS = (
    "/api/",
    "/auth/",
    "/media/",
    "/exports/",
    "/receipts/",
    "/create",
    "/gallery",
    "/trash$",
    "/usage",
    "/account",
    "/outbox",
)
KEPT = {"Cache-Control": "public, max-age=3600"}


def public_routes(current: CurrentServices) -> list[Route]:
    """Return the reading pages and the well-known files."""
    files: dict[str, Callable[[Services], Response]] = {
        "/robots.txt": _robots,
        "/.well-known/security.txt": _security,
        "/.well-known/gpc.json": _gpc,
        "/.well-known/change-password": _change_password,
    }
    return [
        *(Route(f"/{name}", _page(current, name), methods=["GET"]) for name in PAGES),
        *(Route(path, _file(current, build), methods=["GET"]) for path, build in files.items()),
    ]


def _page(current: CurrentServices, name: str) -> Endpoint:
    async def show(request: Request) -> Response:
        services = current()
        return render(request, services, f"{name}.html", headers=PUBLIC, **_facts(request, services))

    return show


def _facts(request: Request, services: Services) -> dict[str, Any]:
    models = services.routing.models()
    keepers = [RECEIVERS[name] for name in services.site.receivers]
    return {
        "tables": DATA_MAP,
        "system_tables": SYSTEM_TABLES,
        "cookies": COOKIES,
        "storage": STORAGE_KEYS,
        "folders": {**MEDIA_PREFIXES, **FILES},
        "receivers": (*keepers, *_companies(models)),
        "keepers": keepers,
        "policies": _policies(models),
        "local": [model for model in models if not model.is_networked],
        "rules": services.rules,
        "sends_mail": services.outbox is None,
        "held": [_held(table) for table in DATA_MAP.values()],
        "offered": [_offered(model) for model in models],
        "sealed_count": sum(len(_protected(table)) for table in DATA_MAP.values()),
        "gpc": request.headers.get("sec-gpc") == "1",
        "trash_days": TRASH_DAYS,
        "outbox_days": OUTBOX_DAYS,
        "quote_days": QUOTE_DAYS,
    }


def _policies(models: Sequence[Model]) -> list[DataPolicy]:
    """Return what each company outside says about data, once for each."""
    return list({model.policy.company: model.policy for model in models if model.is_networked}.values())


def _companies(models: Sequence[Model]) -> list[Receiver]:
    """Return the companies outside that get a prompt when a person chooses one of their models."""
    received = ("the prompt", "pictures you add to it", "size and settings")
    chosen = "when you choose one of its models, or your rule lets it take over"
    return [
        Receiver(name=f"{policy.company}, {policy.country},", receives=received, when=chosen)
        for policy in _policies(models)
    ]


def _held(table: Table) -> tuple[str, ...]:
    """Return one line of "What we hold"."""
    sealed = ", ".join(_protected(table)) or "no free text"
    return (table.purpose, *(_sentence(text) for text in (sealed, table.basis, table.kept, table.erased)))


def _offered(model: Model) -> tuple[str, ...]:
    """Return one line of the models and what their makers say about data."""
    policy = model.policy
    return (
        model.name,
        policy.company,
        policy.country,
        policy.retention_text,
        policy.training_text,
        _sentence(policy.human_review),
        policy.checked_on.isoformat(),
        policy.source,
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _protected(table: Table) -> list[str]:
    """Return the fields of a table that cannot be read without a key."""
    return [name.replace("_", " ") for name, how in table.fields.items() if how is not Protection.PLAIN]


def _file(current: CurrentServices, build: Callable[[Services], Response]) -> Endpoint:
    async def show(_request: Request) -> Response:
        return build(current())

    return show


def _robots(_services: Services) -> Response:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED_TO_ROBOTS)]
    return PlainTextResponse("\n".join(lines) + "\n", headers=KEPT)


def _security(services: Services) -> Response:
    origin, email = services.rules.origin, services.site.controller_email
    lines = (
        f"Contact: {'mailto:' + email if email else origin + '/contact'}",
        f"Expires: {SECURITY_TXT_EXPIRES}",
        "Preferred-Languages: en",
        f"Canonical: {origin}/.well-known/security.txt",
        f"Policy: {origin}/report",
    )
    return PlainTextResponse("\n".join(lines) + "\n", headers=KEPT)


def _gpc(_services: Services) -> Response:
    return JSONResponse({"gpc": True, "lastUpdate": GPC_SINCE}, headers=KEPT)


def _change_password(_services: Services) -> Response:
    return RedirectResponse("/account", status_code=302, headers=KEPT)
