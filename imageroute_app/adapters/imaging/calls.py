"""What the server asks a worker to do with a picture.

The decoders are imported inside, in the worker: the server's own process never loads them (about 13 MB with numpy).
"""

from imageroute_app.domain.ports import FinishedImage, Marking


def finish_picture(data: bytes, marking: Marking) -> FinishedImage:
    """Check, mark and size a picture; raises BadImage, UnsafeImage."""
    from imageroute_app.adapters.imaging import picture

    return picture.finish_picture(data, marking)
