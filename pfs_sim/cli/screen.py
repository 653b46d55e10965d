"""What the screen shows: tables of text on stdout, progress and notices on stderr."""

from __future__ import annotations

import io
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

from pfs_sim.report.cash_flow import Page
from pfs_sim.report.cells import HEADINGS, Cell, Row
from pfs_sim.report.parties import Section

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.table import Table
    from rich.text import Text

    from pfs_sim.simulate import Deal

WIDTH = 112
"""Columns of a page that is not a terminal: a file, a pipe."""
NARROWEST = 80
"""Columns that a table needs; a terminal with fewer breaks lines, which is better than to cut."""


def page_width() -> int:
    """Columns to write on: those of the terminal, or of a page."""
    if not sys.stdout.isatty():
        return WIDTH
    from rich.console import Console

    return max(NARROWEST, Console().width)


def show(parts: Sequence[RenderableType]) -> None:
    """Print on stdout: in color on a terminal, as plain text anywhere else."""
    if not sys.stdout.isatty():
        print(write_plain(parts), end="")
        return
    from rich.console import Console

    width = page_width()
    console = Console(file=sys.stdout, width=width, highlight=False, markup=False)
    for part in parts:
        console.print(part)


def write_plain(parts: Sequence[RenderableType], width: int = WIDTH) -> str:
    """The same as plain text, without color or trailing blanks."""
    page: list[str] = []
    for part in parts:
        own = part.write(width) if isinstance(part, Said | PartyTable) else None
        page += _render(part, width) if own is None else own
    return "\n".join(line.rstrip() for line in page) + "\n"


def _render(part: RenderableType, width: int) -> list[str]:
    """The lines of anything that rich can render."""
    from rich.console import Console

    page = io.StringIO()
    console = Console(file=page, width=width, highlight=False, markup=False, color_system=None)
    console.print(part)
    return page.getvalue().splitlines()


def _wrap(text: str, width: int) -> list[str] | None:
    """The lines of a text, broken between words; None where that takes more than counting."""
    words = text.split()
    if not (text.isprintable() and all(len(word) <= width for word in words)):
        return None
    if not text.isascii() and any(combining(c) or east_asian_width(c) in "WF" for c in text):
        return None
    return textwrap.wrap(text, width, break_on_hyphens=False) or [""]


@dataclass(frozen=True)
class Said:
    """A line of text, or a paragraph."""

    text: str
    style: str = ""

    def __rich__(self) -> Text:
        from rich.text import Text

        return Text(self.text, style=self.style)

    def write(self, width: int) -> list[str] | None:
        """Its plain lines; None where they are rich's to find."""
        return _wrap(self.text, width)


LABEL, NUMBER, GAP = 29, 13, 2
"""Columns of a label and of a number in the table by party, and between them."""
SHORT_LABEL = 8
CHANCES = "chance, of paths"


@dataclass(frozen=True)
class PartyTable:
    """The metrics of one party, with the standard error under each number.

    It is written in two ways that agree: by rich where colors matter, and as plain text by
    counting, which takes a tenth of the time.
    """

    section: Section
    headed: bool
    number: int = NUMBER
    """Columns of a number."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.table import Table

        # On a narrow terminal chances stand under their label: a number is never cut.
        wide = self._room(options.max_width) >= len(CHANCES)
        gap = GAP if wide else 1
        label = LABEL
        if not wide:
            left = options.max_width - len(HEADINGS) * (self.number + gap)
            label = max(SHORT_LABEL, min(LABEL, left))
        table = Table(
            box=None, pad_edge=False, padding=(0, 0, 0, gap), show_edge=False,
            show_header=self.headed,
        )  # fmt: skip
        table.add_column("", width=label)
        for heading in HEADINGS:
            table.add_column(heading, justify="right", header_style="dim", width=self.number)
        if wide:
            table.add_column(CHANCES, header_style="dim")
        for row in self.section.rows:
            table.add_row(*_write_row(row, label, wide))
        yield table

    def write(self, width: int) -> list[str] | None:
        """Its plain lines; None where they are rich's to find."""
        room = self._room(width)
        head = [[""], *([heading] for heading in HEADINGS), [CHANCES]]
        rows = [head] if self.headed else []
        rows += [[text.split("\n") for text in _list_texts(row)] for row in self.section.rows]
        found: list[str] = []
        for label, *numbers, chances in rows:
            broken = [_wrap(line, room) for line in chances] if room >= len(CHANCES) else [None]
            cells = [_wrap(line, LABEL) for line in label]
            cells += [_wrap(line, self.number) for column in numbers for line in column]
            if None in broken or any(cell is None or len(cell) > 1 for cell in cells):
                return None
            last = [line for lines in broken for line in lines or ()]
            for place in range(max(map(len, (label, *numbers, last)))):
                line = f"{_at(label, place):<{LABEL}}"
                for column in numbers:
                    line += f"{'':{GAP}}{_at(column, place):>{self.number}}"
                found.append(f"{line}{'':{GAP}}{_at(last, place)}")
        return found

    def _room(self, width: int) -> int:
        """Columns that are left for chances beside the numbers."""
        return width - LABEL - len(HEADINGS) * (self.number + GAP) - GAP


