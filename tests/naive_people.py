"""The program of the slow twin: people are referred, enrolled, served, and leave."""

import itertools
import math
from dataclasses import dataclass, replace

from pfs_sim.model.clock import _SPAN
from pfs_sim.tables.state import COMPLETED, CONTROL, LEFT, NEVER, NO_SHOW, TREATED
from tests.naive_random import binomial, in_lanes, negative_binomial, poisson, spread

MANY = math.inf
CROWD = 512  # more people than this, or than 64 a class, are placed class after class
NOBODY = 1e-9  # less room than this is a rounding error of fractional people


@dataclass
class Group:
    """People of one cohort, arm and type who leave at the same age."""

    cohort: int
    arm: int
    kind: int  # type
    bucket: int  # 0 no-show, 1 + a left at age a, D + 1 completed
    n: float
    exit: int  # grid point at which treatment ends
    dose: float  # share of the planned treatment received
    sample: int  # no-show, left, completed
    before: "Group | None" = None  # what it would have been if a stop had not sent it home

    @property
    def periods(self):
        """Periods of service."""
        return self.exit - self.cohort


def types_of(deal):
    """(share, hazard factor) of each type."""
    program = deal.scenario.program
    if program.client_correlation is not None:
        return [(0.5, 1.0), (0.5, 1.0)]
    if program.types:
        return [(kind.share.value, kind.hazard.value) for kind in program.types.values()]
    return [(1.0, 1.0)]


def targets(deal, target):
    """Treated and controls to enroll."""
    rule = deal.scenario.program.assignment
    if target is None:
        return MANY, (0 if rule.method == "none" else MANY)
    if rule.method == "none":
        return target, 0
    share = rule.share.value
    return target, math.floor(target * (1 - share) / share + 0.5)


def goals(deal, known, t):
    """Target of treated clients and end of enrollment as they stand in period t."""
    program = deal.scenario.program
    target, end = program.target, program.window_end
    if t >= known.expand:
        target = known.expansion.target if known.expansion.target is not None else target
        end = known.expansion.window_end if known.expansion.window_end is not None else end
    return targets(deal, target), (deal.T if end is None else deal.grid(end))


def plan_referrals(deal, known, t):
    """Planned referrals ρ of a period, with the ramp-up."""
    program = deal.scenario.program
    start, (_, end) = deal.grid(program.window_start), goals(deal, known, t)
    if not start <= t < end:
        return 0.0
    plan = program.referrals.per_period
    plan = plan if isinstance(plan, list) else [plan] * deal.T
    rho = plan[t].value if t < len(plan) else 0.0
    ramp = program.referrals.ramp
    if ramp is not None:
        low = ramp.start.value
        rho *= low + (1 - low) * min(1.0, (t - start) / ramp.periods)
    return rho


def refer(deal, known, t):
    """R_t, the referrals of a period."""
    mean = plan_referrals(deal, known, t) * deal.input("program.referrals.multiplier")
    if "enrollment" in deal.frozen:
        return mean
    stream = deal.stream("enrollment", "referrals", t)
    k = deal.scenario.program.referrals.dispersion
    return poisson(stream, mean) if k is None else negative_binomial(stream, k.value, mean)


def consent(deal, t, referred):
    """C_t, those eligible and consenting."""
    p = deal.input("program.eligible") * deal.input("program.consent")
    if "enrollment" in deal.frozen:
        return referred * p
    return in_lanes(deal.stream("enrollment", "consent", t).at, 0, referred, p)


def places(deal, t, groups):
    """Free places: capacity of the teams that have started less those still in service."""
    teams = deal.scenario.program.service.teams
    if teams is None:
        return MANY
    capacity = sum(
        team.teams * team.caseload for team in teams.values() if deal.grid(team.start) <= t
    )
    return max(0.0, capacity - serving(groups, t))


def serving(groups, t, kind=None):
    """Treated clients in service in period t."""
    return sum(
        group.n
        for group in groups
        if group.arm == TREATED
        and group.cohort <= t < group.exit
        and kind in (None, group.kind)
    )


