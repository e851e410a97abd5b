"""Hidden checks for reproducible-split. A check's docstring is the line the learner sees."""

import contextlib
import math
import random
from collections import Counter

import numpy
import pytest
import torch
from torch.utils.data import Dataset, Subset, random_split

from drill.checking import fail, tried


class Numbers(Dataset):
    """The numbers from 100 on; notes every item that is read."""

    def __init__(self, n):
        self.n = n
        self.read = []

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        index = int(index)
        if not 0 <= index < self.n:
            raise IndexError(index)
        self.read.append(index)
        return 100 + index


GLOBAL_STATES = {
    "torch's global generator": torch.get_rng_state,
    "Python's random": random.getstate,
    "NumPy's global generator": lambda: [str(part) for part in numpy.random.get_state()],
}


def demand_same_states(before):
    for name, state in GLOBAL_STATES.items():
        if str(state()) != str(before[name]) or (
            isinstance(before[name], torch.Tensor) and not torch.equal(state(), before[name])
        ):
            fail(
                f"{name} has changed",
                mistake="seeding or drawing globally changes every dropout mask and shuffle that comes after",
                hint="a generator of your own: torch.Generator().manual_seed(seed)",
            )


def split(submission, n, fractions, seed=0, dataset=None):
    """The items of each part."""
    dataset = Numbers(n) if dataset is None else dataset
    try:
        parts = submission.split_dataset(dataset, fractions, seed)
    except ValueError as error:
        fail(
            f"the fractions {fractions} raise ValueError: {error}",
            mistake="floating-point numbers hardly ever sum to exactly 1"
            if sum(fractions) != 1
            else "",
            hint="allow for math.isclose(sum(fractions), 1), and for a fraction of 0",
        )
    if not isinstance(parts, list):
        got = "None (is a return missing?)" if parts is None else f"a {type(parts).__name__}"
        fail(f"the result should be a list of Subset, got {got}")
    assert len(parts) == len(fractions), (
        f"{len(fractions)} fractions should give {len(fractions)} parts, got {len(parts)}"
    )
    for part in parts:
        if not isinstance(part, Subset):
            fail(
                f"a part is a {type(part).__name__}, expected a torch.utils.data.Subset",
                hint="Subset(dataset, indices)",
            )
    return [[part[i] for i in range(len(part))] for part in parts]


