"""`warmup` and `cache`: the compiled kernels, made ahead of time, measured and removed."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import click


@click.command(short_help="Compile the kernels now.")
@click.option("--quiet", "-q", is_flag=True, help="Nothing on stderr but errors.")
def warmup(quiet: bool) -> None:
    """Compile the kernels now, so that the first run does not wait for it.

    Lives a small built-in deal, which compiles everything that any deal needs. Once per machine
    and version; where it has been done, it takes a second. For images and clusters: set
    PFS_SIM_CACHE_DIR to a folder that goes with them.

    \b
    Examples:
      pfs-sim warmup
      PFS_SIM_CACHE_DIR=/opt/pfs-sim pfs-sim warmup
    """
    from pfs_sim.analysis.lived import live_one
    from pfs_sim.cli.screen import announce_compiling, notice
    from pfs_sim.cli.writing import write_starter
    from pfs_sim.kernels.cache import cache_folder
    from pfs_sim.reading import loads
    from pfs_sim.simulate import simulate

    began, deal = perf_counter(), loads(write_starter())
    announce_compiling(quiet, [deal])
    simulate(deal, 2, threads=1)
    live_one(deal)
    took, folder = perf_counter() - began, cache_folder()
    if folder is None:
        notice(f"compiled in {took:.1f} s, and forgotten: no folder can be written", quiet)
    else:
        held = _megabytes(folder)
        notice(f"ready in {took:.1f} s: {held:,.1f} MB of compiled kernels in {folder}", quiet)


@click.group(short_help="Show or remove the compiled kernels.")
def cache() -> None:
    """Show or remove the compiled kernels.

    They lie in the user's cache folder, or in PFS_SIM_CACHE_DIR. Their folder is named by the
    text of the kernels, the compiler and the processor, so an upgrade never runs old code; what
    older versions left stays until it is cleared.

    \b
    Examples:
      pfs-sim cache info
      pfs-sim cache clear
    """


@cache.command(short_help="Say where the compiled kernels are, and their size.")
def info() -> None:
    """Say where the compiled kernels are, and their size with those of older versions."""
    from pfs_sim.kernels.cache import cache_folder, cache_size

    folder = cache_folder()
    click.echo(f"folder  {folder or 'none that can be written'}")
    click.echo(f"current {_megabytes(folder):,.1f} MB")
    click.echo(f"all     {cache_size() / 1e6:,.1f} MB")


@cache.command(short_help="Remove the compiled kernels of all versions.")
def clear() -> None:
    """Remove the compiled kernels of all versions; the next run compiles them again."""
    from pfs_sim.kernels.cache import clear_cache

    click.echo(f"{clear_cache() / 1e6:,.1f} MB freed")


def _megabytes(folder: Path | None) -> float:
    """Size of a folder of compiled kernels; nothing of none."""
    if folder is None:
        return 0.0
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
