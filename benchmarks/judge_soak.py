"""Thousands of checks on one server: memory, descriptors and processes must not grow, kills must cost nothing.

`python benchmarks/judge_soak.py [CHECKS] [KILLS]`, by default 10,000 checks and 200 kills at random moments.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

CHECKS = """
import torch
from drill.checking import assert_close


def test_answer(submission):
    x = torch.randn(3)
    assert_close(submission.answer(x), 2 * x + 1)
"""
ANSWERS = (
    ("def answer(x):\n    return 2 * x + 1\n", "accepted"),
    ("def answer(x):\n    return x\n", "wrong answer"),
)


def soak(checks: int) -> None:
    from drill.challenge import Limits
    from drill.judge import client, processes
    from drill.judge.protocol import Job

    jobs = [
        (Job("soak/answer", text, "submission.py", CHECKS, ("answer",), Limits(wall_s=60)), verdict)
        for text, verdict in ANSWERS
    ]
    for job, _ in jobs:
        client.grade(job)
    status = client.status()
    assert status is not None
    print(f"{'checks':>8} {'a second':>9} {'MB':>7} {'files':>6} {'children':>9}")
    done, began = 0, time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        while done < checks:
            batch = [jobs[number % 2] for number in range(min(500, checks - done))]
            for report, (_, verdict) in zip(
                pool.map(lambda pair: client.grade(pair[0]), batch), batch, strict=True
            ):
                assert report.verdict == verdict, report
            done += len(batch)
            time.sleep(0.3)
            files = sum(1 for _ in Path(f"/proc/{status.pid}/fd").iterdir())
            left = len(processes.descendants(status.pid)) - 1
            size = processes.memory(status.pid) / 2**20
            print(
                f"{done:8} {done / (time.perf_counter() - began):9.1f} {size:7.1f} {files:6} {left:9}",
                flush=True,
            )
    now = client.status()
    assert now is not None
    assert now.pid == status.pid, "the server did not live through it"


def kills(count: int) -> None:
    """Kill the client, the server, a warden or a child of real checks at random moments.

    No attempt may be lost or stored twice, and the next check must be right.
    """
    from drill.judge import client, processes

    folder = Path(__file__).resolve().parents[1] / "challenges" / "custom-linear"
    right, wrong = folder / "solutions" / "reference.py", folder / "mistakes" / "bias_not_added.py"
    seen: Counter[str] = Counter()
    finished: set[int] = set()
    for number in range(count):
        victim = ("client", "server", "warden", "child")[number % 4]
        file, code = ((right, 0), (wrong, 1))[number // 4 % 2]
        status = client.status()
        process = _check(file, number)
        time.sleep(random.uniform(0, 0.4))
        wardens = processes.children(status.pid) if status else []
        chosen = {
            "client": [process.pid],
            "server": [status.pid] if status else [],
            "warden": wardens,
            "child": [child for warden in wardens for child in processes.children(warden)],
        }[victim]
        for target in chosen[:1]:
            with suppress(ProcessLookupError):
                os.kill(target, signal.SIGKILL)
        ended = process.wait()
        if ended == code:
            finished.add(number)
        what = (
            "right" if ended == code else "killed" if ended == -signal.SIGKILL else f"exit {ended}"
        )
        seen[f"{victim}: {what}"] += 1
        assert _check(right, count + number).wait() == 0, "the check after a kill"
    for what, times in sorted(seen.items()):
        print(f"{times:5}  {what}")
    stored = Counter(_stored_seeds())
    assert max(stored.values()) == 1, "an attempt is stored twice"
    assert finished <= set(stored), "an attempt is lost"
    print(
        f"{len(stored)} attempts of {2 * count} checks stored, each once; {len(finished)} of {count} struck ones were judged"
    )


def _check(file: Path, seed: int) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "drill",
        "check",
        "custom-linear",
        str(file),
        "--seed",
        str(seed),
        "--json",
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _stored_seeds() -> list[int]:
    from drill import paths
    from drill.store import Store

    with Store.open(paths.data_dir() / "drill.db") as store:
        return [attempt.seed for attempt in store.attempts()]


def main() -> int:
    checks = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    strikes = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    home = Path(tempfile.mkdtemp(prefix="drill-soak-"))
    os.environ["DRILL_HOME"], os.environ["DRILL_RUNTIME_DIR"] = str(home), str(home / "run")
    from drill.judge import client

    try:
        soak(checks)
        kills(strikes)
    finally:
        client.stop()
        shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
