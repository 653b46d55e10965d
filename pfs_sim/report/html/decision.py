"""The page of a decision: its findings, its figures, its tables, how to get them again.

Pictures are those of the figures folder, set in as SVG, so that the page is one file.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pfs_sim.report.cash_flow import Page
from pfs_sim.report.figures.style import Picture, write_svg
from pfs_sim.report.html.page import find_template, read_part

LARGEST_PICTURE = 400_000
"""Bytes of an SVG beyond which a picture is set in as PNG."""


@dataclass(frozen=True)
class Decision:
    """What a command that helps to decide found, in the forms that its folder holds.

    `kind` is the command. `findings` are sentences, `pages` tables, `rows` the same numbers as
    CSV, `document` as JSON; `scenarios` the deals in full by file name.
    """

    kind: str
    title: str
    findings: tuple[str, ...]
    pages: tuple[Page, ...]
    pictures: tuple[Picture, ...]
    document: Mapping[str, Any]
    rows: tuple[Mapping[str, Any], ...]
    scenarios: Mapping[str, Any]
    provenance: Mapping[str, Any] = field(default_factory=dict)


WHAT = {
    "compare": "contracts compared",
    "sweep": "levers moved",
    "solve": "a value solved for",
    "frontier": "where everyone can sign",
    "explain": "where the risk comes from",
    "integrity": "whether the contract pays for the right thing",
}
FACTS = ("paths", "seed", "sampling", "scenario_hash", "version")


def render_decision(decision: Decision, command: str) -> str:
    """One self-contained HTML text."""
    return find_template("decision.html").render(
        title=decision.title,
        kicker=WHAT[decision.kind],
        language="en",
        findings=decision.findings,
        pictures=[_set_in(picture) for picture in decision.pictures],
        pages=[_lay_out(page) for page in decision.pages],
        command=command,
        provenance=list_facts(decision.provenance),
        facts=_say_facts(decision.provenance),
        style=read_part("style.css"),
        script=read_part("script.js"),
    )


def write_decision_page(decision: Decision, command: str, target: Path) -> Path:
    """Write the page; returns where."""
    target.write_text(render_decision(decision, command), encoding="utf-8", newline="\n")
    return target


def _set_in(picture: Picture) -> dict[str, str]:
    drawn, kind = write_svg(picture), "svg+xml"
    if len(drawn) > LARGEST_PICTURE:
        page = io.BytesIO()
        picture.figure.savefig(page, format="png", dpi=110, facecolor="white")
        drawn, kind = page.getvalue(), "png"
    data = base64.b64encode(drawn).decode("ascii")
    width, height = picture.figure.get_size_inches() * 100.0
    return {
        "name": picture.name, "words": picture.words, "title": picture.title,
        "data": f"data:image/{kind};base64,{data}",
        "width": f"{width:.0f}", "height": f"{height:.0f}",
    }


def _lay_out(page: Page) -> dict[str, Any]:
    """A table by rows: headings on one line, cells as they are."""
    key, names = page.keys
    return {
        "title": page.title,
        "note": page.note,
        "key": key,
        "headings": [" ".join(heading.split("\n")) for heading, _ in page.columns],
        "rows": [
            (name, [cells[row] for _, cells in page.columns]) for row, name in enumerate(names)
        ],
    }


def list_facts(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a reader needs to get the same numbers again."""
    names = {"scenario_hash": "Scenario hash (SHA-256)", "version": "Version of pfs-sim"}
    found = []
    for key in FACTS:
        if provenance.get(key) is not None:
            value = provenance[key]
            said = f"{value:,}" if key == "paths" else str(value)
            found.append((names.get(key, key.capitalize()), said))
    return found


def _say_facts(provenance: Mapping[str, Any]) -> str:
    parts: Sequence[str] = [
        f"{provenance['paths']:,} paths" if "paths" in provenance else "",
        f"seed {provenance['seed']}" if "seed" in provenance else "",
        str(provenance.get("currency", "")),
    ]
    return " · ".join(part for part in parts if part)
