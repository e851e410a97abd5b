"""What works on this machine, what doesn't, and the remedy."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from drill import __version__, editor, paths
from drill.config import Config
from drill.config import path as config_file
from drill.errors import DrillError
from drill.store import Store


class Grade(StrEnum):
    WORKS = "works"
    LIMITED = "limited"  # drill works, something is missing
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    grade: Grade
    detail: str
    remedy: str = ""


# In a process of its own: torch must not be imported into the command line.
_ASK_TORCH = """
import json, torch
devices = ["cpu"]
if torch.cuda.is_available():
    devices += [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())]
if torch.backends.mps.is_available():
    devices.append("mps")
print(json.dumps({"version": torch.__version__, "devices": devices}))
"""


def examine(config: Config, *, quick: bool = False) -> list[Finding]:
    """Look at Python, torch, the editor, the directories, the sandbox and the judge."""
    found = [_python(), _config(), *_editor(config), _workspace(config.workspace), _store()]
    found += [*_sandbox()]
    if not quick:
        found += [*_torch(), _judge()]
    return found


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", Grade.WORKS, f"{version}, {sys.executable}; drill {__version__}")


def _config() -> Finding:
    path = config_file()
    there = "" if path.exists() else " (not there; the defaults hold)"
    return Finding("config", Grade.WORKS, f"{path}{there}")


def _torch() -> Iterator[Finding]:
    asked = subprocess.run(
        [sys.executable, "-c", _ASK_TORCH], capture_output=True, text=True, check=False
    )
    if asked.returncode:
        lines = asked.stderr.strip().splitlines()
        yield Finding(
            "torch",
            Grade.BROKEN,
            lines[-1] if lines else "torch cannot be imported",
            "pip install torch",
        )
        return
    answer = json.loads(asked.stdout.splitlines()[-1])
    yield Finding("torch", Grade.WORKS, answer["version"])
    yield Finding("devices", Grade.WORKS, ", ".join(answer["devices"]))


def _editor(config: Config) -> Iterator[Finding]:
    command = editor.choose(config.editor)
    if not command:
        yield Finding("editor", Grade.LIMITED, "none is set and none is installed", "set $EDITOR")
        return
    program = shlex.split(command)[0]
    if shutil.which(program):
        yield Finding("editor", Grade.WORKS, command)
    else:
        yield Finding(
            "editor",
            Grade.LIMITED,
            f"{program} is not installed",
            "set $VISUAL or $EDITOR to one that is",
        )


def _workspace(workspace: Path) -> Finding:
    place = next(p for p in (workspace, *workspace.parents) if p.exists())
    if os.access(place, os.W_OK):
        return Finding("workspace", Grade.WORKS, str(workspace))
    return Finding(
        "workspace",
        Grade.BROKEN,
        f"{place} cannot be written to",
        "set `workspace` in config.toml or DRILL_WORKSPACE",
    )


def _store() -> Finding:
    path = paths.data_dir() / "drill.db"
    try:
        with Store.open(path) as store:
            count = len(store.attempts())
    except DrillError as error:
        return Finding("store", Grade.BROKEN, error.message, error.hint)
    return Finding("store", Grade.WORKS, f"{path}, {count} attempts")


def _sandbox() -> Iterator[Finding]:
    from drill.judge import confine

    level = confine.level()
    grade = Grade.WORKS if level == "full" else Grade.LIMITED
    yield Finding("sandbox", grade, f"level {level}")
    for layer in confine.layers():
        if not layer.available:
            yield Finding(f"  {layer.name}", Grade.LIMITED, layer.detail, layer.remedy)


def _judge() -> Finding:
    from drill.challenge import Limits
    from drill.judge import client
    from drill.judge.protocol import Job

    # One small judging from end to end says more than any look at the parts.
    checks = 'def test_two(submission):\n    """one and one"""\n    assert submission.two == 2, "not 2"\n'
    trial = Job("doctor", "two = 1 + 1\n", "doctor.py", checks, ("two",), Limits())
    try:
        report = client.grade(trial)
    except DrillError as error:
        return Finding("judge", Grade.BROKEN, error.message, error.hint)
    kind = "warm" if report.warm else "cold"
    if report.exit_code:
        return Finding(
            "judge",
            Grade.BROKEN,
            f"{kind}: {report.verdict}: {report.message}",
            "try drill judge stop, then again",
        )
    return Finding("judge", Grade.WORKS, f"{kind}, one judging in {report.seconds * 1e3:.0f} ms")
