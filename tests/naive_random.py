"""The slow twin of `pfs_sim.kernels.random` and `samplers`: plain Python, one draw at a time.

It says the same laws from the same words, as a reader would say them: integers for bits, floats
for the rest, no arrays and no compiler. What the kernels gain by tables of masks, buffers and
early exits must not show: every count here is the kernel's count.
"""

import math

MASK_32 = 2**32 - 1
MASK_64 = 2**64 - 1


def philox_4x32(counter: list[int], key: list[int]) -> list[int]:
    """Ten rounds of Philox on four 32-bit words (Salmon et al. 2011, section 4.3)."""
    x, (k0, k1) = list(counter), key
    for _ in range(10):
        product_0, product_2 = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [
            (product_2 >> 32) ^ x[1] ^ k0,
            product_2 & MASK_32,
            (product_0 >> 32) ^ x[3] ^ k1,
            product_0 & MASK_32,
        ]
        k0, k1 = (k0 + 0x9E3779B9) & MASK_32, (k1 + 0xBB67AE85) & MASK_32
    return x


class Stream:
    """The words of one address, in order."""

    def __init__(self, key: int, index: int, path: int, block: int = 0) -> None:
        self.key, self.index, self.path = key, index, path
        self.used = 2 * block

    def at(self, block: int) -> "Stream":
        """The same address from a later block on."""
        return Stream(self.key, self.index, self.path, block)

    def word(self) -> int:
        block, half = divmod(self.used, 2)
        counter = [block, self.index & MASK_32, self.path & MASK_32, self.path >> 32]
        x = philox_4x32(counter, [self.key & MASK_32, self.key >> 32])
        self.used += 1
        return x[2 * half] | x[2 * half + 1] << 32

    def uniform(self) -> float:
        return ((self.word() >> 12) + 0.5) / 2**52


def bits(stream: Stream):
    """The stream as single bits, lowest first; the first two words are taken at once."""
    words = [stream.word(), stream.word()]
    while True:
        word = words.pop(0) if words else stream.word()
        for place in range(64):
            yield word >> place & 1


def exponential(stream: Stream) -> float:
    return -math.log(stream.uniform())


def binomial(stream: Stream, n: float, p: float) -> float:
    if n <= 0 or p <= 0:
        return 0.0
    if p >= 1:
        return float(n)
    if p == 0.5 and 63 < n <= 1024:
        return toss(stream, int(n))
    if n <= 63:
        return compare_digits(stream, int(n), p)
    rare = min(p, 1 - p)
    draw = invert_binomial if n * rare < 10 else reject_binomial
    count = draw(stream, n, rare)
    return count if p <= 0.5 else n - count


def compare_digits(stream: Stream, n: int, p: float) -> float:
    """Each trial compares its own bits with the binary digits of p until they differ.

    After every fourth digit it ends if all that follow are 0: whoever is undecided is not below p.
    """
    digits = int(p * 2**64)
    source = bits(stream)
    undecided, successes = n, 0
    for place in reversed(range(64)):
        differ = sum(next(source) for _ in range(undecided))
        if digits >> place & 1:
            successes += differ
        undecided -= differ
        if place % 4 == 0 and digits % 2**place == 0:
            break
    return float(successes)


