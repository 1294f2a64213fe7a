"""The clean copy of an upload: its pixels upright and in sRGB, and nothing else of the file, whatever was sent."""

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from PIL import Image, ImageOps

from imageroute_app.adapters.imaging.finish import PooledImaging, open_imaging
from imageroute_app.adapters.imaging.ingest import ingest_picture
from imageroute_app.adapters.imaging.limits import UPLOAD_EDGE_PX
from imageroute_app.adapters.workers import WorkerPool
from imageroute_app.domain.errors import BadImage, UnsafeImage
from tests.adapters.pictures import CANARY, encode, opened, photo
from tests.adapters.test_imaging import (
    BOMBS,
    REFUSED,
    jpeg_with_gps,
    jpeg_with_note_between_scans,
    noted_png,
    with_zip_behind,
)
from tests.marks import development_credential


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def imaging() -> AsyncIterator[PooledImaging]:
    pool = WorkerPool(1)
    yield open_imaging(pool, development_credential())
    await pool.close()


@pytest.mark.promise("P7")
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("edge_px", [64, UPLOAD_EDGE_PX + 600])
def test_a_photo_is_turned_upright_and_loses_place_and_camera(orientation: int, edge_px: int) -> None:
    data = jpeg_with_gps(orientation)
    if edge_px > UPLOAD_EDGE_PX:
        wide = Image.new("RGB", (edge_px, 40), "navy")
        wide.paste("red", (0, 0, edge_px // 2, 20))
        data = encode(wide, "JPEG", quality=95, exif=opened(data).getexif())
    upright = ImageOps.exif_transpose(opened(data)).convert("RGB")
    kept = ingest_picture(data, is_mask=False)
    assert max(kept.width, kept.height) == min(UPLOAD_EDGE_PX, max(upright.size))
    assert (kept.width > kept.height) == (upright.width > upright.height)
    copy = opened(kept.data)
    assert copy.mode == "RGB"
    assert not dict(copy.getexif())
    assert CANARY not in kept.data
    assert set(copy.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    for at in ((0.1, 0.2), (0.9, 0.2), (0.1, 0.8), (0.9, 0.8)):
        points = [image.getpixel((int(at[0] * image.width), int(at[1] * image.height))) for image in (copy, upright)]
        assert all(abs(a - b) < 40 for a, b in zip(*points, strict=True)), (orientation, at)


@pytest.mark.parametrize(
    "data",
    [noted_png(), with_zip_behind(encode(photo())), with_zip_behind(encode(photo(), "JPEG")),
     jpeg_with_note_between_scans(), encode(photo(), "AVIF", xmp=CANARY), encode(photo(), "GIF", comment=CANARY),
     encode(photo(), "WEBP", xmp=CANARY, exif=b"Exif\0\0" + CANARY)],
    ids=["png text", "png+zip", "jpeg+zip", "jpeg between scans", "avif xmp", "gif comment", "webp xmp exif"],
)  # fmt: skip
def test_whatever_lies_beside_the_pixels_goes(data: bytes) -> None:
    kept = ingest_picture(data, is_mask=False)
    for file in (kept.data, *kept.thumbnails.values()):
        assert CANARY not in file
        assert b"PK\x03\x04" not in file
        assert b"xmp" not in file.lower()  # an upload is not AI-made and is not marked as such


@pytest.mark.parametrize(
    ("image", "kind", "mime"),
    [
        (photo(mode="CMYK"), "JPEG", "image/jpeg"),
        (photo(mode="L"), "JPEG", "image/jpeg"),
        (Image.new("I;16", (40, 30), 40_000), "PNG", "image/png"),
        (photo(mode="RGBA"), "WEBP", "image/png"),
        (photo().convert("P"), "GIF", "image/png"),
    ],
)
def test_every_colour_becomes_eight_bit_srgb(image: Image.Image, kind: str, mime: str) -> None:
    kept = ingest_picture(encode(image, kind), is_mask=False)
    assert kept.mime == mime
    assert opened(kept.data).mode in {"RGB", "RGBA"}
    assert set(kept.thumbnails) == {"960", "320"}


def test_the_first_frame_of_an_animation_is_taken() -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    kept = ingest_picture(encode(frames[0], "GIF", save_all=True, append_images=frames[1:]), is_mask=False)
    assert opened(kept.data).getpixel((5, 5)) == (254, 0, 0) or opened(kept.data).getpixel((5, 5)) == (255, 0, 0)


def test_a_mask_is_grey_and_keeps_every_value() -> None:
    ramp = Image.linear_gradient("L")
    kept = ingest_picture(encode(ramp.convert("RGB")), is_mask=True)
    assert opened(kept.data).mode == "L"
    assert opened(kept.data).tobytes() == ramp.tobytes()
    assert kept.thumbnails == {}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", [*REFUSED, *BOMBS])
async def test_hostile_files_end_in_a_clear_answer_and_the_worker_lives(imaging: PooledImaging, name: str) -> None:
    data = REFUSED.get(name, BOMBS.get(name, b""))
    began = time.monotonic()
    with pytest.raises(UnsafeImage if name in BOMBS else BadImage) as refused:
        await imaging.ingest(data, is_mask=False)
    assert refused.value.message[-1] in ".!"
    assert time.monotonic() - began < 20
    assert (await imaging.ingest(encode(photo()), is_mask=False)).width == 64


@pytest.mark.asyncio(loop_scope="module")
async def test_the_largest_picture_we_accept_stays_within_its_worker(imaging: PooledImaging) -> None:
    data = encode(Image.new("RGBA", (8_000, 5_000), (10, 20, 30, 40)), "PNG", compress_level=1)
    kept = await imaging.ingest(data, is_mask=False)
    assert (kept.width, kept.height) == (UPLOAD_EDGE_PX, 2560)
