"""What a contract pays for, as text: judgments by term, cliffs, more people, larger samples."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pfs_sim.analysis.cliffs import Cliff
from pfs_sim.analysis.grounds import EFFECT, FIXED, RECORD
from pfs_sim.analysis.integrity import ALL, TOGETHER, Conditional, Integrity, Judgment, Scaled
from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.metrics.numerals import format_money
from pfs_sim.report.cash_flow import Page
from pfs_sim.report.cells import write_cell
from pfs_sim.report.risk import lay_out

KINDS = {EFFECT: "effect", RECORD: "record", FIXED: "fixed"}
LONGEST_LIST = 12


def list_integrity(found: Integrity, cliffs: Sequence[Cliff]) -> list[Page]:
    """All pages."""
    pages = [_false_and_missed(found), _price_of_noise(found)]
    pages += _cliffs(found, cliffs)
    pages += _scaled(found, found.by_enrollment, enrolled=True)
    pages += _scaled(found, found.by_sample, enrolled=False)
    return pages


def _chance(found: Interval | None) -> str:
    if found is None or math.isnan(found.value):
        return "–"
    cell = write_cell(found, "probability", "")
    return f"{cell.text} {cell.error}".strip()


def _given(found: Conditional) -> str:
    return f"{_chance(found.share)} of {found.paths:,}" if found.paths else "never drawn"


def _money(found: Estimate, currency: str) -> str:
    if math.isnan(found.value):
        return "–"
    cell = write_cell(found, "money", currency)
    return f"{cell.text} {cell.error}".strip()


def _false_and_missed(found: Integrity) -> Page:
    rows = list(found.judgments.values())
    columns = [
        ("paid on", [KINDS.get(one.kind, one.kind) for one in rows]),
        ("expected", [_money(one.paid, found.currency) for one in rows]),
        ("paid though nothing worked", [_given(one.false_payment) for one in rows]),
        ("paid at effect 0", [_chance(one.at_nothing) for one in rows]),
        ("expected at effect 0", [_money(one.paid_at_nothing, found.currency) for one in rows]),
        ("unpaid though target met", [_given(one.missed_success) for one in rows]),
        ("unpaid at target", [_chance(one.at_target) for one in rows]),
    ]
    note = (
        "Paid though nothing worked: P(paid | every true effect that the term rests on is nothing "
        "or harm), of so many paths; at effect 0: the same with these effects set to 0. Unpaid "
        "though target met: P(not paid | true effects at least their targets). For terms on "
        "verified records, payment at effect 0 is deadweight, not error."
    )
    keys = ("term", [one.name for one in rows])
    return lay_out("False payment and missed success", keys, columns, note)


def _price_of_noise(found: Integrity) -> Page:
    rows = list(found.judgments.values())
    shares = []
    for one in rows:
        cell = write_cell(one.deadweight, "probability", "")
        shares.append(f"{cell.text} {cell.error}".strip() if one.kind == RECORD else "")
    columns = [
        ("price of noise", [_money(one.noise, found.currency) for one in rows]),
        ("misjudged, either way", [_money(one.misjudged, found.currency) for one in rows]),
        ("would have happened anyway", shares),
    ]
    note = (
        "Price of noise: E[payment] − E[payment if every measure were true]. Misjudged: the mean "
        "size of the difference, whoever gains. Would have happened anyway: the deadweight of "
        "terms on verified records, E[payment at effect 0] / E[payment]."
    )
    keys = ("term", [one.name for one in rows])
    return lay_out("The price of noise, and deadweight", keys, columns, note)


def _cliffs(found: Integrity, cliffs: Sequence[Cliff]) -> list[Page]:
    if not cliffs:
        return []
    ranked = sorted(cliffs, key=lambda c: -c.share if c.share == c.share else 0.0)
    shown = ranked[:LONGEST_LIST]

    def dollars(values: list[float]) -> list[str]:
        return [
            "–" if math.isnan(x) else format_money(x, max(abs(x) * 0.005, 0.5), found.currency)
            for x in values
        ]

    columns = [
        ("place", [c.place for c in shown]),
        ("at", [f"{c.measure} {c.at:,.6g}" for c in shown]),
        ("jump", dollars([c.jump for c in shown])),
        ("one more to it", dollars([c.reach for c in shown])),
        ("one more beyond", dollars([c.beyond for c in shown])),
        ("0.1 point to it", dollars([c.reach_point for c in shown])),
        ("0.1 point beyond", dollars([c.beyond_point for c in shown])),
        ("of the cap", ["–" if math.isnan(c.share) else f"{c.share:.1%}" for c in shown]),
        ("", ["cliff" if c.flagged else "" for c in shown]),
    ]
    left = len(cliffs) - len(shown)
    note = (
        "One more: money gained by one more participant with the outcome, up to the place and "
        "beyond it; 0.1 point: by a measure that is so much higher. From the schedule."
    )
    note += f" {left} flatter places are left out." if left > 0 else ""
    return [lay_out("Cliffs", ("term", [c.term for c in shown]), columns, note)]


def find_effect_terms(judgments: dict[str, Judgment]) -> Judgment | None:
    """The terms on an effect: together, or the only one."""
    for name in (TOGETHER[EFFECT], ALL):
        if name in judgments and judgments[name].kind == EFFECT:
            return judgments[name]
    return next((one for one in judgments.values() if one.kind == EFFECT), None)


def _scaled(found: Integrity, rows: Sequence[Scaled], *, enrolled: bool) -> list[Page]:
    shown = [(row, find_effect_terms(row.judgments)) for row in rows]
    judged = [(row, one) for row, one in shown if one is not None]
    if not judged:
        return []
    columns = [
        ("enrolled", [f"{row.enrolled:,.0f}" for row, _ in judged]),
        ("expected", [_money(one.paid, found.currency) for _, one in judged]),
        ("paid at effect 0", [_chance(one.at_nothing) for _, one in judged]),
        ("expected at effect 0", [_money(o.paid_at_nothing, found.currency) for _, o in judged]),
        ("unpaid at target", [_chance(one.at_target) for _, one in judged]),
        ("price of noise", [_money(one.noise, found.currency) for _, one in judged]),
        ("misjudged", [_money(one.misjudged, found.currency) for _, one in judged]),
    ]
    title, note = "With other enrollment", (
        "Terms on an effect, under the same contract, with so many times as many people enrolled."
    )
    if not enrolled:
        columns += [
            ("all terms: noise, change", [_money(r.noise_change, found.currency)
                                          for r, _ in judged]),
            ("misjudged, change", [_money(r.misjudged_change, found.currency)
                                   for r, _ in judged]),
        ]
        title, note = "With a larger or smaller evaluation", (
            "Terms on an effect, the deal as it is but judged on so many times as many people. The "
            "changes are the value of a bigger evaluation: what it saves (negative) in payments "
            "for noise, and in payments that are wrong either way."
        )
    keys = ("people", [f"× {row.factor:g}" for row, _ in judged])
    return [lay_out(title, keys, columns, note)]
