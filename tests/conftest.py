"""Every test gets a home of its own; none can reach the real one."""

import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drill.library import Library
from drill.store import Store

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def runtime() -> Iterator[Path]:
    """One warm judge for the whole session; its socket needs a short path."""
    directory = Path(tempfile.mkdtemp(prefix="drill-test-"))
    yield directory
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRILL_RUNTIME_DIR", str(directory))
        from drill.judge import client

        client.stop()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home directory of this test; DRILL_HOME lies in it."""
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        if name.startswith(("DRILL_", "XDG_")) or name in (
            "VISUAL",
            "EDITOR",
            "NO_COLOR",
            "COLUMNS",
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("DRILL_HOME", str(home / "drill"))
    monkeypatch.setenv("DRILL_RUNTIME_DIR", str(runtime))
    return home


@pytest.fixture
def workspace(home: Path) -> Path:
    return home / "drill" / "workspace"


@pytest.fixture
def library() -> Library:
    return Library.find()


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with Store.open(home / "drill" / "data" / "drill.db") as store:
        yield store


@dataclass(frozen=True)
class Ran:
    """What a shell would see of a command."""

    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def drill(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Run a command in this process, through the error boundary."""
    from drill.cli.app import main

    def run(*words: str, stdin: str = "") -> Ran:
        monkeypatch.setattr("sys.argv", ["drill", *map(str, words)])
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        seen = capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0 if code is None else 1, seen.out, seen.err)

    return run
