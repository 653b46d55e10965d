"""The answer in plain words, each number with the digits that its error justifies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.metrics.numerals import format_money
from pfs_sim.metrics.table import MetricTable
from pfs_sim.report.cells import write_cell
from pfs_sim.results import Results


def say_amount(found: Estimate | Interval, currency: str) -> str:
    """An amount, short: $6.12M."""
    return format_money(found.value, found.error, currency, short=True)


def say_share(found: Interval) -> str:
    """A probability, to a tenth of a percent at most; never 0% or 100% for what may happen."""
    if math.isnan(found.value):
        return "an unknown share"
    return write_cell(found, "probability", "").text


def say_payments(table: MetricTable, currency: str) -> str:
    """What the government pays."""
    paid = table["payor.payments"]
    if paid.sd.value == 0.0:
        return f"The government pays {say_amount(paid.quantiles['0.5'], currency)} on every path"
    said = f"The government pays {say_amount(paid.mean, currency)} on average"
    high, at_cap = paid.quantiles["0.95"], paid.mass_points.get("cap")
    if at_cap is None or at_cap.value == 0.0:
        return f"{said} and {say_high(high, currency)}"
    if at_cap.value < 0.05:
        said += f", {say_high(high, currency)}"
    cap = paid.quantiles["0.99"] if at_cap.value > 0.01 else high
    most = f" of {say_amount(cap, currency)}" if at_cap.value > 0.01 else ""
    return f"{said}; {say_share(at_cap)} of paths reach the cap{most}"


def say_high(found: Interval, currency: str) -> str:
    """What the dearest path in twenty pays; where many pay one amount, that few pay more."""
    amount = say_amount(found, currency)
    if found.low == found.high:
        return f"no more than {amount} on nineteen paths in twenty"
    return f"more than {amount} on one path in twenty"


def say_returns(table: MetricTable, currency: str) -> str:
    """What the investors earn and lose; empty without investors."""
    if "investors.irr" not in table:
        return ""
    rate, loss = table["investors.irr"], table["investors.principal_loss"]
    half = rate.quantiles["0.5"]
    if math.isnan(half.value):
        return "No investor puts in any money"
    said = f"The investors' median IRR is {write_cell(half, 'rate', currency).text}"
    if loss.p_loss is None or loss.p_loss.value == 0.0:
        return f"{said}; they lose principal on no path"
    said += f"; they lose principal on {say_share(loss.p_loss)} of paths"
    if loss.loss_given_loss is not None and math.isfinite(loss.loss_given_loss.value):
        amount = say_amount(loss.loss_given_loss, currency)
        said += f", {amount} on average when they do"
    return said + say_behind(table)


def say_behind(table: MetricTable) -> str:
    """How often investors get back less than they put in, where that is not how often they lose.

    Interest makes up for principal on some paths; and a waterfall that shares money out before
    the last draw leaves principal that nobody repays to lenders who have had it all back.
    """
    loss, behind = table["investors.principal_loss"].p_loss, table["investors.moic"].p_loss
    if loss is None or behind is None or math.isnan(behind.value):
        return ""
    apart = abs(loss.value - behind.value)
    if apart < 0.01 or apart < 3.0 * math.hypot(loss.error, behind.error):
        return ""
    return f"; on {say_share(behind)} they get back less than they put in"


def say_answer(table: MetricTable, resolved: Mapping[str, Any]) -> str:
    """The whole answer on one line."""
    currency = str(resolved.get("currency", "USD"))
    found = [say_payments(table, currency), say_returns(table, currency)]
    return " ".join(f"{part}." for part in found if part)


def say_paths(results: Results) -> str:
    """How the numbers came about, and what the second line of each is."""
    seed = results.provenance.get("seed")
    count = f"{results.paths:,} paths" if results.paths != 1 else "1 path: errors are unknown"
    return f"{count}, seed {seed}. ± is one Monte Carlo standard error."
