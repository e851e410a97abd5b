"""The main flow through the real executable, in a real pseudo-terminal."""

import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from drill.paths import content_dir

FOLDER = content_dir("challenges") / "custom-linear"
RIGHT = (FOLDER / "solutions" / "reference.py").read_text(encoding="utf-8")
WRONG = (FOLDER / "mistakes" / "bias_not_added.py").read_text(encoding="utf-8")

Spawn = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def spawn(home: Path) -> Spawn:
    def start(*words: str, **options: object) -> "pexpect.spawn[str]":
        return pexpect.spawn(
            sys.executable, ["-m", "drill", *words],
            encoding="utf-8", timeout=60, dimensions=(40, 100), **options,
        )  # fmt: skip

    return start


def ended(child: "pexpect.spawn[str]") -> tuple[str, int | None]:
    """What it still printed, and its exit status."""
    shown = child.read()
    child.close()
    return shown, child.exitstatus


def write_editor(directory: Path, body: str) -> Path:
    """A program that stands for the learner's editor."""
    editor = directory / "vim"
    editor.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    editor.chmod(0o755)
    return editor


def test_list_start_check(
    spawn: Spawn, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, status = ended(spawn("list"))
    assert status == 0
    assert "custom-linear" in shown
    assert "\x1b[" in shown  # colours, for this is a terminal

    answer = tmp_path / "answer.py"
    answer.write_text(WRONG, encoding="utf-8")
    seen = tmp_path / "seen"
    editor = write_editor(tmp_path, f'echo "$1 $2" > {seen}\ncp {answer} "$2"')
    monkeypatch.setenv("VISUAL", str(editor))
    shown, status = ended(spawn("start", "custom-linear"))
    assert status == 0
    path = workspace / "custom_linear.py"
    line, _, opened = seen.read_text(encoding="utf-8").strip().partition(" ")
    assert opened == str(path)
    assert line.startswith("+")
    assert path.read_text(encoding="utf-8") == WRONG

    shown, status = ended(spawn("check"))
    assert status == 1
    assert "the bias is never added" in shown

    answer.write_text(RIGHT, encoding="utf-8")
    _, status = ended(spawn("start", "custom-linear"))
    shown, status = ended(spawn("check"))
    assert status == 0
    assert "accepted" in shown


def test_no_color_leaves_the_words(
    spawn: Spawn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    answer = tmp_path / "answer.py"
    answer.write_text(WRONG, encoding="utf-8")
    shown, _ = ended(spawn("check", "custom-linear", str(answer)))
    assert "wrong answer" in shown
    assert "\x1b[3" not in shown  # bold may stay, colours may not


def test_a_solution_asks_first(spawn: Spawn) -> None:
    child = spawn("solution", "custom-linear")
    child.expect("Give up and see it")
    child.sendline("n")
    shown, status = ended(child)
    assert status == 2
    assert "class MyLinear" not in shown
    child = spawn("solution", "custom-linear")
    child.expect("Give up and see it")
    child.sendline("y")
    shown, status = ended(child)
    assert status == 0
    assert "MyLinear" in shown


def test_ctrl_c_ends_a_check_with_130(spawn: Spawn, tmp_path: Path) -> None:
    answer = tmp_path / "answer.py"
    answer.write_text(
        f"import time\nfrom torch import nn\nprint('begun', flush=True)\ntime.sleep(60)\n{RIGHT}",
        encoding="utf-8",
    )
    child = spawn("check", "custom-linear", str(answer))
    with pytest.raises(pexpect.TIMEOUT):
        child.expect("accepted", timeout=3)
    child.sendintr()
    shown, status = ended(child)
    assert status == 130
    assert "Traceback" not in shown


def test_a_reader_that_goes_away_is_no_fault(home: Path) -> None:
    child = pexpect.spawn(
        "/bin/sh",
        ["-c", f"{sys.executable} -m drill list | head -n 1; echo done"],
        encoding="utf-8",
        timeout=60,
    )
    shown, _ = ended(child)
    assert "done" in shown
    assert "Traceback" not in shown
    assert "fault" not in shown
