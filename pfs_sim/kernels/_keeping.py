"""How compiled kernels are written to their folder and read back.

Numba reads a function from its cache as if it were about to compile: first it loads and registers
all that it can compile, and then it parses the function's LLVM code along with the machine code,
in case a caller is to be compiled with it. That made 0.25 s of every start. Here machine code is
read, with the names in it; the compiler gets itself ready when it is at work
(`CompilerBase.__init__`), and LLVM code is parsed when a caller asks for it. Numba's own runtime,
some ten small functions, is kept as well: it compiles them in every process, in 25 ms. And the kind
of an array is found once for arrays of a kind.
"""

import os
import pickle
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import numpy as np
from llvmlite import binding
from numba.core import types
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    UserProvidedCacheLocator,
)
from numba.core.compiler import CompileResult
from numba.core.errors import NumbaError
from numba.core.runtime import nrtdynmod
from numba.core.typing.typeof import typeof_impl
from numba.np.numpy_support import from_dtype, map_layout

from pfs_sim.kernels.cache import announce_loss, announced_folder, subfolder

_folder = announced_folder()
# Without stubs:
_parse: Any = binding.parse_bitcode
_runtime: Any = import_module("numba.core.runtime").rtsys


def keep(function: Callable[..., Any], dispatcher: Any) -> None:
    """Have a function's dispatcher keep its code in our folder, whatever other packages have.

    Nor does it ask all installed packages for types of their own, which kernels do not take.
    """
    dispatcher._compilation_chain_init_hook = _ask_nobody
    if _folder is not None:
        dispatcher._cache = cast(Any, _Cache)(function)


def _ask_nobody() -> None:
    """What is done before a call is compiled, or read from the cache."""


class _Place(UserProvidedCacheLocator):
    """Where a function is kept: in our folder, by the file and line of its text."""

    def __init__(self, function: Any, file: str) -> None:
        self._py_file, self._lineno = file, function.__code__.co_firstlineno
        self._cache_path = os.path.join(str(_folder), subfolder(file))

    @classmethod
    def from_function(cls, function: Any, file: str) -> Any:
        """Its place; that the folder can be written was seen when it was chosen."""
        return cls(function, file)


class _Form(CompileResultCacheImpl):
    """In what form it is kept: as Numba does, and the names that its code defines."""

    _locator_classes: Any = (_Place,)

    def reduce(self, compiled: Any) -> Any:
        """What is written."""
        (name, _kind, code), *rest = cast(Any, super()).reduce(compiled)
        return name, *code, _names(compiled.library), *rest

    def rebuild(self, target: Any, written: Any) -> Any:
        """What was written, ready to be called (as `CompileResult._rebuild` does it)."""
        (
            name, machine_code, llvm_code, names, about, environment, signature, object_mode,
            lifted, annotation, reload_init, environments,
        ) = written  # fmt: skip
        for again in reload_init:
            again()
        library = _link(target, name, machine_code, llvm_code, names)
        entry = target.get_executable(library, about, environment)
        for other in environments:
            library.codegen.set_env(other.env_name, other)
        return cast(Any, CompileResult)(
            target_context=target, typing_context=target.typing_context, library=library,
            environment=environment, entry_point=entry, fndesc=about, type_annotation=annotation,
            signature=signature, objectmode=object_mode, lifted=lifted, typing_error=None,
            call_helper=None, metadata=None, reload_init=reload_init, referenced_envs=environments,
        )  # fmt: skip


def _names(library: Any) -> set[str]:
    """What the code of a library defines."""
    module = library._get_module_for_linking()
    values = (*module.functions, *module.global_variables)
    return {value.name for value in values if not value.is_declaration}


def _link(target: Any, name: str, machine_code: bytes, llvm_code: bytes, names: set[str]) -> Any:
    """A library from its machine code."""
    library = target.codegen().create_library(name)
    library.enable_object_caching()
    library._set_compiled_object(machine_code)
    library._get_module_for_linking = _Later(llvm_code)
    library._finalize_final_module()
    library.codegen._engine._defined_symbols |= names
    return library


class _Later:
    """A library's LLVM code, parsed when a caller is first linked with it."""

    def __init__(self, llvm_code: bytes) -> None:
        self.llvm_code, self.module = llvm_code, None

    def __call__(self) -> Any:
        if self.module is None:
            self.module = _parse(self.llvm_code)
        return self.module


class _Cache(FunctionCache):
    """The cache of one function."""

    _impl_class = _Form

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The function for these arguments, or None. Machine code needs the runtime alone."""
        _start_runtime(target)
        cache = cast(Any, self)
        try:
            found = cache._cache_file.load(cache._index_key(signature, target.codegen()))
        except Exception:  # what a system that went down has left: nothing, or a part
            with suppress(OSError):
                cache.flush()
            return None
        return None if found is None else cache._impl.rebuild(target, found)

    def save_overload(self, signature: Any, data: Any) -> None:
        """Keep a function; where there is no room for it, a run goes on without."""
        try:
            cast(Any, super()).save_overload(signature, data)
        except OSError as error:
            announce_loss(error.strerror or str(error))


def _start_runtime(target: Any) -> None:
    """Start Numba's runtime, unless it runs, with its functions from our folder."""
    if not _runtime._init:
        compile_anew = nrtdynmod.compile_nrt_functions
        nrtdynmod.compile_nrt_functions = _read_runtime
        try:
            _runtime.initialize(target)
        finally:
            nrtdynmod.compile_nrt_functions = compile_anew


def _read_runtime(target: Any) -> Any:
    """The library of the runtime, as it was kept; compiled and kept where it was not."""
    file = Path(str(_folder)) / "runtime"
    with suppress(Exception):  # whatever is wrong with it
        return _link(target, *pickle.loads(file.read_bytes()))
    module, library = cast(Any, nrtdynmod).create_nrt_module(target)
    library.enable_object_caching()
    library.add_ir_module(module)
    library.finalize()
    name, _kind, code = library.serialize_using_object_code()
    aside = file.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        try:
            aside.write_bytes(pickle.dumps((name, *code, _names(library))))
            os.replace(aside, file)
        finally:
            aside.unlink(missing_ok=True)
    return library


_kinds: dict[tuple[Any, ...], Any] = {}
_of_any_array: Any = typeof_impl.dispatch(np.ndarray)
_of_any_tuple: Any = typeof_impl.dispatch(tuple)


def _kind_of_array(array: Any, context: Any) -> Any:
    """The type of an array, as Numba finds it, which looks at each anew and imports numpy.ma."""
    what = array.dtype
    if type(array) not in (np.ndarray, np.recarray) or what.hasobject:
        return _of_any_array(array, context)
    known = what, what.isalignedstruct, array.ndim, array.flags.num
    if known not in _kinds:
        try:
            kind = from_dtype(what)
        except NumbaError:
            return _of_any_array(array, context)
        _kinds[known] = cast(Any, types.Array)(
            kind, array.ndim, map_layout(array), readonly=not array.flags.writeable
        )
    return _kinds[known]


def _kind_of_tuple(whole: tuple[Any, ...], context: Any) -> Any:
    """The type of a tuple, as Numba finds it: one of a hundred parts takes long to be named."""
    parts = [cast(Any, typeof_impl)(part, context) for part in whole]
    known = type(whole), *map(id, parts)  # there is one type of a kind, and the tuple's holds it
    found = _kinds.get(known) or _of_any_tuple(whole, context)
    if found is not None:
        _kinds[known] = found
    return found


typeof_impl.register(np.ndarray)(_kind_of_array)
typeof_impl.register(tuple)(_kind_of_tuple)
