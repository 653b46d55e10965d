"""The pages say what the code does: commands, options, keys, examples, notebooks."""

import contextlib
import io
import re
from pathlib import Path

import pytest

import pfs_sim
from docs.build import (
    BLOCK,
    README,
    find_python,
    list_pages,
    run_python,
)
from docs.commands import list_commands, list_options
from docs.language import EXAMPLES, FIRST_DEAL, list_places, read_examples
from docs.notebooks import list_scripts
from pfs_sim.cli.asking import find_problems
from pfs_sim.model.family import FAMILIES
from pfs_sim.model.outcomes import OUTCOME_KINDS
from pfs_sim.model.quantities import Quantity
from pfs_sim.model.schedules import SCHEDULE_KINDS

ROOT = Path(__file__).resolve().parents[1]
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("*/*.md"))]
CALL = re.compile(r"(?:\$ |`)pfs-sim ([a-z][a-z-]*)([^`\n]*)")
AGAIN = "run `make docs`"


def calls():
    """(page, command, rest of the line) of every call in the docs."""
    return [
        (page.name, found[1], found[2])
        for page in PAGES
        for found in CALL.finditer(page.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("page", list_pages(), ids=lambda page: page.name)
def test_pages_made_from_the_code_are_what_it_makes(page):
    assert page.read_text(encoding="utf-8") == list_pages()[page](), AGAIN


def test_every_command_in_the_docs_exists():
    known = list_commands()
    strange = [(page, name) for page, name, _ in calls() if name not in known]
    assert not strange


def test_every_option_in_the_docs_exists():
    commands = list_commands()
    strange = []
    for page, name, rest in calls():
        known = {text for one in list_options(commands[name]) for text in one.opts}
        given = re.findall(r"(?<=\s)(--?[a-z][a-z-]*)", rest.partition("#")[0])
        strange += [(page, name, one) for one in given if one not in {*known, "--help"}]
    assert not strange


def test_every_command_is_on_the_front_page():
    text = README.read_text(encoding="utf-8")
    missing = [name for name in list_commands() if f"docs/commands.md#{name}" not in text]
    assert not missing, AGAIN


def test_every_option_is_documented_with_words():
    silent = [
        (name, one.name)
        for name, command in list_commands().items()
        for one in list_options(command)
        if not one.help
    ]
    assert not silent


def test_links_inside_the_docs_lead_somewhere():
    lost = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if target.startswith(("http", "mailto")):
                continue
            file, _, anchor = target.partition("#")
            where = (page.parent / file).resolve() if file else page
            if not where.exists():
                lost.append((page.name, target))
            elif anchor and where.suffix == ".md":
                heads = re.findall(r"^#+ (.+)$", where.read_text(encoding="utf-8"), re.MULTILINE)
                anchors = {re.sub(r"[^\w-]", "", h.lower().replace(" ", "-")) for h in heads}
                if anchor not in anchors:
                    lost.append((page.name, target))
    assert not lost


def test_blocks_of_the_front_page_have_been_made():
    blocks = dict(BLOCK.findall(README.read_text(encoding="utf-8")))
    assert {"commands", "python"} < set(blocks)
    assert all(body.strip() for body in blocks.values()), AGAIN


def test_the_python_of_the_front_page_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    said = run_python(find_python().replace("paths=10_000", "paths=200"))
    assert "median IRR of the senior loan" in said


class TestLanguage:
    def test_the_first_deal_is_short_and_says_nothing_implausible(self):
        assert len(FIRST_DEAL.read_text(encoding="utf-8").splitlines()) < 60
        assert find_problems(str(FIRST_DEAL), ()) == ([], True)

    def test_every_noun_has_an_example(self):
        names = {place.noun.__name__ for place in list_places()} | {"Outcome"}
        assert names == set(read_examples()), f"{EXAMPLES.name}: one for each noun"

    @pytest.mark.parametrize("name", read_examples())
    def test_examples_fit_the_first_deal(self, name, tmp_path):
        deal = tmp_path / "deal.yaml"
        text = f"extends: {FIRST_DEAL}\n{read_examples()[name]}"
        deal.write_text(text, encoding="utf-8")
        problems, usable = find_problems(str(deal), ())
        assert usable, problems
        # An example of an outcome alone has no measure; nothing else may be odd.
        odd = [p for p in problems if "no measure looks at" not in str(p)]
        assert not odd

    def test_every_key_is_explained(self):
        silent = [
            (place.noun.__name__, name)
            for place in list_places()
            for name, field in place.noun.model_fields.items()
            if name != "kind" and not field.description
        ]
        assert not silent

    def test_every_kind_has_its_section(self):
        text = (ROOT / "scenarios" / "README.md").read_text(encoding="utf-8")
        heads = set(re.findall(r"^###? (.+)$", text, re.MULTILINE))
        kinds = [*OUTCOME_KINDS.values(), *SCHEDULE_KINDS.values()]
        own = [kind for kind in kinds if kind.__module__.startswith("pfs_sim.")]
        assert {kind.__name__ for kind in own} <= heads
        families = [n for n, f in FAMILIES.items() if f.__module__.startswith("pfs_sim.")]
        assert set(families) <= heads

    def test_distributions_are_shown_as_they_are_read(self):
        from pfs_sim.reading.parsing import parse_value

        text = (ROOT / "scenarios" / "README.md").read_text(encoding="utf-8")
        shown = re.findall(r"^level: (\{.+\})$", text, re.MULTILINE)
        assert len(shown) >= len([f for f in FAMILIES.values() if f.examples])
        for one in shown:
            assert Quantity.of(parse_value(one, "example").data)


@pytest.mark.parametrize("script", list_scripts(), ids=lambda script: script.stem)
def test_notebooks_run(script, monkeypatch):
    monkeypatch.chdir(script.parent)
    text = script.read_text(encoding="utf-8")
    assert "PATHS = 10_000" in text
    code = text.replace("PATHS = 10_000", "PATHS = 100").replace("(deal, 500", "(deal, 20")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, script.name, "exec"), {"__name__": "notebook"})
    assert said.getvalue().strip()


def test_the_face_is_what_the_front_page_uses():
    used = set(re.findall(r"pfs_sim\.(\w+)\(", find_python()))
    assert used <= set(pfs_sim.__all__)
