"""What `sweep --out` leaves beside its finished cases: tables, a picture, a manifest."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from pfs_sim.analysis.sweep import CASES, Sweep
from pfs_sim.errors import InputError
from pfs_sim.reading import to_yaml
from pfs_sim.report.folder import write_csv, write_text
from pfs_sim.report.manifest import NAME, describe_run
from pfs_sim.report.summary import write_json
from pfs_sim.results import write_rows

OWN = {
    CASES, "figures", NAME, "report.html", "sweep.csv", "sweep.json", "sweep.parquet", "sweep.txt",
    "scenario.resolved.yaml",
}


def check_sweep_folder(folder: Path) -> None:
    """InputError for a folder that holds anything that no sweep leaves, and for a file."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"found the file {folder}; allowed: a folder for the sweep")
    if folder.is_dir():
        others = sorted(file.name for file in folder.iterdir() if file.name not in OWN)
        if others:
            raise InputError(
                f"found {others[0]} in the folder {folder}; allowed: a new or empty folder, or "
                "that of an earlier sweep"
            )


def write_sweep(
    folder: Path,
    sweep: Sweep,
    text: str,
    *,
    command: Sequence[str],
    inputs: Sequence[str] = (),
    asked: Sequence[str] = (),
) -> list[str]:
    """Write all but the cases, which are there already; returns the names of all files."""
    from pfs_sim.report.decisions import decide_sweep
    from pfs_sim.report.figures import save_figures
    from pfs_sim.report.html.decision import write_decision_page

    rows = sweep.list_rows()
    write_text(folder / "sweep.json", write_json(sweep.to_json()))
    write_text(folder / "sweep.txt", text)
    write_text(folder / "sweep.csv", write_csv([list(rows[0]), *(list(r.values()) for r in rows)]))
    write_text(folder / "scenario.resolved.yaml", to_yaml(sweep.resolved))
    if find_spec("pyarrow") is not None:
        write_rows(rows, folder / "sweep.parquet")
    decision, said = decide_sweep(sweep, asked), shlex.join(command)
    save_figures(decision.pictures, folder / "figures")
    write_decision_page(decision, said, folder / "report.html")
    manifest = describe_run(sweep.provenance, said, inputs, folder)
    write_text(folder / NAME, write_json(manifest))
    return [*manifest["files"], NAME]
