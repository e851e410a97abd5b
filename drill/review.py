"""A quiz session: which card comes next, what a rating does, and what an answer was worth.

The clock comes in as an argument; each rating is on disk before the function that takes it returns.
"""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from random import Random
from typing import NamedTuple

from drill import cards, schedule
from drill.cards import (
    LEECH_LAPSES,
    Bug,
    Card,
    Choice,
    Cloze,
    Computed,
    Output,
    Rating,
    Shape,
    State,
    snippet_hash,
    subject,
)
from drill.errors import UsageError
from drill.quiz_store import Action, CardCounts, CardRow, Only, QuizStore, Review, Schedule
from drill.schedule import Settings

# A learning step that ends so soon is not waited for once nothing else is left.
LEARN_AHEAD = timedelta(minutes=20)
EVERYTHING = Only()


class Plan(NamedTuple):
    """What a session is for. `new` is how many new cards it may show."""

    only: Only = EVERYTHING
    new: int = 10
    limit: int | None = None
    minutes: float | None = None
    cram: bool = False


class Turn(StrEnum):
    DUE = "due"
    NEW = "new"
    CRAM = "cram"


class Item(NamedTuple):
    """A card whose turn it is."""

    card: Card
    row: CardRow
    turn: Turn
    schedule: Schedule | None = None

    @property
    def reviews(self) -> int:
        return self.schedule.reviews if self.schedule else 0

    @property
    def is_leech(self) -> bool:
        return self.schedule is not None and self.schedule.lapses >= LEECH_LAPSES


class Left(NamedTuple):
    due: int
    new: int
    soon: int = 0  # in a learning step that has not ended yet


class Done(NamedTuple):
    """One thing that was done in this session and can be undone."""

    item: Item
    action: Action
    review_id: int = 0  # 0: a cram leaves no trace in the log
    rating: Rating | None = None
    schedule: Schedule | None = None

    @property
    def is_leech(self) -> bool:
        return (
            self.rating is Rating.AGAIN
            and self.schedule is not None
            and self.schedule.lapses >= LEECH_LAPSES
        )


class Session:
    """What was done so far, and what it was done with."""

    def __init__(
        self, store: QuizStore, plan: Plan, settings: Settings, started_at: datetime
    ) -> None:
        self.store = store
        self.plan = plan
        self.settings = settings
        self.started_at = started_at
        self.done: list[Done] = []
        self.to_cram: list[CardRow] = []
        self.returned: Item | None = None  # a card that an undo brought back is shown next

    @property
    def rated(self) -> list[Done]:
        return [done for done in self.done if done.action is Action.RATING]

    @property
    def new_left(self) -> int:
        return self.plan.new - sum(done.item.turn is Turn.NEW for done in self.done)


def start(store: QuizStore, plan: Plan, settings: Settings, now: datetime) -> Session:
    session = Session(store, plan, settings, now)
    if plan.cram:
        session.to_cram = store.cards(plan.only)
        Random(now.isoformat()).shuffle(session.to_cram)
    return session


def new_today(store: QuizStore, per_day: int, now: datetime) -> int:
    """How many of today's new cards are left; a day begins at midnight where the person is."""
    midnight = now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return max(per_day - store.introduced_since(midnight), 0)


def next_item(session: Session, now: datetime) -> Item | None:
    """Learning steps that have ended, then what is due, then new cards, then steps about to end."""
    plan = session.plan
    if plan.limit is not None and len(session.rated) >= plan.limit:
        return None
    if plan.minutes is not None and now - session.started_at >= timedelta(minutes=plan.minutes):
        return None
    if session.returned:
        return session.returned
    if plan.cram:
        return _item(session.to_cram[0], Turn.CRAM) if session.to_cram else None
    learning = (State.LEARNING, State.RELEARNING)
    due = session.store.next_due(learning, now, plan.only) or session.store.next_due(
        (State.REVIEW,), now, plan.only
    )
    if due:
        return _item(due[0], Turn.DUE, due[1])
    if session.new_left > 0:
        for row in session.store.new_cards(plan.only, 1):
            return _item(row, Turn.NEW)
    soon = session.store.next_due(learning, now + LEARN_AHEAD, plan.only)
    return _item(soon[0], Turn.DUE, soon[1]) if soon else None


