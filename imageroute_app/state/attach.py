"""Pictures and recipes that come into the form from outside: dropped, pasted, or chosen.

The files never travel over the socket: assets/upload.js sends them to our routes and tells what came of it.
"""

import dataclasses
import json

import reflex as rx

from imageroute_app.domain.errors import InvalidInput
from imageroute_app.state.create import CreateState
from imageroute_app.state.create_views import SourceView
from imageroute_app.state.form import FIELDS, referenced
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor

RESTORED = "Settings are back in the form."
NOTES_MAX = 6
PROMPT_FIELD = "prompt"
"""The id of the prompt's field; it takes the focus when the note that had it goes."""


class AttachState(rx.State):
    """The picture that found no room, and events; all other values live in the create screen's form."""

    spare: SourceView = SourceView()

    @rx.event
    @signed_in
    async def take_upload(self, upload_id: str):
        """Start from a picture that came in; with one there already, send it along as a reference, or ask which to keep."""
        create = await self.get_state(CreateState)
        form = create._form
        self.spare = SourceView()
        if not form.source:
            await create._change(source=upload_id, task="", mask="", keeping="")
        elif upload_id in (kept := (form.source, *referenced(form))):
            return
        elif len(kept) < create.edit.room:
            await create._change(references=",".join((*kept[1:], upload_id)), keeping="")
        else:
            self.spare = await create._found_source(await actor(self), upload_id) or SourceView()

    @rx.event
    @signed_in
    async def take_spare(self):
        """Put the picture that found no room where the last one is; meanwhile another model may have room for it."""
        create, spare = await self.get_state(CreateState), self.spare.id
        self.spare = SourceView()
        kept = (create._form.source, *referenced(create._form))
        if not spare or spare in kept:
            return None
        further = kept[1:] if len(kept) < create.edit.room else kept[1:-1]
        if len(kept) == 1 and create.edit.room == 1:
            await create._change(source=spare, mask="", keeping="")
        else:
            await create._change(references=",".join((*further, spare)), keeping="")
        return rx.set_focus(PROMPT_FIELD)

    @rx.event
    @signed_in
    async def leave_spare(self):
        """Go on without the picture that found no room; it stays among the uploads."""
        self.spare = SourceView()
        return rx.set_focus(PROMPT_FIELD)

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
