"""Quantities: what may be written, what it means, and what is said when it cannot be."""

import json
import pickle
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from pfs_sim.model import family as family_room
from pfs_sim.model.conformance import conformance
from pfs_sim.model.families import Normal
from pfs_sim.model.family import FAMILIES, Family, load_families
from pfs_sim.model.laws import LEAST_KEPT, Ladder, Law
from pfs_sim.model.quantities import (
    Bounds,
    NonNegative,
    Positive,
    Probability,
    Quantity,
    Real,
    quantity,
)
from pfs_sim.simulate import compile_scenario, scenario_of
from tests.counted import counted_calls

NORMAL = {"dist": "normal", "mean": 0.5, "sd": 0.3}
UNIFORM = {"dist": "uniform", "low": 0.0, "high": 1.0}
EXAMPLES = [(kind, example) for kind, f in FAMILIES.items() for example in f.examples]
SHARED = [
    {"truncate": {"low": 0.1}},
    {"truncate": {"high": 1.4}},
    {"truncate": {"low": 0.1, "high": 1.4}, "discount": 0.3, "source": "assumed"},
    {"spike": {"weight": 0.5}, "note": "no effect as likely as not"},
    {"discount": 0.25, "spike": {"at": 0.3, "weight": 0.2}},
]
U = np.linspace(0.0005, 0.9995, 1000)


class Fields(BaseModel):
    """A model with one field of each kind."""

    any: Quantity = Field(0.0, validate_default=True)
    probability: Probability = Field(0.5, validate_default=True)
    amount: NonNegative = Field(0.0, validate_default=True)
    factor: Positive = Field(1.0, validate_default=True)
    real: Real | None = None
    rate: Annotated[Quantity, Bounds(-1.0, low_open=True, unit="a year")] = Quantity.of(0)
    price: quantity(low=0.0, certain=True) = Quantity.of(1)
    named: dict[str, Quantity] = {}


def refusal(**fields):
    """(location, message) of each error of a model with these fields."""
    with pytest.raises(ValidationError) as caught:
        Fields(**fields)
    errors = caught.value.errors()
    return [(".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, ")) for e in errors]


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_each_family_conforms(kind, example):
    assert conformance(FAMILIES[kind], example) == []


@pytest.mark.parametrize("shared", SHARED)
@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_each_family_conforms_cut_discounted_and_with_a_spike(kind, example, shared):
    cut = Quantity.of(example)
    if "truncate" in shared:
        low, high = cut.ppf(np.array([0.1, 0.9]))
        ends = {"low": float(low) - 0.01, "high": float(high) + 0.01}
        shared = {**shared, "truncate": {end: ends[end] for end in shared["truncate"]}}
    assert conformance(FAMILIES[kind], {**example, **shared}) == []


def test_every_family_shows_each_way_to_give_it():
    for kind, f in FAMILIES.items():
        shown = [{key for key in example if key in set(f.keys())} for example in f.examples]
        assert f.__doc__ and f.examples, kind
        assert all(set(way) in shown for way in f.ways), kind


def test_conformance_finds_what_is_wrong():
    class Falling(Family):
        """Its quantile function falls."""

        dist: Literal["falling"]

        def ppf(self, u):
            return 1.0 - u

        def cdf(self, x):
            return np.clip(x, 0.0, 1.0)

        def support(self):
            return 0.0, 0.5

        def moments(self):
            return 0.1, 0.1

    text = " ".join(conformance(Falling, {"dist": "falling"}))
    for words in ("falls somewhere", "leaves the support", "mean 0.1 is not", "variance"):
        assert words in text


# What is written is what is read.


def test_a_number_is_certain():
    x = Quantity.of(3)
    assert (x.certain, x.value, x.mean(), x.sd(), x.bounds()) == (True, 3.0, 3.0, 0.0, (3.0, 3.0))
    assert x.atoms() == {3.0: 1.0} and x.plain() == 3.0 and x.describe() == "3"
    assert x.ppf(U.reshape(10, 100)).shape == (10, 100)
    sourced = Quantity.of({"value": 0.24, "source": "S Restrepo et al. 2025", "note": "n"})
    assert (sourced.source, sourced.note, sourced.dist) == (
        "S Restrepo et al. 2025",
        "n",
        "certain",
    )
    assert sourced.plain() == {"value": 0.24, "source": "S Restrepo et al. 2025", "note": "n"}


