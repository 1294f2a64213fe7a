"""Pictures in a package: names, checksums, the sidecar in the same part, and a note for each that cannot be put in."""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from imageroute_app.domain.data_map import Category
from imageroute_app.domain.exports import Export, Gap, GapReason, ascii_slug
from imageroute_app.domain.file_names import extension
from imageroute_app.domain.gallery import Image, media_key
from imageroute_app.domain.uploads import Upload, upload_key
from imageroute_app.services.export_bag import BagFile, Draft
from imageroute_app.services.export_tables import plain

FILE_EXTRA = 700
"""What one file adds to a part beside its bytes: headers, lines of manifests, its line on the page."""
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


class Batch:
    """The pictures of one step, shared out to parts."""

    def __init__(self, export: Export, draft: Draft, now: datetime) -> None:
        self._export, self._draft, self.began_at = export, draft, now
        self._files: list[BagFile] = []
        self.linked: list[Mapping[str, Any]] = []

    def take(self, one: Image | Upload, data: bytes | None, sidecar: bytes, seal: str) -> None:
        """Put a picture and its sidecar in, or note why not."""
        digest = hashlib.sha256(data or b"").hexdigest()
        self._export = replace(self._export, pictures_done=self._export.pictures_done + 1)
        if data is None or digest != one.sha256:
            self.miss(gap_of(one, GapReason.MISSING if data is None else GapReason.CORRUPT, self.began_at))
            return
        stem = bag_stem(one)
        category = (Category.UPLOADS if isinstance(one, Upload) else Category.IMAGES).value
        facts: dict[str, Any] = {
            "category": category, "record_id": one.id, "created_at": plain(_began(one)), "art20": True
        }  # fmt: skip
        picture = BagFile(
            path=f"{stem}.{extension(one.mime)}", size_bytes=len(data), crc32=zlib.crc32(data),
            sha256=digest, media_type=one.mime, source_sha256=one.sha256, c2pa=seal,
            title=title_of(one), key=key_of(one), **facts,
        )  # fmt: skip
        beside = self._draft.file(
            f"{stem}.{extension(one.mime)}.json", [sidecar.decode()], media_type="application/json", **facts
        )
        self._export = replace(self._export, bytes_done=self._export.bytes_done + picture.size_bytes)
        self.place(picture, beside)
        if isinstance(one, Image):
            self.linked.append(image_object(one, picture.path))

    def place(self, *files: BagFile) -> None:
        """Put files that belong together into one part, a new one when they do not fit."""
        needed = sum(file.size_bytes + FILE_EXTRA for file in files)
        is_full = self._export.part_bytes + needed > self._export.part_limit_bytes
        if is_full and self._export.part_bytes:
            self._list()
            self._export = replace(self._export, part=self._export.part + 1, part_bytes=0)
        self._files += files
        self._export = replace(self._export, part_bytes=self._export.part_bytes + needed)

    def miss(self, gap: Gap) -> None:
        """Note what cannot be put in."""
        self._export = replace(self._export, gaps=(*self._export.gaps, gap.text()))

    def _list(self) -> None:
        self._draft.sheet(self._files, self._export.part)
        self._files = []

    def close(self) -> Export:
        """List what is left; returns the export as it stands then."""
        self._list()
        return self._export


def _began(one: Image | Upload) -> datetime:
    return one.uploaded_at if isinstance(one, Upload) else one.created_at


def title_of(one: Image | Upload) -> str:
    """Return what a person would call the picture."""
    return (one.name if isinstance(one, Upload) else one.prompt)[:200]


def key_of(one: Image | Upload) -> str:
    """Return where its bytes are kept."""
    is_upload = isinstance(one, Upload)
    return (upload_key if is_upload else media_key)(one.owner, one.id, "original")


def bag_stem(one: Image | Upload) -> str:
    """Return its path in the bag without ending: by month in the gallery, all together among the uploads."""
    name = f"{one.id}_{ascii_slug(title_of(one))}"
    return f"data/uploads/{name}" if isinstance(one, Upload) else f"data/gallery/{one.created_at:%Y/%m}/{name}"


def gap_of(one: Image | Upload, reason: GapReason, now: datetime) -> Gap:
    """Return the note about a picture that is not in the package."""
    kind = "upload" if isinstance(one, Upload) else "image"
    first_seen = now.isoformat(timespec="seconds")
    return Gap(kind=kind, record_id=one.id, reason=reason, first_seen=first_seen, name=title_of(one)[:80])


def image_object(image: Image, path: str) -> Mapping[str, Any]:
    """Return the picture as a schema.org ImageObject, the form in which other services can take it in."""
    return {
        "@type": "ImageObject",
        "identifier": image.id,
        "contentUrl": f"../{path.removeprefix('data/')}",
        "encodingFormat": image.mime,
        "width": image.width,
        "height": image.height,
        "contentSize": str(image.size_bytes),
        "sha256": image.sha256,
        "dateCreated": plain(image.created_at),
        "caption": image.prompt,
        "keywords": list(image.tags),
        **({"digitalSourceType": SOURCE_TYPES + image.source_type} if image.source_type else {}),
    }
