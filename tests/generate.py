"""Random valid scenarios as plain dicts: every key of the language with a fair probability.

`scenario(i)` is always the same for the same i: a short deal with few people, small enough for
the slow twin, odd enough to meet every rule and most pairs of rules.
"""

import random
from datetime import timedelta

from pfs_sim.model.clock import Clock
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.row import Row

KINDS = ("event", "count", "amount", "score", "milestone")
TYPED = ("enrolled", "treated", "completed", "left", "active")
COUNTED = (
    "referred", "eligible", "enrolled", "treated", "control", "completed", "left", "active"
)


class Dice(random.Random):
    """Choices that read like the sentences below."""

    def chance(self, p):
        return self.random() < p

    def near(self, low, high, digits=3):
        return round(self.uniform(low, high), digits)

    def quantity(self, low, high):
        """A number, or a distribution inside [low, high]."""
        a, b = sorted((self.near(low, high, 4), self.near(low, high, 4)))
        if self.chance(0.6) or b - a < 0.02 * (high - low):
            return a
        middle = (a + b) / 2
        return self.choice(
            [
                {"value": a, "source": "assumed"},
                {"dist": "uniform", "low": a, "high": b},
                {"dist": "triangular", "low": a, "mode": middle, "high": b},
                {
                    "dist": "normal",
                    "mean": middle,
                    "sd": (b - a) / 3,
                    "truncate": {"low": a, "high": b},
                },
            ]
        )

    def some(self, names, least=1, most=3):
        names = list(names)
        return self.sample(names, min(len(names), self.randint(least, most)))


