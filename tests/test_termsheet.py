"""The term sheet says every figure of the contract, and says another one where it changes."""

import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
from click.testing import CliRunner
from made_up import STARTER

from pfs_sim.cli import main
from pfs_sim.model.capital import Cost, Guarantee, Tranche
from pfs_sim.model.clock import Clock
from pfs_sim.model.contract import Term, Trigger
from pfs_sim.model.evaluation import OutcomeMeasure
from pfs_sim.model.noun import Noun
from pfs_sim.model.quantities import Quantity
from pfs_sim.model.scenario import Scenario
from pfs_sim.model.schedules import RateCard, SavingsShare
from pfs_sim.reading import load, resolve
from pfs_sim.report.termsheet import list_sections, write_termsheet
from pfs_sim.report.termsheet.clauses import is_below, list_leaves, list_remarks
from pfs_sim.report.termsheet.markdown import number_articles, write_table
from pfs_sim.report.termsheet.words import (
    Words,
    join,
    money,
    number,
    percent,
    plain_text,
    say_law,
    write_date,
)
from tests import generate

SHIPPED = sorted((Path(__file__).resolve().parents[1] / "scenarios").glob("*.yaml"))
GENERATED = range(50)
NUMBERED = ("evaluation", "contract", "capital")

BASE = {
    "pfs_sim": 1,
    "name": "A deal",
    "clock": {"start": "2020-01-15", "period": "quarter", "periods": 12},
    "program": {"referrals": {"per_period": 5}, "service": {"duration": 2}},
    "outcomes": {"jobs": {"kind": "event", "good": "higher", "level": 0.3, "unit": "jobs"}},
    "evaluation": {
        "dates": {"one": "2021-01-01", "two": 8},
        "measures": {
            "jobs": {"outcome": "jobs", "statistic": "total", "design": "validated"},
            "share": {"outcome": "jobs", "statistic": "mean", "design": "validated"},
        },
    },
    "contract": {"terms": {"pay": {"measure": "jobs", "schedule": {"kind": "rate", "price": 9}}}},
}


EVERY = [
    *(pytest.param(file, id=file.stem) for file in SHIPPED),
    *(pytest.param(i, id=f"generated-{i}") for i in GENERATED),
]


@cache
def read(which):
    return load(which if isinstance(which, Path) else generate.scenario(which)).scenario


def clauses_of(scenario):
    return [c for s in list_sections(scenario) for a in s.articles for c in a.clauses]


def full(clause):
    return "\n".join([clause.text, *(write_table(clause.table) if clause.table else ())])


LEVELS = ("total", "mean", "measured")


def is_idle(scenario, place):
    """Whether the model never looks at a figure as the rest of its noun stands."""
    parts = place.split(".")
    noun = scenario
    for n, part in enumerate(parts[:-1]):
        noun = noun[part] if isinstance(noun, dict) else getattr(noun, part, None)
        rest = parts[n + 1]
        match noun:
            case OutcomeMeasure():
                if (
                    (rest == "bias" and noun.design == "rct")
                    or (rest in ("comparison", "trend") and noun.design != "historical")
                    or (rest == "ratio" and noun.design != "matched")
                    or (rest == "arm" and noun.statistic not in LEVELS)
                ):
                    return True
            case Guarantee() if rest == "of" and noun.kind == "additive":
                return True
            case Term():
                once = len(scenario.evaluation.dates if noun.at is None else noun.at) == 1
                each = noun.basis == "each" or noun.schedule.kind == "fixed" or noun.pays != "money"
                if rest == "claw_back" and (each or once):
                    return True
                if rest == "basis" and (
                    once or noun.schedule.kind == "fixed" or noun.pays != "money"
                ):
                    return True
                if place.endswith("schedule.above") and noun.schedule.kind == "fixed":
                    return True
            case RateCard() | SavingsShare():
                # A line through the origin pays nothing there, reached or exceeded.
                both = getattr(noun, "both_ways", False)
                if (both and rest == "from") or (
                    rest == "above" and (both or noun.start.value == 0.0)
                ):
                    return True
            case Trigger():
                ends = noun.action == "terminate"
                if rest in ("wind_down", "pays_after") and not ends:
                    return True
                if rest == "tranches" and noun.action != "stop_funding":
                    return True
            case Cost():
                if rest in ("first", "last", "stops") and noun.per_period is None:
                    return True
            case Tranche():
                bears = noun.kind in ("loan", "equity")
                idle = set()
                if not bears:
                    idle |= {"coupon"}
                if not bears or noun.coupon.value == 0.0:
                    idle |= {"pays", "compounding"}
                if noun.schedule:
                    idle |= {"draw", "first", "last", "order"}
                elif noun.draw == "upfront":
                    idle |= {"last", "order"}
                if rest in idle:
                    return True
    return False


