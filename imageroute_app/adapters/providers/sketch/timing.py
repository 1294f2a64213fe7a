"""Measure the scenes: `python -m imageroute_app.adapters.providers.sketch.timing` prints milliseconds per scene.

Run it on an idle machine with OPENBLAS_NUM_THREADS=1; the times are of one core, PNG and WebP encoding included.
"""

import resource
import sys
import time
from collections.abc import Callable

from imageroute_app.adapters.providers.sketch import engine, lexicon

SIDE = 1024


def prompt_for(scene: str) -> str:
    """Return a word that asks for a scene."""
    heaviest = {word: weights.get(scene, 0) for word, weights in lexicon.SCENE_WEIGHTS.items()}
    fitting = sorted(heaviest, key=lambda word: -heaviest[word])
    return next(word for word in fitting if engine.read(word.replace("-", " ")).scene == scene).replace("-", " ")


def _ms(draw: Callable[[], bytes]) -> float:
    start = time.process_time()
    draw()
    return (time.process_time() - start) * 1000


def main() -> None:
    """Print one line per scene and per style, and the memory the largest picture took."""
    lines = [f"{'scene':14}{'render ms':>10}{'preview ms':>11}"]
    for scene in engine.SCENES:
        word = prompt_for(scene)
        full = _ms(lambda word=word: engine.render(word, width=SIDE, height=SIDE, seed=1))
        small = _ms(lambda word=word: engine.preview(word, width=SIDE, height=SIDE, seed=1))
        lines.append(f"{scene:14}{full:10.0f}{small:11.0f}")
    for style, _ in engine.STYLES:
        full = _ms(lambda style=style: engine.render("still life", width=SIDE, height=SIDE, seed=1, style=style))
        lines.append(f"+ {style:12}{full:10.0f}")
    engine.render("still life", width=2048, height=2048, seed=1, style="poster")
    lines.append(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
