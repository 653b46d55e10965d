"""A deal as a spreadsheet whose base case is live formulas.

cells     cells in memory, and what their formulas come to
sheet     inputs by name; rows over time
payments  the contract as formulas
funding   the capital as formulas
writing   the sheets, and the file
"""

from pfs_sim.report.workbook.writing import build_workbook, save_workbook

__all__ = ["build_workbook", "save_workbook"]
