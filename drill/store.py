"""What drill remembers: one SQLite file that several processes may use at once.

Attempts and reviews are append-only, which the database itself enforces. Every write is one
transaction, on disk before the method returns: what the screen has acknowledged survives a kill.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from drill.errors import DrillError

if TYPE_CHECKING:  # a quiz opens the store too, and has no use for reports
    from drill.report import Report, Verdict

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_S = 10.0  # how long one process waits for another's transaction, which takes milliseconds


class Attempt(NamedTuple):
    """One judging, with the text that was judged."""

    id: int
    challenge: str
    at: datetime
    verdict: "Verdict"
    seconds: float
    seed: int
    device: str
    submission: str
    checks_hash: str
    report_json: str
    gave_up: bool  # the solution had been seen before an acceptance
    sandbox: str
    warm: bool

    @property
    def report(self) -> "Report":
        from drill.report import Report

        return Report.from_json(json.loads(self.report_json))


class Started(NamedTuple):
    challenge: str
    path: Path
    started_at: datetime
    last_used_at: datetime


class KeptText(NamedTuple):
    """Text that a reset or an overwrite took out of the workspace."""

    id: int
    challenge: str
    at: datetime
    path: Path
    text: str
    reason: str


class Status(NamedTuple):
    """Where a person stands with one challenge that they have started or tried."""

    challenge: str
    started: bool
    attempts: int
    last_attempt_at: datetime | None
    accepted_at: datetime | None  # the latest acceptance
    accepted_checks_hash: str  # of that acceptance, "" without one
    gave_up: bool  # the solution was seen, and nothing was ever accepted without it

    @property
    def accepted(self) -> bool:
        return self.accepted_at is not None


class Store:
    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path = path
        self._db = db

    @classmethod
    def open(cls, path: Path, *, migrations: Path = MIGRATIONS) -> Self:
        """Open the database, made or brought up to date first where that is needed."""
        with _explained(path):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DrillError(
                    f"cannot make {path.parent}: {error.strerror}",
                    hint="set DRILL_HOME to a directory that you can write to",
                ) from None
            db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
            try:
                _prepare(db)
                _migrate(db, path, migrations)
            except BaseException:
                db.close()
                raise
        return cls(path, db)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: everything inside happens, or nothing."""
        with _explained(self.path):
            # IMMEDIATE: a transaction that starts by reading and then wants to write can be refused
            # at once when another process wrote in between, whatever the timeout.
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        with _explained(self.path):
            return self._db.execute(sql, values).fetchall()

    # Attempts

    def record_attempt(
        self,
        challenge: str,
        report: "Report",
        *,
        at: datetime,
        submission: str,
        checks_hash: str,
        gave_up: bool = False,
    ) -> int:
        with self._write() as db:
            row = db.execute(
                "INSERT INTO attempts (challenge, at, verdict, seconds, seed, device, submission,"
                " checks_hash, report, gave_up, sandbox, warm)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    challenge,
                    stamp(at),
                    report.verdict.value,
                    report.seconds,
                    report.seed,
                    report.device,
                    submission,
                    checks_hash,
                    json.dumps(report.to_json()),
                    int(gave_up),
                    report.sandbox,
                    int(report.warm),
                ),
            ).fetchone()
            return int(row[0])

    def attempts(self, challenge: str | None = None, limit: int | None = None) -> list[Attempt]:
        """The attempts at one challenge, or at all of them, the newest first."""
        rows = self._rows(
            "SELECT id, challenge, at, verdict, seconds, seed, device, submission, checks_hash,"
            " report, gave_up, sandbox, warm FROM attempts"
            " WHERE ?1 IS NULL OR challenge = ?1 ORDER BY id DESC LIMIT ?2",
            challenge,
            -1 if limit is None else limit,
        )
        return [_attempt(row) for row in rows]

    def latest(self, challenge: str | None = None) -> Attempt | None:
        found = self.attempts(challenge, limit=1)
        return found[0] if found else None

    def statuses(self) -> dict[str, Status]:
        """Every challenge that was started, tried or looked up, by its full name."""
        rows = self._rows(
            """
            WITH known AS (
                SELECT challenge FROM started
                UNION SELECT challenge FROM attempts
                UNION SELECT challenge FROM solutions_shown
            ),
            tried AS (
                SELECT challenge, count(*) AS n, max(at) AS last_at,
                    max(verdict = 'accepted' AND gave_up = 0) AS unaided
                FROM attempts GROUP BY challenge
            ),
            passed AS (  -- SQLite takes the bare column from the row with the greatest `at`
                SELECT challenge, max(at) AS at, checks_hash
                FROM attempts WHERE verdict = 'accepted' GROUP BY challenge
            )
            SELECT challenge, started.path IS NOT NULL, coalesce(tried.n, 0), tried.last_at,
                passed.at, coalesce(passed.checks_hash, ''),
                solutions_shown.at IS NOT NULL AND NOT coalesce(tried.unaided, 0)
            FROM known
            LEFT JOIN started USING (challenge)
            LEFT JOIN tried USING (challenge)
            LEFT JOIN passed USING (challenge)
            LEFT JOIN solutions_shown USING (challenge)
            """
        )
        return {row[0]: _status(row) for row in rows}

    # What is open in the workspace

    def mark_started(self, challenge: str, path: Path, *, at: datetime) -> None:
        """Note that this challenge is the one being worked on, and where its file is."""
        with self._write() as db:
            db.execute(
                "INSERT INTO started (challenge, path, started_at, last_used_at)"
                " VALUES (?1, ?2, ?3, ?3) ON CONFLICT (challenge)"
                " DO UPDATE SET path = excluded.path, last_used_at = excluded.last_used_at",
                (challenge, str(path), stamp(at)),
            )

    def started(self, challenge: str) -> Started | None:
        rows = self._rows(
            "SELECT challenge, path, started_at, last_used_at FROM started WHERE challenge = ?",
            challenge,
        )
        return _started(rows[0]) if rows else None

    def last_started(self) -> Started | None:
        rows = self._rows(
            "SELECT challenge, path, started_at, last_used_at FROM started"
            " ORDER BY last_used_at DESC LIMIT 1"
        )
        return _started(rows[0]) if rows else None

    # Help that was given

    def hints_shown(self, challenge: str) -> int:
        """How many of the hints were shown; hint n is shown after hint n - 1."""
        rows = self._rows("SELECT max(n) FROM hints_shown WHERE challenge = ?", challenge)
        return int(rows[0][0] or 0)

    def show_hint(self, challenge: str, n: int, *, at: datetime) -> None:
        with self._write() as db:
            db.execute(
                "INSERT INTO hints_shown (challenge, n, at) VALUES (?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (challenge, n, stamp(at)),
            )

    def solution_shown(self, challenge: str) -> datetime | None:
        rows = self._rows("SELECT at FROM solutions_shown WHERE challenge = ?", challenge)
        return moment(rows[0][0]) if rows else None

    def mark_solution_shown(self, challenge: str, *, at: datetime) -> None:
        """Note the first time only: what counts is what was seen before an attempt."""
        with self._write() as db:
            db.execute(
                "INSERT INTO solutions_shown (challenge, at) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (challenge, stamp(at)),
            )

    # Text that left the workspace

    def keep_text(self, challenge: str, path: Path, text: str, reason: str, *, at: datetime) -> int:
        with self._write() as db:
            row = db.execute(
                "INSERT INTO kept_texts (challenge, at, path, text, reason)"
                " VALUES (?, ?, ?, ?, ?) RETURNING id",
                (challenge, stamp(at), str(path), text, reason),
            ).fetchone()
            return int(row[0])

    def kept_texts(self, challenge: str) -> list[KeptText]:
        """The newest first."""
        rows = self._rows(
            "SELECT id, challenge, at, path, text, reason FROM kept_texts"
            " WHERE challenge = ? ORDER BY id DESC",
            challenge,
        )
        return [
            KeptText(id_, name, moment(at), Path(path), text, reason)
            for id_, name, at, path, text, reason in rows
        ]


