"""Jupyter notebooks from percent scripts: `# %%` starts code, `# %% [markdown]` starts text."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
MARK, TEXT = "# %%", "# %% [markdown]"


def list_scripts() -> list[Path]:
    """The scripts, in order."""
    return sorted(FOLDER.glob("*.py"))


def list_notebooks() -> dict[Path, Callable[[], str]]:
    """Each notebook and what writes it."""
    return {file.with_suffix(".ipynb"): partial(write_notebook, file) for file in list_scripts()}


def write_notebook(script: Path) -> str:
    """The notebook of a script, without outputs, the same bytes each time."""
    cells = [
        _write_cell(number, kind, lines)
        for number, (kind, lines) in enumerate(_split(script.read_text(encoding="utf-8")))
    ]
    notebook = {
        "cells": cells,
        "metadata": {
            "jupytext": {"formats": "ipynb,py:percent"},
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _split(text: str) -> list[tuple[str, list[str]]]:
    cells: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith(MARK):
            cells.append(("markdown" if line.startswith(TEXT) else "code", []))
        elif cells:
            cells[-1][1].append(line)
    return cells


def _write_cell(number: int, kind: str, lines: list[str]) -> dict[str, Any]:
    if kind == "markdown":
        lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
    source = "\n".join(lines).strip("\n").splitlines(keepends=True)
    cell: dict[str, Any] = {
        "cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source
    }
    return cell if kind == "markdown" else {**cell, "execution_count": None, "outputs": []}
