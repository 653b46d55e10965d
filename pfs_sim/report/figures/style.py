"""How pictures look, and how they are saved: the same picture is the same bytes.

Colors are those of Okabe and Ito (2008), told apart with every common kind of color blindness.
Letters in SVG are drawn as paths, so that a picture looks the same where no font is installed.
"""

from __future__ import annotations

import io
import math
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import numpy as np
import numpy.typing as npt
from matplotlib import dates, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.metrics.numerals import SYMBOLS
from pfs_sim.results import Results

F8 = npt.NDArray[np.float64]

BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY = "#CC79A7", "#56B4E9"
INK, GRAY, PALE = "#222222", "#6B6B6B", "#D9D9D9"
SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign is a dollar sign
    "axes.edgecolor": GRAY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.unicode_minus": True,
    "axes.axisbelow": True,
    "xtick.color": GRAY,
    "ytick.color": GRAY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": "#E6E6E6",
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "pfs-sim",
    "figure.dpi": 100.0,
}
WIDTH = 7.6
DPI = 160
_SHORT = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))


@dataclass(frozen=True)
class Picture:
    """A figure, the finding that is its title, and what it shows in words (for who cannot see)."""

    name: str
    title: str
    words: str
    figure: Figure


class Told(Protocol):
    """Whatever a page can be signed with: a run, a sweep."""

    @property
    def paths(self) -> int:
        """Paths that were lived."""

    @property
    def resolved(self) -> dict[str, Any]:
        """The deal."""

    @property
    def provenance(self) -> dict[str, Any]:
        """The seed, among others."""


@dataclass(frozen=True)
class Signature:
    """What a page is signed with where there is no run: the deal, paths, seed."""

    paths: int
    resolved: dict[str, Any]
    provenance: dict[str, Any]


def sign_as(name: str, currency: str, paths: int, seed: int) -> Signature:
    """The signature of an analysis of one deal."""
    return Signature(paths, {"name": name, "currency": currency}, {"seed": seed})


@contextmanager
def styled() -> Iterator[None]:
    """Settings for drawing and saving; those of the caller return afterwards."""
    with rc_context(cast(Any, SETTINGS)):
        yield


def open_page(title: str, results: Told, height: float, note: str = "") -> Figure:
    """A page with the finding on top and, at the bottom, where the numbers come from."""
    figure = Figure(figsize=(WIDTH, height))
    FigureCanvasAgg(figure)
    lines = _break(title)
    top = 0.12 / height
    figure.text(
        0.015, 1.0 - top, "\n".join(lines), fontsize=11.5, fontweight="bold", va="top", ha="left",
        linespacing=1.25,
    )
    figure.text(0.015, 0.08 / height, _sign(results, note), fontsize=7.5, color=GRAY, va="bottom")
    figure.subplots_adjust(
        left=0.095,
        right=0.975,
        top=1.0 - (0.42 + 0.22 * len(lines)) / height,
        bottom=(0.86 if note else 0.72) / height,
        hspace=0.32,
        wspace=0.3,
    )
    return figure


