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


def takes_paths(default: int) -> Callable[[F], F]:
    """--paths and --threads: how much to live, on how many processors."""

    def wrap(function: F) -> F:
        function = click.option(
            "--threads", type=click.IntRange(1), metavar="N", help="Threads. Changes no number."
        )(function)
        return click.option(
            "--paths", type=click.IntRange(2), default=default, show_default=True, metavar="N",
            help="Paths of every deal that is lived, the same people in each.",
        )(function)

    return wrap


def takes_sampling(function: F) -> F:
    """--sampling: how path-level inputs are drawn."""
    return click.option(
        "--sampling", default="random", show_default=True, metavar="HOW",
        help="How path-level inputs are drawn: random, antithetic (pairs), sobol (scrambled, in 8 "
        "replicates) or sobol:R. The next number of paths is lived that leaves no pair or "
        "replicate unbalanced.",
    )(function)


def takes_quiet(function: F) -> F:
    """--quiet."""
    return click.option(
        "--quiet", "-q", is_flag=True, help="Nothing on stderr but warnings and errors."
    )(function)


def balance(paths: int, sampling: str, quiet: bool = False) -> int:
    """The number of paths to live: the next that leaves no pair or replicate unbalanced."""
    from pfs_sim.sampling import read_design

    fitting = read_design(sampling).fit(paths)
    if fitting != paths and not quiet:
        click.echo(f"{fitting:,} paths instead of {paths:,}, for balance", err=True)
    return fitting


def takes_json(function: F) -> F:
    """--json: the same for machines."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON on stdout and nothing else."
    )(function)


def warn(problems: list[Problem]) -> None:
    """One line on stderr for each implausible value."""
    for problem in problems:
        click.echo(f"warning: {problem}", err=True)
