"""The money of the slow twin, grid point by grid point: what comes in, what goes out, to whom."""

import math

from pfs_sim.tables.state import NEVER, TREATED, StopCause
from tests.naive_contract import Contract
from tests.naive_measures import Evaluation
from tests.naive_people import goals

PARTIES = ("payor", "provider", "intermediary")
RECEIVED = ("interest", "principal", "extra", "guarantee")


def pro_rata(amount, weights):
    """An amount divided by weight: name → part."""
    whole = sum(weights.values())
    return {name: amount * w / whole if whole > 0 else 0.0 for name, w in weights.items()}


class Capital:
    """Costs, sources of funds, waterfall and guarantees of one path."""

    def __init__(self, deal, people, known):
        self.deal, self.people, self.known = deal, people, known
        self.capital = deal.scenario.capital
        self.tranches = self.capital.tranches
        self.by_provider = not self.tranches and not self.capital.grants
        self.wind_down = {}  # grid point: cost
        self.stopped_funding = set()
        self.guaranteed = False
        zeros = [0.0] * (deal.T + 1)

        def table(names):
            return {name: list(zeros) for name in names}

        kinds = ("draw", "call", *RECEIVED, "balance", "accrued")
        self.table = {kind: table(self.tranches) for kind in kinds}
        self.uses = table([*self.capital.costs, "wind-down", "coupons"])
        self.guarantor, self.steps = table(self.capital.guarantees), table(self.capital.waterfall)
        self.party = table(PARTIES)
        self.unfunded, self.grants, self.tills = list(zeros), list(zeros), list(zeros)
        self.lacking = list(zeros)  # unfunded, and coupons that cannot be paid
        names = ["main"]
        for pool in [term.pool for term in deal.scenario.contract.terms.values()] + [
            step.pool for step in self.capital.waterfall.values() if step.pool is not None
        ]:
            names += [pool] if pool not in names else []
        self.pools = dict.fromkeys(names, 0.0)
        self.pool_table = table(names)
        self.till = 0.0
        self.due = dict.fromkeys(self.tranches, 0.0)  # interest due
        self.passed = {}  # what a share step has left in its pool

    # What a tranche has put in and got out.

    def received(self, i, t):
        return sum(self.table[kind][i][t] for kind in RECEIVED)

    def put_in(self, i, t):
        return self.table["draw"][i][t] + self.table["call"][i][t]

    def drawn(self, i):
        return sum(self.table["draw"][i])

    def returned(self, i):
        return sum(self.table["principal"][i]) + sum(self.table["guarantee"][i])

    def balance(self, i):
        """Principal outstanding."""
        return self.drawn(i) - self.returned(i)

    def hurdle(self, i, rate, t):
        """What a tranche is short of an annual return, at a grid point."""
        return sum(
            (self.put_in(i, u) - self.received(i, u)) * self.deal.grow(rate, t - u)
            for u in range(t + 1)
        )

    def investors(self):
        kept = ("grant", "deferred_fee")
        return [i for i, found in self.tranches.items() if found.kind not in kept]

    def missing(self, rate, t):
        return sum(self.hurdle(i, rate, t) for i in self.investors())

    def unreturned(self, share):
        drawn = sum(self.drawn(i) for i in self.investors())
        return share * drawn - sum(self.returned(i) for i in self.investors())

    # A grid point, in order.

    def accrue(self):
        """Interest of the period that has just ended."""
        for i, found in self.tranches.items():
            if found.kind in ("loan", "equity"):
                base = self.balance(i) + (self.due[i] if found.compounding == "compound" else 0.0)
                self.due[i] += base * ((1 + found.coupon.value) ** self.deal.years - 1)

    def receive_grants(self, t):
        for opening in self.capital.grants.values():
            if self.deal.grid(opening.at) == t:
                self.grants[t] += opening.amount.value
                self.till += opening.amount.value

    def receive(self, arrived):
        """Payments go to their pools."""
        for pool, amount in arrived.items():
            self.pools[pool] += amount

    def owe_payor(self, t):
        """What is owed to the payor comes from the main pool, the till, then the investors."""
        for pool, held in self.pools.items():
            if pool != "main" and held < 0:
                self.pools["main"] += held
                self.pools[pool] = 0.0
        owed = max(0.0, -self.pools["main"])
        self.pools["main"] += owed
        from_till = min(self.till, owed)
        self.till -= from_till
        self.call(t, owed - from_till)

    def call(self, t, amount):
        weights = {i: found.commitment.value for i, found in self.tranches.items()}
        if not weights:
            self.party["provider"][t] -= amount
        for i, part in pro_rata(amount, weights).items():
            self.table["call"][i][t] += part

    def distribute(self, t):
        """The waterfall: the steps of a pool share what is in it, in the order of the file."""
        self.owe_payor(t)
        if t == self.deal.T:
            self.take_steps(t, [pool for pool in self.pools if pool != "main"])
            for pool in self.pools:
                if pool != "main":
                    self.pools["main"] += self.pools[pool]
                    self.pools[pool] = 0.0
            self.pools["main"] += self.till
            self.till = 0.0
            self.take_steps(t, ["main"])
            last = "provider" if self.by_provider else self.capital.residual
            self.party[last][t] += self.pools["main"]
            self.pools["main"] = 0.0
            return
        self.take_steps(t, list(self.pools))
        if self.by_provider:
            self.party["provider"][t] += sum(self.pools.values())
            self.pools, self.passed = dict.fromkeys(self.pools, 0.0), {}

    def take_steps(self, t, pools):
        for name, step in self.capital.waterfall.items():
            pool = step.pool or "main"
            until = self.deal.T if step.until is None else self.deal.grid(step.until)
            if pool in pools and self.deal.grid(step.due) <= t <= until:
                paid = self.take_step(name, step, self.pools[pool], t)
                self.steps[name][t] += paid
                self.pools[pool] -= paid
        self.passed = {
            name: min(left, self.pools[self.capital.waterfall[name].pool or "main"])
            for name, left in self.passed.items()
        }

    def take_step(self, name, step, cash, t):
        """One step of the waterfall: what it pays out of the cash of its pool."""
        if step.pay == "reserve":
            if t == self.deal.T:
                return 0.0
            limit = math.inf if step.amount is None else step.amount.value
            kept = min(cash, max(0.0, limit - self.till))
            self.till += kept
            return kept
        if step.pay == "share":
            paid = self.share(step, max(0.0, cash - self.passed.get(name, 0.0)), t)
            self.passed[name] = cash - paid  # it has been shared: it is not so again
            return paid
        if step.pay == "fee":
            owed = math.inf if step.amount is None else step.amount.value
            paid = min(cash, max(0.0, owed - sum(self.steps[name])))
            for party, part in pro_rata(paid, weights_of(step.to)).items():
                self.party[party][t] += part
            return paid
        owed = {i: max(0.0, self.owed(step, i, t)) for i in step.to}
        paid = min(cash, sum(owed.values()))
        kind = "extra" if step.pay == "return" else step.pay
        for i, part in pro_rata(paid, owed).items():
            self.table[kind][i][t] += part
            if step.pay == "interest":
                self.due[i] -= part
        return paid

    def owed(self, step, i, t):
        if step.pay == "interest":
            return self.due[i]
        if step.pay == "principal":
            return self.balance(i)
        return self.hurdle(i, step.irr.value if step.irr else 0.0, t)

    def share(self, step, cash, t):
        paid = 0.0
        weights = weights_of(step.to)
        if isinstance(step.to, list):
            weights = pro_rata(1.0, weights)
        for name, share in weights.items():
            part = min(cash * share, cash - paid)
            if name in PARTIES:
                self.party[name][t] += part
            else:
                if step.irr is not None:
                    part = min(part, max(0.0, self.hurdle(name, step.irr.value, t)))
                self.table["extra"][name][t] += part
            paid += part
        return paid

    def costs(self, t):
        """What is to be paid at a grid point: [(line, amount)], coupons last."""
        found = []
        for name, line in self.capital.costs.items():
            at, amount = f"capital.costs.{name}", 0.0
            in_service = t < self.deal.T and t < self.known.stop
            if line.per_client_period is not None and in_service:
                amount += self.deal.input(f"{at}.per_client_period") * self.people["active"][t]
            if line.per_enrollment is not None and in_service:
                treated = self.people["enrolled"][TREATED][t]
                amount += self.deal.input(f"{at}.per_enrollment") * treated
            if line.per_period is not None and self.runs(line, t):
                amount += self.deal.input(f"{at}.per_period")
            for when in line.at:
                if self.deal.grid(when) == t:
                    amount += self.deal.input(f"{at}.at.{when}")
            amount *= (1 + line.inflation.value) ** (t * self.deal.years)
            amount *= self.deal.input(f"{at}.overrun") * self.deal.input("capital.overrun")
            found.append((name, amount))
        found.append(("wind-down", self.wind_down.get(t, 0.0)))
        paying = [i for i, tranche in self.tranches.items() if tranche.pays == "paid"]
        return [*found, ("coupons", sum(self.due[i] for i in paying))]

    def runs(self, line, t):
        """Whether a fixed amount each period is still to be paid."""
        if t < self.deal.grid(line.first) or (line.stops and t >= self.known.stop):
            return False
        return self.in_service(t) if line.last is None else t <= self.deal.grid(line.last)

    def in_service(self, t):
        """Whether anyone is or can still be served."""
        if t >= self.deal.T:
            return False
        (target_t, target_c), end = goals(self.deal, self.known, t)
        control, treated = self.people["enrolled"]
        full = (
            sum(treated[:t]) >= target_t - 1e-9 and sum(control[:t]) >= target_c - 1e-9
        )
        is_open = t < end and not full
        return is_open or self.people["active"][t] > 0 or self.people["waiting"][t] > 0

    def fund(self, t):
        """Draw what is needed, pay what can be paid; what cannot is recorded."""
        uses = self.costs(t)
        if self.by_provider:
            for name, amount in uses:
                self.uses[name][t] += amount
                self.party["provider"][t] -= amount
            return
        self.draw_planned(t)
        self.draw_needed(t, sum(amount for _, amount in uses) - self.till)
        for name, amount in uses:
            paid = min(amount, self.till)
            self.till -= paid
            self.uses[name][t] += paid
            self.lacking[t] += amount - paid
            if name != "coupons":
                self.unfunded[t] += amount - paid
            else:
                due = {i: self.due[i] for i, found in self.tranches.items() if found.pays == "paid"}
                for i, part in pro_rata(paid, due).items():
                    self.due[i] -= part
                    self.table["interest"][i][t] += part

    def left(self, i):
        """What can still be drawn of a commitment."""
        if i in self.stopped_funding:
            return 0.0
        return max(0.0, self.tranches[i].commitment.value - self.drawn(i))

    def draw(self, i, t, amount):
        self.table["draw"][i][t] += amount
        self.till += amount

    def draw_planned(self, t):
        for i, found in self.tranches.items():
            if found.schedule:
                for when, amount in found.schedule.items():
                    if self.deal.grid(when) == t:
                        self.draw(i, t, min(amount.value, self.left(i)))
            elif found.draw == "upfront" and self.deal.grid(found.first) == t:
                self.draw(i, t, self.left(i))

    def draw_needed(self, t, need):
        """By order, and within an order pro rata by commitment, each up to what is left."""
        for order in sorted({found.order for found in self.tranches.values()}):
            ready = {
                i: found.commitment.value
                for i, found in self.tranches.items()
                if found.order == order
                and found.draw == "as_needed"
                and not found.schedule
                and self.deal.grid(found.first) <= t
                and (found.last is None or t <= self.deal.grid(found.last))
                and self.left(i) > 0
            }
            while need > 0 and ready:
                parts = pro_rata(need, ready)
                for i, part in parts.items():
                    amount = min(part, self.left(i))
                    self.draw(i, t, amount)
                    need -= amount
                still = {i: w for i, w in ready.items() if self.left(i) > 0}
                if len(still) == len(ready):
                    break
                ready = still

    def short(self, t):
        """Whether the till is empty and that ends the service."""
        if self.capital.shortfall != "stop" or t >= self.deal.T or not self.in_service(t):
            return False
        raised = sum(found.commitment.value for found in self.tranches.values())
        return self.lacking[t] > 1e-9 * max(1.0, raised)

    def guarantee(self, t, ended):
        """Guarantors make good at maturity, or when a termination ends all payments."""
        for name, rule in self.capital.guarantees.items():
            at = self.deal.T if rule.at is None else self.deal.grid(rule.at)
            if min(at, ended) != t:
                continue
            lost = {i: max(0.0, self.balance(i)) for i in rule.tranches}
            amount = rule.share.value * sum(lost.values())
            if rule.kind == "floor":
                drawn = sum(self.drawn(i) for i in rule.tranches)
                if rule.of == "commitment":
                    drawn = sum(self.tranches[i].commitment.value for i in rule.tranches)
                returned = sum(self.returned(i) for i in rule.tranches)
                amount = min(sum(lost.values()), max(0.0, rule.share.value * drawn - returned))
            if rule.limit is not None:
                amount = min(amount, rule.limit.value)
            if rule.pot:
                amount = min(
                    amount,
                    sum(part.value for at, part in rule.pot.items() if self.deal.grid(at) <= t),
                )
            for i, part in pro_rata(amount, lost).items():
                self.table["guarantee"][i][t] += part
                self.guarantor[name][t] += part

    def close(self, t):
        """What is held at the end of a grid point."""
        self.tills[t] = self.till
        for pool, held in self.pools.items():
            self.pool_table[pool][t] = held
        for i in self.tranches:
            self.table["balance"][i][t] = self.balance(i)
            self.table["accrued"][i][t] = self.due[i]