@pytest.mark.parametrize(
    "given_",
    [
        {"dist": "discrete", "values": [2.0, 2.0], "weights": [1.0, 3.0]},
        {"value": 4.0, "discount": 0.5},
        {**NORMAL, "spike": {"at": 2.0, "weight": 1.0}},
    ],
)
def test_what_can_only_be_one_value_is_certain(given_):
    assert Quantity.of(given_).value == 2.0


def test_an_uncertain_quantity_has_no_value():
    assert Quantity.of(NORMAL).value is None and not Quantity.of(NORMAL).certain
    assert Quantity.of({"value": 1.0, "spike": {"weight": 0.5}}).atoms() == {0.0: 0.5, 1.0: 0.5}


@pytest.mark.parametrize("shared", [{}, *SHARED[2:]])
@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_dump_reads_to_the_same_quantity(kind, example, shared):
    model = Fields(any={**example, **(shared if "truncate" not in shared else {})})
    assert Fields.model_validate(model.model_dump()) == model
    assert Fields.model_validate_json(model.model_dump_json()) == model
    assert pickle.loads(pickle.dumps(model)) == model
    assert hash(model.any) == hash(Quantity.of(model.any.plain()))


def test_dump_keeps_the_words_of_the_file():
    text = {**NORMAL, "truncate": {"low": 0.0}, "discount": 0.1, "source": "assumed"}
    assert Quantity.of(text).plain() == text
    assert Quantity.of({"dist": "normal", "quantiles": {"p10": 1, "0.9": 2}}).plain() == {
        "dist": "normal",
        "quantiles": {0.1: 1.0, 0.9: 2.0},
    }


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        (
            {**NORMAL, "truncate": {"low": 0.0, "high": 1.0}},
            "normal, mean 0.5, sd 0.3, truncated to [0, 1]",
        ),
        ({**UNIFORM, "discount": 0.3}, "uniform, low 0, high 1, discounted by 30 %"),
        (
            {**UNIFORM, "spike": {"weight": 0.5}},
            "uniform, low 0, high 1, with probability 0.5 exactly 0",
        ),
        (
            {"dist": "normal", "quantiles": {0.1: 0.2, 0.9: 0.7}},
            "normal, quantiles 0.1: 0.2, 0.9: 0.7",
        ),
        (
            {"dist": "estimate", "scale": "smd", "point": 0.25, "se": 0.1},
            "estimate (smd), mean 0.25, sd 0.1",
        ),
    ],
)
def test_description(given_, words):
    assert Quantity.of(given_).describe() == words
    assert repr(Quantity.of(given_)) == f"Quantity({words})"


def test_scale_of_an_effect():
    estimate = {"dist": "estimate", "scale": "log_odds_ratio", "point": 0.5, "se": 0.2}
    assert Quantity.of(estimate).scale == "log_odds_ratio"
    parts = {"none": {"weight": 0.5, "value": 0.0}, "some": {"weight": 0.5, **estimate}}
    assert Quantity.of({"dist": "mixture", "components": parts}).scale == "log_odds_ratio"
    assert Quantity.of(NORMAL).scale is None


# What it means.


def test_truncate_then_discount_then_spike():
    x = Quantity.of(
        {
            **UNIFORM,
            "truncate": {"low": 0.5},
            "discount": 0.2,
            "spike": {"at": 0.6, "weight": 0.5},
        }
    )
    assert x.bounds() == (0.4, 0.8) and x.atoms() == {0.6: 0.5}
    np.testing.assert_allclose(
        x.ppf(np.array([0.125, 0.25, 0.5, 0.7499, 0.875])), [0.5, 0.6, 0.6, 0.6, 0.7], rtol=1e-12
    )
    assert x.mean() == pytest.approx(0.6, rel=1e-12)


def test_the_empirical_quantile_is_an_observation():
    x = Quantity.of({"dist": "empirical", "sample": [3.0, 1.0, 2.0, 4.0]})
    np.testing.assert_array_equal(
        x.ppf(np.array([0.01, 0.25, 0.26, 0.5, 0.75, 0.99])), [1, 1, 2, 2, 3, 4]
    )
    assert (x.mean(), x.sd()) == (2.5, pytest.approx(np.std([1, 2, 3, 4]), rel=1e-15))


