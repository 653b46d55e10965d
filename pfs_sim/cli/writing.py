"""`new` and `schema`: what helps to write a scenario."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import click

from pfs_sim.errors import InputError

STARTER_NAME = "A first deal"


@click.command(short_help="Write a commented scenario to start from.")
@click.argument("name", required=False)
@click.option(
    "--out", "-o", "out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write here; `-` is stdout. Without it: NAME.yaml, or stdout where no name is given.",
)
def new(name: str | None, out: Path | None) -> None:
    """Write a commented scenario to start from; it runs as it is.

    A file that exists is never overwritten.

    \b
    Examples:
      pfs-sim new my_deal
      pfs-sim new "Second Chance" -o second_chance.yaml
      pfs-sim new > deal.yaml
    """
    text = write_starter(name)
    if out is None and name is not None:
        out = Path(re.sub(r"\W+", "_", name).strip("_").lower() + ".yaml")
    if out is None or str(out) == "-":
        click.echo(text, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"found the file {out}; allowed: a new one (it is kept)") from None
    click.echo(f"wrote {out}; next: pfs-sim run {out}", err=True)


def write_starter(name: str | None = None) -> str:
    """The starter scenario under a name of one's own."""
    text = files("pfs_sim.cli").joinpath("starter.yaml").read_text(encoding="utf-8")
    if name is None:
        return text
    return text.replace(f"name: {STARTER_NAME}", f"name: {json.dumps(name, ensure_ascii=False)}", 1)


@click.command(short_help="Print the JSON Schema of scenario files.")
@click.option("--summary", is_flag=True, help="The schema of summary.json instead.")
def schema(summary: bool) -> None:
    """Print the JSON Schema of scenario files, for editors that complete and check as you type.

    \b
    Examples:
      pfs-sim schema > pfs-sim.schema.json
      pfs-sim schema --summary

    An editor with a YAML language server then reads, in the first line of a scenario:

    \b
      # yaml-language-server: $schema=pfs-sim.schema.json
    """
    from pfs_sim.report.summary import summary_schema

    if summary:
        found = summary_schema()
    else:
        from pfs_sim.report.editor import scenario_schema

        found = scenario_schema()
    click.echo(json.dumps(found, ensure_ascii=False, indent=1))
