"""Showing a form again: the page around it, the fault beside its field, and the status that says so."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from imageroute_app.domain.errors import ImageRouteError, InvalidInput
from imageroute_app.routes.forms import Form
from imageroute_app.routes.pagekit import NO_STORE, render, retry_header
from imageroute_app.services.house import Services


def note(form: Form, error: ImageRouteError) -> None:
    """Put an error beside its field, or above the form."""
    form.errors.setdefault(error.field if isinstance(error, InvalidInput) else "", error.message)


def auth_page(request: Request, services: Services, template: str, **values: Any) -> Response:
    """Return a page with a form and the sample picture; `values` may hold status and headers."""
    models = services.routing.models()
    return render(request, services, template, sample=models[0], **values)


def answer_to(error: ImageRouteError | None) -> dict[str, Any]:
    """Return status and headers of a form that is shown again."""
    if error is None:
        return {}
    return {"status": error.status, "headers": {**NO_STORE, **retry_header(error)}}
