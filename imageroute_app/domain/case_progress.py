"""How far something is that a case set going: a case may say that it is done only once that says so itself."""

from dataclasses import dataclass
from datetime import datetime

from imageroute_app.domain.cases import Case
from imageroute_app.domain.dates import day
from imageroute_app.domain.erasures import GRACE, Erasure, Phase
from imageroute_app.domain.exports import Export


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a case set going, as it stands now; nothing for one that set nothing going."""

    erasure: Erasure | None = None
    export: Export | None = None

    @property
    def words(self) -> str:
        """Return the state in words, empty when the outcome says all there is to say."""
        if self.erasure is not None:
            return _of_erasure(self.erasure)
        if self.export is not None and self.export.state.is_open:
            return "The package is being made"
        return ""

    @property
    def is_under_way(self) -> bool:
        """Say whether its end is still to come."""
        if self.erasure is not None:
            return not self.erasure.phase.is_final
        return self.export is not None and self.export.state.is_open

    @property
    def path(self) -> str:
        """Return where it is followed, empty for nothing to follow."""
        if self.erasure is not None:
            return f"/erasure/{self.erasure.code}"
        return "/privacy-center#export" if self.export is not None else ""


def waits(case: Case, now: datetime) -> bool:
    """Say whether the seven days in which it can be called off still fit before the day that the law gives."""
    return case.due_at is None or now + GRACE <= case.due_at


def _of_erasure(erasure: Erasure) -> str:
    match erasure.phase:
        case Phase.GRACE:
            return f"To be erased on {day(erasure.grace_until)}"
        case Phase.ERASING:
            return "Being erased"
        case Phase.CANCELLED:
            return "Called off"
        case Phase.COMPLETE:
            return "Erased"
        case Phase.RETAINED:
            return "Erased, but for what the receipt names"
