"""Each property that `drill dev check` promises, on a toy challenge in which it is broken."""

from collections.abc import Callable
from pathlib import Path

import pytest

from drill import authoring
from drill.errors import UsageError
from drill.judge import client
from drill.spec import read_challenge

CHALLENGE = """\
format: 1
title: Centre
summary: Subtract the mean.
difficulty: easy
minutes: 5
topics: [shapes]
entry: centre
hints: [one, two, three]
follow_ups:
  - {question: a, answer: b}
  - {question: c, answer: d}
  - {question: e, answer: f}
links: [{title: t, url: "https://docs.pytorch.org"}]
discussion: Both subtract.
mistakes:
  identity.py: {fails: test_mean_is_zero, message: "subtract the mean"}
  whole_mean.py: {fails: test_mean_is_zero, message: "over the whole tensor"}
  float32.py: {fails: test_dtype, message: "float64"}
  in_place.py: {fails: test_input_survives, message: "changed in place"}
  median.py: {fails: test_mean_is_zero, message: "the median"}
  raises.py: {verdict: error, message: "ZeroDivisionError"}
"""
STATEMENT = """\
Write `centre(x)`: each row of `x` of shape `(N, D)` minus its mean.

```python
>>> centre(torch.tensor([[1.0, 3.0]]))
tensor([[-1.,  1.]])
```
"""
STUB = "def centre(x):\n    raise NotImplementedError\n"
CHECKS = '''\
import torch
from drill.checking import assert_close, unchanged


def test_mean_is_zero(submission):
    """each row has the mean zero"""
    x = torch.randn(3, 4)
    assert_close(
        submission.centre(x.clone()),
        x - x.mean(1, keepdim=True),
        mistakes={
            "nothing was done; subtract the mean": x,
            "the mean is taken over the whole tensor": x - x.mean(),
            "this subtracts the median": x - x.median(1, keepdim=True).values,
        },
    )


def test_dtype(submission):
    """float64 stays float64"""
    assert submission.centre(torch.ones(2, 3).double()).dtype == torch.float64, "should stay float64"


def test_input_survives(submission):
    """the input is not changed"""
    x = torch.randn(3, 4)
    with unchanged(x=x):
        submission.centre(x)
'''
SOLUTION = "def centre(x):\n    return x - x.mean(1, keepdim=True)\n"
FILES = {
    "challenge.yaml": CHALLENGE,
    "statement.md": STATEMENT,
    "stub.py": STUB,
    "checks.py": CHECKS,
    "solutions/reference.py": SOLUTION,
    "solutions/loop.py": "import torch\n\n\ndef centre(x):\n    return torch.stack([row - row.mean() for row in x])\n",
    "mistakes/identity.py": "def centre(x):\n    return x\n",
    "mistakes/whole_mean.py": "def centre(x):\n    return x - x.mean()\n",
    "mistakes/float32.py": "def centre(x):\n    return (x - x.mean(1, keepdim=True)).float()\n",
    "mistakes/in_place.py": "def centre(x):\n    x -= x.mean(1, keepdim=True)\n    return x\n",
    "mistakes/median.py": "def centre(x):\n    return x - x.median(1, keepdim=True).values\n",
    "mistakes/raises.py": "1 / 0\n",
}

Edit = Callable[[Path], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "centre"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def findings(folder: Path, seeds: int = 1, runs: int = 1, device: str = "cpu") -> list[str]:
    challenge = read_challenge(folder, "toy")
    found = authoring.verify(
        challenge,
        client.grade,
        topics=["shapes"],
        seeds=range(seeds),
        runs=runs,
        device=device,
        workers=2,
    )
    return [finding.sentence for finding in found.findings]


def write(name: str, text: str) -> Edit:
    return lambda folder: (folder / name).write_text(text, encoding="utf-8") and None


def swap(name: str, old: str, new: str) -> Edit:
    def edit(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")

    return edit


def remove(name: str) -> Edit:
    return lambda folder: (folder / name).unlink()


def test_the_toy_as_it_is_meets_the_standard(folder: Path) -> None:
    assert findings(folder, seeds=3, runs=2) == []


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        pytest.param(swap("solutions/loop.py", "row - row", "row + row"), "solutions/loop.py, seed 0: is refused", id="a solution is wrong"),
        pytest.param(write("mistakes/identity.py", SOLUTION), "mistakes/identity.py, seed 0: passes every check", id="a mistake is right"),
        pytest.param(swap("challenge.yaml", "fails: test_dtype", "fails: test_mean_is_zero"), "mistakes/float32.py, seed 0: should fail test_mean_is_zero first, failed test_dtype", id="another check fails"),
        pytest.param(swap("challenge.yaml", '"the median"', '"the mode"'), "the message does not say 'the mode'", id="the message says something else"),
        pytest.param(swap("challenge.yaml", "{verdict: error,", "{verdict: crashed,"), "should be told 'crashed'", id="another verdict"),
        pytest.param(write("stub.py", SOLUTION), "stub.py: is accepted as it stands", id="the stub passes"),
        pytest.param(swap("checks.py", "x - x.mean(1, keepdim=True),", "x,"), "solutions/reference.py, seed 0: is refused", id="a check is wrong"),
        pytest.param(swap("checks.py", "def test_dtype", "def test_extra(submission):\n    \"\"\"nothing\"\"\"\n\n\ndef test_dtype"), "no mistake is caught first by test_extra", id="a check without a mistake"),
        pytest.param(swap("checks.py", '    """float64 stays float64"""\n', ""), "test_dtype has no docstring", id="a check without a title"),
        pytest.param(swap("checks.py", ', "should stay float64"', ""), "an assert without a message", id="a bare assert"),
        pytest.param(swap("checks.py", "submission.centre(x)\n", "submission._inner\n"), "looks at the private name _inner", id="a check looks at a private name"),
        pytest.param(swap("statement.md", "-1.,  1.", "-1.,  2."), "the worked example in statement.md: is refused", id="the example is wrong"),
        pytest.param(write("statement.md", "Write centre."), "statement.md has no >>> example", id="no example"),
        pytest.param(swap("challenge.yaml", "[one, two, three]", "[one, two]"), "hints has 2, the standard asks for 3", id="too few hints"),
        pytest.param(swap("challenge.yaml", "difficulty: easy", "difficulty: hard"), "mistakes has 6, the standard asks for 8", id="too few mistakes"),
        pytest.param(swap("challenge.yaml", "discussion: Both subtract.\n", ""), "discussion is empty", id="no discussion"),
        pytest.param(swap("challenge.yaml", "topics: [shapes]", "topics: [cooking]"), "the first topic 'cooking' is not one of the pack's", id="no such topic"),
        pytest.param(remove("solutions/loop.py"), "solutions has 1, the standard asks for 2", id="one solution"),
        pytest.param(remove("mistakes/median.py"), "mistakes/median.py is announced in challenge.yaml and does not exist", id="a mistake is gone"),
        pytest.param(write("mistakes/more.py", "x = 1\n"), "mistakes/more.py is not announced", id="a mistake is not announced"),
        pytest.param(swap("checks.py", "x = torch.randn(3, 4)\n    assert_close", "import time; time.sleep(1.1)\n    x = torch.randn(3, 4)\n    assert_close"), "the checks take 1.", id="slow checks"),
    ],
)  # fmt: skip
def test_what_breaks_the_standard_is_said(folder: Path, edit: Edit, complaint: str) -> None:
    edit(folder)
    found = findings(folder)
    assert any(complaint in sentence for sentence in found), found


