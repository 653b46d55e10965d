"""Large tuples of arrays handed to a function by where they lie, and not word by word.

A call hands on every array of a tuple as five words and two for each dimension. Between them the
stages of a path take 3,500 words, which twice over cost as much as a fifth of the path. So who
calls them lays each tuple down once (`by`, or `lay` before a kernel is called) and hands on its
address. A kernel reads a field of a named tuple from there when it uses it, `place.field`, and
hands on addresses too: the compiler never sees a whole tuple, which it would take apart in every
function that is handed one, a third of the time that it took. What lies there is never written
again.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cached_property
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import typeof, types
from numba.core import cgutils, config, imputils
from numba.core.typing import templates
from numba.extending import NativeValue, intrinsic, models, register_model, unbox

from pfs_sim.kernels._wide import spell_out, widen

_imputils: Any = imputils  # none of these is in numba's stubs
_templates: Any = templates


class By(types.Type):
    """The address of a tuple."""

    def __init__(self, of: Any) -> None:
        self.of = of
        cast(Any, super()).__init__(f"By({of})")

    @property
    def key(self) -> Any:
        """What tells it from the address of another tuple."""
        return self.of

    def __hash__(self) -> int:
        """As that of its name, which is worked out once; it is asked for at every look-up."""
        return hash(cast(Any, self).name)


register_model(By)(models.OpaqueModel)


def _emit_by(_typing: Any, whole: Any) -> tuple[Any, Callable[..., Any]]:
    def generate(_context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = cast(Any, cgutils).alloca_once_value(builder, arguments[0])
        return builder.bitcast(place, cast(Any, cgutils).voidptr_t)

    return By(whole)(whole), generate


def _emit_at(_typing: Any, place: Any) -> tuple[Any, Callable[..., Any]]:
    if not isinstance(place, By) or isinstance(place.of, types.BaseNamedTuple):
        return place(place), lambda _context, _builder, _signature, arguments: arguments[0]
    found = widen(place.of)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = context.get_value_type(signature.return_type)
        return _read(builder, builder.bitcast(arguments[0], whole.as_pointer()), whole)

    return found(place), generate


class _Fields(_templates.AttributeTemplate):  # type: ignore[misc]
    """A field of a named tuple by its address; of a tuple in it the address too."""

    key = By

    def generic_resolve(self, place: Any, name: str) -> Any:
        """What kind of value it is."""
        names = getattr(place.of, "fields", ())  # another tuple has none
        if name not in names:
            return None
        kind = place.of[names.index(name)]
        return By(kind) if isinstance(kind, types.BaseTuple) else widen(kind)


_templates.infer_getattr(_Fields)


def _read_field(context: Any, builder: Any, place: Any, address: Any, name: str) -> Any:
    whole = context.get_value_type(widen(place.of))
    n = place.of.fields.index(name)
    where = [ir.Constant(ir.IntType(32), i) for i in (0, n)]
    part = builder.gep(builder.bitcast(address, whole.as_pointer()), where, inbounds=True)
    if isinstance(place.of[n], types.BaseTuple):
        return builder.bitcast(part, cast(Any, cgutils).voidptr_t)
    return _read(builder, part, whole.elements[n])


_imputils.lower_getattr_generic(By)(_read_field)


def _read(builder: Any, place: Any, kind: Any) -> Any:
    """A value part by part, each marked as constant: the compiler may read it where it is used."""
    if not isinstance(kind, (ir.LiteralStructType, ir.ArrayType)):
        found = builder.load(place)
        found.set_metadata("invariant.load", builder.module.add_metadata([]))
        return found
    many = kind.count if isinstance(kind, ir.ArrayType) else len(kind.elements)
    whole, zero = ir.Constant(kind, ir.Undefined), ir.Constant(ir.IntType(32), 0)
    for i in range(many):
        part = kind.element if isinstance(kind, ir.ArrayType) else kind.elements[i]
        inner = builder.gep(place, [zero, ir.Constant(ir.IntType(32), i)], inbounds=True)
        whole = builder.insert_value(whole, _read(builder, inner, part), i)
    return whole


def _same(whole: Any) -> Any:
    """Without the compiler a tuple is handed on as it is."""
    return whole


class Laid:
    """A tuple of arrays as it lies in memory for kernels, as long as this is there."""

    def __init__(self, whole: tuple[Any, ...]) -> None:
        words = list[Any]()
        _write(whole, words)
        # Its arrays, and not itself, for it may hold this.
        self._parts, self._words = tuple(whole), np.array(words, np.uint64)
        self._numba_type_ = By(cast(Any, typeof)(whole))
        self.address = int(self._words.ctypes.data)

    def __reduce__(self) -> Any:
        """It holds addresses, which mean nothing elsewhere."""
        raise TypeError("what is laid down cannot be copied or sent to another process")


def _write(part: Any, words: list[Any]) -> None:
    """The words of a tuple: as Numba lays down arrays (of nobody), numbers and tuples of them."""
    if isinstance(part, tuple):
        for inner in part:
            _write(inner, words)
    elif isinstance(part, np.ndarray):
        plain = part.view(np.ndarray)  # a recarray looks for a field before any attribute
        words += 0, 0, plain.size, plain.itemsize, plain.ctypes.data, *plain.shape
        words += [step & _ALL_BITS for step in plain.strides]
    elif isinstance(part, float):
        words.append(struct.unpack("Q", struct.pack("d", part))[0])
    else:
        words.append(int(part) & _ALL_BITS)


def _unbox(_kind: Any, laid: Any, c: Any) -> Any:
    number = c.pyapi.object_getattr_string(laid, "address")
    address = c.pyapi.long_as_voidptr(number)
    c.pyapi.decref(number)
    return cast(Any, NativeValue)(address, is_error=c.pyapi.c_api_error())


cast(Any, unbox)(By)(_unbox)

_ALL_BITS = 0xFFFFFFFFFFFFFFFF
_off = bool(cast(Any, config).DISABLE_JIT)
by: Any = _same if _off else intrinsic(_emit_by)
"""Lay a tuple down and return where. It lies there until the caller returns."""
lay: Any = _same if _off else Laid
"""Lay a tuple down for kernels that are called from Python. It lies there as long as what this
returns; to have a kernel take it apart and lay it down anew took 2 s of each cold start."""


class LaidOnce:
    """What a named tuple is besides that is laid down once and handed on often."""

    @cached_property
    def laid(self) -> Any:
        """It as kernels take it."""
        return lay(self)

    def __getstate__(self) -> None:
        """A copy, here or in another process, is laid down anew."""


at: Any = spell_out if _off else intrinsic(_emit_at)
"""What lies at an address, wide arrays read as such: of a named tuple its fields can be asked for,
another tuple is read; what is no address stays as it is."""
