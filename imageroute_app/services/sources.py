"""The pictures that a request starts from: images of the gallery or uploads, always the owner's and still there."""

import contextlib
from dataclasses import dataclass
from datetime import datetime

from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.gallery import media_key
from imageroute_app.domain.jobs import Request
from imageroute_app.domain.ports import Tables
from imageroute_app.domain.uploads import Upload, UploadKind, upload_key

GONE = "This picture is no longer there. Choose another one."
IN_TRASH = "This picture is in the trash. Restore it, or choose another one."
MASK_GONE = "This mask is no longer there. Paint it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """What is known of one picture; sizes in pixels, `key` is its original's media key.

    `source_type` is empty for uploads, and `expires_at` None for images. `is_image`: it stands in the gallery.
    """

    id: str
    name: str
    width: int
    height: int
    key: str
    source_type: str = ""
    is_image: bool = False
    expires_at: datetime | None = None


async def source_facts(tables: Tables, owner: str, picture_id: str, now: datetime) -> SourceFacts:
    """Return an image's or an upload's facts; raises NotFound when it is gone, expired or not this person's."""
    try:
        image = await tables.images.get(picture_id, owner)
    except NotFound:
        return _of_upload(await usable_upload(tables, owner, picture_id, now, UploadKind.PICTURE))
    if image.trashed:
        raise NotFound(IN_TRASH)
    return SourceFacts(
        id=image.id,
        name=image.prompt,
        width=image.width,
        height=image.height,
        key=media_key(owner, image.id, "original"),
        source_type=image.source_type,
        is_image=True,
    )


async def mask_facts(tables: Tables, owner: str, mask_id: str, now: datetime) -> SourceFacts:
    """Return a mask's facts; raises NotFound when it is gone, expired, no mask or not this person's."""
    return _of_upload(await usable_upload(tables, owner, mask_id, now, UploadKind.MASK))


async def first_expiry(tables: Tables, owner: str, request: Request, now: datetime) -> datetime | None:
    """Return when the first of the uploads that a request sends along ends, or None when it sends none."""
    ends: list[datetime] = []
    for picture_id in (request.source_id, *request.reference_ids):
        if not picture_id:
            continue
        with contextlib.suppress(NotFound):
            facts = await source_facts(tables, owner, picture_id, now)
            ends += [facts.expires_at] if facts.expires_at else []
    return min(ends, default=None)


async def usable_upload(
    tables: Tables, owner: str, upload_id: str, now: datetime, kind: UploadKind | None = None
) -> Upload:
    """Return an upload, of this kind if one is named; raises NotFound when it is gone, going or not this person's."""
    words = MASK_GONE if kind is UploadKind.MASK else GONE
    try:
        upload = await tables.uploads.get(upload_id, owner)
    except NotFound as error:
        raise NotFound(words) from error
    if (kind is not None and upload.kind is not kind) or upload.going_since is not None or upload.expires_at <= now:
        raise NotFound(words)
    return upload


def _of_upload(upload: Upload) -> SourceFacts:
    key = upload_key(upload.owner, upload.id, "original")
    return SourceFacts(
        id=upload.id,
        name=upload.name,
        width=upload.width,
        height=upload.height,
        key=key,
        expires_at=upload.expires_at,
    )
