"""What ties a scenario together: correlations, stresses, rates, currency, sources of figures."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from pfs_sim.errors import Finding
from pfs_sim.model.checks.naming import Path, listing, say, warning
from pfs_sim.model.noun import Noun
from pfs_sim.model.quantities import Quantity

if TYPE_CHECKING:
    from pfs_sim.model.scenario import Scenario

NOUNS = ("program", "outcomes", "evaluation", "contract", "capital")
_NOT_DRAWN = "target_effect"
_WHOLE = (int, int | None)


def walk(found: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Every figure below a part of a scenario with its place.

    Figures are quantities, and whole numbers that are neither moments nor lengths of time.
    """
    if isinstance(found, Quantity):
        yield path, found
    elif isinstance(found, Noun):
        for name, field in type(found).model_fields.items():
            at, value = (*path, field.alias or name), getattr(found, name)
            if field.annotation in _WHOLE and value is not None:
                yield at, value
            else:
                yield from walk(value, at)
    elif isinstance(found, dict):
        for key, value in found.items():
            yield from walk(value, (*path, key))
    elif isinstance(found, list):
        for place, value in enumerate(found):
            yield from walk(value, (*path, place))


def _dotted(path: Path) -> str:
    return ".".join(str(key) for key in path)


def quantities(scenario: Scenario) -> dict[str, Quantity]:
    """Every quantity of a scenario by its dotted path."""
    return {
        _dotted(path): found
        for noun in NOUNS
        for path, found in walk(getattr(scenario, noun), (noun,))
        if isinstance(found, Quantity)
    }


def check_correlations(scenario: Scenario) -> Iterator[Finding]:
    """Correlations of quantities that are drawn, each pair once, that can hold together."""
    if not scenario.correlations:
        return
    known = quantities(scenario)
    uncertain = [p for p, q in known.items() if not q.certain and not p.endswith(_NOT_DRAWN)]
    seen: dict[frozenset[str], str] = {}
    broken = False
    for name, pair in scenario.correlations.items():
        at: Path = ("correlations", name)
        for i, path in enumerate(pair.between):
            where = (*at, "between", i)
            if path not in known:
                yield _unknown_path(where, path, uncertain)
            elif known[path].certain:
                # No error: a value set for a sweep or a stress may make it so for a while.
                yield warning(
                    where,
                    f"{path}, which is certain ({known[path].describe()})",
                    f"an uncertain quantity: {listing(uncertain)}",
                )
            elif path.endswith(_NOT_DRAWN):
                yield Finding(where, f"{path}, which is not drawn", "the effect itself")
            broken = broken or path not in known or path.endswith(_NOT_DRAWN)
        both = frozenset(pair.between)
        if len(both) == 1:
            yield Finding((*at, "between"), "a quantity with itself", "two quantities")
        elif both in seen:
            yield Finding((*at, "between"), f"the pair of `{seen[both]}` again", "each pair once")
        seen.setdefault(both, name)
        if not -1.0 <= pair.rho.value <= 1.0:
            yield Finding((*at, "rho"), say(pair.rho.value), "from -1 to 1")
            broken = True
        broken = broken or len(both) == 1
    if not broken and len(seen) == len(scenario.correlations):
        yield from _check_matrix(scenario, uncertain)


def _unknown_path(where: Path, path: str, uncertain: list[str]) -> Finding:
    near = get_close_matches(path, uncertain, 1, 0.6)
    return Finding(
        where,
        f"the path `{path}`",
        f"the dotted path of an uncertain quantity: {listing(uncertain) or '(there is none)'}",
        hint=f"`{near[0]}`" if near else None,
    )


def _check_matrix(scenario: Scenario, uncertain: Collection[str]) -> Iterator[Finding]:
    """Correlations that cannot hold at the same time: the matrix has a negative eigenvalue.

    Pulled toward no correlation by a factor f its smallest eigenvalue is 1 − f (1 − λ).
    """
    pairs = [p for p in scenario.correlations.values() if {*p.between}.issubset(uncertain)]
    paths = list(dict.fromkeys(path for pair in pairs for path in pair.between))
    if not paths:
        return
    matrix = np.eye(len(paths))
    for pair in pairs:
        a, b = (paths.index(path) for path in pair.between)
        matrix[a, b] = matrix[b, a] = pair.rho.value
    least = float(np.linalg.eigvalsh(matrix)[0])
    if least < 1e-12:
        factor = np.floor(1000.0 / (1.0 - least) * (1.0 - 1e-9)) / 1000.0
        word = "are perfect together" if least > -1e-9 else "cannot hold together"
        yield Finding(
            ("correlations",),
            f"correlations that {word} (smallest eigenvalue {least:.3g})",
            f"a positive definite matrix, such as every rho times {factor:.3f}",
        )