def test_weights_are_relative():
    x = Quantity.of({"dist": "discrete", "values": [1.0, 2.0, 5.0], "weights": [3.0, 0.0, 1.0]})
    assert x.atoms() == {1.0: 0.75, 5.0: 0.25}


def test_a_truncated_discrete_set_keeps_its_ends():
    x = Quantity.of(
        {
            "dist": "discrete",
            "values": [0.0, 1.0, 2.0, 3.0],
            "weights": [1.0] * 4,
            "truncate": {"low": 1.0, "high": 2.0},
        }
    )
    assert x.atoms() == {1.0: 0.5, 2.0: 0.5}


def test_order_of_components_changes_no_bit():
    parts = {
        "a": {"weight": 0.3, **NORMAL},
        "b": {"weight": 0.7, "dist": "gamma", "mean": 1.0, "sd": 0.5},
    }
    there = Quantity.of({"dist": "mixture", "components": parts})
    back = Quantity.of({"dist": "mixture", "components": dict(reversed(parts.items()))})
    np.testing.assert_array_equal(there.ppf(U), back.ppf(U))


@given(
    st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=200),
    st.lists(st.floats(0, 1, exclude_min=True, exclude_max=True), min_size=1, max_size=50),
)
def test_a_ladder_is_a_sorted_search(steps, u):
    ladder = np.sort(np.array(steps * 2))
    np.testing.assert_array_equal(
        Ladder(ladder).rank(np.array(u)), np.searchsorted(ladder, np.array(u))
    )


@given(
    st.floats(-3, 3),
    st.floats(0.01, 3),
    st.floats(-3, 3),
    st.floats(0.01, 3),
    st.floats(0, 1),
    st.floats(-2, 2),
    st.floats(0, 0.9),
)
def test_any_mixture_inverts_its_cdf(m1, s1, m2, s2, weight, at, spike):
    parts = {
        "a": {"weight": weight, "dist": "normal", "mean": m1, "sd": s1},
        "b": {"weight": 1.0, "dist": "normal", "mean": m2, "sd": s2},
    }
    x = Quantity.of({"dist": "mixture", "components": parts, "spike": {"at": at, "weight": spike}})
    got = x.ppf(U)
    assert (np.diff(got) >= 0.0).all()
    assert (x.cdf(got) >= U - 1e-9).all()
    assert (x.cdf(got - 1e-7 * (1.0 + np.abs(got))) <= U + 1e-5).all()
    np.testing.assert_array_equal(x.ppf(U[::3].copy()), got[::3])


def test_a_spike_far_beyond_all_else_has_its_probability():
    """Where everything else has ended the quantile jumps to it, on either side."""
    for at in (1.0, 40.0, -1.0, -40.0):
        for sd in (0.0625, 1e-6, 0.5):
            x = Quantity.of({"dist": "normal", "mean": 0.0, "sd": sd,
                             "spike": {"at": at, "weight": 0.3}})  # fmt: skip
            for got in (x.ppf(U), x.family.law.ppf(U), x.family.law.draw(U)):
                assert abs((got == at).mean() - 0.3) < 1e-3
                assert (np.diff(got) >= 0.0).all()
    both = Quantity.of({"dist": "discrete", "values": [5.0, 6.0], "weights": [1.0, 1.0],
                        "spike": {"at": 9.0, "weight": 0.25}})  # fmt: skip
    assert [(both.ppf(U) == at).mean() for at in (5.0, 6.0, 9.0)] == [0.375, 0.375, 0.25]


# What is allowed.