def stamp(at: datetime) -> str:
    """UTC and always of one width, so that the order of the texts is the order of the moments."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def moment(text: str) -> datetime:
    # UTC by identity, not only by offset: fsrs compares the tzinfo itself.
    return datetime.fromisoformat(text).astimezone(UTC)


def _attempt(row: tuple[Any, ...]) -> Attempt:
    from drill.report import Verdict

    return Attempt(
        id=row[0],
        challenge=row[1],
        at=moment(row[2]),
        verdict=Verdict(row[3]),
        seconds=row[4],
        seed=row[5],
        device=row[6],
        submission=row[7],
        checks_hash=row[8],
        report_json=row[9],
        gave_up=bool(row[10]),
        sandbox=row[11],
        warm=bool(row[12]),
    )


def _started(row: tuple[Any, ...]) -> Started:
    challenge, path, started_at, last_used_at = row
    return Started(challenge, Path(path), moment(started_at), moment(last_used_at))


def _status(row: tuple[Any, ...]) -> Status:
    challenge, started, attempts, last_at, accepted_at, checks_hash, gave_up = row
    return Status(
        challenge=challenge,
        started=bool(started),
        attempts=attempts,
        last_attempt_at=moment(last_at) if last_at else None,
        accepted_at=moment(accepted_at) if accepted_at else None,
        accepted_checks_hash=checks_hash,
        gave_up=bool(gave_up),
    )


def _full(path: Path) -> bool:
    """Whether too little space is left even for SQLite's own bookkeeping, which it calls an I/O error."""
    try:
        status = os.statvfs(path.parent)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize < 1 << 16


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says into a sentence about this file."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explanation(path, error) from error


