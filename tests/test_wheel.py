"""The built wheel is a whole drill: every module, every challenge, every deck."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            str(out),
            str(ROOT),
        ],
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_holds_what_the_checkout_holds(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "drill", "challenges", "decks"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    expected = {
        name if name.startswith("drill/") else f"drill/{name}"
        for name in tracked
        if name and (ROOT / name).exists()
    }
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert {name for name in held if "__pycache__" not in name} == expected


@pytest.mark.slow
def test_the_wheel_works_outside_the_checkout(wheel: Path, tmp_path: Path, home: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    site = next((tmp_path / "venv" / "lib").glob("python*")) / "site-packages"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            str(site),
            str(wheel),
        ],
        check=True,
    )
    # The dependencies come from the environment under test; another gigabyte of torch shows nothing new.
    own = Path(pytest.__file__).resolve().parent.parent
    (site / "dependencies.pth").write_text(f"{own}\n", encoding="utf-8")
    environment = {**os.environ, "DRILL_RUNTIME_DIR": str(tmp_path / "r")}

    def drill(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(python), "-m", "drill", *words],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    where = subprocess.run(
        [str(python), "-c", "import drill; print(drill.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert where.startswith(str(site))
    assert "custom-linear" in drill("list").stdout
    answer = ROOT / "challenges" / "custom-linear" / "solutions" / "reference.py"
    judged = drill("check", "custom-linear", str(answer), "--cold")
    assert judged.returncode == 0, judged.stdout + judged.stderr
