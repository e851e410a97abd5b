"""The verdict follows from messages, the way the child ended, and limits; whatever does not add up is said."""

import signal
from typing import Any

import pytest

from drill.judge.verdict import Stop, Tally, inert, printed
from drill.report import Outcome, Report, Verdict

CONFINED = {"event": "confined", "missing": [], "milliseconds": {}}
COLLECTED = {
    "event": "collected",
    "device": "cpu",
    "checks": [{"id": "test_a", "title": "a"}, {"id": "test_b", "title": "b"}],
}
IMPORTED, FINISHED = {"event": "imported"}, {"event": "finished"}
EXITED_0, KILLED = 0, signal.SIGSEGV


def started(name: str) -> dict[str, Any]:
    return {"event": "started", "id": name}


def checked(name: str, outcome: str = "passed", **more: Any) -> dict[str, Any]:
    report = {
        "id": name, "title": "forged title", "outcome": outcome, "seconds": 0.0, "message": "", "mistake": "",
        "details": [], "tried": [], "hint": "", "frames": [],
    }  # fmt: skip
    return {"event": "checked", "report": report | more.pop("report", {}), **more}


def refused(verdict: str) -> dict[str, Any]:
    return {"event": "refused", "verdict": verdict, "message": "why", "hint": "", "frames": []}


START = [CONFINED, COLLECTED, IMPORTED]
ALL_PASS = [
    *START,
    started("test_a"),
    checked("test_a"),
    started("test_b"),
    checked("test_b"),
    FINISHED,
]


def judged(
    messages: list[dict[str, Any]], status: int = EXITED_0, stop: Stop | None = None
) -> Report:
    tally = Tally()
    for message in messages:
        tally.take(message, now=1.0)
    return tally.report("pack/name", stop, status, output="")


def test_all_checks_passed():
    report = judged(ALL_PASS)
    assert report.verdict is Verdict.ACCEPTED
    assert [check.outcome for check in report.checks] == [Outcome.PASSED] * 2
    assert [check.title for check in report.checks] == ["a", "b"], (
        "titles come from before the import"
    )


@pytest.mark.parametrize(
    ("messages", "verdict"),
    [
        pytest.param([*START, started("test_a"), checked("test_a", "failed"), started("test_b"), checked("test_b"), FINISHED], "wrong answer", id="one failed"),
        pytest.param([*START, started("test_a"), checked("test_a", "error"), started("test_b"), checked("test_b"), FINISHED], "wrong answer", id="one raised"),
        pytest.param([*START, started("test_a"), checked("test_a", "error", not_attempted=True), started("test_b"), checked("test_b"), FINISHED], "not attempted", id="a stub"),
        pytest.param([*START, started("test_a"), checked("test_a", "error", out_of_memory=True), started("test_b"), checked("test_b"), FINISHED], "memory limit", id="out of memory"),
        pytest.param([*START, started("test_a"), checked("test_a", "failed", rule={"name": "f", "line": 3, "message": "m"}), started("test_b"), checked("test_b"), FINISHED], "rule broken", id="a rule"),
        pytest.param([CONFINED, COLLECTED, refused("error"), FINISHED], "error", id="refused"),
        pytest.param([CONFINED, COLLECTED, refused("rule broken"), FINISHED], "rule broken", id="refused by a rule"),
        pytest.param([CONFINED, {"event": "failed", "message": "no mounts"}], "judge failure", id="not confined"),
        pytest.param([CONFINED], "judge failure", id="checks that cannot be collected"),
        pytest.param([CONFINED, {"event": "collected", "device": "cpu", "checks": []}, IMPORTED, FINISHED], "judge failure", id="no checks"),
    ],
)  # fmt: skip
def test_what_adds_up(messages, verdict):
    assert judged(messages).verdict == verdict


