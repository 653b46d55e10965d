"""The contract as formulas: measure, schedule, claim, lag, caps (model §8)."""

from __future__ import annotations

from pfs_sim.analysis.lived import Lived
from pfs_sim.model.contract import Condition, Term
from pfs_sim.model.schedules import Fixed, Points, RateCard, SavingsShare, Schedule, Tiers
from pfs_sim.report.workbook.sheet import AS_VALUES, FlowSheet, InputSheet
from pfs_sim.tables.state import Missing


def find_obstacle(lived: Lived, term: Term) -> str:
    """Why a term is written as values; empty where formulas can say it."""
    contract = lived.scenario.contract
    found = {
        "a return table": term.pays != "money",
        "a holdback": term.holdback is not None,
        "a share that changes at a hurdle": term.switch is not None,
        "a claw-back": term.claw_back,
        "a term that another rules out": bool(term.unless_paid),
        "payments both ways": (lived.cash.due < 0.0).any() or (lived.cash.paid < 0.0).any(),
        "a carried fiscal-year cap": any(
            cap is not None and cap.excess == "carry"
            for cap in (
                contract.fiscal_year_cap, *(t.fiscal_year_cap for t in contract.terms.values())
            )
        ),
        "a payor with a cap": any(
            payor.cap is not None or payor.fiscal_year_cap is not None
            for payor in contract.payors.values()
        ),
    }
    return next((reason for reason, holds in found.items() if holds), "")


def write_schedule(inputs: InputSheet, place: str, schedule: Schedule) -> dict[str, list[str]]:
    """A schedule on the sheet of inputs; its cells: below, and x, y, slope of each knot."""
    path = f"{place}.schedule"
    if isinstance(schedule, RateCard) and not schedule.both_ways:
        price = inputs.add("Price of a unit", schedule.price.value, f"{path}.price")
        start = inputs.add("Nothing below", schedule.start.value, f"{path}.from")
        return {"below": ["0"], "x": [start], "y": [f"({price}*{start})"], "slope": [price]}
    if isinstance(schedule, SavingsShare):
        value = inputs.add("Value of a unit", schedule.value.value, f"{path}.value")
        share = inputs.add("Share of it", schedule.share.value, f"{path}.share")
        start = inputs.add("Nothing below", schedule.start.value, f"{path}.from")
        price = f"({value}*{share})"
        return {"below": ["0"], "x": [start], "y": [f"({price}*{start})"], "slope": [price]}
    if isinstance(schedule, Fixed):
        amount = inputs.add("Amount", schedule.amount.value, f"{path}.amount")
        return {"below": [amount], "x": ["0"], "y": [amount], "slope": ["0"]}
    segments = schedule.segments()
    below = inputs.add("Amount below the first knot", segments.below)
    knots = zip(segments.x, segments.y, segments.slope, strict=True)
    header = ("measure from", "amount there", "rate beyond")
    if isinstance(schedule, Tiers):
        rows = inputs.add_table(header[:2], [knot[:2] for knot in knots])
        return {"below": [below], **_columns(rows, "x", "y"), "slope": ["0"] * len(rows)}
    found = _columns(inputs.add_table(header, list(knots)), "x", "y", "slope")
    x, y = found["x"], found["y"]
    if isinstance(schedule, Points) and schedule.threshold is None:
        between = [
            f"(({y[i + 1]}-{y[i]})/({x[i + 1]}-{x[i]}))" for i in range(len(x) - 1)
        ]
        return {"below": [y[0]], "x": x, "y": y, "slope": [*between, "0"]}
    return {"below": [below], **found}


def _columns(rows: list[list[str]], *names: str) -> dict[str, list[str]]:
    return {name: [row[column] for row in rows] for column, name in enumerate(names)}


def look_up(found: dict[str, list[str]], above: bool, measure: str) -> str:
    """The amount of a schedule for a measure: that of the last knot reached."""
    text = found["below"][0]
    for x, y, slope in zip(found["x"], found["y"], found["slope"], strict=True):
        slack = f"0.000000000001*MAX(1,ABS({x}))"
        reached = f"{measure}>{x}+{slack}" if above else f"{measure}>={x}-{slack}"
        text = f"IF({reached},{y}+{slope}*({measure}-{x}),{text})"
    return text


