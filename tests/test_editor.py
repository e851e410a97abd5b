import sys
from pathlib import Path

import pytest

from drill import editor
from drill.errors import UsageError


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("vim", ["vim", "+7", "a b.py"]),
        ("nvim -p", ["nvim", "-p", "+7", "a b.py"]),
        ("/usr/bin/nano", ["/usr/bin/nano", "+7", "a b.py"]),
        ("emacs -nw", ["emacs", "-nw", "+7", "a b.py"]),
        ("code", ["code", "-g", "a b.py:7"]),
        ("code --wait", ["code", "--wait", "-g", "a b.py:7"]),
        ("cursor", ["cursor", "-g", "a b.py:7"]),
        ("subl -w", ["subl", "-w", "a b.py:7"]),
        ("hx", ["hx", "a b.py:7"]),
        ("pycharm", ["pycharm", "--line", "7", "a b.py"]),
        ("'/my apps/ed it'", ["/my apps/ed it", "a b.py"]),
    ],
)
def test_each_editor_is_told_the_line_in_its_way(command: str, words: list[str]) -> None:
    assert editor.command_line(command, Path("a b.py"), 7) == words


def test_visual_comes_before_editor_before_the_config() -> None:
    assert editor.choose("conf", {"VISUAL": "v", "EDITOR": "e"}) == "v"
    assert editor.choose("conf", {"EDITOR": "e"}) == "e"
    assert editor.choose("conf", {"EDITOR": " "}) == "conf"


def test_an_editor_that_is_not_there_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be run"):
        editor.open_at("no-such-editor-anywhere", tmp_path / "a.py", 1)


def test_an_editor_that_fails_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ended with 3"):
        editor.open_at(f"{sys.executable} -c 'raise SystemExit(3)'", tmp_path / "a.py", 1)


def test_no_editor_at_all_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no editor is set"):
        editor.open_at("", tmp_path / "a.py", 1)
