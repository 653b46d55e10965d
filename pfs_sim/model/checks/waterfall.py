"""What cannot be, or hardly will be, in the waterfall and its pools (model §9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pfs_sim.errors import Finding
from pfs_sim.model.checks.clock import check_moment, grid
from pfs_sim.model.checks.naming import Path, say, unknown, warning

if TYPE_CHECKING:
    from pfs_sim.model.capital import Step
    from pfs_sim.model.scenario import Scenario

PARTIES = ("payor", "provider", "intermediary")
_TO_TRANCHES = ("interest", "principal", "return")
_BEAR_INTEREST = ("loan", "equity")


def check_steps(scenario: Scenario) -> Iterator[Finding]:
    """Steps with recipients that exist and can take what is paid."""
    clock = scenario.clock
    for name, step in scenario.capital.waterfall.items():
        path: Path = ("capital", "waterfall", name)
        if step.pay == "reserve":
            if step.to:
                yield Finding((*path, "to"), "recipients of a reserve", "no `to`: it stays as cash")
        elif not step.to:
            yield Finding(
                (*path, "to"), f"a {step.pay} step without recipient", _recipients(scenario, step)
            )
        yield from _check_recipients(scenario, step, path)
        yield from _check_shares(step, path)
        yield from _check_figures(step, path)
        wrong = list(check_moment(clock, (*path, "due"), step.due))
        if step.until is not None:
            wrong += check_moment(clock, (*path, "until"), step.until)
            if not wrong and grid(clock, step.until) < grid(clock, step.due):
                found = f"{step.until}, before due ({step.due})"
                wrong.append(Finding((*path, "until"), found, f"{step.due} or later"))
        yield from wrong


def _recipients(scenario: Scenario, step: Step) -> str:
    """Who may be paid by a step, in words."""
    tranches = [n for n, t in scenario.capital.tranches.items() if t.kind != "grant"]
    if step.pay == "fee":
        return f"one or more of {', '.join(PARTIES)}"
    if step.pay == "share":
        return f"a map from recipient to share: {', '.join([*tranches, *PARTIES])}"
    return f"one or more tranches: {', '.join(tranches) or '(there is none yet)'}"


def _check_recipients(scenario: Scenario, step: Step, path: Path) -> Iterator[Finding]:
    tranches = scenario.capital.tranches
    named = list(step.to)
    for i, name in enumerate(named):
        at = (*path, "to", name if isinstance(step.to, dict) else i)
        if name not in tranches and name not in PARTIES:
            known = [*(() if step.pay == "fee" else tranches)]
            known += [*(() if step.pay in _TO_TRANCHES else PARTIES)]
            yield unknown(at, name, known, "a recipient")
        elif name in named[:i]:
            yield Finding(at, f"`{name}` for the second time", "each recipient once")
        elif name in PARTIES and name not in tranches and step.pay in _TO_TRANCHES:
            yield Finding(at, f"{step.pay} to the party `{name}`", _recipients(scenario, step))
        elif name in tranches and name not in PARTIES and step.pay == "fee":
            yield Finding(at, f"a fee to the tranche `{name}`", _recipients(scenario, step))
        elif name in tranches and tranches[name].kind == "grant":
            yield Finding(at, f"{step.pay} to `{name}`, a grant", "tranches that are repaid")
        elif step.pay == "interest":
            tranche = tranches[name]
            if tranche.kind not in _BEAR_INTEREST or tranche.coupon.value == 0.0:
                yield warning(at, f"interest to `{name}`, which has no coupon", "a coupon")


def _check_shares(step: Step, path: Path) -> Iterator[Finding]:
    at = (*path, "to")
    if isinstance(step.to, dict):
        total = sum(share.value for share in step.to.values())
        if step.pay in _TO_TRANCHES and step.to:
            yield Finding(
                at, f"shares in a {step.pay} step", "a list of tranches: they are paid pro rata"
            )
        elif step.pay == "fee" and step.to and abs(total - 1.0) > 1e-6:
            yield Finding(at, f"shares that add to {total:.10g}", "shares that add to 1")
        elif step.pay == "share" and total > 1.0 + 1e-9:
            yield Finding(at, f"shares of {total:.10g} in all", "shares that add to at most 1")
    elif step.pay == "share" and step.to:
        first = step.to[0]
        yield Finding(
            at, "a list in a share step", f"a map from recipient to share, such as {{{first}: 0.5}}"
        )


def _check_figures(step: Step, path: Path) -> Iterator[Finding]:
    """Figures that a step needs, and those it has no use for."""
    if step.pay in ("fee", "reserve") and step.amount is None:
        what = "owed in all" if step.pay == "fee" else "held at most"
        yield Finding((*path, "amount"), "missing", f"required: what is {what}")
    if step.pay not in ("fee", "reserve") and step.amount is not None:
        yield Finding(
            (*path, "amount"), f"an amount of a {step.pay} step", "fee or reserve: no `amount` here"
        )
    if step.pay == "return" and step.irr is None:
        yield Finding((*path, "irr"), "missing", "required: the IRR up to which it pays, e.g. 0.05")
    if step.pay not in ("return", "share") and step.irr is not None:
        yield Finding((*path, "irr"), f"an IRR of a {step.pay} step", "return or share only")


def check_pools(scenario: Scenario) -> Iterator[Finding]:
    """Pools that are fed and emptied."""
    terms, steps = scenario.contract.terms, scenario.capital.waterfall
    fed = list(dict.fromkeys(["main", *(term.pool for term in terms.values())]))
    emptied = {step.pool or "main" for step in steps.values()}
    for name, step in steps.items():
        if step.pool is not None and step.pool not in fed:
            yield unknown(
                ("capital", "waterfall", name, "pool"),
                step.pool,
                fed,
                "a pool that a term of the contract feeds",
            )
    for name, term in terms.items():
        if term.pool != "main" and term.pool not in emptied:
            yield warning(
                ("contract", "terms", name, "pool"),
                f"`{term.pool}`, which no step of the waterfall empties before the end",
                f"a step with pool: {term.pool}, or the main pool",
            )


def check_order(scenario: Scenario) -> Iterator[Finding]:
    """Steps that nothing can reach, and tranches that nothing repays."""
    capital = scenario.capital
    emptied: dict[str, str] = {}
    for name, step in capital.waterfall.items():
        pool = step.pool or "main"
        if pool in emptied:
            yield warning(
                ("capital", "waterfall", name),
                f"a step after `{emptied[pool]}`, which has shared out all that is left",
                f"a place before `{emptied[pool]}`, or smaller shares there",
            )
        whole = isinstance(step.to, dict) and step.pay == "share" and step.irr is None
        if whole and isinstance(step.to, dict) and step.until is None and step.due == 0:
            total = sum(share.value for share in step.to.values())
            if total >= 1.0 - 1e-9:
                emptied.setdefault(pool, name)
    paying = {
        pay: {name for s in capital.waterfall.values() if s.pay == pay for name in s.to}
        for pay in ("interest", "principal", "return", "share")
    }
    if capital.tranches and not capital.waterfall:
        if any(tranche.kind != "grant" for tranche in capital.tranches.values()):
            yield warning(
                ("capital", "waterfall"),
                "no step, so all payments go to the residual recipient at the end",
                "steps that repay the tranches",
            )
        return
    for name, tranche in capital.tranches.items():
        path: Path = ("capital", "tranches", name)
        back = paying["return"] | paying["share"]
        if tranche.kind != "grant" and name not in paying["principal"] | back:
            yield warning(
                path,
                f"a {tranche.kind} that no step of the waterfall repays",
                f"a step principal, return or share to `{name}`, or kind: grant",
            )
        if tranche.kind == "loan" and name in back and name not in paying["principal"]:
            yield warning(
                path,
                "a loan that only return or share steps pay: none of it is principal, which counts "
                "as lost, and guarantees pay for it",
                f"a step of principal to `{name}` before them",
            )
        accrues = tranche.coupon.value > 0.0 and tranche.pays == "accrued"
        if accrues and name in paying["principal"] and name not in paying["interest"] | back:
            yield warning(
                (*path, "coupon"),
                f"{say(tranche.coupon.value)} a year, which accrues and which no step pays",
                f"a step of interest to `{name}`, or pays: paid",
            )


def check_switches(scenario: Scenario) -> Iterator[Finding]:
    """Shares that switch once tranches are repaid, while payments go to others before them.

    Which part of a payment is beyond the hurdle is told as if the tranches got all of it. A fee is
    let pass: it takes its amount once.
    """
    for name, term in scenario.contract.terms.items():
        if term.switch is None:
            continue
        watched = set(term.switch.tranches)
        at: Path = ("contract", "terms", name, "switch", "tranches")
        steps = {
            key: step
            for key, step in scenario.capital.waterfall.items()
            if (step.pool or "main") == term.pool
        }
        repaying = [key for key, step in steps.items() if watched & set(step.to)]
        plain = [key for key in repaying if steps[key].pay != "share"]
        if not repaying:
            yield warning(
                at,
                f"{_quote(watched)}, whom no step pays from the pool `{term.pool}` of the term",
                "tranches that the payments of the term repay",
            )
            continue
        for key, step in steps.items():
            others = step.pay != "fee" and any(who not in watched for who in step.to)
            if others or step.pay == "reserve":
                yield warning(
                    at,
                    f"{_quote(watched)}, while the step `{key}` takes of the same payments "
                    "before they are repaid",
                    "tranches that stand first in their pool: what is paid before they are repaid "
                    "is taken to reach them whole",
                )
                break
            if key == (plain or repaying)[-1]:
                break


def _quote(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


CHECKS = (check_steps, check_pools, check_order, check_switches)
