"""Scenario files become plain data with places, or all their problems with theirs."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pfs_sim.errors import Problem, ScenarioError
from pfs_sim.reading import apply_sets, read, scenario_hash, to_yaml
from pfs_sim.reading.document import MAX_DEPTH, Document, spell
from pfs_sim.reading.files import MAX_BYTES
from pfs_sim.reading.parsing import parse_scenario, parse_value
from tests.counted import counted_calls

LAUGHS = "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def messages(error: pytest.ExceptionInfo[ScenarioError]) -> list[str]:
    return [str(problem) for problem in error.value.problems]


def refuse(text: str) -> list[str]:
    with pytest.raises(ScenarioError) as error:
        parse_scenario(text, "f.yaml")
    return messages(error)


def write(folder: Path, **files: str) -> str:
    """Write NAME.yaml files; the path of the first."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return str(folder / f"{next(iter(files))}.yaml")


# Text


def test_values_follow_the_core_schema_of_yaml_1_2() -> None:
    text = """
a: [12, -3, 012, 0o14, 0x1F, 1e3, .5, 6., 1_000]
b: [true, FALSE, yes, no, on, off]
c: [~, null, , "null"]
d: [2016-09-28, 12:30:00, "12", '0.5', !!str 12, ! 12, !!float 12]
quantiles: {0.1: 0.2, 0.9: 0.7, 5: x}
"""
    data = parse_scenario(text.replace(", ,", ", ~,"), "f.yaml").data
    assert data["a"] == [12, -3, 12, 12, 31, 1000.0, 0.5, 6.0, "1_000"]
    assert data["b"] == [True, False, "yes", "no", "on", "off"]
    assert data["c"] == [None, None, None, "null"]
    assert data["d"] == ["2016-09-28", "12:30:00", "12", "0.5", "12", "12", 12.0]
    assert [type(x) for x in data["a"][:6]] == [int] * 5 + [float]
    assert data["quantiles"] == {0.1: 0.2, 0.9: 0.7, 5: "x"}


def test_every_value_and_key_has_its_place() -> None:
    text = "name: x\ncontract:\n  cap: 5 # dollars\n  terms: {a: [1, 22]}\nempty:\n\nend: z\n"
    document = parse_scenario(text, "f.yaml")
    at = {path: (p.line, p.column) for path, p in document.positions.items()}
    assert at == {
        (): (1, 1),
        ("name",): (1, 7),
        ("contract",): (3, 3),
        ("contract", "cap"): (3, 8),
        ("contract", "terms"): (4, 10),
        ("contract", "terms", "a"): (4, 14),
        ("contract", "terms", "a", 0): (4, 15),
        ("contract", "terms", "a", 1): (4, 18),
        ("empty",): (5, 1),
        ("end",): (7, 6),
    }
    assert document.keys[("contract", "terms", "a")] == ("f.yaml", 4, 11)
    assert document.files == ["f.yaml"]
    assert document.near(("contract", "terms", "b", "price"))[1:] == (4, 3)


