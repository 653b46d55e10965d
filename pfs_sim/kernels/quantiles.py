"""Normals of many paths: the quantile function of the standard normal, and sums with weights.

Source: Wichura (1988), The percentage points of the normal distribution, Applied Statistics 37(3),
algorithm AS 241, routine PPND16: three rational functions, about one part in 1e16.

Room is made in Python: a kernel that makes an array is read from the cache together with all that
numba knows of arrays, a thirtieth of a start.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import inner, lean, once
from pfs_sim.kernels._wide import anywhere, as_wide, each, lesser, root, where
from pfs_sim.kernels.elementary import logarithm
from pfs_sim.tables.wide import ABREAST, Wide

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

_CENTRAL, _FAR = 0.425, 5.0
"""Within `_CENTRAL` of one half, and up to `_FAR` of sqrt(-log tail), each has its function."""


def fill_normal_quantiles(values: F8, rows: I8) -> None:
    """In some rows of values[row, path] put normal quantiles in the place of probabilities.

    Those in a tail, one in seven, are gathered and come last, side by side.
    """
    paths = values.shape[1]
    room = np.empty((paths // ABREAST + 1, ABREAST))
    fill_quantiles(values, rows, np.empty(paths, np.int64), room, room.reshape(-1))


@lean
def fill_quantiles(values: F8, rows: I8, places: I8, room: F8, tails: F8) -> None:
    """As `fill_normal_quantiles`; room[block, lane] and tails are the same memory."""
    paths, wide = values.shape[1], as_wide(room)
    for i in range(rows.size):
        row, found = values[rows[i]], 0
        for path in range(paths):
            places[found], tails[found] = path, row[path]
            found += abs(row[path] - 0.5) > _CENTRAL
        for path in range(paths):
            row[path] = _near_the_middle(row[path] - 0.5)
        blocks = (found + ABREAST - 1) // ABREAST
        for k in range(found, blocks * ABREAST):
            tails[k] = 0.5
        for block in range(blocks):
            wide[block] = _in_the_tails(wide[block])
        for k in range(found):
            row[places[k]] = tails[k]


def mix(factor: F8, source: F8, given: I8, target: F8, sought: I8) -> None:
    """target[sought[a], path] = Σ_b factor[a, b]·source[given[b], path], in one fixed order.

    An explicit sum, not a matrix product: BLAS picks its order by the shape, and a path's bits
    must not depend on the chunk it is in. Rows may be sought in the place of those given.
    """
    room = np.zeros((given.size, ABREAST)), np.zeros((1, ABREAST))
    mix_rows(factor, source, given, target, sought, *room)


@lean
def mix_rows(
    factor: F8, source: F8, given: I8, target: F8, sought: I8, room: F8, found: F8
) -> None:
    """As `mix`, in room for a block of what is given, and of one sum."""
    wide, total, paths = as_wide(room), as_wide(found), source.shape[1]
    for start in range(0, paths, ABREAST):
        count = min(ABREAST, paths - start)
        for b in range(given.size):
            _copy(source[given[b], start : start + count], room[b, :count])
        for a in range(sought.size):
            here = each(0.0)
            for b in range(given.size):
                if factor[a, b] != 0.0:
                    here += wide[b] * factor[a, b]
            total[0] = here
            _copy(found[0, :count], target[sought[a], start : start + count])


@once
def _copy(source: F8, target: F8) -> None:
    """Numbers of paths, of a whole block at once."""
    if source.size == ABREAST:
        for lane in range(ABREAST):
            target[lane] = source[lane]
    else:
        for lane in range(source.size):
            target[lane] = source[lane]


@once
def _in_the_tails(u: Wide) -> Wide:
    r = root(-logarithm(lesser(u, 1.0 - u)))
    size, far = _in_a_tail(r - 1.6), r > _FAR
    if anywhere(far):
        size = where(far, _far_out(r - _FAR), size)
    return where(u < 0.5, -size, size)


@inner
def _near_the_middle(q: float) -> float:
    r = 0.180625 - q * q
    top = 2.5090809287301226727e3
    top = top * r + 3.3430575583588128105e4
    top = top * r + 6.7265770927008700853e4
    top = top * r + 4.5921953931549871457e4
    top = top * r + 1.3731693765509461125e4
    top = top * r + 1.9715909503065514427e3
    top = top * r + 1.3314166789178437745e2
    top = top * r + 3.3871328727963666080e0
    bottom = 5.2264952788528545610e3
    bottom = bottom * r + 2.8729085735721942674e4
    bottom = bottom * r + 3.9307895800092710610e4
    bottom = bottom * r + 2.1213794301586595867e4
    bottom = bottom * r + 5.3941960214247511077e3
    bottom = bottom * r + 6.8718700749205790830e2
    bottom = bottom * r + 4.2313330701600911252e1
    bottom = bottom * r + 1.0
    quotient: float = np.divide(q * top, bottom)
    return quotient


@once
def _in_a_tail(r: Wide) -> Wide:
    top = 7.74545014278341407640e-4
    top = top * r + 2.27238449892691845833e-2
    top = top * r + 2.41780725177450611770e-1
    top = top * r + 1.27045825245236838258e0
    top = top * r + 3.64784832476320460504e0
    top = top * r + 5.76949722146069140550e0
    top = top * r + 4.63033784615654529590e0
    top = top * r + 1.42343711074968357734e0
    bottom = 1.05075007164441684324e-9
    bottom = bottom * r + 5.47593808499534494600e-4
    bottom = bottom * r + 1.51986665636164571966e-2
    bottom = bottom * r + 1.48103976427480074590e-1
    bottom = bottom * r + 6.89767334985100004550e-1
    bottom = bottom * r + 1.67638483018380384940e0
    bottom = bottom * r + 2.05319162663775882187e0
    return top / (bottom * r + 1.0)


@once
def _far_out(r: Wide) -> Wide:
    top = 2.01033439929228813265e-7
    top = top * r + 2.71155556874348757815e-5
    top = top * r + 1.24266094738807843860e-3
    top = top * r + 2.65321895265761230930e-2
    top = top * r + 2.96560571828504891230e-1
    top = top * r + 1.78482653991729133580e0
    top = top * r + 5.46378491116411436990e0
    top = top * r + 6.65790464350110377720e0
    bottom = 2.04426310338993978564e-15
    bottom = bottom * r + 1.42151175831644588870e-7
    bottom = bottom * r + 1.84631831751005468180e-5
    bottom = bottom * r + 7.86869131145613259100e-4
    bottom = bottom * r + 1.48753612908506148525e-2
    bottom = bottom * r + 1.36929880922735805310e-1
    bottom = bottom * r + 5.99832206555887937690e-1
    return top / (bottom * r + 1.0)
