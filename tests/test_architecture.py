"""The walls of the house: who may import whom, one home per package, nothing heavy at the door."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pfs_sim.kernels.cache import KEYED_BESIDE_KERNELS

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "pfs_sim"
FILES = sorted(PACKAGE.rglob("*.py"))

# Bottom to top. A room imports from floors below its own; rooms on one floor do not see each
# other. A new room gets its place here.
FLOORS = [
    {"errors", "statuses", "addresses", "pausing", "special"},
    {"tables"},
    {"model", "kernels"},
    {"reading"},
    {"plan"},
    {"sampling"},
    {"draws", "lending", "packing"},
    {"results"},
    {"simulate"},
    {"metrics"},
    {"analysis"},
    {"report"},
    {"cli"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# The face and the door stand outside: they name rooms and hold no logic.
OUTSIDE = {"__init__", "__main__"}

# One home per third-party package; numpy and scipy live where arrays and distributions do.
HOMES = {
    "click": {"cli"},
    "dask": {"analysis"},
    "jinja2": {"report"},
    "llvmlite": {"kernels"},
    "matplotlib": {"report"},
    "numba": {"kernels"},
    "pyarrow": {"results"},
    "pydantic": {"model", "reading"},
    "pydantic_core": {"model", "reading"},
    "rich": {"cli"},
    "ruamel": {"reading"},
    "xlsxwriter": {"report"},
}
ANYWHERE = {"numpy", "scipy"}
HEAVY = {*HOMES, *ANYWHERE} - {"click", "rich"}

LONGEST = 600
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "engine", "common", "misc"}
PRIVATE_PATHS = re.compile(rb"(?<![\w.~-])/(?:work|root)/")


def room(file: Path) -> str:
    """The room a file belongs to: its first name under the package."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(file: Path) -> list[tuple[int, str]]:
    """(line, full dotted name) of every import in a file, the late ones inside functions too."""
    found = []
    inside = [PACKAGE.name, *file.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) + 1 - node.level] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            found += [(node.lineno, f"{stem}.{alias.name}") for alias in node.names]
    return found


def rooms_seen(file: Path) -> list[tuple[int, str]]:
    """(line, room) of every import from this package; its bare face is the room ``__init__``."""
    own = [(line, name.split(".")) for line, name in imports(file)]
    return [
        (line, name[1] if len(name) > 1 and name[1] in FLOOR else "__init__")
        for line, name in own
        if name[0] == PACKAGE.name
    ]


def packages_seen(file: Path) -> list[tuple[int, str]]:
    """(line, name) of every import from outside the package and the standard library."""
    tops = [(line, name.split(".")[0]) for line, name in imports(file)]
    return [(n, top) for n, top in tops if top not in {PACKAGE.name, *sys.stdlib_module_names}]


def at(file: Path, line: int) -> str:
    return f"{file.relative_to(ROOT)}:{line}"


def test_every_room_has_its_floor():
    homeless = {room(file) for file in FILES} - set(FLOOR) - OUTSIDE
    assert not homeless, f"give {homeless} a place in FLOORS"


def test_imports_point_down():
    upward = [
        f"{at(file, line)}: {room(file)} imports {other}"
        for file in FILES
        if room(file) in FLOOR
        for line, other in rooms_seen(file)
        if other in FLOOR and other != room(file) and FLOOR[other] >= FLOOR[room(file)]
    ]
    assert not upward, "\n".join(upward)


def test_model_and_kernels_share_the_tables_only():
    assert FLOOR["model"] == FLOOR["kernels"], "rooms on one floor do not see each other"
    unkeyed = [
        f"{at(file, line)}: kernels read {other}, which the key of their cache does not cover"
        for file in FILES
        if room(file) == "kernels"
        for line, other in rooms_seen(file)
        if other not in {"kernels", *KEYED_BESIDE_KERNELS}
    ]
    assert not unkeyed, "\n".join(unkeyed)


def test_only_the_command_line_asks_the_face_for_its_version():
    """A room that imports from the face sees every room, those above it included."""
    shortcuts = [
        at(file, line)
        for file in FILES
        if room(file) in FLOOR
        for line, name in imports(file)
        if name.split(".")[0] == PACKAGE.name
        and name.split(".")[1:2] not in [[known] for known in FLOOR]
        and name != f"{PACKAGE.name}.__version__"
    ]
    assert not shortcuts, "import from the room itself: " + ", ".join(shortcuts)


def test_each_third_party_package_has_one_home():
    strays = [
        f"{at(file, line)}: {top} in {room(file)}"
        for file in FILES
        for line, top in packages_seen(file)
        if top not in ANYWHERE and room(file) not in HOMES.get(top, set())
    ]
    assert not strays, "\n".join(strays)
    users_of_dask = {file for file in FILES if "dask" in {top for _, top in packages_seen(file)}}
    assert len(users_of_dask) <= 1


def test_kernels_are_compiled_in_one_way():
    """Through ``_jit``, which chooses the cache; and no random number but by its address."""
    others = [
        at(file, node.lineno)
        for file in FILES
        if room(file) == "kernels" and file.name != "_jit.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr in {"njit", "vectorize", "guvectorize"})
        or (isinstance(node, ast.ImportFrom) and node.module == "numba" and _names_a_compiler(node))
        or (isinstance(node, ast.Attribute) and ast.unparse(node) in {"np.random", "numba.jit"})
    ]
    assert not others, ", ".join(others)


def _names_a_compiler(node: ast.ImportFrom) -> bool:
    return any(alias.name in {"jit", "njit", "vectorize", "guvectorize"} for alias in node.names)


@pytest.mark.parametrize(
    "opening",
    [
        "import pfs_sim; dir(pfs_sim)",
        "import pfs_sim.kernels.cache",
        "from pfs_sim.cli import main; main(['--help'], standalone_mode=False)",
    ],
)
def test_nothing_heavy_at_the_door(opening):
    code = f"import sys; {opening}; print(); print(*sorted(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & HEAVY


def test_no_file_got_away():
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    long = [f"{at(file, lines)}" for file, lines in lengths.items() if lines > LONGEST]
    assert not long, f"over {LONGEST} lines: {long}"


def test_every_file_is_named_for_what_it_holds():
    empty = [at(f, 1) for f in FILES if {part.lower() for part in f.parts} & EMPTY_NAMES]
    empty += [at(f, 1) for f in FILES if f.stem in EMPTY_NAMES]
    assert not empty, empty


def test_no_tracked_file_names_a_folder_of_one_machine():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    names = [name.decode() for name in listed.stdout.split(b"\0") if name]
    assert "setup.cfg" in names
    private = [
        name
        for name in names
        if (ROOT / name).is_file() and PRIVATE_PATHS.search((ROOT / name).read_bytes())
    ]
    assert not private, private


def test_special_functions_come_from_one_room():
    """Importing scipy.special takes a tenth of a second; `special` does without most of it."""
    strays = [
        at(file, line)
        for file in FILES
        if room(file) != "special"
        for line, name in imports(file)
        if name.startswith("scipy.special")
    ]
    assert not strays, "import from pfs_sim.special: " + ", ".join(strays)
