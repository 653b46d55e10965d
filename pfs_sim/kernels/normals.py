"""The standard normal: most draws cost one word, one product and one comparison.

The area under the density is cut into 256 layers of equal area; a draw picks a layer and a place
in it, and almost always lies under the curve at once. One word serves: its low 8 bits pick the
layer, the next the sign, the top 53 the place, so no bit is used twice (Doornik 2005).

Source: Marsaglia and Tsang (2000), The ziggurat method for generating random variables, JSS 5(8);
the tail by Marsaglia (1964).
"""

from __future__ import annotations

import math

import numpy as np

from pfs_sim.kernels._jit import apart, inline, lean, once
from pfs_sim.kernels._wide import look_up, to_number, where
from pfs_sim.kernels.random import ZERO, Floats, Rng, next_word, uniform
from pfs_sim.tables.wide import Wide

LAYERS = 256
TAIL = 3.6541528853610088
"""Where the lowest layer ends and the tail begins, for 256 layers."""

_LAYER_BITS = np.uint64(LAYERS - 1)
_SIGN_BIT = np.uint64(LAYERS)
_PLACE_SHIFT = np.uint64(11)
_PLACES = 2.0**53


def _layer_edges() -> list[float]:
    """The right edge of each layer, from the lowest (as wide as its area over its height) up."""
    height = math.exp(-0.5 * TAIL * TAIL)
    area = TAIL * height + math.sqrt(0.5 * math.pi) * math.erfc(TAIL / math.sqrt(2.0))
    edges = [area / height, TAIL]
    while len(edges) < LAYERS:
        height += area / edges[-1]
        edges.append(math.sqrt(-2.0 * math.log(height)))
    return [*edges, 0.0]


def _normal_tables() -> tuple[Floats, Floats, Floats]:
    """Return the width of a place, the places surely under the curve, the height at each edge."""
    edges = _layer_edges()
    width = [edge / _PLACES for edge in edges[:LAYERS]]
    inside = [int(edges[i + 1] / edges[i] * _PLACES) for i in range(LAYERS)]
    height = [math.exp(-0.5 * edge * edge) for edge in edges]
    return np.array(width), np.array(inside, dtype=np.float64), np.array(height)


WIDTH, INSIDE, HEIGHT = _normal_tables()


@inline
def normal(rng: Rng) -> float:
    """Draw from the normal law with mean 0 and standard deviation 1."""
    word = next_word(rng)
    layer = word & _LAYER_BITS
    place = float(np.int64(word >> _PLACE_SHIFT))
    if place >= INSIDE[layer]:
        return _normal_near_edge(rng, word)
    x = place * float(WIDTH[layer])
    return x if (word & _SIGN_BIT) == ZERO else -x


@once
def normals_inside(words: Wide) -> Wide:
    """What a word gives at once, of paths side by side; NaN if not surely under the curve."""
    layers = words & _LAYER_BITS
    places = to_number(words >> _PLACE_SHIFT)
    x = places * look_up(WIDTH, layers)
    x = where(places >= look_up(INSIDE, layers), np.nan, x)
    return where((words & _SIGN_BIT) == ZERO, x, -x)


@apart
def _normal_near_edge(rng: Rng, word: np.uint64) -> float:
    """Settle a draw that fell outside the part of its layer that is surely under the curve."""
    while True:
        layer = word & _LAYER_BITS
        place = float(np.int64(word >> _PLACE_SHIFT))
        x = place * float(WIDTH[layer])
        if place >= INSIDE[layer]:
            if layer == ZERO:
                x = _draw_tail(rng)
            else:
                low = HEIGHT[layer]
                high = HEIGHT[np.int64(layer) + 1]
                if low + uniform(rng) * (high - low) >= math.exp(-0.5 * x * x):
                    word = next_word(rng)
                    continue
        return x if (word & _SIGN_BIT) == ZERO else -x


@lean
def _draw_tail(rng: Rng) -> float:
    while True:
        x = -math.log(uniform(rng)) / TAIL
        y = -math.log(uniform(rng))
        if y + y > x * x:
            return TAIL + x
