"""Checks of what lies in the stores, on a sample of people drawn anew each night."""

import random
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import cast

from imageroute_app.domain.choices import Choice, ChoiceEvent, words_digest
from imageroute_app.domain.data_map import DATA_MAP, Protection
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.gallery import VARIANTS, media_key, media_prefix
from imageroute_app.domain.ports import Database, Imaging, MediaStore, Query
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.statistics import HOUSE
from imageroute_app.domain.uploads import UPLOADED, upload_prefix
from imageroute_app.services.checks import NOTHING, Check, Found
from imageroute_app.services.choice_log import ChoiceLog

PEOPLE, ROWS, PICTURES, TEXT_MIN = 25, 50, 20, 6
OWNERS_PAGE = 1000
ORIGINAL = VARIANTS[0]
OWN_WORDS = frozenset({"prompt", "negative"})
"""Of a request; its other texts are names from the catalogue, which stand in clear elsewhere."""
CARD = re.compile(r"(?<![0-9A-Za-z])[3-6]\d(?:[ -]?\d){11,17}(?![0-9A-Za-z])")
"""A payment card's number: 13 to 19 digits that begin with 3 to 6 (ISO/IEC 7812-1), grouped or not."""


def data_checks(*, database: Database, media: MediaStore, imaging: Imaging, log: ChoiceLog) -> list[Check]:
    """Return the checks that run every night."""
    data = _Data(Sample(database), database, media, imaging, log)
    return [
        Check("plain_rows", data.plain),
        Check("orphan_blobs", data.orphans),
        Check("dangling_rows", data.dangling),
        Check("card_pattern_hits", data.cards),
        Check("outputs_marked_valid", data.marked),
        Check("training_rows_without_live_consent", data.training),
        Check("consents_without_event", data.consents),
    ]


@dataclass(frozen=True, slots=True)
class Sample:
    """Some people, drawn anew each time, so that in time everybody is looked at."""

    database: Database

    async def people(self, count: int = PEOPLE) -> list[str]:
        """Return the ids of up to so many people."""
        drawn: list[str] = []
        seen, after = 0, ""
        while page := await self.database.owners(after=after, limit=OWNERS_PAGE):
            for owner in page:
                seen += 1
                if len(drawn) < count:
                    drawn.append(owner)
                elif (place := random.randrange(seen)) < count:  # noqa: S311  # a sample, no secret (reservoir sampling)
                    drawn[place] = owner
            after = page[-1]
        return drawn

    async def rows(self, owner: str) -> AsyncIterator[tuple[str, object]]:
        """Yield up to ROWS rows of each table of a person; nothing of one who is erased at this moment."""
        for name in DATA_MAP:
            try:
                found = await self.database.tables.named(name).find(Query(owner=owner, limit=ROWS))
            except NotFound:
                return
            for row in found:
                yield name, row


