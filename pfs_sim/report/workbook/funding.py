"""The capital as formulas: costs, draws, interest, the waterfall, guarantees (model §9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pfs_sim.analysis.lived import Lived
from pfs_sim.model.capital import Step
from pfs_sim.report.workbook.sheet import FlowSheet, InputSheet
from pfs_sim.tables.state import StopCause

PARTIES = ("payor", "provider", "intermediary")
NOTHING = "0.000000001"
"""Keeps a share of nothing from being a division by zero."""


def find_capital_obstacle(lived: Lived) -> str:
    """Why the capital is written as values; empty where formulas can say it."""
    scenario, cash = lived.scenario, lived.cash
    capital, money = scenario.capital, lived.compiled.plan.money
    windows = [
        {(int(money.capital.tranches[i].first), int(money.capital.tranches[i].last)) for i in group}
        for group in list_orders(lived)
    ]
    found = {
        "funds run out": bool((cash.unfunded > 1e-6).any()) or any(
            bool((cash.accrued[i] > 1e-6).any())
            for i, tranche in enumerate(lived.scenario.capital.tranches.values())
            if tranche.pays == "paid"
        ),
        "named pools": int(money.deal[0].pools) > 1,
        "payments from the investors": bool((cash.call > 0.0).any() or (cash.paid < 0.0).any()),
        "draws that stop at a trigger": any(
            trigger.action == "stop_funding" for trigger in scenario.contract.triggers.values()
        ),
        "a deal that ends early": int(cash.events[1]) == StopCause.TRIGGER,
        "draws in one order over different times": any(len(one) > 1 for one in windows),
        "guarantees of the same principal": _overlap(lived),
        "a guarantee of commitments": any(
            getattr(one, "of", "drawn") != "drawn" for one in capital.guarantees.values()
        ),
    }
    return next((reason for reason, holds in found.items() if holds), "")


def _overlap(lived: Lived) -> bool:
    named = [name for one in lived.scenario.capital.guarantees.values() for name in one.tranches]
    return len(named) > len(set(named))


def list_orders(lived: Lived) -> list[list[int]]:
    """Tranches drawn as needed, those of one order together."""
    money = lived.compiled.plan.money
    return [
        [int(i) for i in money.links[order.tranches : order.tranches_end]]
        for order in money.capital.orders
    ]


@dataclass
class Rows:
    """Where things stand on the sheet of cash flows, by tranche."""

    draw: dict[int, list[int]] = field(default_factory=dict)
    interest: dict[int, list[int]] = field(default_factory=dict)
    principal: dict[int, list[int]] = field(default_factory=dict)
    extra: dict[int, list[int]] = field(default_factory=dict)
    coupon: dict[int, int] = field(default_factory=dict)
    due: dict[int, int] = field(default_factory=dict)
    owed: dict[int, int] = field(default_factory=dict)
    guarantee: dict[int, list[int]] = field(default_factory=dict)
    hurdle: dict[tuple[int, str], int] = field(default_factory=dict)
    party: dict[str, list[int]] = field(default_factory=dict)

    def received(self, i: int) -> list[int]:
        """Rows of what a tranche has received so far, guarantees apart."""
        coupon = [self.coupon[i]] if i in self.coupon else []
        lists = (self.interest, self.principal, self.extra)
        return coupon + [row for kind in lists for row in kind.get(i, [])]


class Funding:
    """Writes the rows in the order in which a deal happens on a grid point.

    Rows refer to rows further down for the grid point before, so the numbers of those are set
    aside first: balances stand in a block of their own, whose place is known.
    """

    def __init__(
        self, lived: Lived, inputs: InputSheet, flow: FlowSheet, paid: list[int]
    ) -> None:
        self.lived, self.inputs, self.flow, self.paid = lived, inputs, flow, paid
        self.capital, self.money = lived.scenario.capital, lived.compiled.plan.money
        self.deal = self.money.deal[0]
        self.names = list(self.capital.tranches)
        self.rows, self.last = Rows(), flow.grid - 1
        self.state: dict[str, str] = {}

    def write(self) -> Rows:
        """All rows."""
        self._write_inputs()
        self._write_openings()
        if self.deal.draws_first == 1:
            self._write_uses()
            self._write_waterfall()
        else:
            self._write_waterfall()
            self._write_uses()
        self._write_guarantees()
        self._write_balances()
        return self.rows

    def _write_inputs(self) -> None:
        self.inputs.title("Capital")
        for i, (name, tranche) in enumerate(self.capital.tranches.items()):
            label, place = tranche.label or name, f"capital.tranches.{name}"
            self.state[f"commitment {i}"] = self.inputs.add(
                f"{label}: commitment", tranche.commitment.value, f"{place}.commitment"
            )
            bears = float(self.money.capital.tranches[i].rate) != 0.0
            if bears:
                coupon = self.inputs.add(
                    f"{label}: coupon a year", tranche.coupon.value, f"{place}.coupon", "rate"
                )
                years = self.lived.scenario.clock.years
                self.state[f"rate {i}"] = f"((1+{coupon})^{years}-1)"
        for name, guarantee in self.capital.guarantees.items():
            place = f"capital.guarantees.{name}"
            self.state[f"share {name}"] = self.inputs.add(
                f"Guarantee {guarantee.label or name}: share", guarantee.share.value,
                f"{place}.share", "rate",
            )
            if guarantee.limit is not None:
                self.state[f"limit {name}"] = self.inputs.add(
                    "Its limit", guarantee.limit.value, f"{place}.limit"
                )

    def _write_openings(self) -> None:
        """What each grid point starts with; the cells at its end are set aside in a block."""
        flow, cash = self.flow, self.lived.cash
        flow.title("At the start of the grid point")
        # Rows at the end of a grid point, written last: till, pool, owed and due by tranche.
        self.ends = flow.row
        count = 2 + 2 * len(self.names) + len(self._hurdles())
        flow.row += count
        flow.title("Money that comes in")
        self.grants = flow.add("Grants", lambda row, t: float(cash.grants[t]))
        for i, name in enumerate(self.names):
            if f"rate {i}" in self.state:
                compound = int(self.money.capital.tranches[i].compound) == 1
                rate, owed, due = self.state[f"rate {i}"], self.end("owed", i), self.end("due", i)

                def fill(
                    row: int, t: int, rate: str = rate, owed: int = owed, due: int = due,
                    compound: bool = compound,
                ) -> str:
                    before = flow.at(due, t - 1)
                    base = flow.at(owed, t - 1) + (f"+{before}" if compound else "")
                    return f"={before}+({base})*{rate}"

                label = self.capital.tranches[name].label or name
                self.rows.due[i] = flow.add(f"Interest due: {label}", fill, total=False)

    def _hurdles(self) -> list[tuple[int, str]]:
        """(tranche, step) of each balance at a target return."""
        found = []
        for name, step in self.capital.waterfall.items():
            if step.pay == "return" or (step.pay == "share" and step.irr is not None):
                found += [(self.names.index(n), name) for n in step.to if n in self.names]
        return found

    def end(self, what: str, i: int = 0, step: str = "") -> int:
        """The row of a balance at the end of grid points."""
        count = len(self.names)
        places = {"till": 0, "pool": 1, "owed": 2 + i, "due": 2 + count + i}
        if what == "hurdle":
            return self.ends + 2 + 2 * count + self._hurdles().index((i, step))
        return self.ends + places[what]

    # ---- Funding ---------------------------------------------------------------------------
    def _write_uses(self) -> None:
        flow, cash, orders = self.flow, self.lived.cash, list_orders(self.lived)
        flow.title("Uses")
        names = [*self.capital.costs, "Wind-down"]
        first = flow.row
        for u, name in enumerate(names):
            flow.add(name, lambda row, t, u=u: float(cash.uses[u, t]))  # type: ignore[misc]
        for i in self._coupons():
            label = self.capital.tranches[self.names[i]].label or self.names[i]
            taken = [*self.rows.interest.get(i, [])]
            self.rows.coupon[i] = flow.add(
                f"Coupon: {label}",
                lambda row, t, i=i, taken=taken: (  # type: ignore[misc]
                    "=" + self._less(self.rows.due[i], taken, t)
                ),
            )
        last = flow.row - 1
        self.uses = flow.add(
            "Uses in all", lambda row, t: f"=SUM({flow.at(first, t)}:{flow.at(last, t)})"
        )
        if self.deal.provider_funds == 1:
            return
        flow.title("Draws")
        fixed = {(e, i): a for e, i, a in self._fixed_draws()}
        for i, name in enumerate(self.names):
            if any(k == i for _, k in fixed):
                self._add_draw(i, name, fixed)
        drawn_fixed = [row for rows in self.rows.draw.values() for row in rows]
        self.available = flow.add(
            "Working capital before the uses",
            lambda row, t: "=" + self._till_before(t, drawn_fixed), total=False,
        )
        need = flow.add(
            "To be drawn",
            lambda row, t: f"=MAX(0,{flow.at(self.uses, t)}-{flow.at(self.available, t)})",
        )
        for group in orders:
            whole = "(" + "+".join(self.state[f"commitment {i}"] for i in group) + ")"
            window = self.money.capital.tranches[group[0]]
            drawn = [flow.row + k for k in range(len(group))]
            for i in group:
                tranche = self.capital.tranches[self.names[i]]
                commitment = self.state[f"commitment {i}"]

                def fill(
                    row: int, t: int, need: int = need, commitment: str = commitment,
                    whole: str = whole, window: Any = window,
                ) -> str | None:
                    if not window.first <= t <= window.last:
                        return None
                    left = f"{commitment}-{flow.to_date(row, t - 1)}"
                    return f"=MIN({flow.at(need, t)}*{commitment}/{whole},{left})"

                self.rows.draw.setdefault(i, []).append(
                    flow.add(f"Drawn: {tranche.label or self.names[i]}", fill)
                )
            before = need
            need = flow.add(
                "Still to be found",
                lambda row, t, before=before, drawn=drawn: (  # type: ignore[misc]
                    "=" + self._less(before, drawn, t)
                ),
                total=False,
            )

    def _coupons(self) -> list[int]:
        return [int(i) for i in self.money.links[self.deal.coupon : self.deal.coupon_end]]

    def _fixed_draws(self) -> list[tuple[int, int, float]]:
        """(grid point, tranche, amount); amounts of one grid point together."""
        found: dict[tuple[int, int], float] = {}
        for t in range(self.flow.grid):
            moment = self.money.moments[t]
            for entry in self.money.capital.draws[moment.draws : moment.draws_end]:
                key = (t, int(entry.tranche))
                found[key] = found.get(key, 0.0) + float(entry.amount)
        return [(t, i, amount) for (t, i), amount in found.items()]

    def _add_draw(self, i: int, name: str, fixed: dict[tuple[int, int], float]) -> None:
        commitment, tranche = self.state[f"commitment {i}"], self.capital.tranches[name]

        def fill(row: int, t: int) -> str | None:
            if (t, i) not in fixed:
                return None
            left = f"{commitment}-{self.flow.to_date(row, t - 1)}"
            asked = left if tranche.draw == "upfront" and not tranche.schedule else fixed[t, i]
            return f"=MIN({asked},{left})"

        row = self.flow.add(f"Drawn: {tranche.label or name}", fill)
        self.rows.draw.setdefault(i, []).append(row)

    def _till_before(self, t: int, drawn: list[int]) -> str:
        """The till before the uses: that of before, grants, fixed draws, the reserve."""
        flow = self.flow
        parts = [flow.at(self.end("till"), t - 1), flow.at(self.grants, t)]
        if self.deal.draws_first == 0:
            parts = ["0"] if t == self.last else parts + [flow.at(r, t) for r in self._reserves()]
        return "+".join(parts + [flow.at(row, t) for row in drawn])

    def _reserves(self) -> list[int]:
        return getattr(self, "reserves", [])

    def _less(self, row: int, rows: list[int], t: int) -> str:
        """A row less others, on one grid point."""
        return self.flow.at(row, t) + "".join(f"-{self.flow.at(one, t)}" for one in rows)

    # ---- The waterfall ---------------------------------------------------------------------
    def _write_waterfall(self) -> None:
        flow = self.flow
        flow.title("Waterfall")
        self.reserves: list[int] = []
        top, bottom = self.paid[0], self.paid[-1]

        def fill(row: int, t: int) -> str:
            kept = flow.at(self.end("pool"), t - 1)
            text = f"={kept}+SUM({flow.at(top, t)}:{flow.at(bottom, t)})"
            return text + (f"+{self._till_now(t)}" if t == self.last else "")

        left = flow.add("Money to distribute", fill, total=False)
        for w, (name, step) in enumerate(self.capital.waterfall.items()):
            left = self._write_step(w, name, step, left)
        self.left = left
        if self.deal.provider_funds == 1:
            rest = flow.add("The rest, to the provider", lambda r, t: f"={flow.at(left, t)}")
            self._party("provider", rest)
        else:
            residual = PARTIES[int(self.deal.residual)]
            self._party(residual, flow.add(
                f"The rest at the end, to the {residual}",
                lambda r, t: f"={flow.at(left, t)}" if t == self.last else None,
            ))

    def _till_now(self, t: int) -> str:
        """The till while the waterfall runs."""
        flow = self.flow
        if self.deal.provider_funds == 1:
            return "0"
        if self.deal.draws_first == 0:
            return f"{flow.at(self.end('till'), t - 1)}+{flow.at(self.grants, t)}"
        return f"MAX(0,{flow.at(self.available, t)}-{flow.at(self.uses, t)})"

    def _party(self, name: str, row: int) -> None:
        self.rows.party.setdefault(name, []).append(row)

    def _write_step(self, w: int, name: str, step: Step, left: int) -> int:
        """One step: what it is owed, what each recipient gets; returns the row of what is left."""
        flow, table, before = self.flow, self.money.capital.steps[w], left
        runs = [t for t in range(flow.grid) if table.due <= t <= table.until]
        takers = [
            (int(r.who), float(r.share))
            for r in self.money.capital.recipients[table.recipients : table.recipients_end]
        ]
        taken = []
        if step.pay == "reserve":
            limit = "" if step.amount is None else self._amount(name, step)

            def keep(row: int, t: int) -> str | None:
                if t == self.last or t not in runs:
                    return None
                room = f"MAX(0,{limit}-({self._till_now(t)}{self._so_far(t)}))" if limit else ""
                return f"=MIN({flow.at(left, t)},{room})" if room else f"={flow.at(left, t)}"

            row = flow.add(f"{name}: kept", keep)
            self.reserves.append(row)
            taken.append(row)
        elif step.pay in ("fee", "share"):
            if step.pay == "share":
                left = self._write_new(name, left, len(takers), runs)
            taken = [self._write_share(name, step, left, who, share, runs) for who, share in takers]
        else:
            taken = self._write_pro_rata(name, step, left, [who for who, _ in takers], runs)
        return flow.add(
            f"Left after {name}",
            lambda row, t: f"=MAX(0,{self._less(before, taken, t)})", total=False,
        )

    def _write_new(self, name: str, left: int, takers: int, runs: list[int]) -> int:
        """What a share step shares: what it has left in the pool is not shared by it again."""
        flow = self.flow
        after = flow.row + takers + 1

        def fill(row: int, t: int) -> str:
            if t - 1 not in runs:
                return f"={flow.at(left, t)}"
            passed = f"MIN({flow.at(after, t - 1)},{flow.at(self.end('pool'), t - 1)})"
            return f"=MAX(0,{flow.at(left, t)}-{passed})"

        return flow.add(f"{name}: to share", fill, total=False)

    def _so_far(self, t: int) -> str:
        return "".join(f"+{self.flow.at(row, t)}" for row in self.reserves)

    def _amount(self, name: str, step: Step) -> str:
        assert step.amount is not None
        place = f"capital.waterfall.{name}.amount"
        if place in self.inputs.places:
            return self.inputs.places[place]
        return self.inputs.add(f"Step {name}: amount", step.amount.value, place)

    def _write_share(
        self, name: str, step: Step, left: int, who: int, share: float, runs: list[int]
    ) -> int:
        flow = self.flow
        label = PARTIES[-1 - who] if who < 0 else self.names[who]
        part = self.inputs.add(f"Step {name}: share of {label}", share, "", "rate")
        limit = self._amount(name, step) if step.pay == "fee" and step.amount else ""

        def fill(row: int, t: int) -> str | None:
            if t not in runs:
                return None
            amount = f"{flow.at(left, t)}*{part}"
            if step.pay == "fee":
                # What one recipient has had is its share of what the step has paid.
                owed = f"{limit or 0}*{part}-{flow.to_date(row, t - 1)}"
                return f"=MAX(0,MIN({amount},{owed}))"
            if who >= 0 and step.irr is not None:
                return f"=MIN({amount},{self._hurdle_now(who, name, t)})"
            return f"={amount}"

        row = flow.add(f"{name}: {label}", fill)
        if who < 0:
            self._party(label, row)
        else:
            self.rows.extra.setdefault(who, []).append(row)
        return row

    def _hurdle_now(self, i: int, name: str, t: int) -> str:
        """What brings a tranche to the target of a step, after what it got so far."""
        flow, growth = self.flow, self._growth(name)
        before = flow.at(self.end("hurdle", i, name), t - 1)
        draws = "".join(f"+{flow.at(row, t)}" for row in self.rows.draw.get(i, []))
        got = "".join(f"-{flow.at(row, t)}" for row in self.rows.received(i))
        return f"MAX(0,{before}*{growth}{draws}{got})"

    def _growth(self, name: str) -> str:
        step = self.capital.waterfall[name]
        place = f"capital.waterfall.{name}.irr"
        if place not in self.inputs.places:
            rate = 0.0 if step.irr is None else step.irr.value
            self.inputs.add(f"Step {name}: target IRR", rate, place, "rate")
        return f"(1+{self.inputs.places[place]})^{self.lived.scenario.clock.years}"

    def _write_pro_rata(
        self, name: str, step: Step, left: int, takers: list[int], runs: list[int]
    ) -> list[int]:
        """Interest, principal or a target return, pro rata to what each is owed."""
        flow, kind = self.flow, step.pay
        kept = {"interest": self.rows.interest, "principal": self.rows.principal}.get(
            kind, self.rows.extra
        )

        def owed(i: int, t: int) -> str:
            if kind == "return":
                return self._hurdle_now(i, name, t)
            if kind == "interest":
                if i not in self.rows.due:
                    return "0"
                paid = [row for row in self.rows.received(i) if row in self.rows.interest.get(i, [])
                        or row == self.rows.coupon.get(i)]
                return f"({self._less(self.rows.due[i], paid, t)})"
            draws = "".join(f"+{flow.at(row, t)}" for row in self.rows.draw.get(i, []))
            paid = self.rows.principal.get(i, [])
            return f"({self._less(self.end('owed', i), [], t - 1)}{draws}" + "".join(
                f"-{flow.at(row, t)}" for row in paid
            ) + ")"

        owing = [
            flow.add(
                f"{name}: owed to {self.names[i]}",
                lambda row, t, i=i: f"={owed(i, t)}" if t in runs else None,  # type: ignore[misc]
                total=False,
            )
            for i in takers
        ]
        if not owing:
            return []
        top, bottom = owing[0], owing[-1]

        def fill(row: int, t: int, mine: int) -> str | None:
            if t not in runs:
                return None
            total = f"SUM({flow.at(top, t)}:{flow.at(bottom, t)})"
            due = flow.at(mine, t)
            return f"=MIN({due},{flow.at(left, t)}*{due}/MAX({total},{NOTHING}))"

        paid = []
        for i, mine in zip(takers, owing, strict=True):
            row = flow.add(
                f"{name}: {self.names[i]}",
                lambda row, t, mine=mine: fill(row, t, mine),  # type: ignore[misc]
            )
            paid.append(row)
        for i, row in zip(takers, paid, strict=True):
            kept.setdefault(i, []).append(row)
        return paid

    # ---- Guarantees and balances -----------------------------------------------------------
    def _write_guarantees(self) -> None:
        flow, tables = self.flow, self.money.capital
        if not self.capital.guarantees:
            return
        flow.title("Guarantees")
        for g, (name, guarantee) in enumerate(self.capital.guarantees.items()):
            when, tranches = int(tables.guarantees[g].at), guarantee.tranches
            members = [self.names.index(n) for n in tranches]
            share, limit = self.state[f"share {name}"], self.state.get(f"limit {name}")
            pot = float(tables.limits[g, when]) if guarantee.pot and when < flow.grid else None
            losing = [
                flow.add(
                    f"Not returned: {self.names[i]}",
                    lambda row, t, i=i, when=when: (  # type: ignore[misc]
                        "=" + self._owed_now(i, t) if t == when else None
                    ),
                    total=False,
                )
                for i in members
            ]

            def call(
                row: int, t: int, mine: int, when: int = when, losing: list[int] = losing,
                members: list[int] = members, share: str = share, limit: str | None = limit,
                pot: float | None = pot, kind: str = guarantee.kind,
            ) -> str | None:
                if t != when:
                    return None
                lost = f"SUM({flow.at(losing[0], t)}:{flow.at(losing[-1], t)})"
                amount = f"{share}*{lost}"
                if kind == "floor":
                    drawn = "+".join(
                        flow.to_date(one, t) for i in members for one in self.rows.draw.get(i, [])
                    ) or "0"
                    amount = f"MAX(0,{share}*({drawn})-(({drawn})-{lost}))"
                parts = [amount, lost, *([limit] if limit else [])]
                if pot is not None:
                    parts.append(f"{pot!r}")
                return f"=MIN({','.join(parts)})*{flow.at(mine, t)}/MAX({lost},{NOTHING})"

            for i, mine in zip(members, losing, strict=True):
                row = flow.add(
                    f"{guarantee.label or name} to {self.names[i]}",
                    lambda row, t, mine=mine, call=call: call(row, t, mine),  # type: ignore[misc]
                )
                self.rows.guarantee.setdefault(i, []).append(row)

    def _owed_now(self, i: int, t: int) -> str:
        """Principal outstanding after the draws and payments of a grid point, guarantees apart."""
        flow = self.flow
        text = flow.at(self.end("owed", i), t - 1)
        text += "".join(f"+{flow.at(row, t)}" for row in self.rows.draw.get(i, []))
        return text + "".join(f"-{flow.at(row, t)}" for row in self.rows.principal.get(i, []))

    def _write_balances(self) -> None:
        """The block that was set aside: balances at the end of each grid point."""
        flow, after = self.flow, self.flow.row
        flow.row = self.ends
        flow.add("Working capital at the end", lambda row, t: "=" + self._till_end(t), total=False)
        flow.add(
            "Payments kept in the waterfall",
            lambda row, t: "=0" if t == self.last or self.deal.provider_funds == 1
            else f"={flow.at(self.left, t)}", total=False,
        )
        for i, name in enumerate(self.names):
            label = self.capital.tranches[name].label or name
            called = self.rows.guarantee.get(i, [])
            flow.add(
                f"Principal owed: {label}",
                lambda row, t, i=i, called=called: f"={self._owed_now(i, t)}"  # type: ignore[misc]
                + "".join(f"-{flow.at(one, t)}" for one in called),
                total=False,
            )
        for i, name in enumerate(self.names):
            label = self.capital.tranches[name].label or name
            paid = [*self.rows.interest.get(i, [])]
            paid += [self.rows.coupon[i]] if i in self.rows.coupon else []
            flow.add(
                f"Interest unpaid: {label}",
                lambda row, t, i=i, paid=paid: (  # type: ignore[misc]
                    "=" + self._less(self.rows.due[i], paid, t) if i in self.rows.due else None
                ),
                total=False,
            )
        for i, name in self._hurdles():
            def fill(row: int, t: int, i: int = i, name: str = name) -> str:
                draws = "".join(f"+{flow.at(one, t)}" for one in self.rows.draw.get(i, []))
                got = "".join(f"-{flow.at(one, t)}" for one in self.rows.received(i))
                return f"={flow.at(row, t - 1)}*{self._growth(name)}{draws}{got}"

            flow.add(f"To the target of {name}: {self.names[i]}", fill, total=False)
        flow.row = after

    def _till_end(self, t: int) -> str:
        if self.deal.provider_funds == 1:
            return "0"
        flow = self.flow
        after = f"MAX(0,{flow.at(self.available, t)}-{flow.at(self.uses, t)})"
        if self.deal.draws_first == 0:
            return after
        return "0" if t == self.last else f"{after}{self._so_far(t)}"
