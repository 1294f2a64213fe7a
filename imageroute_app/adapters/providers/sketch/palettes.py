"""Colour sets: skies for each time of day, flat sets for prints, and the inks that a reading makes of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from imageroute_app.adapters.providers.sketch import lexicon
from imageroute_app.adapters.providers.sketch.canvas import Field
from imageroute_app.adapters.providers.sketch.colour import Ramp, rgb, tint
from imageroute_app.adapters.providers.sketch.words import Reading


class Sky(NamedTuple):
    """The light of an hour: four colours from the zenith down, distance, foreground, and the sun or moon."""

    top: str
    high: str
    low: str
    horizon: str
    haze: str
    near: str
    sun: str


SKIES: dict[str, tuple[Sky, ...]] = {
    "dawn": (
        Sky("#6f8fc0", "#b9a9cf", "#f3b9b0", "#ffe2c0", "#e9bfb6", "#39406a", "#fff3d6"),
        Sky("#5fb0d3", "#a9d3d6", "#fde2b8", "#ffd0a0", "#f3b896", "#3d3158", "#fff6d8"),
        Sky("#f3c9bd", "#f7dccd", "#fbeadd", "#fff1e4", "#f0c3b5", "#5a2440", "#e4572e"),
        Sky("#8fb7c4", "#c7d6cf", "#f2dfc6", "#ffe9c9", "#d9c7b8", "#2c4450", "#fff4da"),
    ),
    "day": (
        Sky("#2f6fb0", "#6fa9d6", "#b9d9ea", "#eaf3f0", "#b7cfdd", "#1f3f4f", "#fffbe8"),
        Sky("#3f8fb8", "#83c1cf", "#cfe6dd", "#f6f1dc", "#bcd6cf", "#17434a", "#fffbe0"),
        Sky("#4a7fc4", "#8fb9e0", "#d6e4ea", "#fbf3e2", "#c3cfe0", "#2b3560", "#fffdf0"),
    ),
    "golden": (
        Sky("#6a7fa8", "#c9a58f", "#f4b56c", "#ffd98a", "#eeb27a", "#4a2a2f", "#fff2c0"),
        Sky("#d98a5a", "#eda566", "#f8c47c", "#ffe3a6", "#e8a873", "#5a2a2a", "#fff6d0"),
        Sky("#8c6a86", "#d98d7a", "#f7b06a", "#ffe09a", "#e8a07a", "#3c2240", "#fff0c4"),
    ),
    "dusk": (
        Sky("#2b2250", "#7b4b86", "#f08a7a", "#ffd29d", "#f2a68c", "#1c1533", "#fff2cf"),
        Sky("#1d2a5a", "#5a4f93", "#d8789a", "#ffb88f", "#c98ba3", "#151a3c", "#ffe6c0"),
        Sky("#3a1c4a", "#8a2f5f", "#e2574c", "#ffb25e", "#d9745c", "#230f2e", "#ffe2a0"),
        Sky("#123047", "#3f6276", "#c98f7f", "#f6cfa2", "#a9a09a", "#0c1e2c", "#ffe9c4"),
    ),
    "night": (
        Sky("#050a1c", "#0e2346", "#22466b", "#4f7f8f", "#2f5470", "#040a14", "#f4f1e0"),
        Sky("#0b0d26", "#1f1d4f", "#45366f", "#7d5a86", "#4d4378", "#07081a", "#f6efe6"),
        Sky("#06141a", "#0d2c38", "#1e5158", "#5f9390", "#2f6468", "#031014", "#eef5ea"),
    ),
}
STORM = Sky("#2b333d", "#4d5862", "#7f8a8e", "#b7b8ae", "#7d888c", "#161d22", "#f0ead2")

# Ground first, then inks from the strongest to the quietest.
FLATS: tuple[tuple[str, ...], ...] = (
    ("#f1e8d8", "#d6402b", "#1d3a6e", "#f0b429", "#1b1b1b", "#e7a79a", "#2f7d6b"),
    ("#f3ead9", "#0f4c81", "#e4572e", "#f3a712", "#29885c", "#111d4a", "#ec9aa8"),
    ("#f4ecdf", "#264653", "#e76f51", "#2a9d8f", "#e9c46a", "#f4a261", "#7d2e3e"),
    ("#efe6da", "#3d2c5e", "#ff6b4a", "#ffb627", "#6b8f71", "#d3a5c4", "#20263f"),
    ("#f6efe2", "#12355b", "#d1495b", "#edae49", "#2a6f97", "#66a182", "#3b1f2b"),
    ("#f5e9da", "#7a2e1d", "#c8502a", "#ec8b2f", "#f5c15a", "#1f5c63", "#d9a58c"),
)
NIGHT_FLATS: tuple[tuple[str, ...], ...] = (
    ("#14182b", "#f25c54", "#f7b267", "#4fb3bf", "#f4e9cd", "#7a5ea8", "#2c4a6e"),
    ("#16302b", "#f4845f", "#f9dcc4", "#f7b267", "#e5989b", "#5fa08a", "#c9ada7"),
    ("#201428", "#ff8fab", "#ffd166", "#7fd8d0", "#f2e9e4", "#b07bd6", "#4a5fa8"),
)


class Inks:
    """Gives the colours of a scene, drawn toward the colour words of the prompt."""

    def __init__(self, colours: Sequence[str]) -> None:
        """Take colour words of the lexicon."""
        self._targets = [rgb(lexicon.COLOURS[colour]) for colour in colours]

    def __call__(self, text: str) -> Field:
        """Return one colour."""
        return tint(rgb(text), self._targets)

    def ramp(self, *stops: tuple[float, str]) -> Ramp:
        """Return a gradient through (place, colour) stops."""
        return Ramp([place for place, _ in stops], [self(colour) for _, colour in stops])

    def even(self, colours: Sequence[str]) -> Ramp:
        """Return a gradient through evenly placed colours."""
        return Ramp(np.linspace(0, 1, len(colours)).tolist(), [self(colour) for colour in colours])


def inks_of(reading: Reading) -> Inks:
    """Return the inks for the colour words of a reading."""
    return Inks(reading.colours)


def sky_of(reading: Reading, rng: np.random.Generator, otherwise: Sequence[str]) -> Sky:
    """Return a sky for the reading's time of day, or for one of the scene's own times."""
    time = reading.time or otherwise[int(rng.integers(len(otherwise)))]
    choice = SKIES[time][int(rng.integers(len(SKIES[time])))]
    return STORM if reading.weather == "storm" and time != "night" else choice


def sun_of(reading: Reading, sky: Sky) -> Field:
    """Return the colour of the sun or moon; a colour word right before it wins."""
    return rgb(lexicon.COLOURS[reading.sun]) if reading.sun else rgb(sky.sun)


def flats_of(reading: Reading, rng: np.random.Generator) -> list[Field]:
    """Return a ground and six inks for flat pictures; night and neon take a dark ground."""
    dark = reading.time in ("night", "dusk") or reading.style == "neon"
    sets = NIGHT_FLATS if dark else FLATS
    inks = inks_of(reading)
    return [inks(colour) for colour in sets[int(rng.integers(len(sets)))]]
