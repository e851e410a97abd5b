"""What drill remembers: one SQLite file that several processes may use at once.

Attempts and reviews are append-only, which the database itself enforces. Every write is one
transaction, on disk before the method returns: what the screen has acknowledged survives a kill.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from drill.cards import Computed, Rating, State
from drill.errors import DrillError
from drill.report import Report, Verdict

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_S = 10.0  # how long one process waits for another's transaction, which takes milliseconds


@dataclass(frozen=True, slots=True)
class Attempt:
    """One judging, with the text that was judged."""

    id: int
    challenge: str
    at: datetime
    verdict: Verdict
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
    def report(self) -> Report:
        return Report.from_json(json.loads(self.report_json))


@dataclass(frozen=True, slots=True)
class Started:
    challenge: str
    path: Path
    started_at: datetime
    last_used_at: datetime


@dataclass(frozen=True, slots=True)
class KeptText:
    """Text that a reset or an overwrite took out of the workspace."""

    id: int
    challenge: str
    at: datetime
    path: Path
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Status:
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


@dataclass(frozen=True, slots=True)
class CardRow:
    """A card as the store keeps it; `content` is its JSON."""

    id: str
    file: Path
    deck: str
    topic: str
    kind: str
    section: int
    position: int
    content: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """The current FSRS state of whatever is reviewed under `subject`, such as `card:<id>`."""

    subject: str
    state: State | None = None  # None: not yet rated
    step: int | None = None
    stability: float | None = None
    difficulty: float | None = None
    due: datetime | None = None
    last_review: datetime | None = None
    introduced_at: datetime | None = None
    reviews: int = 0
    lapses: int = 0  # how often it was rated Again
    suspended: bool = False


class Action(StrEnum):
    RATING = "rating"
    SUSPEND = "suspend"
    RESUME = "resume"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Review:
    """One row of the log. `settings` is the JSON of what FSRS was set to; `undoes` names a row."""

    subject: str
    at: datetime
    action: Action
    rating: Rating | None = None
    state: State | None = None  # before the rating; None: never rated before
    typed: str | None = None
    right: bool | None = None
    milliseconds: int | None = None
    settings: str | None = None
    undoes: int | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class CardCounts:
    cards: int
    new: int
    learning: int
    review: int
    suspended: int
    leeches: int


@dataclass(frozen=True, slots=True)
class Only:
    """Which cards are meant: of one deck, of one topic, or all."""

    deck: str = ""
    topic: str = ""


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
        report: Report,
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

    # Decks

    def deck_fingerprints(self) -> dict[Path, str]:
        rows = self._rows("SELECT path, fingerprint FROM deck_files")
        return {Path(path): fingerprint for path, fingerprint in rows}

    def card_files(self) -> dict[str, Path]:
        return {id_: Path(file) for id_, file in self._rows("SELECT id, file FROM cards")}

    def replace_decks(
        self,
        *,
        gone: Iterable[Path],
        fingerprints: Mapping[Path, str],
        cards: Iterable[CardRow],
        answers: Iterable[tuple[str, Computed]],
    ) -> None:
        """Take over deck files that changed, and forget those that are gone."""
        with self._write() as db:
            # Their cards go with them, by the foreign key.
            stale = [(str(path),) for path in (*gone, *fingerprints)]
            db.executemany("DELETE FROM deck_files WHERE path = ?", stale)
            db.executemany(
                "INSERT INTO deck_files (path, fingerprint) VALUES (?, ?)",
                [(str(path), fingerprint) for path, fingerprint in fingerprints.items()],
            )
            db.executemany(
                "INSERT INTO cards (id, file, deck, topic, kind, section, position, content)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (c.id, str(c.file), c.deck, c.topic, c.kind, c.section, c.position, c.content)
                    for c in cards
                ],
            )
            self._insert_answers(answers)

    def deck_names(self) -> list[str]:
        return [row[0] for row in self._rows("SELECT DISTINCT deck FROM cards ORDER BY section")]

    def card_topics(self) -> list[str]:
        return [row[0] for row in self._rows("SELECT DISTINCT topic FROM cards ORDER BY section")]

    def card(self, id_: str) -> CardRow | None:
        rows = self._rows(f"SELECT {_CARD} FROM cards WHERE id = ?", id_)
        return _card_row(rows[0]) if rows else None

    def cards(self, only: Only) -> list[CardRow]:
        rows = self._rows(
            f"SELECT {_CARD} FROM cards WHERE {_ONLY} ORDER BY section, deck, position",
            only.deck,
            only.topic,
        )
        return [_card_row(row) for row in rows]

    def answer(self, snippet: str) -> Computed | None:
        """What a snippet, named by its hash, was found to do when it ran."""
        rows = self._rows("SELECT printed, error FROM answers WHERE snippet = ?", snippet)
        return Computed(*rows[0]) if rows else None

    def keep_answer(self, snippet: str, answer: Computed) -> None:
        with self._write():
            self._insert_answers([(snippet, answer)])

    def _insert_answers(self, answers: Iterable[tuple[str, Computed]]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO answers (snippet, printed, error) VALUES (?, ?, ?)",
            [(snippet, answer.printed, answer.error) for snippet, answer in answers],
        )

    # Reviews

    def add_review(
        self, review: Review, apply: Callable[[Schedule | None], Schedule | None]
    ) -> tuple[int, Schedule | None]:
        """Append to the log and put the schedule in step with it, in one transaction.

        `apply` is given the schedule as it stands inside the transaction, so that two sessions
        that rate one card at the same moment follow each other.
        """
        with self._write() as db:
            settings = None
            if review.settings is not None:
                db.execute(
                    "INSERT INTO fsrs_settings (content) VALUES (?) ON CONFLICT DO NOTHING",
                    (review.settings,),
                )
                settings = db.execute(
                    "SELECT id FROM fsrs_settings WHERE content = ?", (review.settings,)
                ).fetchone()[0]
            current = self.schedule(review.subject)
            rating = review.action is Action.RATING
            before = (current.state if current and current.state else 0) if rating else None
            id_ = db.execute(
                "INSERT INTO reviews (subject, at, action, rating, state, typed, right,"
                " milliseconds, settings, undoes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " RETURNING id",
                (
                    review.subject,
                    stamp(review.at),
                    review.action.value,
                    review.rating,
                    before,
                    review.typed,
                    review.right,
                    review.milliseconds,
                    settings,
                    review.undoes,
                ),
            ).fetchone()[0]
            schedule = apply(current)
            self._put_schedule(review.subject, schedule)
            return int(id_), schedule

    def put_schedules(self, schedules: Mapping[str, Schedule | None]) -> None:
        """Replace the state of these subjects, such as by one that was rebuilt from the log."""
        with self._write():
            for subject, schedule in schedules.items():
                self._put_schedule(subject, schedule)

    def _put_schedule(self, subject: str, schedule: Schedule | None) -> None:
        if schedule is None:
            self._db.execute("DELETE FROM schedules WHERE subject = ?", (subject,))
            return
        self._db.execute(
            f"INSERT OR REPLACE INTO schedules ({_SCHEDULE})"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                subject,
                schedule.state,
                schedule.step,
                schedule.stability,
                schedule.difficulty,
                schedule.due and stamp(schedule.due),
                schedule.last_review and stamp(schedule.last_review),
                schedule.introduced_at and stamp(schedule.introduced_at),
                schedule.reviews,
                schedule.lapses,
                int(schedule.suspended),
            ),
        )

    def schedule(self, subject: str) -> Schedule | None:
        rows = self._rows(f"SELECT {_SCHEDULE} FROM schedules WHERE subject = ?", subject)
        return _schedule(rows[0]) if rows else None

    def schedules(self) -> dict[str, Schedule]:
        rows = self._rows(f"SELECT {_SCHEDULE} FROM schedules")
        return {row[0]: _schedule(row) for row in rows}

    def reviews(self, subject: str | None = None) -> list[Review]:
        """The log, oldest first, with the rows that were undone and those that undid them."""
        rows = self._rows(
            "SELECT reviews.id, subject, at, action, rating, state, typed, right, milliseconds,"
            " content, undoes FROM reviews LEFT JOIN fsrs_settings ON fsrs_settings.id = settings"
            f" {'' if subject is None else 'WHERE subject = ?'} ORDER BY reviews.id",
            *(() if subject is None else (subject,)),
        )
        return [_review(row) for row in rows]

    def next_due(
        self, states: Sequence[State], until: datetime, only: Only
    ) -> tuple[CardRow, Schedule] | None:
        """The card in one of these states that has been due the longest."""
        # One query a state: the index then gives the earliest without sorting thousands of rows.
        found = [
            row
            for state in states
            for row in self._rows(
                f"SELECT due, {_CARD}, {_SCHEDULE_OF_CARD} FROM schedules"
                f" CROSS JOIN cards ON cards.subject = schedules.subject WHERE {_ONLY}"
                " AND suspended = 0 AND state = ?3 AND due <= ?4 ORDER BY due LIMIT 1",
                only.deck,
                only.topic,
                state,
                stamp(until),
            )
        ]
        if not found:
            return None
        _, *row = min(found)
        return _card_row(row[:8]), _schedule(row[8:])

    def due(self, until: datetime, only: Only) -> list[tuple[CardRow, Schedule]]:
        rows = self._rows(
            f"SELECT {_CARD}, {_SCHEDULE_OF_CARD} FROM schedules"
            f" CROSS JOIN cards ON cards.subject = schedules.subject WHERE {_ONLY}"
            " AND suspended = 0 AND state IN (1, 2, 3) AND due <= ?3 ORDER BY due",
            only.deck,
            only.topic,
            stamp(until),
        )
        return [(_card_row(row[:8]), _schedule(row[8:])) for row in rows]

    def count_due(self, until: datetime, only: Only) -> int:
        rows = self._rows(
            "SELECT count(*) FROM schedules CROSS JOIN cards ON cards.subject = schedules.subject"
            f" WHERE {_ONLY} AND suspended = 0 AND state IN (1, 2, 3) AND due <= ?3",
            only.deck,
            only.topic,
            stamp(until),
        )
        return int(rows[0][0])

    def new_cards(self, only: Only, limit: int) -> list[CardRow]:
        """Cards that were never rated, in the order of the decks."""
        rows = self._rows(
            f"SELECT {_CARD} FROM cards WHERE {_ONLY} AND NOT EXISTS (SELECT 1 FROM schedules"
            " WHERE schedules.subject = cards.subject AND (state IS NOT NULL OR suspended = 1))"
            " ORDER BY section, deck, position LIMIT ?3",
            only.deck,
            only.topic,
            limit,
        )
        return [_card_row(row) for row in rows]

    def suspended_cards(self) -> list[CardRow]:
        rows = self._rows(
            f"SELECT {_CARD} FROM cards JOIN schedules USING (subject) WHERE suspended = 1"
            " ORDER BY section, deck, position"
        )
        return [_card_row(row) for row in rows]

    def introduced_since(self, at: datetime) -> int:
        """How many cards were rated for the first time since then."""
        rows = self._rows(
            "SELECT count(*) FROM schedules WHERE introduced_at >= ? AND subject LIKE 'card:%'",
            stamp(at),
        )
        return int(rows[0][0])

    def due_by_day(self, only: Only) -> dict[date, int]:
        """How many cards come back on each local day; those that are overdue on the day they were."""
        rows = self._rows(
            "SELECT date(due, 'localtime'), count(*) FROM schedules"
            f" JOIN cards ON cards.subject = schedules.subject WHERE {_ONLY}"
            " AND suspended = 0 AND state IS NOT NULL GROUP BY 1",
            only.deck,
            only.topic,
        )
        return {date.fromisoformat(day): count for day, count in rows}

    def ratings_by_day(self, only: Only) -> dict[date, int]:
        everything = only == Only()
        rows = self._rows(
            "SELECT date(at, 'localtime'), count(*) FROM ratings"
            + ("" if everything else f" JOIN cards USING (subject) WHERE {_ONLY}")
            + " GROUP BY 1",
            *(() if everything else (only.deck, only.topic)),
        )
        return {date.fromisoformat(day): count for day, count in rows}

    def recalled_by_topic(self, only: Only) -> dict[str, tuple[int, int]]:
        """Of the ratings of cards that had left the learning steps: how many were not Again, and all."""
        rows = self._rows(
            "SELECT topic, sum(rating > 1), count(*) FROM ratings JOIN cards USING (subject)"
            f" WHERE state = 2 AND {_ONLY} GROUP BY topic ORDER BY min(section), topic",
            only.deck,
            only.topic,
        )
        return {topic: (recalled, count) for topic, recalled, count in rows}

    def card_counts(self, only: Only, leech_lapses: int) -> CardCounts:
        rows = self._rows(
            "SELECT count(*), coalesce(sum(state IS NULL AND NOT coalesce(suspended, 0)), 0),"
            " coalesce(sum(state IN (1, 3) AND NOT suspended), 0),"
            " coalesce(sum(state = 2 AND NOT suspended), 0),"
            " coalesce(sum(suspended), 0), coalesce(sum(lapses >= ?3), 0)"
            f" FROM cards LEFT JOIN schedules USING (subject) WHERE {_ONLY}",
            only.deck,
            only.topic,
            leech_lapses,
        )
        return CardCounts(*rows[0])

    def fitted_parameters(self) -> tuple[float, ...] | None:
        """The FSRS parameters fitted last to this log, if ever."""
        rows = self._rows("SELECT parameters FROM fitted_parameters ORDER BY id DESC LIMIT 1")
        return tuple(json.loads(rows[0][0])) if rows else None

    def keep_fitted_parameters(
        self, parameters: Sequence[float], *, reviews: int, at: datetime
    ) -> None:
        with self._write() as db:
            db.execute(
                "INSERT INTO fitted_parameters (at, reviews, parameters) VALUES (?, ?, ?)",
                (stamp(at), reviews, json.dumps(list(parameters))),
            )


_CARD = (
    "cards.id, cards.file, cards.deck, cards.topic, cards.kind, cards.section, cards.position,"
    " cards.content"
)
_SCHEDULE = (
    "subject, state, step, stability, difficulty, due, last_review, introduced_at, reviews,"
    " lapses, suspended"
)
_SCHEDULE_OF_CARD = "schedules." + _SCHEDULE
_ONLY = "(?1 = '' OR cards.deck = ?1) AND (?2 = '' OR cards.topic = ?2)"


def stamp(at: datetime) -> str:
    """UTC and always of one width, so that the order of the texts is the order of the moments."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def moment(text: str) -> datetime:
    # UTC by identity, not only by offset: fsrs compares the tzinfo itself.
    return datetime.fromisoformat(text).astimezone(UTC)


def _attempt(row: tuple[Any, ...]) -> Attempt:
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


def _card_row(row: Sequence[Any]) -> CardRow:
    id_, file, deck, topic, kind, section, position, content = row
    return CardRow(id_, Path(file), deck, topic, kind, section, position, content)


def _schedule(row: Sequence[Any]) -> Schedule:
    return Schedule(
        subject=row[0],
        state=State(row[1]) if row[1] else None,
        step=row[2],
        stability=row[3],
        difficulty=row[4],
        due=moment(row[5]) if row[5] else None,
        last_review=moment(row[6]) if row[6] else None,
        introduced_at=moment(row[7]) if row[7] else None,
        reviews=row[8],
        lapses=row[9],
        suspended=bool(row[10]),
    )


def _review(row: Sequence[Any]) -> Review:
    id_, subject, at, action, rating, state, typed, right, milliseconds, settings, undoes = row
    return Review(
        id=id_,
        subject=subject,
        at=moment(at),
        action=Action(action),
        rating=Rating(rating) if rating else None,
        state=State(state) if state else None,
        typed=typed,
        right=None if right is None else bool(right),
        milliseconds=milliseconds,
        settings=settings,
        undoes=undoes,
    )


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
        case sqlite3.SQLITE_FULL:
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
