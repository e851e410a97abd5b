"""A quiz session as plain functions: order, limits, undo, and what the log is worth."""

import random
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from drill import cards, review
from drill.cards import Bug, Choice, Cloze, Computed, Option, Output, Rating, Recall, State
from drill.errors import UsageError
from drill.quiz_store import Action, CardRow, Only, QuizStore
from drill.review import Plan, Turn
from drill.schedule import Settings

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def put(store, *found):
    """Cards as a deck file would bring them."""
    rows = [
        CardRow(
            card.id, store.path.with_name(f"{card.deck}.yaml"), card.deck, card.topic, card.kind,
            card.section, n, cards.encode(card),
        )
        for n, card in enumerate(found)
    ]  # fmt: skip
    files = {row.file: "1" for row in rows}
    store.replace_decks(gone=[], fingerprints=files, cards=rows, answers=[])


def recall(id, deck="tensors", topic="tensors", section=1, **more):
    return Recall(
        id=id, deck=deck, topic=topic, section=section, source="s", question="q", answer="a", **more
    )


@pytest.fixture
def store(tmp_path):
    with QuizStore.open(tmp_path / "drill.db") as store:
        put(store, *(recall(f"c{n}") for n in range(5)))
        yield store


def begin(store, now=NOON, **plan):
    return review.start(store, Plan(**plan), Settings(), now)


def rate_next(session, rating, now):
    item = review.next_item(session, now)
    return review.rate(session, item, rating, now)


def seen(session, now):
    item = review.next_item(session, now)
    return item and item.card.id


# What comes next


def test_new_cards_come_in_the_order_of_the_decks_up_to_the_allowed_number(store):
    session = begin(store, new=2)
    assert rate_next(session, Rating.EASY, NOON).item.card.id == "c0"
    assert rate_next(session, Rating.EASY, NOON).item.card.id == "c1"
    assert review.next_item(session, NOON) is None


def test_due_cards_come_before_new_ones_the_longest_due_first(store):
    session = begin(store, new=2)
    rate_next(session, Rating.EASY, NOON)
    rate_next(session, Rating.EASY, NOON + HOUR)
    later = begin(store, NOON + 100 * DAY, new=1)
    order = []
    while item := review.next_item(later, NOON + 100 * DAY):
        order.append((item.card.id, item.turn))
        review.rate(later, item, Rating.EASY, NOON + 100 * DAY)
    assert order == [("c0", Turn.DUE), ("c1", Turn.DUE), ("c2", Turn.NEW)]


def test_a_learning_step_that_has_ended_comes_before_reviews(store):
    session = begin(store, new=1)
    rate_next(session, Rating.EASY, NOON)
    later = NOON + 100 * DAY
    session = begin(store, later, new=1)
    review.rate(session, replace_turn(store, "c1"), Rating.AGAIN, later - 5 * MINUTE)
    assert seen(session, later) == "c1"


def replace_turn(store, id):
    row = store.card(id)
    return review.Item(review.card_of(row), row, Turn.NEW)


def test_a_step_that_ends_soon_is_not_waited_for_when_nothing_else_is_left(store):
    session = begin(store, new=1)
    rate_next(session, Rating.GOOD, NOON)  # back in 10 minutes
    assert seen(session, NOON + MINUTE) == "c0"
    rate_next(session, Rating.GOOD, NOON + MINUTE)  # back in days
    assert seen(session, NOON + MINUTE) is None


def test_a_new_card_goes_before_a_step_that_has_not_ended(store):
    session = begin(store, new=2)
    rate_next(session, Rating.AGAIN, NOON)
    assert seen(session, NOON + MINUTE / 2) == "c1"
    assert seen(session, NOON + 2 * MINUTE) == "c0"


def test_limit_counts_reviews_and_minutes_count_from_the_start(store):
    session = begin(store, new=5, limit=2)
    rate_next(session, Rating.GOOD, NOON)
    rate_next(session, Rating.GOOD, NOON)
    assert review.next_item(session, NOON) is None
    timed = begin(store, new=5, minutes=5)
    assert seen(timed, NOON + 4.9 * MINUTE)
    assert review.next_item(timed, NOON + 5 * MINUTE) is None


