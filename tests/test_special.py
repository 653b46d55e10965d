"""Special functions are scipy's own, alone or with the rest of its package."""

import subprocess
import sys

import pytest

USED = "bdtr bdtrc betainc betaincinv chdtri expit gammainc gammaincinv gammainccinv logit ndtr " \
    "ndtri stdtr stdtrit"

ALONE = """
import sys
from pfs_sim import special
found = {name: getattr(special, name) for name in NAMES.split()}
assert "scipy.special" not in sys.modules, "the whole package was loaded"
assert "scipy.linalg" not in sys.modules
"""
THREADED = """
import threading
from pfs_sim import special
end = threading.Event()
other = threading.Thread(target=end.wait)
other.start()
found = {name: getattr(special, name) for name in NAMES.split()}
end.set()
import sys
assert "scipy.special" in sys.modules, "another thread could have seen an empty package"
"""
MOVED = """
from pfs_sim import special

def fail():
    raise ImportError("moved")

special._load_alone = fail
found = {name: getattr(special, name) for name in NAMES.split()}
"""
SAME = """
import scipy.special, scipy.stats, scipy.optimize
for name, function in found.items():
    assert function is getattr(scipy.special, name), name
assert abs(scipy.special.logsumexp([0.0, 0.0]) - 0.6931471805599453) < 1e-15
assert abs(scipy.stats.norm.ppf(0.975) - found["ndtri"](0.975)) < 1e-15
assert scipy.optimize.brentq(lambda x: x - 1.0, 0.0, 3.0) == 1.0
"""


@pytest.mark.parametrize("code", [ALONE, THREADED, MOVED])
def test_functions_are_those_of_scipy_which_stays_whole(code):
    subprocess.run(
        [sys.executable, "-c", f"NAMES = {USED!r}" + code + SAME], check=True, timeout=120
    )


def test_what_scipy_lacks_is_missing_here():
    from pfs_sim import special

    with pytest.raises(AttributeError):
        special.no_such_function  # noqa: B018
