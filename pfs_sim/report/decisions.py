"""What `--out` of compare, solve, frontier, explain and integrity leaves: one folder, one page.

Each command has its answer as sentences, tables, figures, JSON and CSV; they go into a folder as
those of a run do, and into `report.html`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pfs_sim import __version__
from pfs_sim.analysis.compare import Comparison
from pfs_sim.analysis.frontier import Frontier
from pfs_sim.analysis.solve import Solution
from pfs_sim.analysis.sweep import Sweep
from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.reading import scenario_hash, state, to_yaml
from pfs_sim.report.folder import stage, write_csv, write_text
from pfs_sim.report.html.decision import Decision, write_decision_page
from pfs_sim.report.manifest import NAME, describe_run
from pfs_sim.report.summary import write_json

if TYPE_CHECKING:
    from pfs_sim.analysis.causes import Bar, LossByCause
    from pfs_sim.analysis.cliffs import Cliff
    from pfs_sim.analysis.explain import Explanation
    from pfs_sim.analysis.integrity import Integrity, Judgment
    from pfs_sim.model.scenario import Scenario

RESOLVED = "scenario.resolved.yaml"


def write_decision(
    folder: Path,
    decision: Decision,
    text: str,
    *,
    command: Sequence[str],
    inputs: Sequence[str] = (),
) -> list[str]:
    """Write all files, in place of those of an earlier run; returns their names."""
    from pfs_sim.report.figures import save_figures

    said = shlex.join(command)
    with stage(folder) as made:
        write_text(made / f"{decision.kind}.json", write_json(dict(decision.document)))
        write_text(made / f"{decision.kind}.txt", text)
        write_text(made / f"{decision.kind}.csv", write_rows_as_csv(decision.rows))
        for name, resolved in decision.scenarios.items():
            write_text(made / name, to_yaml(resolved))
        save_figures(decision.pictures, made / "figures")
        write_decision_page(decision, said, made / "report.html")
        manifest = describe_run(decision.provenance, said, inputs, made)
        write_text(made / NAME, write_json(manifest))
    return [*manifest["files"], NAME]


def write_rows_as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows under the names of all their columns, in the order in which these first appear."""
    header = list(dict.fromkeys(name for row in rows for name in row))
    return write_csv([header, *([row.get(name) for name in header] for row in rows)])


def _tell(resolved: Mapping[str, Any], paths: int, seed: int, **more: Any) -> dict[str, Any]:
    """What tells a run from others."""
    return {
        "currency": resolved.get("currency", "USD"), "paths": paths, "seed": seed, **more,
        "scenario_hash": scenario_hash(resolved), "version": __version__,
    }


def decide_comparison(found: Comparison) -> Decision:
    """A comparison as a folder and a page."""
    from pfs_sim.report.compared import list_pages, name_deals, say_comparison
    from pfs_sim.report.figures.compared import draw_comparison

    letters = name_deals(len(found.names))
    said = ["; ".join(f"{a}: {name}" for a, name in zip(letters, found.names, strict=True)) + "."]
    said += [say_comparison(found, pair) for pair in found.pairs]
    rows = [
        {
            "first": found.names[pair.first], "second": found.names[pair.second],
            "metric": one.metric, "statistic": one.statistic, "label": one.label,
            "unit": one.unit, "value_first": one.first.to_json()["value"],
            "value_second": one.second.to_json()["value"], **one.difference.to_json(),
            "variance_ratio": one.gain if one.gain == one.gain else None,
        }
        for pair in found.pairs
        for one in pair.differences.values()
    ]
    first = found.results[0]
    about = _tell(first.resolved, found.paths, first.provenance["seed"],
                  sampling=first.provenance.get("sampling", "random"))
    return Decision(
        "compare", " against ".join(dict.fromkeys(found.names)), tuple(said),
        tuple(list_pages(found)), tuple(draw_comparison(found)), found.to_json(), tuple(rows),
        {
            f"{letter}.resolved.yaml": one.resolved
            for letter, one in zip(letters, found.results, strict=True)
        },
        about,
    )


def decide_sweep(found: Sweep, asked: Sequence[str] = ()) -> Decision:
    """A sweep as a page; its folder is its own, for it may go on there."""
    from pfs_sim.report.figures.levers import draw_sweep, say_sweep
    from pfs_sim.report.levers import choose_metrics, list_sweep

    addresses = choose_metrics(found.cases[0].table, asked)
    return Decision(
        "sweep", str(found.resolved["name"]),
        tuple(f"{say_sweep(found, address)}." for address in addresses[:3]),
        tuple(list_sweep(found, asked)), (draw_sweep(found, asked),), {}, (),
        {RESOLVED: found.resolved},
        {"currency": found.resolved.get("currency", "USD"), **found.provenance},
    )


def decide_solution(found: Solution, scenario: Scenario) -> Decision:
    """A solution as a folder and a page."""
    from pfs_sim.report.figures.solved import draw_solution
    from pfs_sim.report.levers import list_solution, say_solution

    resolved = state(scenario)
    currency = str(scenario.currency)
    rows = [
        {"lever": found.path, "x": seen.x, "metric": found.address, **seen.metric.to_json()}
        for seen in found.scan
    ]
    return Decision(
        "solve", str(scenario.name), (f"{say_solution(found, currency)}.",),
        (list_solution(found, currency),), (draw_solution(found, resolved),), found.to_json(),
        tuple(rows), {RESOLVED: resolved}, _tell(resolved, found.paths, found.seed),
    )


