"""What we hold of the packages in which people take their data along."""

from collections.abc import Mapping

from imageroute_app.domain.data_map.kinds import Basis, Category, P, S, Source, Table
from imageroute_app.domain.exports import Export, ExportGrant, ExportPiece
from imageroute_app.domain.purposes import Purpose

EXPORTS: Mapping[str, Table] = {
    "exports": Table(
        record=Export,
        category=Category.PRIVACY,
        purpose="Packages of your data that you asked for",
        basis=Basis.LEGAL,
        serves=Purpose.RIGHTS,
        source=Source.HERE,
        rule="export",
        kept="files 7 days or until you delete them; the line in the history while the account is open",
        exported="exports.json",
        unique=("slot",),
        filters=("state",),
        dates=("lease_until", "expires_at"),
        fields={
            "id": P, "owner": P, "state": P, "slot": P, "categories": P, "part_limit_bytes": P, "since": P,
            "resumes_in": P, "cursor": P, "part": P, "part_bytes": P, "part_count": P, "pieces": P, "pictures": P,
            "pictures_done": P, "picture_bytes": P, "bytes_done": P, "gaps": S, "parts": P, "tries": P, "failure": P,
            "lease_holder": P, "lease_until": P, "created_at": P, "snapshot_at": P, "ready_at": P, "expires_at": P,
            "version": P,
        },
    ),
    "export_pieces": Table(
        record=ExportPiece,
        category=Category.PRIVACY,
        purpose="The texts of such a package while it can be downloaded",
        basis=Basis.LEGAL,
        serves=Purpose.RIGHTS,
        source=Source.HERE,
        rule="export",
        kept="7 days, or until you delete the files",
        exported="",
        filters=("export_id", "kind"),
        fields={
            "id": P, "owner": P, "export_id": P, "kind": P, "part": P, "text": S, "created_at": P, "version": P,
        },
    ),
    "export_grants": Table(
        record=ExportGrant,
        category=Category.PRIVACY,
        purpose="Downloads of such a package that you began",
        basis=Basis.LEGAL,
        serves=Purpose.RIGHTS,
        source=Source.HERE,
        rule="export_grant",
        kept="24 hours",
        exported="export-downloads.json",
        filters=("export_id",),
        dates=("expires_at",),
        fields={
            "id": P, "owner": P, "export_id": P, "part": P, "session_id": P, "etag": P, "created_at": P,
            "expires_at": P, "version": P,
        },
    ),
}  # fmt: skip
