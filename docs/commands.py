"""The page of the commands, read off the commands themselves."""

from __future__ import annotations

import inspect

import click

from pfs_sim.cli.door import COMMANDS, main

OPENING = """\
# The commands

<!-- Written by `make docs` from the commands; a test holds it to them. -->

`pfs-sim COMMAND --help` says the same. Numbers go to stdout, everything else to stderr; `--json`
prints for machines. Exit codes: 0 fine, 1 failed, 2 bad input (every problem with its place),
130 interrupted.
"""


def list_commands() -> dict[str, click.Command]:
    """Every command by name, in the order of `--help`."""
    context = click.Context(main)
    found = {name: main.get_command(context, name) for name in COMMANDS}
    return {name: command for name, command in found.items() if command is not None}


def list_options(command: click.Command) -> list[click.Option]:
    """The options of a command, `--help` left out."""
    return [one for one in command.params if isinstance(one, click.Option)]


def name_option(option: click.Option) -> str:
    """How an option is written: `--out, -o FILE`."""
    names = ", ".join(sorted(option.opts, key=len, reverse=True))
    return names if option.is_flag else f"{names} {option.metavar or option.type.name.upper()}"


def write_commands() -> str:
    """The whole page."""
    lines = [OPENING]
    for name, command in list_commands().items():
        arguments = [
            str(one.metavar or f"[{(one.name or '').upper()}]")
            for one in command.params
            if isinstance(one, click.Argument)
        ]
        usage = " ".join(["pfs-sim", name, *arguments, "[OPTIONS]"])
        lines += [f"## {name}", "", "```console", f"$ {usage}", "```", ""]
        said, _, examples = inspect.cleandoc(command.help or "").partition("\b\nExamples:\n")
        if not examples:
            said, _, examples = said.partition("\b\nExample:\n")
        first, _, rest = examples.partition("\n\n")
        lines += [_reflow(said), ""]
        if first:
            lines += ["```console", *_prompt(first), "```", ""]
        if rest.strip():
            lines += [_reflow(rest), ""]
        options = list_options(command)
        if options:
            lines += ["| option | meaning |", "| --- | --- |"]
            lines += [f"| `{_cell(name_option(one))}` | {_say(one)} |" for one in options]
            lines.append("")
    return "\n".join(lines)


def _prompt(examples: str) -> list[str]:
    """Examples as typed; a line that goes on below has one prompt."""
    lines = [line.strip() for line in examples.splitlines() if line.strip()]
    goes_on = [False, *(line.endswith("\\") for line in lines)]
    return [("    " if on else "$ ") + line for line, on in zip(lines, goes_on, strict=False)]


def _reflow(text: str) -> str:
    """Paragraphs on one line each; verbatim ones as code."""
    parts = []
    for part in text.strip().split("\n\n"):
        if part.startswith("\b\n"):
            parts.append("```\n" + inspect.cleandoc(part.removeprefix("\b\n")) + "\n```")
        else:
            parts.append(" ".join(line.strip() for line in part.splitlines()))
    return "\n\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _say(option: click.Option) -> str:
    said = _cell(option.help or "")
    if option.show_default and option.default is not None and not option.is_flag:
        said += f" Default: {option.default}."
    return said + (" Needed." if option.required else "")


def write_list() -> str:
    """The commands in one table, for the README."""
    rows = [
        f"| [`{name}`](docs/commands.md#{name}) | {line} |" for name, (_, line) in COMMANDS.items()
    ]
    return "\n".join(["| command | what it does |", "| --- | --- |", *rows])
