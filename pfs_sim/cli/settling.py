"""`settle` and `backtest`: contracts and what was measured and published of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pfs_sim.cli.options import takes_json, takes_scenario, takes_seed, warn
from pfs_sim.errors import InputError


@click.command(short_help="Say what is due for what was measured.")
@takes_scenario
@click.option(
    "--measured", "-m", "measured", multiple=True, required=True, metavar="FILE|NAME=VALUE",
    help="What was measured: NAME=VALUE, NAME.EVALUATION=VALUE, or a YAML or JSON file of names "
    "and values; may be given several times, later ones override earlier ones. NAME is a measure, "
    "an outcome or program.COUNT.",
)
@takes_json
def settle(
    scenario: str, sets: tuple[str, ...], measured: tuple[str, ...], as_json: bool
) -> None:
    """Say what is due, by term and date, for what was measured, and what each investor gets.

    Verified counts are totals to date, effects are fractions (0.38 for 38 %). One value holds for
    every evaluation; a file gives values by evaluation: {housing_days: {first: 12457, ...}}. What
    is not given, people and costs are those of the base case; the arithmetic is exact.

    \b
    Examples:
      pfs-sim settle deal.yaml --measured housing_days=299928 --measured jail_days=0.38
      pfs-sim settle deal.yaml --measured verified.yaml --json
    """
    from pfs_sim.analysis.settle import settle as find_settlement
    from pfs_sim.cli.screen import announce_compiling, page_width, show, tables_of_pages
    from pfs_sim.reading import load

    loaded = load(scenario, sets)
    warn(loaded.warnings)
    given = read_measured(measured)
    announce_compiling(deals=[loaded])
    document = find_settlement(loaded, given)
    for doubt in document["doubts"]:
        click.echo(f"warning: {doubt}", err=True)
    if as_json:
        from pfs_sim.report.summary import write_json

        click.echo(write_json(document), nl=False)
        return
    from rich.text import Text

    from pfs_sim.report.settlement import say_total, settlement_pages

    show(
        [
            Text(document["scenario"], style="bold"),
            Text(say_total(document)),
            Text(document["note"], style="dim"),
            *tables_of_pages(settlement_pages(document), page_width()),
        ]
    )


def read_measured(words: tuple[str, ...]) -> dict[str, Any]:
    """What was said: name or `name.evaluation` → value, the last one of each."""
    found: dict[str, Any] = {}
    for word in words:
        pairs = [_read_pair(word)] if "=" in word and not _is_file(word) else _read_file(word)
        for name, value in pairs:
            apart = isinstance(value, dict) and value
            said = {f"{name}.{key}": one for key, one in value.items()} if apart else {name: value}
            for full, one in said.items():
                found.pop(full, None)
                found[full] = one
    return found


def _is_file(word: str) -> bool:
    try:
        return Path(word).is_file()
    except (OSError, ValueError):  # longer than any name of a file
        return False


def _read_pair(word: str) -> tuple[str, Any]:
    from pfs_sim.reading.parsing import parse_value

    name, _, text = word.partition("=")
    name = name.strip()
    if not name or not text.strip():
        raise InputError(f"found --measured {word!r}; allowed: FILE or NAME=VALUE")
    return name, parse_value(text, f"--measured {name}").data


def _read_file(file: str) -> list[tuple[str, Any]]:
    """Names and values of a file; `program: {enrolled: 363}` is one name with a dot."""
    from pfs_sim.reading.files import read_text
    from pfs_sim.reading.parsing import parse_value

    if not _is_file(file):
        raise InputError(f"found --measured {file!r}, no such file; allowed: a file or NAME=VALUE")
    data = parse_value(read_text(file), file).data
    if not isinstance(data, dict):
        raise InputError(f"{file}: found no mapping; allowed: `name: value`, one for each line")
    pairs: list[tuple[str, Any]] = []
    for name, value in data.items():
        if name in ("program", "measures", "outcomes") and isinstance(value, dict):
            pairs += [(f"{name}.{key}", inner) for key, inner in value.items()]
        else:
            pairs.append((str(name), value))
    return pairs


@click.command(short_help="Hold priors to what closed deals were published to have paid.")
@click.argument("scenarios", metavar="[SCENARIO]...", nargs=-1)
@click.option(
    "--paths", type=click.IntRange(2), default=10_000, show_default=True, metavar="N",
    help="Number of paths of each deal.",
)
@takes_seed
@takes_json
def backtest(scenarios: tuple[str, ...], paths: int, seed: int, as_json: bool) -> None:
    """Hold the priors of closed deals to what was published of them.

    For each figure of a scenario's `published` block: the share of paths that lie below it, plus
    half of those at it (the probability integral transform). If priors are right, transforms of
    many deals are spread evenly from 0 to 1. Without SCENARIO: the deals in ./scenarios, or those
    that come with pfs-sim, each with the figures that its own file states.

    \b
    Examples:
      pfs-sim backtest
      pfs-sim backtest deal.yaml --paths 100000 --json
    """
    from pfs_sim.analysis.backtest import LIMITS, read_together, write_backtest
    from pfs_sim.analysis.backtest import backtest as test_deals
    from pfs_sim.cli.screen import announce_compiling, page_width, show, tables_of_pages
    from pfs_sim.reading import load

    files = [Path(name) for name in scenarios] or find_shipped()
    deals = {}
    for file in files:
        name = file.stem if file.stem not in deals else str(file)
        deals[name] = load(str(file))
    announce_compiling(deals=[*deals.values()])
    compared = test_deals(deals, paths, seed, own=not scenarios)
    if not any(one.placed for one in compared):
        raise InputError(
            "found no published figure; allowed: scenarios with `published: {payments: {total: …}}`"
        )
    reading = read_together(compared, seed)
    if as_json:
        from pfs_sim.report.summary import write_json

        click.echo(write_json(write_backtest(compared, reading, paths, seed)), nl=False)
        return
    from rich.text import Text

    from pfs_sim.report.backtest import backtest_pages, say_far, say_reading

    parts: list[Any] = [Text("Back-test", style="bold")]
    parts += [Text(line) for line in [*say_reading(reading), *say_far(compared)]]
    parts += tables_of_pages(backtest_pages(compared), page_width())
    parts += [Text(""), Text(f"{paths:,} paths a deal, seed {seed}. {LIMITS}", style="dim")]
    show(parts)


def find_shipped() -> list[Path]:
    """Scenario files here: those in ./scenarios, or those that come with pfs-sim."""
    from pfs_sim.reading.shipped import list_shipped

    found = sorted(Path("scenarios").glob("*.yaml")) or list_shipped()
    if not found:
        raise InputError(
            "found no scenario: none in ./scenarios, and none came with this installation; "
            "allowed: name the files (pfs-sim backtest deal.yaml other.yaml)"
        )
    return found
