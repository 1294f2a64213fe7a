"""ClosingState: what goes when the account is closed, in live counts, and how a closing that was asked for stands."""

import dataclasses

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.data_map import DATA_MAP, Category
from imageroute_app.domain.erasures import Phase
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import actor


@dataclasses.dataclass
class GoingView:
    """One kind of data and how much of it there is."""

    name: str = ""
    count: str = ""


class ClosingState(rx.State):
    """The section "Close account"."""

    is_loaded: bool = False
    goes: list[GoingView] = []
    companies: list[str] = []
    is_closing: bool = False
    erased_on: str = ""
    page: str = ""

    @rx.event
    @signed_in
    async def load_closing(self):
        """Count what goes, and look for a closing under way; on_load."""
        owner = await actor(self)
        counts = await services().database.count_rows(owner)
        sums: dict[Category, int] = {}
        for name, count in counts.items():
            category = DATA_MAP[name].category
            sums[category] = sums.get(category, 0) + count
        self.goes = [GoingView(name=category.value, count=f"{count:,}") for category, count in sums.items() if count]
        erasure = await services().erasures.of(owner)
        self.is_closing = erasure is not None and erasure.phase is Phase.GRACE
        self.erased_on = erasure.grace_until.isoformat() if erasure else ""
        self.page = f"/erasure/{erasure.code}" if erasure else ""
        self.is_loaded = True
