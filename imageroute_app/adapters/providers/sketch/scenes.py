"""The register of scenes: name to the function that draws it."""

from collections.abc import Callable

import numpy as np

from imageroute_app.adapters.providers.sketch import (
    abstract,
    arch,
    bloom,
    bokeh,
    botanical,
    chrome,
    city,
    clouds,
    flow,
    geometric,
    landscapes,
    lighthouse,
    sky,
    solids,
    terrain,
    water,
)
from imageroute_app.adapters.providers.sketch.canvas import Field
from imageroute_app.adapters.providers.sketch.words import Reading

Scene = Callable[[Reading, int, int, np.random.Generator], Field]

SCENES: dict[str, Scene] = {
    "ridges": landscapes.ridges,
    "peaks": terrain.peaks,
    "pines": landscapes.pines,
    "dunes": terrain.dunes,
    "balloons": landscapes.balloons,
    "lighthouse": lighthouse.lighthouse,
    "sea": water.sea,
    "lake": water.lake,
    "islands": water.islands,
    "milky": sky.milky,
    "planet": sky.planet,
    "aurora": sky.aurora,
    "clouds": clouds.clouds,
    "bokeh": bokeh.bokeh,
    "city": city.city,
    "fern": botanical.fern,
    "cutouts": botanical.cutouts,
    "poppies": botanical.poppies,
    "bloom": bloom.bloom,
    "bauhaus": geometric.bauhaus,
    "supergraphic": geometric.supergraphic,
    "arch": arch.arch,
    "seigaiha": geometric.seigaiha,
    "chrome": chrome.chrome,
    "orb": solids.orb,
    "still": solids.still,
    "flow": flow.flow,
    "marble": abstract.marble,
    "mesh": abstract.mesh,
    "topo": abstract.topo,
    "folds": abstract.folds,
    "strata": abstract.strata,
}
