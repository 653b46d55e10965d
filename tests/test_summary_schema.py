"""Every summary keeps the schema that is shipped with it, and the schema lets nothing else pass."""

import copy
import json
import math

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import make_up_results

from pfs_sim.errors import Problem
from pfs_sim.metrics import MetricTable
from pfs_sim.metrics.deal import summarize
from pfs_sim.report.summary import summary_document, summary_schema, write_json
from pfs_sim.results import Results

WARNING = Problem(
    "/home/someone/deal.yaml", 3, 5, "program.target", "7", "more than that", "warning"
)


def document_of(results, warnings=()):
    """As a reader gets it: through JSON."""
    return json.loads(write_json(summary_document(results, summarize(results), warnings)))


@pytest.fixture(scope="module")
def document():
    return document_of(make_up_results(), [WARNING])


@pytest.fixture(scope="module")
def validator():
    schema = summary_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_a_summary_keeps_the_schema(document, validator):
    validator.validate(document)


@pytest.mark.parametrize("paths", [1, 2, 30])
def test_so_does_one_of_few_paths(paths, validator):
    validator.validate(document_of(make_up_results(paths=paths)))


def test_so_does_one_without_investors_or_values(validator):
    results = make_up_results(
        sets=("capital.tranches=null", "capital.waterfall=null", "capital.guarantees=null")
    )
    nothing = Results(
        results.columns, np.full_like(results.values, np.nan), results.fan, results.resolved,
        results.provenance,
    )
    nothing.values[: results.names.index("program.referred")] = 0.0
    validator.validate(document_of(results))
    validator.validate(document_of(nothing))


def test_the_names_that_are_promised_are_there(document):
    metrics = document["metrics"]
    for name in (
        "payor.payments", "payor.payments.returns", "payor.payments.fy2032",
        "tranche.senior.irr", "tranche.senior.moic", "tranche.senior.principal_loss",
        "investors.irr", "investors.principal_loss", "guarantor.paid",
        "program.referred", "program.enrolled", "program.completed",
        "outcome.return_to_prison.effect_true", "outcome.return_to_prison.effect_measured",
        "outcome.return_to_prison.averted",
    ):
        assert name in metrics, name
    paid = metrics["payor.payments"]
    assert set(paid["mean"]) == {"value", "se", "low", "high", "skew"}
    assert set(paid["quantiles"]["0.05"]) == {"value", "low", "high"}
    assert set(paid["p_zero"]) == {"value", "low", "high"}
    assert "expected_shortfall" in paid and "cap" in paid["mass_points"]
    assert metrics["tranche.senior.irr"]["p_loss"]["value"] > 0
    assert metrics["tranche.senior.irr"]["statuses"]["total_loss"] > 0


def test_the_document_reads_back_to_the_table(document):
    assert MetricTable.from_json(document["metrics"]) == summarize(make_up_results())


def test_it_names_no_folder_of_a_machine(document):
    assert document["warnings"][0]["file"] == "deal.yaml"
    assert "/home/" not in json.dumps(document)


def spoil(path, value):
    """Replace one value; `DROP` removes the key."""

    def change(document):
        here = document
        for key in path[:-1]:
            here = here[key]
        if value is DROP:
            del here[path[-1]]
        else:
            here[path[-1]] = value

    return change


DROP = object()
PAID = ("metrics", "payor.payments")


@pytest.mark.parametrize(
    "change",
    [
        spoil(("schema",), 2),
        spoil(("paths",), 0),
        spoil(("seed",), "one"),
        spoil(("extra",), 1),
        spoil(("currency",), DROP),
        spoil(("provenance", "versions"), DROP),
        spoil((*PAID, "mean"), 3.0),
        spoil((*PAID, "mean", "se"), DROP),
        spoil((*PAID, "mean", "value"), "NaN"),
        spoil((*PAID, "unit"), "dollars"),
        spoil((*PAID, "quantiles", "5"), {"value": 1, "low": 1, "high": 1}),
        spoil((*PAID, "p_zero", "value"), 1.5),
        spoil((*PAID, "p_gain"), {"value": 1, "low": 1, "high": 1}),
        spoil(PAID, DROP),
        spoil(("warnings", 0, "severity"), "fatal"),
    ],
)
def test_what_is_wrong_is_refused(document, validator, change):
    wrong = copy.deepcopy(document)
    change(wrong)
    assert list(validator.iter_errors(wrong))


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
)


@given(DATA)
def test_what_is_written_reads_back(data):
    assert json.loads(write_json(data)) == data


def test_what_holds_no_more_than_numbers_and_words_has_a_line():
    text = write_json({"a": {"value": 1.5, "se": 0.25}, "b": [], "c": [[1, 2], {"d": {"é": None}}]})
    assert text == """{
  "a": {"value": 1.5, "se": 0.25},
  "b": [],
  "c": [
    [1, 2],
    {
      "d": {"é": null}
    }
  ]
}
"""


def test_a_number_that_json_cannot_hold_is_a_defect():
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json({"a": [{"b": math.nan}]})
