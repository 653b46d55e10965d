"""`sweep`, `solve`, `frontier`: levers moved over the same people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pfs_sim.cli.options import (
    balance,
    check_out,
    leave,
    takes_json,
    takes_out,
    takes_paths,
    takes_quiet,
    takes_sampling,
    takes_scenario,
    takes_seed,
    warn,
    write_call,
)
from pfs_sim.errors import InputError

if TYPE_CHECKING:
    from pfs_sim.analysis.levers import Case, Lever
    from pfs_sim.analysis.sweep import Sweep
    from pfs_sim.reading import Loaded
    from pfs_sim.report.html.decision import Decision

NO_ANSWER = 1
"""Exit code of `solve` without one answer and of `frontier` without a point."""


@click.command(short_help="Move one or two levers, or live named cases and stresses.")
@takes_scenario
@click.option(
    "--over", multiple=True, metavar="PATH=LO:HI:N",
    help="A lever: N values from LO to HI, or PATH=A,B,C, numbers or words (dates, spans, "
    "methods). Twice for a grid of two levers.",
)
@click.option(
    "--cases", metavar="FILE",
    help="Live the cases of this file instead: YAML, name: {dotted path: value}.",
)
@click.option("--stresses", is_flag=True, help="Live the stress sets of the scenario instead.")
@click.option(
    "--metric", "metrics", multiple=True, metavar="METRIC",
    help="A statistic to show, such as payor.payments.mean; may be given several times. All are "
    "in --json and --out.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR",
    help="Leave tables and figures in this folder, and each case as it is finished: a sweep that "
    "was killed goes on there.",
)
@takes_paths(10_000)
@takes_seed
@takes_sampling
@takes_json
@takes_quiet
def sweep(
    scenario: str,
    sets: tuple[str, ...],
    over: tuple[str, ...],
    cases: str | None,
    stresses: bool,
    metrics: tuple[str, ...],
    out: Path | None,
    paths: int,
    threads: int | None,
    seed: int,
    sampling: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Live a deal under every value of one or two levers, or under named cases, over the same
    people in each.

    \b
    Examples:
      pfs-sim sweep deal.yaml --over contract.cap=8e6:15e6:8
      pfs-sim sweep deal.yaml --over contract.cap=8e6:15e6:8 \\
        --over contract.terms.placement.schedule.price=50000:90000:5 --out out/sweep
      pfs-sim sweep deal.yaml --stresses
      pfs-sim sweep deal.yaml --cases cases.yaml --metric payor.payments.q0.95
    """
    from pfs_sim.analysis.sweep import sweep as live
    from pfs_sim.cli.screen import announce_compiling, notice, show, show_progress, write_plain
    from pfs_sim.metrics.table import split_address
    from pfs_sim.plan.outputs import columns
    from pfs_sim.reading import load

    if bool(over) + (cases is not None) + stresses != 1:
        raise click.UsageError("give --over, --cases or --stresses")
    if out is not None:
        from pfs_sim.report.swept import check_sweep_folder

        check_sweep_folder(out)
    loaded = load(scenario, sets)
    warn(loaded.warnings)
    levers, named = _read_levers(over), _read_cases(loaded, cases, stresses)
    known = [column.name for column in columns(loaded.scenario)]
    for metric in metrics:
        split_address(metric, known)  # a slip is said before anything is lived
    announce_compiling(quiet, [loaded])
    paths = balance(paths, sampling, quiet)
    count = _count(levers, named)
    done = 0

    def finished(one: Any, read: bool) -> None:
        nonlocal done
        done += 1
        notice(f"{done} of {count}: {one.case.name}{' (from before)' if read else ''}", quiet)

    with show_progress(count * paths, quiet) as progress:
        found = live(
            loaded, levers or None, cases=named if not levers else None, paths=paths, seed=seed,
            sampling=sampling, threads=threads, folder=out, progress=progress,
            finished=finished if progress is None else None,
        )
    parts = _sweep_parts(found, metrics)
    if as_json:
        from pfs_sim.report.summary import write_json

        click.echo(write_json(found.to_json()), nl=False)
    else:
        show(parts)
    if out is not None:
        from pfs_sim.report.swept import write_sweep

        command = write_call("sweep", [scenario], sets, over=over, cases=cases, stresses=stresses,
                           metric=metrics, paths=paths, seed=seed, sampling=sampling)
        inputs = [*loaded.document.files, *([cases] if cases else [])]
        names = write_sweep(
            out, found, write_plain(parts), command=command, inputs=inputs, asked=metrics
        )
        notice(f"{len(names)} files in {out}", quiet)