def _item(row: CardRow, turn: Turn, schedule: Schedule | None = None) -> Item:
    return Item(card_of(row), row, turn, schedule)


def card_of(row: CardRow) -> Card:
    return cards.decode(row.content)


def left(session: Session, now: datetime) -> Left:
    """What the session still holds, the present card included."""
    if session.plan.cram:
        return Left(due=len(session.to_cram), new=0)
    store, only = session.store, session.plan.only
    due = store.count_due(now, only)
    new = len(store.new_cards(only, session.new_left)) if session.new_left > 0 else 0
    return Left(due, new, _count_learning_soon(session, now))


def _count_learning_soon(session: Session, now: datetime) -> int:
    """Only cards of this session can be in a step that ends soon, save for what another left behind."""
    latest = {done.item.card.id: done.schedule for done in session.rated}
    return sum(
        schedule is not None
        and schedule.state is not State.REVIEW
        and schedule.due is not None
        and now < schedule.due <= now + LEARN_AHEAD
        for schedule in latest.values()
    )


# What a person does


def rate(
    session: Session,
    item: Item,
    rating: Rating,
    now: datetime,
    *,
    milliseconds: int | None = None,
    typed: str | None = None,
    right: bool | None = None,
) -> Done:
    session.returned = None
    if item.turn is Turn.CRAM:
        session.to_cram = [row for row in session.to_cram if row.id != item.row.id]
        if rating is Rating.AGAIN:
            session.to_cram.append(item.row)
        done = Done(item, Action.RATING, rating=rating)
    else:
        name = subject(item.card.id)
        review = Review(
            name,
            now,
            Action.RATING,
            rating=rating,
            typed=typed,
            right=right,
            milliseconds=milliseconds,
            settings=session.settings.to_json(),
        )
        id_, after = session.store.add_review(
            review,
            lambda current: schedule.rated(current, name, rating, now, session.settings),
        )
        done = Done(item, Action.RATING, id_, rating, after)
    session.done.append(done)
    return done


def suspend(session: Session, item: Item, now: datetime) -> Done:
    """Take the card out of every session until it is resumed."""
    session.returned = None
    if item.turn is Turn.CRAM:
        session.to_cram = [row for row in session.to_cram if row.id != item.row.id]
    id_, after = _suspend(session.store, subject(item.card.id), Action.SUSPEND, now)
    done = Done(item, Action.SUSPEND, id_, schedule=after)
    session.done.append(done)
    return done


def resume(store: QuizStore, card_id: str, now: datetime) -> None:
    """Bring a suspended card back; its schedule is what it was.

    Raises:
        UsageError: no card of this id is suspended.
    """
    name = subject(card_id)
    found = store.schedule(name)
    if found is None or not found.suspended:
        raise UsageError(
            f"no card called {card_id!r} is suspended", hint="see them all with: drill quiz resume"
        )
    _suspend(store, name, Action.RESUME, now)


def _suspend(
    store: QuizStore, name: str, action: Action, now: datetime
) -> tuple[int, Schedule | None]:
    return store.add_review(
        Review(name, now, action),
        lambda current: (current or Schedule(name))._replace(suspended=action is Action.SUSPEND),
    )


def undo(session: Session, now: datetime) -> Done | None:
    """Take back the last thing done in this session, and bring its card back; None if there is none."""
    if not session.done:
        return None
    done = session.done.pop()
    if done.review_id:
        name = subject(done.item.card.id)
        session.store.add_review(
            Review(name, now, Action.UNDO, undoes=done.review_id),
            lambda _: schedule.replayed(session.store.reviews(name)),
        )
    if done.item.turn is Turn.CRAM:
        session.to_cram = [row for row in session.to_cram if row.id != done.item.row.id]
        session.to_cram.insert(0, done.item.row)
    session.returned = done.item
    return done


def reread(session: Session, item: Item) -> None:
    """Show this card next, as the store has it now; nothing if it is gone."""
    row = session.store.card(item.card.id)
    session.returned = None
    if row is not None:
        session.returned = item._replace(card=card_of(row), row=row)
    session.to_cram = [
        row if row and old.id == row.id else old
        for old in session.to_cram
        if row or old.id != item.row.id
    ]