def decide_frontier(found: Frontier) -> Decision:
    """A frontier as a folder and a page."""
    from pfs_sim.report.figures.frontiers import draw_frontier
    from pfs_sim.report.levers import list_frontier, say_frontier

    rows = []
    for point in found.points:
        row: dict[str, Any] = dict(point.sets)
        for name, one in point.found.items():
            row |= {f"{name}.{key}": value for key, value in one.to_json().items()}
        row |= {"open": not found.failing(point), "surely": found.is_sure(point)}
        rows.append(row | {"fails": " ".join(found.failing(point))})
    return Decision(
        "frontier", str(found.resolved["name"]), (say_frontier(found),),
        tuple(list_frontier(found)), (draw_frontier(found),), found.to_json(), tuple(rows),
        {RESOLVED: found.resolved},
        {"currency": found.resolved.get("currency", "USD"), **found.provenance,
         "version": __version__},
    )


def decide_risk(
    scenarios: Sequence[Scenario],
    sources: Sequence[Explanation],
    document: Mapping[str, Any],
    inputs: Sequence[Explanation] = (),
    causes: Sequence[LossByCause] = (),
    tornados: Sequence[dict[str, list[Bar]]] = (),
) -> Decision:
    """Risk by source as a folder and a page; inputs, causes and tornados by deal, or none."""
    from pfs_sim.plan.outputs import columns
    from pfs_sim.report.figures.risk import (
        draw_loss_by_cause,
        draw_risk,
        draw_tornado_bars,
        say_largest,
    )
    from pfs_sim.report.risk import list_causes, list_inputs, list_risk, list_tornado

    pages, pictures = list_risk(sources), draw_risk(sources)
    for one in inputs:
        pages += list_inputs(one)
    for place, (lost, bars) in enumerate(zip(causes, tornados, strict=True)):
        labels = {column.name: column.label for column in columns(scenarios[place])}
        currency, end = scenarios[place].currency, f"_{place + 1}" if len(scenarios) > 1 else ""
        pages += list_causes(lost, labels, currency) + list_tornado(bars, labels, currency)
        drawn = (
            draw_loss_by_cause(lost, labels, sources[place], end),
            draw_tornado_bars(bars, labels, sources[place], end),
        )
        pictures += [picture for picture in drawn if picture is not None]
    resolved = [state(scenario) for scenario in scenarios]
    names = [RESOLVED] if len(resolved) == 1 else ["A.resolved.yaml", "B.resolved.yaml"]
    said = dict.fromkeys(f"{picture.title}." for picture in pictures)
    if len(sources) > 1:
        said = dict.fromkeys(f"{e.scenario}: {say_largest(e)}." for e in sources)
    first = sources[0]
    return Decision(
        "explain", " against ".join(e.scenario for e in sources), tuple(said), tuple(pages),
        tuple(pictures), document, tuple(_list_shares([*sources, *inputs])),
        dict(zip(names, resolved, strict=True)), _tell(resolved[0], first.paths, first.seed),
    )


def _list_shares(explanations: Sequence[Explanation]) -> Iterator[dict[str, Any]]:
    """A row for each deal, output, player and kind of share."""
    from pfs_sim.analysis.explain import describe_share

    for e in explanations:
        for name, output in e.outputs.items():
            for kind in ("first", "total", "shapley"):
                shares = getattr(e.indices[name], kind)
                for player, share in zip(e.players, shares, strict=bool(shares)):
                    yield {
                        "deal": e.scenario, "output": name, "label": output.label,
                        "player": player, "share": kind, **describe_share(share),
                    }


def decide_integrity(found: Integrity, cliffs: Sequence[Cliff], scenario: Scenario) -> Decision:
    """The integrity of a contract as a folder and a page."""
    from pfs_sim.report.figures.integrity import draw_integrity
    from pfs_sim.report.integrity import list_integrity

    resolved, pictures = state(scenario), draw_integrity(found, cliffs)
    document = {"schema": 1, **found.to_json(), "cliffs": [cliff.to_json() for cliff in cliffs]}
    rows = [*_list_judgments("as it is", 1.0, found.judgments)]
    for kind, scaled in (("enrollment", found.by_enrollment), ("sample", found.by_sample)):
        for one in scaled:
            rows += _list_judgments(kind, one.factor, one.judgments)
    return Decision(
        "integrity", found.scenario, tuple(f"{picture.title}." for picture in pictures),
        tuple(list_integrity(found, cliffs)), tuple(pictures), document, tuple(rows),
        {RESOLVED: resolved}, _tell(resolved, found.paths, found.seed),
    )


def _list_judgments(
    kind: str, factor: float, judgments: Mapping[str, Judgment]
) -> Iterator[dict[str, Any]]:
    """A row for each term and number."""
    for name, one in judgments.items():
        numbers: dict[str, Estimate | Interval | None] = {
            "paid": one.paid, "false_payment": one.false_payment.share,
            "false_payment_at_no_effect": one.at_nothing,
            "paid_at_no_effect": one.paid_at_nothing, "missed_success": one.missed_success.share,
            "missed_success_at_target": one.at_target, "noise": one.noise,
            "misjudged": one.misjudged, "deadweight": one.deadweight,
        }
        for number, value in numbers.items():
            if value is not None and value.value == value.value:
                yield {"scale": kind, "factor": factor, "term": name, "number": number,
                       **value.to_json()}
