"""A workbook in memory: cells that are values or formulas, and what the formulas come to.

Formulas keep to what every spreadsheet knows: + - * / ^, comparisons, MIN, MAX, SUM, SUMIF (by
sign), IF, ABS, IRR and IFERROR. They are worked out here too, so that the file shows its
numbers before anyone recalculates it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

Content = str | float | int | None
Place = tuple[str, int, int]
_REFERENCE = re.compile(
    r"(?:'([^']+)'!|\b(Inputs)!)?\$?([A-Z]{1,3})\$?(\d+)(?::\$?([A-Z]{1,3})\$?(\d+))?(?![\w(])"
)
_WORDS = {
    "SUMIF(": "_sumwhere(", "IF(": "_if(", "MIN(": "_least(", "MAX(": "_most(", "SUM(": "_sum(",
    "ABS(": "abs(",
}


@dataclass(frozen=True)
class Cell:
    """What a cell holds and how it looks."""

    content: Content
    style: str = ""
    text: bool = False
    """A name from a scenario is a text, whatever it begins with."""

    @property
    def formula(self) -> str | None:
        """The formula without its equals sign."""
        held = self.content
        if self.text or not isinstance(held, str) or not held.startswith("="):
            return None
        return held[1:]


@dataclass
class Book:
    """Sheets of cells; rows and columns count from 0."""

    sheets: dict[str, dict[tuple[int, int], Cell]] = field(default_factory=dict)
    known: dict[Place, Content] = field(default_factory=dict)

    def put(self, sheet: str, row: int, column: int, content: Content, style: str = "") -> str:
        """Write a cell; returns how another sheet refers to it. The first column holds names."""
        self.sheets.setdefault(sheet, {})[row, column] = Cell(content, style, column == 0)
        return f"{sheet_name(sheet)}!${letters(column)}${row + 1}"

    def change(self, reference: str, content: Content) -> None:
        """Type another value into a cell, as a reader would, and forget what followed from it."""
        sheet, row, column = read_reference(reference)
        self.sheets[sheet][row, column] = Cell(content, self.sheets[sheet][row, column].style)
        self.known.clear()

    def value(self, sheet: str, row: int, column: int) -> Any:
        """What a cell comes to; nothing in an empty one."""
        place = (sheet, row, column)
        if place not in self.known:
            cell = self.sheets.get(sheet, {}).get((row, column))
            if cell is None or cell.formula is None:
                self.known[place] = None if cell is None else cell.content
            else:
                self.known[place] = self._work_out(sheet, cell.formula)
        return self.known[place]

    def list_read(self) -> set[Place]:
        """Every place that a formula reads."""
        read = set[Place]()
        for sheet, cells in self.sheets.items():
            for cell in cells.values():
                for found in _REFERENCE.finditer(cell.formula or ""):
                    at, row, column = found[1] or found[2] or sheet, int(found[4]), found[3]
                    last_row, last = int(found[6] or row), found[5] or column
                    read |= {
                        (at, r - 1, c)
                        for r in range(row, last_row + 1)
                        for c in range(index_of(column), index_of(last) + 1)
                    }
        return read

    def work_out(self) -> None:
        """Work out every formula, column by column, so that time runs forward."""
        for sheet, cells in self.sheets.items():
            for row, column in sorted(cells, key=lambda at: (at[1], at[0])):
                self.value(sheet, row, column)

    def _work_out(self, sheet: str, formula: str) -> Content:
        def number(at: str, row: int, column: int) -> float:
            found = self.value(at, row, column)
            return 0.0 if found is None or found == "" else found

        def refer(found: re.Match[str]) -> str:
            at = found[1] or found[2] or sheet
            row, column = int(found[4]) - 1, index_of(found[3])
            if found[5] is None:
                return f"_cell({at!r},{row},{column})"
            return f"_range({at!r},{row},{column},{int(found[6]) - 1},{index_of(found[5])})"

        def listed(at: str, top: int, left: int, bottom: int, right: int) -> list[float]:
            rows, columns = range(top, bottom + 1), range(left, right + 1)
            return [number(at, row, column) for row in rows for column in columns]

        text = _REFERENCE.sub(refer, formula).replace("^", "**").replace("<>", "!=")
        text = re.sub(r"(?<![<>!=])=(?!=)", "==", text)
        for word, name in _WORDS.items():
            text = text.replace(word, name)
        known = {
            "_cell": number, "_range": listed, "_sum": _sum, "_least": min, "_most": max,
            "_if": lambda test, yes, no: yes if test else no, "IRR": _irr,
            "_sumwhere": _sum_of_sign,
        }
        if text.startswith("IFERROR("):
            text = text.removeprefix("IFERROR(")[:-1]
            text, _, otherwise = text.rpartition(",")
            try:
                return _plain(eval(text, {"__builtins__": {"abs": abs}}, known))
            except (ArithmeticError, ValueError):
                return otherwise.strip('"')
        return _plain(eval(text, {"__builtins__": {"abs": abs}}, known))


def _plain(found: Any) -> Content:
    return found if isinstance(found, str) else float(found)


def _sum(*parts: Any) -> float:
    return float(sum(sum(part) if isinstance(part, list) else part for part in parts))


def _sum_of_sign(amounts: list[float], sign: str) -> float:
    """The sum of the amounts above (">0") or below ("<0") nothing."""
    return sum(amount for amount in amounts if (amount > 0.0) == (sign == ">0"))


def _irr(flows: list[float]) -> float:
    """The rate a period at which flows are worth nothing; an error where there is none."""
    import numpy as np
    from scipy.optimize import brentq

    times, amounts = np.arange(len(flows)), np.array(flows)
    if not (amounts > 0.0).any() and (amounts < 0.0).any():
        return -1.0

    def worth(rate: float) -> float:
        return float(np.sum(amounts / (1.0 + rate) ** times))

    return float(brentq(worth, -0.95, 2.0, xtol=1e-14))


def letters(column: int) -> str:
    """The letters of a column: A, B … Z, AA."""
    found = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def index_of(found: str) -> int:
    """The number of a column from its letters."""
    number = 0
    for letter in found:
        number = number * 26 + ord(letter) - 64
    return number - 1


def sheet_name(sheet: str) -> str:
    """A sheet as a formula writes it."""
    return f"'{sheet}'" if " " in sheet else sheet


def read_reference(text: str) -> Place:
    """Sheet, row and column of `Inputs!$B$4`."""
    found = _REFERENCE.fullmatch(text)
    assert found is not None, text
    return found[1] or found[2], int(found[4]) - 1, index_of(found[3])