@pytest.mark.parametrize(
    ("messages", "doubt"),
    [
        pytest.param([*START, FINISHED], "0 of 2 checks", id="no check ran"),
        pytest.param([*START, started("test_a"), checked("test_a"), FINISHED], "1 of 2 checks", id="one is missing"),
        pytest.param([*START, started("test_a"), FINISHED], "0 of 2 checks", id="one never ended"),
        pytest.param([*START, started("test_b")], "test_a was next", id="out of order"),
        pytest.param([*START, checked("test_a")], "out of turn", id="not started"),
        pytest.param([*START, started("test_a"), checked("test_b")], "out of turn", id="another's report"),
        pytest.param([*START, started("test_a"), checked("test_a"), started("test_a")], "test_b was next", id="twice"),
        pytest.param([*ALL_PASS[:-1], started("test_c")], "out of turn", id="one too many"),
        pytest.param([*START, started("test_a"), checked("test_a", report={"seconds": 99})], "impossible duration", id="too long"),
        pytest.param([*START, started("test_a"), checked("test_a", report={"seconds": -1})], "impossible duration", id="negative"),
        pytest.param([*START, started("test_a"), checked("test_a", "not run")], "not run", id="not run"),
        pytest.param([CONFINED, COLLECTED, COLLECTED], "twice", id="collected twice"),
        pytest.param([CONFINED, COLLECTED, FINISHED], "before the submission", id="never imported"),
        pytest.param([CONFINED, COLLECTED, refused("accepted")], "accepted", id="refused as accepted"),
        pytest.param([*START, refused("error")], "out of turn", id="refused after the import"),
        pytest.param([*ALL_PASS, started("test_a")], "unexpected", id="after the end"),
        pytest.param([*START, {"event": "report", "report": {"verdict": "accepted"}}], "unexpected", id="a report of its own"),
        pytest.param([*START, {"event": "checked"}], "cannot be read", id="half a message"),
        pytest.param([*START, {"event": "failed", "message": "m"}], "after the submission", id="a late failure"),
        pytest.param([*ALL_PASS[:-1], {"event": "tampered", "what": ["torch.isclose"]}, FINISHED], "torch.isclose", id="changed"),
    ],
)  # fmt: skip
def test_what_does_not_add_up(messages, doubt):
    report = judged(messages)
    assert report.verdict is Verdict.TAMPERED
    assert doubt in report.message


def test_a_crash_names_the_signal_and_the_check():
    report = judged([*START, started("test_a")], status=KILLED)
    assert report.verdict is Verdict.CRASHED
    assert "SIGSEGV" in report.message
    assert [check.outcome for check in report.checks] == [Outcome.ERROR, Outcome.NOT_RUN]
    assert "SIGSEGV" in report.checks[0].message


@pytest.mark.parametrize("status", [0, 1 << 8, 70 << 8])
def test_an_exit_before_the_end_is_never_success(status):
    report = judged([*START, started("test_a"), checked("test_a")], status=status)
    assert report.verdict is Verdict.ERROR
    assert "ended the process" in report.message


def test_a_limit_explains_more_than_the_kill_that_follows():
    report = judged(
        [*START, started("test_a")], KILLED, Stop(Verdict.TIME_LIMIT, "stopped after 10 s")
    )
    assert report.verdict is Verdict.TIME_LIMIT
    assert report.checks[0].message == "stopped after 10 s"


def test_nothing_is_stopped_after_it_has_finished():
    assert judged(ALL_PASS, stop=Stop(Verdict.TIME_LIMIT, "late")).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b\x07\x00\r", "\\x9b\\x07\\x00\\x0d"),
        ("\u202e\u2066\u2028", "\\u202e\\u2066\\u2028"),
        ("é 日本 🙂", "é 日本 🙂"),
    ],
)
def test_text_that_a_terminal_would_obey_is_spelled_out(text, shown):
    assert inert({"key": [text]}) == {"key": [shown]}


def test_long_text_is_cut():
    assert len(inert("x" * 100_000)) < 20_000


def test_output_is_cut_and_decoded():
    assert printed(b"abc\xff\r\ndef", 6) == "abc\ufffd\n"
