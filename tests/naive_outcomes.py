"""The outcomes of the slow twin: what happens to each group, and what of it is measured when."""

import math
import sys
from dataclasses import dataclass
from itertools import pairwise

from pfs_sim.model.evaluation import OutcomeMeasure, PersonMeasure
from pfs_sim.tables.state import MATCHED, TREATED
from tests.naive_people import Group, thin
from tests.naive_random import beta_binomial, gamma, in_lanes, negative_binomial, normal, poisson

AVERAGE = object()  # in the place of a stream: clients to whom happens what is expected
TINY = sys.float_info.min  # the least mean amount on the difference scale


def logit(p):
    return -math.inf if p <= 0 else math.inf if p >= 1 else math.log(p / (1 - p))


def expit(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def move(scale, base, shift, low, high):
    """Shift a level on its link scale and bring it back into its range."""
    if scale == "log_odds":
        return expit(logit(base) + shift)
    moved = base * math.exp(shift) if scale == "log" else base + shift
    return min(high, max(low, moved))


def moments(outcome):
    """Mean and variance of one client's outcome at the mean level."""
    mean = outcome.level.mean()
    if outcome.kind == "count":
        k = math.inf if outcome.dispersion is None else outcome.dispersion.value
        return mean, mean + mean * mean / k
    if outcome.kind == "amount":
        p, shape = outcome.share.mean(), outcome.shape.mean()
        return p * mean, p * mean * mean * (1 + 1 / shape) - (p * mean) ** 2
    return mean, mean * (1 - mean)


def solved_shift(outcome, rho, kind):
    """The shift of a type (0: unfavorable) that gives a client's outcomes the correlation ρ."""
    higher = (kind == 0) == (outcome.good == "lower")
    sign = 1 if higher else -1
    if outcome.kind == "score":
        step = sign * math.sqrt(rho)
        return step if outcome.scale == "smd" else step * outcome.sd.mean()
    mean, variance = moments(outcome)
    moved = mean + sign * math.sqrt(rho * variance)
    if outcome.kind == "amount":
        p = outcome.share.mean()
        mean, moved = mean / p, moved / p
    if outcome.scale == "log_odds":
        return logit(moved) - logit(mean)
    return math.log(moved / mean) if outcome.scale == "log" else moved - mean


def type_shift(deal, name, kind):
    """(shift of the counterfactual on the link scale, factor on the effect) of a type."""
    program = deal.scenario.program
    if program.client_correlation is not None:
        outcome = deal.scenario.outcomes[name]
        return solved_shift(outcome, program.client_correlation.value, kind), 1.0
    if not program.types:
        return 0.0, 1.0
    found = list(program.types.values())[kind]
    level, effect = found.level.get(name), found.effect.get(name)
    return (level.value if level else 0.0), (effect.value if effect else 1.0)


def dose_effect(deal, dose):
    """The share of the effect for a share of the treatment (flat outside the points)."""
    points = [(x.value, y.value) for x, y in deal.scenario.program.dose_response]
    if dose <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if dose <= x1:
            return y0 + (y1 - y0) * (dose - x0) / (x1 - x0)
    return points[-1][1]


def level(deal, name, kind, period, share):
    """The level of a type in a period, with a share of the effect: what `draw` needs.

    For an amount: (share of clients who have any, their mean). Drift and types move the mean.
    """
    outcome, at = deal.scenario.outcomes[name], f"outcomes.{name}"
    shift, factor = type_shift(deal, name, kind)
    shift += deal.input(f"{at}.drift") * period * deal.years
    gain = share * deal.input(f"{at}.effect") * factor
    if outcome.kind == "amount" and outcome.effect_on == "share":
        some = move("log_odds", deal.input(f"{at}.share"), gain, 0.0, 1.0)
        return some, move(outcome.scale, deal.input(f"{at}.level"), shift, TINY, math.inf)
    shift += gain
    base = deal.input(f"{at}.level")
    if outcome.kind in ("event", "milestone"):
        return move(outcome.scale, base, shift, 0.0, 1.0)
    if outcome.kind == "count":
        return move(outcome.scale, base, shift, 0.0, math.inf)
    if outcome.kind == "score":
        return base + shift * (deal.input(f"{at}.sd") if outcome.scale == "smd" else 1.0)
    return deal.input(f"{at}.share"), move(outcome.scale, base, shift, TINY, math.inf)


def is_expected(deal, stream):
    """Whether what is recorded is what is expected to be recorded."""
    return stream is AVERAGE or "chance" in deal.frozen


def expect(outcome, clients, law):
    """The expected sum of so many clients (not milestones)."""
    if outcome.kind == "event":
        return clients * outcome.trials * law
    if outcome.kind == "amount":
        return clients * law[0] * law[1]
    return clients * law


def draw(deal, stream, name, clients, law):
    """What is recorded of so many clients (not milestones)."""
    outcome, at = deal.scenario.outcomes[name], f"outcomes.{name}"
    frozen = is_expected(deal, stream)
    if clients <= 0:
        return 0.0
    if outcome.kind == "event":
        return record(deal, stream, name, clients, law)
    if frozen:
        return expect(outcome, clients, law)
    if outcome.kind == "count":
        mean = clients * law
        if outcome.dispersion is None:
            return poisson(stream, mean)
        return negative_binomial(stream, outcome.dispersion.value * clients, mean)
    if outcome.kind == "amount":
        shape = deal.input(f"{at}.shape")
        some = thin(stream, clients, law[0], frozen)
        return gamma(stream, shape * some) * law[1] / shape
    return clients * law + normal(stream) * math.sqrt(clients) * deal.input(f"{at}.sd")


def together(stream, n, p, frozen, piece=0):
    """As `thin`, for clients who are drawn in lanes: from a piece of the stream of their own."""
    if frozen:
        return n * p
    whole = math.floor(n)
    return in_lanes(stream.at, piece, whole, p) + (n - whole) * p


def draw_lot(deal, stream, name, clients, law):
    """What is recorded of clients of a lot, or of their periods of service."""
    outcome, at = deal.scenario.outcomes[name], f"outcomes.{name}.record"
    if outcome.kind not in ("event", "milestone"):
        return draw(deal, stream, name, clients, law)
    frozen = is_expected(deal, stream)
    trials = clients * getattr(outcome, "trials", 1)
    y = together(stream, trials, law, frozen)
    if getattr(outcome, "record", None) is None:
        return y
    seen = together(stream, y, deal.input(f"{at}.sensitivity"), frozen, 256)
    wrong = 1 - deal.input(f"{at}.specificity")
    return seen + together(stream, trials - y, wrong, frozen, 512)


def record(deal, stream, name, clients, p):
    """Events among so many clients, as the record shows them."""
    outcome = deal.scenario.outcomes[name]
    trials, icc = clients * outcome.trials, outcome.icc.value
    frozen = is_expected(deal, stream)
    if frozen:
        y = trials * p
    elif icc > 0:
        size = outcome.cluster or clients
        y, rest = 0.0, clients
        while rest > 0:
            each = min(size, rest) * outcome.trials
            whole = math.floor(each)
            y += beta_binomial(stream, whole, p, icc) + (each - whole) * p
            rest -= size
    else:
        y = thin(stream, trials, p, frozen)
    if outcome.record is None:
        return y
    seen = deal.input(f"outcomes.{name}.record.sensitivity")
    wrong = 1 - deal.input(f"outcomes.{name}.record.specificity")
    return thin(stream, y, seen, frozen) + thin(stream, trials - y, wrong, frozen)


def repeat(deal, stream, outcome, clients, laws):
    """Credited successes of a milestone by age, up to the limit of a client."""
    limit, found = outcome.limit, []
    states = [clients] + [0.0] * ((limit or 1) - 1)  # clients by successes so far
    for p in laws:
        took = [
            thin(stream, n, p, stream is None or is_expected(deal, stream)) for n in states
        ]
        found.append(sum(took))
        if limit is not None:
            for s, n in enumerate(took):
                states[s] -= n
                if s + 1 < limit:
                    states[s + 1] += n
    return found


def delay(deal, outcome):
    """Grid points from the opening of a window (the period of a milestone) to its report."""
    window = 1 if outcome.kind == "milestone" else deal.clock.span(outcome.window)
    return window + deal.clock.span(outcome.reporting)


def ready(deal, name, group):
    """Grid point at which an outcome of a group has been reported (of a milestone: the first)."""
    outcome = deal.scenario.outcomes[name]
    if isinstance(group, Lot):
        return group.when
    at_exit = outcome.opens == "exit" and outcome.kind != "milestone"
    return (group.exit if at_exit else group.cohort) + delay(deal, outcome)


def credit(deal, name, group, a):
    """Grid point at which a milestone of period of service a is known and counts."""
    outcome = deal.scenario.outcomes[name]
    return group.cohort + max(a, deal.clock.span(outcome.qualify) - 1) + delay(deal, outcome)


def as_seen(deal, group, when):
    """A group as it counts in data reported then: a stop changes nothing that was seen by then."""
    seen = deal.vintage(when)
    if group.before is None or (seen is not None and deal.dates[seen] <= group.exit):
        return group.before or group
    return group


def at_report(deal, name, group):
    """A group as it counts when its outcome is reported."""
    return as_seen(deal, group, ready(deal, name, group.before or group))


def occur(deal, stream, name, group, clients, effect):
    """[(grid point, units, class)] of so many clients; without a stream, what is expected."""
    outcome = deal.scenario.outcomes[name]

    def law(seen, a=0):
        share = dose_effect(deal, seen.dose) if effect and group.arm == TREATED else 0.0
        return level(deal, name, group.kind, group.cohort + a, share)

    if outcome.kind != "milestone":
        seen = at_report(deal, name, group)
        if stream is None:
            value = expect(outcome, clients, law(seen))
        elif isinstance(group, Lot):
            value = draw_lot(deal, stream, name, clients, law(seen))
        else:
            value = draw(deal, stream, name, clients, law(seen))
        return [(ready(deal, name, seen), value, seen.sample)]
    units = outcome.units.value
    if isinstance(group, Lot):
        p = law(group)
        hits = clients * p if stream is None else draw_lot(deal, stream, name, clients, p)
        return [(group.when, hits * units, group.sample)]
    times = [credit(deal, name, group, a) for a in range(group.periods)]
    versions = [as_seen(deal, group, when) for when in times]
    laws = [law(seen, a) for a, seen in enumerate(versions)]
    hits = repeat(deal, stream, outcome, clients, laws)
    if group.periods < deal.clock.span(outcome.qualify):
        return []
    return [
        (when, n * units, seen.sample)
        for when, n, seen in zip(times, hits, versions, strict=True)
    ]


def total(found):
    return sum(units for _, units, _ in found)


@dataclass
class Lot(Group):
    """Clients, or their periods of service, that are drawn together; `cohort` is its address."""

    when: int = 0  # grid point of the report


def can_merge(deal, name):
    """Whether cohorts that are measured together can live an outcome together."""
    outcome, at = deal.scenario.outcomes[name], f"outcomes.{name}"
    measures = deal.scenario.evaluation.measures.values()
    ratios = [
        found.ratio.value
        for found in measures
        if getattr(found, "design", "") == "matched" and found.outcome == name
    ]
    if outcome.kind == "milestone":
        sure = deal.certainly(f"{at}.level", 1.0) and outcome.scale == "log_odds"
        if outcome.limit is not None and not sure:
            return False
        if any(not deal.certainly(f"{at}.loss.{arm}", 0.0) for arm in ("treated", "control")):
            return False
    return (
        deal.certainly(f"{at}.drift", 0.0)
        and outcome.after is None
        and all(other.after != name for other in deal.scenario.outcomes.values())
        and not any(name in found.person for found in measures if hasattr(found, "person"))
        and not (outcome.kind == "event" and outcome.icc.value > 0)
        and all(ratio == int(ratio) for ratio in ratios)
        and not (outcome.kind == "milestone" and ratios)
    )


def lots(deal, name, groups):
    """The lots of an outcome, by bucket: {(address, arm, type, age): [the lot]}.

    Those cut short by a stop have the addresses that follow those of the buckets.
    """
    outcome, found = deal.scenario.outcomes[name], {}
    after_buckets = deal.clock.span(deal.scenario.program.service.duration) + 2

    def put(seen, when, age):
        opens = first_opening(deal, outcome, when)
        cut = seen.before is not None
        key = (seen.cohort if cut else opens, seen.arm, seen.kind)
        key = (*key, after_buckets + age if cut else seen.bucket)
        lot = Lot(key[0], seen.arm, seen.kind, 0, 0, 0, seen.dose, seen.sample, when=when)
        found.setdefault(key, [lot])[0].n += seen.n

    for group in groups:
        if outcome.kind != "milestone":
            seen = at_report(deal, name, group)
            put(seen, ready(deal, name, seen), 0)
        elif group.periods >= deal.clock.span(outcome.qualify):
            for a in range(min(group.periods, outcome.limit or group.periods)):
                when = credit(deal, name, group, a)
                put(as_seen(deal, group, when), when, a)
    return found


FIRST = {"assigned": 0, "treated": 1, "completed": 2}


def least_class(deal, name, arm):
    """The least class of clients in an arm at whom a measure looks; 3 where none does."""
    measures = deal.scenario.evaluation.measures.values()
    measures = [found for found in measures if getattr(found, "outcome", None) == name]
    if not measures:
        return 0
    found = [3]
    for measure in measures:
        alone = measure.statistic in ("total", "mean", "measured") and measure.arm == "control"
        sample = "assigned" if arm != TREATED and measure.sample == "treated" else measure.sample
        if measure.design == "rct" or alone == (arm != TREATED):
            found.append(FIRST[sample])
    return min(found)


def first_opening(deal, outcome, when):
    """First grid point at which a window opens whose data are drawn with those reported then."""
    ends = [end for end in deal.ends if end < when]
    return max(0, max(ends) + 1 - delay(deal, outcome)) if ends else 0


def in_order(outcomes):
    """Names of outcomes, each behind the one that it comes after."""
    found = []
    while len(found) < len(outcomes):
        found += [
            name
            for name, outcome in outcomes.items()
            if name not in found and outcome.after in (None, *found)
        ]
    return found


class Happening:
    """What happens to the groups of one path, and the accumulators that remember it."""

    def __init__(self, deal, groups):
        self.deal, self.outcomes = deal, deal.scenario.outcomes
        self.cells = {}  # (cohort, arm, type): groups by bucket
        for group in groups:
            self.cells.setdefault((group.cohort, group.arm, group.kind), []).append(group)
        self.merged = {
            name: lots(deal, name, groups)
            for name in self.outcomes
            if can_merge(deal, name) and deal.merge != ()
        }
        self.k = {name: i for i, name in enumerate(self.outcomes)}
        measures = deal.scenario.evaluation.measures.values()
        self.cards = [found for found in measures if isinstance(found, PersonMeasure)]
        self.ratios = {
            found.outcome: found.ratio.value
            for found in reversed(list(measures))
            if isinstance(found, OutcomeMeasure) and found.design == "matched"
        }
        K, V = len(self.outcomes), len(deal.dates)
        table = [[[[0.0] * V for _ in range(3)] for _ in range(3)] for _ in range(K)]
        self.n, self.y, self.e = table, copy(table), copy(table)
        self.e0 = [[[0.0] * V for _ in range(3)] for _ in range(K)]
        self.person = [[0.0] * V for _ in self.cards]
        self.true = {name: [0.0] * K for name in ("true_n", "true_y", "true_y0")}
        self.measured, self.recorded = {}, {}  # [name, id(group)]: clients, units
        self.hoped = {}  # [name, id(group), which]: expected units, the chain of `after`

    def add(self, table, name, group, found, arm=None):
        """Put what is known at grid points into the vintages in which it is measured."""
        arm = group.arm if arm is None else arm
        for when, amount, sample in found:
            vintage = self.deal.vintage(when)
            if vintage is not None:
                table[self.k[name]][arm][sample][vintage] += amount

    def count(self, name, group, clients, arm=None):
        """Put clients into the vintage in which they are measured."""
        seen = at_report(self.deal, name, group)
        found = [(ready(self.deal, name, seen), clients, seen.sample)]
        self.add(self.n, name, group, found, arm)

    def live(self, name):
        """The groups that live an outcome, by their address: lots, or cohort by cohort."""
        return self.merged.get(name, self.cells).items()

    def follow(self, name):
        """Thin every group to those measured (an outcome after another one: to its successes)."""
        deal, outcome = self.deal, self.outcomes[name]
        for cell, groups in self.live(name):
            arm = "treated" if cell[1] == TREATED else "control"
            lost = deal.input(f"outcomes.{name}.loss.{arm}")
            stream = deal.stream("attrition", f"follow_up:{name}", *cell)
            for group in groups:
                n = self.recorded[outcome.after, id(group)] if outcome.after else group.n
                if name in self.merged and group.sample < least_class(deal, name, cell[1]):
                    n = 0
                elif name in self.merged:
                    n = together(stream, n, 1 - lost, "attrition" in deal.frozen)
                elif not deal.certainly(f"outcomes.{name}.loss.{arm}", 0.0):
                    n = thin(stream, n, 1 - lost, "attrition" in deal.frozen)
                self.measured[name, id(group)] = n

    def happen(self, name):
        """Draw an outcome for every group."""
        for cell, groups in self.live(name):
            stream = self.deal.stream("chance", f"outcome:{name}", *cell)
            for group in groups:
                clients = self.measured[name, id(group)]
                found = occur(self.deal, stream, name, group, clients, True)
                self.keep(name, group, found)

    def keep(self, name, group, found):
        self.recorded[name, id(group)] = total(found)
        self.add(self.y, name, group, found)
        if not (isinstance(group, Lot) and self.outcomes[name].kind == "milestone"):
            self.count(name, group, self.measured[name, id(group)])

    def count_clients(self, name):
        """Those of a milestone whose periods are drawn together."""
        for groups in self.cells.values():
            for group in groups:
                if group.arm == TREATED or least_class(self.deal, name, group.arm) < 3:
                    self.count(name, group, group.n)

    def hope(self, name):
        """Expected sums: of those measured, with and without the effect, and of everyone."""
        deal, outcome = self.deal, self.outcomes[name]
        for _, groups in self.live(name):
            for group in groups:
                treated = group.arm == TREATED
                lost = deal.input(f"outcomes.{name}.loss.{'treated' if treated else 'control'}")
                for which, effect in (("e", True), ("e0", False), ("true", True), ("zero", False)):
                    all_of_them = which in ("true", "zero")
                    if outcome.after:
                        n = self.hoped[outcome.after, id(group), which]
                        n *= 1.0 if all_of_them else 1 - lost
                    else:
                        n = group.n if all_of_them else self.measured[name, id(group)]
                    found = occur(deal, None, name, group, n, effect)
                    self.hoped[name, id(group), which] = total(found)
                    if which == "e":
                        self.add(self.e, name, group, found)
                    elif which == "e0" and treated:
                        by_arm = [[[]], self.e0[self.k[name]], [[]]]
                        self.add({self.k[name]: by_arm}, name, group, found)
                if treated:
                    self.true["true_y"][self.k[name]] += self.hoped[name, id(group), "true"]
                    self.true["true_y0"][self.k[name]] += self.hoped[name, id(group), "zero"]

    def count_treated(self, name):
        """Everybody who was treated, measured or not."""
        self.true["true_n"][self.k[name]] = sum(
            group.n
            for groups in self.cells.values()
            for group in groups
            if group.arm == TREATED
        )

    def match(self, name):
        """A comparison sample for every treated group, without the effect.

        What the ratio makes of a cohort is rounded as a whole, up as often as the fraction says.
        """
        deal, ratio = self.deal, self.ratios[name]
        for cell, groups in self.live(name):
            stream = deal.stream("chance", f"matched:{name}", *cell)
            asked, found_before, start = 0.0, 0, 0.5
            if cell[1] == TREATED and ratio != int(ratio) and "chance" not in deal.frozen:
                start = stream.uniform()
            for group in groups if cell[1] == TREATED else ():
                n = ratio * self.measured[name, id(group)]
                if "chance" not in deal.frozen:
                    asked += n
                    n = math.floor(asked + start) - found_before
                    found_before += n
                found = occur(deal, stream, name, group, n, False)
                self.add(self.y, name, group, found, MATCHED)
                expected = occur(deal, None, name, group, n, False)
                self.add(self.e, name, group, expected, MATCHED)
                self.count(name, group, n, MATCHED)

    def follow_card(self, card):
        """Who is measured, outcome by outcome; a chain inside the card is followed later."""
        for name in card.person:
            if self.outcomes[name].after not in card.person:
                self.follow(name)

    def pay_clients(self, p, card):
        """Draw the outcomes of a rate card client by client, and what each of them earns.

        Clients are numbered, and of each outcome the first are those who were followed up.
        """
        names = list(card.person)
        free = [name for name in names if self.outcomes[name].after not in card.person]
        for cell, groups in self.cells.items():
            stream = self.deal.stream("chance", f"outcome:{names[0]}", *cell)
            for group in groups:
                self.measured |= {(n, id(group)): 0 for n in names if n not in free}
                sums = {name: [] for name in names}
                most = max(self.measured[name, id(group)] for name in free)
                whole = 0 if "chance" in self.deal.frozen else math.floor(most)
                for i in range(whole):
                    self.earn(p, card, group, self.live_client(stream, card, group, i, sums), 1)
                if most > whole:
                    earned, clients = self.live_average(card, group, whole, sums)
                    self.earn(p, card, group, earned, clients)
                for name in names:
                    self.keep(name, group, sums[name])

    def lose(self, name, group):
        """Probability of being lost to follow-up."""
        arm = "treated" if group.arm == TREATED else "control"
        return self.deal.input(f"outcomes.{name}.loss.{arm}")

    def live_client(self, stream, card, group, i, sums):
        """One client's outcomes in the order of the card: [(grid point, money)].

        Whether a client who can have a following outcome is followed up is drawn in turn.
        """
        earned, had = [], {}
        for name, price in card.person.items():
            after = self.outcomes[name].after
            if after in card.person:
                one = had[after] > 0 and thin(stream, 1, 1 - self.lose(name, group), False) > 0
                self.measured[name, id(group)] += one
            else:
                one = i < math.floor(self.measured[name, id(group)])
            found = occur(self.deal, stream, name, group, 1, True) if one else []
            had[name] = total(found)
            sums[name] += found
            earned += [(when, units * price.value) for when, units, _ in found]
        return earned

    def live_average(self, card, group, drawn, sums):
        """What clients beyond those drawn earn: all of them, or a fraction of one, as expected."""
        earned, had, most = [], {}, 0.0
        for name, price in card.person.items():
            after = self.outcomes[name].after
            if after in card.person:
                n = had[after] * (1 - self.lose(name, group))
                self.measured[name, id(group)] += n
            else:
                n = self.measured[name, id(group)]
                n -= min(math.floor(n), drawn)
                most = max(most, n)
            found = occur(self.deal, AVERAGE, name, group, n, True)
            had[name] = total(found)
            sums[name] += found
            earned += [(when, units * price.value) for when, units, _ in found]
        return [(when, money / most) for when, money in earned], most

    def earn(self, p, card, group, earned, clients):
        """Add up a client's money by vintage, capped."""
        before, gross = 0.0, 0.0
        for v in range(len(self.deal.dates) if group.arm == TREATED else 0):
            gross += sum(money for when, money in earned if self.deal.vintage(when) == v)
            self.person[p][v] += clients * (min(gross, card.cap.value) - before)
            before = min(gross, card.cap.value)


def copy(table):
    return [copy(part) for part in table] if isinstance(table, list) else table


def live_outcomes(deal, groups):
    """Everything that happens to the groups: the accumulators, by name."""
    happening = Happening(deal, groups)
    on_cards = {name: card for card in happening.cards for name in card.person}
    for name in in_order(deal.scenario.outcomes):
        card = on_cards.get(name)
        if card is None:
            happening.follow(name)
            happening.happen(name)
            if name in happening.merged and deal.scenario.outcomes[name].kind == "milestone":
                happening.count_clients(name)
        elif name == next(iter(card.person)):
            happening.follow_card(card)
            happening.pay_clients(happening.cards.index(card), card)
    for name in in_order(deal.scenario.outcomes):
        happening.hope(name)
        happening.count_treated(name)
        if name in happening.ratios:
            happening.match(name)
    return {
        "n": happening.n,
        "y": happening.y,
        "e": happening.e,
        "e0": happening.e0,
        "person": happening.person,
        **happening.true,
    }
