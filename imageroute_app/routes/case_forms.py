"""What the pages of cases share: longer forms with one small file, and how a case is shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from imageroute_app.domain.authorities import LIST_URL, likely_authority
from imageroute_app.domain.case_progress import Progress
from imageroute_app.domain.case_rules import RULES
from imageroute_app.domain.cases import FILE_BYTES_MAX, Author, Case, CaseMessage, CaseState, Outcome
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.routes.answers import answer_to
from imageroute_app.routes.forms import COUNTRIES, FIELDS_MAX, Form
from imageroute_app.routes.pagekit import render
from imageroute_app.services.house import Services

TEXT_BYTES = 64 * 1024
"""Of one field: 15,000 characters of any script."""
PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.NONE: "Open",
    Outcome.GRANTED: "Done",
    Outcome.PARTLY: "Partly done",
    Outcome.REFUSED: "Refused",
    Outcome.WITHDRAWN: "Withdrawn",
    Outcome.SOLVED: "Answered",
    Outcome.CONFIRMED: "Confirmed",
    Outcome.UNFOUNDED: "Not confirmed",
    Outcome.DISCLOSED: "Data handed over",
    Outcome.NOTHING_HELD: "Nothing held",
    Outcome.NOTIFIED: "Authority told",
    Outcome.NO_RISK: "No risk found",
    Outcome.COMPLETED: "Completed",
    Outcome.ABANDONED: "Given up",
}
AUTHORS: Mapping[Author, str] = {
    Author.PERSON: "You",
    Author.STAFF: "ImageRoute",
    Author.HOUSE: "Note",
    Author.MAIL: "By mail, sender not proven",
}


async def read_case_form(request: Request, *names: str) -> tuple[Form, bytes]:
    """Return these fields and the bytes of the file, if one was chosen; both stay in memory.

    Starlette answers 400 when there are more than 20 fields or one is too long; the edge stops a body over 1 MiB.
    """
    async with request.form(max_files=1, max_fields=FIELDS_MAX, max_part_size=TEXT_BYTES) as posted:
        found = {name: posted.get(name, "") for name in names}
        file = posted.get("file")
        data = await file.read(FILE_BYTES_MAX + 1) if isinstance(file, UploadFile) else b""
    return Form(values={name: value if isinstance(value, str) else "" for name, value in found.items()}), data


def day(moment: datetime | None) -> str:
    """Return "28 February 2027, 14:05 UTC"."""
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC" if moment else ""


def shown(case: Case, messages: Sequence[CaseMessage], progress: Progress) -> dict[str, Any]:
    """Return what the templates need of a case; what it set going says itself how far it is."""
    return {
        "case": case,
        "title": RULES[case.kind].title,
        "state": progress.words or OUTCOMES[case.outcome],
        "is_under_way": progress.is_under_way,
        "followed": progress.path,
        "is_open": case.state is CaseState.OPEN,
        "received": day(case.created_at),
        "due": day(case.due_at),
        "answered": day(case.answered_at),
        "messages": [
            {
                "who": AUTHORS[one.author],
                "at": day(one.created_at),
                "text": one.text,
                "file": one.file_name,
                "id": one.id,
            }
            for one in messages
        ],
        "authority": likely_authority(case.country),
        "list_url": LIST_URL,
    }


def form_page(
    request: Request,
    services: Services,
    template: str,
    *,
    form: Form,
    error: ImageRouteError | None = None,
    **values: Any,
) -> Response:
    """Return a page with a form of ours."""
    return render(request, services, template, form=form, countries=COUNTRIES, **values, **answer_to(error))


async def send_file(services: Services, case: Case, message_id: str) -> Response:
    """Return a file of a case as a download, never as a page. Raises NotFound."""
    message, chunks = await services.office.cases.file(case, message_id)
    headers = {
        **PRIVATE,
        "Content-Disposition": f'attachment; filename="{message.file_name}"',
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(chunks, media_type=message.mime, headers=headers)