def test_aliases_repeat_a_value_with_the_place_of_its_anchor() -> None:
    document = parse_scenario("a: &x {p: [1]}\nb: *x\n", "f.yaml")
    assert document.data == {"a": {"p": [1]}, "b": {"p": [1]}}
    assert document.data["a"] is not document.data["b"]
    assert document.positions[("b", "p", 0)] == ("f.yaml", 1, 12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["f.yaml:1:1: found an empty file; "
              "allowed: a scenario: a mapping that starts `pfs_sim: 1`"]),
        ("# only a remark\n", ["f.yaml:2:1: found an empty file; "
                               "allowed: a scenario: a mapping that starts `pfs_sim: 1`"]),
        ("- a\n- b\n", ["f.yaml:1:1: found a list of 2; "
                        "allowed: a scenario: a mapping that starts `pfs_sim: 1`"]),
        ("a: 1\nb:\n\tc: 2\n", ["f.yaml:3:1: b: found a tab; allowed: spaces for indentation"]),
        ("a: [1, 2\n", ["f.yaml:2:1: a.2: found the end of the file; allowed: ',' or ']'"]),
        ("a: 'x\n", ["f.yaml:2:1: a: found the end of the file inside quotes; "
                     "allowed: a closing quote"]),
        ("note: one: two\n", [
            "f.yaml:1:10: found a second `:` where none can stand, or a wrong indentation; "
            "allowed: `key: value` with equal indentation; quote text that holds `: `"]),
        ("a: 1\n@b: 2\n", ["f.yaml:2:1: found character '@' that cannot start any token; "
                           "allowed: YAML 1.2"]),
        ("a: 1\nb: 2\n\na: 3\n", ["f.yaml:4:1: a: found key `a` a second time; "
                                  "allowed: each key once (first at line 1, column 1)"]),
        ('q: {0.1: 1, "0.1": 2}\n', ["f.yaml:1:13: q.0.1: found key `0.1` a second time; "
                                     "allowed: each key once (first at line 1, column 5)"]),
        ("a: .nan\nb: [1, -.inf]\nc: 1e999\n", [
            "f.yaml:1:4: a: found .nan, not a finite number; allowed: a finite number",
            "f.yaml:2:8: b.1: found -.inf, not a finite number; allowed: a finite number",
            "f.yaml:3:4: c: found 1e999, too large for a number; allowed: a finite number"]),
        (f"a: {'9' * 5000}\n", ["f.yaml:1:4: a: found a number of 5000 characters; "
                                "allowed: at most 300"]),
        ("a: !!python/object/apply:os.system [ls]\n", [
            "f.yaml:1:4: a: found tag !!python/object/apply:os.system; "
            "allowed: plain mappings, lists, texts and numbers"]),
        ("a: !money 5\n", ["f.yaml:1:4: a: found tag !money on '5'; "
                           "allowed: a plain value without a tag"]),
        ("a: !!int x\n", ["f.yaml:1:4: a: found tag !!int on 'x'; "
                          "allowed: a plain value without a tag"]),
        ("a: &x 1\n<<: *x\n", ["f.yaml:2:1: found merge key `<<`; "
                               "allowed: plain keys (`extends:` lays one file over another)"]),
        ("? [1, 2]\n: 3\n", ["f.yaml:1:3: found a list as a key; "
                             "allowed: text or a number as a key"]),
        ("true: 1\n", ["f.yaml:1:1: found true as a key; allowed: text (in quotes) or a number"]),
        ("a: *nobody\n", ["f.yaml:1:4: a: found alias *nobody without an anchor; "
                          "allowed: anchors above it: none so far"]),
        ("a: &x [*x]\n", ["f.yaml:1:8: a.0: found alias *x inside its own anchor; "
                          "allowed: no cycles"]),
        (LAUGHS, ["f.yaml:6:8: f.0: found aliases that expand without end; "
                  "allowed: at most 100000 values"]),
        ("a: " + "[" * 100_000, ["f.yaml:1:67: a.0.0: found nesting deeper than 64; "
                                 "allowed: at most 64"]),
        ("a: 1\n---\nb: 2\n", ["f.yaml:2:1: found a second document (---); "
                               "allowed: one document per file"]),
        ("%YAML 1.1\n---\na: 1\n", ["f.yaml:2:1: found %YAML 1.1; allowed: YAML 1.2"]),
        ("a: b\x01\n", ["f.yaml:1:5: found character U+0001; allowed: printable text"]),
        ('a: "\\ud800"\n', ["f.yaml:1:4: a: found half of a surrogate pair; "
                            "allowed: whole characters"]),
        ('a: "\\UFFFFFFFF"\n', ["f.yaml:1:1: a: found text that is not YAML; "
                                "allowed: YAML 1.2"]),
    ],
)  # fmt: skip
def test_wrong_text_is_told_with_its_place(text: str, expected: list[str]) -> None:
    assert refuse(text) == expected


