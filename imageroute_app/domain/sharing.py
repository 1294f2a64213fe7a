"""What leaves the private gallery by its owner's wish: links to one picture, and archives to download."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

SHARE_DAYS = 30
ARCHIVE_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A link to one picture; whoever has the token sees it until `expires_at` or until the row is gone.

    `password_hash` is empty without a password; `with_metadata` leaves prompt and settings on the page.
    """

    id: str
    owner: str
    image_id: str
    token: str
    token_hash: str
    password_hash: str
    with_metadata: bool
    created_at: datetime
    expires_at: datetime
    version: int = 0


class ArchiveState(StrEnum):
    """Where an archive stands; files that must be made first (another format, settings inside) are PREPARING."""

    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One zip that can be downloaded again and from any byte on, until `expires_at`; its content is fixed by `image_ids`.

    `title` names a selection, an album or everything; `encoding` is "original", "png", "jpeg" or "webp", `edge_px` the longest
    side or 0; `done` counts files that are ready, `gaps` names pictures that could not be put in and why.
    """

    id: str
    owner: str
    state: ArchiveState
    title: str
    encoding: str
    edge_px: int
    with_settings: bool
    image_ids: tuple[str, ...]
    done: int
    size_bytes: int
    gaps: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    version: int = 0