def _explanation(path: Path, error: sqlite3.Error) -> DrillError:
    # The low byte is the primary code; the rest says more than a person can use.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    match code:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return DrillError(
                f"{path} is damaged: {error}",
                hint=f"bring back a copy, or start afresh: mv {path} {path}.damaged",
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return DrillError(
                f"{path} is read-only, so drill cannot remember anything",
                hint="make the file and its directory writable, or set DRILL_HOME elsewhere",
            )
        case sqlite3.SQLITE_CANTOPEN:
            return DrillError(
                f"{path} cannot be opened",
                hint="make the file and its directory writable, or set DRILL_HOME elsewhere",
            )
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR if code == sqlite3.SQLITE_FULL or _full(
            path
        ):
            return DrillError(
                f"the disk is full, so {path} was left as it was",
                hint="free some space and run the command again",
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return DrillError(
                f"another process has kept {path} locked for {BUSY_S:.0f} s",
                hint="see whether another drill is stuck, then run the command again",
            )
        case sqlite3.SQLITE_IOERR:
            return DrillError(
                f"{path} cannot be read or written: {error}",
                hint="see that the disk has space and is healthy",
            )
        case _:
            return DrillError(f"{path}: {error}")


def _prepare(db: sqlite3.Connection) -> None:
    # FULL: a rating that was acknowledged outlives a power cut too. One fsync at the pace of a
    # person is not felt, and reading costs nothing.
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    if db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _enter_wal(db)


def _enter_wal(db: sqlite3.Connection) -> None:
    """Switching the journal mode does not wait for other processes, whatever the busy timeout."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _migrate(db: sqlite3.Connection, path: Path, folder: Path) -> None:
    files = {int(file.name[:4]): file for file in sorted(folder.glob("[0-9]*.sql"))}
    version = _version(db)
    if version > max(files):
        raise DrillError(
            f"{path} was written by a newer drill than this one",
            hint="update drill, or set DRILL_HOME to another directory",
        )
    for number in range(version + 1, max(files) + 1):
        db.execute("BEGIN IMMEDIATE")
        try:
            if _version(db) < number:  # another process may have been faster
                for statement in _statements(files[number].read_text(encoding="utf-8")):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {number}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> Iterator[str]:
    """Split a script where SQLite says that a statement ends; `executescript` would commit."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