def forms(scenario, place, value):
    """How a figure may be written in a clause."""
    words = Words(scenario)
    if isinstance(value, Quantity):
        if not value.certain:
            return [say_law(value), plain_text(say_law(value))]
        x = value.mean()
        found = [number(x), percent(x), money(x, scenario.currency)]
        found.append(f"{percent(x).removesuffix('%')} percentage points")
        if x < 0:
            found += [number(-x), percent(-x), money(-x, scenario.currency)]
        return found
    if isinstance(value, int):
        return [number(value)]
    try:
        return [write_date(date.fromisoformat(value))]
    except ValueError:
        return [words.span(value)]


def is_figure(value):
    if isinstance(value, Quantity):
        return True
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, str) and value[:1].isdigit()
    )


def says(text, form):
    return re.search(rf"(?<![\d.,]){re.escape(form)}(?![\d]|[.,]\d)", text) is not None


ZERO_IN_WORDS = re.compile(
    r"no coupon|at once|comes in time|^The sum of|nothing|below zero|no trend|"
    r"free of systematic error|Out of (the main pool|the pool `\w+` only)[.,]",
    re.IGNORECASE | re.MULTILINE,
)


@pytest.mark.parametrize("which", EVERY)
def test_every_figure_stands_in_its_clause_and_in_the_annex(which):
    scenario = read(which)
    clauses = clauses_of(scenario)
    annex = write_termsheet(scenario).partition("## Annex: ")[2]
    missing = []
    for top in NUMBERED:
        for place, value in list_leaves(getattr(scenario, top), top):
            mine = [c for c in clauses if any(is_below(place, cover) for cover in c.covers)]
            assert mine or place.endswith(".label"), f"no clause says {place}"
            if not is_figure(value):
                continue
            in_annex = forms(scenario, place, value)
            if not (isinstance(value, str) and value in annex):
                assert any(form in annex for form in in_annex), place
            loud = "\n".join(full(c) for c in mine if not c.quiet)
            if is_idle(scenario, place) or not loud:
                continue
            zero = value == 0 or (isinstance(value, Quantity) and value.value == 0.0)
            if place.endswith(".due"):
                zero = scenario.clock.grid(value) == 0
            if zero and ZERO_IN_WORDS.search(loud):
                continue
            one_or_none = isinstance(value, Quantity) and value.value == 1.0
            if one_or_none and place.endswith((".overrun", "capital.overrun")):
                continue
            if not any(says(loud, form) for form in in_annex):
                missing.append((place, in_annex, loud))
    assert not missing, missing[:5]


@pytest.mark.parametrize("which", EVERY)
def test_a_quiet_clause_says_a_default(which):
    """What is left unsaid is what the file does not set, or what has no effect."""
    scenario = read(which)
    empty = {}
    for clause in clauses_of(scenario):
        if clause.quiet and clause.key.partition(".")[0] in NUMBERED:
            for place, value in list_leaves(scenario):
                if any(is_below(place, cover) for cover in clause.covers):
                    empty[place] = value
    for place, value in empty.items():
        known = is_idle(scenario, place) or _is_default(scenario, place, value)
        assert known, (place, value)


def _is_default(scenario, place, value):
    *above, last = place.split(".")
    noun = scenario
    for part in above:
        noun = noun[part] if isinstance(noun, dict) else getattr(noun, part)
    field = next(
        (f for name, f in type(noun).model_fields.items() if last in (name, f.alias)), None
    )
    if field is None:
        return False
    default = field.get_default(call_default_factory=True)
    return value == default or (isinstance(value, Quantity) and value.value == default)


def other(value, annotation):
    """Another value that a field may have; None where it cannot be changed by itself."""
    if isinstance(value, Quantity):
        if not value.certain:
            return Quantity.of({"dist": "uniform", "low": 0.111, "high": 0.222})
        return Quantity.of(round(value.mean() * 1.37 + 0.011, 6))
    if isinstance(value, bool):
        return not value
    words = _words(annotation)
    if isinstance(value, str) and value in words:
        return next((word for word in words if word != value), None)
    if isinstance(value, int):
        return value + 1
    return None


def _words(annotation):
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [word for part in get_args(annotation) for word in _words(part)]


