"""The sheets that formulas stand on: inputs by name, and rows over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pfs_sim.report.workbook.cells import Book, Content, letters

INPUTS, FLOW = "Inputs", "Cash flow"
FIRST, TOTAL = 3, 1
"""Column of grid point 0, and of totals, on the sheet of cash flows."""
AS_VALUES = "values, not formulas: "


@dataclass
class InputSheet:
    """What a reader may change, one line each."""

    book: Book
    row: int = 3
    places: dict[str, str] = field(default_factory=dict)
    """Dotted path of the scenario → cell."""

    def title(self, text: str) -> None:
        """A heading."""
        self.book.put(INPUTS, self.row + 1, 0, text, "bold")
        self.row += 2

    def add(self, label: str, value: Content, path: str = "", style: str = "input") -> str:
        """An input with its label and where the scenario file has it; returns its cell."""
        self.book.put(INPUTS, self.row, 0, label)
        self.book.put(INPUTS, self.row, 2, path, "note")
        cell = self.book.put(INPUTS, self.row, 1, value, style)
        if path:
            self.places[path] = cell
        self.row += 1
        return cell

    def add_table(
        self, header: Sequence[str], rows: Sequence[Sequence[Content]]
    ) -> list[list[str]]:
        """A small table; returns its cells."""
        for column, text in enumerate(header):
            self.book.put(INPUTS, self.row, 1 + column, text, "note")
        self.row += 1
        cells = []
        for row in rows:
            cells.append(
                [
                    self.book.put(INPUTS, self.row, 1 + column, content, "input")
                    for column, content in enumerate(row)
                ]
            )
            self.row += 1
        return cells


@dataclass
class FlowSheet:
    """Rows over the grid points, in the order in which a deal happens."""

    book: Book
    grid: int
    """Number of grid points."""
    row: int = 3

    def title(self, text: str) -> None:
        """A heading."""
        self.book.put(FLOW, self.row + 1, 0, text, "bold")
        self.row += 2

    def add(
        self,
        label: str,
        fill: Callable[[int, int], Content],
        style: str = "money",
        total: bool = True,
        note: str = "",
    ) -> int:
        """A row, filled by (row, grid point); returns its number."""
        row = self.row
        self.row += 1
        self.book.put(FLOW, row, 0, label)
        if note:
            self.book.put(FLOW, row, 2, note, "warning")
        for t in range(self.grid):
            content = fill(row, t)
            if content is not None:
                self.book.put(FLOW, row, FIRST + t, content, style)
        if total:
            span = f"{letters(FIRST)}{row + 1}:{letters(FIRST + self.grid - 1)}{row + 1}"
            self.book.put(FLOW, row, TOTAL, f"=SUM({span})", style)
        return row

    def at(self, row: int, t: int) -> str:
        """The cell of a row at a grid point; 0 before the first."""
        return "0" if t < 0 else f"{letters(FIRST + t)}{row + 1}"

    def to_date(self, row: int, t: int) -> str:
        """The sum of a row up to and with a grid point."""
        return "0" if t < 0 else f"SUM(${letters(FIRST)}{row + 1}:{letters(FIRST + t)}{row + 1})"
