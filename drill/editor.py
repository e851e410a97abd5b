"""Which editor to open, and how to tell it the line."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from drill.errors import UsageError

_GOTO = ("code", "code-insiders", "codium", "vscodium", "cursor", "windsurf")
_COLON = ("subl", "sublime_text", "zed", "zeditor", "hx", "helix", "micro")
_PLUS = (
    "vi",
    "vim",
    "nvim",
    "gvim",
    "nano",
    "pico",
    "emacs",
    "emacsclient",
    "kak",
    "joe",
    "ne",
    "mg",
    "ed",
    "gedit",
)
_LINE = ("pycharm", "charm", "idea")
_FALLBACK = ("nano", "vim", "vi")


def choose(configured: str, environ: Mapping[str, str] = os.environ) -> str:
    """The editor's command: $VISUAL, then $EDITOR, then the configured one, then one that is installed."""
    for command in (environ.get("VISUAL"), environ.get("EDITOR"), configured):
        if command and command.strip():
            return command
    return next((name for name in _FALLBACK if shutil.which(name)), "")


def command_line(editor: str, file: Path, line: int) -> list[str]:
    """The words that open `file` at `line` (from 1), as this editor wants to be told."""
    words = shlex.split(editor)
    name = Path(words[0]).name.removesuffix(".exe").lower()
    if name in _GOTO:
        return [*words, "-g", f"{file}:{line}"]
    if name in _COLON:
        return [*words, f"{file}:{line}"]
    if name in _LINE:
        return [*words, "--line", str(line), str(file)]
    if name in _PLUS:
        return [*words, f"+{line}", str(file)]
    return [*words, str(file)]


def open_at(editor: str, file: Path, line: int) -> None:
    """Open the editor and wait until it returns.

    Raises:
        UsageError: there is no editor, or it cannot be run.
    """
    if not editor:
        raise UsageError(
            "no editor is set, and neither nano nor vi is installed",
            hint=f"set $EDITOR, or open it yourself: {file}",
        )
    try:
        words: Sequence[str] = command_line(editor, file, line)
    except ValueError as error:
        raise UsageError(f"the editor {editor!r} cannot be read as a command: {error}") from None
    try:
        code = subprocess.call(words)
    except OSError as error:
        raise UsageError(
            f"the editor {words[0]!r} cannot be run: {error.strerror}",
            hint="set $VISUAL or $EDITOR, or use --no-open",
        ) from None
    if code:
        raise UsageError(f"the editor {words[0]!r} ended with {code}", hint=f"the file is {file}")
