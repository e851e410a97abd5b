"""What the judge imports before it forks, and what it spares itself.

It computes nothing: a forked child has none of the parent's threads, and would wait for them for ever.
"""

import importlib
import operator
import platform
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

_COMPILER = "torch._dynamo"
_SYMBOLIC_SHAPES = "torch.fx.experimental.symbolic_shapes"


def imports() -> None:
    """Import what checks use, so that every child has it at once."""
    for name in (
        "multiprocessing.popen_fork", "multiprocessing.queues", "multiprocessing.resource_sharer",
        "multiprocessing.synchronize", "torch.utils.data", "torch.profiler", "PIL.Image", "numpy.random",
        "readline", "encodings.unicode_escape", "_pytest._argcomplete",
        "drill.checking", "drill.judge.answering", "drill.judge.box", "drill.judge.child",
    ):  # fmt: skip
        importlib.import_module(name)
    for plugin in importlib.import_module("_pytest.config").default_plugins:
        importlib.import_module(f"_pytest.{plugin}")
    postpone_compiler()
    wrap_optimizer_steps()
    integrity = importlib.import_module("drill.judge.integrity")
    integrity.picture()


@cache
def versions() -> dict[str, str]:
    packages = {name: version(name) for name in ("torch", "pytest")}
    return {"drill": version("drill"), "python": platform.python_version(), **packages}


def thread_count() -> int:
    """Threads of this process as the system counts them, those of native libraries included."""
    try:
        return sum(1 for _ in Path("/proc/self/task").iterdir())
    except OSError:
        return threading.active_count()


def postpone_compiler() -> None:
    """Keep ordinary checks from importing torch's compiler and SymPy, 2 s and 100 MB, which they never use.

    Torch imports them lazily for small things: to switch the compiler off inside optimizers, and to
    compare sizes that might be symbolic. Those are answered here for code that is not being compiled,
    and by torch's own modules for all else.
    """
    for placeholder in (_Compiler(_COMPILER), _SymbolicShapes(_SYMBOLIC_SHAPES)):
        placeholder.stand_in()


def wrap_optimizer_steps() -> None:
    """Wrap each optimizer's `step` as torch does when the first of its class is built.

    Else that would look as if the submission had replaced it.
    """
    from torch import optim

    for kind in vars(optim).values():
        if (
            isinstance(kind, type)
            and issubclass(kind, optim.Optimizer)
            and kind is not optim.Optimizer
        ):
            # The method needs no more of an instance than its class, and building a real one computes.
            kind._patch_step_function(object.__new__(kind))


def bring_compiler_back() -> None:
    """For challenges that compile: everything as torch has it."""
    for name in (_COMPILER, _SYMBOLIC_SHAPES):
        module = sys.modules.get(name)
        if isinstance(module, _Placeholder):
            module.withdraw()


class _Placeholder(ModuleType):
    """Stands in for a heavy module, and gives way to it when more is asked than it can answer."""

    def stand_in(self) -> None:
        if self.__name__ not in sys.modules and find_spec(self.__name__):
            sys.modules[self.__name__] = self
            parent, _, child = self.__name__.rpartition(".")
            setattr(importlib.import_module(parent), child, self)

    def withdraw(self) -> None:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
            parent, _, child = self.__name__.rpartition(".")
            delattr(sys.modules[parent], child)

    def real(self) -> ModuleType:
        self.withdraw()
        return importlib.import_module(self.__name__)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # the import system's own questions
        return getattr(self.real(), name)


class _Compiler(_Placeholder):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.compiled_autograd = _CompiledAutograd(self)
        with suppress(FileNotFoundError):  # where another torch keeps its settings
            self.config = _alone(f"{name}.config")  # checkpointing reads one

    def __getattr__(self, name: str) -> Any:
        # Asked for where a submodule is wanted, which the placeholder has not.
        return self.real().__path__ if name == "__path__" else super().__getattr__(name)

    def disable(self, fn: Any = None, recursive: bool = True, **options: Any) -> Any:
        """Nothing is being compiled, so nothing has to be kept from it."""
        return fn if callable(fn) else self.real().disable(fn, recursive, **options)

    def graph_break(self) -> None:
        """Nothing is being compiled, so there is no graph to break."""


def _alone(name: str) -> ModuleType:
    """A submodule of a package that itself is not imported; the package will find it there."""
    parent, _, child = name.rpartition(".")
    found = find_spec(parent)
    assert found is not None
    assert found.submodule_search_locations is not None
    path = Path(found.submodule_search_locations[0]) / f"{child}.py"
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class _CompiledAutograd(ModuleType):
    """For `torch.func.grad` and `vjp`, which switch off a compiler that was never switched on."""

    def __init__(self, compiler: _Compiler) -> None:
        super().__init__(f"{_COMPILER}.compiled_autograd")
        self._compiler = compiler
        self._disable = nullcontext

    def __getattr__(self, name: str) -> Any:
        return getattr(self._compiler.real().compiled_autograd, name)


# What torch's questions about sizes come to where the sizes are plain numbers.
_OF_PLAIN_NUMBERS: dict[str, Callable[..., Any]] = {
    "expect_true": lambda a, skip=0: a,
    "guard_or_false": bool,
    "guard_or_true": bool,
    "guard_size_oblivious": bool,
    "statically_known_true": bool,
    "statically_known_false": operator.not_,
    "guard_int": int,
    "guarding_hint_or_throw": int,
    "has_guarding_hint": lambda a: True,
    "is_nested_int": lambda a: False,
    "sym_and": lambda *conditions: all(conditions),
    "sym_or": lambda *conditions: any(conditions),
    "sym_eq": lambda x, y: tuple(x) == tuple(y) if isinstance(x, tuple | list) else x == y,
}


class _SymbolicShapes(_Placeholder):
    def __getattr__(self, name: str) -> Any:
        if name not in _OF_PLAIN_NUMBERS:
            return super().__getattr__(name)

        def answer(*values: Any, **options: Any) -> Any:
            if all(map(_is_plain, values)):
                return _OF_PLAIN_NUMBERS[name](*values)
            return getattr(self.real(), name)(*values, **options)

        return answer


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    return type(value) in (int, bool)
