"""What the create screen shows of a plan: who would get the next picture, who is left out, several models as one line."""

import dataclasses
from collections.abc import Sequence

from imageroute_app.bootstrap import services
from imageroute_app.domain.catalog import DataPolicy, Known, Model, Task
from imageroute_app.domain.plans import Candidate
from imageroute_app.domain.routing import Closed
from imageroute_app.state import text
from imageroute_app.state.views import ModelView, StopView


@dataclasses.dataclass
class ClosedView:
    """Why one model is left out."""

    name: str = ""
    company: str = ""
    reason: str = ""


def plan_stop(candidate: Candidate, number: int) -> StopView:
    """Show who would get the next picture, or who would be asked next."""
    model, policy = candidate.model, candidate.model.policy
    facts = f"{policy.country} · {policy.retention_text.lower()} · {policy.training_text.lower()}"
    return StopView(
        kind="prov",
        name=policy.company,
        sub=facts,
        mark=model.letter,
        line=model.line,
        state="ahead" if number else "",
        note=f"{model.name}: {candidate.why}" if not number else f"Only if that fails. {model.name}: {candidate.why}",
    )


def closed_view(closed: Closed) -> ClosedView:
    """Show why a model is left out."""
    model = services().routing.model(closed.key)
    name, company = (model.name, model.policy.company) if model else (closed.key, "")
    return ClosedView(name=name, company=company, reason=closed.text)


def compared_view(models: Sequence[Model]) -> ModelView:
    """Show several models as the one line above the prompt: every company, and the least that all of them promise."""
    policies = [model.policy for model in models]
    companies = list(dict.fromkeys(policy.company for policy in policies))
    countries = list(dict.fromkeys(policy.country for policy in policies))
    return ModelView(
        name=text.count(len(models), "model"),
        company=", ".join(companies),
        country=", ".join(countries),
        retention=_kept_by_all(policies),
        trains=_trained_by_all(policies),
        line=models[0].line,
        letter=models[0].letter,
        summary="One prompt, each model by itself. A column that fails costs nothing and stops no other.",
        takes_negative=all(model.capabilities.takes_negative for model in models),
        takes_seed=all(model.capabilities.takes_seed for model in models),
        takes_image=all(Task.EDIT in model.capabilities.tasks for model in models),
    )


def _kept_by_all(policies: Sequence[DataPolicy]) -> str:
    """Return the longest that any of them keeps what it is sent; unknown is longer than any time."""
    return max(
        policies, key=lambda policy: (policy.retention_hours is None, policy.retention_hours or 0)
    ).retention_text


def _trained_by_all(policies: Sequence[DataPolicy]) -> str:
    """Return the worst that holds for any of them."""
    answers = {policy.trains for policy in policies}
    if Known.YES in answers and len(answers) > 1:
        return "Some train on it"
    return next(
        (policy.training_text for policy in policies if policy.trains is not Known.NO), policies[0].training_text
    )
