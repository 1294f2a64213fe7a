"""What is in an archive: its manifest, the names of its files, and where their bytes lie."""

import json
import zlib
from collections.abc import Mapping, Sequence

from imageroute_app.domain.file_names import extension, stem, suffix_length
from imageroute_app.domain.gallery import Image, media_key
from imageroute_app.domain.ports import OutputMime, Query, Tables
from imageroute_app.domain.sharing import Archive
from imageroute_app.domain.zips import Entry

MIMES: Mapping[str, OutputMime] = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
BINARY = "application/octet-stream"
ROWS = 200
"""Rows that are read at once."""
MANIFEST, DIGESTS, RECIPE_ENDING = b"manifest.json", b"manifest-sha256.txt", b".json"


class Names:
    """File names of one archive."""

    def __init__(self, archive: Archive) -> None:
        self._suffix = suffix_length(archive.image_ids)
        self._mime: str = MIMES.get(archive.encoding, "")

    def stem(self, image: Image) -> bytes:
        """Return the name without its ending."""
        return stem(image.prompt, image.id, self._suffix).encode()

    def ending(self, image: Image) -> bytes:
        """Return the picture's ending, with its dot."""
        return f".{extension(self._mime or image.mime)}".encode()


def is_prepared(archive: Archive) -> bool:
    """Say whether its files are made for it; otherwise it holds the stored originals."""
    return archive.encoding != "original" or archive.edge_px > 0 or archive.with_settings


def archive_prefix(owner: str, archive_id: str) -> str:
    """Return the media key prefix of everything made for one archive."""
    return f"archives/{owner}/{archive_id}/"


def index_key(archive: Archive) -> str:
    """Return where its index lies."""
    return f"{archive_prefix(archive.owner, archive.id)}index"


def picture_key(archive: Archive, image_id: str) -> str:
    """Return where the bytes of one of its pictures lie."""
    if is_prepared(archive):
        return f"{archive_prefix(archive.owner, archive.id)}{image_id}"
    return media_key(archive.owner, image_id, "original")


def digest_line(name: bytes, sha256: bytes) -> bytes:
    """Return the line of one picture in the list that `sha256sum -c` reads."""
    return sha256.hex().encode() + b"  " + name + b"\n"


def entry_of(name: bytes, data: bytes) -> Entry:
    """Return the entry of a file whose bytes are at hand."""
    return Entry(name, len(data), zlib.crc32(data))


def manifest_of(archive: Archive) -> bytes:
    """Return the archive's own description: counts, and every picture that is not in it with the reason."""
    content = {
        "kind": "imageroute-archive",
        "version": 1,
        "archive": archive.id,
        "title": archive.title,
        "created_at": archive.created_at.isoformat(timespec="milliseconds"),
        "asked_for": len(archive.image_ids),
        "pictures": len(archive.image_ids) - len(archive.gaps),
        "missing": [_gap(gap) for gap in archive.gaps],
        "format": archive.encoding,
        "longest_edge_px": archive.edge_px or None,
        "settings_in_files": archive.with_settings,
        "verify": "sha256sum -c manifest-sha256.txt",
    }
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def _gap(gap: str) -> Mapping[str, str]:
    image_id, _, reason = gap.partition(" ")
    return {"id": image_id, "reason": reason}


async def rows_of(tables: Tables, owner: str, ids: Sequence[str]) -> dict[str, Image]:
    """Return those of at most 200 pictures that are still in the gallery, by id."""
    query = Query(owner=owner, equals={"id": tuple(ids), "trashed": False}, limit=len(ids))
    return {image.id: image for image in await tables.images.find(query)} if ids else {}
