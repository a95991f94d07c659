"""The families of demo prints: each module has `draw(rng, size, palette)`; this table names them all."""

from collections.abc import Callable
from random import Random

from PIL import Image

from monolith.demo.palettes import Palette
from monolith.demo.prints import (
    arches,
    blocks,
    dusk,
    facets,
    flow,
    moire,
    offshoot,
    packing,
    partition,
    pendulum,
    ridges,
    seedhead,
    strata,
    truchet,
)

Family = Callable[[Random, tuple[int, int], Palette], Image.Image]

FAMILIES: dict[str, Family] = {
    "arches": arches.draw,
    "blocks": blocks.draw,
    "dusk": dusk.draw,
    "facets": facets.draw,
    "flow": flow.draw,
    "moire": moire.draw,
    "offshoot": offshoot.draw,
    "packing": packing.draw,
    "partition": partition.draw,
    "pendulum": pendulum.draw,
    "ridges": ridges.draw,
    "seedhead": seedhead.draw,
    "strata": strata.draw,
    "truchet": truchet.draw,
}
