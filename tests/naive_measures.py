"""The evaluation of the slow twin: measures, conditions, tests of significance."""

import math
from statistics import NormalDist

from pfs_sim.model.evaluation import (
    Best,
    Blend,
    Fallback,
    OutcomeMeasure,
    PersonMeasure,
    Product,
    ProgramMeasure,
    Ratio,
    Worst,
)
from pfs_sim.tables.state import COMPLETED, CONTROL, LEFT, MATCHED, NO_SHOW, TREATED

NOTHING = (0.0, False)
SLACK = 1e-12


def reaches(x, bound, exceed=False):
    """Whether x is at least (or above) a bound, but for the last digits."""
    slack = SLACK * max(1.0, abs(bound))
    return x > bound + slack if exceed else x >= bound - slack


class Evaluation:
    """All measures at a grid point: of an evaluation, or of the program alone on any day."""

    def __init__(self, deal, people, t, true_mode, given):
        self.deal, self.people, self.t = deal, people, t
        self.e = max((e for e, at in enumerate(deal.dates) if at <= t), default=-1)
        self.true_mode, self.given = true_mode, given
        self.measures = deal.scenario.evaluation.measures
        self.found = {}

    def measure(self, name):
        """(value, whether it exists)."""
        if name not in self.found:
            self.found[name] = self.look(name)
        return self.found[name]

    def look(self, name):
        m = list(self.measures).index(name)
        given = self.given is not None and self.e >= 0
        if given and not math.isnan(self.given[m][self.e]):
            return float(self.given[m][self.e]), True
        measure = self.measures[name]
        if isinstance(measure, OutcomeMeasure):
            return self.outcome(name, measure)
        if isinstance(measure, ProgramMeasure):
            before = max((at for at in self.deal.dates if at < self.t), default=0)
            return program_count(self.deal, self.people, measure, self.t, before), True
        if isinstance(measure, PersonMeasure):
            return self.person(name, measure)
        return self.combine(measure)

    def looks_at_program_alone(self, name):
        """Whether a measure counts the program, or combines measures that do."""
        measure = self.measures[name]
        if isinstance(measure, OutcomeMeasure | PersonMeasure):
            return False
        if isinstance(measure, ProgramMeasure):
            return True
        return all(self.looks_at_program_alone(other) for other in parts_of(measure))

    def combine(self, measure):
        """Measures made of measures."""
        if isinstance(measure, Blend):
            parts = [(self.measure(name), weight.value) for name, weight in measure.blend.items()]
            if not all(valid for (_, valid), _ in parts):
                return NOTHING
            return sum(x * weight for (x, _), weight in parts) + measure.constant.value, True
        if isinstance(measure, Ratio):
            (upper, a), (lower, b) = (self.measure(name) for name in measure.ratio)
            return (upper / lower, True) if a and b and abs(lower) > 1e-12 else NOTHING
        if isinstance(measure, Product):
            parts = [self.measure(name) for name in measure.product]
            if not all(valid for _, valid in parts):
                return NOTHING
            return math.prod(x for x, _ in parts), True
        if isinstance(measure, Best):
            parts = [self.measure(name) for name in measure.best_of]
            return max([part for part in parts if part[1]], default=NOTHING)
        if isinstance(measure, Worst):
            parts = [self.measure(name) for name in measure.worst_of]
            return min(parts) if all(valid for _, valid in parts) else NOTHING
        if isinstance(measure, Fallback):
            parts = [self.measure(name) for name in measure.fallback]
            return next((part for part in parts if part[1]), NOTHING)
        early = self.t < self.deal.grid(measure.date)
        return self.measure(measure.before if early else measure.then)

    def cluster(self, name, n1, n0):
        """Mean clients in a cluster: as stated, or of the cohorts' arms enrolled so far."""
        stated = getattr(self.deal.scenario.outcomes[name], "cluster", None)
        if stated is not None:
            return stated
        arms = (TREATED,) if n0 is None else (CONTROL, TREATED)
        cohorts = sum(n > 0 for arm in arms for n in self.people["enrolled"][arm][: self.t])
        return max(1.0, (n1 + (n0 or 0.0)) / cohorts) if cohorts else 1.0

    def vintages(self, measure):
        return [self.e] if measure.basis == "vintage" else range(self.e + 1)

    def person(self, name, measure):
        """Money earned client by client; the truth: what is expected, below the caps of all."""
        cards = [n for n, found in self.measures.items() if isinstance(found, PersonMeasure)]
        vintages, outcomes = self.vintages(measure), list(self.deal.scenario.outcomes)

        def sums(table, outcome):
            rows = self.people[table][outcomes.index(outcome)][TREATED]
            return sum(row[v] for row in rows for v in vintages)

        measured = max(sums("n", outcome) for outcome in measure.person)
        if measured <= 0:
            return NOTHING
        if self.true_mode:
            hoped = sum(price.value * sums("e", k) for k, price in measure.person.items())
            return min(hoped, measured * measure.cap.value), True
        return sum(self.people["person"][cards.index(name)][v] for v in vintages), True

    def add(self, measure, table, arm):
        """Sum of an accumulator over the measure's vintages and sample."""
        samples = {"assigned": (NO_SHOW, LEFT, COMPLETED), "completed": (COMPLETED,)}
        used = samples.get(measure.sample, (LEFT, COMPLETED))
        if measure.sample == "treated" and arm == CONTROL:
            used = (NO_SHOW, LEFT, COMPLETED)
        k = list(self.deal.scenario.outcomes).index(measure.outcome)
        rows = self.people[table][k] if arm is None else self.people[table][k][arm]
        return sum(rows[sample][v] for sample in used for v in self.vintages(measure))

    def outcome(self, name, measure):
        """A statistic of one outcome."""
        outcome = self.deal.scenario.outcomes[measure.outcome]
        trials = outcome.trials if outcome.kind == "event" else 1
        y = "e" if self.true_mode else "y"
        bias = 0.0
        if measure.design != "rct" and not self.true_mode:
            bias = self.deal.input(f"evaluation.measures.{name}.bias")
        if measure.statistic == "measured":
            return self.add(measure, "n", CONTROL if measure.arm == "control" else TREATED), True
        if measure.statistic in ("total", "mean"):
            arm = CONTROL if measure.arm == "control" else TREATED
            n, units = self.add(measure, "n", arm), self.add(measure, y, arm)
            if n <= 0 or (n < measure.minimum_sample and not self.true_mode):
                return NOTHING
            return (units if measure.statistic == "total" else units / (n * trials)) + bias, True
        n1 = self.add(measure, "n", TREATED)
        other = {"rct": CONTROL, "matched": MATCHED}.get(measure.design)
        n0 = None if other is None else self.add(measure, "n", other)
        sizes = [n1] if n0 is None else [n1, n0]
        if min(sizes) <= 0 or (min(sizes) < measure.minimum_sample and not self.true_mode):
            return NOTHING
        mean1 = self.add(measure, y, TREATED) / (n1 * trials)
        if self.true_mode:
            mean0 = self.add(measure, "e0", None) / (n1 * trials)
        elif other is None:
            trend = self.deal.input(f"evaluation.measures.{name}.trend")
            years = self.t * self.deal.years
            mean0 = measure.comparison.value * (1 + trend) ** years
        else:
            mean0 = self.add(measure, y, other) / (n0 * trials)
        sign = 1 if outcome.good == "lower" else -1
        difference = sign * (mean0 - mean1)
        if measure.significance is not None and not self.true_mode:
            size = self.cluster(measure.outcome, n1, n0)
            error = standard_error(self.deal, measure.outcome, mean1, mean0, n1, n0, size)
            found = difference + bias * scale_of(measure.statistic, mean0, n1 * trials)
            if not significant(found, error, measure.significance.alpha.value):
                return NOTHING
        if measure.statistic == "relative_reduction":
            return (difference / mean0 + bias, True) if mean0 != 0 else NOTHING
        if measure.statistic == "averted":
            return difference * n1 * trials + bias, True
        return difference + bias, True


