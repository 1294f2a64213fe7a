"""What stands around the pictures of an archive, written once and kept sealed: names, recipes, the lists at its end.

Principle: words never lie open beside the pictures. They are sealed under the person's key, and go with the archive, with
the first of its pictures that is erased, or with the key.
"""

from dataclasses import dataclass

from imageroute_app.domain.backups import Strongbox
from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.ports import MediaStore
from imageroute_app.domain.sharing import Archive
from imageroute_app.services.archive_content import BINARY, archive_prefix

PAGE = 200
"""Pictures whose words lie in one file."""
REST_BYTES = 1024 * 1024
"""How much of what follows the last picture lies in one file."""


class Changed(Unavailable):
    """The archive is no longer what it was; it is made again without what is gone."""

    code = "archive_changed"

    def __init__(self) -> None:
        super().__init__("A picture of this download was deleted meanwhile. It is made again without it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of archives, in files of one making each: those of two makings never meet."""

    media: MediaStore
    strongbox: Strongbox

    async def write(self, archive: Archive, making: bytes, name: str, data: bytes) -> None:
        """Keep a file; raises StorageFull, Unavailable, and NotFound once the person's key is destroyed."""
        key = _key(archive, making, name)
        await self.media.put(key, await self.strongbox.seal(archive.owner, key, data), BINARY)

    async def read(self, archive: Archive, making: bytes, name: str, size_bytes: int) -> bytes:
        """Return a file; raises Changed when it is gone or has another size."""
        key = _key(archive, making, name)
        [sealed] = await self.media.read([key])
        try:
            data = b"" if sealed is None else await self.strongbox.unseal(archive.owner, key, sealed)
        except Unavailable:
            raise Changed from None
        if len(data) != size_bytes:
            raise Changed
        return data

    async def drop(self, archive: Archive) -> None:
        """Erase all of them; the archive is made again when it is asked for."""
        await self.media.delete_prefix(_prefix(archive))


def page_name(page: int) -> str:
    """Return the name of the file with the words of a page of pictures."""
    return f"page-{page:05}"


def rest_name(part: int) -> str:
    """Return the name of a file with a part of what follows the last picture."""
    return f"rest-{part:05}"


def _key(archive: Archive, making: bytes, name: str) -> str:
    return f"{_prefix(archive)}{making.hex()}/{name}"


def _prefix(archive: Archive) -> str:
    return f"{archive_prefix(archive.owner, archive.id)}words/"
