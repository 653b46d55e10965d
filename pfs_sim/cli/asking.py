"""`check`, `resolve`, `kinds`: questions that need no simulation."""

from __future__ import annotations

from typing import Any

import click

from pfs_sim.cli.options import takes_json, takes_scenario, warn
from pfs_sim.errors import InputError, Problem, ScenarioError


@click.command(short_help="Say what is wrong or implausible in a scenario.")
@takes_scenario
@takes_json
@click.pass_context
def check(ctx: click.Context, scenario: str, sets: tuple[str, ...], as_json: bool) -> None:
    """Say everything that is wrong or implausible in a scenario, each with its place.

    Exit code 0 if it can be run (warnings or not), 2 if it cannot.

    \b
    Examples:
      pfs-sim check deal.yaml
      pfs-sim check deal.yaml --json
    """
    problems, usable = find_problems(scenario, sets)
    if as_json:
        from pfs_sim.report.summary import describe_problem, write_json

        found = {
            "schema": 1,
            "usable": usable,
            "problems": [describe_problem(problem) for problem in problems],
        }
        click.echo(write_json(found), nl=False)
    else:
        for problem in problems:
            click.echo(f"{problem.severity}: {problem}")
        click.echo(_count(problems, usable))
    ctx.exit(0 if usable else 2)


def find_problems(scenario: str, sets: tuple[str, ...]) -> tuple[list[Problem], bool]:
    """All problems of the first step that finds any, and whether the scenario can be run."""
    from pfs_sim.reading import load

    try:
        loaded = load(scenario, sets)
        _compile(loaded.scenario)
    except ScenarioError as error:
        return error.problems, False
    except InputError as error:
        return [Problem(scenario, None, None, "", str(error), "")], False
    return loaded.warnings, True


def _compile(scenario: object) -> None:
    """Lay the plan, without living it: what a scenario says must also fit together."""
    from pfs_sim.draws import source_seeds
    from pfs_sim.model.scenario import Scenario
    from pfs_sim.plan.money import money_plan
    from pfs_sim.plan.people import people_plan
    from pfs_sim.plan.row import Row

    assert isinstance(scenario, Scenario)
    row, seeds = Row(scenario), source_seeds(1)
    people_plan(scenario, row, seeds)
    money_plan(scenario, row, seeds)


def _count(problems: list[Problem], usable: bool) -> str:
    said = "can be run" if usable else "cannot be run"
    count = {
        kind: sum(problem.severity == kind for problem in problems)
        for kind in ("error", "warning")
    }
    parts = [f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in count.items() if n]
    return f"{said}: {', '.join(parts) or 'no problems'}"


@click.command(short_help="Print a scenario in full.")
@takes_scenario
def resolve(scenario: str, sets: tuple[str, ...]) -> None:
    """Print a scenario in full, as YAML: overlays worked in, every default filled in.

    \b
    Example:
      pfs-sim resolve deal.yaml --set program.target=300
    """
    from pfs_sim.reading import load, to_yaml
    from pfs_sim.reading import resolve as state

    loaded = load(scenario, sets)
    warn(loaded.warnings)
    click.echo(to_yaml(state(loaded)), nl=False)


@click.command(short_help="List what the language knows.")
@click.argument("group", required=False)
@takes_json
def kinds(group: str | None, as_json: bool) -> None:
    """List what the language knows, one line each: distributions, outcomes, measures, designs …

    With GROUP, only the groups whose title contains it.

    \b
    Examples:
      pfs-sim kinds
      pfs-sim kinds distributions
    """
    from pfs_sim.report.kinds import list_kinds

    found = [one for one in list_kinds() if (group or "").lower() in one.title.lower()]
    if not found:
        titles = ", ".join(one.title.lower() for one in list_kinds())
        raise InputError(f"found no group {group!r}; allowed: {titles}")
    if as_json:
        from pfs_sim.report.summary import write_json

        listed = {
            one.title: {
                "place": one.place,
                "kinds": {kind.name: kind.line for kind in one.kinds},
            }
            for one in found
        }
        click.echo(write_json(listed), nl=False)
        return
    from rich.table import Table
    from rich.text import Text

    from pfs_sim.cli.screen import show

    parts: list[Any] = []
    for one in found:
        title = Text("\n" if parts else "")
        title.append(one.title, style="bold")
        title.append(f"  {one.place}", style="dim")
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 2))
        table.add_column(no_wrap=True)
        table.add_column()
        for kind in one.kinds:
            table.add_row(Text(kind.name, style="cyan"), Text(kind.line))
        parts += [title, table]
    show(parts)
