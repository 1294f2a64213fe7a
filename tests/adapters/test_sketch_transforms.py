"""What the sketch engine does to a picture without drawing, by its pixels."""

import io
import time

import numpy as np
import pytest
from PIL import Image, ImageDraw

from imageroute_app.adapters.providers.sketch import engine

NOTHING = (0, 0, 0, 0)


def file_of(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def noise(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    pixels = np.random.default_rng(7).integers(0, 256, (height, width, len(mode)), dtype=np.uint8)
    return Image.fromarray(pixels)


def done(image: Image.Image, task: str, *, expand: tuple[int, int, int, int] = NOTHING, scale: int = 2) -> np.ndarray:
    with Image.open(io.BytesIO(engine.transform(file_of(image), task, expand=expand, scale=scale))) as opened:
        return np.asarray(opened)


def ball(ground: str | Image.Image = "white", size: int = 200) -> Image.Image:
    image = Image.new("RGB", (size, size), ground) if isinstance(ground, str) else ground
    draw = ImageDraw.Draw(image)
    draw.ellipse((50, 50, 150, 150), "darkred")
    draw.ellipse((85, 85, 115, 115), ground if isinstance(ground, str) else "white")
    return image


def test_outpaint_keeps_the_picture_and_mirrors_its_edges() -> None:
    source = noise()
    result, own = done(source, "outpaint", expand=(10, 5, 100, 7)), np.asarray(source)
    assert result.shape == (52, 170, 3)
    assert np.array_equal(result[5:45, 10:70], own)
    assert np.array_equal(result[5:45, :10], own[:, 9::-1])
    assert np.array_equal(result[45:, 10:70], own[:-8:-1])


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_upscale_is_exact_in_size_and_true_when_made_small_again(scale: int, mode: str) -> None:
    source = noise(mode=mode).resize((120, 80), Image.Resampling.BICUBIC)
    result = done(source, "upscale", scale=scale)
    assert result.shape == (80 * scale, 120 * scale, len(mode))
    small = np.asarray(Image.fromarray(result[..., :3]).resize((120, 80), Image.Resampling.BOX), float)
    assert np.abs(small - np.asarray(source.convert("RGB"), float)).mean() < 12


def test_cutout_clears_the_border_colour_and_keeps_the_thing_with_its_inner_light() -> None:
    result = done(ball(), "cutout")
    assert result.shape == (200, 200, 4)
    assert result[5, 5, 3] == result[195, 100, 3] == 0
    assert result[60, 100, 3] == 255
    assert result[100, 100, 3] == 255  # as white as the ground, yet not joined to it
    assert tuple(result[60, 100, :3]) == (139, 0, 0)
    edge = result[100, 40:60, 3]
    assert edge[0] == 0
    assert edge[-1] == 255


def test_cutout_follows_a_ground_that_changes_from_side_to_side() -> None:
    ramp = np.linspace(150, 240, 200).astype(np.uint8)
    ground = Image.fromarray(np.dstack([np.tile(ramp, (200, 1))] * 3))
    result = done(ball(ground), "cutout")
    assert result[..., 3][:40].mean() < 12
    assert result[60, 100, 3] == 255


def test_cutout_keeps_what_was_transparent_before() -> None:
    source = ball().convert("RGBA")
    source.paste((0, 0, 0, 0), (90, 55, 110, 65))
    assert done(source, "cutout")[60, 100, 3] == 0


@pytest.mark.parametrize("task", ["outpaint", "upscale", "cutout"])
def test_same_source_gives_same_bytes_and_says_what_made_it(task: str) -> None:
    source = file_of(ball())
    first = engine.transform(source, task, expand=(8, 8, 8, 8), scale=2)
    assert first == engine.transform(source, task, expand=(8, 8, 8, 8), scale=2)
    with Image.open(io.BytesIO(first)) as opened:
        assert opened.info["Software"] == "ImageRoute sketch (not AI)"


@pytest.mark.parametrize(("task", "side"), [("outpaint", 768), ("upscale", 512), ("cutout", 1024)])
def test_a_result_of_1024_pixels_takes_less_than_a_second_and_a_half(task: str, side: int) -> None:
    source = file_of(noise(64, 64).resize((side, side), Image.Resampling.BICUBIC))
    began = time.process_time()
    engine.transform(source, task, expand=(128, 128, 128, 128), scale=2)
    assert time.process_time() - began < 1.5
