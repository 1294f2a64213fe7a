"""Changing the master key: every key is wrapped anew, one by one, while the old master key still opens what is left."""

from imageroute_app.domain.backups import TABLES, KeyRows, RowStore
from imageroute_app.domain.ports import Fault
from imageroute_app.services.backup import Report

PROBE = "master-key-probe"


async def rewrap_all(
    rows: RowStore, keys: KeyRows, *, report: Report, fault: Fault = lambda point: None
) -> tuple[int, int]:
    """Wrap the key of everyone who owns a row by the new master key; returns how many there are and how many were changed.

    Stopped anywhere it is run again. A key that no row needs any more stays under the old master key, and ends with it.
    """
    owners = {PROBE}
    for table in TABLES:
        owners |= set(await rows.owners(table))
    changed = 0
    for number, owner in enumerate(sorted(owners)):
        changed += await keys.rewrap(owner) and owner != PROBE  # the probe is nobody's, and counted nowhere
        report(f"{number + 1} of {len(owners)} keys")
        fault("rotate.key")
    return len(owners) - 1, changed
