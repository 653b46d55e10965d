"""The door: one group of commands, each imported when it is called, and how every run ends.

Exit codes: 0 fine, 1 failed or no answer, 2 bad input, 4 limit reached before the precision that
was asked for, 130 interrupted. Bad input is a message without a traceback; a defect of the program
keeps its traceback.
"""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType
from typing import Any

import click

from pfs_sim import __version__
from pfs_sim.errors import InputError, ScenarioError

# Name: room and one line. The lines stand here so that `--help` imports no command.
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "Live a deal many times: what it costs, what it returns, how sure that is."),
    "compare": ("comparing", "Set deals against each other over the same people."),
    "sweep": ("moving", "Move one or two levers, or live named cases and stresses."),
    "solve": ("moving", "Find the price, cap or coupon that gives a target."),
    "frontier": ("moving", "Find where payor and investors can all sign."),
    "check": ("asking", "Say everything that is wrong or implausible in a scenario."),
    "new": ("writing", "Write a commented scenario to start from; it runs as it is."),
    "kinds": ("asking", "List what the language knows: distributions, outcomes, measures, …"),
    "explain": ("explaining", "Show where the risk comes from, and who holds it."),
    "integrity": ("judging", "Show what is paid for nothing, and what success goes unpaid."),
    "settle": ("settling", "Say what is due, paid and received for what was measured."),
    "backtest": ("settling", "Hold priors to what closed deals were published to have paid."),
    "report": ("reporting", "Write one HTML file about a deal, or several beside each other."),
    "export": ("exporting", "Write the base case as a spreadsheet with live formulas."),
    "trace": ("tracing", "Show one path as a ledger: draws, people, measures, every payment."),
    "resolve": ("asking", "Print a scenario in full: overlays worked in, defaults filled in."),
    "termsheet": ("words", "Write the contract in plain language, for a lawyer to check."),
    "diff": ("words", "Say what differs between two scenarios, clause by clause."),
    "schema": ("writing", "Print the JSON Schema of scenario files, for editors."),
    "warmup": ("compiling", "Compile the kernels now, so that the first run does not wait."),
    "cache": ("compiling", "Show or remove the compiled kernels."),
}
INTERRUPTED, BROKEN_PIPE = 130, 141
_FULL = (errno.ENOSPC, errno.EDQUOT)
"""A disk, or what a user may have of it, is full."""
OBJECTS = 200_000
"""New objects after which Python looks for garbage."""


class Door(click.Group):
    """The group `pfs-sim`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(f"pfs_sim.cli.{COMMANDS[cmd_name][0]}"), cmd_name)
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name for one that does not exist."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            ctx.fail(f"no such command `{args[0]}`.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, from the lines above."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and leave with its exit code."""
        prog_name = prog_name or "pfs-sim"
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, **extra)
        _own_process()
        try:
            code = super().main(args, prog_name, complete_var, False, **extra)
            sys.stdout.flush()
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except InputError as error:
            complain(error)
            sys.exit(error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted", err=True)
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            _leave_quietly()
        except OSError as error:
            if error.errno == errno.EPIPE:
                _leave_quietly()
            if error.filename is None and error.errno not in _FULL:
                raise
            click.echo(f"pfs-sim: {error.filename or 'output'}: {error.strerror}", err=True)
            if error.filename is None:
                _write_nowhere()
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else 0)


def _own_process() -> None:
    """What makes a process faster that is ours alone: 0.5 s of a run of 2 s."""
    # The only matrices are small. A pool of threads spins on the other core while it waits.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Pydantic looks for plugins with importlib.metadata, which others import to ask nothing: 20 ms.
    no_plugins: Any = ModuleType("pydantic.plugin._loader")
    no_plugins.get_plugins = tuple
    sys.modules.setdefault(no_plugins.__name__, no_plugins)
    _put_off("importlib.metadata")
    # What a run loads stays, some 100,000 objects: looking through them finds nothing to free.
    gc.set_threshold(OBJECTS, 10, 10)
    # Nor at the end, when memory is given back whole; files are closed by then.
    atexit.register(gc.freeze)


class _Later(ModuleType):
    """Stands for a module until something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def _put_off(module: str) -> None:
    """Import a module when it is first used: several packages do so at once, and use nothing."""
    if module not in sys.modules:
        sys.modules[module] = later = _Later(module)
        parent, _, name = module.rpartition(".")
        setattr(import_module(parent), name, later)


def complain(error: InputError) -> None:
    """The message of an input that cannot be used, on stderr."""
    click.echo(str(error) if isinstance(error, ScenarioError) else f"pfs-sim: {error}", err=True)
    if isinstance(error, ScenarioError) and len(error.problems) > 1:
        click.echo(f"{len(error.problems)} problems", err=True)


def _leave_quietly() -> None:
    """Whoever read our output has gone."""
    _write_nowhere()
    sys.exit(BROKEN_PIPE)


def _write_nowhere() -> None:
    """What cannot be written is given up; Python would complain when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def enter() -> None:
    """`pfs-sim` as a process of its own, which ends at once when a command has."""
    try:
        main()
    except SystemExit as end:
        _end_process(end.code)
        raise


def _end_process(code: object) -> None:
    """End the process without taking it apart object by object, which took 25 ms.

    Not where a profiler or debugger watches, nor with output that cannot be written.
    """
    if sys.gettrace() or sys.getprofile() or not (code is None or isinstance(code, int)):
        return
    atexit._run_exitfuncs()
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)


@click.group(
    "pfs-sim",
    cls=Door,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start: pfs-sim new my_deal, then pfs-sim run my_deal.yaml. "
    "Help on a command: pfs-sim run --help.",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def main() -> None:
    """Simulate Pay for Success contracts.

    A scenario file says what a deal is: the program and its people, the outcomes, the
    evaluation, the contract and the capital. pfs-sim lives it many thousand times and says what
    it may cost the payor and return to each investor, with an error under every number.
    """
