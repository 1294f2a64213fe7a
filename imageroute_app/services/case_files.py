"""Files that people add to a case: a picture, which is drawn anew by the decoder of uploads, or plain text. Nothing else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from imageroute_app.domain.cases import FILE_BYTES_MAX, CaseMessage, clean, file_key, media_folder
from imageroute_app.domain.errors import BadImage, InvalidInput
from imageroute_app.domain.ports import Imaging, MediaStore

TEXT_BYTES_MAX = 64 * 1024
NEITHER = "Add a picture (PNG, JPEG, WebP, AVIF or GIF) or a plain text file, up to 900 KB."
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "text/plain": "txt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A checked file; its name is ours, because names of files say more than people mean to."""

    name: str
    mime: str
    data: bytes


class CaseFiles:
    """Checks, keeps and hands out the files of cases."""

    def __init__(self, *, imaging: Imaging, media: MediaStore) -> None:
        self._imaging, self._media = imaging, media

    async def check(self, data: bytes) -> Attachment | None:
        """Return a clean copy, None for no file; raises InvalidInput."""
        if not data:
            return None
        if len(data) > FILE_BYTES_MAX:
            raise InvalidInput(NEITHER, field="file")
        text = _plain_text(data)
        if text is not None:
            return Attachment(name="attachment.txt", mime="text/plain", data=text.encode())
        try:
            picture = await self._imaging.ingest(data, is_mask=False)
        except BadImage as error:
            raise InvalidInput(NEITHER, field="file") from error
        return Attachment(name=f"attachment.{SUFFIXES.get(picture.mime, 'png')}", mime=picture.mime, data=picture.data)

    async def keep(self, message: CaseMessage, attachment: Attachment) -> None:
        """Store the bytes under the message's id."""
        await self._media.put(file_key(message), attachment.data, attachment.mime)

    async def open(self, message: CaseMessage) -> AsyncIterator[bytes]:
        """Stream a message's file; raises NotFound."""
        return await self._media.open(file_key(message))

    async def move(self, message: CaseMessage, owner: str) -> None:
        """Copy a message's file to its case's new owner."""
        data = b"".join([chunk async for chunk in await self._media.open(file_key(message))])
        await self._media.put(f"{media_folder(owner, message.case_id)}{message.id}", data, message.mime)

    async def erase(self, owner: str, case_id: str) -> None:
        """Erase every file of a case; raises Unavailable until they are proven gone."""
        await self._media.delete_prefix(media_folder(owner, case_id))


def _plain_text(data: bytes) -> str | None:
    if len(data) > TEXT_BYTES_MAX:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    bare = text.replace("\r\n", "\n").lstrip("\ufeff").strip()
    return clean(bare) if bare and clean(bare) == bare.replace("\t", " ") else None
