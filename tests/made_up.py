"""Results that no simulation made: every column filled, so that pages can be tested in no time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pfs_sim.plan.outputs import columns
from pfs_sim.reading import load, resolve
from pfs_sim.results import FAN, Results
from pfs_sim.statuses import IrrStatus

STARTER = Path(__file__).resolve().parents[1] / "pfs_sim" / "cli" / "starter.yaml"


def make_up_results(source=STARTER, paths=2000, seed=1, sets=()) -> Results:
    """Plausible numbers for every column of a deal, with masses where deals have them."""
    loaded = load(source, sets)
    scenario = loaded.scenario
    random = np.random.default_rng(seed)
    cap = scenario.contract.cap.value if scenario.contract.cap else 4e6
    paid = np.clip(random.normal(0.6 * cap, 0.4 * cap, paths), 0.0, cap)
    made = {"payor.payments": paid, "payor.payments_pv": 0.9 * paid}
    listed = columns(scenario)
    values = np.zeros((len(listed), paths))
    for place, column in enumerate(listed):
        if column.name in made:
            values[place] = made[column.name]
        elif column.name.endswith(".irr"):
            rates = random.normal(0.03, 0.02, paths)
            values[place] = np.where(random.random(paths) < 0.1, -1.0, rates)
        elif column.name.endswith(".irr_status"):
            lost = values[place - 1] == -1.0
            values[place] = np.where(lost, IrrStatus.TOTAL_LOSS, IrrStatus.UNIQUE)
        elif column.unit == "money":
            values[place] = np.maximum(random.normal(1e5, 8e4, paths), 0.0)
        elif column.unit == "count":
            values[place] = random.poisson(300, paths)
        elif column.unit in ("flag", "fraction"):
            values[place] = random.random(paths) < 0.1
        else:
            values[place] = random.normal(1.0, 0.2, paths)
    grid = scenario.clock.periods + 1
    fan = np.zeros((min(paths, 5000), len(FAN), grid))
    share = np.zeros(grid)
    share[-4:] = 0.25
    fan[:, FAN.index("payments")] = paid[: len(fan), None] * share
    if scenario.capital.tranches:
        fan[:, FAN.index("investors")] = fan[:, FAN.index("payments")]
        fan[:, FAN.index("investors"), :8] -= 3e5
    fan[:, FAN.index("enrolled"), :10] = random.poisson(30, (len(fan), 10))
    provenance = {
        "seed": seed, "paths": paths, "scenario": scenario.name, "scenario_hash": "0" * 64,
        "own_seeds_by_source": {}, "frozen": [], "true_mode": False,
        "versions": {"pfs_sim": "0"},
    }
    return Results(tuple(listed), values, fan, resolve(loaded), provenance)
