"""Mechanical edits of a reference solution, to measure what the checks let pass."""

import ast
import copy
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from drill.challenge import Challenge
from drill.judge.protocol import Job
from drill.judging import job
from drill.practice import same_code
from drill.report import Report, Verdict

Grade = Callable[[Job], Report]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One edit: what it is, in words that stay the same while its line does, and the edited source."""

    edit: str
    source: str


@dataclass(frozen=True, slots=True)
class MutationResult:
    challenge: str
    total: int
    killed: int
    survivors: tuple[str, ...]
    equivalent: tuple[str, ...]  # the survivors that the folder declares to compute the same
    stale: tuple[str, ...]  # declared to be equivalent, and not (or no longer) a survivor

    @property
    def unexplained(self) -> tuple[str, ...]:
        return tuple(s for s in self.survivors if s not in self.equivalent)


def run(challenge: Challenge, grade: Grade, workers: int | None = None) -> MutationResult:
    """Judge every mutant of the reference solution."""
    source = challenge.solutions[0].read_text(encoding="utf-8")
    found = list(mutants(source))
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        reports = list(pool.map(lambda m: grade(job(challenge, m.source)), found))
    survivors = tuple(
        mutant.edit
        for mutant, report in zip(found, reports, strict=True)
        if report.verdict is Verdict.ACCEPTED
    )
    declared = challenge.equivalent_mutants
    return MutationResult(
        challenge.id,
        len(found),
        len(found) - len(survivors),
        survivors,
        tuple(s for s in survivors if s in declared),
        tuple(d for d in declared if d not in survivors),
    )


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a source, each differing from it in one place."""
    tree = ast.parse(source)
    seen: set[str] = set()
    annotations = _in_annotations(tree)
    for node in ast.walk(tree):
        if id(node) in annotations:  # `int | None` computes nothing
            continue
        for replacement in _replacements(node):
            edited = _replaced(tree, node, replacement)
            if edited is None or same_code(edited, source):
                continue
            edit = _describe(node, replacement)
            if edit in seen:  # the same edit on an equal line elsewhere in the file
                edit = f"{edit} (line {getattr(node, 'lineno', 0)})"
            seen.add(edit)
            yield Mutant(edit, edited)


def _in_annotations(tree: ast.Module) -> set[int]:
    """The identities of all nodes that stand in an annotation."""
    annotations = [
        annotation
        for node in ast.walk(tree)
        for field in ("annotation", "returns")
        if (annotation := getattr(node, field, None)) is not None
    ]
    return {id(node) for annotation in annotations for node in ast.walk(annotation)}


def _describe(node: ast.AST, replacement: ast.AST | None) -> str:
    before = " ".join(ast.unparse(node).split())
    after = " ".join(ast.unparse(replacement).split()) if replacement is not None else "(removed)"
    return f"{before} -> {after}"


_SWAPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}


def _replacements(node: ast.AST) -> Iterator[ast.AST | None]:
    """What may stand in place of a node; None removes a statement."""
    match node:
        case ast.BinOp():
            for operator in _SWAPS.get(type(node.op), ()):
                yield ast.BinOp(node.left, operator(), node.right)  # type: ignore[arg-type]
            yield node.left
            yield node.right
        case ast.Compare(ops=[operator]):
            for swap in _SWAPS.get(type(operator), ()):
                yield ast.Compare(node.left, [swap()], node.comparators)  # type: ignore[list-item]
        case ast.BoolOp():
            for swap in _SWAPS[type(node.op)]:
                yield ast.BoolOp(swap(), node.values)  # type: ignore[arg-type]
            yield node.values[0]
        case ast.UnaryOp(op=ast.USub() | ast.Not()):
            yield node.operand
        case ast.IfExp():
            yield node.body
            yield node.orelse
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(number) | float(number)):
            yield ast.Constant(number + 1)
            if number not in (0, 1):
                yield ast.Constant(0)
        case ast.Call():
            yield from _call_edits(node)
        case ast.AugAssign():
            for operator in _SWAPS.get(type(node.op), ()):
                yield ast.AugAssign(node.target, operator(), node.value)  # type: ignore[arg-type]
            yield None
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Assign():
            yield None
        case ast.If():
            yield ast.If(ast.Constant(True), node.body, node.orelse)
            yield ast.If(ast.Constant(False), node.body, node.orelse)


def _call_edits(node: ast.Call) -> Iterator[ast.AST]:
    """A method call gone, a call replaced by its argument, an argument left out."""
    if isinstance(node.func, ast.Attribute) and not _is_module(node.func.value):
        yield node.func.value
    elif len(node.args) == 1 and not isinstance(node.args[0], ast.Starred):
        yield node.args[0]
    for index in range(len(node.keywords)):
        yield ast.Call(node.func, node.args, node.keywords[:index] + node.keywords[index + 1 :])


def _is_module(node: ast.expr) -> bool:
    """Whether a name is, by custom, a module: `torch.exp(x)` has no receiver to fall back on."""
    while isinstance(node, ast.Attribute):
        node = node.value
    if isinstance(node, ast.Call):  # super().__init__()
        return isinstance(node.func, ast.Name) and node.func.id == "super"
    return isinstance(node, ast.Name) and node.id in {
        "torch",
        "nn",
        "F",
        "math",
        "np",
        "numpy",
        "random",
        "os",
    }


class _Replacer(ast.NodeTransformer):
    def __init__(self, target: ast.AST, replacement: ast.AST | None) -> None:
        self.target = target
        self.replacement = replacement

    def visit(self, node: ast.AST) -> Any:
        if node is self.target:
            return self.replacement if self.replacement is not None else ast.Pass()
        return self.generic_visit(node)


def _replaced(tree: ast.Module, node: ast.AST, replacement: ast.AST | None) -> str | None:
    """The source with the node replaced, None where that is no Python."""
    # NodeTransformer edits in place: work on a copy whose nodes are found by position in the walk.
    position = next(i for i, n in enumerate(ast.walk(tree)) if n is node)
    twin_tree = copy.deepcopy(tree)
    twin = next(n for i, n in enumerate(ast.walk(twin_tree)) if i == position)
    edited = _Replacer(twin, copy.deepcopy(replacement)).visit(twin_tree)
    try:
        text = ast.unparse(ast.fix_missing_locations(edited))
        ast.parse(text)
    except (SyntaxError, ValueError, TypeError, AttributeError):
        return None
    return text
