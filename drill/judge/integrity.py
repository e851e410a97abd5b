"""Whether what verdicts rest on is still what it was before the submission was imported.

In one interpreter with the submission this cannot be proof: code that finds this module can change it
too. It catches what forgers try first, and says by name what they changed.
"""

import builtins
import importlib
import math
import operator
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pluggy
import pytest
import torch
import torch.library
import torch.nn.modules.module as module_hooks

# What decides each check: looked at after every one.
_DECIDING = (
    "drill.checking", "drill.report", "drill.judge.child", "drill.judge.plugin", "drill.judge.rules",
    "drill.judge.integrity", "_pytest.runner", "_pytest.reports", "_pytest.outcomes", "pluggy._callers",
)  # fmt: skip
# What checks compare with: looked at when all have run.
_ORACLES = (
    "torch", "torch.nn", "torch.nn.functional", "torch.nn.init", "torch.autograd", "torch.autograd.gradcheck",
    "torch.linalg", "torch.func", "torch.optim", "torch.overrides", "torch.random", "torch.testing",
    "torch.testing._comparison", "torch.utils.data", "torch._tensor", "torch._C._nn", "numpy", "copy",
    "_pytest.python", "_pytest.fixtures", "_pytest.main", "_pytest.nodes", "_pytest._code.code",
    "pluggy._hooks", "pluggy._manager", "pluggy._result",
)  # fmt: skip
_TENSOR_METHODS = (
    "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__sub__", "__bool__", "__invert__",
    "__torch_function__", "allclose", "isclose", "equal", "all", "any", "abs", "sum", "max", "item",
    "detach", "as_subclass", "to", "shape", "dtype", "device", "requires_grad", "grad",
)  # fmt: skip
_HOOKS = (
    "pytest_pyfunc_call", "pytest_runtest_protocol", "pytest_runtest_setup", "pytest_runtest_call",
    "pytest_runtest_makereport", "pytest_fixture_setup", "pytest_runtestloop",
)  # fmt: skip
# Torch and Python assign these themselves when they first need them; share_memory_ the confinement.
_MAY_CHANGE = {
    "__builtins__", "__warningregistry__", "_dynamo", "_",
    "Storage",  # follows torch.set_default_dtype
    "share_memory_",
}  # fmt: skip
_NOT_THERE = object()

# Captured: a submission may put its own in their place.
_vars, _type, _len, _list, _sorted = vars, type, len, list, sorted
_functions_on_top, _dispatchers_on_top = (
    torch._C._len_torch_function_stack,
    torch._C._len_torch_dispatch_stack,
)


class _Names:
    """The names of one module or class, and the insides of the functions among them."""

    def __init__(self, owner: Any, label: str, names: Iterable[str] | None = None) -> None:
        self.owner = owner
        self.label = label
        known = _vars(owner)
        wanted = _list(known) if names is None else [name for name in names if name in known]
        self.values = {name: known[name] for name in wanted if name not in _MAY_CHANGE}
        functions = list(_functions(self.values))
        self.insides: list[tuple[str, FunctionType, CodeType, Any]] = [
            (name, function, function.__code__, function.__defaults__)
            for name, function in functions
        ]
        # A name that is inherited and then overridden is a change as well.
        self.absent = [] if names is None else [name for name in names if name not in known]

    def changed(self, but: set[tuple[int, str]]) -> list[str]:
        """Written for speed: it runs after every check, over some two thousand names."""
        now, gone = _vars(self.owner), _NOT_THERE
        get = now.get
        found = [name for name, value in self.values.items() if get(name, gone) is not value]
        if found:
            found = [name for name in found if not _is_the_compilers(get(name))]
        found += [name for name in self.absent if name in now]
        found += [
            name
            for name, function, code, defaults in self.insides
            if function.__code__ is not code or function.__defaults__ is not defaults
        ]
        owner = id(self.owner)
        return [f"{self.label}.{name}" for name in found if (owner, name) not in but]


def _is_the_compilers(value: Any) -> bool:
    """Whether torch's compiler put this wrapper there, as it does when a submission first needs it.

    `torch.func.vmap`, `checkpoint` and `torch.compile` import it; nobody is to blame for that.
    """
    if _type(value) is not FunctionType:
        return False
    # Not __module__: the wrapper copies that from what it wraps.
    name = value.__globals__.get("__name__", "")
    module = sys.modules.get(name)
    return (
        name.startswith(("torch._dynamo.", "torch._compile"))
        and module is not None
        and value.__globals__ is _vars(module)
        and value.__code__.co_filename == getattr(module, "__file__", None)
    )


def _functions(values: dict[str, Any]) -> Iterator[tuple[str, FunctionType]]:
    for name, value in values.items():
        inner = value.__func__ if _type(value) in (classmethod, staticmethod) else value
        if _type(inner) is property:
            inner = inner.fget
        if _type(inner) is FunctionType:
            yield name, inner


