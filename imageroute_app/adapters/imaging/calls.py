"""What the server asks a worker to do with a picture.

The decoders are imported inside, in the worker: the server's own process never loads them (about 13 MB with numpy).
"""

from imageroute_app.adapters.imaging.credential import Known, SigningKey
from imageroute_app.domain.pictures import FinishedImage, IngestedImage, Marking, Marks


def finish_picture(data: bytes, marking: Marking) -> FinishedImage:
    """Check, mark and size a picture; raises BadImage, UnsafeImage."""
    from imageroute_app.adapters.imaging import picture

    return picture.finish_picture(data, marking)


def with_settings(data: bytes, mime: str, recipe_json: str) -> tuple[bytes, str]:
    """Return a copy with the recipe, and the source type to sign it with; raises BadImage, InvalidInput."""
    from imageroute_app.adapters.imaging import copies

    return copies.with_settings(data, mime, recipe_json)


def convert(data: bytes, mime_to: str, long_edge_px: int | None, recipe_json: str | None) -> tuple[bytes, str]:
    """Return a copy drawn anew, and the source type to sign it with; raises BadImage, UnsafeImage, InvalidInput."""
    from imageroute_app.adapters.imaging import copies

    return copies.convert(data, mime_to, long_edge_px, recipe_json)


def read_marks(data: bytes, known: Known) -> Marks:
    """Return the marks of a file of anyone; raises BadImage, UnsafeImage."""
    from imageroute_app.adapters.imaging import picture, reading

    picture.check_kind(data)
    return reading.read_marks(data, known)


def seal_finished(finished: FinishedImage, source_type: str, signing: SigningKey) -> FinishedImage:
    """Sign a finished image's original; for the signing process."""
    from imageroute_app.adapters.imaging import sealing

    return sealing.seal_finished(finished, source_type, signing)


def seal(data: bytes, mime: str, source_type: str, signing: SigningKey) -> bytes:
    """Sign a copy; for the signing process."""
    from imageroute_app.adapters.imaging import sealing

    return sealing.seal(data, mime, source_type, signing)


def ingest_picture(data: bytes, *, is_mask: bool) -> IngestedImage:
    """Return a clean copy of an upload; raises BadImage, UnsafeImage."""
    from imageroute_app.adapters.imaging import ingest

    return ingest.ingest_picture(data, is_mask=is_mask)
