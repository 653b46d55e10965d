"""The cache of compiled kernels: never older than their text, never in the way of a run."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pfs_sim.kernels import cache

PACKAGE = Path(cache.__file__).parents[1]

FEE = """
from pfs_sim.kernels._jit import inline


@inline
def fee(amount):
    return amount * 2
"""

BILL = """
from pfs_sim.kernels._jit import jit
from pfs_sim.kernels.fee import fee


@jit
def bill(amount):
    return fee(amount) + 1
"""

SHOW = """
from pfs_sim.kernels.bill import bill

print(bill(10), sum(bill.stats.cache_hits.values()))
"""


@pytest.fixture
def package(tmp_path):
    """A copy of the package's own compiler room, with a small kernel in two files."""
    kernels = tmp_path / "source" / "pfs_sim" / "kernels"
    kernels.mkdir(parents=True)
    (kernels.parent / "__init__.py").touch()
    for name in ("__init__.py", "_handing.py", "_jit.py", "_keeping.py", "_wide.py", "cache.py"):
        shutil.copy(PACKAGE / "kernels" / name, kernels)
    (kernels.parent / "tables").mkdir()
    for name in ("__init__.py", "wide.py"):
        shutil.copy(PACKAGE / "tables" / name, kernels.parent / "tables")
    (kernels / "fee.py").write_text(FEE)
    (kernels / "bill.py").write_text(BILL)
    return kernels


def run(package, code, **environment):
    """Run code in a new process against the copied package; return (stdout, stderr)."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=package.parents[1],
        env=kept | {"PYTHONDONTWRITEBYTECODE": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


def test_a_second_process_is_served_from_the_cache(package, tmp_path):
    home = {"PFS_SIM_CACHE_DIR": str(tmp_path / "cache")}
    assert run(package, SHOW, **home) == ("21 0", "")
    assert run(package, SHOW, **home) == ("21 1", "")


def test_a_kept_function_goes_into_a_caller_that_is_compiled_later(package, tmp_path):
    """Its LLVM code is parsed then; other files' functions of the same process compile too."""
    home = {"PFS_SIM_CACHE_DIR": str(tmp_path / "cache")}
    assert run(package, "from pfs_sim.kernels.fee import fee; print(fee(10))", **home)[0] == "20"
    served = "; from pfs_sim.kernels.fee import fee; print(sum(fee.stats.cache_hits.values()))"
    assert run(package, SHOW.strip() + served, **home)[0].split() == ["21", "0", "1"]
    own = "; import numba; print(numba.njit(lambda x: fee(x) + 2)(10))"
    assert run(package, SHOW.strip() + served + own, **home)[0].split() == ["21", "1", "0", "22"]


def test_what_is_kept_runs_without_getting_the_compiler_ready(package, tmp_path):
    home = {"PFS_SIM_CACHE_DIR": str(tmp_path / "cache")}
    ready = SHOW + "import sys; print('numba.np.arraymath' in sys.modules)"
    assert run(package, ready, **home)[0].split() == ["21", "0", "True"]
    assert run(package, ready, **home)[0].split() == ["21", "1", "False"]


def test_the_runtime_is_kept_and_made_anew_where_it_cannot_be_read(package, tmp_path):
    home = {cache.HOME_VARIABLE: str(tmp_path)}
    count = (
        "from numba.core.runtime import nrtdynmod as made; made_anew = []; "
        "create = made.create_nrt_module\n"
        "made.create_nrt_module = lambda target: made_anew.append(1) or create(target)\n"
    )
    show = count + SHOW + "print(len(made_anew))"
    assert run(package, show, **home)[0].split() == ["21", "0", "1"]
    assert run(package, show, **home)[0].split() == ["21", "1", "0"]
    (kept,) = tmp_path.glob("kernels-*/runtime")
    kept.write_bytes(kept.read_bytes()[:1000])
    assert run(package, show, **home)[0].split() == ["21", "1", "1"]
    assert run(package, show, **home)[0].split() == ["21", "1", "0"]


def test_an_edit_of_another_file_is_seen_at_once(package, tmp_path):
    """``bill`` is compiled with ``fee`` inside it; its own file does not change."""
    home = {"PFS_SIM_CACHE_DIR": str(tmp_path / "cache")}
    assert run(package, SHOW, **home)[0].split()[0] == "21"
    before = (package / "fee.py").stat()
    (package / "fee.py").write_text(FEE.replace("* 2", "* 3"))
    os.utime(package / "fee.py", ns=(before.st_atime_ns, before.st_mtime_ns))  # same size and time
    assert run(package, SHOW, **home)[0].split()[0] == "31"
    (package / "fee.py").write_text(FEE)
    assert run(package, SHOW, **home) == ("21 1", ""), "the old text finds its old code again"


