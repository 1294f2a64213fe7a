"""Every size of every picture is plain, marked and whole, or the file is refused."""

import asyncio
import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from imageroute_app.adapters.imaging.containers import png_chunks, without_marks
from imageroute_app.adapters.imaging.finish import PooledImaging, open_imaging
from imageroute_app.adapters.imaging.packet import make_packet
from imageroute_app.adapters.imaging.picture import finish_picture
from imageroute_app.adapters.workers import WorkerPool
from imageroute_app.domain.errors import BadImage, UnsafeImage
from imageroute_app.domain.pictures import FinishedImage, Marking
from tests.adapters.pictures import (
    CANARY,
    MARKING,
    cmyk_profile,
    encode,
    marks,
    opened,
    photo,
    png_chunk,
    png_of_size,
    png_with,
    swapped_profile,
)
from tests.marks import development_credential

EXPECTED_MARKS = {
    "about": "",
    "DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia",
    "CreatorTool": MARKING.generator,
    "CreateDate": "2026-11-25T09:30:00Z",
}


@pytest.fixture
async def imaging() -> AsyncIterator[PooledImaging]:
    opened_imaging = open_imaging(WorkerPool(1), development_credential())
    yield opened_imaging
    await opened_imaging.close()


def files(finished: FinishedImage) -> list[bytes]:
    return [finished.original, *finished.thumbnails.values()]


def assert_clean(finished: FinishedImage) -> None:
    for data in files(finished):
        assert CANARY not in data
        assert marks(data) == EXPECTED_MARKS
        assert not opened(data).getexif()
        assert "icc_profile" not in opened(data).info


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("JPEG", "RGB", {"quality": 90}),
        ("JPEG", "RGB", {"progressive": True}),
        ("WEBP", "RGB", {}),
        ("WEBP", "RGBA", {}),
        ("WEBP", "RGB", {"lossless": True}),
        ("WEBP", "RGBA", {"lossless": True}),
    ],
)
def test_bare_picture_keeps_its_pixel_bytes_and_gains_marks(kind: str, mode: str, options: dict[str, object]) -> None:
    data = encode(photo(mode=mode), kind, **options)
    finished = finish_picture(data, MARKING)
    assert finished.mime == f"image/{kind.lower()}"
    assert opened(finished.original).mode == opened(data).mode
    assert opened(finished.original).tobytes() == opened(data).tobytes()
    assert 300 < len(finished.original) - len(data) < 900
    assert_clean(finished)
    assert finished.sha256 == hashlib.sha256(finished.original).hexdigest()
    assert finished.crc32 == zlib.crc32(finished.original)
    assert (finished.width, finished.height) == (64, 48)


def test_extended_webp_with_alpha_keeps_its_pixels() -> None:
    data = encode(photo(mode="RGBA"), "WEBP", quality=60)
    assert data[12:16] == b"VP8X"
    finished = finish_picture(data, MARKING)
    assert opened(finished.original).tobytes() == opened(data).tobytes()
    assert finished.original.count(b"VP8X") == 1


@pytest.mark.parametrize("kind", ["AVIF", "GIF"])
def test_other_formats_become_png(kind: str) -> None:
    data = encode(photo(), kind)
    finished = finish_picture(data, MARKING)
    assert finished.mime == "image/png"
    assert opened(finished.original).tobytes() == opened(data).convert("RGB").tobytes()
    assert_clean(finished)


def test_pillow_reads_the_packet_back() -> None:
    for kind in ("PNG", "JPEG", "WEBP"):
        for data in files(finish_picture(encode(photo(), kind), MARKING)):
            assert opened(data).info["xmp"] == make_packet(MARKING)


def test_packet_says_nothing_but_how_and_when() -> None:
    marking = Marking(
        source_type="trainedAlgorithmicMedia",
        generator="Tool\x00\n\u202ename",
        created_at=MARKING.created_at,
    )
    told = marks(make_packet(marking))
    assert told["DigitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert told["CreatorTool"] == "Toolname"
    assert set(told) == set(EXPECTED_MARKS)


# --- Sizes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "large", "small"),
    [
        ((1024, 1024), (960, 960), (320, 320)),
        ((1600, 900), (960, 540), (320, 180)),
        ((500, 1000), (480, 960), (160, 320)),
        ((640, 480), (640, 480), (320, 240)),
        ((200, 100), (200, 100), (200, 100)),
        ((3000, 1), (960, 1), (320, 1)),
        ((1, 1), (1, 1), (1, 1)),
    ],
)
def test_thumbnails_fit_their_edge_and_are_never_enlarged(
    size: tuple[int, int], large: tuple[int, int], small: tuple[int, int]
) -> None:
    finished = finish_picture(encode(Image.new("RGB", size, "teal")), MARKING)
    assert opened(finished.thumbnails["960"]).size == large
    assert opened(finished.thumbnails["320"]).size == small
    assert {opened(data).format for data in finished.thumbnails.values()} == {"WEBP"}
    assert (finished.width, finished.height) == size


