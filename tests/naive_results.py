"""The row of a path, slowly: every column computed by name from the path's people and cash.

`results` takes a scenario, the path's inputs by dotted path, and the arrays of a path by the
names of the kernels' state (those of `tests.twin.Kernels.live`, or the slow twin's own). It
shares nothing with `pfs_sim.kernels.collect`: sums are exact (`math.fsum`), dates come from the
clock, rates from fifty digits (`tests.naive_returns.irr`).
"""

import math
from math import fsum

from pfs_sim.model.evaluation import OutcomeMeasure, PersonMeasure
from pfs_sim.tables.state import (
    COMPLETED,
    CONTROL,
    LEFT,
    MATCHED,
    NEVER,
    NO_SHOW,
    TREATED,
    StopCause,
)
from tests import naive_returns
from tests.naive_outcomes import least_class

NAN = math.nan
CLASSES = (NO_SHOW, LEFT, COMPLETED)
PAYOR, PROVIDER, INTERMEDIARY = range(3)  # rows of `party`
NO_LOSS = 1e-9  # of what was drawn: a rounding error, and no loss
ROUNDING = 1e-12  # of what moves on a day: what one investor puts in for another's coupon is 0 net


def exact_irr(holder, flows, periods_per_year):
    """Rate and status of a holder's flows, to fifty digits."""
    value, status = naive_returns.irr(flows, float(periods_per_year))
    return float(value), status


def results(scenario, row, people, cash, solve=exact_irr):
    """Name of a column → its value. `solve(holder, flows, periods a year)`: rate and status."""
    path = Lived(scenario, row, people, cash)
    found = path.payments() | path.program() | path.measures()
    for k, name in enumerate(scenario.outcomes):
        found |= {f"outcome.{name}.{what}": x for what, x in path.outcome(k, name).items()}
    found |= path.benefit(found)
    for holder, parts in path.holders().items():
        made = path.position(*parts)
        flows = made.pop("flows")
        made["irr"], made["irr_status"] = solve(holder, flows, scenario.clock.per_year)
        found |= {f"{holder}.{what}": x for what, x in made.items()}
    return found | path.backers()


