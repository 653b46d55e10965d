"""Settings for all tests: the same examples in every run, and figures without a display."""

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("MPLBACKEND", "Agg")

# The same examples everywhere: a red run is repeatable, and a slow machine fails nothing. The
# profile `search` looks for new ones: pytest --hypothesis-profile=search
settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", deadline=None, max_examples=2000, print_blob=True)
settings.load_profile("ci")
