"""Which server sessions this process runs transactions in, so that its successor need not wait for them.

A process that is killed inside a transaction leaves it open: the server holds its documents until it gives it up, after 60 s
(transactionLifetimeLimitSeconds). So each session is noted before its first transaction, and whoever opens the database next
on the same machine ends the sessions of processes that are gone. From another machine the server's limit counts.
"""

import logging
import os
import socket
from pathlib import Path
from typing import Any

from bson.binary import Binary
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from imageroute_app.adapters.database.mongo.errors import translated

log = logging.getLogger(__name__)

PREFIX = "transactions:"
STATE_AT, STARTED_AT = 0, 19
"""Places in /proc/<pid>/stat behind the command's name (man 5 proc)."""


class Sessions:
    """The noted sessions; they lie among the leases, named by session and held by a process."""

    def __init__(self, leases: AsyncCollection[dict[str, Any]], admin: AsyncDatabase[dict[str, Any]]) -> None:
        self._leases, self._admin = leases, admin
        self._host, self._pid = socket.gethostname(), os.getpid()
        self._started = _started(self._pid)
        self._noted: set[bytes] = set()

    async def note(self, session: Binary) -> None:
        """Write down, once, that this process uses the session."""
        if bytes(session) in self._noted or not self._started:
            return
        holder = {"holder": self._host, "pid": self._pid, "started": self._started, "session": session}
        with translated():
            await self._leases.update_one({"_id": PREFIX + session.hex()}, {"$set": holder}, upsert=True)
        self._noted.add(bytes(session))

    async def end_abandoned(self) -> None:
        """End the sessions of processes of this machine that are gone."""
        with translated():
            mine = {"_id": {"$gte": PREFIX, "$lt": PREFIX + "g"}, "holder": self._host}
            noted = await self._leases.find(mine).to_list()
        for row in noted:
            if self._started and _started(row["pid"]) != row["started"]:
                await self._end(row)

    async def forget(self) -> None:
        """Take back the notes of this process, whose transactions are over."""
        if not self._noted:
            return
        with translated():
            names = [PREFIX + session.hex() for session in self._noted]
            await self._leases.delete_many({"_id": {"$in": names}})
        self._noted.clear()

    async def _end(self, row: dict[str, Any]) -> None:
        with translated():
            try:
                await self._admin.command({"killSessions": [{"id": row["session"]}]})
            except OperationFailure as error:
                log.warning("database.session_kept", extra={"code": error.code})
                return
            await self._leases.delete_one({"_id": row["_id"]})


def _started(pid: int) -> str:
    """Return when a process began, in the kernel's ticks; empty when it is gone or the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[STATE_AT] == "Z" else fields[STARTED_AT]