class Writer:
    """Writes one scenario, section by section."""

    def __init__(self, i):
        self.r = Dice(i)
        r = self.r
        self.clock = {
            "start": r.choice(["2016-09-28", "2017-01-01", "2018-07-01", "2015-11-30"]),
            "period": r.choice(["month", "quarter", "quarter", "half_year", "year"]),
            "periods": r.randint(6, 14),
            "fiscal_year_start": r.choice([1, 7, 10]),
        }
        self.grid = Clock.model_validate(self.clock)
        self.T = self.grid.periods
        self.duration = r.randint(1, 4)
        self.method = r.choice(["none", "simple", "blocked"])
        self.shifted = r.chance(0.2)  # two types are solved from a correlation
        self.dates = {
            f"e{n}": at for n, at in enumerate(sorted(r.sample(range(2, self.T), r.randint(1, 3))))
        }

    def when(self, at):
        """A grid point as it may stand in a file."""
        day = self.grid.date(at)
        if at > 0 and self.r.chance(0.3):
            day -= timedelta(days=5)
        return at if self.r.chance(0.5) else day.isoformat()

    def key(self, at):
        """A grid point as the key of a map."""
        return str(self.when(at))

    def span(self, periods):
        return self.r.choice([periods, periods, f"{periods * self.grid.months} months"])

    def write(self):
        found = {
            "pfs_sim": 1,
            "name": "generated",
            "clock": self.clock,
            "program": self.program(),
            "outcomes": self.outcomes(),
        }
        found["program"] |= self.types()
        found["evaluation"] = self.evaluation()
        found["capital"] = self.capital()
        found["contract"] = self.contract()
        if not any(term.get("pool") for term in found["contract"]["terms"].values()):
            found["capital"].get("waterfall", {}).pop("side", None)
        return self.correlate(found)

    # Program.

    def program(self):
        r = self.r
        plan = r.near(3, 14, 1) if r.chance(0.92) else r.near(60, 250, 1)
        if r.chance(0.3):
            plan = [r.near(0, 14, 1) for _ in range(r.randint(3, self.T + 1))]
        referrals = {"per_period": plan, "multiplier": r.quantity(0.6, 1.4)}
        if r.chance(0.4):
            referrals["ramp"] = {"periods": r.randint(1, 4), "from": r.near(0, 0.6)}
        if r.chance(0.4):
            referrals["dispersion"] = r.near(1, 6)
        start = r.choice([0, 0, 1])
        found = {
            "referrals": referrals,
            "eligible": r.quantity(0.6, 1.0),
            "consent": r.quantity(0.5, 1.0),
            "window_start": self.when(start),
            "assignment": {"method": self.method},
            "service": {"duration": self.span(self.duration)},
        }
        if self.method != "none":
            found["assignment"]["share"] = r.choice([0.5, 0.5, 0.25, 0.75])
            found["assignment"]["block"] = r.choice([4, 8])
        self.target, self.end = None, self.T
        if r.chance(0.6):
            found["target"] = self.target = r.randint(5, 45)
        if r.chance(0.6):
            self.end = r.randint(3, self.T)
            found["window_end"] = self.when(self.end)
        if r.chance(0.3):
            found["intake_limit"] = r.randint(3, 9)
        if r.chance(0.5):
            found["service"]["teams"] = {
                f"team{n}": {
                    "teams": r.randint(1, 2),
                    "caseload": r.randint(3, 9),
                    "start": self.when(r.randint(0, 3) if n else 0),
                }
                for n in range(r.randint(1, 2))
            }
        found["service"]["overflow"] = r.choice(["wait", "lost"])
        if r.chance(0.8):
            found["attrition"] = self.attrition()
        if r.chance(0.5):
            found["dose_response"] = [[0.1, r.near(0, 0.2)], [0.6, r.near(0.2, 0.9)], [0.9, 1.0]]
        return found

    def attrition(self):
        r = self.r
        hazard = r.choice(
            [
                {"kind": "exponential", "rate": r.quantity(0.1, 1.0)},
                {
                    "kind": "weibull",
                    "shape": r.quantity(0.5, 2.0),
                    "scale": r.quantity(0.5, 3.0),
                },
                {"kind": "piecewise", "leave": self.leave()},
                {"kind": "retention", "at": self.retention()},
            ]
        )
        found = {
            "hazard": hazard,
            "multiplier": r.quantity(0.7, 1.3),
            "link": r.choice(["log", "log", "logit"]),
        }
        if r.chance(0.4):
            found["control"] = r.quantity(0.2, 0.9)
        if r.chance(0.5):
            found["no_show"] = r.quantity(0.05, 0.3)
        return found

    def leave(self):
        """P(leaving) by period of treatment; now and then nobody, or in the last one everybody."""
        r = self.r
        found = [r.choice([r.near(0, 0.4), r.near(0, 0.4), 0.0]) for _ in range(self.duration)]
        return [*found[:-1], 1.0] if r.chance(0.1) else found[: r.randint(1, self.duration)]

    def retention(self):
        months = self.grid.months
        first = self.r.choice([f"{months} months", "5 months", "1 periods", "1"])
        later = self.r.choice([f"{40 * months} months", "9 years", "30 periods"])
        return {first: self.r.near(0.7, 0.95), later: self.r.near(0.2, 0.6)}

    def types(self):
        r, self.typed = self.r, False
        if self.shifted or r.chance(0.4):
            return {"client_correlation": r.near(0.0, 0.06)} if self.shifted else {}
        self.typed = True
        shares = r.choice([[1.0], [0.3, 0.7], [0.2, 0.5, 0.3]])
        return {
            "types": {
                f"type{n}": {
                    "share": share,
                    "hazard": r.near(0.5, 1.8),
                    "level": {k: r.near(-0.2, 0.2) for k in r.some(self.kinds, 0, 2)},
                    "effect": {k: r.near(0.0, 1.5) for k in r.some(self.kinds, 0, 2)},
                }
                for n, share in enumerate(shares)
            }
        }

    # Outcomes.

    def outcomes(self):
        r = self.r
        self.kinds = {f"{kind}{n}": kind for n, kind in enumerate(r.choices(KINDS, k=3))}
        found, self.simple = {}, []
        for name, kind in self.kinds.items():
            found[name] = self.outcome(kind)
            if kind == "event" and found[name]["trials"] == 1:
                self.simple.append(name)
        for name in found:
            names = list(found)
            earlier = [n for n in self.simple if names.index(n) < names.index(name)]
            if earlier and r.chance(0.5):
                found[name]["after"] = earlier[-1]
        self.found = found
        return found

    def outcome(self, kind):
        r = self.r
        scales = {"score": ["difference", "smd"], "count": ["log", "difference"]}
        scales["amount"] = scales["count"]
        scale = r.choice(scales.get(kind, ["log_odds", "log", "difference"]))
        found = {
            "kind": kind,
            "good": r.choice(["lower", "higher"]),
            "scale": scale,
            "drift": r.quantity(-0.04, 0.04) if r.chance(0.4) else 0.0,
            "effect": r.quantity(-0.5, 0.3) if scale != "difference" else r.quantity(-0.2, 0.1),
            "target_effect": -0.2,
            "window": self.span(r.randint(0, 3)),
            "opens": r.choice(["enrollment", "exit"]),
            "reporting": self.span(r.randint(0, 2)),
        }
        if r.chance(0.4):
            found["loss"] = {"treated": r.quantity(0, 0.3), "control": r.quantity(0, 0.3)}
        if kind == "event":
            found |= {"level": r.quantity(0.3, 0.6), "trials": r.choice([1, 1, 1, 5])}
            if scale == "log_odds" and not self.shifted and r.chance(0.08):
                found["level"] = r.choice([0.0, 1.0])
            if r.chance(0.3):
                found |= {"icc": r.near(0.02, 0.3)}
                found |= {"cluster": r.randint(2, 4)} if r.chance(0.6) else {}
            if r.chance(0.4):
                found["record"] = {
                    "sensitivity": r.quantity(0.7, 1.0),
                    "specificity": r.quantity(0.8, 1.0),
                }
        elif kind == "count":
            found["level"] = r.quantity(1.0, 2.5)
            if r.chance(0.5):
                found["dispersion"] = r.near(1.0, 4.0)
        elif kind == "amount":
            found |= {"level": r.quantity(20, 90), "shape": r.quantity(0.8, 2.0)}
            found |= {"share": r.quantity(0.4, 0.6), "effect_on": r.choice(["amount", "share"])}
        elif kind == "score":
            found |= {"level": r.quantity(8, 12), "sd": r.quantity(2, 4)}
        else:
            found |= {"level": r.quantity(0.4, 0.7), "units": r.choice([1.0, 30.5])}
            found["qualify"] = self.span(min(self.duration, r.choice([0, 0, 1, 2])))
            if r.chance(0.5):
                found["limit"] = r.randint(1, 3)
        return found

    # Evaluation.

    def evaluation(self):
        r, measures = self.r, {}
        for n in range(r.randint(2, 4)):
            measures[f"m{n}"] = self.measure()
        for n, what in enumerate(r.some(COUNTED, 1, 2)):
            measures[f"c{n}"] = {"program": what}
            if what != "active" and r.chance(0.3):
                measures[f"c{n}"]["basis"] = "vintage"
            if self.typed and what in TYPED and r.chance(0.5):
                measures[f"c{n}"]["type"] = "type0"
        if r.chance(0.35):
            measures |= self.cards()
        base = list(measures)
        makers = [
            lambda: {"blend": {m: r.near(-1, 1) for m in r.some(base, 1, 3)}, "constant": 0.5},
            lambda: {"ratio": r.choices(base, k=2)},
            lambda: {"product": r.some(base, 2, 3)},
            lambda: {"best_of": r.some(base, 2, 3)},
            lambda: {"worst_of": r.some(base, 2, 3)},
            lambda: {"fallback": r.some(base, 2, 3)},
            lambda: {"before": base[0], "then": base[1], "date": self.when(self.T // 2)},
        ]
        for n, make in enumerate(r.sample(makers, 2)):
            measures[f"d{n}"] = make()
            base = [*base, f"d{n}"]
        self.measures = measures
        return {"dates": {e: self.when(at) for e, at in self.dates.items()}, "measures": measures}

    def measure(self):
        r = self.r
        name = r.choice(list(self.kinds))
        designs = ["matched", "historical", "validated"] + ["rct"] * 3 * (self.method != "none")
        design = r.choice(designs)
        statistics = ["total", "mean", "measured"]
        if design != "validated":
            statistics = ["difference", "relative_reduction", "averted"] * 2 + ["mean", "measured"]
        found = {
            "outcome": name,
            "statistic": r.choice(statistics),
            "design": design,
            "basis": r.choice(["cumulative", "cumulative", "vintage"]),
            "sample": r.choice(["assigned", "assigned", "treated", "completed"]),
        }
        level = found["statistic"] in ("total", "mean", "measured")
        if level and design == "rct" and r.chance(0.4):
            found["arm"] = "control"
        if design == "historical":
            found["comparison"] = r.near(0.3, 0.7)
            found["trend"] = r.quantity(-0.05, 0.05)
        if design == "matched":
            # One comparison sample an outcome, so one ratio.
            found["ratio"] = 1.5 if self.found[name]["good"] == "lower" else 0.8
        counted = found["statistic"] == "measured"
        if design != "rct" and not counted and r.chance(0.5):
            found["bias"] = r.quantity(-0.02, 0.02)
        if not level and r.chance(0.3):
            found["significance"] = {"alpha": r.choice([0.05, 0.25, 0.45])}
        if not counted and r.chance(0.3):
            found["minimum_sample"] = r.randint(1, 12 if self.target is None else 5)
        return found

    def cards(self):
        """Rate cards with a cap for each client: one or two, each outcome on one of them."""
        r = self.r
        names = [
            name
            for name, kind in self.kinds.items()
            if kind != "score" and "icc" not in self.found[name]
        ]
        names = [name for name in names if self.found[name].get("after") in (None, *names)]
        chained = any("after" in self.found[name] for name in names)
        split = len(names) if chained or r.chance(0.6) else 1
        return {
            f"card{n}": {
                "person": {name: r.near(10, 200, 1) for name in part},
                "cap": r.near(50, 900, 1),
                "basis": r.choice(["cumulative", "vintage"]),
            }
            for n, part in enumerate((names[:split], names[split:]))
            if part
        }

    # Contract.

    def condition(self, at=None):
        """A bound on a measure; before the first evaluation only the program can be counted."""
        r = self.r
        names = list(self.measures)
        if at is not None and at < min(self.dates.values()):
            names = [name for name in names if "program" in self.measures[name]]
        found = {"measure": r.choice(names)}
        if r.chance(0.5):
            found["at_least"] = r.choice([-1.0, 0.0, 0.05, 1.0, 10.0])
        else:
            found["below"] = r.choice([0.0, 0.1, 1.0, 20.0])
        return found

    def conditions(self, p, at=None):
        r = self.r
        found = {"only_if": {"a": self.condition(at)}} if r.chance(p) else {}
        if r.chance(p):
            found["any_of"] = {"b": self.condition(at), "c": self.condition(at)}
        return found

    def schedule(self):
        r = self.r
        low, mid = r.near(-0.2, 0.1), r.near(0.2, 5)
        high = mid + r.near(1, 20)
        pay = sorted(r.near(100, 4000, 1) for _ in range(3))
        found = r.choice(
            [
                {"kind": "rate", "price": r.near(10, 900, 1), "from": r.choice([0.0, low, mid])},
                {"kind": "rate", "price": r.near(10, 200, 1), "both_ways": True},
                {"kind": "tiers", "tiers": [[low, pay[0]], [mid, pay[1]], [high, pay[2]]]},
                {"kind": "tiers", "below": -200.0, "tiers": [[mid, pay[1]]]},
                {"kind": "points", "points": [[low, pay[0]], [mid, pay[1]], [high, pay[2]]]},
                {
                    "kind": "points",
                    "points": [[0.0, 0.0], [high, pay[2]]],
                    "threshold": r.choice([low, mid, high]),
                },
                {"kind": "pieces", "below": 10.0, "pieces": [[low, pay[0], 50.0], [mid, 2e3, 9.0]]},
                {"kind": "savings", "value": pay[1], "share": r.near(0.1, 0.9), "from": low},
                {"kind": "fixed", "amount": r.choice([pay[0], pay[0], -150.0])},
            ]
        )
        return found | {"above": r.chance(0.2)}

    def year_cap(self, high, carry=True):
        r = self.r
        excess = r.choice(["forfeit", "carry"]) if carry else "forfeit"
        return {"amount": r.near(high / 4, high, 1), "excess": excess}

    def term(self, others):
        r = self.r
        found = {"schedule": self.schedule(), "pays": "money"}
        fixed = found["schedule"]["kind"] == "fixed"
        due = sorted(self.dates.values())
        if not fixed:
            found["measure"] = r.choice(list(self.measures))
        elif r.chance(0.5):
            found["at"] = due = sorted(r.sample(range(self.T), 2))
        if "at" not in found and r.chance(0.3):
            found["at"] = r.some(self.dates, 1, 3)
            due = sorted(self.dates[e] for e in found["at"])
        lag = min(r.randint(0, 3), self.T - due[-1])
        if lag:
            found["lag"] = self.span(lag)
        if self.tranches and r.chance(0.15) and not fixed:
            found["pays"] = r.choice(["irr", "principal_share"])
            found["schedule"] = {"kind": "tiers", "tiers": [[0.0, 0.4], [0.3, 0.9]], "below": 0.1}
            if r.chance(0.5):
                found["cap"] = r.near(500, 6000, 1)
            if r.chance(0.4):
                return found
        found["basis"] = r.choice(["cumulative", "cumulative", "each"])
        if r.chance(0.25) and found["pays"] == "money":
            found["times"] = r.choice([2.0, 0.5, r.choice(list(self.measures))])
        money = found["pays"] == "money" and not fixed
        if r.chance(0.4) and found["basis"] == "cumulative" and money:
            found["claw_back"] = True
        if r.chance(0.4):
            found["cap"] = r.near(500, 6000, 1)
        if r.chance(0.15):
            found["floor"] = r.near(10, 400, 1)
        if r.chance(0.25):
            found["fiscal_year_cap"] = self.year_cap(3000, "claw_back" not in found)
        found |= self.conditions(0.2, due[0])
        if others and r.chance(0.2):
            found["unless_paid"] = [r.choice(others)]
        if r.chance(0.35) and due[0] + 1 <= self.T - lag:
            release = r.randint(due[0] + 1, self.T - lag)
            found["holdback"] = {"share": r.near(0.1, 0.5), "release": self.when(release)}
            if r.chance(0.5):
                found["holdback"]["only_if"] = {"h": self.condition(release)}
        if r.chance(0.25):
            found["escalation"] = {"rate": r.near(-0.02, 0.05), "since": self.when(r.randint(0, 2))}
        if self.tranches and r.chance(0.15):
            found["switch"] = {
                "tranches": self.repaid[:2],
                "rate": r.near(0, 0.06),
                "factor": r.near(0.2, 0.8),
            }
        if len(self.payors) > 1 and r.chance(0.5):
            found["payors"] = {self.payors[0]: 0.3, self.payors[1]: 0.7}
        if self.tranches and r.chance(0.25):
            found["pool"] = "side"
        return found

    def contract(self):
        r = self.r
        self.payors = ["state", "county"][: r.randint(1, 2)]
        payors = {}
        for name in self.payors:
            payors[name] = {}
            if r.chance(0.3):
                payors[name]["cap"] = r.near(1000, 9000, 1)
            if r.chance(0.3):
                payors[name]["fiscal_year_cap"] = self.year_cap(4000)
            if r.chance(0.4):
                payors[name]["default"] = {
                    "probability": r.quantity(0.05, 0.5),
                    **r.choice([{"lost": 1.0}, {"lost": 0.4}, {"lost": 0.3, "late": 2}]),
                    **r.choice([{}, {"lost": 0.0, "late": 1}]),
                }
        terms = {}
        for n in range(r.randint(1, 4)):
            terms[f"t{n}"] = self.term(list(terms))
        found = {"payors": payors, "terms": terms}
        if r.chance(0.3):
            found["cap"] = r.near(2000, 12000, 1)
        if r.chance(0.25):
            found["fiscal_year_cap"] = self.year_cap(5000)
        found["triggers"] = self.triggers()
        if r.chance(0.5):
            found["savings"] = {"s": {"outcome": next(iter(self.kinds)), "value": 100.0}}
        return found

    def triggers(self):
        r, found = self.r, {}
        if r.chance(0.35):
            at = sorted(r.sample(range(1, self.T), 2))
            found["end"] = {
                "at": [self.when(t) for t in at],
                "action": "terminate",
                "wind_down": r.quantity(0, 300),
                "pays_after": r.chance(0.5),
            } | self.conditions(0.6, at[0])
        if r.chance(0.35):
            at = r.randint(1, min(self.end, self.T - 1) - 1)
            found["grow"] = {
                "at": [self.when(at)],
                "action": "expand",
                "window_end": self.when(self.T - 1),
            } | self.conditions(0.4, at)
            if self.target is not None and r.chance(0.8):
                found["grow"]["target"] = self.target + r.randint(3, 20)
        if self.tranches and r.chance(0.25):
            at = r.randint(1, self.T - 1)
            found["hold"] = {
                "at": [self.when(at)],
                "action": "stop_funding",
                "tranches": r.some(self.tranches, 1, 2),
            } | self.conditions(0.4, at)
        return dict(sorted(found.items(), key=lambda _: r.random()))

    # Capital.

    def capital(self):
        r = self.r
        service = {"per_client_period": r.quantity(20, 120), "overrun": r.quantity(0.9, 1.3)}
        costs = {"service": service}
        if r.chance(0.6):
            costs["entry"] = {"category": "other", "per_enrollment": r.quantity(5, 60)}
        if r.chance(0.6):
            costs["office"] = {
                "category": "intermediary",
                "per_period": r.quantity(10, 150),
                "first": self.when(r.randint(0, 1)),
                "inflation": r.near(0, 0.05),
                "stops": r.chance(0.6),
            }
            if r.chance(0.5):
                costs["office"]["last"] = self.when(r.randint(2, self.T - 1))
        if r.chance(0.6):
            costs["study"] = {
                "category": "evaluation",
                "at": {self.key(t): r.quantity(20, 400) for t in r.sample(range(self.T), 2)},
            }
        found = {"costs": costs, "overrun": r.quantity(0.9, 1.2)}
        self.tranches, self.repaid = [], []
        if r.chance(0.85):
            found["tranches"] = self.stack()
            self.tranches = list(found["tranches"])
            self.repaid = [
                i for i, tranche in found["tranches"].items() if tranche["kind"] != "grant"
            ]
            found["waterfall"] = self.waterfall(found["tranches"])
            if r.chance(0.4):
                gift = {"amount": r.near(200, 4000, 1), "at": self.when(r.randint(0, 2))}
                found["grants"] = {"gift": gift}
            if r.chance(0.4):
                found["guarantees"] = self.guarantees()
        elif r.chance(0.4):
            found["waterfall"] = {
                "bonus": {"pay": "share", "to": {"provider": 0.5, "intermediary": 0.2}}
            }
        found["draws"] = r.choice(["after_distribution", "before_distribution"])
        found["shortfall"] = r.choice(["stop", "stop", "continue"])
        found["residual"] = r.choice(["payor", "provider", "intermediary"])
        return found

    def stack(self):
        r, found = self.r, {}
        kinds = ["loan", *r.choices(
            ["loan", "recoverable_grant", "grant", "deferred_fee", "equity"], k=r.randint(0, 3)
        )]
        for n, kind in enumerate(kinds):
            found[f"{kind}{n}"] = tranche = {
                "kind": kind,
                "commitment": r.near(800, 14000, 1),
                "order": r.randint(1, 2),
            }
            if kind in ("loan", "equity") and r.chance(0.8):
                tranche["coupon"] = r.near(0.01, 0.09)
                tranche["compounding"] = r.choice(["simple", "compound"])
                if kind == "loan":
                    tranche["pays"] = r.choice(["accrued", "paid"])
            first, last = 0, self.T
            if r.chance(0.3):
                first = r.randint(0, 2)
                tranche["first"] = self.when(first)
            if r.chance(0.2):
                last = r.randint(4, self.T - 1)
                tranche["last"] = self.when(last)
            if r.chance(0.2):
                tranche["draw"] = "upfront"
            elif r.chance(0.25):
                part = tranche["commitment"] / 3
                tranche["schedule"] = {
                    self.key(t): r.near(part / 4, part, 1)
                    for t in r.sample(range(first, last), 2)
                }
        return found

    def waterfall(self, tranches):
        r = self.r
        loans = [i for i, found in tranches.items() if found["kind"] in ("loan", "equity")]
        repaid = [i for i, found in tranches.items() if found["kind"] != "grant"]
        found = {}
        if r.chance(0.4):
            found["fee"] = {"pay": "fee", "to": ["intermediary"], "amount": r.near(50, 600, 1)}
            if r.chance(0.3):
                found["fee"]["to"] = ["intermediary", "provider"]
            if r.chance(0.4):
                found["fee"]["to"] = {"intermediary": 0.6, "provider": 0.4}
        if r.chance(0.3):
            found["keep"] = {"pay": "reserve", "amount": r.near(100, 1500, 1)}
        if r.chance(0.9):
            found["coupon"] = {"pay": "interest", "to": loans}
        found["back"] = {"pay": "principal", "to": repaid}
        if r.chance(0.4):
            found["target"] = {"pay": "return", "to": r.some(repaid, 1, 2)}
            found["target"]["irr"] = r.near(0.02, 0.12)
        if r.chance(0.5):
            found["rest"] = {"pay": "share", "to": {"provider": 0.3, r.choice(repaid): 0.5}}
            if r.chance(0.5):
                found["rest"]["irr"] = r.near(0.05, 0.2)
        if r.chance(0.4):
            found["side"] = {"pay": "principal", "to": repaid[:1], "pool": "side"}
        for step in found.values():
            if r.chance(0.2):
                step["due"] = self.when(r.randint(0, 3))
            if r.chance(0.1):
                step["until"] = self.when(self.T - 1)
        return found

    def guarantees(self):
        r = self.r
        found = {
            "tranches": r.some(self.repaid, 1, 2),
            "share": r.near(0.3, 1.0),
            "kind": r.choice(["additive", "floor"]),
        }
        if found["kind"] == "floor":
            found["of"] = r.choice(["drawn", "commitment"])
        if r.chance(0.5):
            found["limit"] = r.near(100, 3000, 1)
        at = self.T
        if r.chance(0.4):
            at = r.randint(self.T // 2, self.T)
            found["at"] = self.when(at)
        if r.chance(0.3):
            found["pot"] = {self.key(t): r.near(100, 1500, 1) for t in r.sample(range(at), 2)}
        return {"backstop": found}

    # What links them.

    def correlate(self, found):
        """Correlate up to three of the uncertain quantities."""
        row = Row(Scenario.model_validate(found))
        uncertain = [row.paths[i] for i in row.uncertain]
        if len(uncertain) >= 3 and self.r.chance(0.5):
            a, b, c = self.r.sample(uncertain, 3)
            found["correlations"] = {
                "ab": {"between": [a, b], "rho": self.r.near(-0.6, 0.6)},
                "cb": {"between": [c, b], "rho": self.r.near(-0.6, 0.6)},
            }
        return found


def scenario(i):
    """The i-th generated scenario: a plain dict that the model accepts."""
    return Writer(i).write()
