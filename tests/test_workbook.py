"""The spreadsheet's formulas come to the base case, to the cent, also after an input is changed."""

import csv
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import pfs_sim
from pfs_sim.analysis.lived import live_base_case
from pfs_sim.cli import main
from pfs_sim.report.workbook import build_workbook, save_workbook
from pfs_sim.report.workbook.cells import Book, letters
from pfs_sim.report.workbook.funding import find_capital_obstacle
from pfs_sim.report.workbook.sheet import FIRST, FLOW, INPUTS

ROOT = Path(__file__).resolve().parents[1]
CT = ROOT / "scenarios" / "ct_family_stability.yaml"
FILES = [ROOT / "docs" / "first_deal.yaml", *sorted((ROOT / "scenarios").glob("*.yaml"))]
CENT = 0.005
CHANGES = [
    {"contract.terms.placement.schedule.price": 90_000, "contract.cap": 5_000_000},
    {"contract.terms.screens.schedule.price": 900, "contract.terms.enrollment.cap": 1_000_000},
    {"capital.tranches.senior.coupon": 0.09, "capital.tranches.senior.commitment": 7_000_000},
]
GRAY = (
    "ct_effect_threshold", "ct_shared_savings", "roca_juvenile_justice", "rsvp", "rsvp_pfs",
    "utah_preschool",
)
"""Deals with a term that is written as values, or pays nothing in the base case."""
RATE_CARD = ROOT / "scenarios" / "ct_rate_card.yaml"


def rows_by_label(book):
    return {cell.content: row for (row, column), cell in book.sheets[FLOW].items() if column == 0}


def expected(lived):
    """Label of a row → what the base case has on it."""
    cash, scenario = lived.cash, lived.scenario
    found = {
        f"Paid: {term.label or name}": cash.paid[j]
        for j, (name, term) in enumerate(scenario.contract.terms.items())
    }
    if find_capital_obstacle(lived):
        return found
    for i, (name, tranche) in enumerate(scenario.capital.tranches.items()):
        label = tranche.label or name
        found[f"{label}: cash"] = cash.flow[i]
        found[f"Principal owed: {label}"] = cash.balance[i]
        found[f"Interest unpaid: {label}"] = cash.accrued[i]
    for p, party in enumerate(("Payor", "Provider", "Intermediary")):
        found[f"{party}: received"] = cash.party[p]
    return found


def differences(lived, read, labels):
    """Rows that are more than a cent off; `read(row, t)` is what a cell shows."""
    off = []
    for label, want in expected(lived).items():
        if label not in labels:
            assert not np.any(np.abs(want) > CENT), label
            continue
        got = [read(labels[label], t) for t in range(want.size)]
        if np.max(np.abs(np.array(got) - want)) > CENT:
            off.append(label)
    return off


def reader(book):
    return lambda row, t: book.value(FLOW, row, FIRST + t) or 0.0


def find_input(book, path):
    """The cell of an input by its dotted path, as a reader finds it in the third column."""
    cells = book.sheets[INPUTS].items()
    rows = [row for (row, column), cell in cells if column == 2 and cell.content == path]
    return f"{INPUTS}!${letters(1)}${rows[0] + 1}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_formulas_come_to_the_base_case(file):
    lived = live_base_case(pfs_sim.load(file))
    book = build_workbook(lived)
    assert not differences(lived, reader(book), rows_by_label(book))


def test_returns_are_those_of_the_base_case():
    lived = live_base_case(pfs_sim.load(CT))
    book = build_workbook(lived)
    labels = rows_by_label(book)
    for name, tranche in lived.scenario.capital.tranches.items():
        for what, metric in (("IRR a year", "irr"), ("returned for each unit", "moic")):
            got = book.value(FLOW, labels[f"{tranche.label}: {what}"], 1)
            assert got == pytest.approx(lived.values[f"tranche.{name}.{metric}"], abs=1e-9)


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: next(iter(changes)))
def test_a_changed_input_has_the_effect_that_it_has_in_the_scenario(changes):
    book = build_workbook(live_base_case(pfs_sim.load(RATE_CARD)))
    before = [book.value(FLOW, row, 1) for row in sorted(rows_by_label(book).values())]
    for path, value in changes.items():
        book.change(find_input(book, path), value)
    book.work_out()
    lived = live_base_case(pfs_sim.load(RATE_CARD, changes))
    assert not differences(lived, reader(book), rows_by_label(book))
    assert before != [book.value(FLOW, row, 1) for row in sorted(rows_by_label(book).values())]


