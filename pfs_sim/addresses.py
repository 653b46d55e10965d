"""Where a random number lives: the key of a stream.

A draw is a pure function of (seed, source, item, path, counter) (model §2). This file turns the
first three, which are words of the scenario, into the 64-bit key of a Philox stream; index, path
and block are the counter that `pfs_sim.kernels.random` fills in.
"""

from __future__ import annotations

from hashlib import blake2b

KEY_BYTES = 8


def stream_key(seed: int, source: str, item: str) -> int:
    """Return the key, an integer in [0, 2**64), of one item's stream within one source of risk.

    The key is the 8-byte BLAKE2b digest, read as a little-endian integer, of the UTF-8 text
    ``seed|source|item``. It depends on these names alone, so adding, removing or re-ordering
    anything else in a scenario moves no draw of this item.
    """
    text = f"{seed}|{source}|{item}"
    return int.from_bytes(blake2b(text.encode(), digest_size=KEY_BYTES).digest(), "little")
