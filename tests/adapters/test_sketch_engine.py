"""The sketch engine: the same words, size and seed give the same picture, and the words are heard."""

import io

import numpy as np
import pytest
from PIL import Image

from imageroute_app.adapters.providers.sketch import engine, lexicon
from imageroute_app.adapters.providers.sketch.colour import rgb, to_lab
from imageroute_app.adapters.providers.sketch.timing import prompt_for
from imageroute_app.adapters.providers.sketch.words import tokens

SCENES = sorted(engine.SCENES)
STYLES = [style for style, _ in engine.STYLES]


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as opened:
        return np.asarray(opened.convert("RGB"), np.float32) / 255


def drawn(prompt: str, *, width: int = 180, height: int = 140, seed: int = 1, style: str = "") -> np.ndarray:
    return pixels(engine.render(prompt, width=width, height=height, seed=seed, style=style))


def png(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def photograph(width: int = 200, height: int = 160) -> bytes:
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    rings = 0.5 + 0.5 * np.sin(np.hypot(x - 0.5, y - 0.4) * 30)
    return png((np.stack([x, rings, 1 - y], -1) * 255).astype("uint8"))


def away(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first - second).mean())


def test_there_are_many_scenes_and_each_is_asked_for_by_some_word() -> None:
    assert len(SCENES) >= 30
    assert set(lexicon.SCENE_ORDER) == set(SCENES)
    assert set(lexicon.ABSTRACT) <= set(SCENES)
    assert all(engine.read(prompt_for(scene)).scene == scene for scene in SCENES)


@pytest.mark.parametrize("scene", SCENES)
def test_same_input_gives_same_bytes_and_another_seed_another_picture(scene: str) -> None:
    prompt = prompt_for(scene)
    first = engine.render(prompt, width=180, height=140, seed=7)
    assert engine.render(prompt, width=180, height=140, seed=7) == first
    others = [away(pixels(first), drawn(prompt, seed=seed)) for seed in (8, 2**32 - 1)]
    assert max(others) > 0.04
    assert min(others) > 0.015


@pytest.mark.parametrize("scene", SCENES)
def test_no_scene_is_flat(scene: str) -> None:
    for seed in (0, 3):
        assert drawn(prompt_for(scene), seed=seed).std() > 0.05


@pytest.mark.parametrize("scene", SCENES)
def test_preview_shows_what_render_draws(scene: str) -> None:
    prompt = prompt_for(scene)
    small, other = (pixels(engine.preview(prompt, width=720, height=540, seed=seed)) for seed in (5, 6))
    assert small.shape == (240, 320, 3)
    with Image.open(io.BytesIO(engine.render(prompt, width=720, height=540, seed=5))) as opened:
        large = np.asarray(opened.resize((320, 240), Image.Resampling.BOX), np.float32) / 255
    assert away(small, large) < 0.065
    assert away(small, large) < 0.6 * away(other, large)


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (300, 7), (101, 303), (303, 101), (257, 129)])
@pytest.mark.parametrize(
    "prompt", ["ridges over a lake", "city", "still life", "flow field", "desert", "arch", "bokeh"]
)
def test_any_size_and_ratio_is_exact(size: tuple[int, int], prompt: str) -> None:
    width, height = size
    assert drawn(prompt, width=width, height=height).shape == (height, width, 3)


@pytest.mark.parametrize("scene", SCENES)
def test_every_scene_takes_strips(scene: str) -> None:
    assert drawn(prompt_for(scene), width=192, height=64).shape == (64, 192, 3)
    assert drawn(prompt_for(scene), width=64, height=192).shape == (192, 64, 3)


def test_a_picture_above_the_drawing_limit_has_its_size() -> None:
    assert drawn("gradient", width=2048, height=1400).shape == (1400, 2048, 3)


def test_the_file_says_what_drew_it() -> None:
    with Image.open(io.BytesIO(engine.render("sea", width=64, height=64, seed=1))) as opened:
        assert opened.format == "PNG"
        assert opened.mode == "RGB"
        assert opened.info["Software"] == "ImageRoute sketch (not AI)"