def _read_levers(over: tuple[str, ...]) -> list[Lever]:
    from pfs_sim.analysis.levers import read_lever

    return [read_lever(text) for text in over]


def _read_cases(loaded: Loaded, file: str | None, stresses: bool) -> list[Case]:
    from pfs_sim.analysis.levers import list_stresses, read_cases

    if stresses:
        return list_stresses(loaded)
    return [] if file is None else read_cases(file)


def _count(levers: list[Lever], cases: list[Case]) -> int:
    count = 1
    for lever in levers:
        count *= len(lever.values)
    return count if levers else len(cases) + 1


def _sweep_parts(found: Sweep, metrics: tuple[str, ...]) -> list[Any]:
    from rich.text import Text

    from pfs_sim.cli.screen import page_width, tables_of_pages
    from pfs_sim.report.levers import list_sweep

    title = Text(str(found.resolved["name"]), style="bold")
    return [title, *tables_of_pages(list_sweep(found, metrics), page_width())]


@click.command(short_help="Find the price, cap or coupon that gives a target.")
@takes_scenario
@click.option(
    "--vary", required=True, metavar="PATH=LO:HI", help="What may be moved, and its range."
)
@click.option(
    "--target", required=True, metavar="METRIC=VALUE",
    help="A statistic and what it is to be: payor.payments.mean=6e6, "
    "tranche.senior.principal_loss.p_loss=5%.",
)
@click.option(
    "--scan", type=click.IntRange(2), default=9, show_default=True, metavar="N",
    help="Values of the range that are tried first, to see whether there is one answer.",
)
@takes_out
@takes_paths(10_000)
@takes_seed
@takes_sampling
@takes_json
@takes_quiet
def solve(
    scenario: str,
    sets: tuple[str, ...],
    vary: str,
    target: str,
    scan: int,
    out: Path | None,
    paths: int,
    threads: int | None,
    seed: int,
    sampling: str,
    as_json: bool,
    quiet: bool,
) -> int:
    """Find the value of one lever at which a metric is on target, with the error that the paths
    leave in it. Exit code 1 where the range holds no such value, or several.

    \b
    Examples:
      pfs-sim solve deal.yaml --vary contract.terms.screens.schedule.price=1000:6000 \\
        --target payor.payments.mean=6e6
      pfs-sim solve deal.yaml --vary contract.cap=8e6:15e6 \\
        --target tranche.senior.principal_loss.p_loss=60%
      pfs-sim solve deal.yaml --vary capital.tranches.senior.coupon=0:0.1 \\
        --target tranche.senior.irr.median=3%
    """
    from pfs_sim.analysis.levers import read_range
    from pfs_sim.analysis.solve import solve as find
    from pfs_sim.cli.screen import (
        announce_compiling,
        page_width,
        show_progress,
        tables_of_pages,
    )
    from pfs_sim.reading import load

    path, low, high = read_range(vary)
    address, aim = read_target(target)
    check_out(out)
    loaded = load(scenario, sets)
    warn(loaded.warnings)
    announce_compiling(quiet, [loaded])
    paths = balance(paths, sampling, quiet)
    with show_progress((scan + 8) * paths, quiet) as progress:
        found = find(
            loaded, path, low, high, address, aim, paths=paths, seed=seed, sampling=sampling,
            threads=threads, scan=scan, progress=progress,
        )
    from rich.text import Text

    from pfs_sim.report.levers import list_solution, say_solution

    currency = str(loaded.scenario.currency)
    pages = tables_of_pages([list_solution(found, currency)], page_width())
    title = Text(str(loaded.scenario.name), style="bold")
    parts = [title, Text(f"{say_solution(found, currency)}."), *pages]
    _print(found, parts, as_json)

    def decide() -> Decision:
        from pfs_sim.report.decisions import decide_solution

        return decide_solution(found, loaded.scenario)

    command = write_call("solve", [scenario], sets, vary=vary, target=target, scan=scan,
                         paths=paths, seed=seed, sampling=sampling)
    leave(out, decide, parts, command, loaded.document.files, quiet)
    return 0 if found.kind == "found" else NO_ANSWER


def _print(found: Any, parts: list[Any], as_json: bool) -> None:
    """The answer as JSON or as text, on stdout."""
    from pfs_sim.cli.screen import show
    from pfs_sim.report.summary import write_json

    if as_json:
        click.echo(write_json(found.to_json()), nl=False)
    else:
        show(parts)


