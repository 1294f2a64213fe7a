"""What is held under an address that has no account, as a package: a BagIt bag as exports are, small enough for one answer.

Principle: only who gave the code that was mailed to the address gets it. What others wrote about somebody is not in it.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from imageroute_app.domain.cases import Case, CaseMessage
from imageroute_app.domain.errors import NotAllowed, NotFound
from imageroute_app.domain.ports import Clock, Database, Query
from imageroute_app.services.access_answer import access_answer
from imageroute_app.services.case_files import CaseFiles
from imageroute_app.services.export_pack import BAGIT
from imageroute_app.services.export_tables import as_row, csv_text, json_texts, paths
from imageroute_app.services.newsletter import Newsletter

CASES_MAX, ROWS_MAX, PAGE = 100, 500, 200
FILES_BYTES_MAX = 40 * 1024 * 1024
ABOUT_OTHERS = ("subject", "facts")
UNPROVEN = "Type the code from our mail first: nothing about an address is shown before."
HAS_ACCOUNT = "This case belongs to an account. Sign in; Export my data in the privacy center has everything."
README = """\
What ImageRoute holds under your address, which has no account here.

  data/newsletter/  your order of the newsletter, if there is one
  data/support/     what you asked, what was answered, and the files that you sent
  data/usage/       who of our people looked at it, and why
  data/report/      what it is for, how long it is kept, who else gets it, and your rights
  data/manifest.json every file with its checksum, and what is missing and why

To check that it is complete and unchanged: sha256sum -c manifest-sha256.txt
Contact: {contact}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPackage:
    """A package as it is sent."""

    name: str
    data: bytes


class AddressPackages:
    """Makes them, on request and without keeping any."""

    def __init__(
        self, *, database: Database, files: CaseFiles, newsletter: Newsletter, clock: Clock, origin: str, contact: str
    ) -> None:
        self._tables, self._files, self._newsletter = database.tables, files, newsletter
        self._clock, self._origin, self._contact = clock, origin, contact

    async def of(self, case: Case) -> AddressPackage:
        """Return everything under the address of a case.

        Raises:
            NotAllowed: The address is not proven yet, or the case belongs to an account.
        """
        if case.has_account:
            raise NotAllowed(HAS_ACCOUNT)
        if not case.is_confirmed or not case.contact:
            raise NotAllowed(UNPROVEN)
        cases = await self._cases(case)
        files: dict[str, bytes] = {}
        missing: list[Mapping[str, str]] = []
        messages = [message for one in cases for message in await self._rows("case_messages", one.owner)]
        looks = [look for one in cases for look in await self._rows("staff_access", one.owner)]
        order = await self._newsletter.find(case.contact)
        _table(files, "newsletter_subscriptions", [order] if order else [])
        _table(files, "cases", cases)
        _table(files, "case_messages", messages)
        _table(files, "staff_access", looks)
        await self._attachments(messages, files, missing)
        files["data/report/your-data-report.txt"] = access_answer(
            case.country, self._origin, has_account=False
        ).encode()
        files["data/README.txt"] = README.format(contact=self._contact or f"{self._origin}/contact").encode()
        return AddressPackage(name=f"imageroute-{case.reference}.zip", data=self._bag(case, files, missing))

    async def _cases(self, case: Case) -> list[Case]:
        found, after = [case], ""
        while (page := await self._tables.cases.walk(after, PAGE)) and len(found) < CASES_MAX:
            same = [one for one in page if not one.has_account and one.contact.casefold() == case.contact.casefold()]
            found += [one for one in same if one.id != case.id]
            after = page[-1].id
        return found[:CASES_MAX]

    async def _rows(self, table: str, owner: str) -> list[Any]:
        return list(await getattr(self._tables, table).find(Query(owner=owner, oldest_first=True, limit=ROWS_MAX)))

    async def _attachments(
        self, messages: Sequence[CaseMessage], files: dict[str, bytes], missing: list[Mapping[str, str]]
    ) -> None:
        left = FILES_BYTES_MAX
        for message in messages:
            if not message.file_name:
                continue
            try:
                if message.size_bytes > left:
                    raise NotFound("It does not fit; ask for it in your case.")
                data = b"".join([chunk async for chunk in await self._files.open(message)])
            except NotFound as error:
                missing.append({"record_id": message.id, "name": message.file_name, "reason": error.message})
                continue
            left -= len(data)
            files[f"data/support/attachments/{message.id}_{message.file_name}"] = data

    def _bag(self, case: Case, files: dict[str, bytes], missing: Sequence[Mapping[str, str]]) -> bytes:
        now = self._clock()
        listed = [{"path": path, "bytes": len(data), "sha256": _digest(data)} for path, data in sorted(files.items())]
        manifest = {
            "kind": "imageroute-address-export", "schema_version": 1, "request": case.reference,
            "snapshot_at": now.isoformat(timespec="seconds"), "missing": missing, "files": listed,
        }  # fmt: skip
        files["data/manifest.json"] = (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()
        oxum = f"{sum(map(len, files.values()))}.{len(files)}"
        info = f"Bagging-Date: {now:%Y-%m-%d}\nExternal-Identifier: {case.reference}\nPayload-Oxum: {oxum}\n"
        tags = {
            "bagit.txt": BAGIT.encode(),
            "bag-info.txt": info.encode(),
            "manifest-sha256.txt": _lines(files),
        }
        tags["tagmanifest-sha256.txt"] = _lines(tags)
        stored = io.BytesIO()  # at most FILES_BYTES_MAX and the words of a hundred cases
        with zipfile.ZipFile(stored, "w") as archive:
            for path, data in (*tags.items(), *sorted(files.items())):
                archive.writestr(zipfile.ZipInfo(path, now.timetuple()[:6]), data)
        return stored.getvalue()


def _table(files: dict[str, bytes], name: str, records: Sequence[object]) -> None:
    rows = [
        {field: value for field, value in as_row(name, one).items() if field not in ABOUT_OTHERS} for one in records
    ]
    as_json, as_csv = paths(name)
    files[as_json] = json_texts(rows, is_first=True, is_last=True).encode()
    if name != "cases":  # its head names fields that are left out here
        files[as_csv] = csv_text(name, rows, is_first=True).encode()


def _lines(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{_digest(data)}  {path}\n" for path, data in sorted(files.items())).encode()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
