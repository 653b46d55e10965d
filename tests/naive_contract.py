"""The contract of the slow twin: what falls due at an evaluation, and what of it arrives."""

import math
from collections import defaultdict
from datetime import date
from itertools import pairwise

from tests.naive_measures import holds, reaches


def pay(schedule, x):
    """The amount of a schedule for a measure, each kind in its own words."""
    kind = schedule.kind

    def from_on(bound):
        return reaches(x, bound.value, schedule.above)

    if kind == "fixed":
        return schedule.amount.value
    if kind == "rate":
        if schedule.both_ways:
            return schedule.price.value * x
        return schedule.price.value * x if from_on(schedule.start) else 0.0
    if kind == "savings":
        unit = schedule.value.value * schedule.share.value
        return unit * x if from_on(schedule.start) else 0.0
    if kind == "tiers":
        amount = schedule.below.value
        for bound, earned in schedule.tiers:
            amount = earned.value if from_on(bound) else amount
        return amount
    if kind == "pieces":
        amount = schedule.below.value
        for bound, earned, rate in schedule.pieces:
            if from_on(bound):
                amount = earned.value + rate.value * (x - bound.value)
        return amount
    if schedule.threshold is not None and not from_on(schedule.threshold):
        return 0.0
    points = [(a.value, b.value) for a, b in schedule.points]
    if x <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[-1][1]


def whole_years(since, then):
    """Birthdays between two dates."""
    return then.year - since.year - ((then.month, then.day) < (since.month, since.day))