def _with_classes(name: str) -> Iterator[_Names]:
    """A module and the classes that it shows: torch's under every name, others where they are defined."""
    module = sys.modules.get(name) or importlib.import_module(name)
    yield _Names(module, name)
    for attribute, value in list(vars(module).items()):
        if isinstance(value, type) and (
            value.__module__ == name
            or (name.startswith("torch") and value.__module__.startswith("torch"))
        ):
            yield _Names(value, f"{name}.{attribute}")


class _Picture:
    """What is the same for every check, so that the warm server takes it once, before it forks."""

    def __init__(self) -> None:
        self.deciding = [
            _Names(builtins, "builtins"),
            _Names(math, "math"),
            _Names(operator, "operator"),
            _Names(torch.Tensor, "torch.Tensor", _TENSOR_METHODS),
            *(names for module in _DECIDING for names in _with_classes(module)),
        ]
        self.oracles = [
            _Names(torch.Tensor, "torch.Tensor", {*vars(torch.Tensor), *vars(torch._C.TensorBase)}),
            _Names(torch._C.TensorBase, "torch.Tensor"),
            *(names for module in _ORACLES if _exists(module) for names in _with_classes(module)),
        ]
        watched = (*_DECIDING, *_ORACLES, "pytest", "os", "json")
        self.modules = {name: sys.modules.get(name) for name in watched}


@cache
def picture() -> _Picture:
    return _Picture()


class Integrity:
    """Compares with the picture, and with how this session's checks were when this was made."""

    def __init__(self, session: pytest.Session, checks: ModuleType) -> None:
        self._deciding = [_Names(checks, "checks"), *picture().deciding]
        self._oracles = picture().oracles
        self._modules = picture().modules
        self._items = [(item, _type(item), getattr(item, "obj", None)) for item in session.items]
        self._session = session
        self._hooks = _hook_functions(session.config.pluginmanager)
        self._states: dict[str, tuple[Callable[[], Any], Any]] = {
            what: (read, read()) for what, read in _STATES.items()
        }

    def changed_now(self, but: Iterable[tuple[object, str]] = ()) -> list[str]:
        """What decides a check and was changed; `but` are names that the checks themselves replaced."""
        expected = {(id(owner), name) for owner, name in but}
        found = [what for names in self._deciding for what in names.changed(expected)]
        found += [what for what, (read, before) in self._states.items() if read() != before]
        found += self._changed_items()
        return found

    def changed(self) -> list[str]:
        """Everything that was changed, when all checks have run."""
        found = self.changed_now()
        found += [what for names in self._oracles for what in names.changed(set())]
        for name, module in self._modules.items():
            if module is not None and sys.modules.get(name) is not module:
                found.append(f"sys.modules[{name!r}]")
        if _hook_functions(self._session.config.pluginmanager) != self._hooks:
            found.append("the hooks of pytest")
        return _sorted(set(found))

    def _changed_items(self) -> Iterator[str]:
        if self._session.items != [item for item, *_ in self._items]:
            yield "the list of checks"
        for item, kind, function in self._items:
            if (
                _type(item) is not kind
                or "runtest" in _vars(item)
                or getattr(item, "obj", None) is not function
            ):
                yield f"the check {item.name}"


def _exists(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return module in sys.modules
    return True


def _hook_functions(manager: pluggy.PluginManager) -> list[Any]:
    """The functions behind each hook that runs a check; bound methods compare by object and function."""
    return [
        implementation.function
        for name in _HOOKS
        for implementation in getattr(manager.hook, name).get_hookimpls()
    ]


def _overridden_operators() -> int:
    """Kernels that Python code put in the place of torch's own."""
    overrides: set[str] = getattr(torch.library, "_impls", set())
    return _count_overrides(_len(overrides))


@cache
def _count_overrides(registered: int) -> int:
    """Counted again only where something was registered since: it is asked after every check."""
    overrides: set[str] = getattr(torch.library, "_impls", set())
    computing = (
        "/CPU",
        "/CUDA",
        "/AutogradCPU",
        "/AutogradCUDA",
        "/Autograd",
        "/",
    )  # not only shapes
    return sum(1 for key in overrides if key.startswith("aten/") and key.endswith(computing))


def _hooks_on_all_modules() -> int:
    return sum(
        _len(hooks)
        for name, hooks in _vars(module_hooks).items()
        if name.startswith("_global_") and hasattr(hooks, "__len__")
    )


_STATES: dict[str, Callable[[], Any]] = {
    "the stack of torch function modes": _functions_on_top,
    "the stack of torch dispatch modes": _dispatchers_on_top,
    "sys.settrace": sys.gettrace,
    "sys.setprofile": sys.getprofile,
    "sys.meta_path": lambda: [id(finder) for finder in sys.meta_path],
    "the hooks on all modules": _hooks_on_all_modules,
    "the operators of torch": _overridden_operators,
}
