"""The learner's commands as a shell would see them, judged for real."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drill.paths import content_dir
from drill.store import Store

FOLDER = content_dir("challenges") / "custom-linear"
RIGHT = (FOLDER / "solutions" / "reference.py").read_text(encoding="utf-8")
WRONG = (FOLDER / "mistakes" / "bias_not_added.py").read_text(encoding="utf-8")

Run = Callable[..., Any]


@pytest.fixture
def answer(drill: Run, workspace: Path) -> Callable[[str | bytes], Path]:
    """Start custom-linear and put this text into the file."""

    def write(text: str | bytes) -> Path:
        drill("start", "custom-linear", "--no-open")
        path = workspace / "custom_linear.py"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def words(text: str) -> str:
    """The text as one line, however it was wrapped."""
    return " ".join(text.split())


def test_the_main_flow(drill: Run, answer: Run) -> None:
    answer(WRONG)
    ran = drill("check")
    assert ran.exit_code == 1
    assert "wrong answer" in ran.stdout
    assert "the bias is never added" in words(ran.stdout)
    assert "seed 0, cpu, torch" in ran.stdout
    answer(RIGHT)
    ran = drill("check")
    assert ran.exit_code == 0
    assert "custom-linear accepted" in words(ran.stdout)
    rows = json.loads(drill("list", "--json").stdout)
    assert next(r for r in rows if r["id"] == "custom-linear")["status"] == "accepted"
    assert [a["verdict"] for a in json.loads(drill("history", "--json").stdout)] == [
        "accepted",
        "wrong answer",
    ]


SLIPS = {
    "an empty file": ("", "not attempted", "is empty", "drill reset"),
    "a stub left as it was": (None, "not attempted", "the stub is as it was", "write your answer"),
    "a method left as a stub": (RIGHT.replace("return x @", "raise NotImplementedError\n        return x @"), "not attempted", "NotImplementedError", ""),
    "a syntax error": ("class MyLinear:\n    def f(self:\n        pass\n", "error", "custom_linear.py, line 2: SyntaxError", "fix the syntax"),
    "the name missing": ("class Linear:\n    pass\n", "error", "does not define MyLinear", "you defined: Linear"),
    "an exception at import": ("import torch\n\nx = torch.ones(2) + torch.ones(3)\n", "error", "RuntimeError: The size of tensor a", "line 3"),
    "a module that is not there": ("import tensorflow\n", "error", "there is no module 'tensorflow' here at line 1", "are available"),
    "an endless loop at import": ("while True:\n    pass\n", "time limit", "stopped after 10 s", "look for a loop"),
    "too much memory": ("import torch\nx = torch.ones(2**31)\n", "memory limit", "", ""),
    "sys.exit at import": ("import sys\nsys.exit(0)\n", "error", "calls sys.exit(0)", "__main__"),
    "os._exit at import": ("import os\nos._exit(0)\n", "error", "ended the process itself", "os._exit"),
    "not UTF-8": ("# Größe\n".encode("latin-1"), "error", "is not UTF-8: line 1 has the byte 0xf6", "save the file as UTF-8"),
    "a segmentation fault": ("import ctypes\nctypes.string_at(0)\n", "crashed", "SIGSEGV", ""),
    "endless output": ("while True:\n    print('x' * 1000)\n", "output limit", "printed more than", "a print inside a loop"),
    "a rule broken": ("from torch import nn\n\n\nclass MyLinear(nn.Linear):\n    pass\n", "rule broken", "line 4 uses torch.nn.Linear", ""),
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_gets_its_verdict_and_a_sentence(drill: Run, answer: Run, slip: str) -> None:
    text, verdict, message, hint = SLIPS[slip]
    if text is None:
        drill("start", "custom-linear", "--no-open")
    else:
        answer(text)
    ran = drill("check")
    told = words(ran.stdout)
    assert ran.exit_code == 1
    assert f"custom-linear {verdict}" in told
    assert message in told
    assert hint in told
    assert "Traceback" not in ran.stdout + ran.stderr
    assert "/drill/judge/" not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("command", "complaint", "hint"),
    [
        (["check"], "no challenge is started", "begin with: drill start"),
        (
            ["check", "custom-linaer"],
            "no challenge called 'custom-linaer'",
            "did you mean custom-linear",
        ),
        (["check", "custom-linear", "gone.py"], "gone.py does not exist", "check the path"),
        (
            ["start", "custom-linaer"],
            "no challenge called 'custom-linaer'",
            "did you mean custom-linear",
        ),
        (["solution", "custom-linear"], "custom-linear is not accepted yet", "--give-up"),
        (["list", "--topic", "cooking"], "no challenge is on 'cooking'", "topics:"),
        (["list", "--track", "cooking"], "there is no track called 'cooking'", "basics"),
        (["next", "--track", "cooking"], "there is no track called 'cooking'", "basics"),
        (["lst"], "No such command 'lst'", "Did you mean 'list'"),
        (["list", "--difficulty", "silly"], "'silly' is not one of", ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_that_cannot_be_carried_out(
    drill: Run, command: list[str], complaint: str, hint: str
) -> None:
    ran = drill(*command)
    assert ran.exit_code == 2
    assert complaint in words(ran.stderr)
    assert hint in words(ran.stderr)
    assert ran.stdout == ""


def test_check_judges_a_file_from_anywhere(drill: Run, tmp_path: Path) -> None:
    file = tmp_path / "a file with späces.py"
    file.write_text(RIGHT, encoding="utf-8")
    report = json.loads(drill("check", "custom-linear", str(file), "--json").stdout)
    assert report["verdict"] == "accepted"
    assert report["warm"]


def test_cold_gives_the_same_report(drill: Run, answer: Run) -> None:
    answer(WRONG)
    warm, cold = (json.loads(drill("check", "--json", *flag).stdout) for flag in ([], ["--cold"]))
    assert (warm.pop("warm"), cold.pop("warm")) == (True, False)
    for report in (warm, cold):
        del report["seconds"]
        for check in report["checks"]:
            del check["seconds"]
    assert warm == cold


def test_a_seed_is_named_and_changes_what_is_tried(drill: Run, answer: Run) -> None:
    answer(WRONG)
    reports = [
        json.loads(drill("check", "--json", "--seed", str(seed)).stdout) for seed in (0, 1, 1)
    ]
    details = [next(c for c in r["checks"] if c["details"])["details"] for r in reports]
    assert [r["seed"] for r in reports] == [0, 1, 1]
    assert details[0] != details[1] == details[2]


def test_an_absent_device_lists_the_present_ones(drill: Run, answer: Run) -> None:
    answer(RIGHT)
    ran = drill("check", "--device", "cuda:63")
    assert ran.exit_code == 3
    assert "there is no device cuda:63 here; there is: cpu" in words(ran.stdout)
    assert json.loads(drill("history", "--json").stdout) == []


def test_start_opens_nothing_and_reopens_work(drill: Run, answer: Run) -> None:
    path = answer("my work")
    ran = drill("start", "custom-linear")
    assert ran.exit_code == 0
    assert ran.stdout.startswith(f"found your {path}")
    assert path.read_text(encoding="utf-8") == "my work"


def test_reset_says_where_the_text_went(drill: Run, answer: Run, workspace: Path) -> None:
    answer("my work")
    done = json.loads(drill("reset", "custom-linear", "--json").stdout)
    assert Path(done["backup"]).read_text(encoding="utf-8") == "my work"
    assert "raise NotImplementedError" in Path(done["path"]).read_text(encoding="utf-8")


def test_hints_count_up(drill: Run) -> None:
    drill("start", "custom-linear", "--no-open")
    assert "1/3" in drill("hint").stdout
    second = drill("hint").stdout
    assert "1/3" in second
    assert "2/3" in second


def test_a_solution_after_giving_up_marks_the_challenge(drill: Run, answer: Run) -> None:
    shown = drill("solution", "custom-linear", "--give-up")
    assert "class MyLinear" in shown.stdout
    assert "an interviewer would go on" in shown.stdout
    assert drill("solution", "custom-linear").exit_code == 0  # seen is seen
    answer(RIGHT)
    drill("check")
    assert "(after the solution)" in drill("history").stdout


def test_a_solution_is_free_after_acceptance(drill: Run, answer: Run) -> None:
    answer(RIGHT)
    drill("check")
    assert drill("solution").exit_code == 0


def test_filters_narrow_the_list(drill: Run) -> None:
    rows = json.loads(drill("list", "--json", "--topic", "layers", "--difficulty", "easy").stdout)
    assert rows
    assert all("layers" in row["topics"] and row["difficulty"] == "easy" for row in rows)
    drill("start", "custom-linear", "--no-open")
    started = json.loads(drill("list", "--json", "--status", "started").stdout)
    assert [row["id"] for row in started] == ["custom-linear"]
    assert drill("list", "--status", "accepted").stdout.strip() == "no challenge fits these filters"


def test_next_goes_through_the_track(drill: Run, library) -> None:  # type: ignore[no-untyped-def]
    first = json.loads(drill("next", "--json").stdout)
    assert first["id"] == library.tracks()["basics"].order[0]
    assert json.loads(drill("next", "--json", "--track", "debugging").stdout)["id"].startswith(
        "debug-"
    )


def test_drill_alone_names_the_next_command(drill: Run) -> None:
    assert "drill start" in drill().stdout
    drill("start", "custom-linear", "--no-open")
    assert "drill check custom-linear" in drill().stdout


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize(
    "command",
    [
        "",
        "list",
        "status",
        "show custom-linear",
        "check custom-linear",
        "hint custom-linear",
        "doctor --quick",
    ],
)
def test_screens_fit_and_have_no_control_characters(
    drill: Run, answer: Run, monkeypatch: pytest.MonkeyPatch, width: int, command: str
) -> None:
    answer(WRONG)
    monkeypatch.setenv("COLUMNS", str(width))
    shown = drill(*command.split()).stdout
    assert shown
    long = [
        line for line in shown.splitlines() if len(line.rstrip()) > width and os.sep not in line
    ]
    assert long == []
    assert all(c == "\n" or c.isprintable() for c in shown)


def test_words_of_a_submission_cannot_steer_the_terminal(drill: Run, answer: Run) -> None:
    answer('raise ValueError("\\x1b]0;title\\x07\\x1b[2J red")\n')
    shown = drill("check").stdout
    assert "\x1b" not in shown
    assert "\\x1b]0;title" in words(shown)


def test_a_submission_is_judged_apart_where_the_checks_allow_it(drill: Run) -> None:
    folder = content_dir("challenges") / "softmax-stable"
    right, wrong = folder / "solutions" / "reference.py", folder / "mistakes" / "no_keepdim.py"
    ran = drill("check", "softmax-stable", str(right), "--isolation", "process")
    assert ran.exit_code == 0, ran.stdout
    assert "apart from the submission" in words(ran.stdout)
    ran = drill("check", "softmax-stable", str(wrong), "--isolation", "process", "--json")
    assert ran.exit_code == 1
    assert json.loads(ran.stdout)["isolated"] is True


def test_checks_that_look_inside_are_not_run_apart(drill: Run) -> None:
    file = FOLDER / "solutions" / "reference.py"
    ran = drill("check", "custom-linear", str(file), "--isolation", "process")
    assert ran.exit_code == 2
    assert "look inside the submission" in words(ran.stderr)
    assert "drill list --isolable" in words(ran.stderr)


def test_the_list_names_what_can_be_judged_apart(drill: Run) -> None:
    names = [row["id"] for row in json.loads(drill("list", "--isolable", "--json").stdout)]
    assert "softmax-stable" in names
    assert "custom-linear" not in names


def test_a_verdict_is_shown_even_where_it_cannot_be_kept(
    drill: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = FOLDER / "solutions" / "reference.py"
    drill("check", "custom-linear", str(file))
    opened = Store.open

    def of_fixed_size(*args: Any, **options: Any) -> Store:
        store = opened(*args, **options)
        (pages,) = store._db.execute("PRAGMA page_count").fetchone()
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        return store

    monkeypatch.setattr(Store, "open", of_fixed_size)
    for _ in range(20):  # until the free pages are used up
        ran = drill("check", "custom-linear", str(file))
        if ran.exit_code:
            break
    assert ran.exit_code == 3
    assert "custom-linear accepted" in words(ran.stdout)
    assert "this attempt is not in your history: the disk is full" in words(ran.stderr)