class Contract:
    """The terms of one path: what is claimed, held back, on its way, paid."""

    def __init__(self, deal, people, evaluate):
        self.deal, self.people = deal, people
        self.today = evaluate  # grid point: Evaluation
        self.contract = deal.scenario.contract
        self.terms, self.payors = self.contract.terms, self.contract.payors
        self.evaluations = {}  # grid point: Evaluation
        self.claimed = dict.fromkeys(self.terms, 0.0)
        self.held = dict.fromkeys(self.terms, 0.0)
        self.gone = dict.fromkeys(self.terms, 0.0)  # cut by caps, of what is claimed
        self.pending = {name: defaultdict(float) for name in self.terms}  # by grid point
        self.rates = {name: defaultdict(list) for name in self.terms}  # return tables
        self.carried = {name: defaultdict(dict) for name in self.terms}  # past a year, by payor
        self.late = {name: defaultdict(dict) for name in self.terms}  # delayed, by payor
        self.paid_in = defaultdict(float)  # (what, name, fiscal year)
        self.paid_all = defaultdict(float)  # (what, name)
        zeros = [0.0] * (deal.T + 1)
        self.table = {
            name: {term: list(zeros) for term in self.terms}
            for name in ("due", "paid", "cut", "lost")
        }
        self.by_payor = {payor: list(zeros) for payor in self.payors}

    def look(self, name, t, counted=True):
        """A measure as conditions see it: of the program alone today, else as last measured.

        A holdback (`counted` false) looks at the last evaluation for every measure.
        """
        past = [at for at in self.evaluations if at <= t]
        if counted and t not in past and self.today(t).looks_at_program_alone(name):
            return self.today(t).measure(name)
        return self.evaluations[max(past)].measure(name) if past else (0.0, False)

    def agree(self, rule, t, counted=True):
        """Whether all of `only_if` and one of `any_of`, if any, hold."""

        def holding(conditions):
            return [holds(each, self.look(each.measure, t, counted)) for each in conditions]

        some = getattr(rule, "any_of", {})
        return all(holding(rule.only_if.values())) and (not some or any(holding(some.values())))

    def falls_due(self, term, t):
        """Whether a term is determined at a grid point."""
        names = list(self.deal.scenario.evaluation.dates)
        today = [name for name, at in zip(names, self.deal.dates, strict=True) if at == t]
        if term.at is None:
            return bool(today)
        return any(
            when in today if when in names else self.deal.grid(when) == t for when in term.at
        )

    def determine(self, t, ended):
        """Claim what every term has earned at a grid point, in the order of the file.

        After a termination without pay nothing more falls due but what was held back before.
        """
        for name, term in self.terms.items():
            if t <= ended and self.falls_due(term, t):
                self.claim(name, term, t)
        for name, term in self.terms.items():
            if term.holdback is not None and self.deal.grid(term.holdback.release) == t:
                self.release(name, term, t)

    def claim(self, name, term, t):
        if not self.agree(term, t) or any(self.claimed[other] for other in term.unless_paid):
            return
        x = 0.0
        if term.measure is not None:
            x, valid = self.look(term.measure, t)
            if not valid:
                return
        arrives = t + self.deal.clock.span(term.lag)
        factor = self.times(term, t) * self.escalate(term, t)
        if term.pays == "money":
            amount = pay(term.schedule, x) * factor
            self.send(name, t, arrives, self.take(name, term, t, amount))
        elif arrives <= self.deal.T:
            self.rates[name][arrives].append((pay(term.schedule, x), factor))

    def times(self, term, t):
        if not isinstance(term.times, str):
            return term.times.value
        value, valid = self.look(term.times, t)
        return value if valid else 0.0

    def escalate(self, term, t):
        if term.escalation is None:
            return 1.0
        since = term.escalation.since
        base = self.deal.clock.date(since) if isinstance(since, int) else date.fromisoformat(since)
        return (1 + term.escalation.rate.value) ** whole_years(base, self.deal.clock.date(t))

    def take(self, name, term, t, amount):
        """Claim an amount: what is on its way now, less what is held back."""
        if term.floor is not None:
            amount = max(amount, term.floor.value)
        new = self.new_claim(name, term, amount)
        self.claimed[name] += new
        self.table["due"][name][t] += new
        back = term.holdback
        # A return table is claimed when it arrives, which on the day of the release is too late.
        late = 0 if term.pays == "money" else 1
        if new > 0 and back is not None and t + late <= self.deal.grid(back.release):
            self.held[name] += back.share.value * new
            new *= 1 - back.share.value
        return new

    def new_claim(self, name, term, amount):
        """What an amount adds to the claims so far, below the term's cap."""
        cap = math.inf if term.cap is None else term.cap.value
        if term.basis == "each" or term.schedule.kind == "fixed" or term.pays != "money":
            return min(amount, cap - self.claimed[name])
        least = min(amount, cap)
        new = least - self.claimed[name]
        if new >= 0 or (amount >= 0 and not term.claw_back):
            return max(0.0, new)
        if self.gone[name] > 0:  # what was cut was never paid, and is not paid back
            paid = self.claimed[name] - self.gone[name]
            new, self.gone[name] = min(0.0, least - paid), max(0.0, least - paid)
            self.claimed[name] = least - new
        return new

    def send(self, name, t, arrives, amount):
        """Put a payment on its way; what would arrive past the grid is lost."""
        if arrives > self.deal.T:
            self.table["lost"][name][t] += amount
        else:
            self.pending[name][arrives] += amount

    def release(self, name, term, t):
        """What was held back falls due if its conditions hold, else it is forfeited."""
        held, self.held[name] = self.held[name], 0.0
        if self.agree(term.holdback, t, counted=False):
            self.send(name, t, t + self.deal.clock.span(term.lag), held)

    def arrive(self, t, capital):
        """All payments of a grid point, term by term: pool → money received.

        What earlier terms pay on a grid point counts for the hurdles of later ones.
        """
        pools = defaultdict(float)
        for name, term in self.terms.items():
            amount = self.pending[name].pop(t, 0.0)
            for rate, factor in self.rates[name].pop(t, []):
                owed = max(0.0, self.owe(term, rate, t, capital) - sum(pools.values()))
                amount += self.take(name, term, t, owed * factor)
            if term.switch is not None and amount > 0:
                amount = self.switch(term.switch, amount, t, capital, pools.get(term.pool, 0.0))
            parts = {payor: amount * share for payor, share in self.shares(term).items()}
            for payor, part in self.carried[name].pop(t, {}).items():
                parts[payor] += part
            parts = self.appropriate(name, parts, t)
            if sum(parts.values()) > 0:
                parts = self.limit(name, term, parts, t)
            year = self.deal.clock.fiscal_year(t)
            for payor, part in parts.items():
                self.by_payor[payor][t] += part
                for what in (("term", name), ("contract", ""), ("payor", payor)):
                    self.paid_in[(*what, year)] += part
                    self.paid_all[what] += part
            self.table["paid"][name][t] += sum(parts.values())
            pools[term.pool] += sum(parts.values())
        return pools

    def shares(self, term):
        if term.payors is None:
            return dict.fromkeys(self.payors, 1 / len(self.payors))
        return {payor: share.value for payor, share in term.payors.items()}

    def owe(self, term, rate, t, capital):
        """A return table: what brings the investors to an IRR, or to a share of principal."""
        return capital.missing(rate, t) if term.pays == "irr" else capital.unreturned(rate)

    def switch(self, rule, amount, t, capital, before):
        """The full share until principal and interest are repaid, a factor of it from then on."""
        owed = sum(capital.hurdle(i, rule.rate.value, t) for i in rule.tranches)
        owed = max(0.0, owed - before)
        return min(amount, owed) + max(0.0, amount - owed) * rule.factor.value

    def fails(self, payor, t):
        """Whether the appropriation of a fiscal year fails; frozen: how probably."""
        rule = self.payors[payor].default
        if rule is None:
            return 0.0
        p = self.deal.input(f"contract.payors.{payor}.default.probability")
        if "payor" in self.deal.frozen:
            return p
        year = self.deal.clock.fiscal_year(t) - self.deal.clock.fiscal_year(0)
        stream = self.deal.stream("payor", f"appropriation:{payor}", year)
        return 1.0 if stream.uniform() < p else 0.0

    def appropriate(self, name, parts, t):
        """What payors pay of their parts; a failed appropriation loses or delays them."""
        for payor, part in parts.items():
            failed = self.fails(payor, t)
            if failed == 0 or part <= 0:
                continue
            rule = self.payors[payor].default
            struck, delay = part * failed, self.deal.clock.span(rule.late)
            gone = struck * rule.lost.value
            rest = struck - gone
            self.table["lost"][name][t] += gone
            if delay == 0:
                parts[payor] = part - gone
                continue
            parts[payor] = part - struck
            if t + delay > self.deal.T:
                self.table["lost"][name][t] += rest
            else:
                found = self.late[name][t + delay]
                found[payor] = found.get(payor, 0.0) + rest
        for payor, part in self.late[name].pop(t, {}).items():
            parts[payor] = parts.get(payor, 0.0) + part
        return parts

    def limit(self, name, term, parts, t):
        """Caps: the term's and the contract's fiscal year, the payors', the contract's."""
        year = self.deal.clock.fiscal_year(t)
        for what, cap in (
            (("term", name), term.fiscal_year_cap),
            (("contract", ""), self.contract.fiscal_year_cap),
        ):
            if cap is not None:
                room = cap.amount.value - self.paid_in[(*what, year)]
                parts = self.cut(name, parts, room, t, cap.excess)
        for payor in list(parts):
            rule = self.payors[payor]
            if rule.fiscal_year_cap is not None:
                cap = rule.fiscal_year_cap
                room = cap.amount.value - self.paid_in["payor", payor, year]
                parts |= self.cut(name, {payor: parts[payor]}, room, t, cap.excess)
            if rule.cap is not None:
                room = rule.cap.value - self.paid_all["payor", payor]
                parts |= self.cut(name, {payor: parts[payor]}, room, t, "forfeit")
        if self.contract.cap is not None:
            room = self.contract.cap.value - self.paid_all["contract", ""]
            parts = self.cut(name, parts, room, t, "forfeit")
        return parts

    def cut(self, name, parts, room, t, excess):
        """Cut a payment to what there is room for, pro rata; the excess is lost or carried.

        What is carried stays with the payor who owes it.
        """
        whole, room = sum(parts.values()), max(0.0, room)
        if whole <= room:
            return parts
        kept = {payor: part * room / whole for payor, part in parts.items()}
        year, fiscal = self.deal.clock.fiscal_year(t), self.deal.clock.fiscal_year
        later = next((u for u in range(t, self.deal.T + 1) if fiscal(u) > year), None)
        for payor, part in parts.items():
            over = part - kept[payor]
            if excess == "forfeit":
                self.table["cut"][name][t] += over
                self.gone[name] += over
            elif later is None:
                self.table["lost"][name][t] += over
            else:
                found = self.carried[name][later]
                found[payor] = found.get(payor, 0.0) + over
        return kept
