"""Numbers of several paths side by side, as kernels handle them.

A kernel reads a place of a wide array (`pfs_sim.tables.wide`) as one value, `Wide`, and calculates
with it as with a number; comparisons give a `Mask`, an answer for each path. Random words and
whole numbers are `Whole`: 64 bits without a sign. The compiler turns
each operation into one or two machine instructions for all paths, and there is no loop to
recognize. What differs from path to path is chosen with `where` instead of `if`; a branch that
nobody takes is left out by `anywhere`.

Every operation is that of one path, in its order: side by side no path has other bits than alone.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, cast

import numpy as np
from llvmlite import ir
from numba import from_dtype, types
from numba.core import config, imputils, typeconv
from numba.core.typing import templates
from numba.extending import intrinsic, models, register_model

from pfs_sim.tables.wide import ABREAST, LINE, WIDE, WORDS

_NUMBERS = ir.VectorType(ir.DoubleType(), ABREAST)
_WORDS = ir.VectorType(ir.IntType(64), ABREAST)
_BITS = ir.VectorType(ir.IntType(1), ABREAST)
_BIT, _PLACE, _MANY = ir.IntType(1), ir.IntType(32), ir.IntType(ABREAST)
_FIRST = ir.Constant(ir.VectorType(_PLACE, ABREAST), [0] * ABREAST)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_off = bool(cast(Any, config).DISABLE_JIT)
_imputils: Any = imputils  # none of these is in numba's stubs
_typeconv: Any = typeconv
_templates: Any = templates


class _Kind(types.Type):
    """A value of each path. What is the same for all becomes one where the other is wide."""

    def __init__(self, name: str, alone: Any) -> None:
        self.alone = alone
        cast(Any, super()).__init__(name)

    def unify(self, _context: Any, other: Any) -> Any:
        """What a variable is that holds both."""
        return self if isinstance(other, self.alone) else None

    def can_convert_from(self, _context: Any, other: Any) -> Any:
        """Whether a value that is the same for all paths may stand here."""
        return _typeconv.Conversion.safe if isinstance(other, self.alone) else None


class Wide(_Kind):
    """A number of each path."""


class Whole(_Kind):
    """A whole number of each path, or a random word."""


class Mask(_Kind):
    """An answer for each path."""


WIDE_VALUE: Any = Wide("Wide", types.Number)
WHOLE_VALUE: Any = Whole("Whole", types.Integer)
MASK_VALUE: Any = Mask("Mask", types.Boolean)


def _model(kind: Any, vector: Any) -> None:
    def __init__(self: Any, manager: Any, fe_type: Any) -> None:
        cast(Any, models.PrimitiveModel).__init__(self, manager, fe_type, vector)

    register_model(kind)(type(kind.__name__ + "Model", (models.PrimitiveModel,), {
        "__init__": __init__
    }))  # fmt: skip


_model(Wide, _NUMBERS)
_model(Whole, _WORDS)
_model(Mask, _BITS)


def _for_all(builder: Any, value: Any, vector: Any) -> Any:
    """The same value for every path."""
    anything = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(anything, value, ir.Constant(_PLACE, 0))
    return builder.shuffle_vector(one, anything, _FIRST)


def _widen_number(context: Any, builder: Any, fromty: Any, toty: Any, value: Any) -> Any:
    number = context.cast(builder, value, fromty, types.float64)
    return _for_all(builder, number, _NUMBERS)


def _widen_word(context: Any, builder: Any, fromty: Any, toty: Any, value: Any) -> Any:
    return _for_all(builder, context.cast(builder, value, fromty, types.uint64), _WORDS)


def _widen_answer(context: Any, builder: Any, fromty: Any, toty: Any, value: Any) -> Any:
    bit = value if value.type == _BIT else builder.trunc(value, _BIT)
    return _for_all(builder, bit, _BITS)


_imputils.lower_cast(types.Number, Wide)(_widen_number)
_imputils.lower_cast(types.Integer, Whole)(_widen_word)
_imputils.lower_cast(types.Boolean, Mask)(_widen_answer)


def _operate(what: Any, result: Any, kind: Any, emit: Callable[..., Any]) -> None:
    """Let an operator of two wide values (or of one) be what `emit` writes."""
    count = 1 if what in (operator.neg, operator.invert) else 2

    class Typed(_templates.AbstractTemplate):  # type: ignore[misc]
        # Asked before those of any target, all of which would refuse at length, one by one: that
        # was a twentieth of the time to compile.
        metadata: ClassVar = {"target": "cpu"}

        def generic(self, given: Any, _named: Any) -> Any:
            if not any(isinstance(one, type(kind)) for one in given):
                return None
            if not all(isinstance(one, (type(kind), kind.alone)) for one in given):
                return None
            return _templates.signature(result, *[kind] * count)

    _templates.infer_global(what)(Typed)

    def lower(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return emit(builder, *arguments)

    _imputils.lower_builtin(what, *[kind] * count)(lower)


def _by_name(name: str) -> Callable[..., Any]:
    return lambda builder, *values: getattr(builder, name)(*values)


def _comparing(relation: str) -> Callable[..., Any]:
    compare = "fcmp_unordered" if relation == "!=" else "fcmp_ordered"
    return lambda builder, *values: getattr(builder, compare)(relation, *values)


def _comparing_words(relation: str) -> Callable[..., Any]:
    return lambda builder, *values: builder.icmp_unsigned(relation, *values)


for _name, _code in (("add", "fadd"), ("sub", "fsub"), ("mul", "fmul"), ("truediv", "fdiv")):
    for _one in (_name, "i" + _name):
        _operate(getattr(operator, _one), WIDE_VALUE, WIDE_VALUE, _by_name(_code))
for _name, _code in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="), ("eq", "=="),
                     ("ne", "!=")):  # fmt: skip
    _operate(getattr(operator, _name), MASK_VALUE, WIDE_VALUE, _comparing(_code))
for _name, _code in (("and_", "and_"), ("or_", "or_"), ("iand", "and_"), ("ior", "or_")):
    _operate(getattr(operator, _name), MASK_VALUE, MASK_VALUE, _by_name(_code))
for _name, _code in (("add", "add"), ("sub", "sub"), ("mul", "mul"), ("and", "and_"),
                     ("or", "or_"), ("xor", "xor"), ("lshift", "shl"),
                     ("rshift", "lshr")):  # fmt: skip
    _plain = f"{_name}_" if _name in ("and", "or") else _name
    for _one in (_plain, "i" + _name):
        _operate(getattr(operator, _one), WHOLE_VALUE, WHOLE_VALUE, _by_name(_code))
for _name, _code in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="), ("eq", "=="),
                     ("ne", "!=")):  # fmt: skip
    _operate(getattr(operator, _name), MASK_VALUE, WHOLE_VALUE, _comparing_words(_code))
_operate(operator.neg, WIDE_VALUE, WIDE_VALUE, _by_name("fneg"))
_operate(operator.invert, MASK_VALUE, MASK_VALUE, _by_name("not_"))


def written(result: Any, kinds: tuple[Any, ...], emit: Callable[..., Any], alone: Any) -> Any:
    """A function that the compiler writes down where it is called; `alone` without the compiler."""
    if _off:
        return alone

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return emit(builder, *arguments)

    made: dict[int, Callable[..., Any]] = {
        1: lambda _typing, a: (result(*kinds), generate),
        2: lambda _typing, a, b: (result(*kinds), generate),
        3: lambda _typing, a, b, c: (result(*kinds), generate),
    }
    return cast(Any, intrinsic)(made[len(kinds)])


def _any(builder: Any, mask: Any) -> Any:
    return builder.icmp_unsigned("!=", builder.bitcast(mask, _MANY), ir.Constant(_MANY, 0))


def _all(builder: Any, mask: Any) -> Any:
    return builder.icmp_unsigned("==", builder.bitcast(mask, _MANY), ir.Constant(_MANY, -1))


def _chosen(relation: str) -> Callable[..., Any]:
    """The second where it stands in this relation to the first: what min and max of two do."""
    return lambda builder, a, b: builder.select(builder.fcmp_ordered(relation, b, a), b, a)


def _call(name: str, vector: Any = _NUMBERS, of: str = "f64") -> Callable[..., Any]:
    def emit(builder: Any, value: Any) -> Any:
        kind = ir.FunctionType(vector, [vector])
        own = f"llvm.{name}.v{ABREAST}{of}"
        function = builder.module.globals.get(own) or ir.Function(builder.module, kind, own)
        return builder.call(function, [value])

    return emit


def _fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    name = f"llvm.fmuladd.v{ABREAST}f64"
    kind = ir.FunctionType(_NUMBERS, [_NUMBERS] * 3)
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    return builder.call(function, [a, b, c])


def _turned(how: str, vector: Any) -> Callable[..., Any]:
    """Another reading of the same bits, or a number of another kind."""
    return lambda builder, values: getattr(builder, how)(values, vector)


_HALVES = ir.VectorType(_PLACE, 2 * ABREAST)


def _choose_halves(builder: Any, low: Any, high: Any) -> Any:
    """Words of the lower halves of these, 32 bits each: of the first as the lower half."""
    places = [i if i % 2 == 0 else 2 * ABREAST + i - 1 for i in range(2 * ABREAST)]
    low, high = builder.bitcast(low, _HALVES), builder.bitcast(high, _HALVES)
    found = builder.shuffle_vector(low, high, ir.Constant(_HALVES, places))
    return builder.bitcast(found, _WORDS)


def _multiply_halves(builder: Any, a: Any, b: Any) -> Any:
    # Not by a mask: the compiler would find out that it is needless, and forget why.
    zero = ir.Constant(_WORDS, [0] * ABREAST)
    return builder.mul(*(_choose_halves(builder, factor, zero) for factor in (a, b)))


def _at(builder: Any, values: Any, path: Any) -> Any:
    return builder.extract_element(values, builder.trunc(path, _PLACE))


def _put(builder: Any, values: Any, path: Any, value: Any) -> Any:
    return builder.insert_element(values, value, builder.trunc(path, _PLACE))


class _Value(np.ndarray[Any, Any]):
    """A wide value where there is no compiler: as a number, it is never changed."""

    __iadd__: Any = np.ndarray.__add__
    __isub__: Any = np.ndarray.__sub__
    __imul__: Any = np.ndarray.__mul__
    __itruediv__: Any = np.ndarray.__truediv__


class _Word(_Value):
    """A whole number of each path where there is no compiler."""

    __iand__: Any = np.ndarray.__and__
    __ior__: Any = np.ndarray.__or__
    __ixor__: Any = np.ndarray.__xor__
    __ilshift__: Any = np.ndarray.__lshift__
    __irshift__: Any = np.ndarray.__rshift__


def word_value(found: Any) -> Any:
    """A whole number of each path where there is no compiler."""
    return np.array(np.broadcast_to(np.asarray(found, np.uint64), ABREAST)).view(_Word)


def _value(found: Any) -> Any:
    return np.array(np.broadcast_to(found, ABREAST), np.float64).view(_Value)


def _replaced(values: Any, path: int, value: float) -> Any:
    found = np.array(np.broadcast_to(values, ABREAST), np.float64)
    found[path] = value
    return found.view(_Value)


each: Any = written(
    WIDE_VALUE, (WIDE_VALUE,), lambda builder, value: value, _value
)
"""The same number for every path."""
alike: Any = written(
    MASK_VALUE, (MASK_VALUE,), lambda builder, mask: mask,
    lambda answer: np.array(np.broadcast_to(answer, ABREAST)),
)  # fmt: skip
"""The same answer for every path."""
where: Any = written(
    WIDE_VALUE, (MASK_VALUE, WIDE_VALUE, WIDE_VALUE), _by_name("select"),
    lambda mask, a, b: _value(np.where(mask, a, b)),
)  # fmt: skip
"""where(mask, a, b): a for those paths for which the mask holds, b for the others."""
anywhere: Any = written(types.boolean, (MASK_VALUE,), _any, np.any)
"""Whether a mask holds for any path."""
everywhere: Any = written(types.boolean, (MASK_VALUE,), _all, np.all)
"""Whether it holds for all."""
lesser: Any = written(
    WIDE_VALUE, (WIDE_VALUE, WIDE_VALUE), _chosen("<"),
    lambda a, b: _value(np.where(b < a, b, a)),
)  # fmt: skip
"""min of two, path by path."""
greater: Any = written(
    WIDE_VALUE, (WIDE_VALUE, WIDE_VALUE), _chosen(">"),
    lambda a, b: _value(np.where(b > a, b, a)),
)  # fmt: skip
"""max of two, path by path."""
root: Any = written(WIDE_VALUE, (WIDE_VALUE,), _call("sqrt"), np.sqrt)
"""The square root."""
fused: Any = written(
    WIDE_VALUE, (WIDE_VALUE, WIDE_VALUE, WIDE_VALUE), _fused, lambda a, b, c: _value(a * b + c)
)
"""fused(a, b, c): a·b + c, rounded once where the machine does that quicker. Only for what no
result hangs on."""
magnitude: Any = written(WIDE_VALUE, (WIDE_VALUE,), _call("fabs"), np.abs)
"""The number without its sign."""
of: Any = written(
    types.float64, (WIDE_VALUE, types.intp), _at,
    lambda values, path: float(np.broadcast_to(values, ABREAST)[path]),
)  # fmt: skip
"""of(x, lane): the number of one path."""
holds_for: Any = written(
    types.boolean, (MASK_VALUE, types.intp), _at,
    lambda mask, path: bool(np.broadcast_to(mask, ABREAST)[path]),
)  # fmt: skip
"""holds_for(mask, lane): the answer for one path."""
replace: Any = written(
    WIDE_VALUE, (WIDE_VALUE, types.intp, types.float64), _put, _replaced
)
"""replace(x, lane, number): x with another number for one path."""


floor: Any = written(WIDE_VALUE, (WIDE_VALUE,), _call("floor"), np.floor)
"""The whole number below it, or itself."""
bits: Any = written(
    WHOLE_VALUE, (WIDE_VALUE,), _turned("bitcast", _WORDS),
    lambda values: word_value(_value(values).view(np.uint64)),
)  # fmt: skip
"""The bits of a number."""
of_bits: Any = written(
    WIDE_VALUE, (WHOLE_VALUE,), _turned("bitcast", _NUMBERS),
    lambda words: _value(word_value(words).view(np.float64)),
)  # fmt: skip
"""The number of which these are the bits."""
to_whole: Any = written(
    WHOLE_VALUE, (WIDE_VALUE,), _turned("fptoui", _WORDS),
    lambda values: word_value(np.broadcast_to(values, ABREAST).astype(np.uint64)),
)  # fmt: skip
"""A number from 0 to below 2**64 without its fraction; another one gives what it may."""
to_number: Any = written(
    WIDE_VALUE, (WHOLE_VALUE,), _turned("sitofp", _NUMBERS),
    lambda words: _value(np.broadcast_to(words, ABREAST).astype(np.int64).astype(np.float64)),
)  # fmt: skip
"""A whole number below 2**63 as a number."""
ones: Any = written(
    WHOLE_VALUE, (WHOLE_VALUE,), _call("ctpop", _WORDS, "i64"),
    lambda words: word_value(np.bitwise_count(word_value(words)).astype(np.uint64)),
)  # fmt: skip
"""How many bits are set."""
product_of_halves: Any = written(
    WHOLE_VALUE, (WHOLE_VALUE, WHOLE_VALUE), _multiply_halves,
    lambda a, b: word_value((word_value(a) & _LOW) * (word_value(b) & _LOW)),
)  # fmt: skip
"""The product of the lower 32 bits of both. That of all bits takes some processors thrice as long,
which is what compilers choose where they see a product, a mask or a shift too many."""
join_halves: Any = written(
    WHOLE_VALUE, (WHOLE_VALUE, WHOLE_VALUE), _choose_halves,
    lambda low, high: word_value((word_value(low) & _LOW) | (word_value(high) << _HALF)),
)  # fmt: skip
"""The lower 32 bits of both in one: of the first as the lower half."""
pick: Any = written(
    WHOLE_VALUE, (MASK_VALUE, WHOLE_VALUE, WHOLE_VALUE), _by_name("select"),
    lambda mask, a, b: word_value(np.where(mask, word_value(a), word_value(b))),
)  # fmt: skip
"""`where` of whole numbers."""
each_word: Any = written(
    WHOLE_VALUE, (WHOLE_VALUE,), lambda builder, value: value, word_value
)
"""The same whole number for every path."""
count_up: Any = written(
    WHOLE_VALUE, (WHOLE_VALUE,),
    lambda builder, first: builder.add(first, ir.Constant(_WORDS, list(range(ABREAST)))),
    lambda first: word_value(word_value(first) + np.arange(ABREAST, dtype=np.uint64)),
)  # fmt: skip
"""A whole number for the first path, one more for each that follows."""
word_of: Any = written(
    types.uint64, (WHOLE_VALUE, types.intp), _at,
    lambda words, path: np.uint64(word_value(words)[path]),
)  # fmt: skip
"""word_of(w, lane): the whole number of one path."""


def _emit_look_up(_typing: Any, table: Any, places: Any) -> tuple[Any, Callable[..., Any]]:
    words = table.dtype == types.uint64

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        numbers = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        found = ir.Constant(_WORDS if words else _NUMBERS, ir.Undefined)
        for path in range(ABREAST):
            lane = ir.Constant(_PLACE, path)
            place = builder.gep(numbers, [builder.extract_element(arguments[1], lane)])
            found = builder.insert_element(found, builder.load(place), lane)
        return found

    return (WHOLE_VALUE if words else WIDE_VALUE)(table, places), generate


def _look_up(table: Any, places: Any) -> Any:
    found = table[word_value(places)]
    return word_value(found) if found.dtype == np.uint64 else _value(found)


look_up: Any = _look_up if _off else cast(Any, intrinsic)(_emit_look_up)
"""look_up(table, w): of a plain array of numbers or words, the one at each path's place."""