class Lived:
    """What happened on a path, as lists of numbers."""

    def __init__(self, scenario, row, people, cash):
        self.scenario, self.row = scenario, row
        self.people = {name: as_lists(array) for name, array in people.items()}
        self.cash = {name: as_lists(array) for name, array in cash.items()}
        self.clock, self.contract = scenario.clock, scenario.contract
        self.capital = scenario.capital
        self.points = range(scenario.clock.periods + 1)
        self.stop, self.cause, _, trigger = (int(x) for x in self.cash["events"])
        self.ended = NEVER  # the last grid point at which anything is measured
        if trigger >= 0 and not list(self.contract.triggers.values())[trigger].pays_after:
            self.ended = self.stop

    def worth(self, flows, annual):
        """Present value at grid point 0 of an amount at each grid point."""
        years = self.clock.years
        return fsum(x * (1 + annual) ** (-t * years) for t, x in enumerate(flows))

    # The payor.

    def payments(self):
        cash, fiscal = self.cash, self.clock.fiscal_year
        by_term = dict(zip(self.contract.terms, cash["paid"], strict=True))
        every = [fsum(paid[t] for paid in by_term.values()) for t in self.points]
        found = {
            "payor.payments": fsum(every),
            "payor.payments_pv": self.worth(every, self.contract.discount_rate.value),
            "payor.claimed": total(cash["due"]),
            "payor.cut": total(cash["cut"]),
            "payor.lost": total(cash["lost"]),
            "payor.residual": fsum(cash["party"][PAYOR]),
        }
        for year in range(fiscal(0), fiscal(self.points[-1]) + 1):
            found[f"payor.payments.fy{year}"] = fsum(
                every[t] for t in self.points if fiscal(t) == year
            )
        found |= {f"payor.payments.{term}": fsum(paid) for term, paid in by_term.items()}
        for payor, paid in zip(self.contract.payors, cash["payor"], strict=True):
            found[f"payor.{payor}.payments"] = fsum(paid)
        return found

    def benefit(self, found):
        """What the payor saves, and what is left of it after the payments."""
        rate = self.contract.discount_rate.value
        all_saved, cashable, now = [], [], []
        for name, rule in self.contract.savings.items():
            averted = found[f"outcome.{rule.outcome}.averted"]
            saved = averted * self.row[f"contract.savings.{name}.value"]
            all_saved.append(saved)
            cashable.append(saved * rule.cashable.value)
            if averted != 0:
                start = self.end_of_window(rule.outcome)
                now.append(saved * evenly(rate, start, rule.years.value))
        residual = self.cash["party"][PAYOR]
        saved, paid = fsum(all_saved), found["payor.payments"]
        return {
            "payor.savings": saved,
            "payor.savings_cashable": fsum(cashable),
            "payor.net_benefit": saved + fsum(residual) - paid,
            "payor.net_benefit_pv": fsum(now)
            + self.worth(residual, rate)
            - found["payor.payments_pv"],
        }

    def end_of_window(self, name):
        """Years until the window of the average treated client closes (model §6)."""
        outcome = self.scenario.outcomes[name]
        opens, everyone = [], []
        for moment, clients in self.openings(outcome):
            opens.append(moment * clients)
            everyone.append(clients)
        opened = fsum(opens) / fsum(everyone)
        return (opened + self.clock.span(outcome.window)) * self.clock.years

    def openings(self, outcome):
        """(Grid point at which their window opens, how many), of all treated clients."""
        if outcome.opens == "enrollment" or outcome.kind == "milestone":
            yield from enumerate(self.people["enrolled"][TREATED])
            return
        length = self.clock.span(self.scenario.program.service.duration)
        for came, by_arm in enumerate(self.people["exits"]):
            for buckets in by_arm[TREATED]:
                for bucket, clients in enumerate(buckets):  # no-show, left at each age, completed
                    leaves = came + min(bucket, length)
                    yield (min(leaves, max(came, self.stop)), clients)

    # The program and what it did.

    def program(self):
        people, never = self.people, self.stop >= NEVER
        *uses, _ = self.cash["uses"]  # the last row are coupons, which are no cost of the program
        return {
            "program.referred": fsum(people["referred"]),
            "program.eligible": fsum(people["eligible"]),
            "program.turned_away": fsum(people["turned_away"]),
            "program.enrolled": fsum(people["enrolled"][TREATED]),
            "program.control": fsum(people["enrolled"][CONTROL]),
            "program.completed": fsum(people["completed"]),
            "program.left": fsum(people["left"]),
            "program.cost": total(uses),
            "program.unfunded": fsum(self.cash["unfunded"]),
            "program.stopped": float(not never),
            "program.stop_period": NAN if never else float(self.stop),
            "program.stop_by_shortfall": float(self.cause == StopCause.SHORTFALL),
        }

    def measures(self):
        found = {}
        for m, name in enumerate(self.scenario.evaluation.measures):
            exists = bool(self.cash["valid"][m][-1])
            found[f"measure.{name}"] = self.cash["value"][m][-1] if exists else NAN
            found[f"measure.{name}.exists"] = float(exists)
        return found

    def outcome(self, k, name):
        """What the program did to an outcome, in truth and as it was measured."""
        outcome = self.scenario.outcomes[name]
        sign = 1 if outcome.good == "lower" else -1
        trials = outcome.trials if outcome.kind == "event" else 1
        clients = self.people["true_n"][k]
        averted = sign * (self.people["true_y0"][k] - self.people["true_y"][k])
        n1, y1 = self.measured("n", k, TREATED), self.measured("y", k, TREATED)
        other, found = self.compared_with(k, name), NAN
        if other is not None and n1 > 0:
            found = sign * (other - y1 / (n1 * trials))
        return {
            "averted": averted,
            "effect_true": averted / (clients * trials) if clients > 0 else NAN,
            "measured": n1,
            "effect_measured": found,
        }

    def measured(self, what, k, arm):
        """Clients or units of an arm, of the classes that measures see, at the evaluations held."""
        name = list(self.scenario.outcomes)[k]
        least = self.least_class(name, arm)
        return fsum(
            rows[e]
            for sample, rows in zip(CLASSES, self.people[what][k][arm], strict=True)
            for e, at in enumerate(self.scenario.evaluation.dates.values())
            if sample >= least and self.clock.grid(at) <= self.ended
        )

    def least_class(self, name, arm):
        """The least class of clients at whom a measure looks; a rate card looks at all treated."""
        for measure in self.scenario.evaluation.measures.values():
            if isinstance(measure, PersonMeasure) and name in measure.person and arm == TREATED:
                return NO_SHOW
        return least_class(self, name, CONTROL if arm == CONTROL else TREATED)

    def compared_with(self, k, name):
        """The mean with which the treated are compared; None where there is none.

        It is that of the first measure of the outcome that compares; a historical one is the
        number in the contract, before its trend and an error of the evaluation.
        """
        outcome = self.scenario.outcomes[name]
        trials = outcome.trials if outcome.kind == "event" else 1
        for measure in self.scenario.evaluation.measures.values():
            if not isinstance(measure, OutcomeMeasure) or measure.outcome != name:
                continue
            if measure.design == "historical":
                return measure.comparison.value
            if measure.design != "validated":
                arm = CONTROL if measure.design == "rct" else MATCHED
                n0, y0 = self.measured("n", k, arm), self.measured("y", k, arm)
                return y0 / (n0 * trials) if n0 > 0 else None
        return None

    # Those who fund it.

    def holders(self):
        """Holder → (flows, draws, calls, received, principal), each by grid point."""
        found, together = {}, []
        for i, (name, tranche) in enumerate(self.capital.tranches.items()):
            found[f"tranche.{name}"] = self.held([i])
            if tranche.kind != "grant":
                together.append(i)
        if self.capital.tranches:
            found["investors"] = self.held(together)
        return found

    def held(self, tranches):
        """Flows, draws, calls, receipts and principal of some tranches together."""
        cash, equity = self.cash, [t.kind == "equity" for t in self.capital.tranches.values()]

        def moved(kinds, t):
            return [cash[kind][i][t] for i in tranches for kind in kinds]

        def repaid(t):
            extra = [cash["extra"][i][t] for i in tranches if equity[i]]
            return fsum([*moved(("principal", "guarantee"), t), *extra])

        return (
            [net(moved(RECEIVED, t), moved(("draw", "call"), t)) for t in self.points],
            [fsum(moved(["draw"], t)) for t in self.points],
            [fsum(moved(["call"], t)) for t in self.points],
            [fsum(moved(RECEIVED, t)) for t in self.points],
            [repaid(t) for t in self.points],
        )

    def position(self, flows, draws, calls, received, principal):
        """What a holder put in and got back, and what became of the principal.

        On a date on which money goes both ways, both count in full, but for money called back
        from what is received on that day. What was called back was put in, but not drawn.
        """
        gross = [back - call for back, call in zip(received, calls, strict=True)]
        drawn = fsum(draws)
        invested = fsum([drawn, *(-x for x in gross if x < 0)])
        returned = fsum(x for x in gross if x > 0)
        repaid = fsum(principal)
        loss = max(0.0, drawn - repaid)
        if loss < NO_LOSS * drawn:
            loss = 0.0
        later = fsum(t * x for t, x in enumerate(principal)) * self.clock.years
        return {
            "flows": flows,
            "drawn": drawn,
            "returned": returned,
            "moic": returned / invested if invested > 0 else NAN,
            "principal_loss": loss,
            "loss_share": loss / drawn if drawn > 0 else NAN,
            "npv": self.worth(flows, self.capital.hurdle.value),
            "wal": later / repaid if repaid > 0 else NAN,
        }

    def backers(self):
        """Guarantors, and the parties who are paid."""
        found = {
            f"guarantor.{name}.paid": fsum(paid)
            for name, paid in zip(self.capital.guarantees, self.cash["guarantor"], strict=True)
        }
        if found:
            found["guarantor.paid"] = fsum(found.values())
        party = self.cash["party"]
        return found | {
            "provider.received": fsum(party[PROVIDER]),
            "intermediary.received": fsum(party[INTERMEDIARY]),
        }


RECEIVED = ("interest", "principal", "extra", "guarantee")
KINDS = ("draw", "call", *RECEIVED)


def as_lists(array):
    return array.tolist() if hasattr(array, "tolist") else array


def total(table):
    return fsum(x for row in table for x in row)


def net(comes, goes):
    """What comes less what goes; where they cancel, what a rounding error leaves is nothing."""
    found = fsum([*comes, *(-x for x in goes)])
    return 0.0 if abs(found) <= ROUNDING * fsum([*comes, *goes]) else found


def evenly(annual, start, years):
    """Present value of one that comes evenly over some years, from `start` on."""
    force = math.log1p(annual)
    if force == 0:
        return 1.0
    return (math.exp(-force * start) - math.exp(-force * (start + years))) / (force * years)
