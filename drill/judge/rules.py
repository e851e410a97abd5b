"""Names of torch that a challenge rules out: found in the syntax tree before the submission runs, and guarded while it runs."""

import ast
import functools
import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

from drill.challenge import Rule

# Ways round every rule on a torch name; nobody needs them in an interview answer.
_BACK_DOORS = ("torch._C", "torch.ops", "torch._refs", "torch._decomp", "torch._prims", "torch._VF")
# Where torch computes an operator by calling public names; the syntax tree shows who calls them directly.
_DECOMPOSITIONS = ("torch._refs", "torch._decomp", "torch._prims", "torch._meta_registrations")


@dataclass(frozen=True, slots=True)
class Violation:
    name: str
    line: int
    message: str


class RuleBroken(BaseException):
    """Raised into the submission where it calls a name that is ruled out.

    A BaseException, so that an `except Exception` of the submission's does not hide it.
    """

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.message)
        self.violation = violation


def violations(tree: ast.Module, rules: tuple[Rule, ...]) -> list[Violation]:
    """What the syntax tree alone shows: an import, an attribute or an alias of a name that is ruled out.

    A block under `if __name__ == "__main__"` never runs here and may use anything, and so may
    annotations, the class argument of isinstance, and an import that is used in no other way.
    """
    if not rules:
        return []
    finder = _Finder(rules)
    finder.visit(tree)
    return finder.found


class _Finder(ast.NodeVisitor):
    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.reasons = {_canonical(name): rule.message for rule in rules for name in rule.forbid}
        self.names: dict[str, str] = {}  # a name in the submission -> what it stands for
        self.found: list[Violation] = []

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.names[alias.asname or alias.name.partition(".")[0]] = (
                alias.name if alias.asname else alias.name.partition(".")[0]
            )

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self.names[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        stands_for = self._qualified(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name) and stands_for:
                self.names[target.id] = stands_for
            elif not isinstance(target, ast.Name):
                self.visit(target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None:
        """An annotation only names a type."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for child in (*node.decorator_list, node.args, *node.body):
            self.visit(child)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        for child in (*node.decorator_list, node.args, *node.body):
            self.visit(child)

    def visit_If(self, node: ast.If) -> None:
        test = ast.unparse(node.test)
        if "__name__" in test and "__main__" in test:
            for child in node.orelse:
                self.visit(child)
        else:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass"):
            self.visit(node.args[0])
            return
        if (
            isinstance(node.func, ast.Name)
            and node.func.id == "getattr"
            and len(node.args) >= 2
            and isinstance(node.args[1], ast.Constant)
            and isinstance(node.args[1].value, str)
        ):
            self._judge(ast.Attribute(node.args[0], node.args[1].value, ast.Load()), node.lineno)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not self._judge(node, node.lineno):
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._judge(node, node.lineno)

    def _judge(self, node: ast.expr, line: int) -> bool:
        name = _canonical(self._qualified(node))
        if not name:
            return False
        reason = self.reasons.get(name)
        if reason is None and name.startswith(_BACK_DOORS):
            reason = f"{name} is a way round the rules of this challenge"
        if reason is None:
            return False
        self.found.append(Violation(name, line, reason))
        return True

    def _qualified(self, node: ast.expr) -> str:
        """The dotted name an expression stands for, "" where it is not one."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, "")
        if isinstance(node, ast.Attribute):
            base = self._qualified(node.value)
            return f"{base}.{node.attr}" if base else ""
        return ""


@functools.cache
def _canonical(name: str) -> str:
    """The name that rules use for the same thing: `torch.nn.modules.linear.Linear` is `torch.nn.Linear`."""
    parts = name.split(".")
    if parts[:3] == ["torch", "nn", "modules"] and len(parts) >= 4:
        return f"torch.nn.{parts[-1]}"
    return name


class Guard:
    """Replaces the names that are ruled out by functions that refuse calls from the submission.

    The checks themselves may go on calling them: they are the oracle.
    """

    def __init__(self, rules: tuple[Rule, ...], filename: str) -> None:
        self._filename = filename
        self._rules = rules
        self._undo: list[Callable[[], None]] = []
        self.replaced: list[tuple[object, str]] = []

    def install(self) -> None:
        for rule in self._rules:
            for name in rule.forbid:
                for owner, attribute in _places(name):
                    self._replace(owner, attribute, name, rule.message)

    def remove(self) -> None:
        while self._undo:
            self._undo.pop()()
        self.replaced.clear()

    def _replace(self, owner: Any, attribute: str, name: str, message: str) -> None:
        original = getattr(owner, attribute)
        if isinstance(original, type):
            self._replace_init(original, name, message)
            return
        had_own = attribute in vars(owner)
        self.replaced.append((owner, attribute))

        @functools.wraps(original)
        def refusing(*args: Any, **kwargs: Any) -> Any:
            self.refuse_submission(name, message)
            return original(*args, **kwargs)

        setattr(owner, attribute, refusing)
        if had_own:
            self._undo.append(lambda: setattr(owner, attribute, original))
        else:
            self._undo.append(lambda: delattr(owner, attribute))

    def _replace_init(self, cls: type, name: str, message: str) -> None:
        original: Callable[..., None] = cls.__init__  # type: ignore[misc]

        @functools.wraps(original)
        def refusing(instance: Any, *args: Any, **kwargs: Any) -> None:
            self.refuse_submission(name, message)
            original(instance, *args, **kwargs)

        self.replaced.append((cls, "__init__"))
        cls.__init__ = refusing  # type: ignore[misc]
        self._undo.append(lambda: setattr(cls, "__init__", original))

    def refuse_submission(self, name: str, message: str) -> None:
        """Raise RuleBroken where a frame of the submission is what led here."""
        frame = _frame_of(self._filename, sys._getframe(2))
        if frame is not None:
            raise RuleBroken(Violation(name, frame.f_lineno, message))


def _frame_of(filename: str, frame: FrameType | None) -> FrameType | None:
    """The innermost frame of the submission, unless a check or torch's own decompositions stand between.

    On meta tensors cumsum, for one, is computed by torch._refs, which calls torch.arange.
    """
    while frame is not None:
        if frame.f_code.co_filename == filename:
            return frame
        module = frame.f_globals.get("__name__", "")
        if module == "checks" or module.startswith(_DECOMPOSITIONS):
            return None
        frame = frame.f_back
    return None


def _places(name: str) -> Iterator[tuple[Any, str]]:
    """Where a dotted name lives: the owner object and the attribute.

    Nowhere if its package was not imported: torchvision, say, takes seconds, and an import in the
    submission is seen in its source.
    """
    parts = name.split(".")
    if parts[0] not in sys.modules:
        return
    for cut in range(len(parts) - 1, 0, -1):
        try:
            owner: Any = importlib.import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:-1]:
            owner = getattr(owner, part)
        if hasattr(owner, parts[-1]):
            yield owner, parts[-1]
        return
