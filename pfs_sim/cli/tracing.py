"""`trace`: one path as a ledger."""

from __future__ import annotations

import click

from pfs_sim.cli.options import takes_json, takes_scenario, takes_seed, warn


@click.command(short_help="Show one path as a ledger.")
@takes_scenario
@click.option(
    "--path", type=click.IntRange(0), default=0, show_default=True, metavar="K",
    help="Number of the path, from 0; the same path as in a run with the same seed.",
)
@takes_seed
@takes_json
def trace(scenario: str, sets: tuple[str, ...], path: int, seed: int, as_json: bool) -> None:
    """Show one path as a ledger: every quantity drawn, people by period, what was measured, what
    each term paid, each step of the waterfall, every balance, and the proof that cash adds up.

    \b
    Examples:
      pfs-sim trace deal.yaml --path 17
      pfs-sim trace deal.yaml --path 17 --json
    """
    from pfs_sim.analysis.trace import trace as write_trace
    from pfs_sim.cli.screen import announce_compiling, page_width, show, tables_of_pages
    from pfs_sim.reading import load

    loaded = load(scenario, sets)
    warn(loaded.warnings)
    announce_compiling(deals=[loaded])
    ledger = write_trace(loaded, path, seed)
    if as_json:
        from pfs_sim.report.summary import write_json

        click.echo(write_json(ledger), nl=False)
        return
    from rich.text import Text

    from pfs_sim.report.ledger import list_pages, say_path

    title = Text(say_path(ledger), style="bold")
    show([title, *tables_of_pages(list_pages(ledger), page_width())])
