"""`compare`: deals over the same people."""

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
    takes_seed,
    warn,
    write_call,
)

if TYPE_CHECKING:
    from pfs_sim.analysis.compare import Comparison
    from pfs_sim.reading import Loaded
    from pfs_sim.report.html.decision import Decision


@click.command(short_help="Set deals against each other over the same people.")
@click.argument("scenarios", metavar="A [B ...]", nargs=-1, required=True)
@click.option(
    "--set", "sets", multiple=True, metavar="PATH=VALUE",
    help="Change one value in every deal; may be given several times.",
)
@click.option(
    "--with", "changes", multiple=True, metavar="PATH=VALUE",
    help="One more deal: A with this changed. Several make one deal together.",
)
@click.option(
    "--not-by-term", is_flag=True,
    help="Do not live each difference in the terms alone; fewer runs.",
)
@takes_out
@takes_paths(10_000)
@takes_seed
@takes_sampling
@takes_json
@takes_quiet
def compare(
    scenarios: tuple[str, ...],
    sets: tuple[str, ...],
    changes: tuple[str, ...],
    not_by_term: bool,
    out: Path | None,
    paths: int,
    threads: int | None,
    seed: int,
    sampling: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Set contracts or whole deals against the first of them, over the same people.

    Every metric's difference with its error, how much less that error is than over independent
    runs, who is better off on which share of the paths, and each difference in the terms with the
    dollars that it moves.

    \b
    Examples:
      pfs-sim compare signed.yaml proposed.yaml
      pfs-sim compare deal.yaml --with contract.cap=13000000
      pfs-sim compare deal.yaml other.yaml --paths 50000 --json
      pfs-sim compare deal.yaml other.yaml --out out/compared
    """
    from pfs_sim.analysis.compare import compare as set_against
    from pfs_sim.cli.screen import announce_compiling, show, show_progress
    from pfs_sim.reading import load

    if len(scenarios) + bool(changes) < 2:
        raise click.UsageError("give two scenarios or more, or one and --with PATH=VALUE")
    check_out(out)
    deals = [load(name, sets) for name in scenarios]
    if changes:
        deals.append(load(scenarios[0], (*sets, *changes)))
    for deal in deals:
        warn(deal.warnings)
    announce_compiling(quiet, deals)
    paths = balance(paths, sampling, quiet)
    with show_progress(len(deals) * paths, quiet) as progress:
        found = set_against(
            deals, paths, seed, names=_name(scenarios, changes, deals), sampling=sampling,
            threads=threads, by_term=not not_by_term, progress=progress,
        )
    parts = _parts(found)
    if as_json:
        from pfs_sim.report.summary import write_json

        click.echo(write_json(found.to_json()), nl=False)
    else:
        show(parts)

    def decide() -> Decision:
        from pfs_sim.report.decisions import decide_comparison

        return decide_comparison(found)

    options: dict[str, Any] = {"with": changes, "not_by_term": not_by_term}
    options |= {"paths": paths, "seed": seed, "sampling": sampling}
    files = dict.fromkeys(file for deal in deals for file in deal.document.files)
    leave(out, decide, parts, write_call("compare", scenarios, sets, **options), [*files], quiet)


def _name(
    scenarios: tuple[str, ...], changes: tuple[str, ...], deals: list[Loaded]
) -> list[str]:
    """The deals by their names; by their files where two share one."""
    names = [str(deal.scenario.name) for deal in deals[: len(scenarios)]]
    if len(set(names)) < len(names):
        names = [f"{name} ({Path(file).name})" for name, file in zip(names, scenarios, strict=True)]
    return names + ([f"{names[0]} with {', '.join(changes)}"] if changes else [])


def _parts(found: Comparison) -> list[Any]:
    """Names, the answer, tables, the words that differ."""
    from rich.text import Text

    from pfs_sim.cli.screen import page_width, tables_of_pages
    from pfs_sim.cli.words import hang
    from pfs_sim.report.compared import list_pages, list_words, name_deals, say_comparison

    parts: list[Any] = [
        Text(f"{letter}: {name}", style="bold")
        for letter, name in zip(name_deals(len(found.names)), found.names, strict=True)
    ]
    parts += [Text(say_comparison(found, pair)) for pair in found.pairs]
    parts += tables_of_pages(list_pages(found), page_width())
    for pair in found.pairs:
        for place, clauses in list_words(found, pair):
            parts += [Text(""), Text(place, style="dim")] if clauses else []
            for old, new in clauses:
                parts += [hang(f"- {old}", "red"), hang(f"+ {new}", "green")]
    seed, count = found.results[0].provenance["seed"], found.paths
    note = f"{count:,} paths, seed {seed}, the same people under every deal."
    return [*parts, Text(""), Text(note, style="dim")]