def toss(stream: Stream, n: int) -> float:
    """Fair coins: the first n bits of as many words as they take."""
    words = [stream.word() for _ in range(math.ceil(n / 64))]
    return float(sum(words[i // 64] >> i % 64 & 1 for i in range(n)))


def in_lanes(at, piece: int, n: float, p: float) -> float:
    """A binomial, by rejection where ten or more have the event and as many have not.

    Else of at most 63 trials to a piece of the stream, `at(block)` begins it there. At most so
    many digits are compared with each of the first four words, and each only if the word has a
    bit left for every undecided trial; who is undecided then has a word of their own.
    """
    if n <= 0 or p <= 0:
        return 0.0
    if p >= 1:
        return float(n)
    rare = min(p, 1 - p)
    if n * rare >= 10 and not (p == 0.5 and n <= 1024):
        count = reject_binomial(at(64 * piece), n, rare)
        return count if p <= 0.5 else n - count
    if n > 378:
        return binomial(at(64 * piece), n, p)
    hits = 0
    while n > 0:
        stream, undecided, digits = at(64 * piece), min(int(n), 63), int(p * 2**64)
        for most in (1, 1, 4, 5):
            word, left = stream.word(), 64
            for _ in range(most):
                if undecided > left:
                    break
                differ = (word & ((1 << undecided) - 1)).bit_count()
                word, left = word >> undecided, left - undecided
                hits += differ * (digits >> 63)
                undecided, digits = undecided - differ, digits << 1 & MASK_64
        hits += sum(stream.word() < digits for _ in range(undecided if digits else 0))
        n, piece = n - 63, piece + 1
    return float(hits)


def spread(stream: Stream, n: int, reach, block: int = 0) -> list[float]:
    """How many of n people fall below each bound and below none before it; the rest last.

    Person i has a number of 64 bits: piece i of 16 bits, lowest first, of 16 words of the stream
    from `block` on, and then the highest 48 bits of word i from 8 blocks later on. Every further 64
    people are numbered anew, 64 blocks further on.
    """
    bounds, found = [int(c * 2**64) for c in reach], [0.0] * (len(reach) + 1)
    for first in range(0, n, 64):
        here = stream.at(block + first)
        words = [here.word() for _ in range(16)]
        others = stream.at(block + first + 8)
        for i in range(min(64, n - first)):
            leading = words[i // 4] >> 16 * (i % 4) & 0xFFFF
            number = leading << 48 | others.word() >> 16
            found[sum(number >= bound for bound in bounds)] += 1
    return found


def invert_binomial(stream: Stream, n: float, p: float) -> float:
    odds = p / (1 - p)
    while True:
        left, mass, count = stream.uniform(), math.exp(n * math.log1p(-p)), 0
        while left > mass and count < min(n, 110):
            left -= mass
            count += 1
            mass *= (n - count + 1) * odds / count
        if left <= mass:
            return float(count)


def reject_binomial(stream: Stream, n: float, p: float) -> float:
    """BTRS (Hormann 1993)."""
    spread = math.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    while True:
        u, v = stream.uniform() - 0.5, stream.uniform()
        edge = 0.5 - abs(u)
        count = math.floor((2 * a / edge + b) * u + (n * p + 0.5))
        if edge >= 0.07 and v <= 0.92 - 4.2 / b:
            return float(count)
        if 0 <= count <= n:
            height = v * (2.83 + 5.1 / b) * spread / (a / (edge * edge) + b)
            if math.log(height) <= log_binomial_ratio(n, p, count):
                return float(count)


def log_binomial_ratio(n: float, p: float, k: float) -> float:
    m = math.floor((n + 1) * p)
    if n < 1024:
        top = math.lgamma(m + 1) + math.lgamma(n - m + 1)
        here = math.lgamma(k + 1) + math.lgamma(n - k + 1)
        return top - here + (k - m) * math.log(p / (1 - p))
    step, rest = k - m, n - m + 1
    return (
        step * math.log(p * rest / ((1 - p) * (m + 1)))
        - (k + 0.5) * math.log1p(step / (m + 1))
        - (n - k + 0.5) * math.log1p(-step / rest)
        + (stirling_tail(m) - stirling_tail(k))
        + (stirling_tail(n - m) - stirling_tail(n - k))
    )


def stirling_tail(k: float) -> float:
    """log k! - (k + 1/2) log(k + 1) + (k + 1) - log(2 pi) / 2."""
    if k < 16:
        leading = (k + 0.5) * math.log(k + 1) - (k + 1) + 0.5 * math.log(2 * math.pi)
        return math.lgamma(k + 1) - leading
    x = 1 / (k + 1)
    return x / 12 - x**3 / 360 + x**5 / 1260 - x**7 / 1680


def poisson(stream: Stream, mean: float) -> float:
    if mean <= 0:
        return 0.0
    return invert_poisson(stream, mean) if mean < 10 else reject_poisson(stream, mean)


def invert_poisson(stream: Stream, mean: float) -> float:
    while True:
        left, mass, count = stream.uniform(), math.exp(-mean), 0
        while left > mass and count < 110:
            left -= mass
            count += 1
            mass *= mean / count
        if left <= mass:
            return float(count)


def reject_poisson(stream: Stream, mean: float) -> float:
    """PTRS (Hormann 1993)."""
    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    while True:
        u, v = stream.uniform() - 0.5, stream.uniform()
        edge = 0.5 - abs(u)
        count = math.floor((2 * a / edge + b) * u + mean + 0.43)
        if edge >= 0.07 and v <= 0.9277 - 3.6224 / (b - 2):
            return float(count)
        if count >= 0 and not (edge < 0.013 and v > edge):
            height = v * (1.1239 + 1.1328 / (b - 3.4)) / (a / (edge * edge) + b)
            if math.log(height) <= log_poisson(mean, count):
                return float(count)


def log_poisson(mean: float, k: float) -> float:
    if k < 1024 and mean < 1024:
        return k * math.log(mean) - mean - math.lgamma(k + 1)
    step = k + 1 - mean
    leading = step - (k + 0.5) * math.log1p(step / mean)
    return leading - 0.5 * math.log(2 * math.pi * mean) - stirling_tail(k)


def gamma(stream: Stream, shape: float) -> float:
    if shape <= 0:
        return 0.0
    if shape >= 1:
        return cube_of_normal(stream, shape)
    return cube_of_normal(stream, shape + 1) * math.exp(math.log(stream.uniform()) / shape)


def cube_of_normal(stream: Stream, shape: float) -> float:
    """Marsaglia and Tsang (2000)."""
    d = shape - 1 / 3
    while True:
        x = normal(stream)
        t = 1 / math.sqrt(9 * d) * x
        if t > -1:
            v = (1 + t) * (1 + t) * (1 + t)
            u = stream.uniform()
            if u < 1 - 0.0331 * (x * x) * (x * x):
                return d * v
            excess = 3 * math.log1p(t) - t * (3 + t * (3 + t))
            if math.log(u) < 0.5 * (x * x) + d * excess:
                return d * v


def log_gamma_variate(stream: Stream, shape: float) -> float:
    if shape >= 1:
        return math.log(cube_of_normal(stream, shape))
    value = math.log(cube_of_normal(stream, shape + 1))
    return value + math.log(stream.uniform()) / shape


def beta(stream: Stream, a: float, b: float) -> float:
    if a >= 1 and b >= 1:
        x, y = gamma(stream, a), gamma(stream, b)
        return x / (x + y)
    log_x, log_y = log_gamma_variate(stream, a), log_gamma_variate(stream, b)
    gap = log_y - log_x
    return math.exp(-gap) if gap > 700 else 1 / (1 + math.exp(gap))


def negative_binomial(stream: Stream, dispersion_k: float, mean: float) -> float:
    if mean <= 0:
        return 0.0
    return poisson(stream, gamma(stream, dispersion_k) * (mean / dispersion_k))


def beta_binomial(stream: Stream, n: float, p: float, icc: float) -> float:
    if n <= 0 or not 0 < p < 1 or icc <= 0:
        return binomial(stream, n, p)
    if icc >= 1:
        return float(n) if stream.uniform() < p else 0.0
    strength = (1 - icc) / icc
    return binomial(stream, n, beta(stream, p * strength, (1 - p) * strength))


def ziggurat_edges() -> list[float]:
    """256 layers of equal area; the lowest is a rectangle that stands for itself and the tail."""
    tail = 3.6541528853610088
    height = math.exp(-0.5 * tail * tail)
    area = tail * height + math.sqrt(0.5 * math.pi) * math.erfc(tail / math.sqrt(2))
    edges = [area / height, tail]
    for _ in range(254):
        height += area / edges[-1]
        edges.append(math.sqrt(-2 * math.log(height)))
    return [*edges, 0.0]


EDGES = ziggurat_edges()


def normal(stream: Stream) -> float:
    """Marsaglia and Tsang (2000), 256 layers."""
    while True:
        word = stream.word()
        layer, sign, place = word & 255, -1 if word & 256 else 1, word >> 11
        x = place * (EDGES[layer] / 2**53)
        if place < int(EDGES[layer + 1] / EDGES[layer] * 2**53):
            return sign * x
        if layer == 0:
            return sign * draw_tail(stream, EDGES[1])
        low, high = (math.exp(-0.5 * edge * edge) for edge in EDGES[layer : layer + 2])
        if low + stream.uniform() * (high - low) < math.exp(-0.5 * x * x):
            return sign * x


def draw_tail(stream: Stream, tail: float) -> float:
    while True:
        x = -math.log(stream.uniform()) / tail
        y = -math.log(stream.uniform())
        if 2 * y > x * x:
            return tail + x