def test_only_a_deck_or_a_topic(store):
    put(store, recall("other", deck="losses", topic="losses", section=8))
    assert seen(begin(store, only=Only(deck="losses")), NOON) == "other"
    assert seen(begin(store, only=Only(topic="losses")), NOON) == "other"
    assert seen(begin(store, only=Only(topic="tensors")), NOON) == "c0"
    assert review.only(store, "losses", "") == Only(deck="losses")


@pytest.mark.parametrize(
    ("deck", "topic", "complaint"),
    [("tensor", "", "no deck called 'tensor'"), ("", "tensor", "no topic called 'tensor'")],
)
def test_a_misspelt_deck_or_topic_is_told_the_near_one(store, deck, topic, complaint):
    with pytest.raises(UsageError, match=complaint) as caught:
        review.only(store, deck, topic)
    assert "did you mean tensors?" in caught.value.hint


def test_new_cards_are_counted_over_the_sessions_of_a_day(store):
    now = datetime.now(UTC)
    assert review.new_today(store, 3, now) == 3
    session = begin(store, now, new=2)
    rate_next(session, Rating.EASY, now)
    rate_next(session, Rating.EASY, now)
    assert review.new_today(store, 3, now) == 1
    assert review.new_today(store, 1, now) == 0
    assert review.new_today(store, 3, now + DAY) == 3


# Rating, undoing, suspending


def test_undo_brings_the_card_back_as_it_was(store):
    session = begin(store, new=3)
    rate_next(session, Rating.EASY, NOON)
    before = store.schedules()
    rate_next(session, Rating.AGAIN, NOON + MINUTE)
    undone = review.undo(session, NOON + 2 * MINUTE)
    assert (undone.item.card.id, undone.rating) == ("c1", Rating.AGAIN)
    assert store.schedules() == before
    assert seen(session, NOON + 2 * MINUTE) == "c1"
    review.undo(session, NOON + 3 * MINUTE)
    assert store.schedules() == {}
    assert seen(session, NOON + 3 * MINUTE) == "c0"
    assert review.undo(session, NOON) is None


def test_an_undone_review_stays_in_the_log(store):
    session = begin(store)
    rate_next(session, Rating.AGAIN, NOON)
    review.undo(session, NOON)
    rate_next(session, Rating.EASY, NOON)
    log = store.reviews("card:c0")
    assert [row.action for row in log] == [Action.RATING, Action.UNDO, Action.RATING]
    assert log[1].undoes == log[0].id
    assert review.stats(store, Only(), NOON).reviews == {NOON.astimezone().date(): 1}


def test_the_undo_of_a_repeated_card_restores_its_earlier_state(store):
    session = begin(store, new=1)
    rate_next(session, Rating.GOOD, NOON)
    before = store.schedule("card:c0")
    rate_next(session, Rating.GOOD, NOON + 10 * MINUTE)
    review.undo(session, NOON + 11 * MINUTE)
    assert store.schedule("card:c0") == before


def test_a_suspended_card_stays_away_until_it_is_resumed(store):
    session = begin(store, new=1)
    review.suspend(session, review.next_item(session, NOON), NOON)
    assert seen(begin(store, new=1), NOON) == "c1"
    assert [row.id for row in store.suspended_cards()] == ["c0"]
    review.resume(store, "c0", NOON)
    assert seen(begin(store, new=1), NOON) == "c0"
    with pytest.raises(UsageError, match="no card called 'c0' is suspended"):
        review.resume(store, "c0", NOON)


def test_suspending_a_card_in_review_keeps_its_schedule(store):
    session = begin(store, new=1)
    rate_next(session, Rating.EASY, NOON)
    before = store.schedule("card:c0")
    later = begin(store, before.due, new=0)
    review.suspend(later, review.next_item(later, before.due), before.due)
    assert review.next_item(later, before.due) is None
    review.undo(later, before.due)
    assert store.schedule("card:c0") == before
    assert seen(later, before.due) == "c0"


def test_a_card_missed_eight_times_is_a_leech(store):
    session = begin(store, new=1)
    for n in range(8):
        done = rate_next(session, Rating.AGAIN, NOON + n * MINUTE)
        assert done.is_leech is (n == 7)
    assert review.next_item(session, NOON + 9 * MINUTE).is_leech
    assert review.stats(store, Only(), NOON).counts.leeches == 1


