"""A path told year by year: who came, what was found, who paid, who got it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pfs_sim.metrics.numerals import format_money
from pfs_sim.model.scenario import Scenario
from pfs_sim.report.figures.style import write_percent
from pfs_sim.report.html.deck import STORIES, Deck, Ledger, choose_paths
from pfs_sim.report.html.naming import (
    name_outcome,
    name_term,
    name_tranche,
    plain,
    write_month,
)
from pfs_sim.report.html.words import write_level
from pfs_sim.report.termsheet.words import number

Series = Sequence[float | None]


@dataclass(frozen=True)
class Year:
    """A fiscal year of a path."""

    name: str
    sentences: tuple[str, ...]
    paid: str
    received: str
    """What investors received less what they put in."""


@dataclass(frozen=True)
class Story:
    """A path, how it was chosen, and what happened."""

    title: str
    path: int
    lead: str
    years: tuple[Year, ...]
    outcome: tuple[str, ...]
    replay: str


def tell_stories(deck: Deck) -> list[Story]:
    """The paths at p10, p50 and p90 of payments, those that were lived again."""
    return [
        tell(deck, deck.ledgers[path], q, path)
        for q, path in choose_paths(deck.results).items()
        if path in deck.ledgers
    ]


def tell(deck: Deck, ledger: Ledger, q: str, path: int) -> Story:
    """One path as a story."""
    share = f"{100 * float(q):.0f}"
    paid = deck.results["payor.payments"]
    rank = f"{share}% of paths pay this much or less"
    if len(set(paid.tolist())) == 1:
        rank = "Every path pays the same" if paid.size > 1 else "The only path of this run"
    amount = _write(float(paid[path]), deck)
    words = ["pfs-sim", "trace", deck.file, "--path", str(path), "--seed", str(deck.seed)]
    for change in deck.sets:
        words += ["--set", change]
    return Story(
        STORIES[q], path, f"{amount} paid in all. {rank}.",
        tuple(_tell_years(deck, ledger)), tuple(_close(deck, path)), shlex.join(words),
    )


def _write(amount: float, deck: Deck) -> str:
    return format_money(amount, None if amount == 0 else abs(amount) / 1000, deck.currency,
                        short=True).replace("-", "−")


def _tell_years(deck: Deck, ledger: Ledger) -> list[Year]:
    scenario = deck.scenario
    days = [date.fromisoformat(day) for day in ledger["dates"]]
    grid = range(len(days))
    fiscal = [scenario.clock.fiscal_year(t) for t in grid]
    found = []
    for year in dict.fromkeys(fiscal):
        here = [t for t in grid if fiscal[t] == year]
        said = _tell_people(ledger, here)
        said += _tell_events(ledger, days, here)
        said += _tell_measures(scenario, ledger, days, here)
        said += _tell_payments(deck, ledger, here)
        said += _tell_investors(deck, ledger, here)
        paid = sum(_sum(parts["paid"], here) for parts in ledger["payments"].values())
        net = sum(_sum(parts["flow"], here) for parts in ledger["tranches"].values())
        if said:
            found.append(Year(f"FY {year}", tuple(said), _amount(paid, deck), _amount(net, deck)))
    return found


def _sum(series: Series, here: list[int]) -> float:
    return sum(series[t] or 0.0 for t in here if t < len(series))


def _amount(amount: float, deck: Deck) -> str:
    return "–" if abs(amount) < 0.5 else _write(amount, deck)


def _tell_people(ledger: Ledger, here: list[int]) -> list[str]:
    people = ledger["people"]
    came, ended, left = (_sum(people[key], here) for key in ("enrolled", "completed", "left"))
    parts = []
    if came:
        parts.append(f"{number(came)} start treatment")
    if ended:
        parts.append(f"{number(ended)} complete it")
    if left:
        parts.append(f"{number(left)} leave early")
    lost = _sum(people["turned_away"], here)
    if lost:
        parts.append(f"{number(lost)} find no place")
    return [_join(parts) + "."] if parts else []


def _join(parts: list[str]) -> str:
    said = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return said[:1].upper() + said[1:]


def _tell_events(ledger: Ledger, days: list[date], here: list[int]) -> list[str]:
    inside = {days[t].isoformat() for t in here}
    return [
        f"{plain(one['event'])} in {write_month(date.fromisoformat(one['date']))}: {one['why']}."
        for one in ledger["events"]
        if one["date"] in inside
    ]


def _tell_measures(
    scenario: Scenario, ledger: Ledger, days: list[date], here: list[int]
) -> list[str]:
    inside = {days[t].isoformat() for t in here}
    held: dict[str, list[str]] = {}
    for one in ledger["measures"]:
        if one["date"] not in inside:
            continue
        if one["value"] is None:
            value = one["why"]
        else:
            value = write_level(scenario, one["measure"], _round(one["value"]))
        held.setdefault(one["evaluation"], []).append(f"{plain(one['measure']).lower()}: {value}")
    return [
        f"The {plain(name).lower()} evaluation reports {'; '.join(found[:8])}"
        f"{f'; and {len(found) - 8} more' if len(found) > 8 else ''}."
        for name, found in held.items()
    ]


def _round(value: float) -> float:
    """Four figures: what one path measured is exact, but no reader needs more."""
    return float(f"{value:.4g}")


def _tell_payments(deck: Deck, ledger: Ledger, here: list[int]) -> list[str]:
    parts = []
    for name, of in ledger["payments"].items():
        amount = _sum(of["paid"], here)
        if abs(amount) >= 0.5:
            parts.append(f"{_write(amount, deck)} for {name_term(deck.scenario, name)}")
    if not parts:
        return []
    more = f"; and {len(parts) - 8} more terms" if len(parts) > 8 else ""
    return [f"The government pays {'; '.join(parts[:8])}{more}."]


def _tell_investors(deck: Deck, ledger: Ledger, here: list[int]) -> list[str]:
    drawn = sum(_sum(parts["draw"], here) for parts in ledger["tranches"].values())
    said = [f"Investors put in {_write(drawn, deck)}."] if drawn >= 0.5 else []
    parts = []
    for name, of in ledger["tranches"].items():
        keys = ("interest", "principal", "extra", "guarantee")
        amount = sum(_sum(of[key], here) for key in keys)
        if amount >= 0.5:
            parts.append(f"{name_tranche(deck.scenario, name)} {_write(amount, deck)}")
    if parts:
        said.append(f"Received: {'; '.join(parts)}.")
    return said


def _close(deck: Deck, path: int) -> list[str]:
    """How the path ended, for the payor and the investors."""
    results, said = deck.results, []
    for name, outcome in deck.scenario.outcomes.items():
        drawn = deck.inputs.get(f"outcomes.{name}.effect")
        if drawn is None or outcome.target_effect is None or outcome.target_effect.mean() == 0.0:
            continue
        share = float(drawn[path]) / outcome.target_effect.mean()
        if abs(share) < 0.005:
            words = "has no true effect at all"
        else:
            words = f"truly has {100 * share:.0f}% of the target effect".replace("-", "−")
        said.append(f"The program {words} on “{name_outcome(deck.scenario, name)}”.")
    if "investors.irr" in results:
        rate, lost = results["investors.irr"][path], results["investors.loss_share"][path]
        if rate == rate:
            words = f"{100 * rate:.1f}% a year".replace("-", "−")
            part = f"{write_percent(float(lost))} of their" if lost > 0 else "no"
            said.append(f"The investors' IRR is {words}, and they lose {part} principal.")
    if deck.scenario.contract.savings:
        net = float(results["payor.net_benefit"][path])
        said.append(f"Savings less payments: {_write(net, deck)}.")
    return said

