"""The commands: parse, call one function, print. Numbers on stdout, everything else on stderr.

door      the group `pfs-sim`: commands found on first use, exit codes, what an error looks like
options   arguments and options that several commands share
screen    consoles, tables of text, the progress bar
run       run, with --deterministic
precise   what run says of --until and --sampling
comparing compare
moving    sweep, solve, frontier
asking    check, resolve, kinds
writing   schema, new
compiling warmup, cache
tracing   trace
settling  settle, backtest
explaining explain
judging   integrity
exporting export
words     termsheet, diff
"""

from pfs_sim.cli.door import enter, main

__all__ = ["enter", "main"]
