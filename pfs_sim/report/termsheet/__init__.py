"""The contract in plain language: what a lawyer checks a scenario file against.

clauses     what a term sheet is made of, and where each clause stands in the file
words       exact numbers, dates, lengths of time, uncertain quantities
scales      what one of a measure is
deal        parties, calendar, program, outcomes
evaluation  dates and measures
schedules   a payment schedule in sentences
terms       a payment term
contract    caps and their order, payors, triggers, savings
capital     costs, tranches, grants
waterfall   steps and guarantees
fields      whatever no sentence has said
sheet       all sections in order
markdown    numbered clauses, footnotes, the annex of figures
"""

from pfs_sim.report.termsheet.markdown import write_termsheet
from pfs_sim.report.termsheet.sheet import list_sections

__all__ = ["list_sections", "write_termsheet"]
