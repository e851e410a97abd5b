"""What a quiz remembers, in the same SQLite file: the decks, the log of reviews, the schedules."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from drill.cards import Computed, Rating, State
from drill.store import Store, moment, stamp


class CardRow(NamedTuple):
    """A card as the store keeps it; `content` is its JSON."""

    id: str
    file: Path
    deck: str
    topic: str
    kind: str
    section: int
    position: int
    content: str


class Schedule(NamedTuple):
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


class Review(NamedTuple):
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


class CardCounts(NamedTuple):
    cards: int
    new: int
    learning: int
    review: int
    suspended: int
    leeches: int


class Only(NamedTuple):
    """Which cards are meant: of one deck, of one topic, or all."""

    deck: str = ""
    topic: str = ""


class QuizStore(Store):
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