def _break(title: str, width: int = 78) -> list[str]:
    """Lines of about the same length."""
    count = len(textwrap.wrap(title, width))
    even = next(w for w in range(width // 2, width + 1) if len(textwrap.wrap(title, w)) <= count)
    return textwrap.wrap(title, even)[:3]


def _sign(results: Told, note: str) -> str:
    name = textwrap.shorten(str(results.resolved.get("name", "")), 60, placeholder=" …")
    said = f"{name} · {results.paths:,} path{'' if results.paths == 1 else 's'}"
    said += f" · seed {results.provenance.get('seed')}"
    return f"{note}\n{said}" if note else said


def save_picture(picture: Picture, folder: Path) -> list[Path]:
    """NAME.svg and NAME.png, without dates, so that the same run gives the same bytes."""
    files = []
    with styled(), warnings.catch_warnings():
        # A deal may be named with emoji: a box stands for a letter that the font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        for kind, about in (
            ("svg", {"Date": None, "Creator": "pfs-sim", "Title": picture.title}),
            ("png", {"Software": "pfs-sim", "Title": picture.title}),
        ):
            file = folder / f"{picture.name}.{kind}"
            picture.figure.savefig(file, format=kind, dpi=DPI, metadata=about, facecolor="white")
            files.append(file)
    return files


def write_svg(picture: Picture) -> bytes:
    """The picture as SVG, the same bytes each time."""
    page = io.BytesIO()
    about: dict[str, Any] = {"Date": None, "Creator": "pfs-sim", "Title": picture.title}
    with styled(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        picture.figure.savefig(page, format="svg", metadata=about, facecolor="white")
    return page.getvalue()


def symbol_of(results: Told) -> str:
    """What stands before an amount."""
    currency = str(results.resolved.get("currency", "USD"))
    return SYMBOLS.get(currency, f"{currency} ")


def write_short(amount: float, symbol: str) -> str:
    """An amount on an axis or a mark: $1.2M, $850K."""
    sign, size = ("−" if amount < 0 else ""), abs(amount)
    for scale, letter in _SHORT:
        if size >= 0.9995 * scale:
            return f"{sign}{symbol}{size / scale:.3g}{letter}"
    return f"{sign}{symbol}{size:.3g}"


def leave_room(figure: Figure, labels: Sequence[str], most: float = 0.36) -> None:
    """Space on the left for the names of rows."""
    longest = max((len(line) for label in labels for line in label.split("\n")), default=0)
    figure.subplots_adjust(left=min(0.03 + 0.0088 * longest, most))


def fold(label: str, width: int = 34) -> str:
    """The name of a row on at most two lines."""
    lines = textwrap.wrap(label, width) or [""]
    return "\n".join(lines if len(lines) <= 2 else [lines[0], f"{lines[1][: width - 2]} …"])


def fold_path(path: str, width: int = 28) -> str:
    """A dotted path on at most two lines, broken at a dot."""
    if len(path) <= width:
        return path
    cuts = [i for i, letter in enumerate(path) if letter == "." and i <= width]
    cut = cuts[-1] if cuts else width
    rest = path[cut:]
    return f"{path[:cut]}\n{rest if len(rest) <= width else '…' + rest[1 - width :]}"


def draw_interval(
    axes: Axes, place: float, found: Interval | Estimate, color: str, *, dot: bool = True
) -> None:
    """A dot and its 95 % interval on a row; nothing where there is no value."""
    interval = found.interval() if isinstance(found, Estimate) else found
    if not math.isfinite(interval.value):
        return
    if math.isfinite(interval.low) and math.isfinite(interval.high):
        axes.hlines(place, interval.low, interval.high, color=color, lw=1.6, zorder=3)
    if dot:
        axes.plot([interval.value], [place], "o", color=color, ms=4.5, zorder=4)


def name_rows(axes: Axes, labels: Sequence[str]) -> None:
    """Rows from the top down, named on the left."""
    axes.set_yticks(range(len(labels)), [fold(label) for label in labels], fontsize=8)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def write_percent(share: float) -> str:
    """A share of paths, never 0% or 100% for what is not."""
    if share in (0.0, 1.0):
        return f"{100 * share:.0f}%"
    if 0.0 < share < 0.001:
        return "<0.1%"
    if 0.999 < share < 1.0:
        return ">99.9%"
    return f"{100 * share:.1f}%" if share < 0.0995 or share > 0.9 else f"{100 * share:.0f}%"


def count_in_percent(axis: Any) -> None:
    """Ticks of a share as percent."""
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.3g}%".replace("-", "−")))


def count_in_money(axis: Any, symbol: str) -> None:
    """Ticks of an amount, short."""
    axis.set_major_formatter(FuncFormatter(lambda x, _: write_short(x, symbol)))


def find_dates(results: Results) -> list[date]:
    """Calendar dates of the grid points."""
    from pfs_sim.model.clock import Clock

    clock = Clock.model_validate(results.resolved["clock"])
    return [clock.date(t) for t in range(clock.periods + 1)]


def show_dates(axes: Axes, days: Sequence[date]) -> F8:
    """An axis of calendar dates; returns where they stand on it."""
    kit: Any = dates  # without types in matplotlib 3
    locator = kit.AutoDateLocator(maxticks=10)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(kit.ConciseDateFormatter(locator))
    found: F8 = np.asarray(kit.date2num(days), dtype=np.float64)
    axes.set_xlim(found[0], found[-1])
    return found


def shade_fan(
    axes: Axes, days: Any, paths: F8, color: str, name: str, *, steps: bool = False
) -> None:
    """Half of the paths in a dark band, nine in ten in a light one, the median as a line.

    `steps`: what moves at a date stays until the next one, as cash does.
    """
    low, q1, half, q3, high = np.quantile(
        paths, (0.05, 0.25, 0.5, 0.75, 0.95), axis=0, method="inverted_cdf"
    )
    step: Literal["post"] | None = "post" if steps else None
    axes.fill_between(
        days, low, high, color=color, alpha=0.16, lw=0, step=step, label="9 in 10 paths"
    )
    axes.fill_between(
        days, q1, q3, color=color, alpha=0.32, lw=0, step=step, label="half of the paths"
    )
    axes.plot(
        days, half, color=color, lw=1.8, label=name,
        drawstyle="steps-post" if steps else "default",
    )