def read_target(text: str) -> tuple[str, float]:
    """`metric=value`, the value a number or a percentage."""
    address, equals, value = (part.strip() for part in text.partition("="))
    try:
        aim = float(value.removesuffix("%").replace("_", ""))
    except ValueError:
        equals = ""
        aim = 0.0
    if not equals or "." not in address or aim != aim or aim in (float("inf"), -float("inf")):
        raise InputError(
            f"found the target {text!r}; allowed: METRIC=VALUE, such as payor.payments.mean=6e6"
        )
    return address, aim / 100.0 if value.endswith("%") else aim


@click.command(short_help="Find where payor and investors can all sign.")
@takes_scenario
@click.option(
    "--over", multiple=True, required=True, metavar="PATH=LO:HI:N",
    help="A lever: N values from LO to HI, or PATH=A,B,C. Twice for a grid of two levers.",
)
@click.option(
    "--false-payment", type=click.FloatRange(0.0, 1.0), default=0.10, show_default=True,
    metavar="A", help="The payor accepts at most this probability of paying on no effect.",
)
@click.option(
    "--return-chance", type=click.FloatRange(0.0, 1.0), default=0.75, show_default=True,
    metavar="B", help="Each investor wants its hurdle with at least this probability.",
)
@click.option(
    "--hurdle", "hurdles", multiple=True, metavar="TRANCHE=RATE",
    help="The IRR that a tranche wants, such as senior=0.04; by default the deal's hurdle, or "
    "what the coupon comes to where that is less, and 0 for a recoverable grant.",
)
@takes_out
@takes_paths(10_000)
@takes_seed
@takes_sampling
@takes_json
@takes_quiet
def frontier(
    scenario: str,
    sets: tuple[str, ...],
    over: tuple[str, ...],
    false_payment: float,
    return_chance: float,
    hurdles: tuple[str, ...],
    out: Path | None,
    paths: int,
    threads: int | None,
    seed: int,
    sampling: str,
    as_json: bool,
    quiet: bool,
) -> int:
    """Find the values of one or two levers at which everyone can sign: the payor's expected net
    benefit is positive, false payments are rare enough, and each investor reaches its hurdle often
    enough. Where there are none, says which condition stands in the way (exit code 1).

    \b
    Examples:
      pfs-sim frontier deal.yaml --over contract.cap=8e6:15e6:8
      pfs-sim frontier deal.yaml --over contract.cap=8e6:15e6:8 --false-payment 0.2 \\
        --hurdle senior=0.03 --return-chance 0.6
    """
    from pfs_sim.analysis.frontier import frontier as find
    from pfs_sim.cli.screen import (
        announce_compiling,
        page_width,
        show_progress,
        tables_of_pages,
    )
    from pfs_sim.reading import load

    levers = _read_levers(over)
    check_out(out)
    loaded = load(scenario, sets)
    warn(loaded.warnings)
    announce_compiling(quiet, [loaded])
    paths = balance(paths, sampling, quiet)
    with show_progress(_count(levers, []) * paths, quiet) as progress:
        found = find(
            loaded, levers, false_payment=false_payment, return_chance=return_chance,
            hurdles=_read_hurdles(hurdles), paths=paths, seed=seed, sampling=sampling,
            threads=threads, progress=progress,
        )
    from rich.text import Text

    from pfs_sim.report.levers import list_frontier, say_frontier

    pages = tables_of_pages(list_frontier(found), page_width())
    parts = [Text(str(loaded.scenario.name), style="bold"), Text(say_frontier(found)), *pages]
    _print(found, parts, as_json)

    def decide() -> Decision:
        from pfs_sim.report.decisions import decide_frontier

        return decide_frontier(found)

    command = write_call("frontier", [scenario], sets, over=over, false_payment=false_payment,
                         return_chance=return_chance, hurdle=hurdles, paths=paths, seed=seed,
                         sampling=sampling)
    leave(out, decide, parts, command, loaded.document.files, quiet)
    return 0 if found.open else NO_ANSWER


def _read_hurdles(hurdles: tuple[str, ...]) -> dict[str, float]:
    found = {}
    for text in hurdles:
        name, equals, rate = text.partition("=")
        try:
            value = float(rate.removesuffix("%"))
        except ValueError:
            equals, value = "", 0.0
        if not equals:
            raise InputError(f"found the hurdle {text!r}; allowed: TRANCHE=RATE, as senior=0.04")
        found[name.strip()] = value / 100.0 if rate.endswith("%") else value
    return found
