"""`report`: one HTML file about a deal, or about several beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pfs_sim.cli.options import takes_seed, warn
from pfs_sim.errors import InputError

if TYPE_CHECKING:
    from pfs_sim.report.html import Deck
    from pfs_sim.results import Results

RISK_PATHS = 1000
INTEGRITY_PATHS = 2000


@click.command(short_help="Write an HTML report of one deal, or of several to compare.")
@click.argument("sources", metavar="SCENARIO|RUN_DIR...", nargs=-1, required=True)
@click.option(
    "--out", "-o", "out", type=click.Path(dir_okay=False, path_type=Path),
    default=Path("report.html"), show_default=True, metavar="FILE", help="Write here.",
)
@click.option(
    "--set", "sets", multiple=True, metavar="PATH=VALUE",
    help="Change one value of every scenario given, by its dotted path; may be given several "
    "times. The value is YAML.",
)
@click.option(
    "--paths", type=click.IntRange(1), default=10_000, show_default=True, metavar="N",
    help="Number of paths of each scenario; a folder of a run has its own.",
)
@takes_seed
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Threads. Changes no number.")
@click.option(
    "--only-run", is_flag=True,
    help="Leave out what takes further runs: risk by source and the integrity of the contract.",
)
@click.option("--quiet", "-q", is_flag=True, help="Nothing on stderr but warnings and errors.")
def report(
    sources: tuple[str, ...], out: Path, sets: tuple[str, ...], paths: int, seed: int,
    threads: int | None, only_run: bool, quiet: bool,
) -> None:
    """Write one HTML file that needs nothing else: open it, print it, pass it on.

    Each SCENARIO is run; a RUN_DIR, left by `run --out`, is read. Several of them are compared.

    \b
    Examples:
      pfs-sim report deal.yaml
      pfs-sim report out/deal -o deal.html
      pfs-sim report deal.yaml other_contract.yaml -o compared.html --only-run
    """
    from pfs_sim.analysis.compare import refuse_currencies
    from pfs_sim.cli.screen import announce_compiling, notice
    from pfs_sim.report.folder import check_writable
    from pfs_sim.report.html import write_report

    check_writable(out.parent)
    announce_compiling(quiet)
    decks: list[Deck] = []
    for source in sources:
        deck = _read_run(Path(source), sets) if Path(source).is_dir() else _live(
            source, sets, paths, seed, threads, quiet
        )
        refuse_currencies(one.currency for one in (*decks, deck))
        decks.append(deck if only_run else _look_further(deck, threads, quiet))
    write_report(decks, out)
    notice(f"wrote {out}, {out.stat().st_size / 1e3:,.0f} kB", quiet)


def _live(
    source: str, sets: tuple[str, ...], paths: int, seed: int, threads: int | None, quiet: bool
) -> Deck:
    from pfs_sim.cli.screen import announce_compiling, show_progress
    from pfs_sim.metrics.deal import summarize
    from pfs_sim.reading import load
    from pfs_sim.report.html import gather
    from pfs_sim.report.manifest import write_command
    from pfs_sim.simulate import simulate

    loaded = load(source, sets)
    warn(loaded.warnings)
    announce_compiling(quiet, [loaded])
    with show_progress(paths, quiet) as progress:
        results = simulate(loaded, paths, seed, threads=threads, progress=progress)
    command = write_command(source, {"paths": paths, "seed": seed}, sets)
    return gather(
        results, summarize(results), command=command, file=Path(source).name, sets=sets
    )


def _read_run(folder: Path, sets: tuple[str, ...]) -> Deck:
    import json

    from pfs_sim.metrics.deal import summarize
    from pfs_sim.report.html import gather
    from pfs_sim.report.manifest import NAME
    from pfs_sim.results import Results

    file = folder / "results.npz"
    if not file.is_file():
        raise InputError(f"found no results.npz in {folder}; allowed: what `run --out` leaves")
    if sets:
        raise click.UsageError("--set changes a SCENARIO; what is in a folder was run already")
    results: Results = Results.load(file)
    command = ""
    try:
        command = str(json.loads((folder / NAME).read_text(encoding="utf-8"))["command"])
    except (OSError, ValueError, KeyError):
        click.echo(f"warning: {folder} has no manifest that says how it was made", err=True)
    return gather(results, summarize(results), command=command)


def _look_further(deck: Deck, threads: int | None, quiet: bool) -> Deck:
    """Risk by source and the integrity of the contract, from further runs of the same deal."""
    from dataclasses import replace

    from pfs_sim.analysis.cliffs import find_cliffs
    from pfs_sim.analysis.explain import count_runs, explain
    from pfs_sim.analysis.integrity import judge_integrity
    from pfs_sim.cli.screen import show_progress
    from pfs_sim.report.html.analyses import state_integrity, state_risk

    scenario, seed = deck.scenario, int(deck.seed)
    options: dict[str, Any] = {"threads": threads}
    with show_progress(count_runs(scenario) * RISK_PATHS, quiet) as progress:
        risk = explain(scenario, RISK_PATHS, seed, progress=progress, **options)
    with show_progress(4 * INTEGRITY_PATHS, quiet) as progress:
        found = judge_integrity(
            scenario, INTEGRITY_PATHS, seed, enrollment=(), sample=(), progress=progress, **options
        )
    cliffs = find_cliffs(scenario, found.means)
    return replace(deck, risk=state_risk(risk), integrity=state_integrity(found, cliffs))
