# ruff: noqa: E402, E501
# %% [markdown]
# # Seven deals against what happened
#
# Deals that have closed and published what they paid. The priors in their files are ones that a
# designer could have held before; here they are held to what came. With so few deals this shows gross
# errors of the priors, and no more.

# %%
from pathlib import Path

import pfs_sim
from pfs_sim.analysis.backtest import backtest, read_together

PATHS = 10_000
files = sorted(Path("../scenarios").glob("*.yaml"))
deals = {file.stem: pfs_sim.load(file) for file in files}
tested = backtest(deals, PATHS, 1, own=True)

# %% [markdown]
# ## Where each published figure lies
#
# The share of paths below a figure, plus half of those at it. If the priors are right, these numbers
# are spread evenly from 0 to 1; a row near 0 says that the priors promised too much.

# %%
for one in tested:
    for placed in (found for found in one.placed if found.figure.group == "payments"):
        print(f"{one.name:30} {placed.figure.name:34} median {placed.median:14,.2f}   "
              f"share below {placed.pit.value:.2f}")

# %% [markdown]
# ## Together

# %%
reading = read_together(tested, 1)
print(len(reading.deals), "deals with a published payment;", reading.below_half, "below the median")
print(f"mean {reading.mean:.2f}; expected between {reading.expected[0]:.2f} and "
      f"{reading.expected[1]:.2f} in 9 of 10 repetitions if the priors are right")
print(reading.verdict)

# %% [markdown]
# ## One deal settled on what was measured
#
# With what the evaluator published, a contract needs no simulation: the arithmetic is exact.
# Rikers Island: no reduction of days in jail, so nothing was due.

# %%
from pfs_sim.analysis.settle import settle

document = settle(deals["rikers_able"], {"reduction": 0.0})
print("paid:", document["payments"]["total"])
for name, tranche in document["tranches"].items():
    print(name, {key: tranche[key] for key in ("drawn", "principal_loss", "moic")})