def test_thumbnail_shows_the_picture() -> None:
    finished = finish_picture(encode(photo(1024, 768)), MARKING)
    wanted = np.asarray(photo(1024, 768).resize((320, 240), Image.Resampling.LANCZOS), float)
    got = np.asarray(opened(finished.thumbnails["320"]).convert("RGB"), float)
    assert np.abs(wanted - got).mean() < 6


@pytest.mark.parametrize(
    ("fill", "colour"),
    [("#336699", "#336699"), ("white", "#ffffff"), ("black", "#000000")],
)
def test_colour_is_the_average(fill: str, colour: str) -> None:
    assert finish_picture(encode(Image.new("RGB", (400, 300), fill)), MARKING).colour == colour


@pytest.mark.parametrize(("alpha", "colour"), [(255, "#336699"), (254, "transparent"), (0, "transparent")])
def test_a_picture_that_can_be_seen_through_says_so_as_its_colour(alpha: int, colour: str) -> None:
    picture = Image.new("RGBA", (640, 480), "#336699")
    picture.paste((0x33, 0x66, 0x99, alpha), (0, 0, 320, 480))
    assert finish_picture(encode(picture, "PNG"), MARKING).colour == colour


@pytest.mark.parametrize("note", [b"", CANARY], ids=["kept", "drawn anew"])
def test_pixels_are_decoded_once(monkeypatch: pytest.MonkeyPatch, note: bytes) -> None:
    data, decoders = encode(photo(), "JPEG", comment=note or None), []
    make_decoder = Image._getdecoder
    monkeypatch.setattr(Image, "_getdecoder", lambda *args: decoders.append(args[1]) or make_decoder(*args))
    finish_picture(data, MARKING)
    assert decoders == ["jpeg"]


# --- Metadata and odd pixels -------------------------------------------------------------------


def jpeg_with_gps(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = CANARY.decode()
    exif.get_ifd(0x8825)[1] = CANARY.decode()
    return encode(photo(), "JPEG", exif=exif, quality=95, comment=CANARY)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture_and_then_goes(orientation: int) -> None:
    data = jpeg_with_gps(orientation)
    finished = finish_picture(data, MARKING)
    upright = ImageOps.exif_transpose(opened(data))
    assert opened(finished.original).size == upright.size == (finished.width, finished.height)
    assert opened(finished.original).tobytes() == upright.tobytes()
    assert_clean(finished)


def noted_png() -> bytes:
    notes = PngInfo()
    notes.add_text("parameters", CANARY.decode())
    notes.add_itxt("XML:com.adobe.xmp", f"<x:xmpmeta>{CANARY.decode()}</x:xmpmeta>")
    notes.add_text("Software", CANARY.decode(), zip=True)
    return encode(photo(), "PNG", pnginfo=notes, dpi=(72, 72))


def jpeg_with_note_between_scans() -> bytes:
    data = encode(photo(), "JPEG", progressive=True)
    second_scan = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)
    at = data.rindex(b"\xff\xc4", 0, second_scan)
    note = b"\xff\xfe" + struct.pack(">H", len(CANARY) + 2) + CANARY
    return data[:at] + note + data[at:]


def with_zip_behind(data: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("index.html", CANARY)
    return data + target.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        noted_png(),
        png_with(encode(photo()), png_chunk(b"caBX", CANARY)),
        with_zip_behind(encode(photo())),
        with_zip_behind(encode(photo(), "JPEG")),
        with_zip_behind(encode(photo(), "WEBP")),
        jpeg_with_note_between_scans(),
        encode(photo(), "JPEG", xmp=CANARY),
        encode(photo(), "JPEG", comment=CANARY),
        encode(photo(), "WEBP", xmp=CANARY, exif=b"Exif\0\0" + CANARY),
        encode(photo(), "AVIF", xmp=CANARY),
        encode(photo(), "GIF", comment=CANARY),
    ],
    ids=[
        "png text", "png unknown chunk", "png+zip", "jpeg+zip", "webp+zip", "jpeg between scans",
        "jpeg xmp", "jpeg comment", "webp xmp exif", "avif xmp", "gif comment",
    ],
)  # fmt: skip
def test_whatever_lies_beside_the_pixels_goes(data: bytes) -> None:
    assert CANARY in data
    finished = finish_picture(data, MARKING)
    assert_clean(finished)
    assert finished.mime == "image/png"
    kinds = [part.kind for part in png_chunks(finished.original)]
    assert set(kinds) == {b"IHDR", b"iTXt", b"IDAT", b"IEND"}
    assert kinds.index(b"iTXt") == 1
    assert opened(finished.original).tobytes() == opened(data).convert("RGB").tobytes()


