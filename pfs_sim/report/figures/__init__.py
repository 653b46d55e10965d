"""Pictures of runs and decisions. Titles say the finding, axes their unit, a note paths and seed.

style       fonts, colors, page, and how a picture is saved to the same bytes each time
payments    what the government pays
returns     what each investor earns
cash        cumulative cash over time
enrollment  enrolled against plan
compared    differences by party, and who is better off; dollars by term
levers      a sweep
solved      a metric against its lever, the target and the answer
frontiers   where all can sign, and what stands in the way
risk        who holds which risk, alone and in all, tornado, loss by cause
integrity   false payment, larger evaluations, noise, cliffs
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pfs_sim.metrics.table import MetricTable
from pfs_sim.report.figures.style import Picture, save_picture
from pfs_sim.results import Results

__all__ = ["Picture", "draw_figures", "save_figures"]


def draw_figures(
    results: Results, table: MetricTable, base: Results | None = None
) -> list[Picture]:
    """All pictures that a run allows; `base` is the base case, for the plan of enrollment."""
    from pfs_sim.report.figures.cash import draw_cash
    from pfs_sim.report.figures.enrollment import draw_enrollment
    from pfs_sim.report.figures.payments import draw_payments
    from pfs_sim.report.figures.returns import draw_returns

    pictures = [draw_payments(results, table)]
    if "investors.irr" in table and table["investors.irr"].n_undefined < results.paths:
        pictures.append(draw_returns(results, table))
    pictures.append(draw_cash(results))
    pictures.append(draw_enrollment(results, base))
    return pictures


def save_figures(pictures: Sequence[Picture], folder: Path) -> list[Path]:
    """SVG and PNG of each picture; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    return [file for picture in pictures for file in save_picture(picture, folder)]