@pytest.mark.parametrize(
    ("field", "given_", "allowed"),
    [
        ("probability", 1.2, "found 1.2; allowed: 0 to 1"),
        (
            "probability",
            NORMAL,
            "found normal, mean 0.5, sd 0.3 (support -inf to inf); "
            "allowed: 0 to 1 (add `truncate`)",
        ),
        (
            "probability",
            {"dist": "discrete", "values": [0.0, 2.0], "weights": [1.0, 1.0]},
            "found discrete, values [0, 2], weights [1, 1] (support 0 to 2); allowed: 0 to 1",
        ),
        ("amount", -1, "found -1; allowed: 0 or more"),
        ("factor", 0, "found 0; allowed: above 0"),
        (
            "factor",
            {**UNIFORM, "spike": {"weight": 0.5}},
            "found uniform, low 0, high 1, with probability 0.5 exactly 0 (support 0 to 1); "
            "allowed: above 0 (add `truncate`)",
        ),
        ("rate", -1.0, "found -1; allowed: above -1, in a year"),
        ("price", NORMAL, "found normal, mean 0.5, sd 0.3; allowed: one certain number, 0 or more"),
        ("price", {"value": -1.0}, "found -1; allowed: 0 or more"),
    ],
)
def test_bounds_of_a_field(field, given_, allowed):
    assert refusal(**{field: given_}) == [(field, allowed)]


def test_what_lies_inside_the_bounds_is_taken():
    beta = {"dist": "beta", "mean": 0.3, "sd": 0.1}
    lognormal = {"dist": "lognormal", "mean": 3.0, "sd": 1.0}
    fields = Fields(
        probability={**NORMAL, "truncate": {"low": 0, "high": 1}},
        amount=beta,
        factor=lognormal,
        rate={"dist": "uniform", "low": -1, "high": 1},
        price={"value": 3},
    )
    assert fields.factor.bounds() == (0.0, np.inf)


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (Bounds(), "any number"),
        (Bounds(0, 1), "0 to 1"),
        (Bounds(0, 1, low_open=True), "above 0 to 1"),
        (Bounds(0, 1, high_open=True), "from 0 and below 1"),
        (Bounds(high=5), "5 or less"),
        (Bounds(high=5, high_open=True), "below 5"),
        (Bounds(0, unit="dollars"), "0 or more, in dollars"),
    ],
)
def test_bounds_in_words(bounds, words):
    assert bounds.words() == words


def test_an_open_upper_end_refuses_a_point_on_it():
    with pytest.raises(ValueError, match="found 1; allowed: from 0 and below 1"):
        Bounds(0, 1, high_open=True).check(Quantity.of(1))


