"""Check of what is told about companies: it was read from their own pages on a day, and gets old (PRIVACY 5.5)."""

from collections.abc import Sequence

from imageroute_app.domain.catalog import FACTS_HOLD, DataPolicy
from imageroute_app.domain.ports import Clock
from imageroute_app.services.checks import Check, Found


def facts_checks(*, policies: Sequence[DataPolicy], clock: Clock) -> list[Check]:
    """Return the check of the facts of everybody whose models are offered here."""

    async def read_again() -> Found:
        """Days since the oldest of them was read."""
        today = clock().date()
        old = sorted({one.company for one in policies if today - one.checked_on > FACTS_HOLD})
        days = max(((today - one.checked_on).days for one in policies), default=0)
        note = f"Read their pages again, and note it in the catalogue: {', '.join(old)}." if old else ""
        return Found(is_met=not old, value=str(max(0, days)), note=note)

    return [Check("facts_checked_days", read_again)]
