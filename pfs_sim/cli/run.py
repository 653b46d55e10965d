"""`run`: live a deal many times, or once at its means."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from pfs_sim.cli.options import (
    balance,
    check_out,
    takes_json,
    takes_sampling,
    takes_scenario,
    takes_seed,
    warn,
)
from pfs_sim.errors import InputError

if TYPE_CHECKING:
    from pfs_sim.analysis.precision import Reached
    from pfs_sim.metrics.table import MetricTable
    from pfs_sim.reading import Loaded
    from pfs_sim.results import Results

PATHS = 10_000
UNREACHED = 4
"""Exit code of a run that reached its limit before its precision."""


@click.command(short_help="Live a deal many times.")
@takes_scenario
@click.option(
    "--paths", type=click.IntRange(1), default=PATHS, show_default=True, metavar="N",
    help="Number of paths. Errors fall with its square root.",
)
@takes_seed
@click.option(
    "--threads", type=click.IntRange(1), metavar="N",
    help="Threads; by default one a processor. Changes no number.",
)
@takes_sampling
@click.option(
    "--until", "goals", multiple=True, metavar="METRIC=WIDTH",
    help="Live until half the 95 % interval of this metric is within WIDTH: a share of its value "
    "(0.5%) or an amount (50000). May be given several times; exit code 4 if --max-paths comes "
    "first.",
)
@click.option(
    "--max-paths", type=click.IntRange(2), metavar="N",
    help="With --until: the most paths to live.  [default: 1000000]",
)
@click.option(
    "--chunk", type=click.IntRange(1), default=16_384, show_default=True, metavar="N",
    help="Paths that a thread lives at a time, at most. Changes no number.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR",
    help="Leave summary, metrics, figures, the resolved scenario and a manifest in this folder; "
    "an earlier run there is replaced.",
)
@click.option(
    "--keep-paths", is_flag=True,
    help="With --out: also paths.parquet, one row a path (needs pyarrow).",
)
@click.option(
    "--deterministic", is_flag=True,
    help="Live the base case instead: every quantity at its mean, with its cash flow by period. "
    "It is not an expectation.",
)
@takes_json
@click.option("--quiet", "-q", is_flag=True, help="Nothing on stderr but warnings and errors.")
def run(
    scenario: str,
    sets: tuple[str, ...],
    paths: int,
    seed: int,
    threads: int | None,
    sampling: str,
    goals: tuple[str, ...],
    max_paths: int | None,
    chunk: int,
    out: Path | None,
    keep_paths: bool,
    deterministic: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Live a deal many times: what it costs the payor, what it returns to each investor.

    Prints the answer in a sentence, then a table by party; under each number stands its Monte
    Carlo standard error, and the digits shown are those that it justifies.

    \b
    Examples:
      pfs-sim run deal.yaml
      pfs-sim run deal.yaml --paths 100000 --out out/deal
      pfs-sim run deal.yaml --set contract.cap=12000000 --json
      pfs-sim run deal.yaml --until payor.payments.mean=0.5% --sampling sobol
      pfs-sim run deal.yaml --deterministic
    """
    from pfs_sim.reading import load

    if max_paths is not None and not goals:
        raise click.UsageError("--max-paths needs --until METRIC=WIDTH")
    chosen = click.get_current_context().get_parameter_source("paths")
    if goals and chosen is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--until chooses the number of paths; give --max-paths, not --paths")

    if keep_paths and out is None:
        raise click.UsageError("--keep-paths needs --out DIR")
    if keep_paths and find_spec("pyarrow") is None:
        raise InputError(
            "--keep-paths needs pyarrow; install it with: pip install 'pfs-sim[parquet]'"
        )
    check_out(out)
    loaded = load(scenario, sets)
    warn(loaded.warnings)
    if deterministic:
        _run_base_case(loaded, scenario, sets, out, as_json, quiet)
        return 0
    options: dict[str, Any] = {"paths": balance(paths, sampling, quiet or bool(goals))}
    options |= {"seed": seed} | ({} if sampling == "random" else {"sampling": sampling})
    if keep_paths:
        options["keep-paths"] = True
    return _run_paths(
        loaded, scenario, sets, options, threads, chunk, out, goals, max_paths,
        as_json=as_json, quiet=quiet,
    )


