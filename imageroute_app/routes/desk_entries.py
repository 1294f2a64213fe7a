"""The forms of the desk that write into a register: a request by an authority, a breach, a change of ownership."""

from dataclasses import replace
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from imageroute_app.domain.case_rules import RULES
from imageroute_app.domain.cases import Kind
from imageroute_app.domain.data_map import Category
from imageroute_app.domain.errors import ImageRouteError, InvalidInput
from imageroute_app.domain.registers import Facts
from imageroute_app.routes.case_forms import form_page
from imageroute_app.routes.confirm import PROOF
from imageroute_app.routes.forms import Form
from imageroute_app.services.house import Services
from imageroute_app.services.registers import Entry

ENTRY_FIELDS = (
    "kind", "text", "account", "authority", "statute", "scope", "gag_until", "categories", "since", "until", "is_drill",
    "new_owner", *PROOF,
)  # fmt: skip
REGISTERS = (Kind.LEGAL, Kind.BREACH, Kind.OWNERSHIP)


def read_entry(kind: Kind, form: Form) -> Entry:
    """Return what was written into the form of a register; raises InvalidInput."""
    names = ("authority", "statute", "scope", "categories", "new_owner", "is_drill")
    facts = Facts(**{name: form.get(name).strip() for name in names})
    times = {name: read_moment(form.get(name), name) for name in ("gag_until", "since", "until")}
    return Entry(kind=kind, text=form.get("text"), facts=replace(facts, **times), account=form.get("account"))


def read_moment(text: str, field: str) -> str:
    """Return a time of a form as the registers keep it; one without a zone is UTC."""
    if not text.strip():
        return ""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidInput("Give a date and time like 2026-11-26 14:00.", field=field) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def entry_page(
    request: Request, services: Services, kind: Kind, form: Form, error: ImageRouteError | None = None
) -> Response:
    """Show the form of a register."""
    return form_page(
        request,
        services,
        "desk_entry.html",
        form=form,
        error=error,
        kind=kind.value,
        title=RULES[kind].title,
        categories=[one.value for one in Category if one is not Category.HOUSE],
    )
