"""What `run --out` leaves behind: the same numbers for people, spreadsheets and programs."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from pfs_sim.errors import InputError
from pfs_sim.metrics.table import MetricTable
from pfs_sim.reading import to_yaml
from pfs_sim.report.manifest import NAME, describe_run
from pfs_sim.report.summary import write_json
from pfs_sim.results import Results


def list_earlier_run(folder: Path) -> list[Path]:
    """The files that an earlier run left in a folder, by its manifest; none in a new one.

    InputError for a folder that holds anything else and for one that is a file: nobody's work is
    overwritten.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"found the file {folder}; allowed: a folder for the results")
    if not folder.is_dir() or not any(folder.iterdir()):
        return []
    try:
        listed = json.loads((folder / NAME).read_text(encoding="utf-8"))["files"]
        names = [PurePosixPath(name) for name in listed]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"found the folder {folder}, which holds something other than the results of a run; "
            "allowed: a new or empty folder, or one of an earlier run"
        ) from None
    for name in names:
        if name.is_absolute() or ".." in name.parts:
            raise InputError(f"found a manifest in {folder} that names {name}, outside of it")
    return [folder / name for name in [*names, PurePosixPath(NAME)]]


def check_writable(folder: Path) -> None:
    """InputError where nothing can be written into a folder, or made that is still missing."""
    there = next(at for at in (folder, *folder.absolute().parents) if at.exists())
    try:
        tempfile.TemporaryDirectory(dir=there).cleanup()
    except OSError as error:
        raise InputError(
            f"found {there}, where nothing can be written ({error.strerror}); allowed: a folder "
            "that can be written into"
        ) from None


@contextmanager
def stage(folder: Path) -> Iterator[Path]:
    """A folder to write into, whose files replace an earlier run once all are there."""
    list_earlier_run(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as made:
        yield Path(made)
        for old in list_earlier_run(folder):
            old.unlink(missing_ok=True)
        for file in sorted(Path(made).rglob("*")):
            target = folder / file.relative_to(made)
            if file.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(file, target)


def write_run(
    folder: Path,
    results: Results,
    table: MetricTable,
    document: dict[str, Any],
    text: str,
    *,
    command: str,
    inputs: Sequence[str] = (),
    base: Results | None = None,
    keep_paths: bool = False,
) -> list[str]:
    """Write all files of a run; returns their names.

    `base` is the base case of the same deal (one path, all sources frozen), for the plan in the
    figures; `inputs` are the scenario files.
    """
    from pfs_sim.report.figures import draw_figures, save_figures
    from pfs_sim.report.html import gather, write_report

    with stage(folder) as made:
        write_text(made / "summary.json", write_json(document))
        write_text(made / "summary.txt", text)
        write_text(made / "metrics.csv", write_csv(table.to_csv_rows()))
        write_text(made / "scenario.resolved.yaml", to_yaml(results.resolved))
        results.save(made / "results.npz")
        if keep_paths:
            results.write_parquet(made / "paths.parquet")
        save_figures(draw_figures(results, table, base), made / "figures")
        write_report([gather(results, table, command=command)], made / "report.html")
        manifest = describe_run(results.provenance, command, inputs, made)
        write_text(made / NAME, write_json(manifest))
    return [*manifest["files"], NAME]


def write_base_case_folder(
    folder: Path,
    document: dict[str, Any],
    text: str,
    resolved: dict[str, Any],
    *,
    provenance: dict[str, Any],
    command: str,
    inputs: Sequence[str] = (),
) -> list[str]:
    """Write the base case as JSON, text and a CSV table by grid point; returns the names."""
    lines = document["cash_flow"]
    header = ["date", *(f"{line['group']}: {line['label']}" for line in lines)]
    rows = [
        [day, *(line["amounts"][t] for line in lines)] for t, day in enumerate(document["dates"])
    ]
    with stage(folder) as made:
        write_text(made / "base_case.json", write_json(document))
        write_text(made / "base_case.txt", text)
        write_text(made / "cash_flow.csv", write_csv([header, *rows]))
        write_text(made / "scenario.resolved.yaml", to_yaml(resolved))
        manifest = describe_run(provenance, command, inputs, made)
        write_text(made / NAME, write_json(manifest))
    return [*manifest["files"], NAME]


def write_csv(rows: Sequence[Sequence[Any]]) -> str:
    """Rows as CSV text; what does not apply is an empty cell."""
    page = io.StringIO()
    csv.writer(page, lineterminator="\n").writerows(rows)
    return page.getvalue()


def write_text(file: Path, text: str) -> None:
    """A file of UTF-8 text with the same bytes on every system."""
    file.write_text(text, encoding="utf-8", newline="\n")
