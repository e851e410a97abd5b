"""`drill check` where the surroundings are against it: a full disk, no place to write, edits and kills in the middle."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drill.judge import client
from drill.paths import content_dir

pytestmark = pytest.mark.slow
FOLDER = content_dir("challenges") / "custom-linear"
RIGHT = FOLDER / "solutions" / "reference.py"
DRILL = f"{sys.executable} -m drill"

# A mount namespace of its own, for root and for an ordinary user.
_PRIVATE = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--mount", "--map-root-user"]


@pytest.fixture
def own_judge(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A warm judge of this test's own."""
    directory = Path(tempfile.mkdtemp(prefix="drill-own-"))
    monkeypatch.setenv("DRILL_RUNTIME_DIR", str(directory))
    client.wake()
    yield directory
    client.stop()
    shutil.rmtree(directory, ignore_errors=True)


def in_private_mounts(script: str) -> list[str]:
    """What each `===` of a shell script, run where it may mount, printed before it."""
    if (
        not shutil.which("unshare")
        or subprocess.run([*_PRIVATE, "true"], capture_output=True).returncode
    ):
        pytest.skip("no mount namespaces here")
    done = subprocess.run([*_PRIVATE, "sh", "-c", script], capture_output=True, text=True)
    assert "Traceback" not in done.stdout + done.stderr
    return [part.strip() for part in done.stdout.split("===")]


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_a_full_disk_is_named_and_loses_nothing(home: Path) -> None:
    disk = home / "disk"
    disk.mkdir()
    full, start, left, again, history = in_private_mounts(f"""
        mount -t tmpfs -o size=2m none {disk}
        export DRILL_HOME={disk}
        {DRILL} check custom-linear {RIGHT} > /dev/null
        dd if=/dev/zero of={disk}/fill bs=1k 2> /dev/null
        {DRILL} check custom-linear {RIGHT} 2>&1; echo "exit $?"; echo ===
        {DRILL} start custom-linear --no-open 2>&1; echo "exit $?"; echo ===
        ls -A {disk}/workspace 2> /dev/null; echo ===
        rm {disk}/fill
        {DRILL} check custom-linear {RIGHT} --json > /dev/null; echo "exit $?"; echo ===
        {DRILL} history --json
    """)  # fmt: skip
    assert "the disk is full" in one_line(full)
    assert full.endswith("exit 3")
    assert "free some space" in start
    assert start.endswith("exit 3")
    assert left == ""
    assert again == "exit 0"
    assert [attempt["verdict"] for attempt in json.loads(history)] == ["accepted"] * 2


def test_a_home_that_cannot_be_written_is_named(home: Path) -> None:
    place = home / "place"
    place.mkdir()
    (check,) = in_private_mounts(f"""
        mount -t tmpfs -o ro none {place}
        DRILL_HOME={place}/drill {DRILL} check custom-linear {RIGHT} 2>&1; echo "exit $?"
    """)
    assert f"cannot make {place}/drill" in one_line(check)
    assert "set DRILL_HOME to a directory that you can write to" in one_line(check)
    assert check.endswith("exit 3")


def check(file: Path, *words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "drill", "check", "custom-linear", str(file), "--json", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def attempts(drill: Callable[..., object]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(drill("history", "--json").stdout)  # type: ignore[attr-defined]
    return found


def test_two_checks_of_one_file_at_once_are_two_attempts(drill: Callable[..., object]) -> None:
    both = [check(RIGHT), check(RIGHT)]
    assert [json.loads(process.communicate()[0])["verdict"] for process in both] == ["accepted"] * 2
    assert [attempt["verdict"] for attempt in attempts(drill)] == ["accepted"] * 2


def test_what_was_judged_is_what_is_stored(
    drill: Callable[..., object], store: object, own_judge: Path, tmp_path: Path
) -> None:
    file = tmp_path / "custom_linear.py"
    judged = "import time\ntime.sleep(3)\n" + RIGHT.read_text(encoding="utf-8")
    file.write_text(judged, encoding="utf-8")
    process = check(file)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        status = client.status()
        if status and status.running:
            break
        time.sleep(0.05)
    file.write_text("not even Python", encoding="utf-8")
    assert json.loads(process.communicate()[0])["verdict"] == "accepted"
    assert [attempt.submission for attempt in store.attempts()] == [judged]  # type: ignore[attr-defined]


def test_a_killed_client_loses_no_attempt_and_doubles_none(
    drill: Callable[..., object], store: object
) -> None:
    finished = set()
    for number in range(16):
        process = check(RIGHT, "--seed", str(number))
        time.sleep(random.uniform(0, 0.5))
        process.send_signal(signal.SIGKILL)
        if process.wait() == 0:
            finished.add(number)
    assert check(RIGHT, "--seed", "99").wait() == 0
    stored = Counter(attempt.seed for attempt in store.attempts())  # type: ignore[attr-defined]
    assert finished | {99} <= set(stored)
    assert max(stored.values()) == 1
