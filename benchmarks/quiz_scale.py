"""How soon `drill quiz` shows its first card: against a bare Typer and Rich program, and at scale.

Whole processes in a pseudo-terminal, from their start until the card is on the screen; medians of
alternated runs, so that what else the machine does falls on all alike. The processor's time says
the same with less noise where other processes compete.

    python benchmarks/quiz_scale.py [RUNS]
"""

import os
import pty
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from drill import schedule
from drill.cards import Rating
from drill.quiz_store import QuizStore
from drill.schedule import Settings
from drill.store import stamp

DRILL = Path(sys.executable).with_name("drill")
CARDS, REVIEWS_EACH = 10_000, 10

BARE = """
import typer
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

app = typer.Typer()

@app.command()
def quiz(deck: str = "", limit: int = 0):
    console = Console(highlight=False)
    console.print(Rule())
    console.print(Text("tensors · recall · new", style="bold"))
    console.print(Text("Name the two things that a tensor can do and an array cannot."))
    console.print("Space or enter shows the answer.")

app()
"""


class Cost(NamedTuple):
    elapsed: float
    processor: float


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        bare, small, large = (Path(folder) / name for name in ("bare.py", "small", "large"))
        bare.write_text(BARE)
        fill(large / "data")
        commands = {
            "bare Typer + Rich": ([sys.executable, str(bare)], small),
            "drill quiz": ([str(DRILL), "quiz"], small),
            f"drill quiz, {CARDS:,} cards, {CARDS * REVIEWS_EACH:,} reviews": (
                [str(DRILL), "quiz"],
                large,
            ),
        }
        for command, home in commands.values():
            first_card(command, home)  # reads the decks into the store, and warms the disk's cache
        times: dict[str, list[Cost]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, (command, home) in commands.items():
                times[name].append(first_card(command, home))
    report(times, runs)


def report(times: dict[str, list[Cost]], runs: int) -> None:
    print(f"until the first card is on the screen, medians of {runs} alternated runs")
    medians = {
        name: Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))
        for name, costs in times.items()
    }
    bare, small, large = medians.values()
    print(f"{'':<44}{'elapsed':>9}{'':>6}{'processor':>11}")
    for name, cost in medians.items():
        print(
            f"{name:<44}{cost.elapsed * 1000:6.0f} ms {cost.elapsed / bare.elapsed:5.2f}"
            f"{cost.processor * 1000:8.0f} ms {cost.processor / bare.processor:5.2f}"
        )
    print(
        f"at scale against a small store: {large.elapsed / small.elapsed:.2f} elapsed,"
        f" {large.processor / small.processor:.2f} processor"
    )


def first_card(command: list[str], home: Path) -> Cost:
    """What it takes until the prompt below the first card appears."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "DRILL_HOME": str(home), "TERM": "xterm-256color"}
    # An installed program has its bytecode; so have the libraries that the bare one is made of.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    try:
        while b"Space or enter" not in seen and b"Type " not in seen:
            seen += os.read(ours, 4096)
        elapsed = time.perf_counter() - began
    except OSError:
        raise SystemExit(f"{command} showed no card: {seen.decode()}") from None
    finally:
        os.kill(child.pid, signal.SIGKILL)  # `child.kill` might reap it, and the cost with it
        _, child.returncode, usage = os.wait4(child.pid, 0)
        os.close(ours)
    return Cost(elapsed, usage.ru_utime + usage.ru_stime)


def fill(data: Path) -> None:
    """A deck of ten thousand cards, each with a history; about half of them are due."""
    decks = data / "decks"
    decks.mkdir(parents=True)
    cards = "".join(
        f"  - {{id: scale-{n}, kind: recall, source: seed 1, question: q{n}, answer: a{n}}}\n"
        for n in range(CARDS)
    )
    (decks / "scale.yaml").write_text(f"format: 1\ntitle: Scale\ntopic: scale\ncards:\n{cards}")
    rng = random.Random(0)
    settings, now = Settings(), datetime.now(UTC)
    with QuizStore.open(data / "drill.db") as store, store._write() as db:
        # Straight into the tables: a hundred thousand acknowledged reviews are as many fsyncs.
        db.execute("INSERT INTO fsrs_settings VALUES (1, ?)", (settings.to_json(),))
        for n in range(CARDS):
            subject, current = f"card:scale-{n}", None
            at = now - timedelta(days=rng.uniform(200, 400))
            for _ in range(REVIEWS_EACH):
                rating = rng.choices(list(Rating), weights=(1, 1, 6, 1))[0]
                state = current.state if current else 0
                current = schedule.rated(current, subject, rating, at, settings)
                db.execute(
                    "INSERT INTO reviews (subject, at, action, rating, state, settings)"
                    " VALUES (?, ?, 'rating', ?, ?, 1)",
                    (subject, stamp(at), rating, state),
                )
                assert current.due is not None
                at = min(current.due, now - timedelta(minutes=1))
            store._put_schedule(subject, current)


if __name__ == "__main__":
    main()