def _run_paths(
    loaded: Loaded,
    scenario: str,
    sets: tuple[str, ...],
    options: dict[str, Any],
    threads: int | None,
    chunk: int,
    out: Path | None,
    goals: tuple[str, ...],
    most: int | None,
    *,
    as_json: bool,
    quiet: bool,
) -> int:
    """Live, print, leave files; returns the exit code."""
    from pfs_sim.cli.precise import live_until, say_goals, write_precision
    from pfs_sim.cli.screen import announce_compiling, notice, show, show_progress
    from pfs_sim.metrics.deal import summarize
    from pfs_sim.report.summary import summary_document, write_json
    from pfs_sim.simulate import simulate

    announce_compiling(quiet, [loaded])
    began = perf_counter()
    reached: tuple[Reached, ...] = ()
    if goals:
        precise = live_until(loaded, goals, most, options, threads, chunk, quiet or as_json)
        results, reached = precise.results, precise.goals
        options["paths"] = results.paths
    else:
        how = {"sampling": options["sampling"]} if "sampling" in options else {}
        with show_progress(options["paths"], quiet) as progress:
            results = simulate(
                loaded, options["paths"], options["seed"], threads=threads, chunk=chunk,
                progress=progress, **how,
            )
    took = perf_counter() - began
    table = summarize(results, threads=threads)
    savings = write_precision(loaded, results, reached, threads)
    document = summary_document(results, table, loaded.warnings) | savings
    parts = [*_parts(results, table), *say_goals(savings)]
    if as_json:
        click.echo(write_json(document), nl=False)
    else:
        show(parts)
    notice(f"{results.paths:,} paths in {took:.1f} s", quiet or as_json)
    if out is not None:
        _leave(out, results, table, document, parts, loaded, scenario, sets, options, quiet)
    return 0 if all(goal.met for goal in reached) else UNREACHED


def _parts(results: Results, table: MetricTable) -> list[Any]:
    """What a run says: name, answer, table, note."""
    from pfs_sim.cli.screen import Said, tables_by_party
    from pfs_sim.report.parties import find_sections
    from pfs_sim.report.sentences import say_answer, say_paths

    return [
        Said(results.resolved["name"], "bold"),
        Said(say_answer(table, results.resolved)),
        Said(""),
        *tables_by_party(find_sections(table, results.resolved)),
        Said(""),
        Said(say_paths(results), "dim"),
    ]


def _leave(
    out: Path,
    results: Results,
    table: MetricTable,
    document: dict[str, Any],
    parts: list[Any],
    loaded: Loaded,
    scenario: str,
    sets: tuple[str, ...],
    options: dict[str, Any],
    quiet: bool,
) -> None:
    """Write the folder."""
    from pfs_sim.cli.screen import notice, write_plain
    from pfs_sim.plan.row import SOURCES
    from pfs_sim.report.folder import write_run
    from pfs_sim.report.manifest import write_command
    from pfs_sim.simulate import simulate

    names = write_run(
        out,
        results,
        table,
        document,
        write_plain(parts),
        command=write_command(scenario, options, sets),
        inputs=loaded.document.files,
        base=simulate(loaded, 1, frozen=SOURCES),
        keep_paths="keep-paths" in options,
    )
    notice(f"{len(names)} files in {out}", quiet)


def _run_base_case(
    loaded: Loaded,
    scenario: str,
    sets: tuple[str, ...],
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    from pfs_sim.analysis.base_case import write_base_case
    from pfs_sim.analysis.lived import live_base_case
    from pfs_sim.cli.screen import announce_compiling, notice, page_width, show, write_plain
    from pfs_sim.report.summary import write_json

    announce_compiling(quiet, [loaded])
    document = write_base_case(live_base_case(loaded))
    if as_json:
        click.echo(write_json(document), nl=False)
    else:
        show(base_case_parts(document, page_width()))
    if out is not None:
        from pfs_sim.reading import resolve, scenario_hash
        from pfs_sim.report.folder import write_base_case_folder
        from pfs_sim.report.manifest import write_command
        from pfs_sim.simulate import versions

        resolved = resolve(loaded)
        names = write_base_case_folder(
            out,
            document,
            write_plain(base_case_parts(document)),
            resolved,
            provenance={"scenario_hash": scenario_hash(resolved), "versions": versions()},
            command=write_command(scenario, {"deterministic": True}, sets),
            inputs=loaded.document.files,
        )
        notice(f"{len(names)} files in {out}", quiet)


def base_case_parts(document: dict[str, Any], width: int | None = None) -> list[Any]:
    """What the base case says: a warning, its results by party, its cash flow by period."""
    from pfs_sim.cli.screen import WIDTH, Said, tables_in_blocks, tables_of_pages
    from pfs_sim.report.cash_flow import cash_flow_pages, list_results

    width = width or WIDTH
    labels, values = list_results(document)
    return [
        Said(document["scenario"], "bold"),
        Said(document["note"]),
        *tables_in_blocks(("", labels), [("", values)], width),
        Said(""),
        Said(f"Cash flow, {document['currency']}"),
        *tables_of_pages(cash_flow_pages(document), width),
    ]
