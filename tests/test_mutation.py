from pathlib import Path

import pytest

from drill import mutation
from drill.judge import client
from drill.spec import read_challenge
from tests.test_authoring import FILES

SOURCE = """\
import torch


def f(x, dim=1, keep=True):
    if x.ndim < 2:
        return x
    y = x - x.mean(dim, keepdim=keep)
    y += 1
    return torch.exp(y) / 2
"""


def edits(source: str) -> list[str]:
    return [mutant.edit for mutant in mutation.mutants(source)]


@pytest.mark.parametrize(
    "edit",
    [
        "x - x.mean(dim, keepdim=keep) -> x + x.mean(dim, keepdim=keep)",  # an operator swapped
        "x - x.mean(dim, keepdim=keep) -> x",  # a term dropped
        "x.mean(dim, keepdim=keep) -> x.mean(dim)",  # a keyword dropped
        "x.mean(dim, keepdim=keep) -> x",  # a call removed
        "torch.exp(y) -> y",
        "2 -> 3",  # a constant changed
        "x.ndim < 2 -> x.ndim <= 2",
        "True -> False",
        "y += 1 -> (removed)",
        "y += 1 -> y -= 1",
    ],
)
def test_the_edits_that_people_slip_into(edit: str) -> None:
    assert edit in edits(SOURCE)


def test_every_mutant_differs_and_is_python() -> None:
    found = list(mutation.mutants(SOURCE))
    assert len({m.source for m in found}) == len(found)
    assert len({m.edit for m in found}) == len(found)
    for mutant in found:
        compile(mutant.source, "mutant", "exec")


def test_annotations_compute_nothing() -> None:
    plain = "def f(x, m=None):\n    y = x\n    return y + 1"
    annotated = "def f(x: int | float, m: int | None = None) -> int | float:\n    y: int | float = x\n    return y + 1"
    assert not [edit for edit in edits(annotated) if "|" in edit]
    assert "y + 1 -> y - 1" in edits(annotated)
    assert "y + 1 -> y - 1" in edits(plain)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "centre"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_survivors_are_reported_until_they_are_explained(folder: Path) -> None:
    found = mutation.run(read_challenge(folder, "toy"), client.grade, workers=2)
    assert found.total == found.killed + len(found.survivors)
    # The toy's input is always 3 by 4, and torch reads keepdim=1 + 1 as true.
    assert found.killed >= 4
    declared = "\n".join(f"  - {s!r}" for s in (*found.survivors, "no such edit"))
    path = folder / "challenge.yaml"
    path.write_text(
        f"{path.read_text(encoding='utf-8')}equivalent_mutants:\n{declared}\n", encoding="utf-8"
    )
    again = mutation.run(read_challenge(folder, "toy"), client.grade, workers=2)
    assert again.unexplained == ()
    assert again.stale == ("no such edit",)
