"""How compiled kernels are written to their folder and read back.

Numba reads a function from its cache as if it were about to compile: first it loads and registers
all that it can compile, and then it parses the function's LLVM code along with the machine code,
in case a caller is to be compiled with it. That made 0.25 s of every start. Here machine code is
read, with the names in it; the compiler gets itself ready when it is at work
(`CompilerBase.__init__`), and LLVM code is parsed when a caller asks for it.
"""

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

from llvmlite import binding
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    UserProvidedCacheLocator,
)
from numba.core.compiler import CompileResult

from pfs_sim.kernels.cache import announced_folder

_folder = announced_folder()
# Without stubs:
_parse: Any = binding.parse_bitcode
_runtime: Any = import_module("numba.core.runtime").rtsys


def keep(function: Callable[..., Any], dispatcher: Any) -> None:
    """Have a function's dispatcher keep its code in our folder, whatever other packages have."""
    if _folder is not None:
        dispatcher._cache = cast(Any, _Cache)(function)


class _Place(UserProvidedCacheLocator):
    """Where a function is kept: in our folder, by the file and line of its text."""

    def __init__(self, function: Any, file: str) -> None:
        self._py_file, self._lineno = file, function.__code__.co_firstlineno
        name = cast(Any, self).get_suitable_cache_subpath(file)
        self._cache_path = os.path.join(str(_folder), name)

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
        module = compiled.library._get_module_for_linking()
        values = (*module.functions, *module.global_variables)
        names = {value.name for value in values if not value.is_declaration}
        return name, *code, names, *rest

    def rebuild(self, target: Any, written: Any) -> Any:
        """What was written, ready to be called (as `CompileResult._rebuild` does it)."""
        (
            name, machine_code, llvm_code, names, about, environment, signature, object_mode,
            lifted, annotation, reload_init, environments,
        ) = written  # fmt: skip
        for again in reload_init:
            again()
        library = target.codegen().create_library(name)
        library.enable_object_caching()
        library._set_compiled_object(machine_code)
        library._get_module_for_linking = _Later(llvm_code)
        library._finalize_final_module()
        library.codegen._engine._defined_symbols |= names
        entry = target.get_executable(library, about, environment)
        for other in environments:
            library.codegen.set_env(other.env_name, other)
        return cast(Any, CompileResult)(
            target_context=target, typing_context=target.typing_context, library=library,
            environment=environment, entry_point=entry, fndesc=about, type_annotation=annotation,
            signature=signature, objectmode=object_mode, lifted=lifted, typing_error=None,
            call_helper=None, metadata=None, reload_init=reload_init, referenced_envs=environments,
        )  # fmt: skip


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
        _runtime.initialize(target)
        with self._guard_against_spurious_io_errors():
            return cast(Any, self)._load_overload(signature, target)
