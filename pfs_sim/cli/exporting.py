"""`export`: the base case as a spreadsheet."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from pfs_sim.cli.options import takes_scenario, takes_seed, warn
from pfs_sim.errors import InputError


@click.command(short_help="Write the base case as a spreadsheet with live formulas.")
@takes_scenario
@click.option(
    "--out", "-o", "out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write here; a file that exists is replaced. Without it: the scenario's name, .xlsx.",
)
@click.option(
    "--paths", type=click.IntRange(0), default=10_000, show_default=True, metavar="N",
    help="Number of paths of the summary on the last sheet; 0 leaves it out.",
)
@takes_seed
@click.option("--quiet", "-q", is_flag=True, help="Nothing on stderr but warnings and errors.")
def export(
    scenario: str, sets: tuple[str, ...], out: Path | None, paths: int, seed: int, quiet: bool
) -> None:
    """Write the base case as a spreadsheet: prices, caps, draws, interest and the waterfall are
    live formulas, so that a reader can change them and audit the arithmetic.

    What formulas cannot say is written as values and marked so: terms with a holdback, a claw-back,
    a return table, a share that changes at a hurdle, a carried cap, or a payor with a cap; the
    capital of several pools, or where funds run out. The last sheet holds the distribution over
    paths.

    \b
    Examples:
      pfs-sim export deal.yaml
      pfs-sim export deal.yaml -o deal.xlsx --set contract.cap=12000000
    """
    if find_spec("xlsxwriter") is None:
        raise InputError("export needs xlsxwriter; install it with: pip install 'pfs-sim[xlsx]'")
    from pfs_sim.analysis.lived import live_base_case
    from pfs_sim.cli.screen import announce_compiling, notice, show_progress
    from pfs_sim.metrics.deal import summarize
    from pfs_sim.reading import load
    from pfs_sim.report.workbook import build_workbook, save_workbook
    from pfs_sim.simulate import simulate

    loaded = load(scenario, sets)
    warn(loaded.warnings)
    announce_compiling(quiet, [loaded])
    table = None
    if paths:
        with show_progress(paths, quiet) as progress:
            table = summarize(simulate(loaded, paths, seed, progress=progress))
    file = out or Path(Path(scenario).stem + ".xlsx")
    save_workbook(build_workbook(live_base_case(loaded), table), file)
    notice(f"wrote {file}", quiet)