def _emit_send(
    _typing: Any, table: Any, row: Any, first: Any, values: Any
) -> tuple[Any, Callable[..., Any]]:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        width = builder.extract_value(source.shape, 1)
        place = builder.add(builder.mul(arguments[1], width), arguments[2])
        to = builder.bitcast(builder.gep(source.data, [place]), _NUMBERS.as_pointer())
        sent = builder.store(arguments[3], to, align=LINE)
        once = [ir.Constant(ir.IntType(32), 1)]
        sent.set_metadata("nontemporal", builder.module.add_metadata(once))
        return context.get_dummy_value()

    return types.void(table, types.intp, types.intp, values), generate


def _send_alone(table: Any, row: int, first: int, values: Any) -> None:
    table[row, first : first + ABREAST] = values


send: Any = _send_alone if _off else cast(Any, intrinsic)(_emit_send)
"""send(table, row, first, x): x to a plain C-ordered array, from a place on that begins a line of
memory, past the caches: what is written long before it is read need not be fetched from there."""


def _find_run(context: Any, builder: Any, kind: Any, arguments: Any, vector: Any) -> Any:
    """The address of neighbors in an array: `arguments` begins with it and the first place."""
    numbers = context.make_array(kind)(context, builder, arguments[0]).data
    return builder.bitcast(builder.gep(numbers, [arguments[1]]), vector.as_pointer())