@pytest.mark.parametrize(
    ("n", "fractions"),
    [
        (17, (0.4, 0.25, 0.2, 0.15)),
        (10, (0.7, 0.15, 0.15)),
        (9, (0.75, 0.25, 0.0)),
        (13, (0.5, 0.3, 0.2)),
        (11, (0.25, 0.25, 0.25, 0.25)),
        (3, [0.9, 0.1]),
        (25, [0.1] * 10),
        (6, (0.15, 0.85)),
        (1, (0.2, 0.8)),
        (4, (1.0,)),
        (7, (0.0, 0.5, 0.5)),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else f"{len(value)} parts",
)
def test_sizes_are_floored_and_the_rest_dealt_out(submission, n, fractions):
    """sizes are rounded down, and what is left over goes to the first parts"""
    tried(f"split_dataset(dataset of {n}, {fractions}, seed=0)")
    want = [len(part) for part in random_split(range(n), list(fractions))]
    got = [len(part) for part in split(submission, n, fractions)]
    if got == want:
        return
    floors = [math.floor(n * fraction) for fraction in fractions]
    rest = n - sum(floors)
    wrong = {
        f"{rest} items that are left over after rounding down are lost": floors,
        "all that is left over goes to the last part": [*floors[:-1], floors[-1] + rest],
        "all that is left over goes to the first part": [floors[0] + rest, *floors[1:]],
        "the sizes are rounded to the nearest; round down, then deal out": [
            round(n * fraction) for fraction in fractions
        ],
        "a part whose fraction is 0 may be one of the first parts too, and get one of the rest": [
            floor + (i in [j for j, fraction in enumerate(fractions) if fraction][:rest])
            for i, floor in enumerate(floors)
        ],
        "the boundaries are rounded, not the sizes": [
            int(n * math.fsum(fractions[: i + 1])) - int(n * math.fsum(fractions[:i]))
            for i in range(len(fractions))
        ],
        "what is left over goes to the last parts; the first ones get it": [
            floor + (i >= len(floors) - rest) for i, floor in enumerate(floors)
        ],
    }
    mistake = next((sentence for sentence, sizes in wrong.items() if sizes == got), "")
    fail(f"the parts should have {want} items, got {got}", mistake=mistake)


def test_parts_are_disjoint_and_complete(submission):
    """every item is in exactly one part"""
    for n, fractions in ((40, (0.5, 0.3, 0.2)), (29, (0.8, 0.1, 0.1))):
        tried(f"split_dataset(dataset of {n}, {fractions}, seed=3)")
        parts = split(submission, n, fractions, seed=3)
        times = Counter(item for part in parts for item in part)
        twice = [item for item, number in times.items() if number > 1]
        if twice:
            fail(
                f"{len(twice)} items come more than once",
                mistake="a model that was trained on test items cannot be tested; each part needs its own piece of one permutation",
            )
        strange = set(times) - set(range(100, 100 + n))
        if strange:
            fail(
                f"a part gives {min(strange)}, which is no item of the dataset",
                mistake="a part is a Subset of the dataset itself, not of its indices",
                hint="Subset(dataset, indices)",
            )
        missing = n - len(times)
        assert not missing, f"{missing} items of {n} are in no part"


def test_the_seed_decides(submission):
    """the same seed gives the same split, another seed another one"""
    splits = {}
    for turn, seed in enumerate((0, 1, 2, 42, 0, 1, 2, 42)):
        tried(
            f"split_dataset(dataset of 30, (0.6, 0.4), seed={seed}), under other global seeds each time"
        )
        torch.manual_seed(turn)
        random.seed(turn)
        numpy.random.seed(turn)
        got = split(submission, 30, (0.6, 0.4), seed=seed)
        if splits.setdefault(seed, got) != got:
            again = split(submission, 30, (0.6, 0.4), seed=seed)
            fail(
                f"seed={seed} gives another split at the second call",
                mistake="a generator that lives on between calls does not start from the seed again"
                if again != got
                else "the state of a global generator takes part",
                hint="torch.Generator().manual_seed(seed), made in the call",
            )
    same = [seed for seed in (1, 2, 42) if splits[seed] == splits[0]]
    if same:
        fail(
            f"seed=0 and seed={same[0]} give the same split",
            mistake="seed is ignored, or seed=0 is taken for no seed",
        )


def test_every_item_has_its_chance(submission):
    """an item may land in any part, whatever its neighbours do"""
    n = 9
    tried(f"split_dataset(dataset of {n}, (0.4, 0.6), seed) with 60 seeds")
    firsts = [
        {item - 100 for item in split(submission, n, (0.4, 0.6), seed)[0]} for seed in range(60)
    ]
    # 4 of 9: an item has a chance of (5/9)^60 = 5e-16 never to be among them
    never = [i for i in range(n) if not any(i in first for first in firsts)]
    if never or any(all(i in first for first in firsts) for i in range(n)):
        fail(
            f"some items are in the first part {'never' if never else 'always'}",
            mistake="a split in the data's order: data is often sorted, by class or by time",
            hint="split a permutation of the indices",
        )
    runs = [sum(i in first and (i + 1) % n not in first for i in range(n)) for first in firsts]
    assert max(runs) > 1, (
        "the first part is always one block of neighbours; shifting the start is no shuffle"
    )
    tried("split_dataset(dataset of 0, (0.6, 0.4), seed=0)")
    got = split(submission, 0, (0.6, 0.4))
    assert got == [[], []], f"an empty dataset should give two empty parts, got {got}"


def test_global_generators_are_left_alone(submission):
    """the global random number generators stay as they were"""
    # not in the state that a seed gives
    torch.rand(3), random.random(), numpy.random.rand(3)
    before = {name: state() for name, state in GLOBAL_STATES.items()}
    tried(
        "split_dataset(dataset of 30, (0.6, 0.4), seed=5), then the states of the global generators"
    )
    split(submission, 30, (0.6, 0.4), seed=5)
    demand_same_states(before)
    fractions = (0.6, 0.6)
    tried(f"split_dataset(dataset of 30, {fractions}, seed=5), then the states")
    with contextlib.suppress(ValueError, AssertionError):
        submission.split_dataset(Numbers(30), fractions, 5)
    demand_same_states(before)


def test_no_hash_of_a_string(submission, monkeypatch):
    """the split is the same on every run of Python"""
    hashed = []

    def spy(value):
        parts = value if isinstance(value, tuple) else (value,)
        hashed.extend(part for part in parts if isinstance(part, str | bytes))
        return hash(value)

    monkeypatch.setattr(submission, "hash", spy, raising=False)
    tried("split_dataset(dataset of 30, (0.6, 0.4), seed=5), looking for hash()")
    split(submission, 30, (0.6, 0.4), seed=5)
    if hashed:
        fail(
            f"hash() is taken of {hashed[0]!r}",
            mistake="the hash of a string is another one in each run of Python (PYTHONHASHSEED)",
            hint="a generator with a seed, or hashlib, gives the same on every run",
        )


def test_no_item_is_read(submission):
    """only the length is needed"""
    dataset = Numbers(12)
    tried("split_dataset(dataset of 12, (0.75, 0.25), seed=1), counting the items that are read")
    submission.split_dataset(dataset, (0.75, 0.25), 1)
    if dataset.read:
        fail(
            f"{len(dataset.read)} items were read",
            mistake="an item may be an image on disk; a Subset keeps indices only",
            hint="Subset(dataset, indices)",
        )


@pytest.mark.parametrize(
    "fractions",
    [(0.5, 0.4), (0.8, 0.3), (1.2, -0.2), (0.3, 0.3, 0.3), (0.5, 0.498), (0.5, 0.502)],
    ids=str,
)
def test_wrong_fractions_are_refused(submission, fractions):
    """fractions that do not sum to 1, or are negative, raise ValueError"""
    tried(f"split_dataset(dataset of 20, {fractions}, seed=0)")
    try:
        submission.split_dataset(Numbers(20), fractions, 0)
    except ValueError:
        return
    except AssertionError:
        fail(
            "an AssertionError was raised, expected a ValueError",
            hint="assert vanishes under python -O",
        )
    fail(
        f"the fractions {fractions} raise no ValueError",
        mistake="a sum of 1 is not enough where a fraction is negative"
        if min(fractions) < 0
        else "a typing error would silently lose items, or give some to nobody",
    )
