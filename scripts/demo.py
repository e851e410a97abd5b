"""`make demo`: the main job for real, in a temporary workspace, without an editor. Ends 0 only if all of it happened."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "challenges" / "custom-linear"
WRONG = FOLDER / "mistakes" / "bias_not_added.py"
RIGHT = FOLDER / "solutions" / "reference.py"
NAMED = "the bias is never added"


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="drill-demo-") as home:
        environment = {**os.environ, "DRILL_HOME": home}
        workspace = Path(home) / "workspace"
        environment["DRILL_WORKSPACE"] = str(workspace)

        def drill(*words: str, expect: int = 0) -> str:
            print(f"\n$ drill {' '.join(words)}", flush=True)
            command = [sys.executable, "-m", "drill", *words]
            ran = subprocess.run(
                command, env=environment, text=True, stdout=subprocess.PIPE, encoding="utf-8"
            )
            print(ran.stdout, end="", flush=True)
            if ran.returncode != expect:
                raise SystemExit(f"demo: expected exit code {expect}, got {ran.returncode}")
            return ran.stdout

        try:
            demand("custom-linear" in drill("list"), "the list has custom-linear")
            drill("start", "custom-linear", "--no-open")
            submission = workspace / "custom_linear.py"
            demand(submission.is_file(), f"the stub is in {submission}")
            submission.write_text(WRONG.read_text(encoding="utf-8"), encoding="utf-8")
            told = drill("check", expect=1)
            demand(NAMED in " ".join(told.split()), "the report names the mistake")
            submission.write_text(RIGHT.read_text(encoding="utf-8"), encoding="utf-8")
            demand("accepted" in drill("check"), "the right answer is accepted")
            drill("status")
        finally:
            subprocess.run(
                [sys.executable, "-m", "drill", "judge", "stop"],
                env=environment,
                stdout=subprocess.DEVNULL,
                check=False,
            )
    shown = Path(sys.executable).parent / "drill"
    if shown.is_relative_to(ROOT):
        shown = shown.relative_to(ROOT)
    print(
        "\nListed the challenges, started custom-linear in a temporary workspace, was told which mistake a\n"
        "wrong answer makes, and had a right one accepted. Now yours:\n\n"
        f"    {shown} start custom-linear"
    )
    return 0


def demand(happened: bool, what: str) -> None:
    if not happened:
        raise SystemExit(f"demo: this did not happen: {what}")


if __name__ == "__main__":
    sys.exit(main())
