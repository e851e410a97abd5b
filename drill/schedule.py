"""FSRS, by the `fsrs` package: what a rating does to a schedule, and when a card comes back.

The package is imported where it is needed first: the first card is on the screen before that.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from drill.cards import Rating, State
from drill.errors import UsageError
from drill.quiz_store import Action, Review, Schedule

if TYPE_CHECKING:
    import fsrs

# py-fsrs returns its defaults below this many reviews that came a day or more after the one before.
MIN_REVIEWS_TO_FIT = 512


class Settings(NamedTuple):
    """What FSRS is set to. No parameters: its defaults."""

    retention: float = 0.9
    learning_steps_m: tuple[float, ...] = (1, 10)
    relearning_steps_m: tuple[float, ...] = (10,)
    parameters: tuple[float, ...] = ()

    def to_json(self) -> str:
        return json.dumps(self._asdict(), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Settings":
        data = json.loads(text)
        return cls(
            retention=data["retention"],
            learning_steps_m=tuple(data["learning_steps_m"]),
            relearning_steps_m=tuple(data["relearning_steps_m"]),
            parameters=tuple(data["parameters"]),
        )


@lru_cache
def scheduler(settings: Settings) -> "fsrs.Scheduler":
    import fsrs
    from fsrs.scheduler import DEFAULT_PARAMETERS

    # No fuzz: the interval shown beside a rating is the one it gives, and the log alone, replayed,
    # gives every schedule again.
    return fsrs.Scheduler(
        parameters=settings.parameters or DEFAULT_PARAMETERS,
        desired_retention=settings.retention,
        learning_steps=[timedelta(minutes=m) for m in settings.learning_steps_m],
        relearning_steps=[timedelta(minutes=m) for m in settings.relearning_steps_m],
        enable_fuzzing=False,
    )


def rated(
    schedule: Schedule | None, subject: str, rating: Rating, at: datetime, settings: Settings
) -> Schedule:
    """The schedule after a rating; None is a card that was never seen."""
    import fsrs

    before = schedule or Schedule(subject)
    card, _ = scheduler(settings).review_card(
        _to_fsrs(before, at), fsrs.Rating(rating), review_datetime=at
    )
    return before._replace(
        state=State(card.state),
        step=card.step,
        stability=card.stability,
        difficulty=card.difficulty,
        due=card.due,
        last_review=card.last_review,
        introduced_at=before.introduced_at or at,
        reviews=before.reviews + 1,
        lapses=before.lapses + (rating is Rating.AGAIN),
    )


def _to_fsrs(schedule: Schedule, at: datetime) -> "fsrs.Card":
    import fsrs

    # card_id: without one, fsrs takes the clock and sleeps a millisecond to keep ids apart.
    return fsrs.Card(
        card_id=0,
        state=fsrs.State(schedule.state or State.LEARNING),
        step=schedule.step,
        stability=schedule.stability,
        difficulty=schedule.difficulty,
        due=schedule.due or at,
        last_review=schedule.last_review,
    )


def intervals(
    schedule: Schedule | None, at: datetime, settings: Settings
) -> dict[Rating, timedelta]:
    """How long each rating would send the card away."""
    ends = {rating: rated(schedule, "", rating, at, settings).due for rating in Rating}
    return {rating: end - at for rating, end in ends.items() if end is not None}


def replayed(log: Iterable[Review]) -> Schedule | None:
    """The schedule that one subject's log, oldest first, amounts to; None if it comes to nothing."""
    rows = list(log)
    undone = {row.undoes for row in rows}
    schedule: Schedule | None = None
    for row in rows:
        if row.id in undone:
            continue
        match row.action:
            case Action.RATING:
                assert row.rating is not None
                assert row.settings is not None
                settings = Settings.from_json(row.settings)
                schedule = rated(schedule, row.subject, row.rating, row.at, settings)
            case Action.SUSPEND:
                schedule = (schedule or Schedule(row.subject))._replace(suspended=True)
            case Action.RESUME:
                schedule = (schedule or Schedule(row.subject))._replace(suspended=False)
    return schedule


def spaced_reviews(log: Sequence[Review]) -> int:
    """How many ratings came a day or more after the one before: those that a fit can learn from."""
    last: dict[str, datetime] = {}
    count = 0
    for row in _ratings(log):
        previous = last.get(row.subject)
        count += previous is not None and (row.at - previous).days > 0
        last[row.subject] = row.at
    return count


def _ratings(log: Sequence[Review]) -> list[Review]:
    undone = {row.undoes for row in log}
    return [row for row in log if row.action is Action.RATING and row.id not in undone]


def fitted(log: Sequence[Review]) -> tuple[float, ...]:
    """FSRS parameters fitted to a log.

    Raises:
        UsageError: the log is too short, or the optimizer is not installed.
    """
    import fsrs

    count = spaced_reviews(log)
    if count < MIN_REVIEWS_TO_FIT:
        raise UsageError(
            f"the log is too short to fit: it has {count} of the {MIN_REVIEWS_TO_FIT} reviews needed"
            " that come a day or more after the one before",
            hint="keep reviewing; the default parameters do well until then",
        )
    numbers: dict[str, int] = {}
    logs = [
        fsrs.ReviewLog(
            card_id=numbers.setdefault(row.subject, len(numbers)),
            rating=fsrs.Rating(row.rating or 0),
            review_datetime=row.at,
            review_duration=row.milliseconds,
        )
        for row in _ratings(log)
    ]
    try:
        optimizer = fsrs.Optimizer(logs)
    except ImportError:
        raise UsageError(
            "the optimizer of the fsrs package is not installed",
            hint="install it with: pip install 'drill[optimize]'",
        ) from None
    return tuple(optimizer.compute_optimal_parameters())