def test_what_formulas_cannot_say_is_marked():
    for file, words in (
        ("ct_shared_savings", "a share that changes at a hurdle"),
        ("denver_supportive_housing", "named pools"),
    ):
        lived = live_base_case(pfs_sim.load(ROOT / "scenarios" / f"{file}.yaml"))
        texts = {str(cell.content) for cell in build_workbook(lived).sheets[FLOW].values()}
        assert any("values, not formulas" in text and words in text for text in texts)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_yellow_cell_moves_something_and_no_gray_one_does(file):
    book = build_workbook(live_base_case(pfs_sim.load(file)))
    places = [place for place, cell in book.sheets[INPUTS].items() if cell.style]
    yellow = [at for at in places if book.sheets[INPUTS][at].style in ("input", "rate")]
    gray = [at for at in places if book.sheets[INPUTS][at].style.startswith("unread")]
    formulas = [cell.formula for cells in book.sheets.values() for cell in cells.values()]
    text = " ".join(formula for formula in formulas if formula)
    for row, column in yellow:
        assert re.search(rf"Inputs!\${letters(column)}\${row + 1}\b", text), (row, column)
    for row, column in gray:
        assert not re.search(rf"Inputs!\${letters(column)}\${row + 1}\b", text), (row, column)
    assert bool(gray) == (file.stem in GRAY)


def test_the_home_case_is_formulas_throughout():
    book = build_workbook(live_base_case(pfs_sim.load(CT)))
    assert not any("not formulas" in str(cell.content) for cell in book.sheets[FLOW].values())
    assert sum(cell.formula is not None for cell in book.sheets[FLOW].values()) > 500


def test_a_name_that_looks_like_a_formula_stays_a_name(tmp_path):
    changes = {"name": "=1+1", "contract.terms.work.label": "=cmd()"}
    loaded = pfs_sim.load(ROOT / "docs" / "first_deal.yaml", changes)
    save_workbook(build_workbook(live_base_case(loaded)), tmp_path / "deal.xlsx")
    with zipfile.ZipFile(tmp_path / "deal.xlsx") as parts:
        sheets = [parts.read(n).decode() for n in parts.namelist() if "worksheets/" in n]
    assert not any("<f>1+1" in sheet or "<f>cmd" in sheet for sheet in sheets)


def test_cells_work_out_what_spreadsheets_do():
    book = Book()
    book.put("A b", 0, 1, 4.0)
    book.put("A b", 0, 2, '=IF(B1>=4,MAX(B1,2)^2,0)+SUM(B1:B3)-ABS(-1)')
    book.put(INPUTS, 0, 1, "='A b'!$C$1/2")
    book.put(INPUTS, 0, 2, '=IFERROR(1/0,"none")')
    assert book.value("A b", 0, 2) == 19.0
    assert book.value(INPUTS, 0, 1) == 9.5
    assert book.value(INPUTS, 0, 2) == "none"


def test_the_command_writes_a_file(tmp_path):
    out = tmp_path / "deal.xlsx"
    deal = str(ROOT / "docs" / "first_deal.yaml")
    done = CliRunner().invoke(main, ["export", deal, "-o", str(out), "--paths", "50", "-q"])
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(out) as parts:
        names = parts.read("xl/workbook.xml").decode()
    for sheet in ("Term sheet", "Inputs", "Program", "Cash flow", "Distribution"):
        assert f'name="{sheet}"' in names


# LibreOffice shows the stored results of a file that it opens; this makes it work them out.
RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode"
 oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


def recalculate(file, folder):
    """Rows of the sheet of cash flows as LibreOffice works them out."""
    profile = folder / "profile" / "user"
    profile.mkdir(parents=True)
    (profile / "registrymodifications.xcu").write_text(RECALCULATE, encoding="utf-8")
    every_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless",
         "--convert-to", every_sheet, "--outdir", str(folder), str(file)],
        check=True, capture_output=True, timeout=180,
    )
    with (folder / f"{file.stem}-{FLOW}.csv").open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text))


@pytest.mark.office
@pytest.mark.parametrize("changes", [{}, *CHANGES], ids=lambda one: next(iter(one), "as is"))
@pytest.mark.parametrize("file", [RATE_CARD, CT, ROOT / "docs" / "first_deal.yaml"],
                         ids=lambda file: file.stem)
def test_libreoffice_agrees_to_the_cent(file, changes, tmp_path):
    """Without stored results, so that what is read back was worked out there."""
    assert shutil.which("soffice"), "install LibreOffice Calc: apt-get install libreoffice-calc"
    book = build_workbook(live_base_case(pfs_sim.load(file)))
    known = {str(cell.content) for (_, c), cell in book.sheets[INPUTS].items() if c == 2}
    changes = {path: value for path, value in changes.items() if path in known}
    for path, value in changes.items():
        book.change(find_input(book, path), value)
    save_workbook(book, tmp_path / "deal.xlsx", results=False)
    shown = recalculate(tmp_path / "deal.xlsx", tmp_path)

    def read(row, t):
        text = shown[row][FIRST + t] if FIRST + t < len(shown[row]) else ""
        return float(text or 0.0)

    lived = live_base_case(pfs_sim.load(file, changes))
    assert not differences(lived, read, rows_by_label(book))


def test_a_file_that_cannot_be_written_is_said_in_one_line(tmp_path):
    words = ["export", str(ROOT / "docs" / "first_deal.yaml"), "--paths", "0"]
    done = CliRunner().invoke(main, [*words, "-o", str(tmp_path / "no" / "x.xlsx")])
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].endswith("No such file or directory")
