"""What the quiz commands do: a desk with the store and the decks on it, and the session itself."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from drill import config, decks, paths, review, schedule
from drill.cards import LEECH_LAPSES, Choice, Cloze, Rating, Recall, snippet_hash
from drill.cli import keys
from drill.cli.keys import ENTER, Input
from drill.cli.render_quiz import Screen, console
from drill.config import Config
from drill.errors import DrillError, JudgeError, UsageError
from drill.quiz_store import CardRow, Only, QuizStore, Schedule
from drill.review import Item, Plan, Session, Stats, Turn
from drill.schedule import Settings

if TYPE_CHECKING:  # a session of built-in cards without gaps never comes to the judge
    from drill.judge.protocol import Job
    from drill.report import Report


class Desk(NamedTuple):
    """The store, with the cards of every deck in it as the files are now."""

    store: QuizStore
    config: Config

    def session(
        self,
        deck: str,
        topic: str,
        new: int | None,
        limit: int | None,
        minutes: float | None,
        cram: bool,
    ) -> Session:
        now = _now()
        if new is None:
            new = review.new_today(self.store, self.config.quiz.new_per_day, now)
        plan = Plan(self.only(deck, topic), new, limit, minutes, cram)
        return review.start(self.store, plan, self._settings(), now)

    def only(self, deck: str, topic: str) -> Only:
        return review.only(self.store, deck, topic)

    def _settings(self) -> Settings:
        quiz = self.config.quiz
        if not 0 < quiz.retention < 1:
            raise UsageError(
                f"{config.path()}: quiz.retention is {quiz.retention:g}",
                hint="it is a share between 0 and 1, such as 0.9",
            )
        return Settings(
            retention=quiz.retention,
            learning_steps_m=quiz.learning_steps_m,
            relearning_steps_m=quiz.relearning_steps_m,
            parameters=self.store.fitted_parameters() or (),
        )

    def run(self, session: Session) -> None:
        screen = Screen(console())
        if review.next_item(session, _now()) is None:
            more_new = bool(self.store.new_cards(session.plan.only, 1))
            screen.nothing(review.next_due(session), _now(), more_new)
            return
        with keys.opened(sys.stdin) as keyboard:
            try:
                run(session, Table(screen, keyboard, _now, _grade, _wake_judge, self._edit))
            finally:
                # However it ended: every rating is stored already.
                screen.summary(review.summary(session, _now()))

    def _edit(self, card_id: str, file: Path) -> None:
        from drill import editor  # a key that is pressed now and then

        if not os.access(file, os.W_OK):
            raise UsageError(
                f"{file} cannot be written", hint=f"a deck of your own: {_own_decks()}"
            )
        line = decks.line_of(file, card_id)
        editor.open_at(editor.choose(self.config.editor), file, line)
        decks.sync(self.store, _folders(self.config))

    def listing(self, session: Session) -> dict[str, Any]:
        """What a session would show now, within its limit."""
        now, plan = _now(), session.plan
        if plan.cram:
            listed = [_listed(row, None) for row in session.to_cram[: plan.limit]]
            return {"now": now.isoformat(), "cram": listed}
        due = self.store.due(now, plan.only)[: plan.limit]
        room = plan.new if plan.limit is None else min(plan.new, plan.limit - len(due))
        new = self.store.new_cards(plan.only, room)
        return {
            "now": now.isoformat(),
            "due": [_listed(row, schedule) for row, schedule in due],
            "new": [_listed(row, None) for row in new],
        }

    def stats(self, deck: str, topic: str) -> Stats:
        return review.stats(self.store, self.only(deck, topic), _now())

    def resume(self, card_id: str) -> None:
        review.resume(self.store, card_id, _now())

    def optimize(self) -> str:
        log = self.store.reviews()
        parameters = schedule.fitted(log)
        count = schedule.spaced_reviews(log)
        self.store.keep_fitted_parameters(parameters, reviews=count, at=_now())
        return f"fitted to {count} reviews; the next session schedules by it"

    def import_file(self, file: Path, topic: str) -> str:
        from drill import anki  # as above

        taken = anki.import_file(file, _own_decks(), set(self.store.card_files()), topic)
        decks.sync(self.store, _folders(self.config))
        return taken.sentence()

    def export_file(self, file: Path, deck: str, topic: str) -> str:
        from drill import anki  # as above

        found = [review.card_of(row) for row in self.store.cards(self.only(deck, topic))]
        answers = {card.id: review.known_answer(self.store, card) for card in found}
        anki.export_file(file, found, answers)
        return f"{len(found)} cards written to {file}"


@contextmanager
def opened() -> Iterator[Desk]:
    settled = config.load()
    with QuizStore.open(paths.data_dir() / "drill.db") as store:
        decks.sync(store, _folders(settled))
        yield Desk(store, settled)


def _now() -> datetime:
    return datetime.now(UTC)


def _own_decks() -> Path:
    return paths.data_dir() / "decks"


def _folders(settled: Config) -> list[Path]:
    for folder in settled.decks:
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a directory", hint="fix `decks` in config.toml")
    return [paths.content_dir("decks"), *settled.decks, _own_decks()]


def _grade(job: "Job") -> "Report":
    from drill.judge import client  # most sessions need no judge

    return client.grade(job)


def _wake_judge() -> None:
    from drill.judge import client  # as above

    client.wake()


def listed_stats(found: Stats) -> dict[str, Any]:
    return {
        "cards": found.counts._asdict(),
        "today": found.today.isoformat(),
        "due": list(found.due),
        "overdue": found.overdue,
        "retention": {
            topic: {"recalled": recalled, "of": count}
            for topic, (recalled, count) in found.recalled.items()
        },
        "reviews": {day.isoformat(): count for day, count in sorted(found.reviews.items())},
    }


def _listed(row: CardRow, schedule: Schedule | None) -> dict[str, Any]:
    listed: dict[str, Any] = {
        "id": row.id,
        "deck": row.deck,
        "topic": row.topic,
        "kind": row.kind,
        "question": review.card_of(row).question,
    }
    if schedule:
        listed |= {
            "state": schedule.state.name.lower() if schedule.state else "new",
            "due": schedule.due,
            "stability": schedule.stability,
            "difficulty": schedule.difficulty,
            "reviews": schedule.reviews,
            "lapses": schedule.lapses,
            "leech": schedule.lapses >= LEECH_LAPSES,
        }
    return listed


# The session


class Table(NamedTuple):
    """What a session needs of the world."""

    screen: Screen
    input: Input
    clock: Callable[[], datetime]
    grade: "Callable[[Job], Report]"
    wake_judge: Callable[[], None]
    edit: Callable[[str, Path], None]  # a card's id, and the file it is in; the store knows after


class Answer(NamedTuple):
    """What was typed, and what it was worth; `right` is None where only the person can tell."""

    typed: str | None = None
    right: bool | None = None
    note: str = ""
    rating: Rating | None = None  # a pipe may give it in place of the key that shows the answer

    @property
    def suggested(self) -> Rating:
        return Rating.AGAIN if self.right is False else Rating.GOOD


class _Moved(Exception):
    """A key did something else than answer: the session goes on with whatever comes next."""


class _Quit(Exception):
    pass


def run(session: Session, table: Table) -> None:
    """Show cards until none is left or the person quits."""
    try:
        while item := review.next_item(session, table.clock()):
            try:
                _turn(session, table, item)
            except _Moved:
                continue
    except _Quit:
        return


def _turn(session: Session, table: Table, item: Item) -> None:
    screen = table.screen
    began = time.monotonic()
    screen.heading(item, review.left(session, table.clock()))
    screen.question(item)
    answer = _answer(session, table, item)
    computed = review.known_answer(session.store, item.card)
    if answer.right is not None:
        screen.judged(answer.right, answer.note)
    elif answer.note:
        screen.say(answer.note)
    screen.answer(item, computed)
    rating = answer.rating or _rating(session, table, item, answer.suggested)
    done = review.rate(
        session,
        item,
        rating,
        table.clock(),
        milliseconds=round((time.monotonic() - began) * 1000),
        typed=answer.typed,
        right=answer.right,
    )
    # Said only now that it is on disk: what the screen acknowledges is never lost.
    screen.acknowledge(done)


def _answer(session: Session, table: Table, item: Item) -> Answer:
    table.screen.ask(item.card)
    if isinstance(item.card, Recall):
        return _revealed(session, table, item)
    if isinstance(item.card, Cloze):
        table.wake_judge()  # it starts while the person thinks
    typed = _typed(session, table, item)
    note = _compute(session, table, item)
    if not typed:
        return Answer(typed, False, "Nothing was typed.")
    if isinstance(item.card, Cloze):
        return _tried(table, item.card, typed)
    computed = review.known_answer(session.store, item.card)
    return Answer(typed, review.is_right(item, typed, computed), note)


def _revealed(session: Session, table: Table, item: Item) -> Answer:
    while True:
        key = table.input.key()
        if key in (ENTER, " "):
            return Answer()
        if key in ("1", "2", "3", "4") and not table.input.single_keys:
            return Answer(rating=Rating(int(key)))
        _command(session, table, item, key)


def _typed(session: Session, table: Table, item: Item) -> str:
    answers = _letters_that_answer(item)
    while True:
        typed = table.input.line().strip()
        if typed in answers or not _command(session, table, item, typed):
            return typed


def _letters_that_answer(item: Item) -> set[str]:
    """Where a command's letter would be an answer to this card, it is taken as one."""
    match item.card:
        case Choice() as card:
            return {chr(ord("a") + n) for n in range(len(card.options))}
        case Cloze() as card:
            return {card.answer.strip(), *card.also_right}
        case _:
            return set()