def test_cramming_shows_everything_and_leaves_no_trace(store):
    session = begin(store, cram=True)
    first = review.next_item(session, NOON)
    review.rate(session, first, Rating.AGAIN, NOON)
    shown = []
    while item := review.next_item(session, NOON):
        shown.append(item.card.id)
        review.rate(session, item, Rating.GOOD, NOON)
    assert sorted(shown) == ["c0", "c1", "c2", "c3", "c4"]
    assert shown[-1] == first.card.id  # missed, so once more at the end
    assert store.reviews() == []
    assert store.schedules() == {}


def test_a_cram_can_be_undone(store):
    session = begin(store, cram=True)
    first = review.next_item(session, NOON)
    review.rate(session, first, Rating.GOOD, NOON)
    review.undo(session, NOON)
    assert review.next_item(session, NOON) == first
    assert review.left(session, NOON).due == 5


def test_editing_a_cards_text_keeps_its_schedule(store):
    session = begin(store, new=1)
    rate_next(session, Rating.EASY, NOON)
    before = store.schedule("card:c0")
    put(store, replace(recall("c0"), question="another"))
    assert store.schedule("card:c0") == before
    later = begin(store, before.due, new=0)
    item = review.next_item(later, before.due)
    assert (item.card.question, item.schedule) == ("another", before)


def test_an_edited_card_is_shown_again_at_once(store):
    session = begin(store)
    item = review.next_item(session, NOON)
    put(store, replace(recall("c0"), question="another"), recall("c1"))
    review.reread(session, item)
    assert review.next_item(session, NOON).card.question == "another"
    put(store, recall("c1"))
    review.reread(session, item)
    assert seen(session, NOON) == "c1"


def test_what_is_left_counts_due_new_and_soon(store):
    session = begin(store, new=3)
    assert review.left(session, NOON) == review.Left(due=0, new=3, soon=0)
    rate_next(session, Rating.AGAIN, NOON)
    assert review.left(session, NOON) == review.Left(due=0, new=2, soon=1)
    assert review.left(session, NOON + 2 * MINUTE) == review.Left(due=1, new=2, soon=0)


# The log


def simulate(store, reviews, seed):
    """A person over weeks: ratings, undos, suspensions, now and then other settings."""
    rng = random.Random(seed)
    now = NOON
    session = begin(store, now, new=100)
    for _ in range(reviews):
        item = review.next_item(session, now)
        if item is None:
            now += rng.choice([HOUR, DAY, 9 * DAY])
            settings = rng.choice([Settings(), Settings(retention=0.8, learning_steps_m=(3,))])
            session = review.start(store, Plan(new=100), settings, now)
            continue
        match rng.randrange(12):
            case 0:
                review.undo(session, now)
            case 1 if item.card.id != "c0":
                review.suspend(session, item, now)
            case 2:
                for row in store.suspended_cards():
                    review.resume(store, row.id, now)
            case _:
                review.rate(session, item, rng.choice(list(Rating)), now)
        now += rng.choice([MINUTE / 6, MINUTE, 15 * MINUTE])


@pytest.mark.parametrize("seed", range(3))
def test_every_cards_state_can_be_rebuilt_from_the_log(store, seed):
    simulate(store, 400, seed)
    kept = store.schedules()
    assert len(kept) == 5
    assert State.REVIEW in {schedule.state for schedule in kept.values()}
    rebuilt = review.rebuilt(store)
    assert {name: schedule for name, schedule in rebuilt.items() if schedule} == kept

    with sqlite3.connect(store.path) as db:
        db.execute("DELETE FROM schedules")
    store.put_schedules(rebuilt)
    assert store.schedules() == kept


@pytest.mark.parametrize("sql", ["UPDATE reviews SET rating = 4", "DELETE FROM reviews"])
def test_reviews_are_append_only(store, sql):
    rate_next(begin(store), Rating.AGAIN, NOON)
    with sqlite3.connect(store.path) as db, pytest.raises(sqlite3.IntegrityError, match="append"):
        db.execute(sql)


