"""The ways in which a kernel function is compiled.

``jit`` is for the functions that other rooms call and may make arrays; ``lean`` is for what
happens inside a path, where nothing is allocated; ``inline`` marks what is small enough that
the compiler may well dissolve it into its caller; ``forced`` is for the few that must (a random
word). ``once`` is for what is called in one place and dissolves into it, ``apart`` for what is
large, called in many, and must not.
All release the GIL, so chunks of paths can run in threads, and all keep their machine code in
the folder that :mod:`pfs_sim.kernels.cache` chooses from the text of all kernels, so that an edit
or an upgrade never runs old code.

Time to compile: numba optimizes a function, and once more with each of its callers, and theirs,
which made most of a cold start. So ``inner`` functions, and all whose name begins with an
underscore, are only written down, and optimized where they end up: they can be called by kernels
and not from Python. A ``stage`` is a large function that others call by its address, so that they
are not compiled with it.
"""

import ctypes
from collections.abc import Callable
from functools import partial
from importlib import import_module
from inspect import signature
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba.core import config as numba_config
from numba.core import types
from numba.core.callwrapper import PyCallWrapper
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering

from pfs_sim.kernels._handing import By
from pfs_sim.kernels._keeping import keep

F = TypeVar("F", bound=Callable[..., Any])

config: Any = numba_config  # its settings are not in numba's stubs
make_function: Any = import_module("numba._dynfunc").make_function  # no stubs either


def jit(function: F) -> F:
    """Compile on first call: cached on disk, without the GIL, IEEE arithmetic (no fastmath)."""
    return _compiled(function)


def lean(function: F) -> F:
    """As :func:`jit`, for a function that neither makes nor returns an array.

    It does without reference counts, whose atomic increments otherwise cost several times as
    much as a random draw: a gamma draw took 77 ns with them and takes 15 ns without.
    """
    return _compiled(function, _nrt=False)


def inline(function: F) -> F:
    """As :func:`lean`, for a small function; LLVM decides by its size whether to dissolve it.

    Forcing it everywhere multiplied the code: the outcomes alone then took minutes to compile.
    """
    return _compiled(function, _nrt=False)


def forced(function: F) -> F:
    """As :func:`lean`, and LLVM is told to dissolve it into each caller: a random word or two."""
    return _compiled(function, _nrt=False, forceinline=True)


def inner(function: F) -> F:
    """As :func:`lean`, for a function that only kernels call: it is cheap to compile."""
    return _compiled(function, inner=True, _nrt=False)


def once(function: F) -> F:
    """As :func:`inner`, dissolved into its caller: for what is called in one place, or few.

    A call hands on every array as seven words; where there are thirty it costs as much as a draw.
    """
    return _compiled(function, inner=True, _nrt=False, forceinline=True)


def apart(function: F) -> F:
    """As :func:`lean`, and never dissolved: a large function that is called in many places.

    LLVM found every sampler worth dissolving wherever it is called, which made a hundredfold of
    the outcomes' code and minutes of compiling.
    """
    return _compiled(function, apart=True, _nrt=False)


def inner_apart(function: F) -> F:
    """As :func:`apart`, for a function that only kernels call: it is cheap to compile."""
    return _compiled(function, inner=True, apart=True, _nrt=False)


def stage(function: F) -> F:
    """As :func:`lean`, for a large function that others call by its address (`called`)."""
    return _compiled(function, _nrt=False, no_cfunc_wrapper=False, no_cpython_wrapper=True)


class _Address(types.WrapperAddressProtocol):
    """A compiled function as a value: where it begins, and what it takes."""

    def __init__(self, compiled: Any) -> None:
        name = compiled.fndesc.llvm_cfunc_wrapper_name
        self._library, self._signature = compiled.library, compiled.signature
        self._address = compiled.library.get_pointer_to_function(name)
        # Numba finds this type by itself only once it is ready to compile.
        self._numba_type_ = types.FunctionType(compiled.signature)

    def __wrapper_address__(self) -> int:
        return int(self._address)

    def signature(self) -> Any:
        return self._signature


_addresses: dict[tuple[Any, ...], _Address] = {}


def called(function: Callable[..., Any], *arguments: Any) -> Any:
    """A `stage` as an argument of another function, compiled for arguments like these.

    Tuples are to be handed on by their addresses (`pfs_sim.kernels._handing`). Without the
    compiler it is the function itself.
    """
    if config.DISABLE_JIT:
        return function
    kinds = _by_address(arguments)
    if (function, kinds) not in _addresses:
        dispatcher = cast(Any, function)
        dispatcher.compile(kinds)
        _addresses[function, kinds] = _Address(dispatcher.overloads[kinds])
    return _addresses[function, kinds]


