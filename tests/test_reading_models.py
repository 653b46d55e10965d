"""A document becomes a model, or every complaint in the words and at the places of the file."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from pfs_sim.errors import Finding, ScenarioError
from pfs_sim.reading import load, loads, resolve, to_yaml


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Loose(BaseModel):
    """A model that says nothing about strictness: reading is strict all the same."""

    model_config = ConfigDict(extra="forbid")


class Normal(Strict):
    dist: Literal["normal"]
    mean: float
    sd: float = Field(gt=0)


class Beta(Strict):
    dist: Literal["beta"]
    a: float
    b: float


class Given(Strict):
    value: float = Field(ge=0)
    source: str | None = None


Amount = (
    Annotated[float, Field(ge=0)] | Annotated[Normal | Beta, Field(discriminator="dist")] | Given
)


class Rate(Strict):
    kind: Literal["rate"]
    price: Amount
    start: float = Field(0.0, alias="from")


class Tiers(Strict):
    kind: Literal["tiers"]
    tiers: list[list[float]] = Field(min_length=1)

    @model_validator(mode="after")
    def _rising(self) -> Tiers:
        for i, (low, high) in enumerate(zip(self.tiers, self.tiers[1:], strict=False)):
            if high[0] <= low[0]:
                raise ValueError(f"tiers.{i + 1}.0: found {high[0]:g}; allowed: above {low[0]:g}")
        return self


class Color(Enum):
    RED = "red"
    BLUE = "blue"


def _name(found: str) -> str:
    if not found.isidentifier():
        raise ValueError(f"found the name {found!r}; allowed: letters and digits")
    return found


def _cap(found: Any) -> Any:
    if found == 13:
        raise PydanticCustomError("cap", "found 13; allowed: 14, 15 (did you mean `14`?)")
    return found


def _shape(found: Any) -> str | None:
    return next((key for key in ("ratio", "sum") if key in found), None)


class Ratio(Strict):
    ratio: list[str] = Field(min_length=2, max_length=2)


class Sum(Strict):
    sum: list[str]


class Deal(Strict):
    pfs_sim: Literal[1]
    name: str = Field("deal", min_length=1)
    terms: dict[
        Annotated[str, BeforeValidator(_name)],
        Annotated[Rate | Tiers, Field(discriminator="kind")],
    ] = {}
    share: float | None = Field(None, ge=0, le=1)
    cap: Annotated[float | None, BeforeValidator(_cap)] = None
    periods: int = 12
    quantiles: dict[float, float] = {}
    color: Color | None = Field(None, strict=False)
    mode: Literal["fast", "slow"] | int = 1
    loose: Loose | None = None
    pair: tuple[str, int] | None = Field(None, strict=False)
    measures: dict[
        str, Annotated[Annotated[Ratio, Tag("ratio")] | Annotated[Sum, Tag("sum")],
                       Discriminator(_shape)]
    ] = {}  # fmt: skip

    def findings(self) -> Iterator[Finding]:
        if self.periods > 100:
            yield Finding("periods", str(self.periods), "at most 100")
        if self.share == 0:
            yield Finding(("share",), "0", "above 0, or nothing is paid", "warning")
        if 0.5 in self.quantiles:
            yield Finding("quantiles.0.5", "a median", "no median", "warning")
        if "ghost" in self.terms:
            yield Finding("terms.ghost.measure", "missing", "required here")


def complaints(text: str, **more: Any) -> list[str]:
    with pytest.raises(ScenarioError) as error:
        loads("pfs_sim: 1\n" + text, "f.yaml", model=Deal, **more)
    return [str(problem) for problem in error.value.problems]


AMOUNT = "a number ≥ 0 or a mapping with `dist` one of: normal, beta or a mapping (value, source)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('periods: "12"\n', ['2:10: periods: found the text "12"; allowed: a whole number']),
        ("periods: true\n", ["2:10: periods: found true; allowed: a whole number"]),
        ("periods: 1.5\n", ["2:10: periods: found 1.5; allowed: a whole number"]),
        ("periods:\n\nname: x\n", ["2:1: periods: found nothing (null); allowed: a whole number"]),
        ("share: 1.5\n", ["2:8: share: found 1.5; allowed: a number ≥ 0 and ≤ 1"]),
        ("share: yes\n", ['2:8: share: found "yes"; allowed: a number ≥ 0 and ≤ 1']),
        ('name: ""\n', ["2:7: name: found empty text; allowed: text that is not empty"]),
        ("name: 2016-09-28\nshare: {a: 1}\n", [
            "3:8: share: found a mapping (a); allowed: a number ≥ 0 and ≤ 1"]),
        ("nmae: x\nperiod: 3\nzzz: 1\n", [
            "2:1: nmae: found unknown key `nmae`; allowed: one of: KEYS; did you mean `name`?",
            "3:1: period: found unknown key `period`; allowed: one of: KEYS; "
            "did you mean `periods`?",
            "4:1: zzz: found unknown key `zzz`; allowed: one of: KEYS"]),
        ("color: bleu\nmode: fats\n", [
            '2:8: color: found "bleu"; allowed: one of: red, blue; did you mean `blue`?',
            '3:7: mode: found "fats"; allowed: one of: fast, slow or a whole number; '
            "did you mean `fast`?"]),
        ("quantiles: {0.1: 0.2, 0.9: x, ten: 1}\n", [
            '2:28: quantiles.0.9: found "x"; allowed: a number',
            '2:31: quantiles.ten: found the key "ten"; allowed: a number']),
        ("cap: 13\n", ["2:6: cap: found 13; allowed: 14, 15; did you mean `14`?"]),
        ("loose: {1: 2}\npair: [a, b]\n", [
            "2:9: loose.1: found unknown key `1`; allowed: no such key",
            '3:11: pair.1: found "b"; allowed: a whole number']),
        ("terms: [1]\n", ["2:8: terms: found a list of 1; allowed: a mapping of names to "
                          "a mapping with `kind` one of: rate, tiers"]),
        ("terms:\n  a-b: {kind: rate, price: 1}\n", [
            "3:3: terms.a-b: found the name 'a-b'; allowed: letters and digits"]),
        ("terms:\n  a: {kind: rat, price: 1}\n  b: {price: 1}\n  c: 7\n  d: {kind: 3}\n", [
            '3:13: terms.a.kind: found "rat"; allowed: one of: rate, tiers; did you mean `rate`?',
            "4:3: terms.b.kind: missing; required: one of: rate, tiers",
            "5:6: terms.c: found 7; allowed: a mapping with `kind` one of: rate, tiers",
            "6:13: terms.d.kind: found 3; allowed: one of: rate, tiers"]),
        ("terms:\n  a:\n    kind: rate\n    prize: 1\n    from: x\n", [
            "3:3: terms.a.price: missing; required",
            "5:5: terms.a.prize: found unknown key `prize`; "
            "allowed: one of: kind, price, from; did you mean `price`?",
            '6:11: terms.a.from: found "x"; allowed: a number']),
        ("terms:\n  a: {kind: tiers, tiers: [[1, 2], [0, 3]]}\n  b: {kind: tiers, tiers: []}\n", [
            "3:37: terms.a.tiers.1.0: found 0; allowed: above 1",
            "4:27: terms.b.tiers: found an empty list; "
            "allowed: a list of at least 1, each a list, each a number"]),
        ("measures: {a: {ratio: [x]}, b: {rato: 1}}\n", [
            "2:23: measures.a.ratio: found a list of 1; allowed: a list of 2, each text",
            "2:32: measures.b: found a mapping (rato); allowed: one of: ratio, sum"]),
    ],
)  # fmt: skip
def test_wrong_values_are_told_in_plain_words(text: str, expected: list[str]) -> None:
    known = ", ".join(Deal.model_fields)
    expected = [line.replace("KEYS", known) for line in expected]
    # the version key is line 1, so the texts above start at line 2 of the file
    lines = [line.removeprefix("f.yaml:") for line in complaints(text)]
    assert lines == expected


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        ("-1", "price: found -1; allowed: a number ≥ 0"),
        ("true", f"price: found true; allowed: {AMOUNT}"),
        ('"5"', f'price: found the text "5"; allowed: {AMOUNT}'),
        ("[1]", f"price: found a list of 1; allowed: {AMOUNT}"),
        ("{dist: normal, mean: 1, sd: 0}", "price.sd: found 0; allowed: a number > 0"),
        ("{dist: normal, mean: 1}", "price.sd: missing; required"),
        ("{dist: nrmal, mean: 1, sd: 2}",
         'price.dist: found "nrmal"; allowed: one of: normal, beta; did you mean `normal`?'),
        ("{mean: 1, sd: 2}", "price.dist: missing; required: one of: normal, beta"),
        ("{value: -1}", "price.value: found -1; allowed: a number ≥ 0"),
        ("{value: 1, surce: x}", "price.surce: found unknown key `surce`; "
                                 "allowed: one of: value, source; did you mean `source`?"),
    ],
)  # fmt: skip
def test_of_a_union_only_the_branch_that_was_meant_complains(price: str, expected: str) -> None:
    (line,) = complaints(f"terms:\n  a: {{kind: rate, price: {price}}}\n")
    assert line.split(": ", 1)[1] == f"terms.a.{expected}"


def test_a_missing_top_level_key_stands_at_the_top() -> None:
    with pytest.raises(ScenarioError) as error:
        loads("\nname: x\nperiods: x\n", "f.yaml", model=Deal)
    assert [str(problem) for problem in error.value.problems] == [
        "f.yaml:2:1: pfs_sim: missing; required: 1",
        'f.yaml:3:10: periods: found "x"; allowed: a whole number',
    ]


def test_a_wrong_version_is_told() -> None:
    with pytest.raises(ScenarioError, match=r"f.yaml:1:10: pfs_sim: found 2; allowed: 1$"):
        loads("pfs_sim: 2\n", "f.yaml", model=Deal)


def test_problems_of_set_values_name_the_argument() -> None:
    sets = ["terms.a.price=x", "priods=3", "terms.a.kind=rate", "share=2"]
    lines = complaints("name: x\n", sets=sets)
    known = ", ".join(Deal.model_fields)
    assert sorted(lines, reverse=True) == [
        f'--set terms.a.price: terms.a.price: found "x"; allowed: {AMOUNT}',
        "--set share: share: found 2; allowed: a number ≥ 0 and ≤ 1",
        f"--set priods: priods: found unknown key `priods`; allowed: one of: {known}; "
        "did you mean `periods`?",
    ]


def test_a_key_left_over_from_the_base_says_how_to_drop_it(tmp_path: Path) -> None:
    base, over = tmp_path / "base.yaml", tmp_path / "over.yaml"
    base.write_text("pfs_sim: 1\nterms:\n  a: {kind: tiers, tiers: [[1, 2]]}\n")
    over.write_text("extends: base.yaml\nterms: {a: {kind: rate, price: 1, from: -}}\n")
    with pytest.raises(ScenarioError) as error:
        load(over, model=Deal)
    assert [str(problem) for problem in error.value.problems] == [
        f'{over}:2:41: terms.a.from: found "-"; allowed: a number',
        f"{base}:3:20: terms.a.tiers: found unknown key `tiers`; allowed: one of: kind, price, "
        "from (a file that extends this one drops the key by `tiers: null`)",
    ]
    over.write_text("extends: base.yaml\nterms: {a: {kind: rate, price: 1, tiers: ~}}\n")
    assert load(over, model=Deal).scenario.terms["a"].price == 1


def test_findings_are_placed_and_warnings_kept() -> None:
    text = "share: 0\nquantiles: {0.5: 1}\n"
    loaded = loads("pfs_sim: 1\n" + text, "f.yaml", model=Deal)
    assert [(str(w), w.severity) for w in loaded.warnings] == [
        ("f.yaml:2:8: share: found 0; allowed: above 0, or nothing is paid", "warning"),
        ("f.yaml:3:18: quantiles.0.5: found a median; allowed: no median", "warning"),
    ]
    assert complaints(text + "periods: 200\nterms:\n  ghost: {kind: rate, price: 1}\n") == [
        "f.yaml:4:10: periods: found 200; allowed: at most 100",
        "f.yaml:6:3: terms.ghost.measure: missing; required here",
    ]


def test_a_mapping_is_loaded_like_a_file() -> None:
    deal = {"pfs_sim": 1, "terms": {"a": {"kind": "rate", "price": 5}}}
    assert load(deal, {"periods": 8}, Deal).scenario.periods == 8
    with pytest.raises(ScenarioError) as error:
        load({**deal, "periods": "x"}, model=Deal)
    assert str(error.value) == 'periods: found "x"; allowed: a whole number'


def test_the_resolved_form_is_complete_and_reads_back() -> None:
    text = """\