def write_payments(lived: Lived, inputs: InputSheet, flow: FlowSheet) -> list[int]:
    """The rows of every term, and of what is paid in all; returns the rows of payments."""
    scenario = lived.scenario
    contract, clock = scenario.contract, scenario.clock
    inputs.title("Contract")
    cap = contract.cap and inputs.add("Cap of the contract", contract.cap.value, "contract.cap")
    year_cap = contract.fiscal_year_cap and inputs.add(
        "Cap of a fiscal year", contract.fiscal_year_cap.amount.value,
        "contract.fiscal_year_cap.amount",
    )
    years = [clock.fiscal_year(t) for t in range(flow.grid)]
    arriving = [
        _write_claims(lived, inputs, flow, j, name, term)
        for j, (name, term) in enumerate(contract.terms.items())
    ]
    flow.title("Outcome payments")
    first = flow.row
    paid: list[int] = []
    for j, (name, term) in enumerate(contract.terms.items()):
        values, obstacle = lived.cash.paid[j], find_obstacle(lived, term)
        limit = inputs.places.get(f"contract.terms.{name}.fiscal_year_cap.amount")

        def fill(
            row: int, t: int, j: int = j, values: object = values, obstacle: str = obstacle,
            limit: str | None = limit,
        ) -> str | float:
            if obstacle:
                return float(values[t])  # type: ignore[index]
            begin = years.index(years[t])
            rooms = [flow.at(arriving[j], t)]
            # Terms before this one on the same day come first.
            same = "".join(f"-{flow.at(k, t)}" for k in range(first, row))
            if limit:
                rooms.append(f"MAX(0,{limit}{_sum_between(flow, [row], begin, t - 1)})")
            everyone = list(range(first, first + len(arriving)))
            if year_cap:
                rooms.append(f"MAX(0,{year_cap}{_sum_between(flow, everyone, begin, t - 1)}{same})")
            if cap:
                rooms.append(f"MAX(0,{cap}{_sum_between(flow, everyone, 0, t - 1)}{same})")
            return "=" + (f"MIN({','.join(rooms)})" if len(rooms) > 1 else rooms[0])

        paid.append(
            flow.add(
                f"Paid: {term.label or name}", fill, note=AS_VALUES + obstacle if obstacle else ""
            )
        )
    return paid


def _sum_between(flow: FlowSheet, rows: list[int], begin: int, end: int) -> str:
    """Less what adjoining rows come to from one grid point to another."""
    if end < begin:
        return ""
    return f"-SUM({flow.at(rows[0], begin)}:{flow.at(rows[-1], end)})"