def weights_of(to):
    if isinstance(to, dict):
        return {name: share.value for name, share in to.items()}
    return dict.fromkeys(to, 1.0)


def look_at_triggers(deal, contract, capital, known, t):
    """What triggers do at a grid point: the first event that the people do not know, if any."""
    triggers = list(deal.scenario.contract.triggers.values())
    for number, rule in enumerate(triggers):
        if t not in [deal.grid(when) for when in rule.at] or not contract.agree(rule, t):
            continue
        if rule.action == "stop_funding":
            capital.stopped_funding |= set(rule.tranches)
        elif rule.action == "terminate" and t < known.stop:
            return type(known)(t, StopCause.TRIGGER, number, known.expand, known.expansion)
        elif rule.action == "expand" and t < known.stop and known.expand == NEVER:
            return type(known)(known.stop, known.cause, known.trigger, t, rule)
    return None


def live_money(deal, people, known, true_mode, given):
    """All grid points: (cash, measures, an event that the people did not know of, or None)."""

    def evaluate(t):
        return Evaluation(deal, people, t, true_mode, given)

    contract, capital = Contract(deal, people, evaluate), Capital(deal, people, known)
    names = list(deal.scenario.evaluation.measures)
    measures = {name: [(0.0, False)] * len(deal.dates) for name in names}
    ended = NEVER
    if known.trigger >= 0:
        name, rule = list(deal.scenario.contract.triggers.items())[known.trigger]
        capital.wind_down[known.stop] = deal.input(f"contract.triggers.{name}.wind_down")
        ended = NEVER if rule.pays_after else known.stop
    for t in range(deal.T + 1):
        capital.accrue()
        capital.receive_grants(t)
        if t <= ended:
            for e, at in enumerate(deal.dates):
                if at == t:
                    contract.evaluations[t] = evaluate(t)
                    for name in names:
                        measures[name][e] = contract.evaluations[t].measure(name)
        contract.determine(t, ended)
        news = look_at_triggers(deal, contract, capital, known, t)
        if news is not None:
            return None, None, news
        capital.receive(contract.arrive(t, capital))
        if deal.scenario.capital.draws == "before_distribution":
            capital.fund(t)
        capital.distribute(t)
        if deal.scenario.capital.draws == "after_distribution":
            capital.fund(t)
        if t < known.stop and capital.short(t):
            return None, None, type(known)(
                t, StopCause.SHORTFALL, -1, known.expand, known.expansion
            )
        capital.guarantee(t, ended)
        capital.close(t)
    return cash_of(deal, contract, capital, known, measures), measures, None


def cash_of(deal, contract, capital, known, measures):
    """The cash of a path by the names of the kernels' state."""

    def rows(table):
        return [list(row) for row in table.values()]

    found = {kind: rows(table) for kind, table in (contract.table | capital.table).items()}
    points = range(deal.T + 1)
    flow = [
        [capital.received(i, t) - capital.put_in(i, t) for t in points] for i in capital.tranches
    ]
    return found | {
        "value": [[x if valid else 0.0 for x, valid in row] for row in measures.values()],
        "valid": [[int(valid) for _, valid in row] for row in measures.values()],
        "payor": rows(contract.by_payor),
        "uses": rows(capital.uses),
        "unfunded": capital.unfunded,
        "grants": capital.grants,
        "guarantor": rows(capital.guarantor),
        "flow": flow,
        "party": rows(capital.party),
        "till": capital.tills,
        "pool": rows(capital.pool_table),
        "step": rows(capital.steps),
        "events": [known.stop, known.cause, known.expand, known.trigger],
    }

