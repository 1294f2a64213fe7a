"""Building an archive: every picture is looked at once, what is missing is named, and all that stands around them is written.

Files in another format or with settings inside are made here, one after the other; each is kept as soon as it is made, so
that a build that was cut off goes on where it stopped.
"""

import asyncio
import hashlib
import secrets
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from imageroute_app.domain.errors import BadImage, NotFound
from imageroute_app.domain.gallery import Image, media_key
from imageroute_app.domain.ports import MediaStore, Tables
from imageroute_app.domain.sharing import Archive, ArchiveState
from imageroute_app.domain.zips import Directory, Entry
from imageroute_app.services.archive_content import (
    BINARY,
    DIGESTS,
    MANIFEST,
    RECIPE_ENDING,
    ROWS,
    Names,
    digest_line,
    entry_of,
    index_key,
    is_prepared,
    manifest_of,
    picture_key,
    rows_of,
)
from imageroute_app.services.archive_index import Index, Slot, Slots, dump_index
from imageroute_app.services.archive_words import PAGE, REST_BYTES, Words, page_name, rest_name
from imageroute_app.services.recipes import Recipes

DELETED, MISSING, DAMAGED = "was deleted or is in the trash", "its file is missing", "its file is damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How pictures are to be: an encoding, the longest edge in pixels (0 as it is), settings inside or not."""

    encoding: str = "original"
    edge_px: int = 0
    with_settings: bool = False


Render = Callable[[Choice, Image, bytes, bytes], Awaitable[bytes]]
"""From a choice, a picture, its stored original and its recipe to the bytes to send."""
Step = Callable[[int], Awaitable[None]]
"""Called with the number of pictures that were looked at; raises Conflict when the archive is gone or taken over."""


class ArchiveBuild:
    """One run over the pictures of one archive."""

    def __init__(
        self, archive: Archive, *, tables: Tables, media: MediaStore, words: Words, recipes: Recipes, render: Render
    ) -> None:
        self._archive, self._tables, self._media, self._words = archive, tables, media, words
        self._recipes, self._render, self._names = recipes, render, Names(archive)
        self._choice = Choice(encoding=archive.encoding, edge_px=archive.edge_px, with_settings=archive.with_settings)
        self._gaps: list[str] = []
        self._directory = Directory(archive.created_at)
        self._making, self._content = secrets.token_bytes(16), hashlib.blake2b(digest_size=16)
        self._slots: list[Slot] = []
        self._entries: list[tuple[Entry, Entry]] = []
        self._digests: list[bytes] = []
        self._said: list[bytes] = []
        self._sources: set[str] = set()

    async def run(self, step: Step) -> Archive:
        """Write words and index; returns the archive as it is ready, with its gaps."""
        await self._words.drop(self._archive)
        ids = self._archive.image_ids
        for first in range(0, len(ids), ROWS):
            page = ids[first : first + ROWS]
            found = await rows_of(self._tables, self._archive.owner, page)
            self._gaps += [f"{image_id} {DELETED}" for image_id in page if image_id not in found]
            await self._take([(first + at, found[one]) for at, one in enumerate(page) if one in found], step)
            await step(first + len(page))
        await self._flush()
        ready = replace(self._archive, state=ArchiveState.READY, gaps=tuple(self._gaps), done=len(ids))
        manifest = manifest_of(ready)
        rest, end = await self._rest(manifest)
        await self._keep_rest(rest)
        index = Index(
            slots=Slots.of(self._slots),
            rest_bytes=len(rest),
            making=self._making,
            content=self._content.digest(),
            sources=tuple(sorted(self._sources)),
        )
        await self._media.put(index_key(self._archive), dump_index(index), BINARY)
        return replace(ready, size_bytes=end)

    async def _take(self, placed: Sequence[tuple[int, Image]], step: Step) -> None:
        recipes, sources = await self._recipes.with_sources(self._archive.owner, [image for _, image in placed])
        self._sources |= sources
        for (place, image), recipe in zip(placed, recipes, strict=True):
            facts = await self._facts(image, recipe)
            if isinstance(facts, str):
                self._gaps.append(f"{image.id} {facts}")
                continue
            self._add(place, image, recipe, facts)
            if len(self._slots) % PAGE == 0:
                await self._flush()
            if is_prepared(self._archive):
                await step(place + 1)

    def _add(self, place: int, image: Image, recipe: bytes, facts: tuple[int, int, bytes]) -> None:
        stem, ending = self._names.stem(image), self._names.ending(image)
        size_bytes, crc32, sha256 = facts
        picture, beside = Entry(stem + ending, size_bytes, crc32), entry_of(stem + RECIPE_ENDING, recipe)
        head = self._directory.local_header(picture)
        tail = self._directory.local_header(beside) + recipe
        self._slots.append(Slot(place, len(head), size_bytes, len(tail)))
        self._entries.append((picture, beside))
        self._digests.append(digest_line(picture.name, sha256))
        self._said += (head, tail)

    async def _flush(self) -> None:
        """Keep the words of the last page of slots."""
        if self._said:
            data, page = b"".join(self._said), (len(self._slots) - 1) // PAGE
            self._content.update(data)
            await self._words.write(self._archive, self._making, page_name(page), data)
            self._said = []

    async def _rest(self, manifest: bytes) -> tuple[bytes, int]:
        """Return what follows the last picture, the list of digests and the directory, and where the archive ends."""
        digests, directory = b"".join(self._digests), self._directory
        directory.note(entry_of(MANIFEST, manifest))
        for place, (picture, beside) in enumerate(self._entries):
            directory.note(picture)
            directory.note(beside)
            if place % ROWS == 0:
                await asyncio.sleep(0)  # others are served meanwhile
        entry = entry_of(DIGESTS, digests)
        directory.note(entry)
        tail = directory.tail()
        return directory.local_header(entry) + digests + tail, directory.end_of_entries + len(tail)

    async def _keep_rest(self, rest: bytes) -> None:
        self._content.update(rest)
        for part, first in enumerate(range(0, len(rest), REST_BYTES)):
            await self._words.write(self._archive, self._making, rest_name(part), rest[first : first + REST_BYTES])

    async def _facts(self, image: Image, recipe: bytes) -> tuple[int, int, bytes] | str:
        """Return size, CRC-32 and SHA-256 of what goes into the archive, or why nothing does."""
        key = media_key(image.owner, image.id, "original")
        if image.crc32 and not is_prepared(self._archive):
            return await self._known(image, key)
        [data] = await self._media.read([key])
        if data is None:
            return MISSING
        if hashlib.sha256(data).hexdigest() != image.sha256:
            return DAMAGED
        if is_prepared(self._archive):
            data = await self._prepared(image, data, recipe)
        return DAMAGED if data is None else (len(data), zlib.crc32(data), hashlib.sha256(data).digest())

    async def _known(self, image: Image, key: str) -> tuple[int, int, bytes] | str:
        try:
            facts = await self._media.stat(key)
        except NotFound:
            return MISSING
        if facts.size_bytes != image.size_bytes:
            return DAMAGED
        return image.size_bytes, image.crc32, bytes.fromhex(image.sha256)

    async def _prepared(self, image: Image, original: bytes, recipe: bytes) -> bytes | None:
        key = picture_key(self._archive, image.id)
        [made] = await self._media.read([key])
        if made is not None:
            return made
        try:
            made = await self._render(self._choice, image, original, recipe)
        except BadImage:
            return None
        await self._media.put(key, made, BINARY)
        return made
