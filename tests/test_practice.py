from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drill import practice
from drill.challenge import Track
from drill.errors import UsageError
from drill.judge.protocol import Job
from drill.library import Library
from drill.practice import State, full_name
from drill.report import Report, Verdict
from drill.store import Store

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def accept(job: Job) -> Report:
    return Report(job.challenge, Verdict.ACCEPTED)


def refuse(job: Job) -> Report:
    return Report(job.challenge, Verdict.WRONG_ANSWER)


@pytest.fixture
def linear(library: Library):  # type: ignore[no-untyped-def]
    return library.resolve("custom-linear")


def begin(
    linear, library: Library, store: Store, workspace: Path, now: datetime = NOW
) -> practice.Opened:  # type: ignore[no-untyped-def]
    return practice.start(linear, library, store, workspace, now)


def test_start_writes_the_statement_and_the_stub(linear, library, store, workspace) -> None:  # type: ignore[no-untyped-def]
    opened = begin(linear, library, store, workspace)
    text = opened.path.read_text(encoding="utf-8")
    assert opened.created
    assert text.startswith("# Linear layer from scratch")
    assert "drill check custom-linear" in text
    assert "raise NotImplementedError" in text.splitlines()[opened.line - 1]
    assert all(len(line) <= 100 for line in text.splitlines())


def test_start_never_writes_over_work(linear, library, store, workspace) -> None:  # type: ignore[no-untyped-def]
    path = begin(linear, library, store, workspace).path
    path.write_text("my work", encoding="utf-8")
    again = begin(linear, library, store, workspace)
    assert not again.created
    assert path.read_text(encoding="utf-8") == "my work"


def test_start_says_where_it_may_not_write(linear, library, store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be written"):
        begin(linear, library, store, blocked)


def test_reset_keeps_the_old_text_twice(linear, library, store, workspace) -> None:  # type: ignore[no-untyped-def]
    path = begin(linear, library, store, workspace).path
    for text in ("first work", "second work"):  # within the same second
        path.write_text(text, encoding="utf-8")
        done = practice.reset(linear, library, store, workspace, NOW)
        assert done.backup is not None
        assert done.backup.read_text(encoding="utf-8") == text
        assert path.read_text(encoding="utf-8") == practice.stub_text(linear)
    assert [kept.text for kept in store.kept_texts(full_name(linear))] == [
        "second work",
        "first work",
    ]


def test_reset_of_an_untouched_stub_keeps_nothing(linear, library, store, workspace) -> None:  # type: ignore[no-untyped-def]
    begin(linear, library, store, workspace)
    assert practice.reset(linear, library, store, workspace, NOW).backup is None


def test_the_target_is_the_challenge_started_last(library, store, workspace) -> None:  # type: ignore[no-untyped-def]
    for minutes, name in enumerate(["custom-linear", "softmax-stable"]):
        begin(library.resolve(name), library, store, workspace, NOW + timedelta(minutes=minutes))
    assert practice.target(None, None, library, store, workspace).challenge.id == "softmax-stable"
    named = practice.target("custom-linear", None, library, store, workspace)
    assert named.file == workspace / "custom_linear.py"


def test_a_file_alone_says_its_challenge_by_its_name(library, store, workspace, tmp_path) -> None:  # type: ignore[no-untyped-def]
    found = practice.target(str(tmp_path / "custom_linear.py"), None, library, store, workspace)
    assert found.challenge.id == "custom-linear"
    with pytest.raises(UsageError) as caught:
        practice.target("custom_linaer.py", None, library, store, workspace)
    assert caught.value.hint == "say it: drill check custom-linear custom_linaer.py"


@pytest.mark.parametrize(
    ("name", "complaint", "hint"),
    [
        (None, "no challenge is started", "drill start"),
        ("custom-linear", "custom_linear.py does not exist", "drill start custom-linear"),
        ("nothing-like-it", "no challenge called", "drill list"),
    ],
)
def test_without_a_target_the_next_command_is_named(
    library, store, workspace, name, complaint, hint
) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError) as caught:
        practice.target(name, None, library, store, workspace)
    assert complaint in caught.value.message
    assert hint in caught.value.hint


def submit(
    linear, path: Path, content: bytes, store: Store, grade: practice.Grade = accept
) -> Report:  # type: ignore[no-untyped-def]
    path.write_bytes(content)
    return practice.submit(
        practice.Target(linear, path), grade, store, device="cpu", seed=3, now=NOW
    )


