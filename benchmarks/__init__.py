"""The speed comparisons, runnable by anyone: `python -m benchmarks`."""
