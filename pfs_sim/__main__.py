"""``python -m pfs_sim`` is ``pfs-sim``."""

from pfs_sim.cli import enter

if __name__ == "__main__":
    enter()
