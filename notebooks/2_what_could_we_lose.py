# ruff: noqa: E402, E501
# %% [markdown]
# # What could we lose?
#
# For a foundation that is asked for a subordinate loan, a recoverable grant or a guarantee in the
# Connecticut Family Stability deal. Its tranches and prices are assumed; see the sources in the file.

# %%
import numpy as np

import pfs_sim

PATHS = 10_000
DEAL = "../scenarios/ct_family_stability.yaml"
deal = pfs_sim.load(DEAL)
results = pfs_sim.simulate(deal, PATHS, 1)

# %% [markdown]
# ## Loss of principal, tranche by tranche
#
# Expected shortfall is the mean of the worst 5 % of paths.

# %%
print("tranche              any loss   expected loss   loss if any   worst 5 %")
for name in deal.scenario.capital.tranches:
    lost = results[f"tranche.{name}.principal_loss"]
    worst = np.sort(lost)[-max(1, PATHS // 20) :].mean()
    given = lost[lost > 0.5].mean() if (lost > 0.5).any() else 0.0
    chance, mean = np.mean(lost > 0.5), lost.mean()
    print(f"{name:18} {chance:10.1%} {mean:15,.0f} {given:13,.0f} {worst:11,.0f}")

# %% [markdown]
# ## What a guarantee would cost
#
# Instead of lending, the foundation promises half of what the senior lender does not get back, up to
# a million. One more entry in the scenario; the people and their outcomes stay the same.

# %%
guarantee = {"tranches": ["senior"], "share": 0.5, "limit": 1_000_000}
backed = pfs_sim.load(DEAL, {"capital.guarantees.foundation": guarantee})
with_it = pfs_sim.simulate(backed, PATHS, 1)
called = with_it["guarantor.paid"]
before = results["tranche.senior.principal_loss"]
after = with_it["tranche.senior.principal_loss"]
print(f"called on {np.mean(called > 0.5):.1%} of paths, {called.mean():,.0f} on average, "
      f"at most {called.max():,.0f}")
print(f"expected loss of the senior loan: {before.mean():,.0f} without, {after.mean():,.0f} with")

# %% [markdown]
# ## Where the risk comes from
#
# The share of the variance of payments that each source of risk accounts for (Shapley effects, which
# add up to one).

# %%
found = pfs_sim.explain(deal, 500, 1)
shares = found.to_json()["outputs"]["payor.payments"]
for source, share in shares["shapley"].items():
    print(f"{source:12} {share['value']:7.1%}   {share['low']:.1%} to {share['high']:.1%}")

# %% [markdown]
# ## One bad course of events
#
# The path on which the subordinate lender loses the most, replayed alone by its number:
# `pfs-sim trace scenarios/ct_family_stability.yaml --path …` shows all of it.

# %%
from pfs_sim.analysis.lived import live_one

worst_path = int(np.argmax(results["tranche.subordinate.principal_loss"]))
lived = live_one(deal, worst_path, 1)
print("path", worst_path)
for name in ("program.enrolled", "payor.payments", "tranche.subordinate.principal_loss"):
    print(f"{name:36} {lived.values[name]:14,.0f}")
