# ruff: noqa: E402, E501
# %% [markdown]
# # A term sheet in an afternoon
#
# For whoever designs a deal. We take a small deal, look at its base case, see what may happen to it,
# look for a price and a cap that both sides can sign, and write the term sheet.

# %%
import pfs_sim

PATHS = 10_000  # more paths, smaller errors
DEAL = "../docs/first_deal.yaml"

# %% [markdown]
# ## The base case
#
# Every quantity at its mean: what a term sheet shows. It is one imagined course and no expectation.

# %%
from pfs_sim.analysis.base_case import write_base_case
from pfs_sim.analysis.lived import live_base_case

base = write_base_case(live_base_case(pfs_sim.load(DEAL)))
for line in base["cash_flow"]:
    if line["total"]:
        print(f"{line['group']:18} {line['label']:22} {line['total']:12,.0f}")

# %% [markdown]
# ## What may happen
#
# The same deal, lived many times. Every number has its Monte Carlo error.

# %%
results = pfs_sim.simulate(pfs_sim.load(DEAL), PATHS, 1)
summary = pfs_sim.summarize(results)
paid, loss = summary["payor.payments"], summary["tranche.senior.principal_loss"]
print(f"paid: {paid.mean.value:,.0f} ± {paid.mean.se:,.0f}; base case "
      f"{base['metrics']['payor.payments']['value']:,.0f}")
print(f"chance that the senior loan loses principal: {loss.p_loss.value:.1%} "
      f"({loss.p_loss.low:.1%} to {loss.p_loss.high:.1%})")

# %% [markdown]
# ## A price and a cap
#
# The same seed means the same people: what differs between two rows comes from the contract alone.

# %%
print("price   cap         paid by the state   senior loses   median IRR")
for price in (2000, 2500, 3000):
    for cap in (1_600_000, 2_000_000):
        changes = {"contract.terms.work.schedule.price": price, "contract.cap": cap}
        table = pfs_sim.summarize(pfs_sim.simulate(pfs_sim.load(DEAL, changes), PATHS, 1))
        irr = table["tranche.senior.irr"].quantiles["0.5"].value
        lost = table["tranche.senior.principal_loss"].p_loss.value
        mean = table["payor.payments"].mean.value
        print(f"{price:5,}   {cap:9,}   {mean:17,.0f}   {lost:12.1%}   {irr:10.2%}")

# %% [markdown]
# ## The term sheet
#
# In words, for a lawyer to hold against the paper. `pfs-sim export` writes the base case as a
# spreadsheet with live formulas.

# %%
from pfs_sim.report.termsheet import write_termsheet

text = write_termsheet(pfs_sim.load(DEAL, {"contract.cap": 1_600_000}).scenario)
print(text[:2500])
