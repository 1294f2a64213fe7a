"""What we hold of pictures: made here, brought along, shared, packed."""

from collections.abc import Mapping

from imageroute_app.domain.data_map.kinds import Basis, Category, P, Recipient, S, Source, Table
from imageroute_app.domain.gallery import Album, Image
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.sharing import Archive, Share
from imageroute_app.domain.uploads import Upload

PICTURES: Mapping[str, Table] = {
    "images": Table(
        record=Image,
        category=Category.IMAGES,
        purpose="Your gallery",
        basis=Basis.CONTRACT,
        serves=Purpose.GALLERY,
        source=Source.COMPANY,
        recipients=(Recipient.MEDIA, Recipient.MODEL, Recipient.VISITORS),
        rule="image",
        kept="until you delete it; 30 days in the trash",
        exported="images.json",
        filters=("trashed", "favourite", "job_id", "provider"),
        dates=("purge_at",),
        sums=("size_bytes",),
        searched="prompt",
        fields={
            "id": P, "owner": P, "job_id": P, "position": P, "prompt": S, "negative": S, "provider": P, "model": P,
            "style": P, "width": P, "height": P, "seed": P, "mime": P, "size_bytes": P, "sha256": P, "colour": P,
            "price_credits": P, "took_ms": P, "source_type": P, "source_id": P, "favourite": P, "trashed": P,
            "trashed_at": P, "purge_at": P, "created_at": P, "crc32": P, "albums": P, "tags": S, "version": P,
        },
    ),
    "albums": Table(
        record=Album,
        category=Category.IMAGES,
        purpose="Your albums",
        basis=Basis.CONTRACT,
        serves=Purpose.GALLERY,
        source=Source.PERSON,
        rule="album",
        kept="until you delete it",
        exported="albums.json",
        fields={"id": P, "owner": P, "name": S, "cover_id": P, "created_at": P, "version": P},
    ),
    "uploads": Table(
        record=Upload,
        category=Category.UPLOADS,
        purpose="Pictures you brought along",
        basis=Basis.CONTRACT,
        serves=Purpose.UPLOAD,
        source=Source.PERSON,
        recipients=(Recipient.MEDIA, Recipient.MODEL),
        rule="upload",
        kept="30 days from the upload, unless you save it to the gallery",
        exported="uploads.json",
        filters=("kind",),
        dates=("expires_at", "notice_at", "going_since"),
        fields={
            "id": P, "owner": P, "kind": P, "name": S, "mime": P, "width": P, "height": P, "size_bytes": P,
            "sha256": P, "colour": P, "uploaded_at": P, "expires_at": P, "notice_at": P, "going_since": P,
            "failures": P, "version": P,
        },
    ),
    "shares": Table(
        record=Share,
        category=Category.IMAGES,
        purpose="Links by which others see a picture",
        basis=Basis.CONTRACT,
        serves=Purpose.SHARE,
        source=Source.PERSON,
        recipients=(Recipient.VISITORS,),
        rule="share",
        kept="until you revoke it, or it expires",
        exported="shares.json",
        keys=("token_hash",),
        filters=("image_id",),
        dates=("expires_at",),
        fields={
            "id": P, "owner": P, "image_id": P, "token": S, "token_hash": P, "password_hash": S, "with_metadata": P,
            "created_at": P, "expires_at": P, "version": P,
        },
    ),
    "archives": Table(
        record=Archive,
        category=Category.IMAGES,
        purpose="Downloads of several pictures",
        basis=Basis.CONTRACT,
        serves=Purpose.GALLERY,
        source=Source.PERSON,
        recipients=(Recipient.MEDIA,),
        rule="archive",
        kept="7 days",
        exported="archives.json",
        filters=("state",),
        dates=("expires_at",),
        fields={
            "id": P, "owner": P, "state": P, "title": S, "encoding": P, "edge_px": P, "with_settings": P, "image_ids": P,
            "done": P, "size_bytes": P, "gaps": S, "created_at": P, "expires_at": P, "version": P,
        },
    ),
}