def scale_of(statistic, level, clients):
    """What one unit of a statistic is as a difference: a test sees bias and all."""
    return {"relative_reduction": level, "averted": 1.0 / clients}.get(statistic, 1.0)


def parts_of(measure):
    """Names of the measures of which a measure is made."""
    kinds = ("blend", "ratio", "product", "best_of", "worst_of", "fallback")
    found = next((getattr(measure, kind) for kind in kinds if hasattr(measure, kind)), None)
    return [measure.before, measure.then] if found is None else list(found)


def significant(difference, error, alpha):
    """The one-sided test: z at least Φ⁻¹(1 − α)."""
    bound = NormalDist().inv_cdf(1 - alpha)
    if error <= 0:
        return difference > 0
    return difference / error >= bound


def standard_error(deal, name, mean1, mean0, n1, n0, size=1):
    """The usual standard error of a difference; n0 None: a fixed comparison.

    `size`: clients in a cluster. A client of a milestone has as many occasions as periods of
    treatment can count.
    """
    outcome, at = deal.scenario.outcomes[name], f"outcomes.{name}"
    if outcome.kind in ("event", "milestone"):
        units, widen = 1.0, 1.0
        if outcome.kind == "event":
            occasions = outcome.trials
            widen += (size * occasions - 1) * outcome.icc.value if outcome.icc.value > 0 else 0.0
        else:
            length = deal.clock.span(deal.scenario.program.service.duration)
            occasions = min(length, outcome.limit or length)
            units = occasions * outcome.units.value
        p1, p0 = mean1 / units, mean0 / units
        pooled = p0 if n0 is None else (p1 * n1 + p0 * n0) / (n1 + n0)
        each = 1 / n1 + (0.0 if n0 is None else 1 / n0)
        return units * math.sqrt(max(0.0, pooled * (1 - pooled) * each / occasions * widen))

    def variance(mean):
        if outcome.kind == "count":
            k = math.inf if outcome.dispersion is None else outcome.dispersion.value
            return mean * (1 + mean / k)
        if outcome.kind == "amount":
            shape, share = deal.input(f"{at}.shape"), deal.input(f"{at}.share")
            each = mean / share if share > 0 else 0.0
            return share * each * each * (1 + 1 / shape) - mean * mean
        return deal.input(f"{at}.sd") ** 2

    found = variance(mean1) / n1 + (0.0 if n0 is None else variance(mean0) / n0)
    return math.sqrt(max(0.0, found))


