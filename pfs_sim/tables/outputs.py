"""What is kept of a path: one row of numbers, in the order in which `collect` writes them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

COMPARED_RCT, COMPARED_MATCHED, COMPARED_FIXED, COMPARED_NONE = 0, 1, 2, 3

PROGRAM_COLUMNS, OUTCOME_COLUMNS, HOLDER_COLUMNS = 12, 4, 9
"""Columns of the program, and of each outcome and each holder of capital."""


class Flows(NamedTuple):
    """Results of paths side by side, and the cash of their holders of capital; working space."""

    row: Any  # wide: [column] results
    course: Any  # wide: [4, t+1] course by grid point
    kept: Any  # wide: [holder, t+1] cash: tranches, then all together; no holders without tranches
    every: Any  # wide: [4, t+1] of those together: cash, principal received, draws, all that moved
    one: Any  # wide: [2, t+1] of one of them: principal received, all that moved
    line: F8  # [t+1] cash of one holder on one path


class OutputPlan(NamedTuple):
    """How a path is turned into its row of results."""

    written: I8  # [i] the columns of the row that are asked for: what is written, in this order
    program: int  # 1 where any of the program's is
    outcomes: I8  # [k] 1 where any of the outcome's is
    holders: I8  # [holder] 1 where any of the holder's is
    solved: I8  # [holder] 1 where its IRR or the status of that is
    per_year: int  # periods in a year
    year: I8  # [t+1] index of the fiscal year of a grid point
    years: int  # number of fiscal years on the grid
    discount: F8  # [t+1] payor's discount factor
    hurdle: F8  # [t+1] discount factor of the investors' NPV
    rates: int  # column of the first holder's IRR; its status follows
    sign: F8  # [k] +1 where lower is good
    trials: F8  # [k] observations a client
    compared: I8  # [k] how the measured effect is compared
    fixed: F8  # [k] comparison written in the contract
    window: F8  # [k] window in periods
    opens_at_exit: I8  # [k] 1 where it opens when a client leaves or completes
    least_treated: I8  # [k] least class of clients at whom a measure looks
    least_control: I8  # [k] the same of the controls
    least_matched: I8  # [k] and of the matched comparison
    savings_outcome: I8  # [z]
    savings_value: I8  # [z] column of the value of a unit
    savings_cashable: F8  # [z]
    savings_spread: F8  # [z] present value of one evenly spread over its years, at their start
    payor_force: float  # discount rate a year, continuously compounded
    invests: I8  # [i] 1 where the tranche hopes to be repaid
    equity: I8  # [i] 1 where returns and shares are what repays the principal
