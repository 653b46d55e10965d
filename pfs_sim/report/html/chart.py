"""Charts as plain data: marks on a page of fixed size, which a template writes as inline SVG.

Colors are classes of the style sheet, so that one figure serves light, dark and paper. Every
chart is drawn twice, for a desk and for a phone; the style sheet shows one of them. A mark that
has something to say says it under the pointer, on arrow keys, and as its title.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

LETTER = 6.7
"""Width of a letter of a label, roughly."""


@dataclass(frozen=True)
class Page:
    """The size of a chart and the space around its axes."""

    width: float
    height: float
    left: float = 54.0
    right: float = 14.0
    top: float = 12.0
    bottom: float = 26.0

    @property
    def narrow(self) -> bool:
        """Whether it is the one for a phone."""
        return self.width < 500

    @property
    def x0(self) -> float:
        """Left end of the axes."""
        return self.left

    @property
    def x1(self) -> float:
        """Right end."""
        return self.width - self.right

    @property
    def y0(self) -> float:
        """Lower end (y grows downwards)."""
        return self.height - self.bottom

    @property
    def y1(self) -> float:
        """Upper end."""
        return self.top


def sizes(height: float, tall: float | None = None, **space: float) -> tuple[Page, Page]:
    """The pages for a desk and for a phone."""
    return Page(860.0, height, **space), Page(360.0, tall or height, **space)


@dataclass(frozen=True)
class Mark:
    """An element of SVG: its tag, attributes, text, and what it says under the pointer."""

    tag: str
    attributes: dict[str, Any]
    text: str = ""
    say: str = ""


@dataclass
class Chart:
    """A chart of one size."""

    page: Page
    marks: list[Mark] = field(default_factory=list)

    def add(self, tag: str, kind: str, text: str = "", say: str = "", **attributes: Any) -> None:
        """Add a mark of a class; numbers are written with a tenth of a unit."""
        written = {
            key.replace("_", "-"): _write(value)
            for key, value in attributes.items()
            if value is not None
        }
        self.marks.append(Mark(tag, {"class": kind, **written}, text, say))

    def rect(
        self, x: float, y: float, width: float, height: float, kind: str, say: str = ""
    ) -> None:
        """A rectangle; negative sizes are turned round."""
        self.add(
            "rect", kind, say=say, x=min(x, x + width), y=min(y, y + height),
            width=abs(width), height=abs(height),
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """A straight line."""
        self.add("line", kind, x1=x1, y1=y1, x2=x2, y2=y2)

    def path(self, points: Iterable[tuple[float, float]], kind: str, close: bool = False) -> None:
        """A line through points."""
        drawn = "L".join(f"{_write(x)} {_write(y)}" for x, y in points)
        self.add("path", kind, d=f"M{drawn}{'Z' if close else ''}")

    def write(
        self, x: float, y: float, text: str, kind: str = "label", anchor: str = "start"
    ) -> None:
        """A label."""
        self.add("text", kind, text=text, x=x, y=y, text_anchor=anchor)

    def target(self, x: float, width: float, say: str) -> None:
        """An invisible column over the whole height that says something under the pointer."""
        self.rect(x, self.page.y1, width, self.page.y0 - self.page.y1, "target", say)

    @property
    def readable(self) -> int:
        """How many marks say something."""
        return sum(bool(mark.say) for mark in self.marks)


def _write(value: Any) -> Any:
    if not isinstance(value, float | int) or isinstance(value, bool):
        return value
    text = f"{float(value):.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


@dataclass(frozen=True)
class Figure:
    """A figure of the report: the finding, what it shows in words, both sizes, its numbers."""

    name: str
    title: str
    words: str
    charts: tuple[Chart, ...]
    note: str = ""
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    key: tuple[tuple[str, str], ...] = ()
    """Class and meaning of each color."""


@dataclass(frozen=True)
class Scale:
    """Where a value lies on an axis."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.start + share * (self.end - self.start)


def choose_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers inside [low, high], about so many."""
    span = high - low
    if not math.isfinite(span) or span <= 0.0:
        return [low]
    rough = span / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    steps = (s * power for s in (1.0, 2.0, 2.5, 5.0, 10.0))
    step = next((s for s in steps if s >= rough * 0.999), rough)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [0.0 if k == 0 else k * step for k in range(first, last + 1)]


def draw_x_axis(
    chart: Chart, scale: Callable[[float], float], ticks: Sequence[tuple[float, str]],
    title: str = "",
) -> None:
    """A baseline with ticks; labels that would touch the one before are left out."""
    page = chart.page
    chart.line(page.x0, page.y0, page.x1, page.y0, "axis")
    reached = -math.inf
    for value, label in ticks:
        x = scale(value)
        half = LETTER * len(label) / 2
        place = min(max(x, page.x0 - 20 + half), page.width - half)
        if place - half < reached + 6:
            continue
        chart.line(x, page.y0, x, page.y0 + 4, "axis")
        chart.write(place, page.y0 + 17, label, "tick", "middle")
        reached = place + half
    if title:
        chart.write((page.x0 + page.x1) / 2, page.height - 2, title, "tick", "middle")


def draw_y_axis(
    chart: Chart, scale: Callable[[float], float], ticks: Sequence[tuple[float, str]]
) -> None:
    """Faint lines across, with their values on the left."""
    page = chart.page
    for value, label in ticks:
        y = scale(value)
        chart.line(page.x0, y, page.x1, y, "grid")
        chart.write(page.x0 - 7, y + 4, label, "tick", "end")


def mark_level(
    chart: Chart, x: float, text: str, kind: str, row: int = 0, y: float | None = None
) -> None:
    """A dashed line at a value, named beside it, on the side where there is room."""
    page = chart.page
    chart.line(x, page.y1, x, page.y0, f"rule {kind}")
    left = x + LETTER * len(text) + 6 > page.width
    chart.write(
        x - 5 if left else x + 5, (page.y1 + 10 + 15 * row) if y is None else y, text,
        f"label halo {kind}", "end" if left else "start",
    )