def _at(lines: Sequence[str], place: int) -> str:
    return lines[place] if place < len(lines) else ""


def tables_by_party(sections: Sequence[Section]) -> list[RenderableType]:
    """Every number with its standard error under it; all tables on the same columns."""
    found: list[RenderableType] = []
    rows = (_list_texts(row)[1:-1] for section in sections for row in section.rows)
    lines = (line for numbers in rows for text in numbers for line in text.split("\n"))
    number = max(NUMBER, *map(len, lines))
    for place, section in enumerate(sections):
        if place:
            found.append(Said(""))
        found += [Said(section.title, "bold"), PartyTable(section, place == 0, number)]
    return found


def _list_texts(row: Row) -> list[str]:
    """The texts of a row: its label, its numbers with their errors, its chances."""
    cells = [*row.cells, *[Cell("")] * (len(HEADINGS) - len(row.cells))]
    numbers = [f"{cell.text}\n{cell.error}" if cell.error else cell.text for cell in cells]
    chances = "\n".join(f"{chance.text} {chance.error}".rstrip() for chance in row.chances)
    return [_indent(row.label, LABEL), *numbers, chances]


def _write_row(row: Row, width: int, wide: bool) -> list[Text]:
    """The same in style, a label on `width` columns; chances beside the numbers or under it."""
    from rich.text import Text

    _, *numbers, _ = _list_texts(row)
    label = Text(_indent(row.label, width))
    found = [label]
    for number in numbers:
        text, *error = number.split("\n")
        found.append(Text(text, no_wrap=True).append("\n".join(["", *error]), style="dim"))
    if not wide:
        for chance in row.chances:
            label.append("\n" + _indent(f"    {chance.text} {chance.error}".rstrip(), width))
        return found
    chances = Text()
    for place, chance in enumerate(row.chances):
        chances.append(("\n" if place else "") + chance.text)
        if chance.error:
            chances.append(f" {chance.error}", style="dim")
    return [*found, chances]


def _indent(label: str, width: int) -> str:
    """A label; its further lines start where the first one does."""
    bare = label.lstrip()
    indent = " " * (len(label) - len(bare))
    lines = textwrap.wrap(bare, width - len(indent)) or [""]
    return "\n".join(indent + line for line in lines)


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
    from rich.cells import cell_len

    heading, cells = column
    words = [cell_len(word) for word in heading.split()]
    return max([*words, *(cell_len(cell) for cell in cells)], default=0)


def _table(keys: Column, columns: Sequence[Column]) -> Table:
    from rich.table import Table
    from rich.text import Text

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
        parts += [Said(""), Said(page.title, "bold")]
        blocks = tables_in_blocks(page.keys, page.columns, width) if page.keys[1] else []
        for place, block in enumerate(blocks):
            parts += [Said(""), block] if place else [block]
        if page.note:
            parts.append(Said(page.note, "dim"))
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
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(file=sys.stderr)
    columns = (BarColumn(), MofNCompleteColumn(), "paths", TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=paths)
        yield lambda done: bar.advance(task, done)
