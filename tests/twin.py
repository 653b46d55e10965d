"""A path of the kernels beside the same path of the slow twin, and what differs."""

import numpy as np

from pfs_sim.plan.crowd import read_people
from pfs_sim.plan.money import read_cash
from pfs_sim.simulate import compile_scenario, nothing_given
from pfs_sim.tables.state import CONTROL, Cash, People
from tests.naive import live_path

PEOPLE = People._fields[: People._fields.index("true_y0") + 1]
CASH = Cash._fields[: Cash._fields.index("events") + 1]
COUNTS = PEOPLE[: PEOPLE.index("y")]
RELATIVE = 1e-9


class Kernels:
    """A scenario compiled once, lived path by path: the arrays of a path by name."""

    def __init__(self, scenario, **options):
        self.compiled = compile_scenario(scenario, **options)
        self.scratch = self.compiled.scratch(ledger=True)

    def live(self, path, true_mode=False, given=None):
        from pfs_sim.kernels.path import live

        row = self.compiled.inputs.draw(path, 1)[0]
        given = nothing_given(self.compiled.scenario) if given is None else given
        live(self.compiled.plan, self.scratch, row, path, int(true_mode), given)
        people, cash = read_people(self.scratch.crowd), read_cash(self.scratch.ledger)
        return (
            {name: np.array(getattr(people, name)) for name in PEOPLE},
            {name: np.array(getattr(cash, name)) for name in CASH},
            dict(zip(self.compiled.row.paths, row, strict=True)),
        )


def differences(
    scenario,
    path=0,
    *,
    kernels=None,
    frozen=(),
    seeds=None,
    true_mode=False,
    given=None,
    merge=None,
):
    """Every array in which the two differ, with the place and both values."""
    kernels = kernels or Kernels(scenario, frozen=frozen, seeds=seeds, merge=merge)
    people, cash, row = kernels.live(path, true_mode, given)
    twin = live_path(
        scenario,
        path=path,
        seeds=seeds,
        frozen=frozen,
        true_mode=true_mode,
        given=given,
        merge=merge,
    )
    exact = () if frozen else COUNTS
    found = [
        f"{name}: {row[name]!r} and {value!r}"
        for name, value in twin.row.items()
        if not close(row[name], value, 0.0)
    ]
    if not kernels.compiled.plan.people.program[0].control_ages:
        twin.people["exits"] = forget_ages(np.asarray(twin.people["exits"], float))
    for mine, theirs in ((twin.people, people), (twin.cash, cash)):
        for name, array in theirs.items():
            found += compare(name, array, np.asarray(mine[name], float), name in exact)
    return found


def forget_ages(exits):
    """Exits [cohort, arm, type, bucket]: controls who leave at any age leave at the last one."""
    found = exits.copy()
    found[:, CONTROL, :, 1:-1] = 0.0
    found[:, CONTROL, :, -2] = exits[:, CONTROL, :, :-1].sum(axis=-1)
    return found


def close(a, b, floor):
    return abs(a - b) <= RELATIVE * max(abs(a), abs(b)) + floor


def compare(name, kernel, twin, exact):
    """Where an array of the kernels is not the twin's: [] or one line."""
    if twin.size == 0:
        return []
    if kernel.shape != twin.shape:
        kernel = kernel[tuple(slice(0, n) for n in twin.shape)]
        if kernel.shape != twin.shape:
            return [f"{name}: shapes {kernel.shape} and {twin.shape}"]
    kernel = kernel.astype(float)
    # Money and sums are compared at the size of their array: a rounding error of a large
    # payment may show up in a small remainder.
    floor = 0.0 if exact else 1e-9 * max(1.0, float(np.abs(twin).max()))
    wrong = np.abs(kernel - twin) > (0.0 if exact else RELATIVE * np.abs(twin) + floor)
    wrong |= np.isnan(kernel)
    if not wrong.any():
        return []
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    seen = f"kernel {float(kernel[at])!r}, twin {float(twin[at])!r}"
    return [f"{name}{list(at)}: {seen} ({int(wrong.sum())} differ)"]