def changes(found, path, annotation=None):
    """(place, the same noun with one value changed) for every value of a noun."""
    if isinstance(found, Noun):
        for name, field in type(found).model_fields.items():
            value, key = getattr(found, name), field.alias or name
            if value is None or name in ("source", "note"):
                continue
            if name == "kind" and len(_words(field.annotation)) == 1:
                continue
            for place, changed in changes(value, f"{path}.{key}", field.annotation):
                yield place, found.model_copy(update={name: changed})
    elif isinstance(found, dict):
        for key, value in found.items():
            for place, changed in changes(value, f"{path}.{key}"):
                yield place, {**found, key: changed}
    elif isinstance(found, list):
        for i, value in enumerate(found):
            for place, changed in changes(value, f"{path}.{i}"):
                yield place, [*found[:i], changed, *found[i + 1 :]]
    elif (changed := other(found, annotation)) is not None:
        yield path, changed


CHANGED = [
    *(f for f in SHIPPED if f.stem in ("ct_family_stability", "rikers_able", "utah_preschool")),
    *range(100, 112),
]


@pytest.mark.parametrize("which", CHANGED, ids=str)
def test_whatever_changes_in_the_contract_changes_a_clause(which):
    scenario = read(which)
    before = [full(clause) for clause in clauses_of(scenario)]
    silent, tried = [], 0
    for top in NUMBERED:
        for place, changed in changes(getattr(scenario, top), top):
            tried += 1
            if is_idle(scenario, place):
                continue
            after = clauses_of(scenario.model_copy(update={top: changed}))
            if [full(clause) for clause in after] == before:
                silent.append(place)
    assert tried > 20
    assert not silent, silent


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.stem)
def test_each_source_is_a_footnote_and_each_mark_has_one(file):
    scenario = read(file)
    text = write_termsheet(scenario)
    body, _, notes = text.partition("\n[^1]: ")
    marks = {int(found) for found in re.findall(r"\[\^(\d+)\]", body)}
    listed = {int(found) for found in re.findall(r"^\[\^(\d+)\]: ", "[^1]: " + notes, re.M)}
    assert marks == listed == set(range(1, len(marks) + 1))
    quiet = {c.key for c in clauses_of(scenario) if c.quiet}
    for place, remark in list_remarks(scenario).items():
        if place.partition(".")[0] in (*NUMBERED, "clock") and place not in quiet:
            said = plain_text(remark)
            assert said[0].upper() + said[1:] in notes, place
    assert "*Assumed.*" in body


@pytest.mark.parametrize("which", EVERY)
def test_it_is_sound_markdown_with_a_name_for_every_clause(which):
    scenario = read(which)
    keys = [clause.key for clause in clauses_of(scenario)]
    assert len(keys) == len(set(keys)), sorted({k for k in keys if keys.count(k) > 1})
    text = write_termsheet(scenario)
    for block in re.split(r"\n\n", text):
        rows = [line for line in block.splitlines() if line.startswith("| ")]
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) <= 1
    assert "None" not in re.sub(r"`[^`]*`", "", text)
    assert not re.search(r"<[a-z_]+ |nan\b|\binf\b|Quantity\(", text)
    numbers = [found.number for found in number_articles(list_sections(scenario))]
    assert len(numbers) == len(set(numbers))


def test_a_clause_reads_as_a_person_would_write_it():
    scenario = load(SHIPPED[[f.stem for f in SHIPPED].index("denver_supportive_housing")]).scenario
    text = write_termsheet(scenario)
    for said in (
        "The measure `stable_days` earns $15.12 for each day.",
        "| at least 20% | $3,200,000 | $16,000,000 for each 1.00 of the measure, which is "
        "$160,000 a percentage point |",
        "| less than 20% | nothing | – |",
        "The term pays at most $6,130,000 in all; the excess is lost.",
        "at `final`, July 1, 2021 (grid point 22)",
        "Treatment takes 4 years (16 quarters).",
        "into the pool `jail` of the waterfall",
        "10% of it frees a budget",
    ):
        assert said in text


def sheet(**contract):
    data = {**BASE, "contract": {**BASE["contract"], **contract}}
    return write_termsheet(Scenario.model_validate(data))


