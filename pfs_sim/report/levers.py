"""Sweeps, solutions and frontiers as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pfs_sim.analysis.frontier import FALSE, PAYOR, Frontier
from pfs_sim.analysis.levers import is_number, name_shortly, write_value
from pfs_sim.analysis.solve import Seen, Solution
from pfs_sim.analysis.sweep import Sweep
from pfs_sim.metrics.estimates import Estimate
from pfs_sim.metrics.numerals import format_value
from pfs_sim.metrics.table import MetricTable, find_statistic_unit
from pfs_sim.report.cash_flow import Column, Page
from pfs_sim.report.cells import write_cell
from pfs_sim.report.compared import LABELS, write_both, write_change
from pfs_sim.report.risk import lay_out

STATISTICS = {
    "mean": "mean", "sd": "sd", "q0.5": "median", "p_loss": "chance of loss",
    "p_zero": "chance of 0", "p_negative": "chance below 0",
}


def choose_metrics(table: MetricTable, asked: Sequence[str] = ()) -> list[str]:
    """Addresses to show: those asked for, or what a designer asks of any deal.

    InputError for an address that does not exist.
    """
    if asked:
        for address in asked:
            table.get(address)
        return [".".join(table.split_address(address)) for address in asked]
    found = ["payor.payments.mean", "payor.payments.q0.95", "payor.net_benefit.mean"]
    holders = [name for name in table if name.startswith("tranche.") and name.endswith(".irr")]
    if "investors.irr" in table:
        found.append("investors.irr.q0.5")
    found += [f"{name.removesuffix('irr')}principal_loss.p_loss" for name in holders]
    return found


def say_metric(table: MetricTable, address: str) -> str:
    """What an address is, in words."""
    name, statistic = table.split_address(address)
    label = LABELS.get(name, table[name].label).replace(": loss of principal", "")
    words = STATISTICS.get(statistic, statistic)
    if statistic.startswith("q") and words == statistic:
        words = f"{100 * float(statistic[1:]):g} % quantile"
    return f"{label}, {words}"


def list_sweep(sweep: Sweep, asked: Sequence[str] = ()) -> list[Page]:
    """The cases row under row; named cases with their differences and their definitions."""
    currency = str(sweep.resolved.get("currency", "USD"))
    first = sweep.cases[0].table
    addresses = choose_metrics(first, asked)
    columns: list[Column] = []
    if sweep.levers:
        places = [lever.path for lever in sweep.levers]
        for path, name in zip(places, name_shortly(places), strict=True):
            columns.append((name, [_say(one.case.sets[path]) for one in sweep.cases]))
        keys = ("", ["" for _ in sweep.cases])
        keys, columns = (columns[0][0], columns[0][1]), columns[1:]
    else:
        keys = ("", [one.case.name for one in sweep.cases])
    for address in addresses:
        name, statistic = first.split_address(address)
        unit = find_statistic_unit(statistic, first[name].unit)
        cells = [write_both(one.table.get(address), unit, currency) for one in sweep.cases]
        columns.append((say_metric(first, address), cells))
    paths = f"{sweep.paths:,} paths, seed {sweep.provenance['seed']}, the same people in every case"
    pages = [lay_out(_title(sweep), keys, columns, f"{paths}. ± is one standard error.")]
    if not sweep.levers:
        pages += [_list_changes(sweep, addresses, currency), _define(sweep)]
    return pages


def _title(sweep: Sweep) -> str:
    if sweep.levers:
        return " and ".join(lever.path for lever in sweep.levers)
    return "Cases"


def _list_changes(sweep: Sweep, addresses: Sequence[str], currency: str) -> Page:
    """What each case changes, against the deal as it is."""
    first, others = sweep.cases[0].table, sweep.cases[1:]
    columns: list[Column] = []
    for address in addresses:
        if address not in (others[0].differences if others else {}):
            continue
        name, statistic = first.split_address(address)
        unit = find_statistic_unit(statistic, first[name].unit)
        cells = [write_change(one.differences[address], unit, currency) for one in others]
        columns.append((say_metric(first, address), cells))
    keys = ("", [one.case.name for one in others])
    note = "Errors are those over the same people."
    return lay_out("Less the deal as it is", keys, columns, note)


def _define(sweep: Sweep) -> Page:
    """What each case sets."""
    labels, places, values = [], [], []
    for one in sweep.cases[1:]:
        for place, (path, value) in enumerate(one.case.sets.items()):
            labels.append("" if place else one.case.name)
            places.append(path)
            values.append(_say(value))
    return Page("What each case sets", ("", labels), [("place", places), ("value", values)])


def _say(value: Any) -> str:
    if not is_number(value):
        return write_value(value)
    if isinstance(value, int) or abs(value) < 1e6:
        return f"{value:,.{6 if isinstance(value, float) else 10}g}"
    return f"{value:,.0f}"


def say_solution(found: Solution, currency: str) -> str:
    """The answer of `solve` in plain words."""
    target = format_value(found.target, None, found.unit, currency=currency).removesuffix(".00")
    aim = f"{found.address} = {target}"
    if found.kind == "found":
        value = _say_x(found.value, found.se)
        said = f"{found.path} = {value} gives {aim}"
        if math.isinf(found.se):
            return (
                f"{said} on these paths, but the metric cannot be told to move there: other paths "
                "could give any value"
            )
        exact = found.metric.value == found.target
        if found.se == 0.0 and exact:
            return f"{said}, exactly"
        low, high = found.interval.low, found.interval.high
        said += f" (± {_size(found.se)}; 95 % interval {_say_x(low, found.se)} to "
        said += f"{_say_x(high, found.se)})"
        if found.whole and not exact:
            there = write_both(found.metric, found.unit, currency)
            said += f"; the nearest whole number, where it is {there}"
        return said
    ends = " and ".join(_say_end(found.scan[i], found, currency) for i in (0, -1))
    if found.kind == "none":
        near = min(
            (s for s in found.scan if not math.isnan(s.metric.value)),
            key=lambda s: abs(s.metric.value - found.target), default=None,
        )
        said = f"No value of {found.path} in the range gives {aim}: it is {ends}"
        if near is not None and near not in (found.scan[0], found.scan[-1]):
            said += f"; nearest {_say_end(near, found, currency)}"
        if near is not None and abs(near.metric.value - found.target) < 2.0 * near.metric.error:
            said += (
                f". That holds on these paths alone: at {_say_x(near.x, None)} it is within twice "
                "its error of the target, and more paths may find a value"
            )
        return said
    if found.kind == "everywhere":
        return f"Every value tried gives {aim}: {found.path} does not move it"
    if found.kind == "jump":
        return (
            f"{aim} is jumped over at {found.path} = {_say_x(found.value, None)}: no value gives "
            "it, those on one side give more and those on the other less"
        )
    where = "; ".join(
        f"between {_say_x(one.x, None)} and {_say_x(other.x, None)}"
        for one, other in found.brackets
    )
    return (
        f"{len(found.brackets)} values of {found.path} give {aim}: {where}. The metric is not "
        "monotone; narrow the range to the one that is meant"
    )


def _say_x(value: float, se: float | None) -> str:
    return format_value(value, se, "number") if se else _say(value)


def _size(se: float) -> str:
    return format_value(se, se, "number")


def _say_metric(seen: Seen, found: Solution, currency: str) -> str:
    return write_both(seen.metric, found.unit, currency)


def _say_end(seen: Seen, found: Solution, currency: str) -> str:
    return f"{_say_metric(seen, found, currency)} at {_say_x(seen.x, None)}"


def list_solution(found: Solution, currency: str) -> Page:
    """The scan of the range."""
    columns = [
        (found.address, [_say_metric(seen, found, currency) for seen in found.scan]),
        ("less the target", [
            write_change(
                Estimate(seen.metric.value - found.target, seen.metric.se), found.unit, currency
            )
            for seen in found.scan
        ]),
    ]
    keys = (found.path, [_say_x(seen.x, None) for seen in found.scan])
    note = f"{found.runs} runs of {found.paths:,} paths over the same people, seed {found.seed}"
    if found.kind == "found":
        slope = f"{found.slope.value:,.3g} ± {found.slope.se:,.2g}"
        note += f"; at the answer one unit of the lever moves the metric by {slope}"
    return lay_out("Over the range", keys, columns, note + ". ± is one standard error.")


def say_frontier(found: Frontier) -> str:
    """Whether all can sign, and if not, what stands in the way."""
    count, total = len(found.open), len(found.points)
    labels = {c.name: c.label for c in found.conditions}
    if count:
        sure = sum(found.is_sure(point) for point in found.open)
        said = f"All conditions hold at {count} of {total} points, surely (95 %) at {sure}"
        spans = [_span(found, lever.path) for lever in found.levers]
        return f"{said}: {'; '.join(spans)}."
    ways = [" and ".join(labels[name] for name in names) for names in found.binding]
    if len(found.binding[0]) == len(found.conditions):
        return f"No point of {total} meets any of the conditions."
    several = len(found.binding[0]) > 1 or len(ways) > 1
    said = f"No point of {total} meets all conditions. In the way stand{'' if several else 's'} "
    said += "; or ".join(ways)
    them = "these" if several else "that"
    return f"{said}: without {them}, the others could hold together."


def _span(found: Frontier, path: str) -> str:
    values = [point.sets[path] for point in found.open]
    if min(values) == max(values):
        return f"{path} {_say(values[0])}"
    return f"{path} from {_say(min(values))} to {_say(max(values))}"


def list_frontier(found: Frontier) -> list[Page]:
    """Every point with what each condition finds; * marks what fails, ~ what holds unsurely."""
    currency = str(found.resolved.get("currency", "USD"))
    columns: list[Column] = []
    paths = [lever.path for lever in found.levers]
    for path, name in zip(paths, name_shortly(paths), strict=True):
        columns.append((name, [_say(point.sets[path]) for point in found.points]))
    keys, columns = columns[0], columns[1:]
    for place, condition in enumerate(found.conditions):
        cells = []
        for point in found.points:
            one = point.found[condition.name]
            unit = "money" if condition.name == PAYOR else "probability"
            text = write_cell(one, unit, currency).text  # type: ignore[arg-type]
            mark = "" if condition.surely(one) else "~" if condition.holds(one) else "*"
            cells.append(f"{text}{mark}")
        columns.append((f"({place + 1})", cells))
    verdict = [
        "fails" if found.failing(p) else "holds, surely" if found.is_sure(p) else "holds"
        for p in found.points
    ]
    columns.append(("all", verdict))
    points = lay_out(
        " and ".join(lever.path for lever in found.levers), keys, columns,
        f"{found.paths:,} paths, seed {found.provenance['seed']}, the same people at every point. "
        "*: fails. ~: holds, but not with its whole 95 % interval.",
    )
    return [_list_conditions(found), points]


def _list_conditions(found: Frontier) -> Page:
    labels, limits, met = [], [], []
    for place, c in enumerate(found.conditions):
        labels.append(f"({place + 1}) {c.label}")
        if c.name == PAYOR:
            limits.append("above 0")
        else:
            share = format_value(c.limit, None, "probability")
            limits.append(f"{'at least' if c.at_least else 'at most'} {share}")
        count = sum(c.holds(point.found[c.name]) for point in found.points)
        met.append(f"{count} of {len(found.points)} points")
    note = ""
    if any(c.name == FALSE for c in found.conditions):
        note = (
            "False payment: a term on an effect pays although every effect is nothing (the "
            "effects are overridden, since the priors give that too few paths)."
            if found.overridden
            else "False payment: a term on an effect pays although every effect is nothing or harm."
        )
    return Page("Conditions", ("", labels), [("", limits), ("holds at", met)], note)


