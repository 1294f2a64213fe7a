"""StoredState: how much lies in the gallery and in the trash."""

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.services.finding import TRASH
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import actor


class StoredState(rx.State):
    """The figures of "Gallery and downloads"."""

    kept: str = ""
    trashed: str = ""
    size: str = ""

    @rx.event
    @signed_in
    async def load_stored(self):
        """Count the pictures; on_load."""
        owner = await actor(self)
        gallery = services().gallery
        kept, trashed = await gallery.count(owner), await gallery.count(owner, TRASH)
        stored = await gallery.stored_bytes(owner)
        self.kept, self.trashed = text.count(kept, "picture"), text.count(trashed, "picture")
        self.size = text.size(stored) if stored else "Nothing yet"
