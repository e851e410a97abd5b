"""Thousands of checks on one server: memory, descriptors and processes must not grow, kills must cost nothing.

`python benchmarks/judge_soak.py [CHECKS] [KILLS]`, by default 10,000 checks and 200 kills at random moments.
"""

import os
import random
import shutil
import signal
import sys
import tempfile
import threading
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
    """Kill the server, a warden or a child at random moments; each check must still end with its verdict."""
    from drill.challenge import Limits
    from drill.errors import JudgeError
    from drill.judge import client, processes
    from drill.judge.protocol import Job

    seen: Counter[str] = Counter()
    for number in range(count):
        text, verdict = ANSWERS[number % 2]
        job = Job("soak/answer", text, "submission.py", CHECKS, ("answer",), Limits(wall_s=60))
        status = client.status()
        victim = random.choice(("server", "warden", "child"))

        def strike(victim: str = victim, pid: int = status.pid if status else 0) -> None:
            time.sleep(random.uniform(0, 0.15))
            wardens = processes.children(pid) if pid else []
            chosen = {
                "server": [pid] if pid else [],
                "warden": wardens,
                "child": [child for warden in wardens for child in processes.children(warden)],
            }[victim]
            for target in chosen[:1]:
                with suppress(ProcessLookupError):
                    os.kill(target, signal.SIGKILL)

        killer = threading.Thread(target=strike)
        killer.start()
        try:
            report = client.grade(job)
        except JudgeError as error:
            seen[f"{victim}: {error.message}"] += 1
        else:
            seen[f"{victim}: {'right' if report.verdict == verdict else report.verdict}"] += 1
        killer.join()
        assert client.grade(job).verdict == verdict, "the check after a kill"
    for what, times in sorted(seen.items()):
        print(f"{times:5}  {what}")


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
