"""What a comparison hands back, and how it is written: JSON and the table in `README.md`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.clock import Timing

FOLDER = Path(__file__).parent
README, RESULTS = FOLDER / "README.md", FOLDER / "results.json"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


@dataclass(frozen=True)
class Options:
    """How a run was asked for."""

    quick: bool = False
    yardsticks: Path | None = None

    @property
    def rounds(self) -> int:
        """Turns of each contestant."""
        return 3 if self.quick else 5


@dataclass(frozen=True)
class Comparison:
    """What one comparison measured."""

    title: str
    timings: list[Timing]
    notes: list[str] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)
    """Figures that goals are judged by."""
    ratio: str = ""
    """What the ratios are to."""
    when: str = ""
    """How and on what it was measured: command, commit, load of the machine."""


def write_json(found: dict[str, Comparison], about: dict[str, Any], goals: list[Any]) -> None:
    """Write everything measured to `results.json`."""
    document = {
        "about": about,
        "goals": goals,
        "comparisons": {name: asdict(one) for name, one in found.items()},
    }
    RESULTS.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json() -> dict[str, Comparison]:
    """The comparisons of `results.json`; none where there is no such file."""
    if not RESULTS.is_file():
        return {}
    document = json.loads(RESULTS.read_text(encoding="utf-8"))
    return {name: Comparison(**one) for name, one in document["comparisons"].items()}


def write_tables(found: dict[str, Comparison], about: dict[str, Any], goals: list[Any]) -> str:
    """Everything between the markers: the machine, the goals, a table for each comparison."""
    versions = ", ".join(f"{name} {value}" for name, value in about["versions"].items())
    lines = [
        BEGIN,
        "",
        f"Machine: {about['processor']}, {about['cores']} cores, {about['memory']}; "
        f"{about['system']}; {versions}.",
        "",
    ]
    if goals:
        lines += ["### Goals", "", "| | goal | measured | |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {goal['what']} | {goal['goal']} | {goal['found']} | {goal['verdict']} |"
            for goal in goals
        ]
        lines.append("")
    for one in found.values():
        lines += [f"### {one.title}", "", one.when, ""]
        if one.timings:
            lines += _table(one)
        lines += [f"- {note}" for note in one.notes]
        lines.append("")
    return "\n".join([*lines, END])


def put_in_readme(tables: str) -> None:
    """Replace what stands between the markers."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    README.write_text(before + tables + after, encoding="utf-8")


def _table(one: Comparison) -> list[str]:
    ratios = any("ratio" in row for row in one.timings)
    notes = any("note" in row for row in one.timings)
    head = ["", "unit", "CPU, median", "least to most", "wall, median", "least to most"]
    head += [one.ratio or "ratio"] * ratios + ["note"] * notes
    lines = [_row(head), _row(["---"] * len(head))]
    for row in one.timings:
        cells = [row["name"], row["unit"]]
        for what in ("cpu", "wall"):
            if what in row:
                spread = f"{write(row[f'{what}_least'])} to {write(row[f'{what}_most'])}"
                cells += [write(row[what]), spread]
            else:
                cells += ["", ""]
        if ratios:
            cells.append(write(row["ratio"]) if "ratio" in row else "")
        if notes:
            cells.append(row.get("note", ""))
        lines.append(_row(cells))
    return [*lines, ""]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def write(value: float) -> str:
    """Three digits, no exponent where it can be helped."""
    if value == 0.0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = max(0, 3 - len(str(int(abs(value))))) if abs(value) >= 1 else 3
    return f"{value:.{digits}f}" if abs(value) >= 0.01 else f"{value:.2g}"