def test_two_sessions_that_rate_one_card_follow_each_other(store):
    with QuizStore.open(store.path) as other:
        ours, theirs = begin(store, new=1), begin(other, new=1)
        item, same = review.next_item(ours, NOON), review.next_item(theirs, NOON)
        review.rate(ours, item, Rating.GOOD, NOON)
        review.rate(theirs, same, Rating.GOOD, NOON + MINUTE)
    assert store.schedule("card:c0").reviews == 2
    assert review.rebuilt(store) == store.schedules()


def test_the_log_keeps_what_was_typed(store):
    session = begin(store)
    item = review.next_item(session, NOON)
    review.rate(session, item, Rating.GOOD, NOON, milliseconds=4200, typed="(2, 3)", right=True)
    row = store.reviews()[0]
    assert (row.milliseconds, row.typed, row.right, row.state) == (4200, "(2, 3)", True, None)


# What an answer is worth


def item_of(card, reviews=0):
    row = CardRow(card.id, None, card.deck, card.topic, card.kind, 1, 0, "")
    return review.Item(card, row, Turn.NEW)


FIELDS = {"id": "x", "deck": "d", "topic": "t", "section": 1, "source": "s"}
CLOZE = Cloze(
    code="x.sum(____)", answer="dim=-1", behaves="assert x", also_right=("axis=-1",), **FIELDS
)


def test_a_choice_is_judged_in_the_order_it_was_shown():
    card = Choice(options=tuple(Option(text=str(n), right=n in (1, 4)) for n in range(6)), **FIELDS)
    shown = card.shuffled(0)
    letters = " ".join("abcdef"[n] for n, option in enumerate(shown) if option.right)
    assert review.is_right(item_of(card), letters, None) is True
    assert review.is_right(item_of(card), letters[0], None) is False


def test_a_bug_is_judged_by_its_line():
    card = Bug(code="a\nb\n", line=2, fix="c", shows="", answer="", **FIELDS)
    assert review.is_right(item_of(card), "line 2", None) is True
    assert review.is_right(item_of(card), "1", None) is False


def test_an_output_that_could_not_be_computed_is_left_to_the_person():
    card = Output(code="print(1)", **FIELDS)
    assert review.is_right(item_of(card), "1", None) is None
    assert review.is_right(item_of(card), "1", Computed("1\n")) is True


def test_without_a_judge_a_filling_is_compared_with_those_the_deck_names():
    assert review.is_reference(CLOZE, " dim = -1 ")
    assert review.is_reference(CLOZE, "axis=-1")
    assert not review.is_reference(CLOZE, "dim=1")


# After the session


def test_the_summary_says_what_was_done_and_what_comes_back(store):
    now = datetime.now(UTC)
    past = begin(store, now - 30 * DAY, new=3)
    for _ in range(3):
        rate_next(past, Rating.EASY, now - 30 * DAY)
    session = begin(store, now, new=1)
    for rating in (Rating.GOOD, Rating.AGAIN, Rating.HARD, Rating.EASY):
        rate_next(session, rating, now)
    found = review.summary(session, now)
    assert (found.reviewed, found.cards, found.new) == (4, 4, 1)
    assert (found.recalled, found.recallable) == (2, 3)
    assert found.due_tomorrow == 1  # the one that was missed
    assert found.suspended == 0


def test_stats_count_what_is_due_what_was_remembered_and_when(store):
    put(store, recall("l", deck="losses", topic="losses", section=8))
    now = datetime.now(UTC)
    session = begin(store, now - 40 * DAY, new=6)
    while item := review.next_item(session, now - 40 * DAY):
        review.rate(session, item, Rating.EASY, now - 40 * DAY)
    later = begin(store, now, new=0)
    rate_next(later, Rating.AGAIN, now)
    rate_next(later, Rating.EASY, now)
    found = review.stats(store, Only(), now)
    assert found.counts.cards == 6
    assert (found.counts.learning, found.counts.review) == (1, 5)
    assert found.recalled == {"tensors": (1, 2)}
    assert found.overdue == 4
    assert found.due[0] == 5  # four overdue, and the one that was missed
    assert len(found.due) == 30
    today = now.astimezone().date()
    assert found.reviews == {today: 2, (now - 40 * DAY).astimezone().date(): 6}
    assert review.stats(store, Only(topic="losses"), now).counts.cards == 1