def _emit_run(_typing: Any, memory: Any, at: Any) -> tuple[Any, Callable[..., Any]]:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _find_run(context, builder, signature.args[0], arguments, _NUMBERS)
        return builder.load(place, align=8)

    return WIDE_VALUE(memory, types.intp), generate


def _emit_put_run(
    _typing: Any, memory: Any, at: Any, values: Any
) -> tuple[Any, Callable[..., Any]]:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _find_run(context, builder, signature.args[0], arguments, _NUMBERS)
        builder.store(arguments[2], place, align=8)
        return context.get_dummy_value()

    return types.void(memory, types.intp, values), generate


def _put_run_alone(memory: Any, at: int, values: Any) -> None:
    memory[at : at + ABREAST] = values


run: Any = (
    (lambda memory, at: _value(memory[at : at + ABREAST])) if _off
    else cast(Any, intrinsic)(_emit_run)
)  # fmt: skip
"""run(memory, at): the `ABREAST` neighbors from a place of a plain array on, one for each path."""
put_run: Any = _put_run_alone if _off else cast(Any, intrinsic)(_emit_put_run)
"""put_run(memory, at, x): x to that many places of a plain array."""


def _packed(width: int) -> tuple[Any, Any]:
    """What puts whole numbers of so many bits to an array of plain numbers, and what reads them."""
    vector, places = ir.VectorType(ir.IntType(width), ABREAST), ABREAST * width // 64
    kind = np.dtype(f"u{width // 8}")

    def emit_put(_typing: Any, memory: Any, at: Any, words: Any) -> tuple[Any, Callable[..., Any]]:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            to = _find_run(context, builder, signature.args[0], arguments, vector)
            builder.store(builder.trunc(arguments[2], vector), to, align=8)
            return context.get_dummy_value()

        return types.void(memory, types.intp, words), generate

    def emit(_typing: Any, memory: Any, at: Any) -> tuple[Any, Callable[..., Any]]:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            place = _find_run(context, builder, signature.args[0], arguments, vector)
            return builder.uitofp(builder.load(place, align=8), _NUMBERS)

        return WIDE_VALUE(memory, types.intp), generate

    def put_alone(memory: Any, at: int, words: Any) -> None:
        memory[at : at + places].view(kind)[:] = word_value(words)

    def alone(memory: Any, at: int) -> Any:
        return _value(memory[at : at + places].view(kind))

    if _off:
        return put_alone, alone
    return cast(Any, intrinsic)(emit_put), cast(Any, intrinsic)(emit)


