"""The schedule is py-fsrs's own, and the log alone gives it again."""

import importlib
import random
import sys
from datetime import UTC, datetime, timedelta

import fsrs
import pytest

from drill import schedule
from drill.cards import Rating, State
from drill.errors import UsageError
from drill.quiz_store import Action, Review
from drill.schedule import Settings

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DEFAULT = Settings()
OTHER = Settings(retention=0.85, learning_steps_m=(2, 15, 60), relearning_steps_m=(5, 30))
NO_STEPS = Settings(learning_steps_m=(), relearning_steps_m=())


def peer(settings):
    return fsrs.Scheduler(
        desired_retention=settings.retention,
        learning_steps=[timedelta(minutes=m) for m in settings.learning_steps_m],
        relearning_steps=[timedelta(minutes=m) for m in settings.relearning_steps_m],
        enable_fuzzing=False,
    )


def same(ours, theirs):
    assert ours.state == theirs.state
    assert ours.step == theirs.step
    assert ours.stability == theirs.stability
    assert ours.difficulty == theirs.difficulty
    assert ours.due == theirs.due
    assert ours.last_review == theirs.last_review


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(DEFAULT, id="defaults"),
        pytest.param(OTHER, id="other steps"),
        pytest.param(NO_STEPS, id="no steps"),
    ],
)
def test_a_thousand_reviews_are_scheduled_as_by_py_fsrs(settings):
    rng = random.Random(1)
    states = set()
    reviews = 0
    while reviews < 1000:
        ours, theirs, at = None, fsrs.Card(card_id=1), NOON
        for _ in range(rng.randint(1, 25)):
            rating = rng.choices(list(Rating), weights=(2, 1, 5, 1))[0]
            ours = schedule.rated(ours, "card:x", rating, at, settings)
            theirs, _ = peer(settings).review_card(theirs, fsrs.Rating(rating), at)
            same(ours, theirs)
            states.add(ours.state)
            reviews += 1
            # on time, early within a step, days late
            at = max(at, ours.due + rng.choice([0, -0.5, 0.1, 3]) * timedelta(days=1))
    assert states == (set(State) if settings.learning_steps_m else {State.REVIEW})


def test_the_interval_shown_is_the_interval_given():
    rng = random.Random(2)
    current, at = None, NOON
    for _ in range(200):
        shown = schedule.intervals(current, at, DEFAULT)
        rating = rng.choice(list(Rating))
        current = schedule.rated(current, "card:x", rating, at, DEFAULT)
        assert current.due - at == shown[rating]
        at = current.due


def test_learning_steps_are_one_and_ten_minutes_by_default():
    shown = schedule.intervals(None, NOON, DEFAULT)
    assert shown[Rating.AGAIN] == timedelta(minutes=1)
    assert shown[Rating.GOOD] == timedelta(minutes=10)
    good = schedule.rated(None, "card:x", Rating.GOOD, NOON, DEFAULT)
    assert good.state is State.LEARNING
    again = schedule.rated(good, "card:x", Rating.GOOD, good.due, DEFAULT)
    assert again.state is State.REVIEW


def row(id, at, rating=None, action=Action.RATING, settings=DEFAULT, undoes=None, subject="card:x"):
    text = settings.to_json() if action is Action.RATING else None
    return Review(subject, at, action, rating=rating, settings=text, undoes=undoes, id=id)


def test_the_log_replayed_gives_the_state_under_changing_settings():
    current, log = None, []
    for n, settings in enumerate([DEFAULT, DEFAULT, OTHER, NO_STEPS, DEFAULT]):
        at = NOON + timedelta(days=n)
        current = schedule.rated(current, "card:x", Rating.GOOD, at, settings)
        log.append(row(n + 1, at, Rating.GOOD, settings=settings))
    assert schedule.replayed(log) == current


def test_what_was_undone_does_not_count():
    first = row(1, NOON, Rating.GOOD)
    undone = row(2, NOON + timedelta(days=1), Rating.AGAIN)
    undo = row(3, NOON + timedelta(days=1), action=Action.UNDO, undoes=2)
    assert schedule.replayed([first, undone, undo]) == schedule.replayed([first])
    assert (
        schedule.replayed([row(1, NOON, Rating.GOOD), row(2, NOON, action=Action.UNDO, undoes=1)])
        is None
    )


def test_suspending_keeps_the_schedule():
    log = [row(1, NOON, Rating.EASY), row(2, NOON, action=Action.SUSPEND)]
    suspended = schedule.replayed(log)
    assert suspended.suspended
    assert suspended.due == schedule.replayed(log[:1]).due
    assert not schedule.replayed([*log, row(3, NOON, action=Action.RESUME)]).suspended


def test_lapses_count_the_ratings_again():
    log = [row(n, NOON + timedelta(days=n), Rating(r)) for n, r in enumerate([1, 3, 1, 4], 1)]
    assert schedule.replayed(log).lapses == 2


# Fitting


def forgetful_log(cards=60, reviews=12):
    """A learner who forgets faster than FSRS's defaults expect."""
    rng = random.Random(3)
    log, id = [], 0
    for card in range(cards):
        at, current, subject = NOON + timedelta(minutes=card), None, f"card:{card}"
        for _ in range(reviews):
            rating = Rating.AGAIN if current and rng.random() < 0.35 else Rating.GOOD
            current = schedule.rated(current, subject, rating, at, DEFAULT)
            id += 1
            log.append(row(id, at, rating, subject=subject))
            at = max(current.due, at + timedelta(days=1))
    return log


def test_a_short_log_is_not_fitted_and_says_how_short_it_is():
    log = [row(n, NOON + timedelta(days=n), Rating.GOOD) for n in range(1, 40)]
    with pytest.raises(UsageError, match="too short to fit: it has 38 of the 512"):
        schedule.fitted(log)


def test_reviews_on_one_day_do_not_count_towards_a_fit():
    log = [row(n, NOON + timedelta(minutes=n), Rating.GOOD) for n in range(1, 40)]
    assert schedule.spaced_reviews(log) == 0


def test_a_missing_optimizer_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.delitem(sys.modules, "fsrs.optimizer", raising=False)
    monkeypatch.delattr(fsrs, "Optimizer", raising=False)
    with pytest.raises(UsageError, match="is not installed") as caught:
        schedule.fitted(forgetful_log())
    assert "pip install" in caught.value.hint


@pytest.mark.slow
def test_parameters_are_fitted_to_a_long_log(monkeypatch, tmp_path):
    # The optimizer imports both and, for the parameters, uses only tqdm's loop.
    (tmp_path / "pandas.py").write_text("")
    (tmp_path / "tqdm.py").write_text("def tqdm(loop, **_): return loop\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("pandas", "tqdm", "fsrs.optimizer"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delattr(fsrs, "Optimizer", raising=False)
    optimizer = importlib.import_module("fsrs.optimizer")
    monkeypatch.setattr(optimizer, "num_epochs", 1)  # 5 take most of a minute
    parameters = schedule.fitted(forgetful_log(cards=47))
    assert parameters != fsrs.Scheduler().parameters
    fitted = Settings(parameters=parameters)
    assert Settings.from_json(fitted.to_json()) == fitted
    assert schedule.scheduler(fitted).parameters == parameters