@pytest.mark.parametrize(
    ("prompt", "scene"),
    [
        ("Lighthouse on a cliff at night, one warm beam over a calm sea, grain of a film still", "lighthouse"),
        ("Red sun over rose-coloured mountains, screen print", "ridges"),
        ("Ringed planet rising over purple hills", "planet"),
        ("city skyline at night with moon reflected in water", "city"),
        ("poppies in a dark field", "poppies"),
        ("bauhaus poster", "bauhaus"),
        ("desert dunes at noon", "dunes"),
        ("hot air balloons at dawn", "balloons"),
        ("misty pine forest", "pines"),
        ("Milky Way over trees", "milky"),
        ("snowy mountains", "peaks"),
        ("ocean sunset", "sea"),
        ("stormy sea", "sea"),
        ("flower", "bloom"),
        ("a single red rose", "bloom"),
        ("chrome sculpture", "chrome"),
        ("still life with spheres", "still"),
        ("islands from above", "islands"),
        ("stairs and arch in warm light", "arch"),
        ("northern lights over a frozen lake", "aurora"),
        ("a calm lake with reflections", "lake"),
        ("Clouds at golden hour", "clouds"),
        ("rainy window with bokeh lights", "bokeh"),
        ("palm fronds", "fern"),
        ("Matisse cutouts", "cutouts"),
        ("retro seventies stripes", "supergraphic"),
        ("japanese pattern", "seigaiha"),
        ("iridescent glass orb", "orb"),
        ("topographic contour map", "topo"),
        ("soft gradient", "mesh"),
        ("silk fabric", "folds"),
        ("marbled ink in water", "marble"),
        ("🎈", "balloons"),
        ("🏙️ 🌃", "city"),
        ("山", "ridges"),
        ("бушующее море", "sea"),
        ("montañas", "ridges"),
        ("no city, only the sea", "sea"),
        ("city by the sea", "city"),
        ("sea before a city", "sea"),
    ],
)
def test_words_choose_the_scene(prompt: str, scene: str) -> None:
    assert engine.read(prompt).scene == scene


def test_a_reading_names_light_colours_style_and_what_was_not_drawn() -> None:
    reading = engine.read("A cat under a red moon, misty teal hills at dusk, watercolour")
    assert (reading.scene, reading.sun, reading.colours) == ("ridges", "red", ("teal",))
    assert (reading.time, reading.weather, reading.style) == ("dusk", "mist", "watercolour")
    assert reading.unknown == ("cat",)
    assert reading.has("hills")
    assert not reading.has("dog")


def test_a_style_asked_for_wins_over_words_and_an_unknown_one_leaves_it_to_them() -> None:
    assert engine.read("ink mountains", "neon").style == "neon"
    assert engine.read("ink mountains", "Film still").style == "film-still"
    assert engine.read("ink mountains", "none").style == "ink"
    assert engine.read("mountains", "no such style").style == "none"


def test_negative_words_rule_scenes_and_colours_out() -> None:
    assert engine.read("red city by the sea", negative="city, red").scene == "sea"
    assert engine.read("red city by the sea", negative="city, red").colours == ()
    kept, other = (engine.render("city by the sea", width=90, height=90, seed=1, negative=n) for n in ("", "city"))
    assert kept != other


def test_unknown_words_choose_an_abstract_scene_and_stay_with_it() -> None:
    chosen = {engine.read(f"zxqv{number}").scene for number in range(60)}
    assert chosen == set(lexicon.ABSTRACT)
    assert engine.read("a cat").scene in lexicon.ABSTRACT
    assert engine.read("A  CAT").key == engine.read("a cat").key


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "   ",
        "🐈",
        "👩‍👩‍👧‍👦 ❤️",
        "بحر هادئ عند الغروب",
        "ים שקט בלילה",
        "山と海",
        "a\x00b\x1b[31m\r\n\u202e\ufeff",
        "\ud800",
        "e\u0301" * 50,
        "mountain " * 1200,
        "x" * 10_000,
    ],
)
def test_any_text_renders(prompt: str) -> None:
    assert drawn(prompt, width=96, height=96).shape == (96, 96, 3)


def test_words_are_split_at_control_characters_and_ideographs() -> None:
    assert tokens("Sea\x00Moon 山海") == ["sea", "moon", "山", "海"]


