"""Wrong files, each with the messages that it must cause in comment lines at its head."""

from __future__ import annotations

from pathlib import Path

import pytest

from pfs_sim.cli import main
from pfs_sim.errors import ScenarioError
from pfs_sim.reading import load

FOLDER = Path(__file__).parent / "bad_scenarios"
FILES = sorted(FOLDER.glob("*.yaml"))
_MARK = "# expect: "


@pytest.fixture(autouse=True)
def _among_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages name files as they were given: here by their bare names."""
    monkeypatch.chdir(FOLDER)


def expected(file: Path) -> list[str]:
    """The messages at the head of a file."""
    text = file.read_text(encoding="utf-8", errors="replace")
    return [line.removeprefix(_MARK) for line in text.splitlines() if line.startswith(_MARK)]


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 35


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_wrong_file_is_refused_in_these_words(file: Path) -> None:
    with pytest.raises(ScenarioError) as refused:
        load(file.name)
    assert [str(problem) for problem in refused.value.problems] == expected(file) != []


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_command_line_says_so_and_leaves_with_2(
    file: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, file.name])
    assert left.value.code == 2
    said = capsys.readouterr()
    shown = said.out + said.err
    assert "Traceback" not in shown
    for message in expected(file):
        assert squeeze(message) in squeeze(shown)


def squeeze(text: str) -> str:
    """Text without white space: consoles wrap lines where they like."""
    return "".join(text.split())