class _Promise:
    """A `stage` that is compiled elsewhere: it has a type, and nothing to call."""

    def __init__(self, signature: Any) -> None:
        self._numba_type_ = types.FunctionType(signature)


def promise(function: Callable[..., Any], *arguments: Any) -> Any:
    """As `called`, for another function to be compiled with before this one is.

    What it returns is taken from its annotation, an int or nothing.
    """
    if config.DISABLE_JIT:
        return function
    found = types.int64 if function.__annotations__["return"] in (int, "int") else types.none
    return _Promise(found(*_by_address(arguments)))


def compile_for(function: Callable[..., Any], *arguments: Any) -> None:
    """Compile a function for arguments like these, or read it from the cache; call nothing."""
    if not config.DISABLE_JIT:
        cast(Any, function).compile(_kinds(arguments))


def _by_address(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The types of arguments as a stage takes them."""
    return tuple(By(k) if isinstance(k, types.BaseTuple) else k for k in _kinds(arguments))


def _kinds(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The types of arguments, as the compiler sees them."""
    return tuple(cast(Any, numba).typeof(argument) for argument in arguments)


def _compiled(function: F, inner: bool = False, apart: bool = False, **flags: bool) -> F:
    """Its dispatcher, which keeps what it compiles unless the function is an inner one."""
    options: dict[str, Any] = {"nogil": True}
    # Numba hands the wish to dissolve on to whatever is called, unless that says no.
    options |= {"no_cfunc_wrapper": True, "forceinline": False, **flags}
    inner = inner or function.__name__.startswith("_")
    options["pipeline_class"] = _PIPELINES[inner, apart]
    if inner:
        options["no_cpython_wrapper"] = True
    # Numba works it out twice for each function, a fortieth of the time to the first path.
    cast(Any, function).__signature__ = signature(function)
    found = cast(Any, numba.njit)(**options)(function)
    if not config.DISABLE_JIT:
        found.get_call_template = partial(_of_any_value, found)
        if not inner:
            keep(function, found)
    return cast(F, found)


def _of_any_value(found: Any, given: Any, named: Any) -> Any:
    """What a kernel that calls a function needs to know of it, whatever the numbers it hands on.

    Numba compiles a function again for each number that stands in a call: that was a twelfth of a
    cold start.
    """
    unliteral = cast(Any, types).unliteral
    kinds = {name: unliteral(kind) for name, kind in named.items()}
    return type(found).get_call_template(found, [unliteral(one) for one in given], kinds)


def _from_the_front(signature: Any) -> Any:
    """The signature of an access to an array, its indices without a sign."""
    array, index, *value = signature.args
    if isinstance(array, types.Array):
        signature = signature.replace(args=(array, _without_sign(index), *value))
    return signature


def _without_sign(index: Any) -> Any:
    """The kind of an index, or of several, without a sign; slices stay what they are."""
    if isinstance(index, types.BaseTuple):
        return cast(Any, types.Tuple)([_without_sign(one) for one in cast(Any, index)])
    return types.uintp if isinstance(index, types.Integer) else index


class _Lower(Lower):
    """Numba's lowering of a function, but for two things.

    Indices count from the front. And the door through which Python calls a function is left as it
    is written: it unpacks a plan of some hundred arrays, once a thousand paths, and to optimize it
    took as long as to optimize half of what is behind it, a tenth of a cold start.
    """

    def lower_getitem(
        self, resty: Any, expr: Any, value: Any, index: Any, signature: Any
    ) -> Any:
        """Read a place of an array."""
        ours = _from_the_front(signature)
        return cast(Any, super()).lower_getitem(resty, expr, value, index, ours)

    def lower_setitem(self, target_var: Any, index_var: Any, value_var: Any, signature: Any) -> Any:
        """Write to a place of an array."""
        ours = _from_the_front(signature)
        return cast(Any, super()).lower_setitem(target_var, index_var, value_var, ours)

    def create_cpython_wrapper(self, release_gil: bool = False) -> None:
        """As Numba makes it (`CPUContext.create_cpython_wrapper`), and left as it is written."""
        own = cast(Any, self)
        context, about = own.context, own.fndesc
        module = context.create_module("wrapper")
        kind = context.call_conv.get_function_type(about.restype, about.argtypes)
        behind = ir.Function(module, kind, about.llvm_func_name)
        door, _ = cast(Any, PyCallWrapper)(
            context, module, behind, about, own.env, own.call_helper, release_gil
        ).build()
        door.attributes.add("noinline")
        door.attributes.add("optnone")
        own.library.add_ir_module(module)


class _LowerApart(_Lower):
    """The same of a function that LLVM may not dissolve."""

    def setup_function(self, fndesc: Any) -> None:
        """Say so to LLVM."""
        cast(Any, super()).setup_function(fndesc)
        cast(Any, self).function.attributes.add("noinline")


class _Compile(NativeLowering):
    """The last step of a function: its machine code."""

    _name = "pfs_sim_compile"

    @property
    def lowering_class(self) -> Any:
        """What lowers it."""
        return _Lower


class _CompileApart(_Compile):
    """The last step of a function that is called and not dissolved."""

    _name = "pfs_sim_apart"

    @property
    def lowering_class(self) -> Any:
        """What lowers it."""
        return _LowerApart


class _WriteDown(_Compile):
    """The last step of an inner function: its code is linked with its callees', and that is all.

    It is neither optimized nor turned into machine code; whoever calls it does that.
    """

    _name = "pfs_sim_write_down"

    def run_pass(self, state: Any) -> bool:
        """Write the function down. Called from Python all the same, it raises a TypeError."""
        level, config.OPT = config.OPT, type(config.OPT)(0)
        state.flags.no_compile = True
        try:
            cast(Any, super()).run_pass(state)
        finally:
            config.OPT = level
        library, found = state.library, state["cr"]
        for other in dict.fromkeys(library._linking_libraries):
            library._reload_init.update(other._reload_init)
            library._final_module.link_in(other._get_module_for_linking(), preserve=True)
        library._finalized = True
        nowhere = make_function(
            found.fndesc.lookup_module(), found.fndesc.qualname, "An inner function.",
            _BAD_CALL, found.env, (library,),
        )
        state.targetctx.insert_user_function(nowhere, found.fndesc, [library])
        state["cr"] = found._replace(cfunc=nowhere)
        return True


_BAD_CALL = ctypes.cast(ctypes.pythonapi.PyErr_BadArgument, ctypes.c_void_p).value
"""Where a call from Python goes: it returns nothing, with a TypeError."""


class _WriteDownApart(_WriteDown):
    """The last step of an inner function that is called and not dissolved."""

    _name = "pfs_sim_write_down_apart"

    @property
    def lowering_class(self) -> Any:
        """What lowers it."""
        return _LowerApart


for _step in (_Compile, _CompileApart, _WriteDown, _WriteDownApart):
    cast(Any, register_pass)(mutates_CFG=True, analysis_only=False)(_step)


_NEEDLESS = frozenset(
    (
        "WithLifting", "InlineClosureLikes", "RewriteSemanticConstants", "DeadBranchPrune",
        "RewriteDynamicRaises", "MakeFunctionToJitFunction", "InlineInlinables",
        "FindLiterallyCalls", "LiteralUnroll", "LiteralPropagationSubPipelinePass",
        "InlineOverloads", "NopythonRewrites", "NoPythonSupportedFeatureValidation",
        "DumpParforDiagnostics",
    )
)  # fmt: skip
"""Numba's steps for what no kernel has: closures, `with`, `raise`, literals to unroll, sums of
whole arrays. After each of them the lifetimes of all variables are worked out anew: without them
compiling takes a tenth less, and the machine code is the same."""


class _Ours(Compiler):
    """Numba's compiler without needless steps, and with a last one of ours."""

    last_step: Any = _Compile

    def define_pipelines(self) -> list[Any]:
        """Its pipelines, our step in the place of the one that makes machine code."""
        managers: list[Any] = cast(Any, super()).define_pipelines()
        for manager in managers:
            manager.passes = [
                (self.last_step if step is NativeLowering else step, reason)
                for step, reason in manager.passes
                if step.__name__ not in _NEEDLESS
            ]
            manager._finalized = False
            manager.finalize()
        return managers


class _Apart(_Ours):
    last_step = _CompileApart


class _Inner(_Ours):
    last_step = _WriteDown


class _InnerApart(_Ours):
    last_step = _WriteDownApart


_PIPELINES = {
    (False, False): _Ours, (False, True): _Apart, (True, False): _Inner, (True, True): _InnerApart
}
"""By whether a function is an inner one, and whether it is never dissolved."""
