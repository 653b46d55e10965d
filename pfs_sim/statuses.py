"""How a number that may not exist came about: states that kernels write and reports name."""

from enum import IntEnum


class IrrStatus(IntEnum):
    """What an investor's flows say about their IRR (model §10). Each is counted by its name."""

    UNIQUE = 0
    """The flows change sign once, so by Descartes there is one root in (−1, ∞): this one."""
    TOTAL_LOSS = 1
    """Money was paid in and none came back: −1 exactly. (A tiny recovery is UNIQUE, even where
    its effective annual rate is so low that the double nearest to it is −1.)"""
    NOTHING_INVESTED = 2
    """Nothing was ever paid in: undefined, NaN."""
    SEVERAL = 3
    """Several changes of sign, and more than one root, or a root that doubles cannot tell from
    two or from none: the root nearest zero as an effective annual rate."""
    NO_ROOT = 4
    """Several changes of sign, and the present value is zero at no rate: NaN."""
    SEVERAL_UNIQUE = 5
    """Several changes of sign, and yet one root, all others being excluded: this one."""
    OUT_OF_RANGE = 6
    """A flow is infinite or NaN, or flows differ by some 300 powers of ten: NaN."""