def test_an_alias_cannot_deepen_a_document_without_end() -> None:
    deep = "a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 30 + "*a" + "]" * 30 + "\n"
    (only,) = refuse(deep)
    assert only.endswith("found nesting deeper than 64; allowed: at most 64")
    fits = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert parse_scenario(f"a: {fits}\n", "f.yaml").data["a"]


# Files


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, deal="a: 1")
    (tmp_path / "bin.yaml").write_bytes(b"\x7fELF\0\0")
    (tmp_path / "wide.yaml").write_bytes("a: 1".encode("utf-16"))
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: caf" + b"\xe9\n")
    (tmp_path / "big.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfa: 1")
    scenario = "allowed: a scenario file (YAML 1.2, UTF-8)"
    for file, expected in {
        "dael.yaml": f"dael.yaml: found no such file; {scenario}; did you mean `deal.yaml`?",
        "deal.yaml/x": f"deal.yaml/x: found no such file; {scenario}",
        "bad\0name": "bad\0name: found a name that no file can have (embedded null byte); "
        + scenario,
        ".": f".: found a directory; {scenario}",
        "bin.yaml": f"bin.yaml:1:1: found a binary file; {scenario}",
        "wide.yaml": f"wide.yaml:1:1: found UTF-16 text; {scenario}",
        "latin.yaml": "latin.yaml:2:7: found the byte 0xe9, not UTF-8; allowed: UTF-8 text",
        "big.yaml": "big.yaml: found a very large file; allowed: at most 5,000,000 bytes",
    }.items():
        with pytest.raises(ScenarioError) as error:
            read(file)
        assert messages(error) == [expected]
    assert read("bom.yaml").data == {"a": 1}

    def locked(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", locked)
    with pytest.raises(ScenarioError, match=r"may not be read \(permission denied\)"):
        read("deal.yaml")


# Overlays

BASE = """\
name: base
clock: {start: 2016-09-28, periods: 28}
terms:
  one: {price: 1, dates: [1, 2, 3]}
  two: {price: {dist: normal, mean: 1, sd: 2}, cap: {value: 9, source: law}}
  three: {price: 3}
save: {outcome: jail, value: 5}
"""


def test_an_overlay_merges_maps_replaces_the_rest_and_drops_nulls(tmp_path: Path) -> None:
    over = """\
extends: base.yaml
terms:
  four: {price: ~}
  one: {dates: [4]}
  two: {price: {dist: beta, a: 1, b: 2}, cap: {value: 8}}
  three: null
name: over
save: {value: 6}
"""
    document = read(write(tmp_path, over=over, base=BASE))
    assert document.data == {
        "name": "over",
        "clock": {"start": "2016-09-28", "periods": 28},
        "terms": {
            "one": {"price": 1, "dates": [4]},
            "two": {"price": {"dist": "beta", "a": 1, "b": 2}, "cap": {"value": 8}},
            "four": {"price": None},
        },
        "save": {"outcome": "jail", "value": 6},
    }
    assert list(document.data) == ["name", "clock", "terms", "save"]
    assert list(document.data["terms"]) == ["one", "two", "four"]
    base, main = str(tmp_path / "base.yaml"), str(tmp_path / "over.yaml")
    assert document.files == [main, base]
    assert document.positions[("terms", "one", "price")] == (base, 4, 16)
    assert document.positions[("terms", "one", "dates", 0)] == (main, 4, 17)
    assert ("terms", "three") not in document.positions
    assert ("terms", "one", "dates", 1) not in document.positions


def test_a_distribution_can_be_changed_in_part_and_numbers_become_distributions(
    tmp_path: Path,
) -> None:
    over = "extends: base.yaml\nterms: {two: {price: {sd: 3}}, three: {price: {mean: 1}}}\n"
    data = read(write(tmp_path, over=over, base=BASE)).data
    assert data["terms"]["two"]["price"] == {"dist": "normal", "mean": 1, "sd": 3}
    assert data["terms"]["three"]["price"] == {"mean": 1}


def test_several_bases_and_bases_of_bases(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", b="extends: [../c.yaml]\nx: b\ny: b\n")
    file = write(
        tmp_path, a="extends: [sub/b.yaml, c.yaml]\nz: a\n", c="x: c\ny: ~\nz: c\nq: {0.1: 1}\n"
    )
    document = read(file)
    assert document.data == {"x": "c", "z": "a", "q": {0.1: 1}}
    assert [Path(f).name for f in document.files] == ["a.yaml", "c.yaml", "b.yaml"]


def test_bases_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path,
        gone="x: 1\nextends: [bse.yaml, 3, bad.yaml]\n",
        base="x: 1\n",
        bad="x: [\n",
        a="extends: b.yaml\n",
        b="x: 1\nextends: ./a.yaml\n",
        me="extends: me.yaml\n",
        none="extends: ~\n",
    )
    one = "allowed: a file name or a list of file names"
    for file, expected in {
        "gone.yaml": [
            'gone.yaml:2:11: extends.0: found "bse.yaml", no such file; '
            "allowed: a scenario file (YAML 1.2, UTF-8); did you mean `base.yaml`?",
            f"gone.yaml:2:21: extends.1: found 3; {one}",
            "bad.yaml:2:1: x.0: found the end of the file; allowed: a value",
        ],
        "a.yaml": [
            "b.yaml:2:10: extends: found a circle: a.yaml → b.yaml → a.yaml; "
            "allowed: files that end somewhere"
        ],
        "me.yaml": [
            "me.yaml:1:10: extends: found a circle: me.yaml → me.yaml; "
            "allowed: files that end somewhere"
        ],
        "none.yaml": [f"none.yaml:1:10: extends: found nothing (null); {one}"],
    }.items():
        with pytest.raises(ScenarioError) as error:
            read(file)
        assert sorted(messages(error)) == sorted(expected)


# --set

SETTABLE = parse_scenario(
    "contract:\n  cap: 5\n  terms:\n    a: {price: {value: 5, source: law, note: n}}\n"
    "    b: {price: {dist: normal, mean: 1, sd: 2}, tiers: [[1, 2], [3, 4]], lag:}\n"
    "quantiles: {0.1: 1, 0.9: 2}\nempty: []\n",
    "f.yaml",
)


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("contract.cap=12000", "contract.cap", 12000),
        ("contract.cap = 2018-01-01", "contract.cap", "2018-01-01"),
        ("contract.cap={dist: normal, mean: 1, sd: 2}", "contract.cap",
         {"dist": "normal", "mean": 1, "sd": 2}),
        ("contract.cap=null", "contract", {"terms": SETTABLE.data["contract"]["terms"]}),
        ("contract.terms.b.tiers.1.0=3.5", "contract.terms.b.tiers", [[1, 2], [3.5, 4]]),
        ("contract.terms.b.tiers=[[1, 9]]", "contract.terms.b.tiers", [[1, 9]]),
        ("contract.terms.b.tiers.0=~", "contract.terms.b.tiers", [None, [3, 4]]),
        ("contract.terms.a.price=7", "contract.terms.a.price",
         {"value": 7, "source": "set on the command line", "note": "n"}),
        ("contract.terms.b.price=7", "contract.terms.b.price",
         {"value": 7, "source": "set on the command line"}),
        ("contract.terms.b.price.sd=3", "contract.terms.b.price.sd", 3),
        ("contract.terms.b.lag.months=3", "contract.terms.b.lag", {"months": 3}),
        ("contract.terms.c.price=3", "contract.terms.c", {"price": 3}),
        ("quantiles.0.1=1.5", "quantiles", {0.1: 1.5, 0.9: 2}),
        ("name=a=b", "name", "a=b"),
    ],
)  # fmt: skip
def test_one_value_is_set(text: str, path: str, value: object) -> None:
    document = apply_sets(SETTABLE, [text])
    found = document.data
    for key in spell(document.data, path):
        found = found[key]
    assert found == value
    assert SETTABLE.data["contract"]["cap"] == 5
    assert set(document.keys) <= set(document.positions)


