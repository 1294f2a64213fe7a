"""The account's own rule: who may get a prompt that brings no rule of its own."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError, InvalidInput
from imageroute_app.domain.jobs import Failover, Level, Rule
from imageroute_app.services.attempts import rule_text
from imageroute_app.state.form import whole
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor

DAYS_MAX = 3650
Part = Literal["level", "failover", "region_eu", "region_us", "no_training", "no_human_review", "retention_days_max"]


@dataclasses.dataclass
class CompanyView:
    """A provider that the rule may name."""

    id: str = ""
    name: str = ""
    is_allowed: bool = True


class RuleState(rx.State):
    """What the account page shows of the rule; every change is kept at once."""

    level: str = "strict"
    failover: str = "equal"
    region_eu: bool = False
    region_us: bool = False
    no_training: bool = False
    no_human_review: bool = False
    days: str = ""
    companies: list[CompanyView] = []
    line: str = ""
    problem: str = ""

    @rx.event
    @signed_in
    async def load_rule(self):
        """Show the rule; on_load."""
        try:
            self._show(await services().routing.rule(await actor(self)))
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)

    @rx.event
    @signed_in
    async def set_part(self, part: Part, value: str):
        """Change one part of the rule and keep it; switches say "on" or "off"."""
        await self._keep(lambda rule: dataclasses.replace(rule, **_changes(rule, part, value)))

    @rx.event
    @signed_in
    async def set_company(self, provider: str, is_on: bool):
        """Allow a company, or leave it out; with every one allowed the list is no limit."""

        def change(rule: Rule) -> Rule:
            known = [company.id for company in self.companies]
            allowed = set(rule.providers or known) | {provider} if is_on else set(rule.providers or known) - {provider}
            kept = tuple(name for name in known if name in allowed)
            if not kept:
                raise InvalidInput("Allow at least one company, or nobody can draw anything.", field="companies")
            return dataclasses.replace(rule, providers=() if len(kept) == len(known) else kept)

        await self._keep(change)

    async def _keep(self, change: Any) -> None:
        self.problem = ""
        try:
            owner = await actor(self)
            self._show(await services().routing.set_rule(owner, change(await services().routing.rule(owner))))
        except ImageRouteError as error:
            self.problem = error.message

    def _show(self, rule: Rule) -> None:
        self.level, self.failover = rule.level.value, rule.failover.value
        self.region_eu, self.region_us = "eu" in rule.regions, "us" in rule.regions
        self.no_training, self.no_human_review = rule.no_training, rule.no_human_review
        self.days = "" if rule.retention_days_max is None else str(rule.retention_days_max)
        self.line = rule_text(rule)
        names: dict[str, str] = {}
        for model in services().routing.models():
            names.setdefault(model.provider, model.policy.company)
        self.companies = [
            CompanyView(id=provider, name=name, is_allowed=not rule.providers or provider in rule.providers)
            for provider, name in names.items()
        ]


def _changes(rule: Rule, part: Part, value: str) -> Mapping[str, Any]:
    """Return the field of the rule that a control stands for, with its new value."""
    match part:
        case "level":
            return {"level": _one_of(Level, value)}
        case "failover":
            return {"failover": _one_of(Failover, value)}
        case "retention_days_max":
            return {"retention_days_max": _days(value)}
        case "no_training" | "no_human_review":
            return {part: value == "on"}
        case "region_eu" | "region_us":
            region = part.removeprefix("region_")
            kept = tuple(name for name in rule.regions if name != region)
            return {"regions": (*kept, region) if value == "on" else kept}


def _one_of(kind: type[Level] | type[Failover], value: str) -> Level | Failover:
    try:
        return kind(value)
    except ValueError as error:
        raise InvalidInput("Choose one of the words on offer.", field="rule") from error


def _days(text: str) -> int | None:
    if not text.strip():
        return None
    days = whole(text.strip(), "days", "Write the days as a whole number, or leave it empty for no limit.")
    if not 0 <= days <= DAYS_MAX:
        raise InvalidInput(f"Choose 0 to {DAYS_MAX} days.", field="days")
    return days