REFUSED = [
    (True, "", "found True; allowed: a number"),
    (None, "", "found nothing; allowed: a number"),
    ("0.5", "", "found '0.5'; allowed: a number"),
    (float("nan"), "", "found nan; allowed: a finite number"),
    ([1], "", "found [1]; allowed: a number"),
    ({}, "", "found a mapping with no keys; allowed: a number"),
    ({"mean": 1, "sd": 2}, "", "found a mapping with mean and sd; allowed: a number"),
    ({"value": "x"}, "value", "should be a valid number"),
    ({"value": 1, "surce": "a"}, "surce", "(did you mean `source`?)"),
    ({"dist": "norml"}, "dist", "allowed: beta, certain, discrete, empirical"),
    ({"dist": "norml"}, "dist", "(did you mean `normal`?)"),
    ({"dist": 3}, "dist", "found the distribution 3; allowed: beta"),
    ({**NORMAL, "sdd": 1}, "sdd", "found unknown key `sdd` in normal; allowed: mean, sd"),
    ({"dist": "normal", "mean": 1}, "", "found normal with mean; allowed: mean and sd, or quant"),
    ({"dist": "normal"}, "", "found normal with no parameters; allowed: mean and sd, or quantiles"),
    ({**NORMAL, "quantiles": {0.1: 1, 0.9: 2}}, "", "found normal with mean, sd and quantiles;"),
    ({**NORMAL, "sd": 0}, "sd", "greater than 0"),
    ({**NORMAL, "mean": None}, "mean", "should be a valid number"),
    ({**NORMAL, "mean": float("inf")}, "mean", "should be a finite number"),
    (
        {"dist": "normal", "quantiles": {0.1: 1, 0.5: 2, 0.9: 3}},
        "",
        "found 3 quantiles; allowed: exactly 2 (normal has 2 free parameters)",
    ),
    ({"dist": "normal", "quantiles": {0.1: 1}}, "", "found 1 quantiles; allowed: exactly 2"),
    (
        {"dist": "student_t", "df": 4, "quantiles": {0.1: 1, 0.5: 2, 0.9: 3}},
        "",
        "(student_t has 2 free parameters once df is given)",
    ),
    ({"dist": "normal", "quantiles": {0.1: 3, 0.9: 1}}, "quantiles", "values that rise with"),
    ({"dist": "normal", "quantiles": {10: 3, 0.9: 1}}, "quantiles", "found the level 10; allowed"),
    ({"dist": "normal", "quantiles": {"p10": 3, 0.1: 1}}, "quantiles", "the level 0.1 twice"),
    ({"dist": "normal", "quantiles": {0.1: "a"}}, "quantiles", "found 'a' at level 0.1; allowed"),
    ({"dist": "normal", "quantiles": [1, 2]}, "quantiles", "allowed: a map from level to value"),
    ({"dist": "beta", "mean": 0.5, "sd": 0.6}, "", "allowed: sd below 0.5"),
    ({"dist": "beta", "quantiles": {0.1: -1, 0.9: 0.5}}, "", "allowed: above 0 and below 1"),
    ({"dist": "beta", "quantiles": {0.1: 0.5, 0.9: 0.5 + 1e-12}}, "", "too close?"),
    ({"dist": "gamma", "quantiles": {0.1: 0, 0.9: 0.5}}, "", "found gamma with quantiles"),
    ({"dist": "gamma", "quantiles": {0.1: 1.0, 0.9: 1.0 + 1e-12}}, "", "too close?"),
    ({"dist": "lognormal", "quantiles": {0.1: -1, 0.9: 0.5}}, "", "allowed: above 0"),
    ({"dist": "uniform", "low": 2, "high": 1}, "", "found low 2, high 1; allowed: low below high"),
    ({"dist": "triangular", "low": 1, "mode": 2}, "high", "Field required"),
    ({"dist": "triangular", "low": 1, "mode": 3, "high": 2}, "", "the mode between them"),
    ({"dist": "pert", "low": 1, "mode": 1, "high": 1}, "", "allowed: low below high"),
    (
        {"dist": "student_t", "df": 1, "location": 0, "scale": 1},
        "",
        "which has no finite mean; allowed: a distribution with a finite mean (add `truncate`)",
    ),
    ({"dist": "student_t", "df": 2, "mean": 0, "sd": 1}, "", "allowed: df above 2"),
    ({"dist": "empirical", "sample": []}, "sample", "at least 1 item"),
    ({"dist": "discrete", "values": [1, 2], "weights": [1]}, "", "as many weights as values"),
    ({"dist": "discrete", "values": [1, 2], "weights": [1, -1]}, "", "allowed: 0 or more"),
    ({"dist": "scipy", "name": "weibul"}, "name", "found 'weibul'; allowed: a continuous"),
    ({"dist": "scipy", "name": "poisson"}, "name", "a continuous distribution of scipy.stats"),
    ({"dist": "scipy", "name": "cauchy"}, "", "no finite mean"),
    ({"dist": "scipy", "name": "weibull_min"}, "", "with parameters none; allowed: c, loc, scale"),
    ({"dist": "scipy", "name": "norm", "parameters": {"s": 1}}, "", "allowed: loc, scale"),
    ({"dist": "scipy", "name": "norm", "parameters": {"scale": -1}}, "", "(scale above 0)"),
    ({"dist": "mixture", "components": {}}, "components", "at least 1 item"),
    ({"dist": "mixture", "components": {"a": 3}}, "components.a", "found 3; allowed: {weight"),
    ({"dist": "mixture", "components": {"a": {"value": 3}}}, "components.a.weight", "no weight;"),
    (
        {"dist": "mixture", "components": {"a": {"weight": 0, "value": 3}}},
        "",
        "found weights that are all 0; allowed: at least one above 0",
    ),
    (
        {"dist": "mixture", "components": {"a": {"weight": 1, **NORMAL, "sd": -1}}},
        "components.a.sd",
        "greater than 0",
    ),
    (
        {
            "dist": "mixture",
            "components": {
                "a": {
                    "weight": 1,
                    "dist": "mixture",
                    "components": {"b": {"weight": 1, "value": 1}},
                }
            },
        },
        "components.a.dist",
        "found a mixture inside a mixture; allowed: any other distribution",
    ),
    ({"dist": "estimate", "scale": "log_odds", "point": 1, "se": 1}, "scale", "log_odds_ratio"),
    ({"dist": "estimate", "scale": "smd", "point": 1}, "", "found neither ci nor se; allowed"),
    (
        {"dist": "estimate", "scale": "smd", "point": 1, "se": 1, "ci": [0, 2]},
        "",
        "found ci and se; allowed: one of ci, se",
    ),
    ({"dist": "estimate", "scale": "smd", "point": 1, "se": 1, "level": 0.9}, "", "level without"),
    ({"dist": "estimate", "scale": "smd", "point": 1, "se": 1, "as": "log"}, "", "with log_…"),
    ({"dist": "estimate", "scale": "log_ratio", "point": -1, "se": 1}, "", "with `as: log`"),
    ({"dist": "estimate", "scale": "smd", "point": 1, "ci": [0.1, 0.5]}, "", "point between them"),
    ({"dist": "estimate", "scale": "smd", "point": 1, "ci": [0.1]}, "ci", "allowed: [low, high]"),
    ({**UNIFORM, "truncate": {"low": 2}}, "", f"allowed: bounds that keep at least {LEAST_KEPT:g}"),
    ({**NORMAL, "truncate": {"low": 9}}, "", "of the probability; allowed"),
    ({**UNIFORM, "truncate": {"low": 0.6, "high": 0.5}}, "truncate", "low below high"),
    ({**UNIFORM, "truncate": {}}, "truncate", "found no bound; allowed: low, high, or both"),
    ({**UNIFORM, "spike": {"weight": 2}}, "spike.weight", "less than or equal to 1"),
    ({**UNIFORM, "discount": 2}, "discount", "less than or equal to 1"),
]