def test_a_set_value_is_placed_at_its_argument() -> None:
    document = apply_sets(SETTABLE, ["contract.terms.b.price={dist: beta}"])
    assert document.positions[("contract", "terms", "b", "price", "dist")] == (
        "--set contract.terms.b.price",
        None,
        None,
    )
    assert ("contract", "terms", "b", "price", "sd") not in document.positions


def test_sets_may_come_from_python() -> None:
    document = apply_sets(SETTABLE, {"contract.cap": np.float64(3), "contract.terms.a.price": 8})
    assert document.data["contract"]["cap"] == 3.0
    assert document.data["contract"]["terms"]["a"]["price"]["source"] == "set from Python"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("contract.cap", '--set contract.cap: found "contract.cap"; '
                         "allowed: path=value (null removes an entry)"),
        ("contract.cap=", '--set contract.cap: found "contract.cap="; '
                          "allowed: path=value (null removes an entry)"),
        ("contract..cap=1", '--set contract..cap: found the path "contract..cap"; '
                            "allowed: names joined by single dots"),
        ("contract.cap.x=1", "--set contract.cap.x: contract.cap: found `x` below 5; "
                             "allowed: set contract.cap itself"),
        ("contract.terms.b.tiers.2=1", "--set contract.terms.b.tiers.2: contract.terms.b.tiers: "
                                       "found `2` in a list of 2; allowed: an index from 0 to 1"),
        ("empty.0=1", "--set empty.0: empty: found `0` in a list of 0; "
                      "allowed: no index (the list is empty)"),
        ("contract.cap=[1", "--set contract.cap: contract.cap: found the end of the file; "
                            "allowed: ',' or ']'"),
        ("contract.cap=.inf", "--set contract.cap: contract.cap: found .inf, not a finite number; "
                              "allowed: a finite number"),
    ],
)  # fmt: skip
def test_a_set_that_cannot_be_made(text: str, expected: str) -> None:
    with pytest.raises(ScenarioError) as error:
        apply_sets(SETTABLE, [text, "contract.cap=1"])
    assert messages(error) == [expected]


