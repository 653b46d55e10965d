"""One value of a good deal is made wrong at a time: the mistake is named, at its place, with a way out.

Each row: the changes (dotted path: value, None removes), the dotted path at which the finding
stands, words of what was found, words of what is allowed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pfs_sim.errors import Problem, ScenarioError
from pfs_sim.reading import load, read

BASE = Path(__file__).parent / "bad_scenarios" / "base" / "deal.yaml"
DEAL = read(BASE)

T, C, K, W = "contract.terms", "contract", "capital", "capital.waterfall"

Row = tuple[dict[str, Any], str, str, str]

CONTRACT: list[Row] = [
    # Terms: what they look at.
    ({f"{T}.placement.measure": "eithr"}, f"{T}.placement.measure", "`eithr`", "did you mean `either`?"),
    ({f"{T}.placement.measure": None}, f"{T}.placement.measure", "missing", "required by a schedule of kind tiers"),
    ({f"{T}.standing.measure": "enrolled"}, f"{T}.standing.measure", "fixed schedule", "only_if"),
    ({f"{T}.people.times": "enroled"}, f"{T}.people.times", "`enroled`", "did you mean `enrolled`?"),
    ({f"{T}.placement.mesure": "days"}, f"{T}.placement.mesure", "unknown key", "did you mean `measure`?"),
    # Terms: schedules.
    ({f"{T}.placement.schedule.tiers": [[0.2, 1], [0.1, 2]]}, f"{T}.placement.schedule", "tier 0.1 after 0.2", "rising order"),
    ({f"{T}.placement.schedule.tiers": [[0.2]]}, f"{T}.placement.schedule", "a tier of 1 numbers", "[measure, amount]"),
    ({f"{T}.placement.schedule.tiers": []}, f"{T}.placement.schedule.tiers", "an empty list", "at least 1"),
    ({f"{T}.index.schedule.points": [[0.4, 0], [0.4, 5]]}, f"{T}.index.schedule", "point 0.4 after 0.4", "rising"),
    ({f"{T}.screens_bonus.schedule.pieces": [[1, 2]]}, f"{T}.screens_bonus.schedule", "a piece of 2", "rate"),
    ({f"{T}.reports.schedule.kind": "ratecard"}, f"{T}.reports.schedule.kind", '"ratecard"', "tiers, points, pieces"),
    ({f"{T}.reports.schedule.price": "4000"}, f"{T}.reports.schedule.price", "'4000'", "a number"),
    ({f"{T}.reports.schedule.price": {"dist": "normal", "mean": 1, "sd": 1}}, f"{T}.reports.schedule.price", "normal", "one certain number"),
    # Terms: when.
    ({f"{T}.placement.at": ["finale"]}, f"{T}.placement.at.0", "`finale`", "did you mean `final`?"),
    ({f"{T}.placement.at": [8]}, f"{T}.placement.at.0", "`8`", "the name of an evaluation"),
    ({f"{T}.placement.at": ["final", "final"]}, f"{T}.placement.at.1", "second time", "once"),
    ({f"{T}.placement.at": []}, f"{T}.placement.at", "never falls due", "no `at` for all"),
    ({f"{T}.standing.at": ["next summer"]}, f"{T}.standing.at.0", "`next summer`", "a grid point or a date"),
    ({f"{T}.standing.at": ["2031-01-01"]}, f"{T}.standing.at.0", "past the grid", "clock.periods: 57"),
    ({f"{T}.standing.at": ["2015-01-01"]}, f"{T}.standing.at.0", "before the start", "2016-10-01 or later"),
    ({f"{T}.standing.at": [29]}, f"{T}.standing.at.0", "grid point 29, past the grid", "up to grid point 28"),
    ({f"{T}.placement.lag": 4}, f"{T}.placement.lag", "grid point 29, past the grid", "clock.periods: 29 or more"),
    ({f"{T}.placement.lag": "a while"}, f"{T}.placement.lag", "'a while'", "18 months"),
    # Terms: amounts.
    ({f"{T}.reports.floor": 2000000}, f"{T}.reports.floor", "above the term's cap", "up to 1,000,000"),
    ({f"{T}.screens_bonus.floor": 20000000}, f"{T}.screens_bonus.floor", "above the contract's cap", "14,800,000"),
    ({f"{T}.reports.cap": -1}, f"{T}.reports.cap", "-1", "0 or more"),
    ({f"{C}.cap": -5}, f"{C}.cap", "-5", "0 or more"),
    ({f"{T}.reports.basis": "each"}, f"{T}.reports.claw_back", "on its own", "basis: cumulative"),
    ({f"{T}.reports.pays": "irr", f"{T}.reports.times": 2}, f"{T}.reports.times", "a factor on irr", "no `times`"),
    # Terms: conditions.
    ({f"{T}.index.only_if.enough.measure": "enrolld"}, f"{T}.index.only_if.enough.measure", "`enrolld`", "did you mean `enrolled`?"),
    ({f"{T}.index.only_if.enough.at_least": None}, f"{T}.index.only_if.enough", "without a bound", "at_least, below"),
    ({f"{T}.consolation.any_of.reached.below": 0.2}, f"{T}.consolation.any_of.reached", "never hold", "smaller than below"),
    ({f"{T}.screens.holdback.only_if.any.measure": "no"}, f"{T}.screens.holdback.only_if.any.measure", "`no`", "a measure"),
    ({f"{T}.consolation.unless_paid": ["plcement"]}, f"{T}.consolation.unless_paid.0", "`plcement`", "did you mean `placement`?"),
    ({f"{T}.consolation.unless_paid": ["consolation"]}, f"{T}.consolation.unless_paid.0", "`consolation`", "another term"),
    # Terms: holdback, index, switch, payors.
    ({f"{T}.screens.holdback.release": "2019-10-01"}, f"{T}.screens.holdback.release", "not after the first payment", "after grid point 25"),
    ({f"{T}.screens.holdback.release": "2033-10-01"}, f"{T}.screens.holdback.release", "past the grid", "clock.periods: 68"),
    ({f"{T}.screens.holdback.share": 1.2}, f"{T}.screens.holdback.share", "1.2", "0 to 1"),
    ({f"{T}.screens.lag": 3}, f"{T}.screens.holdback.release", "paid past the grid", "clock.periods: 29"),
    ({f"{T}.screens_bonus.escalation.since": 40}, f"{T}.screens_bonus.escalation.since", "past the grid", "up to grid point 28"),
    ({f"{T}.days.switch.tranches": ["senor"]}, f"{T}.days.switch.tranches.0", "`senor`", "did you mean `senior`?"),
    ({f"{T}.days.switch.factor": -0.4}, f"{T}.days.switch.factor", "-0.4", "0 or more"),
    ({f"{T}.placement.payors": {"stat": 1.0}}, f"{T}.placement.payors.stat", "`stat`", "did you mean `state`?"),
    ({f"{T}.placement.payors.state": 0.9}, f"{T}.placement.payors", "add to 1.1", "add to 1"),
    ({f"{T}.placement.payors": {}}, f"{T}.placement.payors", "no payor", "equal shares"),
    # Payors.
    ({f"{C}.payors.state.default.lost": 0, f"{C}.payors.state.default.late": 0}, f"{C}.payors.state.default", "nothing is late", "lost above 0"),
    ({f"{C}.payors.state.default.lost": 1.0}, f"{C}.payors.state.default.late", "a rest of nothing", "lost below 1"),
    ({f"{C}.payors.state.default.probability": 1.4}, f"{C}.payors.state.default.probability", "1.4", "0 to 1"),
    ({f"{C}.payors": {}}, f"{C}.payors", "an empty mapping", "a mapping of names"),
    ({f"{C}.payors.state.fiscal_year_cap.excess": "cary"}, f"{C}.payors.state.fiscal_year_cap.excess", '"cary"', "did you mean `carry`?"),
    # Triggers.
    ({f"{C}.triggers.stop_early.at": ["2030-01-01"]}, f"{C}.triggers.stop_early.at.0", "past the grid", "clock.periods: 53"),
    ({f"{C}.triggers.stop_early.at": [4, 4]}, f"{C}.triggers.stop_early.at.1", "second time", "once"),
    ({f"{C}.triggers.stop_early.only_if.few.measure": "enroled"}, f"{C}.triggers.stop_early.only_if.few.measure", "`enroled`", "did you mean `enrolled`?"),
    ({f"{C}.triggers.stop_early.only_if.few.measure": "placements"}, f"{C}.triggers.stop_early.only_if.few.measure", "before the first evaluation", "a later `at`"),
    ({f"{C}.triggers.lose_faith.tranches": []}, f"{C}.triggers.lose_faith.tranches", "no tranche", "senior, junior"),
    ({f"{C}.triggers.lose_faith.tranches": ["junor"]}, f"{C}.triggers.lose_faith.tranches.0", "`junor`", "did you mean `junior`?"),
    ({f"{C}.triggers.stop_early.tranches": ["junior"]}, f"{C}.triggers.stop_early.tranches", "action terminate", "stop_funding only"),
    ({f"{C}.triggers.lose_faith.wind_down": 5}, f"{C}.triggers.lose_faith.wind_down", "stop_funding", "terminate only"),
    ({f"{C}.triggers.lose_faith.pays_after": False}, f"{C}.triggers.lose_faith.pays_after", "stop_funding", "terminate only"),
    ({f"{C}.triggers.grow.target": None}, f"{C}.triggers.grow.action", "without effect", "target, window_end"),
    ({f"{C}.triggers.grow.target": 400}, f"{C}.triggers.grow.target", "400", "above program.target (500)"),
    ({f"{C}.triggers.grow.window_end": 30}, f"{C}.triggers.grow.window_end", "past the grid", "28"),
    ({f"{C}.triggers.grow.at": [20]}, f"{C}.triggers.grow.at", "when enrollment has ended (grid point 18)", "a later window_end"),
    ({f"{C}.savings.placement.outcome": "placemnt"}, f"{C}.savings.placement.outcome", "`placemnt`", "did you mean `placement`?"),
]  # fmt: skip

CAPITAL: list[Row] = [
    # Costs.
    ({f"{K}.costs.therapy.per_client_period": None}, f"{K}.costs.therapy", "without an amount", "per_enrollment"),
    ({f"{K}.costs.teams.last": 0, f"{K}.costs.teams.first": 4}, f"{K}.costs.teams.last", "before first", "after first"),
    ({f"{K}.costs.teams.last": 99}, f"{K}.costs.teams.last", "past the grid", "up to grid point 28"),
    ({f"{K}.costs.therapy.first": 2}, f"{K}.costs.therapy.first", "without per_period", "beside it"),
    ({f"{K}.costs.evaluation.at.soon": 5}, f"{K}.costs.evaluation.at.soon", "the key `soon`", "a date YYYY-MM-DD"),
    ({f"{K}.costs.evaluation.at.2035-01-01": 5}, f"{K}.costs.evaluation.at.2035-01-01", "past the grid", "clock.periods"),
    ({f"{K}.costs.teams.category": "salaries"}, f"{K}.costs.teams.category", '"salaries"', "service, evaluation"),
    # Sources of funds.
    ({f"{K}.tranches.senior.kind": "laon"}, f"{K}.tranches.senior.kind", '"laon"', "did you mean `loan`?"),
    ({f"{K}.tranches.senior.commitment": -1}, f"{K}.tranches.senior.commitment", "-1", "0 or more"),
    ({f"{K}.tranches.senior.coupon": -0.02}, f"{K}.tranches.senior.coupon", "-0.02", "0 or more"),
    ({f"{K}.tranches.program_related.coupon": 0.02}, f"{K}.tranches.program_related.coupon", "a recoverable_grant", "kind: loan"),
    ({f"{K}.tranches.fee.coupon": 0.02}, f"{K}.tranches.fee.coupon", "a deferred_fee", "kind: loan"),
    ({f"{K}.tranches.upside.first": 20}, f"{K}.tranches.upside.last", "before first", "20 or later"),
    ({f"{K}.tranches.paid_note.last": "2016-10-01", f"{K}.tranches.paid_note.first": 8}, f"{K}.tranches.paid_note.last", "never drawn", "8 or later"),
    ({f"{K}.tranches.senior.order": 0}, f"{K}.tranches.senior.order", "0", "≥ 1"),
    ({f"{K}.tranches.fee.draw": "upfront"}, f"{K}.tranches.fee.draw", "beside a schedule", "one of them"),
    ({f"{K}.tranches.fee.schedule": {"0": 500000}}, f"{K}.tranches.fee.schedule", "500,000 in all", "400,000"),
    ({f"{K}.tranches.fee.schedule": {"later": 400000}}, f"{K}.tranches.fee.schedule.later", "the key `later`", "a grid point"),
    ({f"{K}.tranches.fee.last": 4}, f"{K}.tranches.fee.schedule.2018-10-01", "a draw at 2018-10-01", "grid points 0 to 4"),
    ({f"{K}.tranches.payor": {"kind": "loan", "commitment": 1}}, f"{K}.tranches.payor", "like the party `payor`", "another name"),
    ({f"{K}.tranches.county": {"kind": "loan", "commitment": 1}}, f"{K}.tranches.county", "like the party `county`", "another name"),
    ({f"{K}.grants.senior": {"amount": 5}}, f"{K}.grants.senior", "`senior`", "`senior_grant`"),
    ({f"{K}.grants.planning.at": 40}, f"{K}.grants.planning.at", "past the grid", "up to grid point 28"),
    # Waterfall.
    ({f"{W}.senior_principal.to": []}, f"{W}.senior_principal.to", "without recipient", "senior, junior"),
    ({f"{W}.senior_principal.to": None}, f"{W}.senior_principal.to", "without recipient", "tranches"),
    ({f"{W}.senior_principal.to": ["seniour"]}, f"{W}.senior_principal.to.0", "`seniour`", "did you mean `senior`?"),
    ({f"{W}.senior_principal.to": ["senior", "senior"]}, f"{W}.senior_principal.to.1", "second time", "once"),
    ({f"{W}.senior_principal.to": ["provider"]}, f"{W}.senior_principal.to.0", "the party `provider`", "tranches"),
    ({f"{W}.senior_principal.to": {"senior": 0.5}}, f"{W}.senior_principal.to", "shares in a principal step", "pro rata"),
    ({f"{W}.management.to": ["senior"]}, f"{W}.management.to.0", "a fee to the tranche", "intermediary"),
    ({f"{W}.management.to": ["evaluator"]}, f"{W}.management.to.0", "`evaluator`", "payor, provider, intermediary"),
    ({f"{W}.management.to": {"provider": 0.5, "intermediary": 0.4}}, f"{W}.management.to", "add to 0.9", "add to 1"),
    ({f"{W}.management.amount": None}, f"{W}.management.amount", "missing", "owed in all"),
    ({f"{W}.management.irr": 0.1}, f"{W}.management.irr", "an IRR of a fee step", "return or share"),
    ({f"{W}.management.due": 29}, f"{W}.management.due", "past the grid", "up to grid point 28"),
    ({f"{W}.management.until": 8}, f"{W}.management.until", "before due", "12 or later"),
    ({f"{W}.management.pool": "mian"}, f"{W}.management.pool", "`mian`", "did you mean `main`?"),
    ({f"{W}.keep.amount": None}, f"{W}.keep.amount", "missing", "held at most"),
    ({f"{W}.keep.to": ["senior"]}, f"{W}.keep.to", "recipients of a reserve", "stays as cash"),
    ({f"{W}.hurdle.irr": None}, f"{W}.hurdle.irr", "missing", "required: the IRR"),
    ({f"{W}.hurdle.amount": 5}, f"{W}.hurdle.amount", "an amount of a return step", "fee or reserve"),
    ({f"{W}.success.to.upside": 0.9}, f"{W}.success.to", "shares of 1.6 in all", "at most 1"),
    ({f"{W}.success.to": ["provider"]}, f"{W}.success.to", "a list in a share step", "{provider: 0.5}"),
    ({f"{W}.success.to.investors": 0.0}, f"{W}.success.to.investors", "`investors`", "a recipient"),
    ({f"{W}.success.pay": "shares"}, f"{W}.success.pay", '"shares"', "did you mean `share`?"),
    ({f"{K}.tranches.junior.kind": "grant", f"{K}.tranches.junior.coupon": None, f"{T}.days.switch.tranches": ["senior"], f"{W}.junior_interest": None}, f"{W}.junior_principal.to.0", "a grant", "repaid"),
    ({f"{K}.tranches.junior.kind": "grant", f"{K}.tranches.junior.coupon": None, f"{W}.junior_interest": None, f"{W}.junior_principal": None}, f"{T}.days.switch.tranches.1", "a grant", "other tranches"),
    ({f"{K}.tranches": {}, f"{T}.days.switch": None, f"{T}.days.pays": "irr", f"{C}.triggers.lose_faith": None, f"{K}.waterfall": {}, f"{K}.guarantees": {}}, f"{T}.days.pays", "irr, without investors", "capital.tranches"),
    # Guarantees.
    ({f"{K}.guarantees.backstop.tranches": []}, f"{K}.guarantees.backstop.tranches", "an empty list", "at least 1"),
    ({f"{K}.guarantees.backstop.tranches": ["snior"]}, f"{K}.guarantees.backstop.tranches.0", "`snior`", "did you mean `senior`?"),
    ({f"{K}.tranches.program_related.kind": "grant", f"{W}.rest_of_principal.to": ["fee"], f"{K}.guarantees.backstop.tranches": ["program_related"]}, f"{K}.guarantees.backstop.tranches.0", "nothing is ever owed", "repaid"),
    ({f"{K}.guarantees.backstop.share": 0}, f"{K}.guarantees.backstop.share", "a guarantee of nothing", "above 0"),
    ({f"{K}.guarantees.backstop.share": 75}, f"{K}.guarantees.backstop.share", "75", "0 to 1"),
    ({f"{K}.guarantees.backstop.limit": 0}, f"{K}.guarantees.backstop.limit", "a guarantee of nothing", "no limit"),
    ({f"{K}.guarantees.backstop.at": "2029-01-01"}, f"{K}.guarantees.backstop.at", "past the grid", "clock.periods: 49"),
    ({f"{K}.guarantees.backstop.at": 27, f"{K}.guarantees.backstop.pot.28": 1}, f"{K}.guarantees.backstop.pot.28", "after the guarantee is due", "up to 27"),
    ({f"{K}.guarantees.backstop.pot.2050-01-01": 1}, f"{K}.guarantees.backstop.pot.2050-01-01", "past the grid", "clock.periods"),
    ({f"{K}.residual": "investor"}, f"{K}.residual", '"investor"', "payor, provider"),
]  # fmt: skip


P, O, E, M = "program", "outcomes", "evaluation", "evaluation.measures"

PEOPLE: list[Row] = [
    # Clock.
    ({"clock.start": 3}, "clock.start", "grid point 3", "a date YYYY-MM-DD"),
    ({"clock.start": "0216-10-01"}, "clock.start", "0216-10-01", "the date on which the deal starts"),
    ({"clock.period": "week"}, "clock.period", '"week"', "month, quarter"),
    ({"clock.periods": 20}, f"{E}.dates.final", "past the grid", "clock.periods: 25"),
    # Program.
    ({f"{P}.atrition": {}}, f"{P}.atrition", "unknown key", "did you mean `attrition`?"),
    ({f"{P}.window_start": 28}, f"{P}.window_start", "after the last period", "27"),
    ({f"{P}.window_start": 18}, f"{P}.window_end", "not after window_start", "grid point 19 or later"),
    ({f"{P}.window_end": "2024-10-01"}, f"{P}.window_end", "past the grid", "clock.periods: 32"),
    ({f"{P}.assignment.share": 1.5}, f"{P}.assignment.share", "1.5", "up to 1"),
    ({f"{P}.assignment.block": 5}, f"{P}.assignment.block", "2.5 treated", "such as 2, 4, 6"),
    ({f"{P}.assignment.method": "none"}, f"{P}.assignment.method", "none with share 0.5", "share 1"),
    ({f"{P}.service.duration": 0}, f"{P}.service.duration", "0", "at least 1 period"),
    ({f"{P}.service.duration": "9 years"}, f"{P}.service.duration", "longer than the grid", "clock.periods: 36"),
    ({f"{P}.service.teams": {}}, f"{P}.service.teams", "no team", "places unlimited"),
    ({f"{P}.service.teams.south.start": 28}, f"{P}.service.teams.south.start", "after the last period", "27"),
    ({f"{P}.attrition.hazard.at": {"6 months": 0.8, "1 year": 0.9}}, f"{P}.attrition.hazard.at.1 year", "0.9 still there, after 0.8", "fall with time"),
    ({f"{P}.attrition.hazard.at": {"1 year": 0.8, "12 months": 0.7}}, f"{P}.attrition.hazard.at.12 months", "the time 12 months", "rising order"),
    ({f"{P}.attrition.hazard.at": {"soon": 0.8}}, f"{P}.attrition.hazard.at.soon", "the key `soon`", "`6 months`"),
    ({f"{P}.attrition.hazard.at": {"1 year": 0.0}}, f"{P}.attrition.hazard.at.1 year", "0", "above 0"),
    ({f"{P}.attrition.hazard": {"kind": "piecewise", "leave": [0.1, 1.0, 0.1]}}, f"{P}.attrition.hazard.leave.1", "nobody reaches period of treatment 3", "below 1"),
    ({f"{P}.attrition.hazard.kind": "gompertz"}, f"{P}.attrition.hazard.kind", '"gompertz"', "weibull"),
    ({f"{P}.dose_response": []}, f"{P}.dose_response", "no point", "[1, 1]"),
    ({f"{P}.dose_response": [[0, 0], [1, 1.2]]}, f"{P}.dose_response.1", "[1, 1.2]", "from 0 to 1"),
    ({f"{P}.dose_response": [[0, 0], [0.5, 0.8], [1, 0.6]]}, f"{P}.dose_response.2.1", "0.6 after 0.8", "do not fall"),
    ({f"{P}.dose_response": [[0, 0], [0, 1]]}, f"{P}.dose_response.1.0", "dose 0", "rising order"),
    ({f"{P}.dose_response": [[0, 0, 0], [1, 1]]}, f"{P}.dose_response.0", "a point of 3", "[dose, effect share]"),
    ({f"{P}.types.low.share": 0.7}, f"{P}.types", "add to 1.1", "add to 1"),
    ({f"{P}.types.high.level.placment": 0.1}, f"{P}.types.high.level.placment", "`placment`", "did you mean `placement`?"),
    ({f"{P}.types.high.effect.housing": 0.1}, f"{P}.types.high.effect.housing", "`housing`", "an outcome of this file"),
    ({f"{P}.client_correlation": 0.1}, f"{P}.client_correlation", "beside stated types", "one of"),
    ({f"{P}.client_correlation": 0.3, f"{P}.types": None, f"{M}.in_high.type": None}, f"{P}.client_correlation", "takes `started` of one type out of its range", "below 0.25"),
    # Outcomes.
    ({f"{O}.job.after": "strted"}, f"{O}.job.after", "`strted`", "did you mean `started`?"),
    ({f"{O}.job.after": "job"}, f"{O}.job.after", "after itself", "another event"),
    ({f"{O}.job.after": "reports"}, f"{O}.job.after", "of kind count", "kind event"),
    ({f"{O}.started.trials": 3}, f"{O}.job.after", "with 3 trials", "trials: 1"),
    ({f"{O}.started.after": "job", f"{O}.started.window": "1 year", f"{M}.people.person": {"started": 1}}, f"{O}.started.after", "a circle, started after job after started", "a first event"),
    ({f"{O}.placement.effect": {"dist": "estimate", "scale": "smd", "point": -0.2, "se": 0.1}}, f"{O}.placement.effect", "on the scale smd", "log_odds_ratio"),
    ({f"{O}.reports.effect": {"dist": "estimate", "scale": "log_odds_ratio", "point": 0.8, "se": 0.1}}, f"{O}.reports.effect", "on the scale log_odds_ratio", "log_relative_risk or log_ratio"),
    ({f"{O}.foster_days.effect_on": "share", f"{O}.foster_days.effect": {"dist": "estimate", "scale": "log_ratio", "point": 0.8, "se": 0.1}}, f"{O}.foster_days.effect", "on the scale log_ratio", "effect_on: share moves log odds"),
    ({f"{O}.placement.scale": "difference", f"{P}.types.high.level.placement": None}, f"{O}.placement.effect", "moves the level from 0.24 to -0.04", "a level from 0 to 1"),
    ({f"{O}.foster_days.scale": "difference", f"{O}.foster_days.effect": -300}, f"{O}.foster_days.effect", "from 280 to -20", "a level above 0"),
    ({f"{O}.reports.scale": "difference", f"{O}.reports.effect": -0.7}, f"{O}.reports.effect", "from 0.6 to -0.1", "0 or more"),
    ({f"{O}.reports.scale": "difference", f"{P}.types.high.level.reports": -0.9}, f"{P}.types.high.level.reports", "to a level of -0.3", "0 or more"),
    ({f"{O}.placement.loss.treated": 1}, f"{O}.placement.loss.treated", "nobody can be measured", "below 1"),
    ({f"{O}.clean.qualify": "15 months"}, f"{O}.clean.qualify", "longer than the treatment (4 periods)", "up to 4 periods"),
    ({f"{O}.placement.level": 24}, f"{O}.placement.level", "24", "0 to 1"),
    ({f"{O}.placement.kind": "events"}, f"{O}.placement.kind", '"events"', "did you mean `event`?"),
    # Evaluation.
    ({f"{E}.dates.second": "2019-01-01"}, f"{E}.dates.second", "before the evaluation above", "in order of time"),
    ({f"{E}.dates.second": "2019-09-01"}, f"{E}.dates.second", "on grid point 12 like", "one evaluation on a grid point"),
    ({f"{E}.dates.interim": "2016-01-01"}, f"{E}.dates.interim", "before the start", "2016-10-01 or later"),
    ({f"{E}.dates": {}}, f"{E}.dates", "an empty mapping", "a mapping of names"),
    ({f"{M}.placements.outcome": "placment"}, f"{M}.placements.outcome", "`placment`", "did you mean `placement`?"),
    ({f"{M}.people.person.jobs": 100}, f"{M}.people.person.jobs", "`jobs`", "did you mean `job`?"),
    ({f"{M}.in_high.type": "hih"}, f"{M}.in_high.type", "`hih`", "did you mean `high`?"),
    ({f"{M}.in_high.program": "referred"}, f"{M}.in_high.type", "referred of one type", "told of the treated"),
    ({f"{M}.either.fallback": ["placements", "placements_matchd"]}, f"{M}.either.fallback.1", "`placements_matchd`", "did you mean `placements_matched`?"),
    ({f"{M}.either.fallback": ["placements", "placements"]}, f"{M}.either.fallback.1", "second time", "once"),
    ({f"{M}.either.fallback": ["either", "placements"]}, f"{M}.either.fallback.0", "`either`", "another measure"),
    ({f"{M}.index.blend.live": 0.5, f"{M}.live.before": "index"}, f"{M}.index", "index of live of index", "down to an outcome"),
    ({f"{M}.live.then": "dayz"}, f"{M}.live.then", "`dayz`", "did you mean `days`?"),
    ({f"{M}.live.date": "2040-01-01"}, f"{M}.live.date", "past the grid", "clock.periods: 93"),
    ({f"{M}.share_of_high.ratio": ["in_high", "enroled"]}, f"{M}.share_of_high.ratio.1", "`enroled`", "did you mean `enrolled`?"),
    ({f"{M}.screens.statistic": "difference"}, f"{M}.screens.statistic", "difference with design validated", "total or mean"),
    ({f"{M}.placements_fixed.comparison": None}, f"{M}.placements_fixed.comparison", "missing", "the level that the contract fixes"),
    ({f"{M}.placements_fixed.comparison": 25}, f"{M}.placements_fixed.comparison", "25", "0.24 for 24 %"),
    ({f"{M}.placements_fixed.comparison": 0}, f"{M}.placements_fixed.comparison", "0", "above 0"),
    ({f"{M}.placements.comparison": 0.25}, f"{M}.placements.comparison", "with design rct", "historical only"),
    ({f"{M}.placements.ratio": 2}, f"{M}.placements.ratio", "with design rct", "matched only"),
    ({f"{M}.placements.trend": 0.02}, f"{M}.placements.trend", "with design rct", "historical only"),
    ({f"{M}.placements.bias": 0.01}, f"{M}.placements.bias", "a bias with design rct", "randomization has none"),
    ({f"{M}.placements.arm": "control"}, f"{M}.placements.arm", "control with relative_reduction", "total or mean"),
    ({f"{M}.screens.arm": "control"}, f"{M}.screens.arm", "control with design validated", "rct only"),
    ({f"{M}.screens.significance": {"alpha": 0.05}}, f"{M}.screens.significance", "a test of total", "difference"),
    ({f"{M}.placements.significance.alpha": 5}, f"{M}.placements.significance.alpha", "5", "0.05 for 5 %"),
    ({f"{M}.placements.minimum_sample": 700}, f"{M}.placements.minimum_sample", "700 in each arm", "target of 600"),
    ({f"{M}.other": {"outcome": "placement", "statistic": "difference", "design": "matched", "ratio": 1}}, f"{M}.other.ratio", "while another measure of `placement` has 2", "one ratio"),
    ({f"{M}.enrolled": {"program": "active", "basis": "vintage"}}, f"{M}.enrolled.basis", "vintage of clients in service", "cumulative"),
    ({f"{M}.people.person": {"job": 5, "started": 5}}, f"{M}.people.person.job", "`job` before `started`", "the other order"),
    ({f"{M}.more": {"person": {"started": 5}, "cap": 9}}, f"{M}.more.person.started", "in two person measures", "none in common"),
    ({f"{O}.started.icc": 0.1}, f"{M}.people.person.started", "with icc", "without icc"),
    ({f"{P}.assignment": {"method": "none"}, f"{M}.reports_averted": None, f"{M}.days": None, f"{M}.placements.design": "rct", f"{T}.reports": None, f"{T}.days": None}, f"{M}.placements.design", "program.assignment.method is none", "simple or blocked"),
    # What ties them together.
    ({"correlations.levels.between": ["outcomes.placement.levl", "outcomes.placement.effect"]}, "correlations.levels.between.0", "`outcomes.placement.levl`", "did you mean `outcomes.placement.level`?"),
    ({"correlations.levels.between": ["outcomes.placement.effect", "outcomes.placement.effect"]}, "correlations.levels.between", "a quantity with itself", "two"),
    ({"correlations.levels.rho": 1.4}, "correlations.levels.rho", "1.4", "from -1 to 1"),
    ({"correlations.again": {"between": ["outcomes.placement.effect", "outcomes.placement.level"], "rho": 0.1}}, "correlations.again.between", "the pair of `levels` again", "once"),
    ({"correlations.levels.rho": 0.9, "correlations.b": {"between": ["outcomes.placement.effect", "outcomes.reports.effect"], "rho": 0.9}, "correlations.c": {"between": ["outcomes.placement.level", "outcomes.reports.effect"], "rho": -0.9}}, "correlations", "smallest eigenvalue -0.8", "every rho times 0.555"),
    ({f"{O}.placement.target_effect": {"dist": "normal", "mean": -0.6, "sd": 0.1}, "correlations.levels.between": ["outcomes.placement.level", "outcomes.placement.target_effect"]}, "correlations.levels.between.1", "not drawn", "the effect itself"),
    ({"stresses.slow": {"program.referals.multiplier": 0.5}}, "stresses.slow.program.referals.multiplier", "`program.referals.multiplier`", "did you mean `referrals`?"),
    ({"stresses.slow": {"contract.terms.plcement.cap": 5}}, "stresses.slow.contract.terms.plcement.cap", "the path", "did you mean `placement`?"),
    ({"stresses.slow": {}}, "stresses.slow", "without a value", "dotted path: value"),
]  # fmt: skip

IMPLAUSIBLE: list[Row] = [
    # Clock, program.
    ({"currency": "usd"}, "currency", '"usd"', "did you mean `USD`?"),
    ({"currency": "$"}, "currency", '"$"', "USD, GBP, EUR"),
    ({f"{P}.service.duration": "10 months"}, f"{P}.service.duration", "rounded up to 4 periods (12 months)", "a multiple of 3 months"),
    ({f"{P}.assignment.share": 1.0}, f"{P}.assignment.share", "nobody is a control", "method none"),
    ({f"{P}.service.overflow": "lost", f"{P}.service.teams.north.start": 2}, f"{P}.service.overflow", "no team before grid point 2", "wait"),
    ({f"{P}.attrition.hazard": {"kind": "exponential", "rate": 0}}, f"{P}.attrition.hazard.rate", "nobody ever leaves", "above 0"),
    ({f"{P}.attrition.hazard.at": {"1 year": 1}}, f"{P}.attrition.hazard.at", "retention of 100 %", "below 1"),
    ({f"{P}.attrition.hazard": {"kind": "exponential", "rate": 12}}, f"{P}.attrition", "complete the treatment", "a rate per year"),
    ({f"{P}.attrition.hazard": {"kind": "piecewise", "leave": [0.1] * 6}}, f"{P}.attrition.hazard.leave", "6 probabilities", "never used"),
    ({f"{P}.attrition.no_show": 1}, f"{P}.attrition.no_show", "nobody is ever served", "below 1"),
    ({f"{P}.dose_response": [[0, 0], [1, 0.5]]}, f"{P}.dose_response.1", "0.5 of the effect at the full dose", "1"),
    ({f"{P}.dose_response": [[0, 0.2], [1, 1]]}, f"{P}.dose_response.0", "received nothing", "[0, 0]"),
    ({f"{P}.referrals.per_period": 20}, f"{P}.target", "500 treated, while the plan", "more referrals"),
    ({f"{P}.referrals.per_period": 0}, f"{P}.referrals", "nobody is enrolled", "some referrals"),
    ({f"{P}.target": 0}, f"{P}.target", "nobody is enrolled", "above 0"),
    ({f"{P}.intake_limit": 0}, f"{P}.intake_limit", "nobody is enrolled", "above 0"),
    ({f"{P}.referrals.per_period": [60] * 12}, f"{P}.referrals.per_period", "none from grid point 12 to window_end (18)", "18 periods"),
    ({f"{P}.referrals.ramp.periods": 20}, f"{P}.referrals.ramp.periods", "longer than the enrollment window", "never reached"),
    ({f"{P}.referrals.multiplier": 0.15}, f"{P}.referrals.multiplier", "0.15 times the plan", "1.1 is ten percent"),
    ({f"{P}.window_end": 28, f"{P}.target": None, f"{C}.triggers.grow": None}, "clock.periods", "planned to be served until", "an earlier program.window_end"),
    # Outcomes.
    ({f"{O}.placement.effect": 0.4}, f"{O}.placement.effect", "raises an outcome of which lower is good", "below 0"),
    ({f"{O}.placement.target_effect": 0.6}, f"{O}.placement.target_effect", "raises", "below 0"),
    ({f"{O}.job.effect": -0.4}, f"{O}.job.effect", "lowers an outcome of which higher is good", "above 0"),
    ({f"{O}.placement.effect": 0}, f"{O}.placement.effect", "no effect, while a measure compares", "the effect on the scale"),
    ({f"{O}.placement.level": 0}, f"{O}.placement.level", "no effect on the scale log_odds moves", "strictly inside"),
    ({f"{O}.placement.effect": {"dist": "estimate", "scale": "log_hazard_ratio", "point": 0.52, "ci": [0.32, 0.85]}}, f"{O}.placement.effect", "a hazard ratio taken on the scale log_odds", "rare events only"),
    ({f"{O}.reports.scale": "difference", f"{P}.types.high.level.reports": 0, f"{O}.reports.effect": {"dist": "normal", "mean": -0.3, "sd": 0.4}}, f"{O}.reports.effect", "in one path of twenty", "truncated"),
    ({f"{O}.reports.scale": "difference", f"{O}.reports.drift": -0.2}, f"{O}.reports.drift", "to a level of -0.8", "per year"),
    ({f"{O}.placement.window": 0}, f"{O}.placement.window", "before any treatment", "`12 months`"),
    ({f"{O}.placement.window": "4 years"}, f"{O}.placement.window", "are never measured", "an evaluation later than grid point 25"),
    ({f"{O}.placement.window": "7 years"}, f"{O}.placement.window", "no client is ever measured", "a shorter wait"),
    ({f"{O}.clean.window": "6 months"}, f"{O}.clean.window", "window of a milestone", "leave it out"),
    ({f"{O}.clean.limit": 9}, f"{O}.clean.limit", "9 successes in a treatment of 4 periods", "never binds"),
    ({f"{O}.clean.reporting": "4 months"}, f"{O}.clean.reporting", "rounded up to 2 periods", "3 months"),
    ({f"{O}.started.record": {"sensitivity": 0.3, "specificity": 0.4}}, f"{O}.started.record", "seen less often", "above 1"),
    ({f"{O}.started.cluster": 5}, f"{O}.started.cluster", "without icc", "icc above 0"),
    ({f"{O}.job.window": 0, f"{O}.job.reporting": 0}, f"{O}.job.after", "known later", "no earlier"),
    ({f"{O}.extra": {"kind": "count", "good": "lower", "level": 1, "effect": -0.1, "window": 4}}, f"{O}.extra", "no measure looks at", "leave it out"),
    ({"correlations.levels.between": ["outcomes.job.level", "outcomes.placement.effect"]}, "correlations.levels.between.0", "which is certain", "an uncertain quantity"),
    # Evaluation.
    ({f"{E}.dates.interim": 0}, f"{E}.dates.interim", "before anything has happened", "later"),
    ({f"{M}.screens.design": "historical"}, f"{M}.screens.design", "compares with nothing", "validated"),
    ({f"{M}.placements.sample": "completed"}, f"{M}.placements.sample", "set against all controls", "assigned"),
    ({f"{M}.placements.significance.alpha": 0.5}, f"{M}.placements.significance.alpha", "0.5", "0.05"),
    ({f"{M}.placements.minimum_sample": 560}, f"{M}.placements.minimum_sample", "560 in each arm", "the plan reaches"),
    ({f"{M}.placements_fixed.comparison": 0.6}, f"{M}.placements_fixed.comparison", "while the level of `placement` is 0.24", "without the program"),
    ({f"{M}.people.cap": 1000}, f"{M}.people.cap", "less than the 2,000 of a single unit", "2,000 or more"),
    ({f"{M}.either.fallback": ["placements_matched", "placements"]}, f"{M}.either.fallback.0", "as soon as anyone is measured", "take over"),
    ({f"{M}.share_of_high.ratio": ["in_high", "in_high"]}, f"{M}.share_of_high.ratio", "always 1", "two"),
    ({f"{M}.live.date": 27}, f"{M}.live.date", "after the last evaluation", "earlier"),
    ({f"{M}.live.date": 12}, f"{M}.live.date", "not after the first evaluation", "later"),
    # Contract.
    ({f"{T}.placement.schedule.tiers": [[10, 1000000], [20, 3000000]]}, f"{T}.placement.schedule", "a knot at 20", "such as 0.2 for 20 %"),
    ({f"{T}.index.schedule": {"kind": "rate", "price": 1000}, f"{T}.index.cap": 1000000}, f"{T}.index.schedule.price", "1,000 for one unit of `index`", "100,000 if this is the price of one"),
    ({f"{T}.screens_bonus.schedule": {"kind": "tiers", "tiers": [[0.2, 1]]}}, f"{T}.screens_bonus.schedule", "is a count", "such as 100"),
    ({f"{C}.triggers.lose_faith.only_if.no_effect.below": 10}, f"{C}.triggers.lose_faith.only_if.no_effect.below", "a fraction", "0.1 for 10 %"),
    ({f"{T}.screens.basis": "each"}, f"{T}.screens.basis", "paid again every time", "cumulative"),
    ({f"{T}.screens_bonus.basis": "cumulative"}, f"{T}.screens_bonus.basis", "taken off later ones", "each"),
    ({f"{T}.standing.at": None}, f"{T}.standing.at", "paid at each of 3 evaluations", "at which it is paid"),
    ({f"{T}.placement.cap": 5000000}, f"{T}.placement.schedule.tiers.2.1", "more than the term's cap of 5,000,000", "up to the cap"),
    ({f"{T}.reports.cap": 0}, f"{T}.reports.cap", "never pays", "above 0"),
    ({f"{T}.reports.schedule.price": 0, f"{T}.reports.floor": None}, f"{T}.reports.schedule", "never pays anything", "an amount"),
    ({f"{T}.people.times": 0}, f"{T}.people.times", "0", "above 0"),
    ({f"{T}.reports.pays": "irr", f"{T}.reports.claw_back": False}, f"{T}.reports.schedule", "an IRR of 4,000", "0.05 for 5 %"),
    ({f"{T}.index.pays": "principal_share"}, f"{T}.index.schedule", "1,000,000 times the principal", "1.05"),
    ({f"{T}.consolation.unless_paid": ["standing"]}, f"{T}.consolation.unless_paid.0", "stands later", "above this one"),
    ({f"{T}.screens.holdback.release": 20}, f"{T}.screens.holdback.release", "nothing is held back", "grid point 25 or later"),
    ({f"{T}.days.switch.factor": 1.5}, f"{T}.days.switch.factor", "more is shared", "below 1"),
    ({f"{T}.days.pool": "foster"}, f"{T}.days.pool", "no step of the waterfall empties", "pool: foster"),
    ({f"{T}.screens_bonus.escalation.rate": 2}, f"{T}.screens_bonus.escalation.rate", "200 % a year", "0.02 is 2 %"),
    ({f"{C}.cap": 0, f"{T}.reports.floor": None}, f"{C}.cap", "nothing is ever paid", "above 0"),
    ({f"{C}.cap": 5000000}, f"{C}.cap", "less than the 9,700,000 that investors put in", "9,700,000 or more"),
    ({f"{C}.cap": 50000000}, f"{C}.cap", "times what investors put in", "1.1 to 2.0"),
    ({f"{C}.payors.state.cap": 4000000}, f"{C}.cap", "ceilings add to 7,000,000", "higher ceilings"),
    ({f"{C}.payors.state.default.probability": 0.9}, f"{C}.payors.state.default.probability", "0.9 a fiscal year", "0.02"),
    ({f"{C}.payors.state.default.late": "2 years"}, f"{C}.payors.state.default.late", "past the grid and count as lost", "clock.periods: 34"),
    ({f"{C}.payors.state.fiscal_year_cap.amount": 0}, f"{C}.payors.state.fiscal_year_cap.amount", "nothing", "above 0"),
    ({"clock.periods": 26, f"{T}.placement.lag": 0}, f"{C}.payors.state.fiscal_year_cap.excess", "what is carried then is lost", "reaches the next fiscal year"),
    ({f"{C}.savings.placement.value": 0}, f"{C}.savings.placement.value", "nothing is saved", "above 0"),
    ({f"{C}.discount_rate": 3}, f"{C}.discount_rate", "300 % a year", "0.03 is 3 %"),
    # Capital.
    ({f"{K}.tranches.senior.coupon": 5}, f"{K}.tranches.senior.coupon", "500 % a year", "0.05 is 5 %"),
    ({f"{W}.hurdle.irr": 0.5}, f"{W}.hurdle.irr", "50 % a year", "a fraction"),
    ({f"{K}.costs.therapy.inflation": 2}, f"{K}.costs.therapy.inflation", "200 % a year", "0.02"),
    ({f"{K}.costs.therapy.overrun": 0.1}, f"{K}.costs.therapy.overrun", "0.1 times the plan", "around 1"),
    ({f"{K}.tranches.senior.commitment": 0}, f"{K}.tranches.senior.commitment", "never drawn", "above 0"),
    ({f"{K}.tranches.paid_note.coupon": 0}, f"{K}.tranches.paid_note.pays", "a coupon that is paid, of 0", "no `pays`"),
    ({f"{K}.tranches.fee.schedule": {"0": 200000}}, f"{K}.tranches.fee.schedule", "the rest is never drawn", "add to the commitment"),
    ({f"{K}.tranches.junior.coupon": 0}, f"{W}.junior_interest.to.0", "which has no coupon", "a coupon"),
    ({f"{W}.junior_interest": None}, f"{K}.tranches.junior.coupon", "accrues and which no step pays", "a step of interest"),
    ({f"{W}.junior_principal": None}, f"{K}.tranches.junior", "no step of the waterfall repays", "kind: grant"),
    ({f"{K}.waterfall": {}}, f"{K}.waterfall", "all payments go to the residual", "repay the tranches"),
    ({f"{W}.extra": {"pay": "fee", "to": ["provider"], "amount": 5}}, f"{W}.extra", "shared out all that is left", "a place before"),
    ({f"{W}.keep": None, f"{K}.tranches.senior.commitment": 1000000}, f"{K}.tranches", "they run out", "(pay: reserve)"),
    ({f"{K}.tranches.senior.commitment": 40000000}, f"{K}.tranches", "for costs of", "never drawn"),
    ({f"{K}.costs": {}}, f"{K}.costs", "no cost", "nothing is spent"),
    ({f"{K}.costs.evaluation.at": {"2016-10-01": 50000}}, f"{K}.costs.evaluation", "an evaluation that costs", "8 to 15 %"),
    ({f"{K}.guarantees.second": {"tranches": ["senior"], "share": 0.7}}, f"{K}.guarantees.second.share", "more than all of `senior`", "at most 1"),
    ({f"{K}.guarantees.backstop.at": 20}, f"{K}.guarantees.backstop.at", "before the last payment can arrive", "grid point 26 or later"),
]  # fmt: skip


def problems_of(sets: dict[str, Any]) -> list[Problem]:
    """What is said of the good deal with these changes."""
    try:
        return load(DEAL, sets).warnings
    except ScenarioError as error:
        return error.problems


def check_row(row: Row, severity: str) -> None:
    sets, path, found, allowed = row
    said = problems_of(sets)
    here = [problem for problem in said if problem.path == path]
    assert any(
        found in (problem.found or "")
        and allowed in str(problem)
        and problem.severity == severity
        and (problem.allowed or problem.hint)
        for problem in here
    ), "\n".join(str(problem) for problem in said)


def name(row: Row) -> str:
    return f"{row[1]}:{row[2]}"


def test_the_deal_itself_is_good() -> None:
    loaded = load(BASE)
    assert loaded.warnings == []
    assert loaded.scenario.name == "A deal with nothing wrong with it"


def test_there_are_enough_mistakes() -> None:
    assert len(CONTRACT) >= 60
    assert len(CAPITAL) >= 50
    assert len({name(row) for row in CONTRACT + CAPITAL}) >= 110


@pytest.mark.parametrize("row", CONTRACT, ids=name)
def test_mistakes_in_the_contract_are_refused(row: Row) -> None:
    check_row(row, "error")


@pytest.mark.parametrize("row", CAPITAL, ids=name)
def test_mistakes_in_the_capital_are_refused(row: Row) -> None:
    check_row(row, "error")


@pytest.mark.parametrize("row", PEOPLE, ids=name)
def test_mistakes_elsewhere_are_refused(row: Row) -> None:
    check_row(row, "error")


@pytest.mark.parametrize("row", IMPLAUSIBLE, ids=name)
def test_implausible_values_are_pointed_out_and_run(row: Row) -> None:
    check_row(row, "warning")
