"""`integrity`: whether the contract pays for what it means to pay for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pfs_sim.cli.options import (
    check_out,
    leave,
    takes_json,
    takes_out,
    takes_scenario,
    takes_seed,
    warn,
    write_call,
)

if TYPE_CHECKING:
    from pfs_sim.report.html.decision import Decision

RUNS = 4 * 7
"""Four runs of the deal, and of three other enrollments and three other samples."""


@click.command(short_help="Show what is paid for nothing, and what success goes unpaid.")
@takes_scenario
@click.option(
    "--paths", type=click.IntRange(2), default=2000, show_default=True, metavar="N",
    help="Paths of each of the 28 runs.",
)
@click.option(
    "--steep", type=click.FloatRange(0.0, min_open=True), default=0.01, show_default=True,
    metavar="SHARE", help="Flag a place where one participant moves more than this share of the "
    "cap.",
)
@click.option(
    "--only-as-is", is_flag=True,
    help="Leave out other enrollments and larger or smaller evaluations; a seventh of the time.",
)
@takes_out
@takes_seed
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Threads. Changes no number.")
@takes_json
@click.option("--quiet", "-q", is_flag=True, help="Nothing on stderr but warnings and errors.")
def integrity(
    scenario: str,
    sets: tuple[str, ...],
    paths: int,
    steep: float,
    only_as_is: bool,
    out: Path | None,
    seed: int,
    threads: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Show whether the contract pays for what it means to pay for: false payment, missed success,
    the price of noise and the deadweight of each term, cliffs, and how all of it changes with the
    number of people enrolled and with the size of the evaluation.

    \b
    Examples:
      pfs-sim integrity deal.yaml
      pfs-sim integrity deal.yaml --only-as-is --paths 20000
      pfs-sim integrity deal.yaml --steep 0.005 --json
      pfs-sim integrity deal.yaml --out out/integrity
    """
    from pfs_sim.analysis.cliffs import find_cliffs
    from pfs_sim.analysis.integrity import ENROLLMENTS, SAMPLES, judge_integrity
    from pfs_sim.cli.screen import (
        announce_compiling,
        page_width,
        show,
        show_progress,
        tables_of_pages,
    )
    from pfs_sim.reading import load

    check_out(out)
    loaded = load(scenario, sets)
    warn(loaded.warnings)
    announce_compiling(quiet, [loaded])
    with show_progress((4 if only_as_is else RUNS) * paths, quiet) as progress:
        found = judge_integrity(
            loaded, paths, seed, threads=threads, progress=progress,
            enrollment=() if only_as_is else ENROLLMENTS, sample=() if only_as_is else SAMPLES,
        )
    cliffs = find_cliffs(loaded.scenario, found.means, steep)
    from rich.text import Text

    from pfs_sim.report.integrity import list_integrity

    pages = tables_of_pages(list_integrity(found, cliffs), page_width())
    said = f"{found.paths:,} paths, seed {found.seed}. ± is one Monte Carlo standard error."
    parts = [Text(found.scenario, style="bold"), *pages, Text(""), Text(said, style="dim")]
    if as_json:
        from pfs_sim.report.summary import write_json

        document = {
            "schema": 1, **found.to_json(), "cliffs": [cliff.to_json() for cliff in cliffs]
        }
        click.echo(write_json(document), nl=False)
    else:
        show(parts)

    def decide() -> Decision:
        from pfs_sim.report.decisions import decide_integrity

        return decide_integrity(found, cliffs, loaded.scenario)

    command = write_call("integrity", [scenario], sets, paths=paths, steep=steep,
                         only_as_is=only_as_is, seed=seed)
    leave(out, decide, parts, command, loaded.document.files, quiet)
