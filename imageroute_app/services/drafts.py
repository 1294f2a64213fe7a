"""The unsent composer form, one per person."""

from imageroute_app.domain.drafts import Draft
from imageroute_app.domain.errors import Conflict, NotFound
from imageroute_app.domain.ports import Clock, Database

FORM_MAX = 40_000


class Drafts:
    """Keeps what was typed until it is sent."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._tables, self._clock = database.tables, clock

    async def load(self, owner: str) -> str:
        """Return the form as JSON text, empty when there is none."""
        try:
            return (await self._tables.drafts.get(owner, owner)).form
        except NotFound:
            return ""

    async def save(self, owner: str, form: str) -> None:
        """Keep the form (JSON text, cut at 40,000 characters by refusing the rest); the last writer wins."""
        if len(form) > FORM_MAX:
            return
        fresh = Draft(id=owner, owner=owner, form=form, updated_at=self._clock())
        try:
            stored = await self._tables.drafts.get(owner, owner)
        except NotFound:
            try:
                await self._tables.drafts.add(fresh)
            except Conflict:
                return
            return
        try:
            await self._tables.drafts.update(
                Draft(id=owner, owner=owner, form=form, updated_at=fresh.updated_at, version=stored.version)
            )
        except Conflict:
            return
