"""The register of scenes: name to the function that draws it."""

from collections.abc import Callable

import numpy as np

from imageroute_app.adapters.providers.sketch import abstract, clouds, landscapes, sky, water
from imageroute_app.adapters.providers.sketch.canvas import Field
from imageroute_app.adapters.providers.sketch.words import Reading

Scene = Callable[[Reading, int, int, np.random.Generator], Field]

SCENES: dict[str, Scene] = {
    "ridges": landscapes.ridges,
    "pines": landscapes.pines,
    "balloons": landscapes.balloons,
    "sea": water.sea,
    "lake": water.lake,
    "islands": water.islands,
    "milky": sky.milky,
    "planet": sky.planet,
    "aurora": sky.aurora,
    "clouds": clouds.clouds,
    "mesh": abstract.mesh,
    "marble": abstract.marble,
    "topo": abstract.topo,
    "folds": abstract.folds,
    "strata": abstract.strata,
}
from imageroute_app.adapters.providers.sketch import lexicon  # noqa: E402 - until every scene is drawn

for _name in lexicon.SCENE_ORDER:
    SCENES.setdefault(_name, abstract.marble)