def isolable(folder: Path) -> None:
    swap("challenge.yaml", "difficulty: easy", "isolation: process\ndifficulty: easy")(folder)


def test_a_challenge_that_can_be_judged_apart_meets_the_standard_there(folder: Path) -> None:
    isolable(folder)
    assert findings(folder) == []


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        pytest.param(swap("checks.py", "assert submission.centre(", "assert submission.centre.__code__ and submission.centre("), "solutions/reference.py in a process of its own: is refused", id="a look inside"),
        pytest.param(swap("checks.py", "with unchanged(x=x):\n        submission.centre(x)", "if submission.__class__.__name__ != 'module':\n        return\n    with unchanged(x=x):\n        submission.centre(x)"), "mistakes/in_place.py in a process of its own: passes every check", id="a mistake that is not seen"),
    ],
)  # fmt: skip
def test_checks_that_need_one_process_are_found(folder: Path, edit: Edit, complaint: str) -> None:
    isolable(folder)
    edit(folder)
    found = findings(folder)
    assert any(complaint in sentence for sentence in found), found


def test_a_device_that_is_not_there_is_said_once(folder: Path) -> None:
    (sentence,) = findings(folder, device="cuda:63")
    assert "nothing was judged: there is no device cuda:63 here" in sentence


def test_a_check_that_fails_now_and_then_is_found(folder: Path) -> None:
    swap("checks.py", "x = torch.randn(3, 4)\n    assert_close", "import os\n    assert os.urandom(1)[0] % 2, 'bad luck'\n    x = torch.randn(3, 4)\n    assert_close")(folder)  # fmt: skip
    assert any("runs do not agree" in sentence for sentence in findings(folder, runs=12))


def test_a_solution_that_only_passes_under_its_own_private_names_is_found(folder: Path) -> None:
    write("solutions/private.py", SOLUTION.replace("centre", "_inner") + "\n\ncentre = _inner\n")(
        folder
    )
    swap("checks.py", "x = torch.randn(3, 4)\n    assert_close", "assert hasattr(submission, '_in' + 'ner') or not hasattr(submission, '_renamed_inner'), 'its name'\n    x = torch.randn(3, 4)\n    assert_close")(folder)  # fmt: skip
    assert any(
        "solutions/private.py with its private names changed" in sentence
        for sentence in findings(folder)
    )


def test_renaming_leaves_what_a_solution_does_not_define() -> None:
    text = "class A:\n    def __init__(self):\n        self._a = 1\n        self.b = self._a + self._modules\n"
    renamed = authoring.rename_private(text)
    assert renamed == text.replace("_a", "_renamed_a").replace("self._renamed_a", "self._renamed_a")
    assert "_modules" in renamed
    assert "__init__" in renamed


def test_a_scaffold_runs(tmp_path: Path) -> None:
    folder = authoring.scaffold("my-layer", tmp_path)
    sentences = findings(folder)
    assert sentences, "a scaffold is not finished"
    assert not any("refused" in s or "passes every check" in s or "stub" in s for s in sentences)


def test_a_scaffold_writes_over_nothing(tmp_path: Path) -> None:
    authoring.scaffold("my-layer", tmp_path)
    with pytest.raises(UsageError, match="exists already"):
        authoring.scaffold("my-layer", tmp_path)
    with pytest.raises(UsageError, match="does not fit"):
        authoring.scaffold("My Layer", tmp_path)
