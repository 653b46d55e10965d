"""Arrays over paths become numbers, each with its Monte Carlo error (model §11).

estimates   a value with a standard error, a value with an interval
sampling    which paths are independent: plain, antithetic pairs, replicates
moments     means, spreads, probabilities, differences, ratios
quantiles   order statistics and their exact intervals, value at risk
tails       expected shortfall, loss given loss, mass at single points
summary     all of them for one quantity
summarizing how its paths become that summary
influence   what each path does to a statistic: errors of paired differences
table       the summaries of a run by dotted name
numerals    numbers with the digits that their error justifies
"""

from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.metrics.moments import (
    count_undefined,
    find_pairing_gain,
    mean,
    paired_difference,
    probability,
    ratio_of_means,
    sd,
)
from pfs_sim.metrics.numerals import (
    digits,
    format_count,
    format_money,
    format_rate,
    format_value,
)
from pfs_sim.metrics.quantiles import quantile, value_at_risk
from pfs_sim.metrics.sampling import INDEPENDENT, Sampling, from_replicates
from pfs_sim.metrics.summarizing import summarize_array
from pfs_sim.metrics.summary import Summary, Unit
from pfs_sim.metrics.table import MetricTable
from pfs_sim.metrics.tails import expected_shortfall, loss_given_loss, mass_points

__all__ = [
    "INDEPENDENT",
    "Estimate",
    "Interval",
    "MetricTable",
    "Sampling",
    "Summary",
    "Unit",
    "count_undefined",
    "digits",
    "expected_shortfall",
    "find_pairing_gain",
    "format_count",
    "format_money",
    "format_rate",
    "format_value",
    "from_replicates",
    "loss_given_loss",
    "mass_points",
    "mean",
    "paired_difference",
    "probability",
    "quantile",
    "ratio_of_means",
    "sd",
    "summarize_array",
    "value_at_risk",
]
