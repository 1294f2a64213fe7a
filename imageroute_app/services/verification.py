"""Looking whether an installation adds up: books, pictures, erasures, and the data map against what is stored.

Read only. Beside a running server a picture that arrives just now may be named; a second look tells.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from imageroute_app.domain.backups import TABLES, Rows, RowStore
from imageroute_app.domain.data_map import MEDIA_PREFIXES
from imageroute_app.domain.jobs import JobState
from imageroute_app.domain.ports import KeyStore, MediaStore, Tombstones
from imageroute_app.services.backup import Report, pages_of
from imageroute_app.services.tombstones import record_mark, tombstone

NAMED = 20
"""Findings of one kind that are named; the rest is counted."""
FOLDERS = {prefix.rstrip("/"): prefix.rstrip("/") for prefix in MEDIA_PREFIXES}
"""Which table knows the third name of a media key, by its first: pictures of images, files of cases and so on."""
SHOWN = ("images", "uploads")
"""Tables whose every row must have its original."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One question, how many things it was asked about, and what is wrong; nothing is good."""

    question: str
    asked: int
    wrong: Sequence[str]


class Verification:
    """The questions."""

    def __init__(
        self, *, rows: RowStore, media: MediaStore, keys: KeyStore, tombstones: Tombstones, report: Report
    ) -> None:
        self._rows, self._media, self._keys, self._tombstones = rows, media, keys, tombstones
        self._report = report

    async def run(self) -> list[Finding]:
        """Ask everything at one moment."""
        stored = await self._media.list("")  # before the rows: a picture lies there a moment before its row does
        async with self._rows.snapshot() as moment:
            findings = [
                await self._books(moment),
                await self._jobs(moment),
                *await self._pictures(moment, stored),
                await self._erased(moment),
            ]
        strange = await self._rows.strangers()
        return [
            *findings,
            Finding(question="Every stored field stands in the data map", asked=len(TABLES), wrong=strange),
        ]

    async def _books(self, moment: Rows) -> Finding:
        sums, balances = Counter[str](), dict[str, int]()
        async for page in pages_of(moment, "ledger"):
            for row in page:
                sums[str(row["owner"])] += _number(row["amount"])
        async for page in pages_of(moment, "wallets"):
            balances |= {str(row["owner"]): _number(row["available"]) for row in page}
        wrong = [
            f"account {owner}: the ledger says {sums[owner]}, the wallet {balances.get(owner, 0)}"
            for owner in sorted({*sums, *balances})
            if sums[owner] != balances.get(owner, 0) or sums[owner] < 0
        ]
        return Finding(question="The balance of every account is the sum of its ledger", asked=len(sums), wrong=wrong)

    async def _jobs(self, moment: Rows) -> Finding:
        moved, wrong, asked = Counter[str](), list[str](), 0
        async for page in pages_of(moment, "ledger"):
            for row in page:
                moved[str(row["job_id"])] += _number(row["amount"])
        async for page in pages_of(moment, "jobs"):
            for row in page:
                asked += 1
                if JobState(str(row["state"])).is_final and moved[str(row["id"])] != -_number(row["charged_credits"]):
                    wrong.append(
                        f"job {row['id']}: charged {row['charged_credits']}, the ledger {-moved[str(row['id'])]}"
                    )
        return Finding(question="Every ended job cost what its ledger says", asked=asked, wrong=wrong)

    async def _pictures(self, moment: Rows, stored: Sequence[str]) -> list[Finding]:
        folders = {tuple(key.split("/", 3)[:3]) for key in stored}
        originals = {tuple(key.split("/")[:3]) for key in stored if key.endswith("/original")}
        known, missing = set[tuple[str, ...]](), list[str]()
        for folder, table in FOLDERS.items():
            async for page in pages_of(moment, table):
                for row in page:
                    place = (folder, str(row["owner"]), str(row["id"]))
                    known.add(place)
                    is_going = bool(row.get("going_since")) or bool(row.get("purge_at"))
                    if table in SHOWN and place not in originals and not is_going:
                        missing.append("/".join(place))
        orphans = ["/".join(place) for place in sorted(folders - known)]
        return [
            Finding(question="Every stored file belongs to a record", asked=len(stored), wrong=orphans),
            Finding(question="Every picture's file is there", asked=len(originals), wrong=missing),
        ]

    async def _erased(self, moment: Rows) -> Finding:
        marks, asked, wrong = await self._tombstones.marks(), 0, list[str]()
        async for page in pages_of(moment, "people"):
            asked += len(page)
            wrong += [f"account {row['id']}" for row in page if tombstone(self._keys, str(row["id"])) in marks]
        for table in SHOWN:
            async for page in pages_of(moment, table):
                asked += len(page)
                stays = [row for row in page if not (row.get("going_since") or row.get("purge_at"))]
                named = [(str(row["owner"]), str(row["id"])) for row in stays]
                wrong += [
                    f"{table} {one}" for owner, one in named if record_mark(self._keys, owner, table, one) in marks
                ]
        return Finding(question="Nothing and nobody that was erased is back", asked=asked, wrong=wrong)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
