"""Whether contestants live the same deal: their results agree within Monte Carlo error."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.figures import LAW

F8 = npt.NDArray[np.float64]
SIGMAS = 4.5
"""About one false alarm in 10,000 runs over all comparisons."""


def measure(found: F8) -> dict[str, tuple[float, float]]:
    """Mean and standard error of what must agree, from [path, 7] in the order of `LAW`."""
    column = {name: found[:, i] for i, name in enumerate(LAW)}
    parts = {
        "enrolled": column["enrolled"],
        "mean payment": column["payments"],
        "P(senior loses)": (column["senior_loss"] > 1e-6).astype(float),
        "senior loss": column["senior_loss"],
        "guarantee": column["guarantee"],
        **{
            f"mean IRR {name}": column[f"{name}_irr"][np.isfinite(column[f"{name}_irr"])]
            for name in ("senior", "junior", "grant")
        },
    }
    return {
        name: (float(one.mean()), float(one.std(ddof=1) / np.sqrt(one.size)))
        for name, one in parts.items()
    }


def differ(one: F8, other: F8) -> list[str]:
    """What does not agree between two contestants, in words; nothing where all does."""
    a, b = measure(one), measure(other)
    found = []
    for name in a:
        (x, dx), (y, dy) = a[name], b[name]
        error = float(np.hypot(dx, dy))
        if abs(x - y) > SIGMAS * error + 1e-12:
            found.append(f"{name}: {x:.6g} against {y:.6g}, {abs(x - y) / error:.1f} errors apart")
    return found