class _Data:
    def __init__(self, sample: Sample, database: Database, media: MediaStore, imaging: Imaging, log: ChoiceLog) -> None:
        self._sample, self._database, self._tables = sample, database, database.tables
        self._media, self._imaging, self._log = media, imaging, log

    async def plain(self) -> Found:
        """Sealed texts that can be read in the raw rows of the same person."""
        places: set[str] = set()
        for owner in await self._sample.people():
            raw = await self._database.raw_rows(owner, ROWS)
            async for name, row in self._sample.rows(owner):
                places |= {f"{name}.{item}" for item, text in _sealed(name, row) if text.encode() in raw}
        return _none(sorted(places), "Readable at rest")

    async def orphans(self) -> Found:
        """Stored pictures that no row knows."""
        stray: list[str] = []
        for owner in await self._sample.people():
            known = {media_prefix(owner, one) for one in await self._ids("images", owner)}
            known |= {upload_prefix(owner, one) for one in await self._ids("uploads", owner)}
            keys = [key for folder in ("images", "uploads") for key in await self._media.list(f"{folder}/{owner}/")]
            stray += [key for key in keys if f"{key.rpartition('/')[0]}/" not in known]
        return _none(stray, "Of nobody", shown=0)

    async def dangling(self) -> Found:
        """Pictures whose bytes are gone."""
        lost = 0
        for owner in await self._sample.people():
            for image in await self._tables.images.find(Query(owner=owner, limit=PICTURES)):
                try:
                    await self._media.stat(media_key(owner, image.id, "original"))
                except NotFound:
                    lost += await self._is_there(image.id, owner)
        return Found(is_met=not lost, value=str(lost), note="Their bytes are missing: restore them." if lost else "")

    async def cards(self) -> Found:
        """Texts that hold what may be a card's number."""
        places: set[str] = set()
        for owner in await self._sample.people():
            async for name, row in self._sample.rows(owner):
                places |= {f"{name}.{item}" for item, text in _texts(name, row) if holds_card(text)}
        return _none(sorted(places), "Found in")

    async def marked(self) -> Found:
        """Files as they are delivered: originals whose seal holds, and smaller sizes that say how they were made."""
        looked = valid = 0
        for owner in await self._sample.people():
            for image in await self._tables.images.find(Query(owner=owner, limit=2)):
                if image.provider == UPLOADED:
                    continue  # nobody here made it
                files = await self._media.read([media_key(owner, image.id, variant) for variant in VARIANTS])
                for variant, data in zip(VARIANTS, files, strict=True):
                    if data is None:
                        continue  # an original is counted by `dangling`; a small picture has no smaller size
                    looked, valid = looked + 1, valid + await self._is_marked(variant, data)
        if not looked:
            return NOTHING
        note = f"{looked - valid} of {looked} do not read back as marked"
        value = f"{100 * valid // looked} % of {looked}"
        return Found(is_met=valid == looked, value=value, note="" if valid == looked else note)

    async def _is_marked(self, variant: str, data: bytes) -> bool:
        marks = await self._imaging.read_marks(data)
        if variant == ORIGINAL:
            return marks.seal == "valid" and bool(marks.signed_source)
        return bool(marks.xmp_source)

    async def training(self) -> Found:
        """Pictures of the newest build whose yes was not the last word when it was made."""
        newest = await self._tables.dataset_builds.find(Query(owner=HOUSE, limit=1))
        wrong = 0
        after = ""
        while newest and (page := await self._tables.dataset_entries.walk(after, OWNERS_PAGE)):
            for entry in page:
                if entry.build_id == newest[0].id:
                    last = await self._last_before(entry.owner, entry.image_id, entry.built_at)
                    wrong += last is None or last.event is not ChoiceEvent.GIVEN or last.id != entry.choice_id
            after = page[-1].id
        note = "Withdraw the newest build: it holds pictures without a yes." if wrong else ""
        return Found(is_met=not wrong, value=str(wrong), note=note)

    async def consents(self) -> Found:
        """Choices without the words that were shown, or whose chain was changed."""
        wrong = 0
        for owner in await self._sample.people():
            wrong += await self._log.broken_at(owner) is not None
            for choice in await self._tables.choices.find(Query(owner=owner, limit=ROWS)):
                wrong += not choice.words or choice.words_sha256 != words_digest(choice.words)
        return Found(
            is_met=not wrong, value=str(wrong), note="A record was changed after it was made." if wrong else ""
        )

    async def _ids(self, name: str, owner: str) -> list[str]:
        found: list[str] = []
        after = ""
        while page := await self._tables.named(name).find(Query(owner=owner, after=after, limit=OWNERS_PAGE)):
            found += [_text(row, "id") for row in page]
            after = found[-1]
        return found

    async def _is_there(self, image_id: str, owner: str) -> bool:
        """Say whether a picture is still meant to be there: it may have been deleted while this looked."""
        try:
            return not (await self._tables.images.get(image_id, owner)).is_leaving
        except NotFound:
            return False

    async def _last_before(self, owner: str, image_id: str, moment: datetime) -> Choice | None:
        equals = {"image_id": image_id, "purpose": Purpose.TRAINING.value}
        events = await self._tables.choices.find(Query(owner=owner, equals={**equals}, limit=ROWS))
        return next((event for event in events if event.created_at <= moment), None)


def holds_card(text: str) -> bool:
    """Say whether a text holds digits that pass the check of card numbers (Luhn, ISO/IEC 7812-1 annex B)."""
    return any(_passes(re.sub(r"\D", "", match[0])) for match in CARD.finditer(text))


def _passes(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + place % 2)
        total += number - 9 * (number > 9)
    return total % 10 == 0


def _sealed(name: str, row: object) -> list[tuple[str, str]]:
    how = DATA_MAP[name].fields
    return [
        (item, text) for item, text in _texts(name, row) if how[item] is Protection.SEALED and len(text) >= TEXT_MIN
    ]


def _texts(name: str, row: object) -> list[tuple[str, str]]:
    """Return the texts of a row by field, those in lists one by one."""
    found: list[tuple[str, str]] = []
    for item in DATA_MAP[name].fields:
        value = getattr(row, item)
        if isinstance(value, str):
            found.append((item, value))
        elif isinstance(value, tuple):
            found += [(item, part) for part in cast("tuple[object, ...]", value) if isinstance(part, str)]
        elif is_dataclass(value):
            named = (each.name for each in fields(value) if each.name in OWN_WORDS)
            found += [(item, part) for name in named if isinstance(part := getattr(value, name), str)]
    return found


def _none(places: Sequence[str], what: str, *, shown: int = 10) -> Found:
    note = f"{what}: {', '.join(places[:shown])}" if places and shown else ""
    return Found(is_met=not places, value=str(len(places)), note=note or ("Look for what left them." if places else ""))


def _text(record: object, name: str) -> str:
    return str(getattr(record, name))
