"""The quantile function of the standard normal, for many probabilities at once.

Source: Wichura (1988), The percentage points of the normal distribution, Applied Statistics 37(3),
algorithm AS 241, routine PPND16: three rational functions, about one part in 1e16.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import inner, inner_apart, lean

F8 = npt.NDArray[np.float64]

_CENTRAL, _FAR = 0.425, 5.0
"""Within `_CENTRAL` of one half, and up to `_FAR` of sqrt(-log tail), each has its function."""


@lean
def fill_normal_quantiles(u: F8, out: F8) -> None:
    """Fill ``out`` (n,) with the standard normal quantiles of probabilities ``u`` (n,), 0 to 1."""
    for i in range(u.size):
        q = u[i] - 0.5
        out[i] = _near_the_middle(q)
    for i in range(u.size):
        if not abs(u[i] - 0.5) <= _CENTRAL:
            out[i] = _in_a_tail(u[i])


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


@inner_apart
def _in_a_tail(u: float) -> float:
    r = math.sqrt(-math.log(min(u, 1.0 - u)))
    if r <= _FAR:
        r -= 1.6
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
    else:
        r -= _FAR
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
    x = top / (bottom * r + 1.0)
    return -x if u < 0.5 else x
