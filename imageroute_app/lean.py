"""Leave out of the start what libraries import and nothing here uses: a fifth of the time until the first page.

httpx brings a command-line client, engineio a client for two HTTP libraries; both say themselves that these can be missing.
taskiq brings the client of an administration page. None in sys.modules is the import system's own word for "not there".
"""

import sys
from types import ModuleType

OPTIONAL = ("httpx._main", "aiohttp", "requests")
ADMINISTRATION = "taskiq.middlewares.taskiq_admin_middleware"


def leave_out() -> None:
    """Call before these are imported; what is there already stays."""
    for name in OPTIONAL:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None is what the import system looks for
    sys.modules.setdefault(ADMINISTRATION, _Administration(ADMINISTRATION))


class _Administration(ModuleType):
    """Has the one name that taskiq passes on; the real one needs aiohttp."""

    class TaskiqAdminMiddleware:
        """Not here."""

        def __init__(self) -> None:
            raise NotImplementedError("the administration client of taskiq is left out at the start")
