"""Papers in a package: a receipt for every choice (ISO/IEC TS 27560 in DPV terms) and the files that people added to cases."""

import hashlib
import json
import zlib
from collections.abc import Sequence
from datetime import datetime

from imageroute_app.domain.cases import CaseMessage, file_key
from imageroute_app.domain.choices import Choice
from imageroute_app.domain.consent_receipts import Controller, receipt
from imageroute_app.domain.data_map import Category
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.exports import Export, Gap, GapReason
from imageroute_app.domain.ports import MediaStore
from imageroute_app.services.export_bag import BagFile, Draft
from imageroute_app.services.export_pictures import Batch
from imageroute_app.services.export_tables import plain

RECEIPTS, ATTACHMENTS = "data/privacy/receipts", "data/support/attachments"


def receipt_files(choices: Sequence[Choice], draft: Draft, controller: Controller) -> list[BagFile]:
    """Write the receipts of these choices."""
    return [
        draft.file(
            f"{RECEIPTS}/{choice.created_at:%Y-%m-%d}-{choice.number}.json",
            [json.dumps(receipt(choice, controller), ensure_ascii=False, indent=2) + "\n"],
            media_type="application/ld+json", category=Category.PRIVACY.value, record_id=choice.id,
            created_at=plain(choice.created_at), art20=True,
        )
        for choice in choices
    ]  # fmt: skip


async def attachments(
    messages: Sequence[CaseMessage], export: Export, draft: Draft, media: MediaStore, now: datetime
) -> Export:
    """Put the files of these messages in, or note which is missing; returns the export as it stands then."""
    batch = Batch(export, draft, now)
    for message in messages:
        if not message.file_name:
            continue
        try:
            data = b"".join([chunk async for chunk in await media.open(file_key(message))])
        except NotFound:
            batch.miss(_gap(message, now))
            continue
        digest = hashlib.sha256(data).hexdigest()
        batch.place(
            BagFile(
                path=f"{ATTACHMENTS}/{message.id}_{message.file_name}", size_bytes=len(data), crc32=zlib.crc32(data),
                sha256=digest, media_type=message.mime, category=Category.SUPPORT.value, record_id=message.id,
                created_at=plain(message.created_at), source_sha256=digest, art20=True, title=message.file_name,
                key=file_key(message),
            )
        )  # fmt: skip
    return batch.close()


def _gap(message: CaseMessage, now: datetime) -> Gap:
    return Gap(
        kind="attachment", record_id=message.id, reason=GapReason.MISSING, first_seen=now.isoformat(timespec="seconds"),
        name=message.file_name,
    )  # fmt: skip