def test_caps_stand_in_the_order_in_which_they_bind():
    text = sheet(
        cap=100,
        fiscal_year_cap={"amount": 50, "excess": "carry"},
        payors={"state": {"cap": 70, "fiscal_year_cap": {"amount": 40}}},
        terms={
            "pay": {
                "measure": "jobs",
                "schedule": {"kind": "rate", "price": 9},
                "cap": 60,
                "fiscal_year_cap": {"amount": 30},
            }
        },
    )
    assert (
        "Each payment meets, in this order: the term's own cap, as it is claimed, then the term's "
        "cap of the fiscal year, then the contract's cap of the fiscal year, then the payor's cap "
        "of the fiscal year, then the payor's cap in all, then the contract's cap in all."
    ) in text
    assert "$50 in a fiscal year; what exceeds it falls due on the first grid point" in text
    assert "$30 in a fiscal year; what exceeds it is lost." in text


def test_a_date_between_grid_points_says_when_it_counts():
    assert "| `one` | January 1, 2021, which counts as January 15, 2021 (grid point 4) |" in sheet()


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({"kind": "rate", "price": -2.5}, "earns -$2.50 for each job."),
        ({"kind": "rate", "price": 2, "from": 10}, "for a measure below 10 jobs; from it on every"),
        ({"kind": "rate", "price": 2, "both_ways": True}, "from the investors to the payor"),
        ({"kind": "tiers", "above": True, "tiers": [[3, 10]]}, "| more than 3 jobs | $10 |"),
        ({"kind": "tiers", "below": -7, "tiers": [[3, 10]]}, "| less than 3 jobs | -$7 |"),
        (
            {"kind": "points", "points": [[0, 0], [9, 90]], "threshold": 4},
            "Nothing is paid for a measure below 4 jobs",
        ),
        ({"kind": "savings", "value": 200, "share": 0.4}, "who pays 40% of it: $80 for each."),
        ({"kind": "pieces", "pieces": [[1, 5, 0.125]]}, "$0.125 for each job"),
    ],
)
def test_schedules(schedule, words):
    assert words in sheet(terms={"pay": {"measure": "jobs", "schedule": schedule}})


def test_a_share_is_said_in_percent():
    term = {"measure": "share", "schedule": {"kind": "tiers", "tiers": [[0.125, 1e6]]}}
    assert "| at least 12.5% | $1,000,000 |" in sheet(terms={"pay": term})


def test_words_are_exact():
    assert number(1234567.125) == "1,234,567.125"
    assert number(0.1 + 0.2) == "0.30000000000000004"
    assert number(1e300) == "1e+300"
    assert percent(0.07) == "7%"
    assert percent(0.0715) == "7.15%"
    assert money(1234.5, "USD") == "$1,234.50"
    assert money(-3.0, "GBP") == "-£3"
    assert money(12.0, "CHF") == "CHF 12"
    assert join(["a"]) == "a"
    assert join(["a", "b", "c"]) == "a, b and c"
    clock = Clock.model_validate({"start": "2020-01-31", "period": "quarter", "periods": 8})
    words = Words(Scenario.model_validate({**BASE, "clock": clock}))
    assert words.span("4 months") == "4 months (counted as 2 quarters)"
    assert words.span("1 years") == "1 year (4 quarters)"
    assert words.span(1) == "1 quarter"


def test_long_figures_of_a_distribution_are_not_rounded():
    found = Quantity.of({"dist": "uniform", "low": 1234567.25, "high": 2345678.5})
    assert say_law(found) == "uniform, low 1,234,567.25, high 2,345,678.5"


def test_the_command_writes_a_file_or_stdout(tmp_path):
    file = str(SHIPPED[0])
    shown = CliRunner().invoke(main, ["termsheet", file])
    assert shown.exit_code == 0
    assert shown.stdout == write_termsheet(load(file).scenario)
    out = tmp_path / "sheet.md"
    written = CliRunner().invoke(main, ["termsheet", file, "-o", str(out)])
    assert (written.exit_code, written.stdout) == (0, "")
    assert out.read_text(encoding="utf-8") == shown.stdout
    more = CliRunner().invoke(main, ["termsheet", file, "--set", "contract.cap=123456"])
    assert "All terms together pay at most $123,456" in more.stdout


def test_the_resolved_form_gives_the_same_sheet():
    for file in SHIPPED:
        loaded = load(file)
        assert write_termsheet(load(resolve(loaded)).scenario) == write_termsheet(loaded.scenario)


@pytest.mark.parametrize(
    ("overflow", "said"), [("wait", "the rest wait for the next."), ("lost", "the rest are lost.")]
)
def test_what_becomes_of_those_beyond_a_limit(overflow, said):
    sets = ("program.intake_limit=50", f"program.service.overflow={overflow}")
    assert said in write_termsheet(load(STARTER, sets).scenario)
