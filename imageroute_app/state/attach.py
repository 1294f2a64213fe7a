"""Pictures and recipes that come into the form from outside: dropped, pasted, or chosen.

The files never travel over the socket: assets/upload.js sends them to our routes and tells what came of it.
"""

import dataclasses
import json

import reflex as rx

from imageroute_app.domain.checks import REFERENCES_MAX
from imageroute_app.domain.errors import InvalidInput
from imageroute_app.state.create import CreateState
from imageroute_app.state.form import FIELDS, referenced
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState

RESTORED = "Settings are back in the form."
NOTES_MAX = 6
TOO_MANY = f"{REFERENCES_MAX} references are the most. Remove one first."


class AttachState(rx.State):
    """Events only; the values live in the create screen's form."""

    @rx.event
    @signed_in
    async def take_upload(self, upload_id: str):
        """Start from a picture that came in; with one there already, send it along as a reference."""
        create = await self.get_state(CreateState)
        form = create._form
        if not form.source:
            await create._change(source=upload_id, task="", mask="", keeping="")
            return
        further = (*referenced(form), upload_id)
        if len(further) > REFERENCES_MAX:
            (await self.get_state(SessionState))._tell_error(InvalidInput(TOO_MANY))
            return
        await create._change(references=",".join(further), keeping="")

    @rx.event
    @signed_in
    async def drop_reference(self, upload_id: str):
        """Send the next picture without this reference."""
        create = await self.get_state(CreateState)
        left = [one for one in referenced(create._form) if one != upload_id]
        await create._change(references=",".join(left))

    @rx.event
    @signed_in
    async def accept_keeping(self):
        """Let the chosen company keep the uploads of this picture longer than we do."""
        await (await self.get_state(CreateState))._change(keeping="1")

    @rx.event
    @signed_in
    async def take_recipe(self, answer: str):
        """Put the settings of a recipe into the form, and name what is not as it was; nothing in it is believed."""
        create, session = await self.get_state(CreateState), await self.get_state(SessionState)
        try:
            told = json.loads(answer)
            fields = {name: str(value) for name, value in told["form"].items() if name in FIELDS}
            notes = [str(note) for note in told["notes"]][:NOTES_MAX]
        except (ValueError, KeyError, TypeError, AttributeError):
            session._tell_error(InvalidInput("This recipe cannot be read."))
            return
        create._mount(dataclasses.replace(create._form, **fields))
        await create._follow()
        session._tell(" ".join([RESTORED, *notes]))
