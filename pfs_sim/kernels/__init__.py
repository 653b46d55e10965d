"""WHAT HAPPENS: the life of a deal on one path, compiled, arrays only.

One file per noun (program, outcomes, evaluation, contract, capital), the generator (random), the
returns, and ``path``, which calls their verbs in the order in which a deal happens. Kernels know
nothing of scenario files: the tables are all that they share with :mod:`pfs_sim.model`.

Importing this package loads nothing; importing one of its modules loads numba.
"""
