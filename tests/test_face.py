"""The face: names found on first use, and still functions once their rooms are open."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pfs_sim
from pfs_sim.analysis.lived import live_one
from pfs_sim.analysis.same_people import find_people
from pfs_sim.errors import InputError

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", pfs_sim.__all__)
def test_every_name_of_the_face_is_found(name):
    assert getattr(pfs_sim, name) is not None
    assert name in dir(pfs_sim)


class TestWhatIsGiven:
    """Python gives what the command line would have refused: it is refused here, too."""

    DEAL = ROOT / "docs" / "first_deal.yaml"

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({"seed": 1.0}, "found the seed 1.0"),
            ({"seed": True}, "found the seed True"),
            ({"seed": -1}, "found the seed -1"),
            ({"seed": -1, "sampling": "sobol"}, "found the seed -1"),
            ({"seed": 2**63}, "allowed: a whole number from 0 to 9223372036854775807"),
            ({"seeds": {"chance": 0.5}}, "found the seed 0.5"),
            ({"threads": 0}, "found 0 threads"),
            ({"threads": 1.5}, "found 1.5 threads"),
            ({"chunk": 0}, "found 0 paths in a chunk"),
            ({"chunk": -5}, "found -5 paths in a chunk"),
            ({"given": np.full((1, 1), np.nan)}, r"found \(1, 1\) values .* allowed: \(2, 1\)"),
            ({"given": np.full((1, 2), np.nan)}, r"found \(1, 2\)"),
            ({"given": np.empty((0, 0))}, r"found \(0, 0\)"),
            ({"given": [["a"], ["b"]]}, "numbers, or NaN"),
        ],
    )
    def test_what_cannot_be_used_is_refused(self, more, said):
        with pytest.raises(InputError, match=said):
            pfs_sim.simulate(self.DEAL, 8, **more)

    def test_a_path_alone_refuses_it_too(self):
        with pytest.raises(InputError, match="in `given`"):
            live_one(self.DEAL, given=np.full((1, 1), np.nan))

    def test_people_are_found_by_a_seed_alone(self):
        with pytest.raises(InputError, match=r"found the seed 1\.0"):
            find_people(self.DEAL, 8, 1.0)

    def test_any_array_of_the_right_shape_will_do(self):
        nothing = np.full((4, 3), np.nan)[::2, ::3]
        nothing.flags.writeable = False
        as_it_is = pfs_sim.simulate(self.DEAL, 8, np.int64(1))
        assert np.array_equal(
            as_it_is["payor.payments"],
            pfs_sim.simulate(self.DEAL, 8, given=nothing)["payor.payments"],
        )


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