def rebuilt(store: QuizStore) -> dict[str, Schedule | None]:
    """Every schedule as the log alone gives it."""
    log = sorted(store.reviews(), key=lambda review: review.subject)  # stable: oldest first
    return {name: schedule.replayed(rows) for name, rows in groupby(log, key=lambda r: r.subject)}


def next_due(session: Session) -> datetime | None:
    """When the first of the session's cards comes back; None if none has been seen."""
    found = session.store.next_due(
        tuple(State), datetime.max.replace(tzinfo=UTC), session.plan.only
    )
    return found[1].due if found else None


# What an answer is worth


def snippet_of(card: Card) -> str | None:
    """The code whose result is the answer, for the kinds that have one."""
    return card.snippet if isinstance(card, Output | Shape) else None


def known_answer(store: QuizStore, card: Card) -> Computed | None:
    snippet = snippet_of(card)
    return store.answer(snippet_hash(snippet)) if snippet is not None else None


def is_right(item: Item, typed: str, computed: Computed | None) -> bool | None:
    """Whether a typed answer is right; None where that cannot be told, as when nothing is typed."""
    match item.card:
        case Choice() as card:
            return cards.same_choice(typed, card.shuffled(item.reviews))
        case Output() if computed:
            return cards.same_output(typed, computed)
        case Shape() if computed:
            return cards.same_shape(typed, computed)
        case Bug() as card:
            return cards.same_line(typed, card.line)
        case _:
            return None


def is_reference(card: Cloze, typed: str) -> bool:
    """Whether a filling is one that the deck itself names, for when there is no judge to ask."""
    spelled = "".join(typed.split())
    return spelled in {"".join(known.split()) for known in (card.answer, *card.also_right)}


# After the session


class Summary(NamedTuple):
    reviewed: int
    cards: int
    new: int
    recalled: int  # of the ratings of cards that were due for review
    recallable: int
    due_tomorrow: int
    suspended: int


def summary(session: Session, now: datetime) -> Summary:
    rated = session.rated
    graded = [
        done for done in rated if done.item.schedule and done.item.schedule.state is State.REVIEW
    ]
    tomorrow = now.astimezone() + timedelta(days=1)
    end = tomorrow.replace(hour=23, minute=59, second=59, microsecond=999999)
    return Summary(
        reviewed=len(rated),
        cards=len({done.item.card.id for done in rated}),
        new=sum(done.item.turn is Turn.NEW for done in rated),
        recalled=sum(done.rating is not Rating.AGAIN for done in graded),
        recallable=len(graded),
        due_tomorrow=session.store.count_due(end.astimezone(UTC), session.plan.only),
        suspended=sum(done.action is Action.SUSPEND for done in session.done),
    )


def only(store: QuizStore, deck: str, topic: str) -> Only:
    """The cards of a deck or a topic.

    Raises:
        UsageError: there is no such deck or topic; the near misses are named.
    """
    for word, value, known in (
        ("deck", deck, store.deck_names()),
        ("topic", topic, store.card_topics()),
    ):
        if value and value not in known:
            from difflib import get_close_matches  # only to word the error

            close = get_close_matches(value, known, n=2)
            hint = f"did you mean {' or '.join(close)}?" if close else f"one of {', '.join(known)}"
            raise UsageError(f"no {word} called {value!r}", hint=hint)
    return Only(deck, topic)


class Stats(NamedTuple):
    """What `drill quiz stats` draws. Days are local; what is overdue counts for today."""

    counts: CardCounts
    today: date
    due: tuple[int, ...]  # for today and the days that follow
    overdue: int
    recalled: dict[str, tuple[int, int]]  # by topic: recalled, of how many
    reviews: dict[date, int]


def stats(store: QuizStore, only: Only, now: datetime, days: int = 30) -> Stats:
    today = now.astimezone().date()
    by_day = store.due_by_day(only)
    overdue = sum(count for day, count in by_day.items() if day < today)
    due = [by_day.get(today + timedelta(days=n), 0) for n in range(days)]
    due[0] += overdue
    return Stats(
        counts=store.card_counts(only, LEECH_LAPSES),
        today=today,
        due=tuple(due),
        overdue=overdue,
        recalled=store.recalled_by_topic(only),
        reviews=store.ratings_by_day(only),
    )
