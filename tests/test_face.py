"""The face: names found on first use, and still functions once their rooms are open."""

import subprocess
import sys
from pathlib import Path

import pytest

import pfs_sim

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", pfs_sim.__all__)
def test_every_name_of_the_face_is_found(name):
    assert getattr(pfs_sim, name) is not None
    assert name in dir(pfs_sim)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'simulated'"):
        pfs_sim.simulated  # noqa: B018


def test_a_name_of_the_face_is_not_hidden_by_its_room():
    """``simulate`` is a function and the room where it lives; importing the room binds neither."""
    code = (
        "import pfs_sim, pfs_sim.simulate;"
        "from pfs_sim.simulate import simulate;"
        "from pfs_sim import simulate as face;"
        "assert callable(face) and face is simulate is pfs_sim.simulate"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
