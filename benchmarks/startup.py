"""`drill list` against a bare Typer app that prints a Rich table of the same rows: whole processes, alternated.

Run: python benchmarks/startup.py
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 15
BARE = """
import json, sys
import typer
app = typer.Typer()

@app.command()
def table(path: str) -> None:
    from rich.console import Console
    from rich.table import Table
    table = Table("challenge", "title", "topic", "level", "min", "status")
    for row in json.load(open(path)):
        table.add_row(row["id"], row["title"], row["topics"][0], row["difficulty"], str(row["minutes"]), row["status"])
    Console().print(table)

app()
"""


def seconds(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "DRILL_HOME": home}
        drill = [sys.executable, "-m", "drill", "list"]
        listed = subprocess.run(
            [*drill, "--json"], env=environment, capture_output=True, text=True, check=True
        )
        rows = Path(home) / "rows.json"
        rows.write_text(listed.stdout, encoding="utf-8")
        script = Path(home) / "bare.py"
        script.write_text(BARE, encoding="utf-8")
        bare = [sys.executable, str(script), str(rows)]
        for command in (drill, bare):
            seconds(command, environment)  # warm the file cache
        times: dict[str, list[float]] = {"drill list": [], "bare Typer and Rich": []}
        for _ in range(RUNS):
            times["drill list"].append(seconds(drill, environment))
            times["bare Typer and Rich"].append(seconds(bare, environment))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(
            f"{name:<20} {median * 1e3:7.0f} ms (median of {RUNS}, {len(json.loads(listed.stdout))} rows)"
        )
    print(
        f"ratio                {medians['drill list'] / medians['bare Typer and Rich']:7.2f} (1.3 at most)"
    )


if __name__ == "__main__":
    main()