def test_values_from_python_are_named_by_no_option() -> None:
    with pytest.raises(ScenarioError) as error:
        apply_sets(SETTABLE, {"contract.cap.x": 1})
    assert messages(error) == [
        "set contract.cap.x: contract.cap: found `x` below 5; allowed: set contract.cap itself"
    ]
    assert apply_sets(SETTABLE, {"contract.cap": 6}).positions["contract", "cap"].file == (
        "set contract.cap"
    )


def test_all_bad_sets_are_told_at_once() -> None:
    with pytest.raises(ScenarioError) as error:
        apply_sets(SETTABLE, ["a", "b=", "contract.cap=6"])
    assert [problem.file for problem in error.value.problems] == ["--set a", "--set b"]


# Data from Python, and back to text


class Stated:
    """What knows its own plain form, as a quantity does."""

    def plain(self) -> dict[str, int]:
        return {"value": 2}


def test_a_mapping_becomes_plain_data() -> None:
    source = {
        "when": date(2016, 9, 28),
        "where": Path("a/b"),
        "n": np.int64(3),
        "x": np.array([1.5, 2.5]),
        "t": (1, "a", None),
        "q": {np.float64(0.1): True},
        "said": [Stated()],
    }
    document = read(source)
    assert document.data == {
        "when": "2016-09-28",
        "where": "a/b",
        "n": 3,
        "x": [1.5, 2.5],
        "t": [1, "a", None],
        "q": {0.1: True},
        "said": [{"value": 2}],
    }
    with pytest.raises(ScenarioError) as error:
        read({"a": {"b": float("nan"), "c": object()}, None: 1})  # type: ignore[dict-item]
    assert messages(error) == [
        "a.b: found nan; allowed: a finite number",
        "a.c: found an object of type object; allowed: mappings, lists, texts, numbers and dates",
        "found None as a key; allowed: text or a number",
    ]


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.sampled_from(["null", "1e5", "-", "---", "a: b", "# x", "0x1", "2016-09-28", "<<", "yes"])
)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS | st.floats(0, 1), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_what_is_written_reads_back(data: object) -> None:
    text = to_yaml(data)
    found = parse_value(text, "f.yaml").data
    assert found == data
    assert scenario_hash(found) == scenario_hash(data)