def _rating(session: Session, table: Table, item: Item, suggested: Rating) -> Rating:
    intervals = {}
    if item.turn is not Turn.CRAM:
        intervals = schedule.intervals(item.schedule, table.clock(), session.settings)
    table.screen.ratings(intervals, suggested)
    while True:
        key = table.input.key()
        if key in (ENTER, " "):
            return suggested
        if key in ("1", "2", "3", "4"):
            return Rating(int(key))
        if not _command(session, table, item, key) and not table.input.single_keys:
            table.screen.say("1, 2, 3 or 4 rates the card; ? lists the keys.")


def _command(session: Session, table: Table, item: Item, key: str) -> bool:
    """Do what a key says; False if it says nothing. All but `?` move the session on."""
    screen = table.screen
    match key.removeprefix(":"):
        case "?":
            screen.help()
            return True
        case "q" | "\x04":
            raise _Quit
        case "u":
            undone = review.undo(session, table.clock())
            if undone is None:
                screen.say("Nothing to undo in this session.")
                return True
            screen.undone(undone)
        case "s":
            review.suspend(session, item, table.clock())
            screen.say(f"Suspended; drill quiz resume {item.card.id} brings it back.")
        case "e":
            try:
                with table.input.lent():
                    table.edit(item.card.id, item.row.file)
            except DrillError as error:
                screen.error(error)
                return True
            review.reread(session, item)
        case _:
            return False
    raise _Moved


# What only running the code can tell


def _tried(table: Table, card: Cloze, typed: str) -> Answer:
    from drill import answers  # its limits and checks are needed only here

    table.screen.say("Running it.", "bright_black")
    try:
        right, note = answers.behaves(card, typed, table.grade)
    except JudgeError as error:
        table.screen.error(error)
        if review.is_reference(card, typed):
            return Answer(typed, True)
        return Answer(typed, note="It could not be run: compare it with the answer yourself.")
    return Answer(typed, right, note)


def _compute(session: Session, table: Table, item: Item) -> str:
    """See that the card's own answer is known; returns what to say where it is not.

    The built-in decks bring theirs along; someone's own cards are run by the judge once.
    """
    snippet = review.snippet_of(item.card)
    if snippet is None or review.known_answer(session.store, item.card) is not None:
        return ""
    from drill import answers  # as above

    table.screen.say("Running the card's code.", "bright_black")
    try:
        computed = answers.judged(snippet, table.grade)
    except JudgeError as error:
        table.screen.error(error)
        return "What the code does is not known: rate the card yourself, or edit it with e."
    session.store.keep_answer(snippet_hash(snippet), computed)
    return ""
