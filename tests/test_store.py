"""The store: what it keeps, what it refuses, and what survives."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from drill.errors import DrillError
from drill.report import CheckReport, Outcome, Report, Verdict
from drill.store import Store

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ACCEPTED = Report("drill/a", Verdict.ACCEPTED, seed=7, device="cpu", sandbox="full", warm=True)
WRONG = Report(
    "drill/a",
    Verdict.WRONG_ANSWER,
    checks=(CheckReport("test_x", "adds the bias", Outcome.FAILED, message="no bias"),),
    seconds=0.25,
)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "data" / "drill.db") as store:
        yield store


def record(store, challenge="drill/a", report=ACCEPTED, at=NOON, hash="h1", **more):
    return store.record_attempt(
        challenge, report, at=at, submission="x = 1\n", checks_hash=hash, **more
    )


def test_an_attempt_comes_back_as_it_was_given(store):
    id = store.record_attempt(
        "drill/a", WRONG, at=NOON, submission="é = 1\n", checks_hash="h1", gave_up=True
    )
    attempt = store.latest("drill/a")
    assert attempt.id == id
    assert attempt.at == NOON
    assert attempt.submission == "é = 1\n"
    assert attempt.report == WRONG
    assert (attempt.verdict, attempt.seconds, attempt.gave_up) == (WRONG.verdict, 0.25, True)


def test_attempts_are_listed_newest_first_and_by_challenge(store):
    first = record(store)
    other = record(store, "drill/b")
    last = record(store)
    assert [attempt.id for attempt in store.attempts()] == [last, other, first]
    assert [attempt.id for attempt in store.attempts("drill/a")] == [last, first]
    assert [attempt.id for attempt in store.attempts(limit=1)] == [last]
    assert store.latest("drill/none") is None


@pytest.mark.parametrize(
    "sql", ["UPDATE attempts SET verdict = 'accepted'", "DELETE FROM attempts"]
)
def test_attempts_are_append_only(store, sql):
    record(store, report=WRONG)
    with sqlite3.connect(store.path) as db, pytest.raises(sqlite3.IntegrityError, match="append"):
        db.execute(sql)
    assert store.latest().verdict is Verdict.WRONG_ANSWER


def test_the_challenge_last_used_is_the_last_started(store, tmp_path):
    assert store.last_started() is None
    store.mark_started("drill/a", tmp_path / "a.py", at=NOON)
    store.mark_started("drill/b", tmp_path / "b.py", at=NOON + timedelta(hours=1))
    assert store.last_started().challenge == "drill/b"
    store.mark_started("drill/a", tmp_path / "a2.py", at=NOON + timedelta(hours=2))
    again = store.last_started()
    assert (again.challenge, again.path, again.started_at) == ("drill/a", tmp_path / "a2.py", NOON)


def test_hints_are_counted_once_each(store):
    assert store.hints_shown("drill/a") == 0
    for n in (1, 2, 2):
        store.show_hint("drill/a", n, at=NOON)
    assert store.hints_shown("drill/a") == 2
    assert store.hints_shown("drill/b") == 0


def test_the_first_look_at_a_solution_is_the_one_that_counts(store):
    assert store.solution_shown("drill/a") is None
    store.mark_solution_shown("drill/a", at=NOON)
    store.mark_solution_shown("drill/a", at=NOON + timedelta(days=1))
    assert store.solution_shown("drill/a") == NOON


def test_kept_texts_come_back_newest_first(store, tmp_path):
    store.keep_text("drill/a", tmp_path / "a.py", "one", "reset", at=NOON)
    store.keep_text("drill/a", tmp_path / "a.py", "two", "reset", at=NOON)
    assert [kept.text for kept in store.kept_texts("drill/a")] == ["two", "one"]


def test_statuses_say_where_a_person_stands(store, tmp_path):
    day = timedelta(days=1)
    store.mark_started("drill/started", tmp_path / "s.py", at=NOON)
    record(store, "drill/wrong", WRONG)
    record(store, "drill/right", WRONG)
    record(store, "drill/right", ACCEPTED, NOON + day, hash="old")
    record(store, "drill/right", ACCEPTED, NOON + 2 * day, hash="new")
    record(store, "drill/right", WRONG, NOON + 3 * day, hash="newer")
    store.mark_solution_shown("drill/seen", at=NOON)
    record(store, "drill/seen", ACCEPTED, gave_up=True)
    store.mark_solution_shown("drill/after", at=NOON + day)
    record(store, "drill/after", ACCEPTED)

    statuses = store.statuses()
    assert set(statuses) == {f"drill/{n}" for n in ("started", "wrong", "right", "seen", "after")}
    started = statuses["drill/started"]
    assert (started.started, started.attempts, started.accepted) == (True, 0, False)
    assert not statuses["drill/wrong"].accepted
    right = statuses["drill/right"]
    assert (right.attempts, right.accepted_at, right.accepted_checks_hash) == (
        4,
        NOON + 2 * day,
        "new",
    )
    assert right.last_attempt_at == NOON + 3 * day
    assert statuses["drill/seen"].gave_up
    assert not statuses["drill/after"].gave_up


def test_moments_in_other_zones_are_kept_as_utc(store):
    record(store, at=datetime(2026, 3, 1, 23, 0, tzinfo=timezone(timedelta(hours=-5))))
    assert store.latest().at == datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


# Migrations


def migrations(folder, **scripts):
    folder.mkdir()
    for name, script in scripts.items():
        (folder / f"{name[1:]}.sql").write_text(script)
    return folder


def test_each_migration_is_one_transaction(tmp_path):
    folder = migrations(
        tmp_path / "m",
        _0001_a="CREATE TABLE a (x);",
        _0002_b="CREATE TABLE b (x);\nCREATE TABLE a (x);",
    )
    with pytest.raises(DrillError, match="already exists"):
        Store.open(tmp_path / "drill.db", migrations=folder)
    with sqlite3.connect(tmp_path / "drill.db") as db:
        assert db.execute("SELECT name FROM sqlite_schema").fetchall() == [("a",)]
        assert db.execute("PRAGMA user_version").fetchone() == (1,)

    (folder / "0002_b.sql").write_text("CREATE TABLE b (x);")
    Store.open(tmp_path / "drill.db", migrations=folder).close()
    with sqlite3.connect(tmp_path / "drill.db") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)


def test_every_table_is_strict_and_the_log_is_wal(store):
    with sqlite3.connect(store.path) as db:
        loose = db.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
            " AND NOT strict AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        assert loose == []
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_newer_database_is_left_alone(store):
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA user_version = 9999")
    with pytest.raises(DrillError, match="newer drill"):
        Store.open(store.path)


# Trouble


def test_a_damaged_file_is_named_with_a_way_out(tmp_path):
    path = tmp_path / "drill.db"
    path.write_bytes(b"this is no database" * 500)
    with pytest.raises(DrillError, match="is damaged") as caught:
        Store.open(path)
    assert str(path) in caught.value.hint


def test_a_page_damaged_later_is_said_when_it_is_read(store):
    for _ in range(50):
        record(store)
    store.close()
    content = bytearray(store.path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    store.path.write_bytes(content)
    with pytest.raises(DrillError, match="damaged"), Store.open(store.path) as again:
        again.attempts()


def test_a_full_disk_loses_nothing_that_was_there(store):
    record(store)
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DrillError, match="disk is full"):
        store.keep_text("drill/a", Path("a.py"), "x" * 1_000_000, "reset", at=NOON)
    assert store.kept_texts("drill/a") == []
    assert len(store.attempts()) == 1


READ_ONLY = """
import os, sys
from datetime import datetime, UTC
from pathlib import Path
from drill.errors import DrillError
from drill.store import Store
os.getuid() or os.setresuid(65534, 65534, 65534)  # file modes do not stop root
try:
    with Store.open(Path(sys.argv[1])) as store:
        store.show_hint("drill/a", 1, at=datetime.now(UTC))