def check_stresses(scenario: Scenario) -> Iterator[Finding]:
    """Stresses of values that exist."""
    for name, stress in scenario.stresses.items():
        at: Path = ("stresses", name)
        if not stress:
            yield Finding(at, "a stress without a value", "dotted path: value")
        for path in stress:
            lost = _lost_at(scenario, path)
            if lost is not None:
                found, known = lost
                near = get_close_matches(found, known, 1, 0.6)
                allowed = f"a path of this file; at `{found}` stands one of: {listing(list(known))}"
                hint = f"`{near[0]}`" if near else None
                yield Finding(
                    (*at, path),
                    f"the path `{path}`",
                    allowed if known else f"a path of this file; `{found}` leads nowhere",
                    hint=hint,
                )


def _lost_at(here: Any, path: str) -> tuple[str, Collection[str]] | None:
    """The part of a dotted path that does not exist, and what exists there; None if all does."""
    parts = path.split(".")
    while parts and not isinstance(here, Quantity):  # how it is stated may itself be stressed
        known = _children(here)
        taken = next((n for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in known), 0)
        if not taken:
            return parts[0], list(known)
        here = known[".".join(parts[:taken])]
        parts = parts[taken:]
    return None


def _children(here: Any) -> dict[str, Any]:
    """What a path may name next: a key of a mapping that may stand there, or an index."""
    if isinstance(here, Noun):
        fields = type(here).model_fields.items()
        return {field.alias or name: getattr(here, name) for name, field in fields}
    if isinstance(here, dict):
        return {str(key): value for key, value in here.items()}
    return {str(i): value for i, value in enumerate(here)} if isinstance(here, list) else {}


def check_rates(scenario: Scenario) -> Iterator[Finding]:
    """Annual rates are fractions: 5 % is 0.05."""
    contract, capital = scenario.contract, scenario.capital
    found: list[tuple[Path, Quantity | None, float]] = [
        (("contract", "discount_rate"), contract.discount_rate, 0.2),
        (("capital", "hurdle"), capital.hurdle, 0.3),
    ]
    for name, term in contract.terms.items():
        at: Path = ("contract", "terms", name)
        if term.escalation is not None:
            found.append(((*at, "escalation", "rate"), term.escalation.rate, 0.2))
        if term.switch is not None:
            found.append(((*at, "switch", "rate"), term.switch.rate, 0.3))
    for name, cost in capital.costs.items():
        found.append((("capital", "costs", name, "inflation"), cost.inflation, 0.2))
    for name, tranche in capital.tranches.items():
        found.append((("capital", "tranches", name, "coupon"), tranche.coupon, 0.3))
    for name, step in capital.waterfall.items():
        found.append((("capital", "waterfall", name, "irr"), step.irr, 0.3))
    for path, rate, most in found:
        value = None if rate is None else rate.value
        if value is not None and value > most:
            meant = f" ({say(value / 100.0)} is {say(value)} %)" if value >= 1.0 else ""
            yield warning(
                path,
                f"{say(value)}, {say(100.0 * value)} % a year",
                f"an annual rate as a fraction, seldom above {say(most)}{meant}",
            )


def check_currency(scenario: Scenario) -> Iterator[Finding]:
    """A currency that readers know by its ISO 4217 code."""
    code = scenario.currency
    if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        upper = code.upper()
        known = len(upper) == 3 and upper.isascii() and upper.isalpha()
        yield warning(
            ("currency",),
            f'"{code}"',
            "a code of three letters such as USD, GBP, EUR",
            f"`{upper}`" if known else None,
        )


CHECKS = (check_correlations, check_stresses, check_rates, check_currency)


def unsourced(scenario: Scenario, document: Any) -> list[str]:
    """Dotted paths of the figures that a file gives without saying where they come from.

    A figure has a source by itself (`{value:, source:}`) or by any mapping around it; "assumed" is
    a source. Defaults, dates and lengths of time are no figures of the file. `document` is the
    plain data that was read, or an object with it as `data`.
    """
    data = getattr(document, "data", document)
    return [
        _dotted(path)
        for noun in NOUNS
        for path, found in walk(getattr(scenario, noun), (noun,))
        if _given(data, path) and not _sourced(data, path)
    ]


def _at(data: Any, path: Path) -> list[Any]:
    """The values along a path, as far as it is given."""
    out = [data]
    for key in path:
        here = out[-1]
        if isinstance(here, dict):
            same = next((known for known in here if str(known) == str(key)), None)
            if same is None:
                break
            out.append(here[same])
        elif isinstance(here, list) and isinstance(key, int) and key < len(here):
            out.append(here[key])
        else:
            break
    return out


def _given(data: Any, path: Path) -> bool:
    return len(_at(data, path)) == len(path) + 1


def _sourced(data: Any, path: Path) -> bool:
    return any(
        isinstance(here, dict) and isinstance(here.get("source"), str) and here["source"].strip()
        for here in _at(data, path)
    )
