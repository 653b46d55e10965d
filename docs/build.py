"""Writes every page and every number of the docs that comes from the code: `make docs`.

README.md          the blocks between `<!-- made: NAME -->` and `<!-- end -->`
scenarios/README   the scenario language
docs/commands.md   the commands
docs/*.png         the pictures
notebooks/*.ipynb  from the scripts beside them
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"<!-- made: (.+?) -->\n(.*?)<!-- end -->", re.DOTALL)
PYTHON_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
HOME_CASE = "scenarios/ct_family_stability.yaml"
CUT = "[…]"


def write_readme() -> str:
    """README.md with its blocks made anew; a block is named by the command that makes it."""
    text = README.read_text(encoding="utf-8")

    def make(found: re.Match[str]) -> str:
        return f"<!-- made: {found[1]} -->\n{_make(found[1])}<!-- end -->"

    return BLOCK.sub(make, text)


def _make(name: str) -> str:
    if name == "commands":
        from docs.commands import write_list

        return write_list() + "\n"
    if name == "python":
        return f"```text\n{run_python(find_python())}```\n"
    command, _, sections = name.partition(" | sections ")
    return f"```console\n$ {command}\n{_pick(run_command(command), sections)}```\n"


def find_python() -> str:
    """The Python of the README."""
    found = PYTHON_BLOCK.search(README.read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def run_python(code: str) -> str:
    """What the code prints."""
    said = StringIO()
    with redirect_stdout(said):
        exec(compile(code, "README.md", "exec"), {})
    return said.getvalue()


def run_command(command: str) -> str:
    """What a `pfs-sim` command prints on stdout, from the root of the repository."""
    program, *arguments = shlex.split(command)
    assert program == "pfs-sim", command
    done = subprocess.run(
        [sys.executable, "-m", "pfs_sim", *arguments],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"


def _pick(text: str, sections: str) -> str:
    """The head of an output and the sections named, `Title` or `Title / lines`; all if none is."""
    if not sections:
        return text
    wanted = {}
    for part in sections.split("; "):
        title, _, lines = part.rpartition(" / ")
        wanted[title or part] = int(lines) if title else None
    head, *others = text.split("\n\n")
    kept = [head]
    for section in others:
        lines = section.rstrip("\n").splitlines()
        if lines[0] in wanted:
            shown = lines[: wanted[lines[0]]]
            kept.append("\n".join([*shown, CUT] if len(shown) < len(lines) else shown))
    return "\n\n".join(kept) + f"\n\n{CUT}\n"


def draw_payments(folder: Path) -> None:
    """The picture of the README: what the Connecticut deal pays."""
    import pfs_sim
    from pfs_sim.report.figures.payments import draw_payments as draw
    from pfs_sim.report.figures.style import save_picture

    results = pfs_sim.simulate(pfs_sim.load(ROOT / HOME_CASE), 10_000, 1)
    _, png = save_picture(draw(results, pfs_sim.summarize(results)), folder)
    png.replace(folder / "ct_payments.png")
    (folder / "payments.svg").unlink()


def list_pages() -> dict[Path, Callable[[], str]]:
    """Pages that depend on the code alone and take no run: what a test compares."""
    from docs.commands import write_commands
    from docs.language import write_language
    from docs.notebooks import list_notebooks

    return {
        ROOT / "scenarios" / "README.md": write_language,
        ROOT / "docs" / "commands.md": write_commands,
        **list_notebooks(),
    }


def main() -> None:
    """Write everything."""
    for file, write in list_pages().items():
        file.write_text(write(), encoding="utf-8", newline="\n")
        print(f"wrote {file.relative_to(ROOT)}")
    draw_payments(ROOT / "docs")
    README.write_text(write_readme(), encoding="utf-8", newline="\n")
    print("wrote README.md and docs/ct_payments.png")


if __name__ == "__main__":
    main()
