"""What is done with the picture that the form starts from: the task, its mask, how far to extend, how much larger.

Events only, beside the mask editor's own state; the values live in the create screen's form.
"""

from typing import Literal

import reflex as rx

from imageroute_app.domain.catalog import Task
from imageroute_app.state.create import CreateState
from imageroute_app.state.form import EXPAND_START, PROMPT, SIDES, Form
from imageroute_app.state.guard import signed_in

TaskName = Literal["edit", "inpaint", "outpaint", "upscale", "cutout"]
Side = Literal["left", "top", "right", "bottom"]
ScaleName = Literal["2", "4"]


class EditState(rx.State):
    """The mask editor is open or not."""

    is_painting: bool = False

    @rx.event
    @signed_in
    async def set_task(self, task: TaskName):
        """Do something else with the picture; painting begins at once where there is no mask yet."""
        create = await self.get_state(CreateState)
        form = create._form
        starts = task == Task.OUTPAINT and form.expand == Form.expand
        await create._change(task=task, expand=EXPAND_START if starts else form.expand)
        if task == Task.INPAINT and not form.mask and not create._edit_closed(task):
            await self._paint(create)

    @rx.event
    @signed_in
    async def set_side(self, side: Side, pixels: str):
        """Extend the picture by so many pixels on one side."""
        create = await self.get_state(CreateState)
        await create._change(expand=_with_side(create._form.expand, side, pixels))

    @rx.event
    @signed_in
    async def set_scale(self, scale: ScaleName):
        """Make the picture two or four times as wide and high."""
        await (await self.get_state(CreateState))._change(scale=scale)

    @rx.event
    @signed_in
    async def paint(self):
        """Open the mask editor."""
        await self._paint(await self.get_state(CreateState))

    @rx.event
    @signed_in
    async def stop_painting(self, is_open: bool):
        """Close the mask editor without a new mask; the words written there stay."""
        if not is_open:
            await self._close()

    @rx.event
    @signed_in
    async def take_mask(self, mask_id: str):
        """Use the mask that was just painted."""
        create = await self.get_state(CreateState)
        await self._close()
        await create._change(task=Task.INPAINT.value, mask=mask_id)

    @rx.event
    @signed_in
    async def say(self, words: str):
        """Follow the prompt as it is written beside the mask."""
        create = await self.get_state(CreateState)
        await create._change(prompt=words)
        if not self.is_painting:
            create._mount(create._form, PROMPT)

    async def _paint(self, create: CreateState) -> None:
        create._mount(create._form, PROMPT)
        self.is_painting = True

    async def _close(self) -> None:
        create = await self.get_state(CreateState)
        create._mount(create._form, PROMPT)
        self.is_painting = False


def _with_side(expand: str, side: Side, pixels: str) -> str:
    """Return the four sides with one changed; what cannot be read stays as it was typed, so that nothing else is sent."""
    typed = expand.split(",")
    sides = dict(zip(SIDES, typed if len(typed) == len(SIDES) else ["0"] * len(SIDES), strict=True))
    return ",".join({**sides, side: pixels.strip().replace(",", " ") or "0"}.values())
