"""/receipts/<job id>: everyone who received a generation, failed tries included, and its price from quote to payment.

For its owner only and without script, so that it can be printed or kept.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.cases import CaseState
from imageroute_app.domain.catalog import Model
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.jobs import Attempt, AttemptOutcome, Job
from imageroute_app.routes.pagekit import CurrentServices, render
from imageroute_app.routes.session import owner_of

OUTCOMES = {
    AttemptOutcome.RUNNING: "Not finished yet",
    AttemptOutcome.DELIVERED: "Delivered",
    AttemptOutcome.FAILED: "Failed",
    AttemptOutcome.REFUSED: "Refused by its rules",
    AttemptOutcome.CANCELLED: "Stopped by you",
    AttemptOutcome.UNKNOWN: "Result unknown",
}
BILLED = {"no": "Bills nothing", "yes": "Bills the house", "unknown": "May bill the house"}
PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}


def receipt_routes(current: CurrentServices) -> list[Route]:
    """Return the page."""

    async def receipt(request: Request) -> Response:
        services = current()
        owner = await owner_of(request, services)
        job_id = request.path_params["job_id"]
        attempts = await services.jobs.attempts(owner, job_id)
        try:
            job: Job | None = await services.jobs.job(owner, job_id)
        except NotFound:
            if not attempts:
                raise
            job = None  # the generation delivered nothing and its row is gone; who received it stays
        case = await services.appeals.of_job(owner, job_id)
        answered = case is not None and case.state is CaseState.ANSWERED
        return render(
            request,
            services,
            "receipt.html",
            headers=PRIVATE,
            name=f"Receipt R-{job_id[-6:]}",
            job=job,
            attempts=[
                _shown(attempt, services.routing.model(f"{attempt.provider}/{attempt.model}")) for attempt in attempts
            ],
            rule=attempts[0].rule if attempts else "",
            paid=job.charged_credits if job else sum(attempt.charged_credits for attempt in attempts),
            appeal="" if case is None else (case.answer if answered and case else "Open, not answered yet"),
        )

    return [Route("/receipts/{job_id}", receipt, methods=["GET"])]


def _shown(attempt: Attempt, model: Model | None) -> dict[str, object]:
    return {
        "line": model.line if model else "local",
        "letter": model.letter if model else attempt.company[:1].upper(),
        "row": attempt,
        "outcome": OUTCOMES[attempt.outcome],
        "billed": BILLED.get(attempt.billed, BILLED["unknown"]),
        "is_done": attempt.outcome is AttemptOutcome.DELIVERED,
    }