@pytest.mark.parametrize("colour", ["red", "teal", "gold", "purple", "green", "blue"])
@pytest.mark.parametrize("subject", ["mountains", "sea", "gradient", "bauhaus", "marble", "flower", "city", "forest"])
def test_colour_words_move_the_picture_toward_the_hue(colour: str, subject: str) -> None:
    toward = to_lab(rgb(lexicon.COLOURS[colour]))[1:]
    toward = toward / np.linalg.norm(toward)
    plain = [to_lab(drawn(subject, width=96, height=96, seed=seed)).mean((0, 1))[1:] @ toward for seed in range(4)]
    tinted = [
        to_lab(drawn(f"{colour} {subject}", width=96, height=96, seed=seed)).mean((0, 1))[1:] @ toward
        for seed in range(4)
    ]
    assert np.mean(tinted) > 0.02
    assert np.mean(tinted) > np.mean(plain)


def test_night_is_darker_than_noon() -> None:
    for scene in ("ridges", "dunes", "clouds", "lake", "arch", "pines"):
        word = prompt_for(scene)
        assert drawn(f"{word} at night").mean() < drawn(f"{word} at noon").mean() - 0.1


@pytest.mark.parametrize("style", STYLES)
def test_each_style_changes_the_picture_and_not_its_size(style: str) -> None:
    plain, styled = drawn("mountains at dusk", seed=4), drawn("mountains at dusk", seed=4, style=style)
    assert styled.shape == plain.shape
    assert styled.std() > 0.04
    assert (away(plain, styled) < 1e-6) if style == "none" else (away(plain, styled) > 0.02)


@pytest.mark.parametrize("weather", ["mist", "rain", "storm", "snow"])
def test_weather_is_seen(weather: str) -> None:
    reading = engine.read("mountains at noon")
    plain = engine.paint(reading, width=160, height=120, seed=2)
    changed = engine.paint(engine.read(f"mountains at noon, {weather}"), width=160, height=120, seed=2)
    assert away(plain, changed) > 0.02


def redrawn(strength: float, **more: object) -> np.ndarray:
    settings: dict = {"width": 160, "height": 120, "seed": 3, **more}
    prompt = settings.pop("prompt", "teal marble")
    return pixels(engine.redraw(photograph(), prompt, strength=strength, **settings))


def test_redraw_without_strength_is_the_resized_source() -> None:
    with Image.open(io.BytesIO(photograph(160, 120))) as opened:
        same = np.asarray(opened, np.float32) / 255
    with_own_size = pixels(
        engine.redraw(photograph(160, 120), "sea", width=160, height=120, seed=1, strength=0, style="ink")
    )
    assert np.array_equal(with_own_size, same)
    assert redrawn(0).shape == (120, 160, 3)


def test_redraw_goes_further_with_more_strength_until_it_is_nearly_the_fresh_picture() -> None:
    source, fresh = redrawn(0), drawn("teal marble", width=160, height=120, seed=3)
    steps = [away(source, redrawn(strength)) for strength in (0.1, 0.3, 0.5, 0.7, 0.85, 1.0)]
    assert steps == sorted(steps)
    assert steps[0] > 0.005
    assert away(redrawn(1.0), fresh) < 0.04
    assert away(redrawn(0.4), source) < away(redrawn(0.4), fresh)


@pytest.mark.parametrize("style", STYLES)
def test_redraw_takes_every_style_and_is_repeatable(style: str) -> None:
    first = redrawn(0.6, style=style)
    assert np.array_equal(first, redrawn(0.6, style=style))
    assert away(first, redrawn(0)) > 0.02


def test_redraw_leaves_what_the_mask_keeps_to_the_last_bit() -> None:
    mask = np.zeros((120, 160), "uint8")
    mask[:, 80:] = 255
    changed, source = redrawn(0.9, mask=png(mask)), redrawn(0)
    assert np.array_equal(changed[:, :80], source[:, :80])
    assert away(changed[:, 80:], source[:, 80:]) > 0.05


def test_redraw_of_a_large_picture_has_its_size_and_keeps_what_the_mask_keeps() -> None:
    mask = np.zeros((10, 10), "uint8")
    mask[:2] = 255
    source = photograph(400, 300)
    before, after = (
        pixels(engine.redraw(source, "mesh", width=2048, height=1400, seed=1, strength=strength, mask=png(mask)))
        for strength in (0, 0.7)
    )
    assert after.shape == (1400, 2048, 3)
    assert np.array_equal(after[700:], before[700:])
    assert away(after[:200], before[:200]) > 0.02


def test_redraw_lays_a_transparent_source_on_white() -> None:
    clear = np.zeros((40, 40, 4), "uint8")
    result = pixels(engine.redraw(png(clear), "sea", width=40, height=40, seed=1, strength=0))
    assert result.min() == 1.0