@pytest.mark.parametrize(("given_", "place", "words"), REFUSED)
def test_what_is_refused_where_and_why(given_, place, words):
    (where, message), *rest = refusal(named={"x": given_})
    assert not rest
    assert where == ".".join(["named", "x", *([place] if place else [])])
    assert words in message


def test_all_problems_of_a_mapping_come_at_once():
    found = refusal(any={**NORMAL, "sd": -1, "discount": 2}, factor=-1)
    assert [where for where, _ in found] == ["any.discount", "any.sd", "factor"]


# The schema for editors, other packages, and lateness.


def test_schema_offers_a_number_or_a_family():
    schema = Fields.model_json_schema()
    probability = schema["properties"]["probability"]["anyOf"]
    assert {k: probability[0][k] for k in ("type", "minimum", "maximum")} == {
        "type": "number",
        "minimum": 0.0,
        "maximum": 1.0,
    }
    named = [form["$ref"].removeprefix("#/$defs/") for form in probability[1:]]
    assert set(named) == {f.__name__ for f in FAMILIES.values()}
    assert all(schema["$defs"][name]["description"] for name in named)
    assert len(schema["properties"]["price"]["anyOf"]) == 2
    normal = schema["$defs"]["Normal"]
    assert normal["oneOf"] == [{"required": ["mean", "sd"]}, {"required": ["quantiles"]}]
    assert normal["required"] == ["dist"] and not normal["additionalProperties"]
    component = schema["$defs"]["Mixture"]["properties"]["components"]["additionalProperties"]
    assert all("weight" in form["required"] for form in component["anyOf"])
    assert "null" not in json.dumps(schema["$defs"]).replace('"default": null', "")


class HalfNormal(Family):
    """A distribution as another package would add it."""

    examples = ({"dist": "half_normal", "scale": 2.0},)
    dist: Literal["half_normal"]
    scale: float = Field(gt=0.0, description="Scale.")

    def ppf(self, u):
        from scipy.special import ndtri

        return self.scale * ndtri((1.0 + u) / 2.0)

    def cdf(self, x):
        from scipy.special import ndtr

        return np.maximum(2.0 * ndtr(x / self.scale) - 1.0, 0.0)

    def support(self):
        return 0.0, np.inf

    def moments(self):
        return self.scale * np.sqrt(2.0 / np.pi), self.scale * np.sqrt(1.0 - 2.0 / np.pi)


@pytest.fixture
def installed(monkeypatch):
    """Entry points as if another package were installed; the registry is put back after."""
    offered = {}
    monkeypatch.setattr(
        "pfs_sim.model.family.find_offers",
        lambda group: [EntryPoint(name, value, group) for name, value in offered.items()],
    )
    before = dict(FAMILIES)
    load_families.cache_clear()
    yield offered
    FAMILIES.clear()
    FAMILIES.update(before)
    load_families.cache_clear()


