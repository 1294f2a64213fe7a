"""Attempts: the disclosure rows. One is written before anything leaves, and closed once when its end is known."""

from dataclasses import replace

from imageroute_app.domain.catalog import Known, Model
from imageroute_app.domain.jobs import Attempt, AttemptOutcome, Job, Rule
from imageroute_app.domain.ports import Clock, NewId, Query, Tables
from imageroute_app.services.endings import Closing

ATTEMPTS_MAX = 50
REVIEW = {Known.YES: "People may look", Known.NO: "Nobody looks", Known.UNKNOWN: "Human review unknown"}


class Attempts:
    """The rows of one job's recipients."""

    def __init__(self, *, tables: Tables, clock: Clock, new_id: NewId) -> None:
        self._tables, self._clock, self._new_id = tables, clock, new_id

    async def of(self, job: Job, tables: Tables | None = None) -> list[Attempt]:
        """Return the job's attempts, first to last."""
        query = Query(owner=job.owner, equals={"job_id": job.id}, limit=ATTEMPTS_MAX)
        found = await (tables or self._tables).attempts.find(query)
        return sorted(found, key=lambda attempt: (attempt.number, attempt.id))

    async def earlier(self, job: Job) -> list[Attempt]:
        """Return what workers before this one wrote of a job that was just claimed."""
        return await self.of(job) if job.attempts > 1 else []

    async def open(self, job: Job, model: Model, *, number: int, asked: int) -> Attempt:
        """Write down who is about to receive the job, with the facts and the rule as they stand."""
        policy = model.policy
        attempt = Attempt(
            id=self._new_id(),
            owner=job.owner,
            job_id=job.id,
            number=number,
            provider=model.provider,
            model=model.id,
            company=policy.company,
            country=policy.country,
            region=policy.region,
            retention=policy.retention_text,
            trains=policy.training_text,
            review=REVIEW[policy.human_review],
            source=policy.source,
            checked_on=policy.checked_on.isoformat(),
            rule=rule_text(job.request.rule),
            asked=asked,
            outcome=AttemptOutcome.RUNNING,
            code="",
            billed="unknown" if model.price.basis != "free" else "no",
            job_ref="",
            notes=(),
            charged_credits=0,
            list_micro_usd=asked * model.price.of_picture(job.request.width, job.request.height),
            cost_micro_usd=None,
            started_at=self._clock(),
            ended_at=None,
        )
        await self._tables.attempts.add(attempt)
        return attempt

    async def refer(self, attempt: Attempt, job_ref: str) -> Attempt:
        """Write down the provider's name for the job, so that its result can be fetched after a restart."""
        return await self._tables.attempts.update(replace(attempt, job_ref=job_ref))

    async def close(self, attempt: Attempt, closing: Closing, tables: Tables | None = None) -> Attempt:
        """Write down how it ended."""
        return await (tables or self._tables).attempts.update(
            replace(
                attempt,
                outcome=closing.outcome,
                code=closing.code,
                billed=closing.billed,
                notes=closing.notes,
                charged_credits=closing.charged_credits,
                cost_micro_usd=closing.cost_micro_usd,
                ended_at=self._clock(),
            )
        )


def rule_text(rule: Rule) -> str:
    """Return a rule as one line for the receipt."""
    parts = [rule.level.capitalize()]
    parts += [f"only {', '.join(rule.providers)}"] if rule.providers else []
    parts += [f"only in {', '.join(rule.regions)}"] if rule.regions else []
    parts += [f"kept {rule.retention_days_max} days at most"] if rule.retention_days_max is not None else []
    parts += ["no training"] if rule.no_training else []
    parts += ["no human review"] if rule.no_human_review else []
    others = {"never": "never to another company", "equal": "then equal or better", "any": "then anyone it allows"}
    return ", ".join([*parts, others[rule.failover]])
