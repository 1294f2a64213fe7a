"""Pictures as a person wants them: another format, another size, settings inside; always marked as what they are."""

from imageroute_app.domain.gallery import Image
from imageroute_app.domain.ports import Imaging
from imageroute_app.services.archive_build import Choice, Render
from imageroute_app.services.archive_content import MIMES


def renderer(imaging: Imaging) -> Render:
    """Return what makes files for downloads; it raises BadImage for an original that cannot be drawn anew."""

    async def render(choice: Choice, image: Image, original: bytes, recipe: bytes) -> bytes:
        settings = recipe.decode() if choice.with_settings else None
        if choice.encoding in MIMES:
            return await imaging.convert(original, MIMES[choice.encoding], choice.edge_px or None, settings)
        return await imaging.with_settings(original, image.mime, settings or "")

    return render
