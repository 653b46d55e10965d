"""Checks that every kind must pass, those of other packages included.

`check_kind` is the one call: a distribution, a payment rule, a kind of tranche or of outcome, on
the examples that its class gives. `conformance` looks at one example of a distribution.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from pfs_sim.model.extensions import kind_of, restate
from pfs_sim.model.family import FAMILIES, Family
from pfs_sim.model.laws import FloatArray, integrate
from pfs_sim.model.noun import Noun
from pfs_sim.model.presets import OutcomePreset, Preset, TranchePreset
from pfs_sim.model.quantities import Quantity
from pfs_sim.model.schedules import SCHEDULE_KINDS, Schedule, Segments


def check_kind(kind: type[Any]) -> list[str]:
    """What is wrong with a kind, tried on each of its examples; empty if nothing is.

    A kind of another package must be installed with its entry point: part of the check is that a
    whole deal with it is read.
    """
    if not isinstance(kind, type) or not issubclass(kind, Family | Schedule | Preset):
        return [f"{kind!r} is no distribution, payment rule, or kind of tranche or outcome"]
    if not kind.examples:
        return [f"{kind.__name__} gives no examples"]
    if not (kind.__doc__ or "").strip():
        return [f"{kind.__name__} has no docstring, whose first line is shown by `kinds`"]
    if issubclass(kind, Family):
        found = [text for example in kind.examples for text in conformance(kind, example)]
        known = FAMILIES.get(kind.kind()) is kind
        return found if known else [*found, f"{kind.kind()}: not found among the distributions"]
    try:
        name = kind_of(kind)
    except TypeError as error:
        return [str(error)]
    tries: Any = _try_schedule if issubclass(kind, Schedule) else _try_preset
    found = []
    for example in kind.examples:
        try:
            found += [f"{name}: {text}" for text in tries(kind, example)]
        except (ValidationError, ValueError, TypeError) as error:
            found.append(f"{name}: {error}")
    return found


def _try_noun(kind: type[Noun], example: Mapping[str, Any]) -> tuple[Noun, list[str]]:
    """The noun of an example; whether it is strict and its dump reads to the same."""
    noun, wrong = kind.model_validate(example), []
    try:
        kind.model_validate({**example, "no_such_key": 1})
        wrong.append("an unknown key is not refused")
    except ValidationError:
        pass
    if kind.model_validate(noun.model_dump(by_alias=True, exclude_none=True)) != noun:
        wrong.append("what it dumps does not read to the same")
    return noun, wrong


def amount_at(found: Segments, x: float) -> float:
    """The amount of a schedule at a measure: that of the last knot reached (model §8)."""
    slack = [1e-12 * max(1.0, abs(knot)) for knot in found.x]
    if found.above:
        reached = [i for i, knot in enumerate(found.x) if x > knot + slack[i]]
    else:
        reached = [i for i, knot in enumerate(found.x) if x >= knot - slack[i]]
    if not reached:
        return found.below + found.below_slope * (x - found.x[0])
    i = reached[-1]
    return found.y[i] + found.slope[i] * (x - found.x[i])


def _try_schedule(kind: type[Schedule], example: Any) -> Iterator[str]:
    given, amounts = example
    noun, wrong = _try_noun(kind, given)
    assert isinstance(noun, Schedule)
    yield from wrong
    found = noun.segments()
    if not found.x or {len(found.x)} != {len(found.y), len(found.slope)}:
        yield "segments need as many y and slopes as x, at least one"
        return
    numbers = [*found.x, *found.y, *found.slope, found.below, found.below_slope]
    if not all(isinstance(x, float | int) and math.isfinite(x) for x in numbers):
        yield "a segment is not a finite number"
        return
    if any(b <= a for a, b in pairwise(found.x)):
        yield f"the knots {found.x} do not rise"
    if found.above != noun.above:
        yield "segments do not say `above` as the file does"
    if noun.segments() != found:
        yield "the same rule states other segments the second time"
    for x, amount in amounts.items():
        paid = amount_at(found, x)
        if not math.isclose(paid, amount, rel_tol=1e-12, abs_tol=1e-9):
            yield f"a measure of {x:g} earns {paid:g}, not {amount:g}"
    yield from _try_deal(kind, SCHEDULE_KINDS, {"schedule": given})


def _try_preset(kind: type[Preset], example: Mapping[str, Any]) -> Iterator[str]:
    from pfs_sim.model.capital import TRANCHE_PRESETS, Tranche
    from pfs_sim.model.outcomes import AnyOutcome
    from pfs_sim.model.scenario import OUTCOME_PRESETS

    if not issubclass(kind, TranchePreset | OutcomePreset):
        yield "is neither a TranchePreset nor an OutcomePreset"
        return
    of_tranche = issubclass(kind, TranchePreset)
    place = "tranche" if of_tranche else "outcome"
    form: TypeAdapter[Any] = TypeAdapter(Tranche if of_tranche else AnyOutcome)
    known: Mapping[str, type[Noun]] = TRANCHE_PRESETS if of_tranche else OUTCOME_PRESETS
    noun, wrong = _try_noun(kind, example)
    assert isinstance(noun, Preset)
    yield from wrong
    stated = restate(noun, form)
    if restate(noun, form) != stated:
        yield "the same example states something else the second time"
    if form.validate_python(form.dump_python(stated, by_alias=True, exclude_none=True)) != stated:
        yield "what it states does not read to the same"
    yield from _try_deal(kind, known, {place: example}, {place: stated})


def _try_deal(
    kind: type[Noun],
    known: Mapping[str, type[Noun]],
    part: dict[str, Any],
    canonical: dict[str, Any] | None = None,
) -> Iterator[str]:
    """Whether a whole deal with the example is read, as the deal with what it states."""
    from pfs_sim.model.scenario import Scenario

    if known.get(kind_of(kind)) is not kind:
        yield "not found among the installed kinds (is its entry point installed?)"
        return
    deal = Scenario.model_validate(_small_deal(**part))
    again = Scenario.model_validate(_small_deal(**(canonical or part)))
    if deal != again or Scenario.model_validate(deal.model_dump(by_alias=True)) != deal:
        yield "a deal with it does not read to the same deal again"


def _small_deal(
    schedule: Any = None, tranche: Any = None, outcome: Any = None
) -> dict[str, Any]:
    """A short deal with one term, one tranche and one outcome."""
    event = {"kind": "event", "good": "higher", "level": 0.3}
    fixed = schedule is not None and schedule.get("kind") == "fixed"
    term = {"schedule": schedule or {"kind": "rate", "price": 10}}
    return {
        "pfs_sim": 1,
        "name": "a small deal",
        "clock": {"start": "2020-01-01", "period": "year", "periods": 4},
        "program": {"referrals": {"per_period": 10}, "service": {"duration": 1}},
        "outcomes": {"one": outcome or event},
        "evaluation": {
            "dates": {"end": 3},
            "measures": {"mean": {"outcome": "one", "statistic": "mean", "design": "validated"}},
        },
        "contract": {"terms": {"pay": term if fixed else {**term, "measure": "mean"}}},
        "capital": {
            "costs": {"service": {"per_client_period": 5}},
            "tranches": {"one": tranche or {"kind": "loan", "commitment": 100}},
        },
    }


def conformance(family: type[Family], example: Mapping[str, Any]) -> list[str]:
    """What is wrong with the family, tried on one example of its YAML; empty if nothing is.

    The quantile function never falls, stays inside the support, inverts the cdf, gives each
    element by itself; mean and sd are its integrals; the dump reads to the same quantity; the
    mean, sd and quantiles given are those of the result.
    """
    quantity = Quantity(family.model_validate(example))
    wrong = [*_quantile_function(quantity), *_moments(quantity)]
    again = Quantity(family.model_validate(quantity.family.plain()))
    u = np.linspace(0.01, 0.99, 99)
    if again != quantity or not np.array_equal(again.ppf(u), quantity.ppf(u)):
        wrong.append(f"{quantity.plain()} does not read to the same quantity")
    plain = not {"truncate", "discount", "spike"} & set(example)
    for name, found in (("mean", quantity.mean()), ("sd", quantity.sd())):
        if plain and name in example and not np.isclose(found, example[name], rtol=1e-9, atol=0):
            wrong.append(f"{name} {example[name]} was given, {found} is the result")
    for level, value in example.get("quantiles", {}).items() if plain else ():
        found = float(quantity.ppf(np.array([float(level)]))[0])
        if not np.isclose(found, value, rtol=1e-9, atol=1e-12):
            wrong.append(f"quantile {level}: {value} was given, {found} is the result")
    return [f"{family.kind()}: {text}" for text in wrong]


def _quantile_function(quantity: Quantity) -> list[str]:
    tails = np.geomspace(1e-15, 1e-3, 100)
    u = np.concatenate([tails, np.linspace(0.0011, 0.9989, 3001), (1.0 - tails)[::-1]])
    x = quantity.ppf(u)
    low, high = quantity.bounds()
    wrong = []
    if x.shape != u.shape or not np.isfinite(x).all():
        wrong.append("ppf does not give a finite value for each u")
    if (np.diff(x) < -1e-12 * np.maximum(np.abs(x[1:]), quantity.sd() / 1e3)).any():
        wrong.append("ppf falls somewhere")
    if x.min() < low or x.max() > high:
        wrong.append(f"ppf leaves the support {low} to {high}")
    if not np.array_equal(quantity.ppf(u[::7].copy()), x[::7]):
        wrong.append("ppf of an element depends on the other elements")
    if (quantity.cdf(x) < u - 1e-9).any():
        wrong.append("P(X <= ppf(u)) is less than u")
    law = quantity.family.law
    if law.follows_normal:
        from pfs_sim.special import ndtri

        inner = (u > 1e-12) & (u < 1.0 - 1e-12)
        same = np.isclose(law.of_normal(ndtri(u[inner])), x[inner], rtol=1e-9, atol=0.0)
        if not same.all():
            wrong.append("of_normal(z) is not ppf at the probability of z")
    step = 1e-9 * np.maximum(np.abs(x), quantity.sd())
    if (quantity.cdf(x - step) > u + 1e-9).any():
        wrong.append("ppf(u) is not the smallest x with P(X <= x) >= u")
    return wrong


def _moments(quantity: Quantity) -> list[str]:
    """The moments again as integrals of ppf over u, up to 1e-15 from the upper end."""
    mean, sd = quantity.mean(), quantity.sd()
    edges = np.concatenate([np.linspace(0.0, 20.0, 11), np.linspace(22.0, 34.0, 7)])

    def moment(center: float, order: int) -> float:
        def lower(t: FloatArray) -> FloatArray:
            q = 0.5 * np.exp(-t)
            return np.asarray(q * (quantity.ppf(q) - center) ** order)

        def upper(t: FloatArray) -> FloatArray:
            q = 0.5 * np.exp(-t)
            return np.asarray(q * (quantity.ppf(1.0 - q) - center) ** order)

        return integrate(lower, edges, 1e-8) + integrate(upper, edges, 1e-8)

    wrong = []
    size = sd if 0.0 < sd < np.inf else max(abs(mean), 1e-300)
    if not abs(moment(0.0, 1) - mean) <= 1e-6 * (size + abs(mean)):
        wrong.append(f"mean {mean} is not the integral {moment(0.0, 1)} of ppf")
    if np.isfinite(sd) and not abs(moment(mean, 2) - sd**2) <= 1e-4 * size**2:
        wrong.append(f"variance {sd**2} is not the integral {moment(mean, 2)}")
    return wrong
