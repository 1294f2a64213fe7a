"""Work on our own small pictures that providers need; imports Pillow only when it is done, so that the server stays lean."""

import io


def alpha_mask(mask: bytes) -> bytes:
    """Return our mask (255 = change) as an RGBA PNG whose alpha is 0 where the picture may change (OpenAI's way)."""
    from PIL import Image as Pillow

    with Pillow.open(io.BytesIO(mask)) as image:
        grey = image.convert("L")
    painted = Pillow.new("RGBA", grey.size, (0, 0, 0, 255))
    painted.putalpha(grey.point(lambda value: 255 - value))
    file = io.BytesIO()
    painted.save(file, "PNG")
    return file.getvalue()