def test_written_text_is_what_people_write() -> None:
    data = {
        "name": "Denver: housing",
        "start": "2016-09-28",
        "cap": 1e-05,
        "tiers": [[0.0, 1], [0.5, 2]],
        "none": {},
        "terms": {"a": {"price": 5.0, "note": None, "ok": True}},
    }
    assert to_yaml(data) == (
        'name: "Denver: housing"\nstart: 2016-09-28\ncap: 1e-05\ntiers: [[0.0, 1], [0.5, 2]]\n'
        "none: {}\nterms:\n  a:\n    price: 5.0\n    note: null\n    ok: true\n"
    )


def test_the_hash_depends_on_values_and_their_order() -> None:
    assert scenario_hash({"a": 1, "b": 2}) == scenario_hash({"a": 1, "b": 2})
    others = [{"b": 2, "a": 1}, {"a": 1.5, "b": 2}, {"a": "1", "b": 2}]
    assert len({scenario_hash(data) for data in [{"a": 1, "b": 2}, *others]}) == 4


# Anything at all

FRAGMENTS = st.sampled_from(
    [*"abc:,-?[]{}&*!|>'\"%@`# \t\n\r\\~.=<", ": ", "\n  ", "- ", "&a ", "*a", "!!", "---\n", "0",
     "extends: ", "\u2028", "\x85", "\ufeff", "\0", "\ud800", "%YAML 1.2\n", "|+\n", ".nan", "1e9"]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=25).map("".join) | st.text(max_size=60))
def test_any_text_gives_data_or_problems(text: str) -> None:
    try:
        assert isinstance(parse_scenario(text, "f.yaml"), Document)
    except ScenarioError as error:
        assert error.problems and str(error)


@given(st.binary(max_size=60))
def test_any_file_gives_data_or_problems(tmp_path_factory: pytest.TempPathFactory,
                                         content: bytes) -> None:  # fmt: skip
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(content)
    try:
        read(file)
    except ScenarioError as error:
        assert all(problem.file for problem in error.problems)


def test_reading_takes_as_many_steps_as_there_are_lines() -> None:
    term = "  term_{0}:\n    price: {{dist: normal, mean: {0}.5, sd: 2}} # as agreed\n    cap: 10\n"

    def steps(terms: int) -> int:
        text = "terms:\n" + "".join(term.format(100 + i) for i in range(terms))
        with counted_calls() as calls:
            document = apply_sets(parse_scenario(text, "f.yaml"), ["terms.term_107.cap=11"])
        assert len(document.data["terms"]) == terms
        return calls[0]

    few, many = steps(100), steps(800)
    assert 6.0 * few < many < 10.0 * few


def test_a_problem_is_one_line_and_an_error_survives_pickling() -> None:
    import pickle

    problem = Problem("f.yaml", 3, 7, "a.b", "-1", "a number ≥ 0", hint="`1`")
    assert str(problem) == "f.yaml:3:7: a.b: found -1; allowed: a number ≥ 0; did you mean `1`?"
    error = pickle.loads(pickle.dumps(ScenarioError([problem])))
    assert error.problems == [problem] and str(error) == str(problem)
