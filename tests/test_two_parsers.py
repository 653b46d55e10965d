"""The quick parser of YAML is asked only where it says what the careful one says."""

import random
from pathlib import Path

import pytest

from pfs_sim.reading import syntax
from pfs_sim.reading.parsing import parse_value
from tests.test_reading import refuse

ruamel = pytest.importorskip("ruamel.yaml")
pytestmark = pytest.mark.skipif(not ruamel.__with_libyaml__, reason="only one parser is here")

ROOT = Path(__file__).parents[1]
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))
FILES = [*SHIPPED, *sorted((ROOT / "tests").rglob("*.yaml"))]
TEXTS = {file: file.read_text(errors="replace") for file in FILES}
PIECES = [
    "a", "b1", "key", "1.5", "-", "- ", ": ", ":", ", ", ",", "[", "]", "{", "}", "\n", "\n  ",
    "\n    ", "\n- ", '"', "'", "#", " #", "!", "|", ">", "|\n  ", ">-\n  ", "|2\n  ", "|+\n ",
    ">1-\n  ", " >- #c\n  ", "~", "null", "%", "@", "`", "<<", " ", "  ", "é", "\N{GRINNING FACE}",
    "\\n", "\\x41", "=", "x: 1\n", "y:\n  z: 2\n", '"q": 1', "[1, 2]", "{a: b}", '"a":1',
    "http://x.y", "a:b", '"\n', "'\n", "\n\n", "\n \n", "\n#x\n", "? x", "b*", "&", "c&d", "''",
    "\\\n", "\\ ", '\\"', "-- ", "--", "..", ".", "\t", "\r\n", "---\n", "...\n", "%YAML 1.1\n",
    "\x85", "\u2028", "&x ", "*x", "!t ", "!!str ", "k: |\n  text\n", "k: >-\n  text\n  more\n",
]  # fmt: skip


def tell(events):
    """All that is read of events: what they are and, but for ends, where they begin."""
    found = []
    for event in events:
        kind, mark = type(event).__name__, event.start_mark
        at = None if kind.endswith("EndEvent") else (mark.line, mark.column)
        told = [getattr(event, name, None) for name in ("value", "anchor", "tag", "version")]
        found.append((kind, at, bool(getattr(event, "style", None)), *map(str, told)))
    return found


def compare(text):
    """Whether the quick parser is asked for a text; it must say what the careful one says."""
    if syntax._DOUBTFUL.search(text):
        return False
    quick = syntax._parse_quickly(text)
    if quick is None:
        return False
    assert tell(quick) == tell(syntax._parse(text)), repr(text)
    return True


def spoil(text, rng):
    """A stretch of a text, with a few of its characters left out, moved or exchanged."""
    start = rng.randrange(max(1, len(text) - 400))
    start = text.rfind("\n", 0, start) + 1
    found = list(text[start : start + rng.randint(40, 400)])
    for _ in range(rng.randint(0, 4)):
        place = rng.randrange(len(found))
        found[place : place + rng.randint(0, 3)] = rng.choice(PIECES)
    return "".join(found)


def make_up(rng):
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 16)))


def compare_many(count, seed):
    rng, texts = random.Random(seed), list(TEXTS.values())
    asked = [compare(spoil(rng.choice(texts), rng)) for _ in range(count)]
    made_up = [compare(make_up(rng)) for _ in range(count)]
    return sum(asked) / count, sum(made_up) / count


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_both_say_the_same_of_a_file(file):
    assert compare(TEXTS[file]) or file not in SHIPPED


def test_both_say_the_same_of_what_nobody_would_write():
    asked = compare_many(1_500, 1)
    assert asked[0] > 0.1 and asked[1] > 0.02


@pytest.mark.verify
def test_both_say_the_same_of_many_such_texts():
    compare_many(60_000, 2)


@pytest.mark.parametrize(
    "text", ["a: 1\n", "a: [1, x, 'y']\nb:\n  c: {d: 2.5}\n", "a: >-\n  b\n  c\n"]
)
def test_without_it_a_text_reads_the_same(text, monkeypatch):
    quick = parse_value(text, "f.yaml")
    monkeypatch.setattr(ruamel, "__with_libyaml__", False)
    assert syntax._parse_quickly(text) is None
    careful = parse_value(text, "f.yaml")
    assert quick == careful and quick.positions == careful.positions


def test_what_is_wrong_is_said_by_the_careful_one(monkeypatch):
    text = "pfs_sim: 1\nname: {a: 1\n"
    assert not syntax._DOUBTFUL.search(text) and syntax._parse_quickly(text) is None
    with_it = refuse(text)
    monkeypatch.setattr(ruamel, "__with_libyaml__", False)
    assert refuse(text) == with_it