SHORT, TINY = ABREAST // 4, ABREAST // 8
"""Places of an array of plain numbers that hold a whole number below 2**16, or 2**8, of each
path."""
put_short, short = _packed(16)
"""put_short(memory, at, w): whole numbers below 2**16 to `SHORT` places of an array; short(memory,
at): what was put there, as numbers."""
put_tiny, tiny = _packed(8)
"""The same of whole numbers below 2**8 and `TINY` places."""


def widen(kind: Any) -> Any:
    """The kind of a tuple of arrays, those of `WIDE` and `WORDS` read as wide values."""
    if isinstance(kind, types.Array):
        for record, value in ((_RECORD, WIDE_VALUE), (_WORD_RECORD, WHOLE_VALUE)):
            if kind.dtype == record:
                return types.Array(value, kind.ndim, kind.layout, aligned=False)
    if not isinstance(kind, types.BaseTuple):
        return kind
    tuples, parts = cast(Any, types), [widen(one) for one in cast(Any, kind)]
    if isinstance(kind, types.BaseNamedTuple):
        return tuples.NamedTuple(parts, cast(Any, kind).instance_class)
    return tuples.Tuple(parts)


_RECORD: Any = cast(Any, from_dtype)(WIDE)
_WORD_RECORD: Any = cast(Any, from_dtype)(WORDS)


