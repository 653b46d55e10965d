"""Sections as Markdown: numbered clauses, tables, sources as footnotes, and an annex of figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pfs_sim.model.quantities import Quantity
from pfs_sim.model.scenario import Scenario
from pfs_sim.report.termsheet.clauses import (
    Article,
    Clause,
    Section,
    Table,
    is_below,
    list_leaves,
    list_remarks,
)
from pfs_sim.report.termsheet.sheet import list_sections
from pfs_sim.report.termsheet.words import code, number, plain_text, say_law

FIGURES = "Every figure, and where it is agreed"
_MARKS = ("S ", "D ", "I ")
_LEGEND = (
    "In the notes, S marks what the source named states, D arithmetic on it, I an inference."
)
_WITH_FIGURES = ("clock", "evaluation", "contract", "capital")


class Numbered(NamedTuple):
    """An article with its number and the clauses that are printed."""

    number: str
    section: Section
    article: Article
    clauses: list[Clause]


def write_termsheet(scenario: Scenario) -> str:
    """The contract in plain language, as Markdown."""
    sections = list_sections(scenario)
    notes = _Notes(scenario, sections)
    lines = [f"# {plain_text(scenario.name)}: term sheet", ""]
    if scenario.description:
        lines += [plain_text(scenario.description), ""]
    lines += [
        "This page says in words what the scenario file says, with the dates and numbers on which "
        "the model acts. *Assumed* marks what no published source gives.",
        "",
    ]
    shown: Section | None = None
    for found in number_articles(sections):
        if found.section is not shown:
            shown = found.section
            mark = notes.mark_section(shown)
            title = f"{found.number.rpartition('.')[0]}. {shown.title}"
            lines += [f"## {'Annex ' if shown.annex else ''}{title}", ""]
            if mark:
                lines += [f"Unless a clause says otherwise:{mark}", ""]
        lines += [f"### {found.number} {found.article.title}{notes.mark_article(found.article)}"]
        lines += ["", *_write_clauses(found, notes)]
    lines += [f"## Annex: {FIGURES}", "", *_write_figures(scenario, sections), ""]
    return "\n".join([*lines, *notes.write()]).rstrip("\n") + "\n"


def number_articles(sections: list[Section]) -> Iterator[Numbered]:
    """Articles that print anything, as 4.2; annexes go on from A."""
    place, letter = 0, ord("A")
    for section in sections:
        articles = [
            (article, clauses)
            for article in section.articles
            if (clauses := [clause for clause in article.clauses if not clause.quiet])
        ]
        if not articles:
            continue
        if section.annex:
            head, letter = chr(letter), letter + 1
        else:
            head = str(place := place + 1)
        for n, (article, clauses) in enumerate(articles, 1):
            yield Numbered(f"{head}.{n}", section, article, clauses)


def _write_clauses(found: Numbered, notes: _Notes) -> Iterator[str]:
    for place, clause in enumerate(found.clauses):
        label = _letter(place)
        yield f"({label}) {clause.text}{notes.mark_clause(clause)}"
        yield ""
        if clause.table is not None:
            yield from write_table(clause.table)
            yield ""


def _letter(place: int) -> str:
    """a … z, aa, ab …"""
    high, low = divmod(place, 26)
    return (_letter(high - 1) if high else "") + chr(ord("a") + low)


def write_table(table: Table) -> Iterator[str]:
    """A table of Markdown; cells are Markdown already."""
    yield f"| {' | '.join(table.headings)} |"
    yield f"| {' | '.join('---' for _ in table.headings)} |"
    for row in table.rows:
        yield f"| {' | '.join(row)} |"


class _Notes:
    """Footnotes: each source once, marked where the figures stand that come from it."""

    def __init__(self, scenario: Scenario, sections: list[Section]) -> None:
        self.texts: dict[str, int] = {}
        self.at: dict[str, list[str]] = {}
        printed = list(number_articles(sections))
        covers = {cover: f.article for f in printed for c in f.clauses for cover in c.covers}
        articles = {found.article.key for found in printed}
        tops = {found.section.key for found in printed}
        for place, text in list_remarks(scenario).items():
            for kind, places in (("clause", covers), ("article", articles), ("section", tops)):
                near = [one for one in places if is_below(place, one)]
                # What stands at an article's own place covers all of its clauses.
                if kind == "clause" and place in articles:
                    continue
                if near:
                    self.at.setdefault(f"{kind}:{max(near, key=len)}", []).append(text)
                    break

    def mark_clause(self, clause: Clause) -> str:
        """Marks of all that a clause says."""
        return self._mark([t for c in clause.covers for t in self.at.get(f"clause:{c}", [])])

    def mark_article(self, article: Article) -> str:
        """Marks of what covers an article."""
        return self._mark(self.at.get(f"article:{article.key}", []))

    def mark_section(self, section: Section) -> str:
        """Marks of what covers a section."""
        return self._mark(self.at.get(f"section:{section.key}", []))

    def _mark(self, texts: list[str]) -> str:
        made = ""
        unique = list(dict.fromkeys(texts))
        for text in unique:
            made += f"[^{self.texts.setdefault(text, len(self.texts) + 1)}]"
        assumed = unique and any(text.lower().startswith("assumed") for text in unique)
        return f" *Assumed.*{made}" if assumed else made

    def write(self) -> Iterator[str]:
        """The footnotes, in order."""
        if any(text.startswith(_MARKS) for text in self.texts):
            yield _LEGEND
            yield ""
        for text, place in self.texts.items():
            said = plain_text(text)
            yield f"[^{place}]: {said[0].upper()}{said[1:]}{'' if said.endswith('.') else '.'}"
            yield ""


def _write_figures(scenario: Scenario, sections: list[Section]) -> Iterator[str]:
    """One row an article: the figures that the file and its defaults give, as the file writes them.

    A figure stands where it is said; what is never said stands with its article.
    """
    homes: dict[str, Numbered] = {}
    for found in number_articles(sections):
        if not found.section.annex:
            homes.setdefault(found.article.key, found)
            for clause in found.article.clauses:
                for cover in clause.covers:
                    homes.setdefault(cover, found)
    rows: dict[str, list[str]] = {}
    numbers: dict[str, str] = {}
    for top in _WITH_FIGURES:
        for place, value in list_leaves(getattr(scenario, top), top):
            said = _say_figure(value)
            if said is None:
                continue
            near = max((key for key in homes if is_below(place, key)), key=len, default=None)
            key = homes[near].article.key.partition("#")[0] if near else top
            if near:
                numbers.setdefault(key, homes[near].number)
            name = place.removeprefix(key).lstrip(".") if is_below(place, key) else place
            rows.setdefault(key, []).append(f"{name or place} **{said}**")
    yield "As the file writes them, defaults filled in."
    yield ""
    yield from write_table(
        Table(
            ("Article", "In the file", "Figures"),
            [(numbers.get(key, ""), code(key), " · ".join(said)) for key, said in rows.items()],
        )
    )


def _say_figure(value: object) -> str | None:
    """A number, a date or a length of time; None for anything else."""
    if isinstance(value, Quantity):
        return number(value.mean()) if value.certain else plain_text(say_law(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    if isinstance(value, str) and value[:1].isdigit():
        return value
    return None
