"""How soon `drill quiz` shows its first card: against a bare Typer and Rich program, and at scale.

Whole processes in a pseudo-terminal, from their start until the card is on the screen; medians of
alternated runs, so that what else the machine does falls on all alike.

    python benchmarks/quiz_scale.py [RUNS]
"""

import os
import pty
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drill import schedule
from drill.cards import Rating
from drill.schedule import Settings
from drill.store import Store, stamp

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
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, (command, home) in commands.items():
                times[name].append(first_card(command, home))
    report(times, runs)


def report(times: dict[str, list[float]], runs: int) -> None:
    medians = {name: statistics.median(found) for name, found in times.items()}
    base = next(iter(medians.values()))
    print(f"until the first card is on the screen, medians of {runs} alternated runs")
    for name, median in medians.items():
        print(f"{name:<48} {median * 1000:6.0f} ms   {median / base:4.2f} of the bare program")
    _, small, large = medians.values()
    print(f"at scale against a small store: {large / small:.2f}")


def first_card(command: list[str], home: Path) -> float:
    """Seconds until the prompt below the first card appears."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "DRILL_HOME": str(home), "TERM": "xterm-256color"}
    began = time.perf_counter()
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    try:
        while b"Space or enter" not in seen and b"Type " not in seen:
            seen += os.read(ours, 4096)
        return time.perf_counter() - began
    except OSError:
        raise SystemExit(f"{command} showed no card: {seen.decode()}") from None
    finally:
        child.kill()
        child.wait()
        os.close(ours)


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
    with Store.open(data / "drill.db") as store, store._write() as db:
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
