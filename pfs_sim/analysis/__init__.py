"""Questions that go beyond one run; each lives paths again.

lived      one path with everything that happened on it
trace      that path as a ledger of plain data
base_case  the deal at its means: cash flow by period
"""