pfs_sim: 1
terms:
  a: {kind: rate, price: {dist: normal, mean: 1, sd: 2}, from: 3}
  b: {kind: tiers, tiers: [[1, 2]]}
quantiles: {0.1: 1, 0.9: 2}
color: red
"""
    loaded = loads(text, model=Deal)
    data = resolve(loaded)
    assert data == {
        "pfs_sim": 1,
        "name": "deal",
        "terms": {
            "a": {
                "kind": "rate",
                "price": {"dist": "normal", "mean": 1.0, "sd": 2.0},
                "from": 3.0,
            },
            "b": {"kind": "tiers", "tiers": [[1.0, 2.0]]},
        },
        "periods": 12,
        "quantiles": {0.1: 1.0, 0.9: 2.0},
        "color": "red",
        "mode": 1,
        "measures": {},
    }
    again = loads(to_yaml(data), model=Deal)
    assert again.scenario == loaded.scenario
    assert resolve(again) == data


def test_a_null_that_is_not_the_default_survives_resolution() -> None:
    class Odd(Strict):
        limit: float | None = 5.0
        other: float | None = None

    loaded = loads("limit: null\n", model=Odd)
    assert resolve(loaded) == {"limit": None, "other": None}
    assert loads(to_yaml(resolve(loaded)), model=Odd).scenario.limit is None


def test_strictness_is_there_even_if_the_model_forgot_it() -> None:
    class Forgot(BaseModel):
        n: int

    with pytest.raises(ScenarioError, match=r'n: found the text "1"; allowed: a whole number'):
        loads("n: '1'\n", model=Forgot)
