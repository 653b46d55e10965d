"""How time grows with the size of a deal: variants of the yardstick deal, one thread."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from benchmarks.clock import Timing, take_turns
from benchmarks.figures import SCENARIO
from benchmarks.report import Comparison, Options
from pfs_sim.reading import load, resolve
from pfs_sim.simulate import compile_scenario, live_compiled

Deal = dict[str, Any]


def base() -> Deal:
    """The yardstick deal as plain data, without correlations (which name its outcomes)."""
    deal = resolve(load(SCENARIO))
    del deal["correlations"]
    return deal


def with_periods(factor: int) -> Deal:
    """A grid that is longer; the program is as it was, overhead and capital go on."""
    deal = base()
    deal["clock"]["periods"] = 27 * factor
    deal["capital"]["costs"]["overhead"]["last"] = 27 * factor - 5
    return deal


def with_cohorts(factor: int) -> Deal:
    """More quarters of enrollment on one long grid, nobody turned away by the target."""
    deal = base()
    deal["clock"]["periods"] = 80
    deal["program"].update(window_end=16 * factor, target=10**6)
    return deal


def with_clients(factor: int) -> Deal:
    """More people in each cohort."""
    deal = base()
    program = deal["program"]
    program["referrals"]["per_period"] *= factor
    program.update(target=500 * factor, intake_limit=100 * factor)
    return deal


def with_outcomes(number: int) -> Deal:
    """Events alone, each with its measure; one term."""
    deal = base()
    outcome, measure = deal["outcomes"]["placement"], deal["evaluation"]["measures"]["placement"]
    names = ["placement", *(f"placement_{i}" for i in range(1, number))]
    deal["outcomes"] = {name: deepcopy(outcome) for name in names}
    deal["evaluation"]["measures"] = {
        "completed": deal["evaluation"]["measures"]["completed"],
        **{name: {**measure, "outcome": name} for name in names},
    }
    deal["contract"]["terms"] = {"placement": deal["contract"]["terms"]["placement"]}
    return deal


def with_terms(number: int) -> Deal:
    """Terms on one measure."""
    deal = base()
    term = deal["contract"]["terms"]["placement"]
    deal["contract"]["terms"] = {f"term_{i}": deepcopy(term) for i in range(number)}
    return deal


def with_tranches(number: int) -> Deal:
    """Loans of one size, each with a step for interest and one for principal."""
    deal = base()
    capital = deal["capital"]
    loan = capital["tranches"]["senior"]
    names = ["senior", *(f"loan_{i}" for i in range(1, number))]
    capital["tranches"] = {name: {**loan, "commitment": 12.5e6 / number} for name in names}
    capital["waterfall"] = {
        f"{name}_{pay}": {"pay": pay, "to": [name]}
        for name in names
        for pay in ("interest", "principal")
    }
    return deal


SERIES = {
    "periods": (with_periods, (1, 2, 4), lambda k: f"{27 * k} periods"),
    "cohorts": (with_cohorts, (1, 2, 4), lambda k: f"{16 * k} cohorts"),
    "outcomes": (with_outcomes, (1, 2, 4, 8), lambda k: f"{k} outcomes"),
    "terms": (with_terms, (1, 4, 16), lambda k: f"{k} terms"),
    "tranches": (with_tranches, (1, 4, 16), lambda k: f"{k} tranches"),
    "clients": (with_clients, (1, 8, 64), lambda k: f"{500 * k:,} clients an arm"),
}


def compare(options: Options) -> Comparison:
    """µs a path by size; compiling the deal is not counted."""
    paths = 512 if options.quick else 2_048
    timings: list[Timing] = []
    for build, sizes, name in SERIES.values():
        ready = {name(size): compile_scenario(build(size)) for size in sizes}
        turns = take_turns(
            {
                label: lambda deal=deal: live_compiled(deal, paths, threads=1)
                for label, deal in ready.items()
            },
            min(options.rounds, 5),
            per=paths / 1e6,
            unit="µs a path",
        )
        for one in turns:
            one["ratio"] = one["cpu"] / turns[0]["cpu"]
        timings += turns
    ratios = {one["name"]: one["ratio"] for one in timings}
    values = {
        "clients": ratios["32,000 clients an arm"],
        "periods": ratios["108 periods"],
        "tranches": ratios["16 tranches"],
        "terms": ratios["16 terms"],
    }
    return Comparison("Growth with size", timings, [], values, "CPU time over the smallest")