class Assignment:
    """Who is treated: the randomization, with what it remembers between periods."""

    def __init__(self, deal):
        self.rule = deal.scenario.program.assignment
        self.deal = deal
        self.treated_left = self.people_left = 0  # of the current block
        self.block_treated = round(self.rule.share.value * self.rule.block)

    def assign(self, t, wanting, free, room_t, room_c):
        """Admit up to `wanting` people: (treated, control)."""
        if "enrollment" not in self.deal.frozen and free != MANY:
            free = math.floor(free + NOBODY)  # a fraction of a place takes nobody
        if self.rule.method == "none":
            return min(wanting, free), 0
        if "enrollment" in self.deal.frozen:
            return self.expect(wanting, free, room_t, room_c)
        stream = self.deal.stream("enrollment", "assignment", t)
        if self.rule.method == "simple" and free == MANY:
            treated = binomial(stream, wanting, self.rule.share.value)
            return fit(wanting, treated, room_t, room_c)
        treated = control = 0
        while treated + control < wanting:
            rest = wanting - treated - control
            if self.takes_block(rest, min(free, room_t) - treated, room_c - control):
                treated += self.block_treated
                control += self.rule.block - self.block_treated
                continue
            drawn = self.draw(stream)
            goes = drawn
            if treated >= room_t:
                goes = False
            elif control >= room_c:
                goes = True
            if goes and treated + 1 > free:
                break
            treated, control = treated + goes, control + (not goes)
            self.people_left -= 1
            self.treated_left -= drawn
        return treated, control

    def takes_block(self, people, room_t, room_c):
        """Whether the next block is admitted whole: then it is certain how many are treated."""
        return (
            self.rule.method == "blocked"
            and self.people_left in (0, self.rule.block)
            and people >= self.rule.block
            and room_t >= self.block_treated
            and room_c >= self.rule.block - self.block_treated
        )

    def draw(self, stream):
        """Whether the next person is treated: a coin, or the next place of a block."""
        if self.rule.method == "simple":
            return stream.uniform() < self.rule.share.value
        if self.people_left == 0:
            self.people_left, self.treated_left = self.rule.block, self.block_treated
        return stream.uniform() * self.people_left < self.treated_left

    def expect(self, wanting, free, room_t, room_c):
        """The expected split; where places bind, the share is kept."""
        share = self.rule.share.value
        treated, control = fit(wanting, wanting * share, room_t, room_c)
        if treated > free:
            treated = free
            control = min(free * (1 - share) / share, room_c)
        return treated, control


def fit(wanting, treated, room_t, room_c):
    """Whoever finds an arm full goes to the other one."""
    treated = min(treated, room_t)
    control = wanting - treated
    if control > room_c:
        control = room_c
        treated = wanting - control
    return treated, control


def thin(stream, n, p, frozen):
    """How many of n people: drawn, or where the source is frozen expected.

    Where another source is frozen there may be a fraction of a person, who gets its expectation.
    """
    if frozen:
        return n * p
    whole = math.floor(n)
    return binomial(stream, whole, p) + (n - whole) * p


def shares_of(chances):
    """What share of all falls into each class, and into none, by the chances of those left."""
    shares, stay = [], 1.0
    for p in chances:
        shares.append(stay * p)
        stay *= 1 - p
    return shares, stay


def place(stream, n, chances, frozen):
    """People by class, each class with its probability for those in none before it: [how many].

    A crowd is drawn class after class, each from 8 further pieces of the stream: more than CROWD,
    or than 64 for each class but the last. Others are spread one by one. A fraction of a person
    gets its expectation.
    """
    whole, found, (shares, stay) = math.floor(n), [], shares_of(chances)
    if frozen or whole > min(CROWD, 64 * len(chances)):
        for k, p in enumerate(chances):
            some = 0 if frozen else math.floor(n)
            found.append(in_lanes(stream.at, 8 * k, some, p) + (n - some) * p)
            n -= found[-1]
        return [*found, n]
    found = spread(stream, whole, list(itertools.accumulate(shares)))
    return [
        count + (n - whole) * share for count, share in zip(found, [*shares, stay], strict=True)
    ]