except DrillError as error:
    print(error.message, "|", error.hint)
"""


def test_a_read_only_file_is_a_sentence_not_a_traceback():
    folder = Path(tempfile.mkdtemp())  # tmp_path is closed to others, and nobody must get in
    try:
        Store.open(folder / "drill.db").close()
        (folder / "drill.db").chmod(0o444)
        folder.chmod(0o555)
        result = subprocess.run(
            [sys.executable, "-c", READ_ONLY, folder / "drill.db"], capture_output=True, text=True
        )
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
    assert "is read-only" in result.stdout, result.stderr
    assert "DRILL_HOME" in result.stdout


def test_a_directory_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DrillError, match="cannot make"):
        Store.open(tmp_path / "file" / "drill.db")


# Several processes

WRITER = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from drill.report import Report, Verdict
from drill.store import Store
with Store.open(Path(sys.argv[1])) as store:
    for _ in range(int(sys.argv[2])):
        id = store.record_attempt("drill/a", Report("drill/a", Verdict.ACCEPTED),
            at=datetime.now(UTC), submission="x", checks_hash="h")
        print(id, flush=True)
"""


def test_processes_that_open_a_new_store_at_once_all_write(tmp_path):
    path = tmp_path / "drill.db"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, path, "20"], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    ids = [line for writer in writers for line in writer.communicate()[0].split()]
    assert [writer.returncode for writer in writers] == [0] * 4
    assert len(set(ids)) == 80
    with Store.open(path) as store:
        assert len(store.attempts()) == 80


def test_what_was_acknowledged_survives_a_kill(tmp_path):
    path = tmp_path / "drill.db"
    seen = 0
    for lines in (1, 3, 7):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, path, "100000"], stdout=subprocess.PIPE, text=True
        ) as writer:
            for _ in range(lines):
                seen = max(seen, int(writer.stdout.readline()))
            os.kill(writer.pid, 9)
        with Store.open(path) as store:
            assert store.latest().id >= seen
            assert store._rows("PRAGMA integrity_check") == [("ok",)]


def test_opening_pulls_in_nothing_heavy():
    code = (
        "import sys, drill.store; "
        "print(sorted({'torch', 'rich', 'yaml', 'typer', 'msgspec', 'fsrs'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]"
