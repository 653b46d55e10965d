"""What other analyses found, in the plain form that a deck holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.report.html.deck import Triple

if TYPE_CHECKING:
    from pfs_sim.analysis.cliffs import Cliff
    from pfs_sim.analysis.explain import Explanation
    from pfs_sim.analysis.integrity import Integrity, Judgment

MOST_CLIFFS = 8


def state_risk(found: Explanation) -> dict[str, dict[str, Triple]]:
    """Shapley effects by output and source, with their 95 % intervals; what never varies is out."""
    shares: dict[str, dict[str, Triple]] = {}
    for name, indices in found.indices.items():
        if indices.varies and indices.shapley:
            pairs = zip(found.players, indices.shapley, strict=True)
            shares[name] = {player: _triple(share) for player, share in pairs}
    return shares


def _triple(share: Estimate) -> Triple:
    interval = share.interval()
    return interval.value, interval.low, interval.high


def state_integrity(found: Integrity, cliffs: Sequence[Cliff] = ()) -> dict[str, Any]:
    """The judgment on the terms that pay for an effect, and the steepest cliffs of the contract."""
    facts: dict[str, Any] = {}
    judged = find_headline(found)
    if judged is not None:
        facts["false_payment"] = _fact(judged.at_nothing)
        if judged.at_target is not None:
            facts["missed_success"] = _fact(judged.at_target)
        facts["price_of_noise"] = _fact(judged.noise.interval())
        facts["paid_at_nothing"] = _fact(judged.paid_at_nothing.interval())
    steep = sorted((c for c in cliffs if c.flagged), key=lambda c: -c.share)
    facts["cliffs"] = [
        {
            "term": cliff.term, "at": cliff.at, "measure": cliff.measure, "jump": cliff.jump,
            "reach": cliff.reach,
        }
        for cliff in steep[:MOST_CLIFFS]
    ]
    return facts


def _fact(found: Interval) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}


def find_headline(found: Integrity) -> Judgment | None:
    """The terms on an effect taken together, or the only one; None where none rests on one."""
    from pfs_sim.analysis.grounds import EFFECT
    from pfs_sim.analysis.integrity import ALL, TOGETHER

    together = found.judgments.get(TOGETHER[EFFECT])
    if together is not None:
        return together
    alone = [one for name, one in found.judgments.items() if one.kind == EFFECT and name != ALL]
    return alone[0] if alone else None