def _write_claims(
    lived: Lived, inputs: InputSheet, flow: FlowSheet, j: int, name: str, term: Term
) -> int:
    """Measure, claim, and what arrives of it; returns the row of the last."""
    money = lived.compiled.plan.money
    tables, place, obstacle = money.contract, f"contract.terms.{name}", find_obstacle(lived, term)
    inputs.title(f"Term: {term.label or name}")
    schedule = write_schedule(inputs, place, term.schedule)
    cap = term.cap and inputs.add("Cap of the term", term.cap.value, f"{place}.cap")
    floor = term.floor and inputs.add("Least amount due", term.floor.value, f"{place}.floor")
    if term.fiscal_year_cap:
        inputs.add(
            "Cap of a fiscal year", term.fiscal_year_cap.amount.value,
            f"{place}.fiscal_year_cap.amount",
        )
    dues = {
        t: tables.dues[entry]
        for t in range(flow.grid)
        for entry in range(money.moments[t].dues, money.moments[t].dues_end)
        if tables.dues[entry].term == j
    }
    counts = {t: _counts(lived, term, int(due.evaluation)) for t, due in dues.items()}
    m = int(tables.terms[j].measure)
    flow.title(f"Term: {term.label or name}")
    measured = flow.add(
        "Measure", lambda row, t: float(lived.cash.value[m, dues[t].evaluation])
        if t in dues and m >= 0 and counts[t] else None, "number", total=False,
    )
    times = {t: _times(lived, j, int(due.evaluation)) * float(due.index) for t, due in dues.items()}
    factor = flow.add(
        "Times", lambda row, t: times[t] if t in dues else None, "number", total=False
    )
    each = int(tables.terms[j].each) == 1

    def claim(row: int, t: int) -> str | float | None:
        if obstacle:
            return float(lived.cash.due[j, t])
        if t not in dues or not counts[t]:
            return None
        amount = look_up(schedule, term.schedule.above, flow.at(measured, t) if m >= 0 else "0")
        amount = f"{amount}*{flow.at(factor, t)}"
        amount = f"MAX({floor},{amount})" if floor else amount
        before = flow.to_date(row, t - 1)
        if each:
            return f"=MIN({amount},{cap}-{before})" if cap else f"={amount}"
        capped = f"MIN({amount},{cap})" if cap else amount
        return f"=MAX(0,{capped}-{before})"

    claimed = flow.add("Claimed", claim, note=AS_VALUES + obstacle if obstacle else "")
    in_time, late = _find_delays(lived, term)
    lag, rows = int(tables.terms[j].lag), [(0, "")]
    if in_time < 1.0:
        rows = [(0, inputs.add("Share that comes in time, expected", in_time))]
        rows += [
            (delay, inputs.add(f"Share that comes {delay} grid points late, expected", share))
            for delay, share in late.items()
        ]

    def arrive(row: int, t: int) -> str | None:
        parts = [
            flow.at(claimed, t - lag - delay) + (f"*{share}" if share else "")
            for delay, share in rows
            if t >= lag + delay
        ]
        return "=" + "+".join(parts) if parts else None

    return flow.add("Arrives", arrive, note="after the lag of the term, before caps")


def _payors(lived: Lived, term: Term) -> dict[str, float]:
    payors = list(lived.scenario.contract.payors)
    if term.payors is not None:
        return {name: share.value for name, share in term.payors.items()}
    return {name: 1.0 / len(payors) for name in payors}


def _find_delays(lived: Lived, term: Term) -> tuple[float, dict[int, float]]:
    """The share of a payment that is expected in time; delay in grid points → share so late."""
    in_time, late = 1.0, dict[int, float]()
    for name, share in _payors(lived, term).items():
        default = lived.scenario.contract.payors[name].default
        if default is None:
            continue
        struck, delay = share * default.probability.mean(), lived.scenario.clock.span(default.late)
        in_time -= struck if delay else struck * default.lost.value
        if delay:
            late[delay] = late.get(delay, 0.0) + struck * (1.0 - default.lost.value)
    return in_time, late


def _times(lived: Lived, j: int, e: int) -> float:
    term = lived.compiled.plan.money.contract.terms[j]
    if term.times_measure < 0:
        return float(term.times)
    return float(lived.cash.value[term.times_measure, e])


def _counts(lived: Lived, term: Term, e: int) -> bool:
    """Whether a measure exists and the conditions hold, in the base case."""
    measures = list(lived.scenario.evaluation.measures)

    def value(name: str) -> float | None:
        m = measures.index(name)
        exists = lived.cash.missing[m, e] == Missing.NONE
        return float(lived.cash.value[m, e]) if exists else None

    def holds(condition: Condition) -> bool:
        found, low, high = value(condition.measure), condition.at_least, condition.below
        if found is None or (low is not None and found < low.value - _slack(low.value)):
            return False
        return high is None or found < high.value - _slack(high.value)

    if term.measure is not None and value(term.measure) is None:
        return False
    any_of = [holds(one) for one in term.any_of.values()]
    return all(holds(one) for one in term.only_if.values()) and (any(any_of) or not any_of)


def _slack(bound: float) -> float:
    return 1e-12 * max(1.0, abs(bound))