def test_key_follows_every_text_that_kernels_read(package):
    keys = [cache.cache_key(package)]
    edits = [package / "fee.py", package / "new.py", package / "deep" / "new.py"]
    edits += [package.parent / f"{room}.py" for room in cache.KEYED_BESIDE_KERNELS]
    edits += [package.parent / room / "part.py" for room in cache.KEYED_BESIDE_KERNELS]
    for file in edits:
        file.parent.mkdir(exist_ok=True)
        with file.open("a") as text:
            text.write("# edited\n")
        keys.append(cache.cache_key(package))
    (package / "new.py").rename(package / "renamed.py")
    keys.append(cache.cache_key(package))
    assert len(set(keys)) == len(keys)
    (package.parent / "reading.py").write_text("# kernels do not read this\n")
    assert cache.cache_key(package) == keys[-1]


@pytest.mark.parametrize("name", ["llvmlite", "numba", "numpy"])
def test_key_follows_the_compiler(package, monkeypatch, name):
    before = cache.cache_key(package)
    known = cache._version
    monkeypatch.setattr(cache, "_version", lambda other: "0.0" if other == name else known(other))
    assert cache.cache_key(package) != before


def test_key_follows_python_and_the_processor(package, monkeypatch):
    keys = {cache.cache_key(package)}
    monkeypatch.setattr(cache.platform, "python_version", lambda: "3.99.0")
    keys.add(cache.cache_key(package))
    monkeypatch.setattr(cache, "_processor", lambda: "another")
    keys.add(cache.cache_key(package))
    assert len(keys) == 3


