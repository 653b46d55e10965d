"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pfs_sim.errors import Problem

F = TypeVar("F", bound=Callable[..., Any])


def takes_scenario(function: F) -> F:
    """SCENARIO and --set: a file, and single values of it changed."""
    function = click.option(
        "--set",
        "sets",
        multiple=True,
        metavar="PATH=VALUE",
        help="Change one value of the scenario, by its dotted path; may be given several times. "
        "The value is YAML.",
    )(function)
    return click.argument("scenario", metavar="SCENARIO")(function)


def takes_seed(function: F) -> F:
    """--seed: which run of all possible ones."""
    return click.option(
        "--seed",
        type=click.IntRange(0, 2**63 - 1),
        default=1,
        show_default=True,
        metavar="N",
        help="Seed; the same seed gives the same result, bit by bit.",
    )(function)


def takes_json(function: F) -> F:
    """--json: the same for machines."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON on stdout and nothing else."
    )(function)


def warn(problems: list[Problem]) -> None:
    """One line on stderr for each implausible value."""
    for problem in problems:
        click.echo(f"warning: {problem}", err=True)
