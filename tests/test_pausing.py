"""The collector waits, and is afterwards as it was."""

import gc
import weakref

import pytest

from pfs_sim.pausing import uncollected


class Loop:
    """Garbage that only the collector frees."""

    def __init__(self):
        self.own = self


@pytest.fixture(autouse=True)
def collector():
    gc.unfreeze()
    gc.enable()
    yield
    gc.unfreeze()
    gc.enable()


def test_nothing_is_collected_inside_and_all_of_it_later():
    with uncollected():
        assert not gc.isenabled()
        loop = weakref.ref(Loop())
        made = [[] for _ in range(10_000)]
    assert gc.isenabled() and len(made) == 10_000
    assert gc.get_count()[0] < 5_000, "what was made inside counts as old"
    assert loop() is not None
    gc.collect()
    assert loop() is None


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    with uncollected():
        pass
    assert not gc.isenabled()


def test_it_is_on_again_after_an_error():
    with pytest.raises(ValueError), uncollected():
        raise ValueError
    assert gc.isenabled()


def test_objects_that_somebody_froze_stay_frozen():
    gc.freeze()
    frozen = gc.get_freeze_count()
    with uncollected():
        pass
    assert gc.get_freeze_count() >= frozen - 100