def _emit_as_wide(_typing: Any, array: Any) -> tuple[Any, Callable[..., Any]]:
    result = types.Array(WIDE_VALUE, 1, "C", aligned=False)

    def generate(context: Any, builder: Any, given: Any, arguments: Any) -> Any:
        source = context.make_array(given.args[0])(context, builder, arguments[0])
        found = context.make_array(result)(context, builder)
        rows = builder.extract_value(source.shape, 0)
        step = context.get_constant(types.intp, WIDE.itemsize)
        found.meminfo, found.parent = source.meminfo, source.parent
        found.meminfo = ir.Constant(found.meminfo.type, None)
        found.parent = ir.Constant(found.parent.type, None)
        found.nitems, found.itemsize = rows, step
        found.data = builder.bitcast(source.data, found.data.type)
        found.shape = builder.insert_value(found.shape, rows, 0)
        found.strides = builder.insert_value(found.strides, step, 0)
        return found._getvalue()

    return result(array), generate


class _Numbers(NamedTuple):
    """A wide array where there is no compiler: what is read is not changed by a later write."""

    numbers: Any

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.numbers.shape[:-1])

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    def __getitem__(self, place: Any) -> Any:
        found = self.numbers[place]
        if found.ndim > 1:
            return _Numbers(found)
        return _value(found) if found.dtype == np.float64 else word_value(found)

    def __setitem__(self, place: Any, value: Any) -> None:
        self.numbers[place] = value


as_wide: Any = _Numbers if _off else cast(Any, intrinsic)(_emit_as_wide)
"""as_wide(array): a C-ordered array [n, path] as a wide one [n]; it does not own its memory."""


def spell_out(found: Any) -> Any:
    """A tuple of arrays as `widen` says, without the compiler.

    As compiled, anything may be divided by anything where a mask does not look, and too large a
    number is infinite.
    """
    np.seterr(divide="ignore", invalid="ignore", over="ignore")
    if isinstance(found, np.ndarray) and found.dtype in (WIDE, WORDS):
        return _Numbers(found["of"])
    if isinstance(found, tuple) and hasattr(found, "_fields"):
        return type(found)(*[spell_out(part) for part in found])
    return tuple(spell_out(part) for part in found) if isinstance(found, tuple) else found
