"""The import rules: what keeps commands quick to start, and the judged process free of what it does not need."""

import subprocess
import sys

import pytest

HEAVY = {"torch", "pytest", "numpy", "PIL"}
TERMINAL = {"typer", "rich", "yaml", "msgspec", "sqlite3", "drill.store", "drill.library"}


def imported_by(module: str) -> set[str]:
    script = f"import sys, {module}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("drill.cli.app", HEAVY | {"rich", "yaml", "msgspec", "fsrs"}),
        ("drill.cli.commands", HEAVY | {"rich", "yaml", "msgspec", "fsrs"}),
        ("drill.practice", HEAVY | TERMINAL - {"sqlite3", "drill.store", "drill.library"}),
        ("drill.judge.client", HEAVY | TERMINAL),
        ("drill.judge.server", TERMINAL),
        ("drill.judge.child", TERMINAL),
        ("drill.judge.cold", TERMINAL),
        ("drill.checking", TERMINAL | {"pytest"}),
        ("drill.challenge", HEAVY | TERMINAL),
        ("drill.report", HEAVY | TERMINAL),
    ],
)
def test_a_module_leaves_alone_what_it_does_not_need(module: str, forbidden: set[str]) -> None:
    assert imported_by(module) & forbidden == set()


def test_the_request_goes_out_before_rich_and_yaml(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """The client draws while the judge works, not before."""
    script = """
import sys
from drill.judge import client
from drill.report import Report, Verdict

def grade(job, *, on_sent=None, **options):
    print(sorted({"rich", "yaml", "msgspec"} & set(sys.modules)))
    on_sent()
    print("rich" in sys.modules)
    return Report(job.challenge, Verdict.ACCEPTED)

client.grade = grade
from drill.cli.app import main
from drill.library import Library
Library.find().challenges()  # fills the cache, through YAML
for name in [n for n in sys.modules if n.partition(".")[0] in ("yaml", "msgspec")]:
    del sys.modules[name]
sys.argv = ["drill", "check", "custom-linear", sys.argv[1]]
main()
"""
    file = tmp_path / "answer.py"
    file.write_text("x = 1\n", encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", script, str(file)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[:2] == ["[]", "True"]
