"""`explain`: where the risk comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from pfs_sim.reading import Loaded
    from pfs_sim.report.html.decision import Decision


@click.command(short_help="Show where the risk comes from, and who holds it.")
@takes_scenario
@click.option(
    "--against", metavar="OTHER",
    help="A second scenario: its parties stand under those of the first, to show how risk moves.",
)
@click.option(
    "--paths", type=click.IntRange(2), default=1000, show_default=True, metavar="N",
    help="Paths of each run; there are 2^d runs over the d sources with anything uncertain.",
)
@click.option(
    "--inputs", is_flag=True, help="Also the share of every single input (first-order and total)."
)
@click.option(
    "--only-sources", is_flag=True, help="Leave out loss by cause and the tornado; half the time."
)
@takes_out
@takes_seed
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Threads. Changes no number.")
@takes_json
@click.option("--quiet", "-q", is_flag=True, help="Nothing on stderr but warnings and errors.")
def explain(
    scenario: str,
    sets: tuple[str, ...],
    against: str | None,
    paths: int,
    inputs: bool,
    only_sources: bool,
    out: Path | None,
    seed: int,
    threads: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Show where the risk comes from: which of the eight sources holds how much of the variance of
    payments, losses and IRRs, the expected loss of each tranche by cause, and a tornado.

    Shares are Shapley effects, which add up to 100 % also where inputs are correlated; first-order
    and total Sobol indices stand below, all with 95 % intervals.

    \b
    Examples:
      pfs-sim explain deal.yaml
      pfs-sim explain deal.yaml --inputs --paths 4000
      pfs-sim explain deal.yaml --against other_contract.yaml --only-sources
      pfs-sim explain deal.yaml --out out/risk
    """
    from pfs_sim.analysis.compare import refuse_currencies
    from pfs_sim.cli.screen import announce_compiling, show
    from pfs_sim.reading import load

    check_out(out)
    deals = [load(scenario, sets)] + ([load(against)] if against else [])
    refuse_currencies(deal.scenario.currency for deal in deals)
    for deal in deals:
        warn(deal.warnings)
    announce_compiling(quiet, deals)
    found = [
        _explain(deal, paths, seed, threads, inputs, only_sources, quiet) for deal in deals
    ]
    document = {"schema": 1, "deals": [_document(parts) for parts in found]}
    parts = _parts(found)
    if as_json:
        from pfs_sim.report.summary import write_json

        click.echo(write_json(document), nl=False)
    else:
        show(parts)

    def decide() -> Decision:
        from pfs_sim.report.decisions import decide_risk

        return decide_risk(
            [deal.scenario for deal in deals],
            [one["sources"] for one in found],
            document,
            [one["inputs"] for one in found if "inputs" in one],
            [one["causes"] for one in found if "causes" in one],
            [one["tornado"] for one in found if "tornado" in one],
        )

    command = write_call("explain", [scenario], sets, against=against, paths=paths, inputs=inputs,
                         only_sources=only_sources, seed=seed)
    files = dict.fromkeys(file for deal in deals for file in deal.document.files)
    leave(out, decide, parts, command, [*files], quiet)


def _explain(
    loaded: Loaded, paths: int, seed: int, threads: int | None, inputs: bool, only_sources: bool,
    quiet: bool,
) -> dict[str, Any]:
    """The parts of an answer about one deal."""
    from pfs_sim.analysis.causes import draw_tornado, split_loss
    from pfs_sim.analysis.explain import count_runs, explain
    from pfs_sim.cli.screen import show_progress

    scenario = loaded.scenario
    options: dict[str, Any] = {"threads": threads}
    found: dict[str, Any] = {"scenario": scenario}
    with show_progress(count_runs(scenario) * paths, quiet) as progress:
        found["sources"] = explain(scenario, paths, seed, progress=progress, **options)
    if inputs:
        with show_progress(count_runs(scenario, "input") * paths, quiet) as progress:
            found["inputs"] = explain(
                scenario, paths, seed, by="input", progress=progress, **options
            )
    if not only_sources:
        with show_progress(count_runs(scenario) * paths, quiet) as progress:
            found["causes"] = split_loss(scenario, paths, seed, progress=progress, **options)
        found["tornado"] = draw_tornado(scenario, paths, seed, **options)
    return found


def _document(parts: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {"sources": parts["sources"].to_json()}
    if "inputs" in parts:
        document["inputs"] = parts["inputs"].to_json()
    if "causes" in parts:
        document["loss_by_cause"] = parts["causes"].to_json()
        document["tornado"] = {
            name: [bar.to_json() for bar in bars] for name, bars in parts["tornado"].items()
        }
    return document


def _parts(found: list[dict[str, Any]]) -> list[Any]:
    from rich.text import Text

    from pfs_sim.cli.screen import page_width, tables_of_pages
    from pfs_sim.plan.outputs import columns
    from pfs_sim.report.risk import list_causes, list_inputs, list_risk, list_tornado

    pages = list_risk([parts["sources"] for parts in found])
    for parts in found:
        labels = {column.name: column.label for column in columns(parts["scenario"])}
        currency = parts["scenario"].currency
        if "inputs" in parts:
            pages += list_inputs(parts["inputs"])
        if "causes" in parts:
            pages += list_causes(parts["causes"], labels, currency)
            pages += list_tornado(parts["tornado"], labels, currency)
    first = found[0]["sources"]
    said = f"{first.paths:,} paths a run, seed {first.seed}. ± is one Monte Carlo standard error."
    title = " against ".join(parts["scenario"].name for parts in found)
    tables = tables_of_pages(pages, page_width())
    return [Text(title, style="bold"), *tables, Text(""), Text(said, style="dim")]