def test_first_frame_of_an_animation_is_taken() -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG", "AVIF"):
        data = encode(frames[0], kind, save_all=True, append_images=frames[1:])
        finished = finish_picture(data, MARKING)
        assert finished.mime == "image/png"
        assert getattr(opened(finished.original), "n_frames", 1) == 1
        red, _, blue = opened(finished.original).getpixel((5, 5))  # type: ignore[misc]
        assert (red > 230, blue < 30) == (True, True)


def test_deep_greyscale_keeps_its_tones() -> None:
    ramp = np.linspace(0, 65535, 256).astype("uint16").reshape(1, 256).repeat(4, 0)
    finished = finish_picture(encode(Image.fromarray(ramp)), MARKING)
    got = opened(finished.original)
    assert got.mode == "RGB"
    assert [got.getpixel((x, 0))[0] for x in (0, 128, 255)] == [0, 128, 255]  # type: ignore[index]


def test_deep_colour_becomes_eight_bits() -> None:
    row = b"\0" + struct.pack(">3H", 65535, 32768, 0) * 2
    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    data += png_chunk(b"IDAT", zlib.compress(row)) + png_chunk(b"IEND", b"")
    finished = finish_picture(data, MARKING)
    assert finished.original[24] == 8
    assert opened(finished.original).getpixel((0, 0)) == (255, 128, 0)


def test_palette_with_a_clear_colour_becomes_rgba() -> None:
    palette = photo(mode="RGB").quantize(16)
    finished = finish_picture(encode(palette, "PNG", transparency=3), MARKING)
    assert opened(finished.original).mode == "RGBA"
    assert opened(finished.original).tobytes() == palette_with_alpha(palette).tobytes()
    assert opened(finished.thumbnails["320"]).mode == "RGBA"


def palette_with_alpha(palette: Image.Image) -> Image.Image:
    return opened(encode(palette, "PNG", transparency=3)).convert("RGBA")


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA"])
def test_other_modes_become_colour(mode: str) -> None:
    finished = finish_picture(encode(photo().convert(mode)), MARKING)
    assert opened(finished.original).mode == "RGB"
    assert_clean(finished)


def test_profile_is_applied_and_goes() -> None:
    data = encode(Image.new("RGB", (20, 20), (255, 0, 0)), "PNG", icc_profile=swapped_profile())
    finished = finish_picture(data, MARKING)
    red, green, blue = opened(finished.original).getpixel((5, 5))  # type: ignore[misc]
    assert (red < 5, green < 5, blue > 250) == (True, True, True)
    assert_clean(finished)


def test_cmyk_jpeg_is_converted_through_its_profile() -> None:
    image = Image.new("CMYK", (20, 20), (0, 255, 255, 0))
    data = encode(image, "JPEG", icc_profile=cmyk_profile((150, 128, 128)))
    finished = finish_picture(data, MARKING)
    red, green, blue = opened(finished.original).getpixel((5, 5))  # type: ignore[misc]
    assert abs(red - green) < 4
    assert abs(green - blue) < 4
    assert_clean(finished)


def test_broken_profile_is_left_out() -> None:
    for mode in ("CMYK", "RGB", "L"):
        data = encode(photo().convert(mode), "JPEG", icc_profile=b"no profile at all")
        assert_clean(finish_picture(data, MARKING))


