"""What the screen shows: tables of text on stdout, progress and notices on stderr."""

from __future__ import annotations

import io
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from pfs_sim.report.cash_flow import Page
from pfs_sim.report.cells import HEADINGS, Cell, Row
from pfs_sim.report.parties import Section

if TYPE_CHECKING:
    from pfs_sim.simulate import Deal

WIDTH = 112
"""Columns of a page that is not a terminal: a file, a pipe."""


def page_width() -> int:
    """Columns to write on: those of the terminal, or of a page."""
    return Console().width if sys.stdout.isatty() else WIDTH


def show(parts: Sequence[RenderableType]) -> None:
    """Print on stdout: in color on a terminal, as plain text anywhere else."""
    if not sys.stdout.isatty():
        print(write_plain(parts), end="")
        return
    console = Console(file=sys.stdout, highlight=False, markup=False)
    for part in parts:
        console.print(part)


def write_plain(parts: Sequence[RenderableType], width: int = WIDTH) -> str:
    """The same as plain text, without color or trailing blanks."""
    page = io.StringIO()
    console = Console(file=page, width=width, highlight=False, markup=False, color_system=None)
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


LABEL, NUMBER = 29, 13
"""Columns of a label and of a number in the table by party."""


def tables_by_party(sections: Sequence[Section]) -> list[RenderableType]:
    """Every number with its standard error under it; all tables on the same columns."""
    found: list[RenderableType] = []
    for place, section in enumerate(sections):
        table = Table(
            box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, show_header=place == 0
        )
        table.add_column("", width=LABEL)
        for heading in HEADINGS:
            table.add_column(heading, justify="right", header_style="dim", width=NUMBER)
        table.add_column("chance, of paths", header_style="dim")
        for row in section.rows:
            table.add_row(*_write_row(row))
        if place:
            found.append(Text(""))
        found += [Text(section.title, style="bold"), table]
    return found


def _write_row(row: Row) -> list[Text]:
    cells = [*row.cells, *[Cell("")] * (len(HEADINGS) - len(row.cells))]
    found = [_indent(row.label)]
    for cell in cells:
        number = Text(cell.text, no_wrap=True)
        if cell.error:
            number.append(f"\n{cell.error}", style="dim")
        found.append(number)
    chances = Text()
    for place, chance in enumerate(row.chances):
        chances.append(("\n" if place else "") + chance.text)
        if chance.error:
            chances.append(f" {chance.error}", style="dim")
    found.append(chances)
    return found


def _indent(label: str) -> Text:
    """A label; its further lines start where the first one does."""
    bare = label.lstrip()
    indent = " " * (len(label) - len(bare))
    lines = textwrap.wrap(bare, LABEL - len(indent)) or [""]
    return Text("\n".join(indent + line for line in lines))


Column = tuple[str, Sequence[str]]
"""Heading and cells."""


def tables_in_blocks(keys: Column, columns: Sequence[Column], width: int) -> list[Table]:
    """A wide table as several that fit, the key column repeated in each."""
    blocks: list[list[Column]] = []
    left = 0
    for column in columns:
        need = _width_of(column) + 2
        if not blocks or need > left:
            blocks.append([])
            left = width - _width_of(keys) - 2
        blocks[-1].append(column)
        left -= need
    return [_table(keys, block) for block in blocks]


def _width_of(column: Column) -> int:
    heading, cells = column
    words = [cell_len(word) for word in heading.split()]
    return max([*words, *(cell_len(cell) for cell in cells)], default=0)


def _table(keys: Column, columns: Sequence[Column]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column(Text(keys[0]), header_style="dim", no_wrap=True)
    for heading, _ in columns:
        table.add_column(
            Text(heading), justify="right", header_style="dim", vertical="bottom", overflow="fold"
        )
    for place, key in enumerate(keys[1]):
        table.add_row(Text(key), *(Text(cells[place], no_wrap=True) for _, cells in columns))
    return table


def tables_of_pages(pages: Sequence[Page], width: int) -> list[RenderableType]:
    """Titled tables, a blank line before each."""
    parts: list[RenderableType] = []
    for page in pages:
        parts += [Text(""), Text(page.title, style="bold")]
        blocks = tables_in_blocks(page.keys, page.columns, width) if page.keys[1] else []
        for place, block in enumerate(blocks):
            parts += [Text(""), block] if place else [block]
        if page.note:
            parts.append(Text(page.note, style="dim"))
    return parts


def notice(line: str, quiet: bool = False) -> None:
    """A line on stderr."""
    if not quiet:
        print(line, file=sys.stderr, flush=True)


COMPILE_SECONDS = 20


def announce_compiling(quiet: bool = False, deals: Sequence[Deal] = ()) -> None:
    """Compile the kernels where that has not been done on this machine, and say so before.

    Those that these deals need; without deals, those that any deal needs.
    """
    from pfs_sim.analysis.warming import are_compiled, compile_side_by_side
    from pfs_sim.kernels.cache import cache_folder

    folder = cache_folder()
    if folder is None or not are_compiled(folder, deals):
        from pfs_sim.cli.writing import write_starter

        notice(f"compiling the kernels: once per machine, about {COMPILE_SECONDS} s …", quiet)
        compile_side_by_side(write_starter(), deals)


@contextmanager
def show_progress(paths: int, quiet: bool) -> Iterator[Callable[[int], None] | None]:
    """A bar on stderr that counts paths; nothing where stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(file=sys.stderr)
    columns = (BarColumn(), MofNCompleteColumn(), "paths", TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=paths)
        yield lambda done: bar.advance(task, done)
