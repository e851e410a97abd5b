"""What a check costs: the warm and the cold judge against `python -m pytest` on the same checks.

Whole processes, alternated, so that a machine that slows down slows all of them; then a table of
where the milliseconds of a warm check go. `python benchmarks/check_latency.py [ROUNDS]`
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHALLENGE = ROOT / "challenges" / "custom-linear"
SUBMISSION = CHALLENGE / "solutions" / "reference.py"
TARGETS = {"warm": 0.12, "cold": 1.1, "after idle": 1.1}


@contextmanager
def own_home() -> Iterator[Path]:
    """A home and a judge of this benchmark's own."""
    home = Path(tempfile.mkdtemp(prefix="drill-bench-"))
    os.environ["DRILL_HOME"] = str(home)
    os.environ["DRILL_RUNTIME_DIR"] = str(home / "run")
    try:
        yield home
    finally:
        from drill.judge import client

        client.stop()
        shutil.rmtree(home, ignore_errors=True)


def plain_pytest(home: Path) -> list[str]:
    """The same checks as an ordinary test file, with the submission as a fixture."""
    folder = home / "plain"
    folder.mkdir()
    shutil.copy(SUBMISSION, folder / "submission.py")
    shutil.copy(CHALLENGE / "checks.py", folder / "test_checks.py")
    (folder / "conftest.py").write_text(
        "import importlib, pytest, torch\n"
        "@pytest.fixture\ndef submission(): return importlib.import_module('submission')\n"
        "@pytest.fixture\ndef device(): return torch.device('cpu')\n"
        "@pytest.fixture\ndef seed(): return 0\n"
    )
    return [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(folder),
        str(folder),
    ]


def timed(command: list[str], cwd: Path) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(
            f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        )
    return seconds


def alternate(runs: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            seconds[name].append(run())
    return seconds


def print_ratios(seconds: dict[str, list[float]]) -> None:
    base = statistics.median(seconds["python -m pytest"])
    print(
        f"\n{'whole process, median of ' + str(len(seconds['warm'])):34} {'ms':>7} {'ratio':>7} {'at most':>8}"
    )
    for name, values in seconds.items():
        median = statistics.median(values)
        target = TARGETS.get(name)
        print(
            f"{name:34} {median * 1000:7.0f} {median / base:7.3f} {f'{target:8.2f}' if target else ''}"
        )


def stages(rounds: int, pause_s: float, pace: str) -> None:
    """A warm check from inside the client: when each message arrived, and what the child says of itself.

    At a person's pace a confined process waits for the check; back to back each one is made on demand.
    """
    from drill.judge import client
    from drill.judging import job
    from drill.library import Library

    request = job(Library.find().resolve("custom-linear"), SUBMISSION.read_text())
    tables: list[dict[str, float]] = []
    for _ in range(rounds + 1):
        time.sleep(pause_s)
        began = time.perf_counter()
        arrived: dict[str, float] = {}
        inside: dict[str, float] = {}

        def note(
            message: dict, began: float = began, arrived: dict = arrived, inside: dict = inside
        ) -> None:
            arrived[message["event"]] = (time.perf_counter() - began) * 1000
            inside.update(message.get("milliseconds", {}))

        report = client.grade(request, on_message=note)
        total = (time.perf_counter() - began) * 1000
        checks = sum(check.seconds for check in report.checks) * 1000
        tables.append(
            {
                "connect, the warden": arrived["confined"] - sum(inside.values()),
                **{f"confinement: {name}": value for name, value in inside.items()},
                "collection": arrived["collected"] - arrived["confined"],
                "import of the submission": arrived["imported"] - arrived["collected"],
                "checks, their own time": checks,
                "checks, pytest and comparison of the picture": arrived["finished"]
                - arrived["imported"]
                - checks,
                "report": total - arrived["finished"],
                "TOTAL": total,
                "BEYOND THE CHECKS' OWN TIME": total - checks,
            }
        )
    print(f"\n{f'{pace}, request to report, median of {rounds}':50} {'ms':>7}")
    for name in tables[-1]:
        print(f"{name:50} {statistics.median(table[name] for table in tables[1:]):7.1f}")
    print("(at most 100 ms beyond the checks' own time)")


def memory() -> None:
    from drill.judge import client, processes

    code = "import os; os.environ['OPENBLAS_NUM_THREADS'] = '1'; import torch, pytest, time; print(1, flush=True); time.sleep(60)"
    plain = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert plain.stdout is not None
    plain.stdout.readline()
    status = client.status()
    assert status is not None
    sizes = {"import torch, pytest": resident(plain.pid), "the warm server": resident(status.pid)}
    plain.kill()
    plain.wait()
    plain.stdout.close()
    print(f"\n{'memory':34} {'MB':>7} {'ratio':>7} {'at most':>8}")
    for name, size in sizes.items():
        ratio = size / sizes["import torch, pytest"]
        print(
            f"{name:34} {size / 2**20:7.0f} {ratio:7.2f} {'    1.10' if 'server' in name else ''}"
        )
    print(f"(of the server's, {processes.memory(status.pid) / 2**20:.0f} MB belong to no file)")


def resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("no VmRSS; this benchmark needs Linux")


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with own_home() as home:
        from drill.judge import client

        drill = [sys.executable, "-m", "drill", "check", "custom-linear", str(SUBMISSION)]
        plain = plain_pytest(home)

        def after_idle() -> float:
            client.stop()
            return timed(drill, ROOT)

        print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        timed(drill, ROOT)
        print_ratios(
            alternate(
                {
                    "python -m pytest": lambda: timed(plain, home),
                    "warm": lambda: timed(drill, ROOT),
                    "cold": lambda: timed([*drill, "--cold"], ROOT),
                    "after idle": after_idle,
                },
                rounds,
            )
        )
        stages(rounds, 2.0, "at a person's pace")
        stages(rounds, 0.0, "back to back")
        memory()
        print(f"\nload average after: {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
