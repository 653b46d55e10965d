"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pfs_sim.errors import Problem

if TYPE_CHECKING:
    from pfs_sim.report.html.decision import Decision

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


def takes_out(function: F) -> F:
    """--out: a folder with all of it."""
    return click.option(
        "--out", type=click.Path(path_type=Path), metavar="DIR",
        help="Leave an HTML report, figures, tables (CSV, JSON), the resolved scenario and a "
        "manifest in this folder; an earlier run there is replaced.",
    )(function)


def check_out(out: Path | None) -> None:
    """InputError for a folder that cannot be written, or holds anything but an earlier run."""
    if out is not None:
        from pfs_sim.report.folder import check_writable, list_earlier_run

        list_earlier_run(out)
        check_writable(out)
        check_writable(out.absolute().parent)  # where its files are made


def write_call(
    name: str, scenarios: Sequence[str], sets: Sequence[str], **options: Any
) -> list[str]:
    """The command that gives the same numbers, without the folders of one machine.

    An underscore in the name of an option is a hyphen; what is not given is left out.
    """
    words = ["pfs-sim", name, *(Path(scenario).name for scenario in scenarios)]
    for key, value in options.items():
        option = f"--{key.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif isinstance(value, tuple):
            for one in value:
                words += [option, one]
        elif value is not None and value is not False and value != "random":
            words += [option, Path(value).name if key in ("cases", "against") else str(value)]
    for change in sets:
        words += ["--set", change]
    return words


def leave(
    out: Path | None,
    decide: Callable[[], Decision],
    parts: Sequence[Any],
    command: list[str],
    inputs: Sequence[str],
    quiet: bool,
) -> None:
    """Write the folder of a decision, where one was asked for."""
    if out is None:
        return
    from pfs_sim.cli.screen import notice, write_plain
    from pfs_sim.report.decisions import write_decision

    names = write_decision(out, decide(), write_plain(parts), command=command, inputs=inputs)
    notice(f"{len(names)} files in {out}", quiet)


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
