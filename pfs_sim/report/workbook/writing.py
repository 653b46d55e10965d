"""The workbook of a deal: its sheets, and the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pfs_sim.analysis.base_case import list_cash_flow
from pfs_sim.analysis.lived import Lived
from pfs_sim.metrics.table import MetricTable
from pfs_sim.report.termsheet import write_termsheet
from pfs_sim.report.workbook.cells import Book, letters
from pfs_sim.report.workbook.funding import PARTIES, Funding, Rows, find_capital_obstacle
from pfs_sim.report.workbook.payments import write_payments
from pfs_sim.report.workbook.sheet import AS_VALUES, FIRST, FLOW, INPUTS, FlowSheet, InputSheet

TERMS, PEOPLE, CHANCE = "Term sheet", "Program", "Distribution"
STYLES: dict[str, dict[str, Any]] = {
    "": {}, "bold": {"bold": True}, "note": {"italic": True, "font_color": "#666666"},
    "warning": {"italic": True, "font_color": "#B45309"},
    "input": {"font_color": "#0000C0", "bg_color": "#FFF9DB"},
    "rate": {"font_color": "#0000C0", "bg_color": "#FFF9DB", "num_format": "0.00%"},
    "unread": {"font_color": "#808080"},
    "unread rate": {"font_color": "#808080", "num_format": "0.00%"},
    "money": {"num_format": "#,##0;-#,##0;-"}, "number": {"num_format": "#,##0.0000"},
    "count": {"num_format": "#,##0.0"}, "percent": {"num_format": "0.00%"},
    "wrap": {"text_wrap": True, "valign": "top"},
}
CHANGE = (
    "Change a yellow cell and the base case follows. People, measures and costs are values of the "
    "base case (every quantity at its mean); a payment that stops the program would change them. "
    "No formula reads a gray cell: what follows from it is written as values, or nothing is due."
)
_UNREAD = {"input": "unread", "rate": "unread rate"}


def build_workbook(lived: Lived, table: MetricTable | None = None) -> Book:
    """All sheets of a base case, and the summary of a run as values."""
    book = Book()
    _write_terms(book, lived)
    inputs = InputSheet(book)
    book.put(INPUTS, 0, 0, lived.scenario.name, "bold")
    book.put(INPUTS, 1, 0, CHANGE, "note")
    _write_people(book, lived)
    flow = FlowSheet(book, lived.scenario.clock.periods + 1)
    _head(book, lived)
    paid = write_payments(lived, inputs, flow)
    obstacle = find_capital_obstacle(lived)
    if obstacle:
        _write_values(lived, flow, obstacle)
    else:
        funding = Funding(lived, inputs, flow, paid)
        rows = funding.write()
        _write_returns(lived, flow, paid, rows, funding)
    if table is not None:
        _write_chance(book, table)
    _gray_unread(book)
    book.work_out()
    return book


def _gray_unread(book: Book) -> None:
    """An input that no formula reads does not look as if something followed from it."""
    read, cells = book.list_read(), book.sheets[INPUTS]
    for (row, column), cell in list(cells.items()):
        if cell.style in _UNREAD and (INPUTS, row, column) not in read:
            book.put(INPUTS, row, column, cell.content, _UNREAD[cell.style])


def _head(book: Book, lived: Lived) -> None:
    clock = lived.scenario.clock
    book.put(FLOW, 0, 0, f"{lived.scenario.name}: base case, {lived.scenario.currency}", "bold")
    book.put(FLOW, 1, 1, "total", "bold")
    for t in range(clock.periods + 1):
        book.put(FLOW, 1, FIRST + t, clock.date(t).isoformat(), "bold")
        book.put(FLOW, 2, FIRST + t, t, "note")


def _write_terms(book: Book, lived: Lived) -> None:
    for row, line in enumerate(write_termsheet(lived.scenario).splitlines()):
        text = line.lstrip("#").strip().replace("**", "").replace("*", "")
        if text:
            book.put(TERMS, row, 0, text, "bold" if line.startswith("#") else "wrap")


def _write_people(book: Book, lived: Lived) -> None:
    clock = lived.scenario.clock
    dates = [clock.date(t).isoformat() for t in range(clock.periods + 1)]
    book.put(PEOPLE, 0, 0, "People by period, and measures by evaluation (values)", "bold")
    for t, day in enumerate(dates):
        book.put(PEOPLE, 1, 1 + t, day, "bold")
    people, row = lived.people, 2
    lines = {
        "Referred": people.referred, "Eligible and consenting": people.eligible,
        "Enrolled, treated": people.enrolled[1], "Enrolled, controls": people.enrolled[0],
        "In service": people.active, "Completed": people.completed, "Left early": people.left,
    }
    for label, values in lines.items():
        book.put(PEOPLE, row, 0, label)
        for t, value in enumerate(values.tolist()):
            book.put(PEOPLE, row, 1 + t, value, "count")
        row += 1
    evaluation = lived.scenario.evaluation
    row += 1
    for e, (name, when) in enumerate(evaluation.dates.items()):
        book.put(PEOPLE, row, 1 + e, f"{name} ({when})", "bold")
    for m, name in enumerate(evaluation.measures):
        book.put(PEOPLE, row + 1 + m, 0, name)
        for e in range(len(evaluation.dates)):
            exists = lived.cash.missing[m, e] == 0
            content = float(lived.cash.value[m, e]) if exists else "no measure"
            book.put(PEOPLE, row + 1 + m, 1 + e, content, "number")


def _write_values(lived: Lived, flow: FlowSheet, obstacle: str) -> None:
    """The cash flow of the base case as values, where formulas cannot say the capital."""
    flow.title(f"Capital, {AS_VALUES}{obstacle}")
    for line in list_cash_flow(lived):
        if line.group in ("People", "Outcome payments"):
            continue
        amounts = line.amounts
        flow.add(
            line.label, lambda row, t, amounts=amounts: float(amounts[t]),  # type: ignore[misc]
            total=line.adds_up, note="value",
        )


def _write_returns(
    lived: Lived, flow: FlowSheet, paid: list[int], rows: Rows, funding: Funding
) -> None:
    """Cash flows of the parties, with what each has put in and got back."""
    flow.title("Cash of the parties")
    flow.add(
        "Payor: outcome payments",
        lambda row, t: f"=SUM({flow.at(paid[0], t)}:{flow.at(paid[-1], t)})",
    )
    for name in PARTIES:
        found = rows.party.get(name, [])
        costs = name == "provider" and funding.deal.provider_funds == 1
        if found or costs:
            text = "+".join("{}" for _ in found) or "0"
            flow.add(
                f"{name.capitalize()}: received",
                lambda row, t, found=found, text=text, costs=costs: "="  # type: ignore[misc]
                + text.format(*(flow.at(one, t) for one in found))
                + (f"-{flow.at(funding.uses, t)}" if costs else ""),
            )
    years = lived.scenario.clock.years
    for i, (name, tranche) in enumerate(lived.scenario.capital.tranches.items()):
        label = tranche.label or name
        draws, got = rows.draw.get(i, []), rows.received(i) + rows.guarantee.get(i, [])

        def cash(row: int, t: int, draws: list[int] = draws, got: list[int] = got) -> str:
            out = "".join(f"-{flow.at(one, t)}" for one in draws)
            return "=0" + out + "".join(f"+{flow.at(one, t)}" for one in got)

        row = flow.add(f"{label}: cash", cash)
        span = f"{letters(FIRST)}{row + 1}:{letters(FIRST + flow.grid - 1)}{row + 1}"
        back = "+".join(f"{letters(1)}{one + 1}" for one in got) or "0"
        gone = "+".join(f"{letters(1)}{one + 1}" for one in draws) or "0"
        for what, formula, style in (
            ("IRR a year", f'=IFERROR(IF(({back})=0,-1,(1+IRR({span}))^(1/{years})-1),"none")',
             "percent"),
            ("returned for each unit", f'=IFERROR(({back})/({gone}),"none")', "number"),
        ):
            flow.book.put(FLOW, flow.row, 0, f"{label}: {what}")
            flow.book.put(FLOW, flow.row, 1, formula, style)
            flow.row += 1


def _write_chance(book: Book, table: MetricTable) -> None:
    title = "The distribution over paths (values of a run, with their errors)"
    book.put(CHANCE, 0, 0, title, "bold")
    header = ("metric", "unit", "mean", "standard error", "5 %", "50 %", "95 %", "chance of a loss")
    for column, text in enumerate(header):
        book.put(CHANCE, 1, column, text, "bold")
    for row, (name, found) in enumerate(table.items(), 2):
        quantiles = [found.quantiles[q].value if q in found.quantiles else None
                     for q in ("0.05", "0.5", "0.95")]
        values = [
            found.label or name, found.unit, found.mean.value if found.mean else None,
            found.mean.se if found.mean else None, *quantiles,
            found.p_loss.value if found.p_loss is not None else None,
        ]
        for column, value in enumerate(values):
            odd = isinstance(value, float) and value != value
            book.put(CHANCE, row, column, None if odd else value)


def save_workbook(book: Book, file: Path, *, results: bool = True) -> None:
    """Write the file; formulas carry the numbers that they come to, or with `results` off none."""
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    # A scenario's texts stay texts, whatever they begin with.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    try:
        _fill(xlsxwriter.Workbook(str(file), options), book, results)
    except FileCreateError as error:
        # What the system says, as of any other file that cannot be written.
        raise (error.args[0] if isinstance(error.args[0], OSError) else error) from None


def _fill(workbook: Any, book: Book, results: bool) -> None:
    """Fill a workbook, and close it."""
    with workbook as out:
        out.set_properties({"title": "pfs-sim base case"})
        styles = {name: out.add_format(look) for name, look in STYLES.items()}
        for sheet, cells in book.sheets.items():
            page = out.add_worksheet(sheet)
            page.set_column(0, 0, 90 if sheet == TERMS else 44)
            page.set_column(1, 80, 14)
            if sheet == FLOW:
                page.freeze_panes(3, 1)
            for (row, column), cell in cells.items():
                if cell.formula is not None:
                    found = book.value(sheet, row, column) if results else 0
                    page.write_formula(row, column, f"={cell.formula}", styles[cell.style], found)
                elif cell.content is not None:
                    page.write(row, column, cell.content, styles[cell.style])
