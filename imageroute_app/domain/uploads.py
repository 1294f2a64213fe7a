"""Pictures a person brought along: private, counted down from the upload, gone 30 days later unless saved to the gallery."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from imageroute_app.domain.gallery import Image, leaving, to_trash

UPLOAD_DAYS = 30
NOTICE_DAYS = 5
UPLOADED = "upload"
"""What stands as the provider of a saved upload in the gallery."""


class UploadKind(StrEnum):
    """What an upload is for: a picture to start from, or a mask painted over one."""

    PICTURE = "picture"
    MASK = "mask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A re-encoded copy without anything private; sizes in pixels and bytes, `name` as the person's file was called.

    `notice_at` is when its owner is told that it goes soon, None once that is done. From `going_since` on it is being
    erased: nobody can use it any more, and the row stays until every store has proven that the bytes are gone; `failures`
    counts tries. A time still to come marks a row whose bytes are on their way in.
    """

    id: str
    owner: str
    kind: UploadKind
    name: str
    mime: str
    width: int
    height: int
    size_bytes: int
    sha256: str
    colour: str
    uploaded_at: datetime
    expires_at: datetime
    notice_at: datetime | None = None
    going_since: datetime | None = None
    failures: int = 0
    version: int = 0


def expiry_time(uploaded_at: datetime) -> datetime:
    """Return when an upload is erased unless it was saved; using it again does not move this."""
    return uploaded_at + timedelta(days=UPLOAD_DAYS)


def days_left(upload: Upload, now: datetime) -> int:
    """Return how many days an upload has left; one that has begun counts."""
    return max(0, math.ceil((upload.expires_at - now) / timedelta(days=1)))


def notice_time(expires_at: datetime) -> datetime:
    """Return when its owner is told."""
    return expires_at - timedelta(days=NOTICE_DAYS)


def is_spent(image: Image, now: datetime) -> bool:
    """Say whether a saved upload is past its 30 days, so that removing it from the gallery erases it at once (P48)."""
    return image.provider == UPLOADED and expiry_time(image.created_at) <= now


def removed(image: Image, now: datetime) -> Image:
    """Return an image as its owner removes it: in the trash, or, if it is spent, on its way out at once."""
    gone = to_trash(image, now)
    return leaving(gone) if is_spent(image, now) and not image.trashed else gone


def upload_prefix(owner: str, upload_id: str) -> str:
    """Return the media key prefix under which every size of one upload lies."""
    return f"uploads/{owner}/{upload_id}/"


def upload_key(owner: str, upload_id: str, variant: str) -> str:
    """Return the media key of one size of one upload."""
    return f"{upload_prefix(owner, upload_id)}{variant}"