def test_broken_exif_is_left_out() -> None:
    data = encode(photo(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + CANARY)
    assert_clean(finish_picture(data, MARKING))


# --- Hostile files, through the worker processes -----------------------------------------------

PNG, JPEG, WEBP = (encode(photo(256, 256), kind) for kind in ("PNG", "JPEG", "WEBP"))


def broken_checksum() -> bytes:
    at = PNG.index(b"IDAT") + 40
    return PNG[:at] + bytes([PNG[at] ^ 1]) + PNG[at + 1 :]


REFUSED = {
    "empty": b"",
    "one byte": b"\x89",
    "text": b"just text",
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "html in a png's clothes": b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
    "pdf": b"%PDF-1.7",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0",
    "tiff": encode(photo(), "TIFF"),
    "bmp": encode(photo(), "BMP"),
    "half png": PNG[: len(PNG) // 2],
    "png without end": PNG[:-12],
    "png with a wrong checksum": broken_checksum(),
    "half jpeg": JPEG[: len(JPEG) // 2],
    "half webp": WEBP[: len(WEBP) // 2],
    "webp head": WEBP[:22],
    "riff": b"RIFF\x10\0\0\0WEBPVP8 ",
    "half avif": encode(photo(), "AVIF")[:200],
    "half gif": encode(photo(256, 256), "GIF")[:900],
    "no pixels": png_of_size(0, 10),
    "noise as png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
    "noise as jpeg": b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20,
    "noise as avif": b"\0\0\0\x1cftypavif" + bytes(range(256)) * 20,
}


async def test_files_that_are_no_whole_picture_are_refused(imaging: PooledImaging) -> None:
    for name, data in REFUSED.items():
        with pytest.raises(BadImage) as caught:
            await imaging.finish(data, MARKING)
        assert not isinstance(caught.value, UnsafeImage), name
        assert "'" not in caught.value.message


def webp_of_size(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + sides + WEBP[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_of_size(width: int, height: int) -> bytes:
    at = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:at] + struct.pack(">HH", height, width) + JPEG[at + 4 :]


def gif_of_size(width: int, height: int) -> bytes:
    return encode(photo(), "GIF").replace(struct.pack("<HH", 64, 48), struct.pack("<HH", width, height))


BOMBS = {
    "png 30000x30000": png_of_size(30_000, 30_000),
    "png one long side": png_of_size(12_001, 1),
    "png 40 megapixels and a row": png_of_size(8_000, 5_001),
    "png largest": png_of_size(2**31 - 1, 2**31 - 1),
    "webp 16383x16383": webp_of_size(16_383, 16_383),
    "webp 2^24": webp_of_size(2**24, 2**24),
    "jpeg 65500x65500": jpeg_of_size(65_500, 65_500),
    "gif 65535x65535": gif_of_size(65_535, 65_535),
    "31 MB": PNG + bytes(31 * 1024 * 1024),
}


async def test_bombs_are_refused_before_they_are_decoded(
    imaging: PooledImaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, data in BOMBS.items():
        with pytest.raises(UnsafeImage):
            await imaging.finish(data, MARKING)
        assert len(name) > 0
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda _: pytest.fail("was decoded"))
    for data in BOMBS.values():
        with pytest.raises(UnsafeImage):
            finish_picture(data, MARKING)


async def test_largest_picture_we_accept_fits_a_worker(imaging: PooledImaging) -> None:
    image = Image.new("RGBA", (8_000, 5_000), (10, 20, 30, 40))
    data = encode(image, "PNG", icc_profile=swapped_profile(), compress_level=1)
    finished = await imaging.finish(data, MARKING)
    assert (finished.width, finished.height) == (8_000, 5_000)


async def test_worker_returns_what_the_function_returns(imaging: PooledImaging) -> None:
    finished, unsigned = await imaging.finish(PNG, MARKING), finish_picture(PNG, MARKING)
    assert without_marks("PNG", finished.original) == unsigned.original
    assert finished.sha256 == hashlib.sha256(finished.original).hexdigest()
    assert finished.crc32 == zlib.crc32(finished.original)
    same = {"original": b"", "sha256": "", "crc32": 0}
    assert replace(finished, **same) == replace(unsigned, **same)


async def test_picture_that_kills_or_hangs_its_worker_is_a_bad_picture(
    imaging: PooledImaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imageroute_app.adapters.imaging.finish.TIMEOUT_S", 0.0)
    with pytest.raises(BadImage, match="could not be read in time"):
        await imaging.finish(PNG, MARKING)
    monkeypatch.undo()
    assert (await imaging.finish(PNG, MARKING)).width == 256


async def test_event_loop_goes_on_while_pictures_are_finished() -> None:
    pool = WorkerPool(2)
    imaging, turns = open_imaging(pool, development_credential()), 0
    await pool.warm()
    data = encode(photo(1500, 1500), "JPEG", comment=CANARY)
    work = [asyncio.create_task(imaging.finish(data, MARKING)) for _ in range(4)]
    while not all(task.done() for task in work):
        turns += 1
        await asyncio.sleep(0.001)
    assert [task.result().width for task in work] == [1500] * 4
    assert turns > 50
    await imaging.close()
