"""Every attack at every level that this machine carries, as an ordinary user, and once as root."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent
ORDINARY_USER = 60001  # nobody else's


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"attacks_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


table = _load("table")
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Run:
    """One pass over all attacks."""

    level: str
    uid: int | None  # None: whoever runs the tests
    folders: tuple[str, ...] = ()  # all of them if empty
    isolation: str = "none"

    def __str__(self) -> str:
        user = "root" if self.uid == 0 else "ordinary user"
        return f"{self.level}, {'isolated' if self.isolation == 'process' else user}"

    def names(self) -> list[str]:
        return [
            name
            for name in table.names()
            if not self.folders or name.partition("/")[0] in self.folders
        ]

    def command(self) -> list[str]:
        runner = [
            sys.executable,
            str(HERE / "runner.py"),
            self.level,
            self.isolation,
            *self.folders,
        ]
        return (
            runner
            if self.uid is None
            else [sys.executable, str(HERE / "as_user.py"), str(self.uid), *runner]
        )


def runs() -> list[Run]:
    from drill.judge import confine

    levels = [level for level in ("full", "strict") if confine.at_least(confine.level(), level)]
    user = None if os.getuid() else ORDINARY_USER
    found = [Run(level, user) for level in levels]
    if os.getuid() == 0:
        found += [Run(level, 0) for level in levels[:1]]
    # What is confined is the same there; what the submission can reach of the judge is not.
    found += [Run(level, user, ("forging", "resources"), "process") for level in levels]
    return found


@cache  # also of a run that failed, which each of its tests then says
def _outcome(run: Run) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory(prefix="drill-attacks-") as directory:
        environment = {**os.environ, "TMPDIR": directory} if run.uid is None else dict(os.environ)
        environment.pop("DRILL_RUNTIME_DIR", None)
        try:
            return subprocess.run(
                run.command(), capture_output=True, text=True, env=environment, timeout=1200
            )
        except subprocess.TimeoutExpired as error:
            return subprocess.CompletedProcess(run.command(), 1, "", str(error))


@cache
def seen(run: Run) -> dict[str, dict[str, Any]]:
    """What was seen after each attack of one run; the server that was attacked is gone afterwards."""
    done = _outcome(run)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["level"] for row in rows} == {run.level}
    return {row["name"]: row for row in rows}


def attacks(*only: str) -> Any:
    """Parametrises a test with every attack of every run, or with those named."""
    chosen = [
        pytest.param(run, name, id=f"{run}-{name}")
        for run in runs()
        for name in run.names()
        if not only or name in only
    ]
    return pytest.mark.parametrize(("run", "name"), chosen)


def test_there_are_enough_of_them() -> None:
    assert len(table.names()) >= 70


@attacks()
def test_attack(run: Run, name: str) -> None:
    row = seen(run)[name]
    expected = table.expected(name, isolated=row["isolated"])
    found = f"{row['verdict']}: {row['message']}\n{row['checks']}\n{row['output']}"
    assert "BREACH" not in row["output"], found
    assert row["verdict"] in expected.verdicts, found
    if expected.tried:
        assert "tried" in row["output"], found
    assert row["reached"] == [], "a service or a process outside was reached"
    assert row["processes"] == [], "processes were left"
    assert row["files"] == [], "files were left or changed"
    assert row["server_is_same"], "the server did not survive"
    assert row["good_is_same"], f"the next check differs:\n{row['good']}\n{row['baseline']}"


@attacks(*(name for name in table.names() if table.expected(name).verdicts == (table.TIME,)))
def test_a_time_limit_is_kept_to_half_a_second(run: Run, name: str) -> None:
    row = seen(run)[name]
    # A slow machine is slow for the good submission too.
    assert row["seconds"] <= 1.5 + 0.5 + row["good_seconds"]


@attacks("reaching/escape_sequences")
def test_no_report_can_move_a_cursor(run: Run, name: str) -> None:
    unsafe = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
    report = json.loads(seen(run)[name]["report"])
    assert "planted" in report["output"]
    assert not unsafe.search(json.dumps(report, ensure_ascii=False))