def test_a_folder_that_cannot_be_written_gives_way_to_a_private_one(package, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("a file where the folder should be")
    spare = tmp_path / "spare"
    spare.mkdir()
    home = {"PFS_SIM_CACHE_DIR": str(blocked), "TMPDIR": str(spare)}
    out, err = run(package, SHOW, **home)
    assert out == "21 0"
    assert err.startswith(f"pfs-sim: {blocked} cannot be written") and "\n" not in err
    (private,) = spare.glob("pfs-sim-*")
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert run(package, SHOW, **home)[0] == "21 1"


def test_nowhere_to_write_still_runs(package, tmp_path):
    """As in a read-only container; one line says what it costs."""
    code = f"""
import pfs_sim.kernels.cache as cache
cache._can_write = lambda folder: False
{SHOW}"""
    out, err = run(package, code, PFS_SIM_CACHE_DIR=str(tmp_path / "cache"))
    assert out == "21 0"
    assert err.endswith("compiled anew in every process") and "\n" not in err


def test_a_read_only_install_and_home_still_run(package, tmp_path):
    """A home below a file cannot be made by anyone, not even by root."""
    file = tmp_path / "file"
    file.touch()
    before = sorted(package.iterdir())
    package.chmod(0o500)
    try:
        home = {"HOME": str(file / "home"), "XDG_CACHE_HOME": "", "PFS_SIM_CACHE_DIR": ""}
        out, err = run(package, SHOW, TMPDIR=str(tmp_path), **home)
    finally:
        package.chmod(0o700)
    assert out == "21 0"
    assert err.startswith(f"pfs-sim: {file}/home/.cache/pfs-sim cannot be written")
    assert sorted(package.iterdir()) == before


def test_a_folder_prepared_by_somebody_else_is_refused(monkeypatch, tmp_path):
    """Cached code is unpickled, so it must have been written by the user alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    root = cache._private_temporary_root()
    assert root is not None and root.parent == tmp_path
    root.chmod(0o777)
    assert cache._private_temporary_root() is None
    root.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    root.symlink_to(elsewhere)
    assert cache._private_temporary_root() is None


def test_kernels_that_came_with_an_image_are_read(package, tmp_path):
    home = {cache.HOME_VARIABLE: str(tmp_path / "image"), "TMPDIR": str(tmp_path)}
    shut = "from pfs_sim.kernels import cache; cache._can_write = lambda folder: False\n"
    assert run(package, shut + SHOW, **home)[0] == "21 0"
    assert run(package, SHOW, **home)[0] == "21 0"
    assert run(package, shut + SHOW, **home) == ("21 1", "")
    (folder,) = (tmp_path / "image").iterdir()
    folder.chmod(0o777)
    out, err = run(package, shut + SHOW, **home)
    assert out == "21 0" and "cannot be written" in err, "anybody may have put them there"


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
@pytest.mark.parametrize("left", [0, 10])
def test_what_a_system_that_went_down_has_left_is_compiled_anew(package, tmp_path, kind, left):
    home = {cache.HOME_VARIABLE: str(tmp_path)}
    assert run(package, SHOW, **home) == ("21 0", "")
    for file in tmp_path.rglob(f"*.{kind}"):
        file.write_bytes(file.read_bytes()[:left])
    assert run(package, SHOW, **home) == ("21 0", "")
    assert run(package, SHOW, **home) == ("21 1", "")


def test_a_run_goes_on_where_there_is_no_room(package, tmp_path):
    full = """
from numba.core.caching import IndexDataCacheFile

def refuse(*_):
    raise OSError(28, "No space left on device")

IndexDataCacheFile.save = refuse
"""
    out, err = run(package, full + SHOW, **{cache.HOME_VARIABLE: str(tmp_path)})
    assert out == "21 0"
    assert err.count("No space left on device; kernels are compiled anew") == 1


def test_no_home_and_no_temporary_folder(monkeypatch, tmp_path):
    def refuse(*_):
        raise FileNotFoundError("No usable temporary directory")

    def know_nobody(_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    monkeypatch.setenv(cache.HOME_VARIABLE, str(tmp_path))
    assert cache.cache_folder() is not None, "nobody needs to look for another one"
    assert cache._private_temporary_root() is None
    monkeypatch.setattr(Path, "expanduser", know_nobody)
    assert cache.cache_root() is None and cache.cache_folder() is None
    assert cache.cache_size() == cache.clear_cache() == 0


def test_arrays_that_no_kernel_takes_are_what_numba_says():
    code = "import numpy, numba, sys; {} numba.typeof(numpy.zeros(1, '>f8'))"
    said = [
        subprocess.run(
            [sys.executable, "-c", code.format(ours)], capture_output=True, text=True
        ).stderr.splitlines()[-1]
        for ours in ("", "import pfs_sim.kernels._keeping;")
    ]
    assert said[0] == said[1] != ""


def test_the_settings_of_other_packages_are_left_alone(package, tmp_path):
    code = "import numba, pfs_sim.kernels.bill; print(numba.config.CACHE_DIR)"
    theirs = str(tmp_path / "theirs")
    ours = str(tmp_path / "ours")
    assert run(package, code, NUMBA_CACHE_DIR=theirs, PFS_SIM_CACHE_DIR=ours)[0] == theirs


def test_measure_and_clear_take_stale_keys_and_nothing_else(monkeypatch, tmp_path):
    monkeypatch.setenv(cache.HOME_VARIABLE, str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    assert cache.cache_size() == 0 and cache.clear_cache() == 0
    folder = cache.cache_folder()
    assert folder is not None and folder.parent == tmp_path
    (folder / "deep").mkdir()
    (folder / "deep" / "code").write_bytes(b"x" * 70)
    stale = tmp_path / ("kernels-" + "0" * 16)
    stale.mkdir()
    (stale / "code").write_bytes(b"x" * 30)
    for mine in ("kernels-notes.txt", "deal.yaml"):
        (tmp_path / mine).write_text("not a cache")
    assert cache.cache_size() == 100
    assert cache.clear_cache() == 100
    assert sorted(left.name for left in tmp_path.iterdir()) == ["deal.yaml", "kernels-notes.txt"]


@pytest.mark.parametrize(
    ("system", "variable", "value", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "/x", "/x/pfs-sim"),
        ("linux", "XDG_CACHE_HOME", "", "/h/.cache/pfs-sim"),
        ("darwin", "XDG_CACHE_HOME", "/x", "/h/Library/Caches/pfs-sim"),
        ("linux", cache.HOME_VARIABLE, "~/mine", "/h/mine"),
    ],
)
def test_root_is_where_the_system_keeps_caches(monkeypatch, system, variable, value, expected):
    monkeypatch.delenv(cache.HOME_VARIABLE, raising=False)
    monkeypatch.setenv("HOME", "/h")
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys, "platform", system)
    assert cache.cache_root() == Path(expected)