def program_count(deal, people, measure, j, before):
    """A count of the program to grid point j, or since the one before."""
    counted, kind = measure.program, None
    if measure.type is not None:
        kind = list(deal.scenario.program.types).index(measure.type)

    def to_date(t):
        if counted in ("referred", "eligible"):
            return sum(people[counted][:t])
        if counted in ("enrolled", "treated", "control"):
            control, treated = people["enrolled"]
            if kind is not None:
                treated, control = people["enrolled_type"][kind], [0.0] * len(control)
            arms = {"enrolled": (control, treated), "treated": (treated,), "control": (control,)}
            return sum(sum(arm[:t]) for arm in arms[counted])
        if kind is not None:
            return sum(people["_by_type"][counted][kind][: t + 1])
        return sum(people[counted][: t + 1])

    if counted == "active":
        active = people["active"] if kind is None else people["active_type"][kind]
        return active[j - 1] if j >= 1 else 0.0
    return to_date(j) - (to_date(before) if measure.basis == "vintage" else 0.0)


def holds(condition, found):
    """Whether a bound on a measure holds; without data it does not."""
    value, valid = found
    if not valid:
        return False
    if condition.at_least is not None and not reaches(value, condition.at_least.value):
        return False
    return condition.below is None or not reaches(value, condition.below.value)
