"""Numbers become pages: one table of metrics, many readers.

summary      the JSON document of a run, and the schema that it keeps
parties      which metrics belong to whom, in the order in which they are read
cells        a metric as text: value, error, chances
sentences    the answer in plain words
figures/     pictures whose titles say the finding
cash_flow    the base case by period, as a term sheet shows it
ledger       one path as tables
editor       the JSON Schema of scenario files
kinds        what the language knows, read from the code
termsheet/   the contract in plain language
differences  what differs between two scenarios, clause by clause
risk         who holds which risk, loss by cause, tornado
integrity    what a contract pays for: judgments, cliffs, other sizes
compared     deals over the same people as tables
levers       sweeps, solutions, frontiers
precise      goals of --until, and what --sampling saved
swept        what `sweep --out` leaves behind
folder       what `run --out` leaves behind
"""