def no_judge(job: Job) -> Report:
    raise AssertionError("this needs no judge")


def test_an_empty_file_is_not_attempted(linear, store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    report = submit(linear, tmp_path / "a.py", b" \n\n", store, no_judge)
    assert report.verdict is Verdict.NOT_ATTEMPTED
    assert report.message == "a.py is empty"
    assert "drill reset" in report.hint


def test_the_stub_as_it_was_is_not_attempted(linear, store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    text = practice.stub_text(linear) + "\n# a comment more\n"
    report = submit(linear, tmp_path / "a.py", text.encode(), store, no_judge)
    assert report.verdict is Verdict.NOT_ATTEMPTED


def test_a_file_that_is_not_utf8_is_an_error_with_its_line(linear, store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    report = submit(
        linear, tmp_path / "a.py", "import torch\n# Größe\n".encode("latin-1"), store, no_judge
    )
    assert report.verdict is Verdict.ERROR
    assert report.message == "a.py is not UTF-8: line 2 has the byte 0xf6"


def test_a_missing_file_is_no_attempt(linear, store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    target = practice.Target(linear, tmp_path / "gone.py")
    with pytest.raises(UsageError, match=r"gone\.py does not exist"):
        practice.submit(target, accept, store, device="cpu", seed=0, now=NOW)
    assert store.attempts() == []


def test_what_was_judged_is_what_is_stored(linear, store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "a.py"

    def edits_meanwhile(job: Job) -> Report:
        path.write_text("edited during the check", encoding="utf-8")
        assert job.submission == "x = 1\n"
        return accept(job)

    submit(
        linear, path, b"\xef\xbb\xbfx = 1\r\n", store, edits_meanwhile
    )  # a BOM and Windows line ends
    (attempt,) = store.attempts()
    assert attempt.submission == "x = 1\n"
    assert (attempt.verdict, attempt.seed, attempt.gave_up) == (Verdict.ACCEPTED, 3, False)


def test_a_failure_of_the_judge_is_no_attempt(linear, store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    submit(
        linear, tmp_path / "a.py", b"x = 1", store, lambda job: Report("", Verdict.JUDGE_FAILURE)
    )
    assert store.attempts() == []


def test_hints_come_one_at_a_time_and_stay(linear, store) -> None:  # type: ignore[no-untyped-def]
    first = practice.next_hint(linear, store, NOW)
    second = practice.next_hint(linear, store, NOW)
    assert first.shown == linear.hints[:1]
    assert second.shown == linear.hints[:2]
    for _ in linear.hints:
        last = practice.next_hint(linear, store, NOW)
    assert last.exhausted
    assert last.shown == linear.hints


def test_an_attempt_after_the_solution_is_marked(linear, store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert not practice.may_see_solution(linear, store)
    practice.give_up(linear, store, NOW)
    assert practice.may_see_solution(linear, store)
    submit(linear, tmp_path / "a.py", b"x = 1", store)
    assert store.attempts()[0].gave_up
    assert practice.states([linear], store)[full_name(linear)] is State.GAVE_UP


def test_states_follow_what_happened(linear, library, store, workspace, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    def now_at() -> State:
        return practice.states([linear], store)[full_name(linear)]

    assert now_at() is State.NEW
    path = begin(linear, library, store, workspace).path
    assert now_at() is State.STARTED
    submit(linear, path, b"x = 1", store, refuse)
    assert now_at() is State.ATTEMPTED
    submit(linear, path, b"x = 1", store)
    assert now_at() is State.ACCEPTED
    submit(linear, path, b"x = 1", store, refuse)
    assert now_at() is State.ACCEPTED
    monkeypatch.setattr(practice, "checks_hash", lambda challenge: "other checks")
    assert now_at() is State.OUTDATED


def test_the_next_of_a_track_is_the_first_not_accepted() -> None:
    track = Track("t", ("a", "b", "c"))
    states = {"p/a": State.ACCEPTED, "p/b": State.ATTEMPTED}
    assert practice.next_in_track(track, states, "p") == "b"
    assert (
        practice.next_in_track(track, dict.fromkeys(("p/a", "p/b", "p/c"), State.ACCEPTED), "p")
        is None
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import x\n\n\ndef f():\n    raise NotImplementedError\n", 5),
        ("import x\n\ndef f():\n    return 1\n", 3),
        ("x = 1\n", 1),
    ],
)
def test_the_line_to_fill_in(text: str, line: int) -> None:
    assert practice.line_to_fill_in(text) == line