def test_a_family_of_another_package_is_found_by_its_entry_point(installed):
    installed["half_normal"] = f"{__name__}:HalfNormal"
    assert "half_normal" not in FAMILIES
    x = Quantity.of({"dist": "half_normal", "scale": 2, "truncate": {"high": 3}})
    assert x.bounds() == (0.0, 3.0)
    assert conformance(HalfNormal, HalfNormal.examples[0]) == []
    assert conformance(HalfNormal, {**HalfNormal.examples[0], "truncate": {"high": 3.0}}) == []
    assert "HalfNormal" in Fields.model_json_schema()["$defs"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("half_normal", "json:dumps", "is not a pfs_sim Family"),
        ("other", f"{__name__}:HalfNormal", "is `dist: half_normal`, not other"),
    ],
)
def test_a_wrong_entry_point_is_named(installed, name, value, words):
    installed[name] = value
    with pytest.raises((TypeError, ValueError), match=words):
        load_families()


def test_a_word_that_is_taken_is_refused():
    class Normal(Family):
        dist: Literal["normal"]

    with pytest.raises(ValueError, match="the distribution normal exists already"):
        family_room.register(Normal)


def test_reading_plain_quantities_needs_no_scipy():
    code = (
        "import sys\nfrom pfs_sim.model.quantities import Quantity, Probability\n"
        f"Quantity.of(0.5); Quantity.of({NORMAL!r}); Quantity.of({UNIFORM!r})\n"
        "assert not any(m.split('.')[0] == 'scipy' for m in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_law_of_points_merges_equal_ones():
    law = Law.of([2.0, 1.0, 2.0], [1.0, 1.0, 2.0])
    assert list(law.values) == [1.0, 2.0] and list(law.weights) == [0.25, 0.75]


def test_many_draws_take_as_many_calls_as_few():
    u = np.random.default_rng(1).random(100_000)
    parts = {
        "a": {"weight": 1, **NORMAL},
        "b": {"weight": 1, "dist": "lognormal", "mean": 1, "sd": 1},
    }
    for given_ in (NORMAL, {"dist": "mixture", "components": parts}):
        x = Quantity.of(given_)
        x.ppf(u[:10])
        counts = []
        for some in (u[:1000], u):
            with counted_calls() as calls:
                x.ppf(some)
            counts.append(calls[0])
        assert counts[1] <= 1.2 * counts[0] + 10


class _Rounded(Normal):
    def ppf(self, u):
        return np.round(super().ppf(u))


def test_a_family_with_a_ppf_of_its_own_follows_no_normal():
    """As soon as it is correlated it would have its parent's law."""
    assert Normal.follows_normal() and not _Rounded.follows_normal()
    assert not _Rounded(dist="normal", mean=3.0, sd=1.0).law.follows_normal
    assert not Family.follows_normal()


FOLLOWING = [
    {"dist": "normal", "mean": 0.5, "sd": 0.1},
    {"dist": "lognormal", "median": 200.0, "sigma": 0.1, "discount": 0.2},
    {"dist": "logit_normal", "mu": -0.2, "sigma": 0.5},
]


@pytest.mark.parametrize("given_", FOLLOWING)
def test_a_value_from_a_normal_is_the_one_from_its_probability(given_):
    from pfs_sim.special import ndtr

    law, z = Quantity.of(given_).family.law, np.linspace(-6.0, 6.0, 1001)
    assert law.follows_normal
    assert law.of_normal(z) == pytest.approx(law.draw(ndtr(z)), rel=1e-9)


@pytest.mark.parametrize("more", SHARED)
def test_what_is_truncated_or_has_a_spike_follows_none(more):
    assert not Quantity.of({**NORMAL, **more}).family.law.follows_normal


def test_a_scenario_survives_pickling_after_a_draw():
    scenario = scenario_of(Path(__file__).parents[1] / "scenarios" / "ct_rate_card.yaml")
    rows = compile_scenario(scenario).inputs.draw(0, 10)
    again = compile_scenario(pickle.loads(pickle.dumps(scenario))).inputs.draw(0, 10)
    assert np.array_equal(rows, again)