def place_leaving(stream, n, chances, frozen):
    """People by the age at which they leave: who is no-show first, who stays last.

    Up to 64 are spread one by one. Of more, how many leave at all is drawn first; those are then
    placed among the ages, the leavers' own chances given, from block 512 on.
    """
    whole, (shares, _) = math.floor(n), shares_of(chances)
    reach = list(itertools.accumulate(shares))
    if frozen:
        return [n * share for share in shares] + [n - n * reach[-1]]
    if whole <= 64:
        found = spread(stream, whole, reach)
    else:
        left = in_lanes(stream.at, 0, whole, reach[-1])
        found = [*place_leavers(stream, int(left), reach), whole - left]
    rest = n - whole
    return [
        count + rest * share for count, share in zip(found, [*shares, 1 - reach[-1]], strict=True)
    ]


def place_leavers(stream, left, reach):
    """Who leaves, by age: class after class those whom spreading one by one would take longer."""
    given = [below / reach[-1] if reach[-1] > 0 else 0.0 for below in reach[:-1]]
    if left <= min(CROWD, 64 * len(given)) // 2:
        return spread(stream, left, given, 512)
    found, before = [], 0.0
    for k, below in enumerate(given):
        p = min(1.0, (below - before) / (1 - before)) if before < 1 else 0.0
        found.append(in_lanes(stream.at, 8 * (1 + k), left, p))
        left, before = left - found[-1], below
    return [*found, left]


def split_types(deal, t, arm, n):
    """A cohort's arm by type."""
    chances, rest = [], 1.0
    for share, _ in types_of(deal)[:-1]:
        chances.append(min(1.0, share / rest) if rest > 0 else 0.0)
        rest -= share
    stream = deal.stream("enrollment", "types", t, arm)
    return place(stream, n, chances, "enrollment" in deal.frozen)


def base_steps(deal, length):
    """Λ(a+1) − Λ(a) for each age a."""
    hazard = deal.scenario.program.attrition.hazard
    at, years = "program.attrition.hazard", deal.years
    if hazard.kind == "exponential":
        return [deal.input(f"{at}.rate") * years] * length
    if hazard.kind == "weibull":
        shape, scale = deal.input(f"{at}.shape"), deal.input(f"{at}.scale")
        total = [(a * years / scale) ** shape for a in range(length + 1)]
        return [total[a + 1] - total[a] for a in range(length)]
    if hazard.kind == "piecewise":
        leave = [share.value for share in hazard.leave]
        leave += leave[-1:] * length
        return [-math.log1p(-p) if p < 1 else MANY for p in leave[:length]]
    return retention_steps(deal, hazard.at, length)


def retention_steps(deal, shares, length):
    """Constant hazard between the times at which the share still there is known, and after."""
    points = sorted((years_of(deal, time), share.value) for time, share in shares.items())
    edges, rates, before, still = [0.0], [], 0.0, 1.0
    for time, share in points:
        rates.append(math.log(still / share) / (time - before) if share > 0 else MANY)
        edges.append(time)
        before, still = time, share
    edges[-1] = MANY
    steps = []
    for a in range(length):
        low, high = a * deal.years, (a + 1) * deal.years
        step = 0.0
        for i, rate in enumerate(rates):
            inside = min(high, edges[i + 1]) - max(low, edges[i])
            if inside > 0:
                step += rate * inside
        steps.append(step)
    return steps


def years_of(deal, length):
    """A length of time in years, not rounded to periods; bare numbers are periods."""
    found = _SPAN.match(length)
    if found is None:
        return int(length) * deal.years
    number, unit = int(found[1]), found[2].rstrip("s")
    return number * {"period": deal.years, "month": 1 / 12, "year": 1.0}[unit]


def leaving(deal, kind, arm, length):
    """h_a, the probability of leaving in the a-th period of treatment."""
    attrition = deal.scenario.program.attrition
    factor = deal.input("program.attrition.multiplier") * types_of(deal)[kind][1]
    if arm == CONTROL:
        factor *= deal.input("program.attrition.control")
    found = []
    for step in base_steps(deal, length):
        if factor == 0:
            found.append(0.0)
        elif attrition.link == "log" or step == MANY:
            found.append(-math.expm1(-factor * step))
        else:
            odds = factor * math.expm1(step)
            found.append(odds / (1 + odds) if odds < MANY else 1.0)
    return found


