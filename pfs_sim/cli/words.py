"""`termsheet` and `diff`: scenarios in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pfs_sim.cli.options import takes_json, takes_scenario, warn


@click.command(short_help="Write the contract in plain language.")
@takes_scenario
@click.option(
    "--out", "-o", "out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write here instead of on stdout; a file that exists is replaced.",
)
def termsheet(scenario: str, sets: tuple[str, ...], out: Path | None) -> None:
    """Write the contract in plain language (Markdown), so that a lawyer can check the file.

    One clause for each term, cap, trigger, payor, tranche, cost, step and guarantee, with the
    dates and numbers that the model uses, their sources as footnotes, and an annex that lists
    every figure with the article that says it.

    \b
    Examples:
      pfs-sim termsheet deal.yaml
      pfs-sim termsheet deal.yaml -o deal.md
    """
    from pfs_sim.reading import load
    from pfs_sim.report.termsheet import write_termsheet

    loaded = load(scenario, sets)
    warn(loaded.warnings)
    text = write_termsheet(loaded.scenario)
    if out is None or str(out) == "-":
        click.echo(text, nl=False)
        return
    out.write_text(text, encoding="utf-8", newline="\n")
    click.echo(f"wrote {out}", err=True)


@click.command(short_help="Say what differs between two scenarios.")
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@takes_json
def diff(old: str, new: str, as_json: bool) -> None:
    """Say what differs between two scenarios, clause by clause, in the words of the term sheet.

    A date or a name that changes may change the words of many clauses: those are listed last, by
    place alone. Exit code 0, whether they differ or not.

    \b
    Examples:
      pfs-sim diff signed.yaml proposed.yaml
      pfs-sim diff signed.yaml proposed.yaml --json
    """
    from pfs_sim.reading import load
    from pfs_sim.report.differences import compare_scenarios, count_differences

    found = compare_scenarios(load(old).scenario, load(new).scenario)
    if as_json:
        from pfs_sim.report.summary import write_json

        listed = {
            "schema": 1,
            "a": old,
            "b": new,
            "differences": [difference._asdict() for difference in found],
        }
        click.echo(write_json(listed), nl=False)
        return
    from rich.text import Text

    from pfs_sim.cli.screen import show

    parts: list[Any] = []
    section = article = None
    for one in (one for one in found if not one.follows):
        if one.section != section:
            section, article = one.section, None
            parts += [Text(""), Text(section, style="bold")]
        if one.article != article:
            article = one.article
            parts += [Text(f"  {article}")] if article else []
        parts.append(Text(f"    {one.place}  {one.change}", style="dim"))
        if one.old is not None:
            parts.append(hang(f"- {one.old}", "red"))
        if one.new is not None:
            parts.append(hang(f"+ {one.new}", "green"))
    follow = [one.place for one in found if one.follows]
    if follow:
        parts += [Text(""), Text("Words that follow from these", style="bold")]
        parts.append(Text("    " + ", ".join(follow), style="dim"))
    parts += [Text("")] if parts else []
    show([*parts, Text(count_differences(found))][1 if parts else 0 :])


def hang(line: str, style: str) -> Any:
    """A line whose continuation stands under its own text."""
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text(line, style=style), (0, 0, 0, 6))
