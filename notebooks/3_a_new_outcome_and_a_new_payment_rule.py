# ruff: noqa: E402, E501
# %% [markdown]
# # A new outcome and a new payment rule
#
# For a researcher. Most new outcomes and rules are a few lines of a scenario; a rule that the
# language cannot say is a class of a dozen lines, which may live in a package of your own.

# %%
import pfs_sim

PATHS = 10_000
DEAL = "../docs/first_deal.yaml"

# %% [markdown]
# ## An outcome
#
# Arrests within two years, a count that varies more than Poisson, with half of its prior on no effect;
# measured against a matched group with an error of its own. `null` takes out what is not needed.

# %%
changes = {
    "outcomes.arrests": {
        "kind": "count",
        "good": "lower",
        "level": {"dist": "gamma", "mean": 1.4, "sd": 0.15},
        "dispersion": 0.8,
        "effect": {"dist": "normal", "mean": -0.25, "sd": 0.1, "spike": {"weight": 0.5}},
        "window": "2 years",
    },
    "evaluation.measures.fewer_arrests": {
        "outcome": "arrests",
        "statistic": "relative_reduction",
        "design": "matched",
        "ratio": 2,
        "bias": {"dist": "normal", "mean": 0.0, "sd": 0.03},
    },
}

# %% [markdown]
# ## A payment rule in the language
#
# Nothing below 5 % fewer arrests, then 20,000 for each point, a bonus at 20 %, nothing beyond 30 %.
# `pieces` can say any piecewise-linear rule with jumps: [from, amount there, rate beyond].

# %%
changes["contract.terms.arrests"] = {
    "measure": "fewer_arrests",
    "schedule": {
        "kind": "pieces",
        "pieces": [[0.05, 100_000, 2_000_000], [0.20, 500_000, 2_000_000], [0.30, 700_000, 0]],
    },
}
results = pfs_sim.simulate(pfs_sim.load(DEAL, changes), PATHS, 1)
paid, effect = results["payor.payments.arrests"], results["outcome.arrests.effect_true"]
print(f"paid on average: {paid.mean():,.0f}")
print(f"where the program does nothing: {paid[effect == 0].mean():,.0f}")

# %% [markdown]
# ## A rule of one's own
#
# A price that falls from block to block. A rule states itself as segments: knots, the amount at each,
# the slope beyond it. That is all the rest of the house ever sees of it.

# %%
from typing import Literal

from pydantic import Field

from pfs_sim.model.conformance import amount_at
from pfs_sim.model.noun import Money, Number
from pfs_sim.model.schedules import Schedule, Segments


class Declining(Schedule):
    """A price that falls from block to block: the first units earn the most."""

    examples = (
        ({"kind": "declining", "price": 100, "block": 10, "fall": 0.5}, {5: 500.0, 12: 1100.0}),
    )
    kind: Literal["declining"]
    price: Money = Field(description="Price of a unit in the first block.")
    block: Number = Field(description="Units in a block; four blocks are paid.")
    fall: Number = Field(description="Share by which the price falls from block to block.")

    def segments(self) -> Segments:
        x, y, slope = [0.0], [0.0], []
        for n in range(4):
            slope.append(self.price.value * (1.0 - self.fall.value) ** n)
            x.append(x[-1] + self.block.value)
            y.append(y[-1] + slope[-1] * self.block.value)
        return Segments(0.0, x, y, [*slope, 0.0], self.above)


for given, amounts in Declining.examples:
    stated = Declining.model_validate(given).segments()
    for measure, amount in amounts.items():
        print(measure, amount_at(stated, measure), amount)

# %% [markdown]
# In a package of your own, name the class under the entry point `pfs_sim.schedules`:
#
# ```ini
# [options.entry_points]
# pfs_sim.schedules =
#     declining = my_package:Declining
# ```
#
# From then on `kind: declining` is a word of the language: `pfs-sim kinds` lists it, errors name it,
# and `pfs_sim.model.conformance.check_kind(Declining)` runs the tests that every kind must pass.
# Until then its segments may be written as `pieces`:

# %%
rule = Declining(kind="declining", price=4000, block=100, fall=0.25).segments()
pieces = [list(piece) for piece in zip(rule.x, rule.y, rule.slope, strict=True)]
work = {"measure": "quarters_in_work", "schedule": {"kind": "pieces", "pieces": pieces}}
results = pfs_sim.simulate(pfs_sim.load(DEAL, {"contract.terms.work": work}), PATHS, 1)
print(f"paid for quarters in work: {results['payor.payments.work'].mean():,.0f}")