def serve(deal, t, arm, kind, n, length):
    """Thin a cohort over the ages: its groups by bucket."""

    def group(bucket, count, exit_at, dose, sample):
        return Group(t, arm, kind, bucket, count, exit_at, dose, sample)

    attrition = deal.scenario.program.attrition
    if attrition is None or (arm == CONTROL and attrition.control is None):
        return [group(length + 1, n, t + length, 1.0, COMPLETED)]
    stream, frozen = deal.stream("attrition", "leave", t, arm, kind), "attrition" in deal.frozen
    absent = deal.input("program.attrition.no_show") if arm == TREATED else 0.0
    found = place_leaving(stream, n, [absent, *leaving(deal, kind, arm, length)], frozen)
    groups = [
        group(1 + a, found[1 + a], t + a + 1, (a + 0.5) / length, LEFT) for a in range(length)
    ]
    if arm == TREATED:
        groups = [group(0, found[0], t, 0.0, NO_SHOW), *groups]
    return [*groups, group(length + 1, found[-1], t + length, 1.0, COMPLETED)]


def stop_service(groups, stop, length):
    """Every client in service at a stop leaves then, with the dose received so far."""
    for group in groups:
        if group.arm == TREATED and group.exit > stop:
            group.before = replace(group)
            group.exit, group.sample = stop, LEFT
            group.dose = (stop - group.cohort) / length


def live_program(deal, known):
    """All periods: the program's counts, and the groups to whom outcomes happen."""
    T, program = deal.T, deal.scenario.program
    length, kinds = deal.clock.span(program.service.duration), len(types_of(deal))
    assignment, groups, waiting = Assignment(deal), [], 0
    zeros = [0.0] * T
    people = {name: list(zeros) for name in ("referred", "eligible", "waiting", "turned_away")}
    people["enrolled"] = [list(zeros), list(zeros)]
    people["enrolled_type"] = [list(zeros) for _ in range(kinds)]
    for t in range(T):
        people["referred"][t] = refer(deal, known, t)
        people["eligible"][t] = consent(deal, t, people["referred"][t])
        queue = people["eligible"][t] + waiting
        (target_t, target_c), end = goals(deal, known, t)
        room_t = max(0.0, target_t - sum(people["enrolled"][TREATED]))
        room_c = max(0.0, target_c - sum(people["enrolled"][CONTROL]))
        treated = control = 0
        closed = t >= end or t >= known.stop or room_t + room_c <= NOBODY
        if not closed:
            limit = MANY if program.intake_limit is None else program.intake_limit
            wanting = min(queue, limit, room_t + room_c)
            free = places(deal, t, groups)
            treated, control = assignment.assign(t, wanting, free, room_t, room_c)
        rest = queue - treated - control
        waits = not closed and program.service.overflow == "wait"
        waiting = rest if waits else 0
        people["waiting"][t] = waiting
        people["turned_away"][t] = rest - waiting
        for arm, n in ((TREATED, treated), (CONTROL, control)):
            people["enrolled"][arm][t] = n
            for kind, count in enumerate(split_types(deal, t, arm, n)):
                if arm == TREATED:
                    people["enrolled_type"][kind][t] = count
                groups += serve(deal, t, arm, kind, count, length)
    if known.stop != NEVER:
        stop_service(groups, known.stop, length)
    return people | count_service(deal, groups, length, kinds), groups


def count_service(deal, groups, length, kinds):
    """Who is in service when, and who is known to have left or completed when."""
    T = deal.T
    exits = [
        [[[0.0] * (length + 2) for _ in range(kinds)] for _ in (CONTROL, TREATED)]
        for _ in range(T)
    ]
    completed, left = [0.0] * (T + 1), [0.0] * (T + 1)
    done = {name: [[0.0] * (T + 1) for _ in range(kinds)] for name in ("completed", "left")}
    for group in groups:
        exits[group.cohort][group.arm][group.kind][group.bucket] = group.n
        if group.arm == TREATED and group.exit <= T and group.sample != NO_SHOW:
            total, name = (completed, "completed") if group.sample == COMPLETED else (left, "left")
            total[group.exit] += group.n
            done[name][group.kind][group.exit] += group.n
    return {
        "active": [serving(groups, t) for t in range(T)],
        "active_type": [[serving(groups, t, kind) for t in range(T)] for kind in range(kinds)],
        "completed": completed,
        "left": left,
        "exits": exits,
        "_by_type": done,
    }
