"""The picker's choices beside the model: the rule of this request, who is asked next, and several models side by side."""

import dataclasses
from typing import Literal

import reflex as rx

from imageroute_app.domain.jobs import Failover, Level, Rule
from imageroute_app.services.jobs import COMPARE_MAX
from imageroute_app.state.create import CreateState
from imageroute_app.state.form import compared, rule_from, rule_json
from imageroute_app.state.guard import signed_in

LevelName = Literal["strict", "balanced", "any", "own"]
FailoverName = Literal["never", "equal", "any"]


class PickerState(rx.State):
    """Events only; what is shown is the create screen's."""

    @rx.event
    @signed_in
    async def set_level(self, level: LevelName):
        """Measure this request by another privacy level, or by the account's own rule again."""
        create = await self.get_state(CreateState)
        own = level == "own"
        rule = "" if own else rule_json(dataclasses.replace(_rule_of(create), level=Level(level)))
        await create._change(rule=rule)

    @rx.event
    @signed_in
    async def set_failover(self, failover: FailoverName):
        """Say who may be asked next when a provider fails, for this request."""
        create = await self.get_state(CreateState)
        await create._change(rule=rule_json(dataclasses.replace(_rule_of(create), failover=Failover(failover))))

    @rx.event
    @signed_in
    async def loosen_rule(self):
        """Take the one change of the rule that was offered, for this request."""
        create = await self.get_state(CreateState)
        if create._loosened:
            await create._change(rule=create._loosened)

    @rx.event
    @signed_in
    async def set_comparing(self, is_on: bool):
        """Choose several models side by side, or one again."""
        create = await self.get_state(CreateState)
        create.is_comparing = is_on
        if not is_on:
            await create._change(compare="")

    @rx.event
    @signed_in
    async def toggle_compared(self, key: str):
        """Put a model into the comparison, or take it out; four at most."""
        create = await self.get_state(CreateState)
        chosen = compared(create._form)
        chosen = [one for one in chosen if one != key] if key in chosen else [*chosen, key][:COMPARE_MAX]
        await create._change(compare=",".join(chosen))


def _rule_of(create: CreateState) -> Rule:
    return rule_from(create._form.rule, create._own)
