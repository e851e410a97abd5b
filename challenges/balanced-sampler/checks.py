"""Hidden checks for balanced-sampler. A check's docstring is the line the learner sees."""

import random
from collections import Counter
from itertools import pairwise

import numpy
import pytest
import torch
from torch.utils.data import Sampler

from drill.checking import fail, tried

SIZES = {7: 9, 2: 4, -3: 3}  # class -> number of samples


@pytest.fixture
def labels():
    """9, 4 and 3 samples of the classes 7, 2 and -3, in a random order."""
    ordered = [label for label, size in SIZES.items() for _ in range(size)]
    return [ordered[i] for i in torch.randperm(len(ordered)).tolist()]


def make(submission, labels, *arguments, **options):
    try:
        return submission.BalancedSampler(labels, *arguments, **options)
    except (RuntimeError, IndexError, ValueError) as error:
        fail(
            f"BalancedSampler(labels) raises {type(error).__name__}: {error}",
            hint="the classes are whatever values occur; bincount and one list per label up to the largest want 0, 1, 2, ...",
        )


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def draw(sampler, labels):
    """One pass as a list of indices, each of them an int and in range."""
    indices = list(sampler)
    for index in indices:
        if type(index) is not int:
            fail(
                f"an index is a {type(index).__name__}, expected a Python int",
                hint=".tolist() makes ints of a tensor",
            )
        assert 0 <= index < len(labels), f"there are {len(labels)} samples, got the index {index}"
    return indices


def counts(indices, labels):
    return dict(sorted(Counter(int(labels[i]) for i in indices).items()))


def check_counts(indices, labels, each):
    """Exactly `each` indices of every class."""
    got = counts(indices, labels)
    want = dict.fromkeys(sorted({int(label) for label in labels}), each)
    if got == want:
        return
    sizes = Counter(int(label) for label in labels)
    mistake = ""
    if got == dict(sorted(sizes.items())):
        mistake = "every sample comes once, so the classes are as unbalanced as the data"
    elif set(got.values()) == {min(sizes.values())} and set(got) == set(want):
        mistake = f"every class is cut to the size of the smallest, {min(sizes.values())}"
    elif set(got.values()) == {max(sizes.values())} and set(got) == set(want):
        mistake = f"every class is drawn as often as the largest has samples, {max(sizes.values())}"
    elif sum(got.values()) == sum(want.values()):
        mistake = (
            "independent draws, as WeightedRandomSampler makes them, are balanced only on average"
        )
    fail(f"the pass should give {want} indices by class, got {got}", mistake=mistake)


def test_classes_come_equally_often(submission, labels):
    """every class comes as often as the largest has samples"""
    tried("list(BalancedSampler(labels)) with 9, 4 and 3 samples of the classes 7, 2 and -3")
    sampler = make(submission, labels)
    assert isinstance(sampler, Sampler), (
        "BalancedSampler should be a subclass of torch.utils.data.Sampler"
    )
    for _ in range(2):
        check_counts(draw(sampler, labels), labels, 9)


@pytest.mark.parametrize("each", [1, 3, 5, 11])
def test_samples_per_class_is_used(submission, labels, each):
    """samples_per_class sets how often"""
    tried(f"list(BalancedSampler(labels, samples_per_class={each})) with 9, 4 and 3 samples")
    check_counts(draw(make(submission, labels, samples_per_class=each), labels), labels, each)


def test_length_is_that_of_a_pass(submission, labels):
    """len(sampler) is the number of indices in a pass"""
    for each, length in ((None, 27), (2, 6), (10, 30)):
        tried(f"len(BalancedSampler(labels, samples_per_class={each})) with 9, 4 and 3 samples")
        got = len(make(submission, labels, each))
        if got != length:
            fail(
                f"a pass has {length} indices, and len(sampler) is {got}",
                mistake="this is the number of labels" if got == len(labels) else "",
                hint="the number of classes times samples_per_class; DataLoader's length follows from it",
            )


def test_no_index_comes_early_again(submission, labels):
    """within a class, each index comes once before any comes twice"""
    for each in (None, 2, 5, 10):
        tried(f"list(BalancedSampler(labels, samples_per_class={each})) with 9, 4 and 3 samples")
        sampler = make(submission, labels, samples_per_class=each)
        for _ in range(3):
            times = Counter(draw(sampler, labels))
            for label, size in SIZES.items():
                members = [times[i] for i, other in enumerate(labels) if other == label]
                low = (each or 9) // size
                if min(members) < low or max(members) > low + 1:
                    few = members.index(min(members))
                    fail(
                        f"of the {size} indices of class {label}, one comes {max(members)} times in a pass and another {members[few]} times",
                        mistake="this is drawing with replacement" if max(members) > 1 else "",
                        hint="shuffled rounds of the whole class, the last one cut short",
                    )


def test_every_index_has_its_chance(submission, labels):
    """which indices come, and which come once more, is random"""
    for each, rest in ((2, "which 2 of a class come"), (5, "which come twice")):
        tried(f"60 passes of BalancedSampler(labels, samples_per_class={each})")
        sampler = make(submission, labels, samples_per_class=each)
        passes = [Counter(draw(sampler, labels)) for _ in range(60)]
        for index, label in enumerate(labels):
            if each % SIZES[label] == 0:
                continue
            low = each // SIZES[label]
            more = sum(times[index] > low for times in passes)
            # the rarest event is 2 of 9: none in 60 passes has a chance of 3e-7
            if more in (0, 60):
                fail(
                    f"{rest} should be random; index {index} of class {label} {'always' if more else 'never'} does",
                    mistake="the members of a class are not shuffled before the last round is cut",
                )
        pairs = {tuple(sorted(i for i in times if labels[i] == 2)) for times in passes}
        # two of the six pairs not once in 60 passes: a chance of 15 (4/6)^60 = 4e-10
        if each == 2 and len(pairs) < 5:
            fail(
                f"of the 4 indices of class 2, {len(pairs)} of the 6 pairs come",
                mistake="indices that are neighbours come together: a random start is no shuffle",
                hint="torch.randperm, and its first places",
            )


def test_classes_are_mixed(submission, labels):
    """the classes come in a random order"""
    tried("10 passes of BalancedSampler(labels), looking at the classes' order")
    sampler = make(submission, labels)
    passes = [[labels[i] for i in draw(sampler, labels)] for _ in range(10)]
    changes = [sum(a != b for a, b in pairwise(p)) for p in passes]
    if max(changes) <= 6:  # about 18 in a random order of 27; 2 in blocks, 3 where they are rotated
        fail(
            "each class comes in one block",
            mistake="shuffling within the classes leaves batches of one class",
            hint="shuffle all indices of the pass together",
        )
    if all(len({*p[i : i + 3]}) == 3 for p in passes for i in range(0, 27, 3)):
        fail(
            "the classes take turns, one of each in every three indices; the order should be random",
            hint="shuffle all indices of the pass together",
        )
    if all(p == passes[0] for p in passes):
        fail(
            "the classes come in the same order in every pass; only the indices within them change"
        )
    # each index's place is uniform: half of a class in the first half, give or take
    first = sum(p[:9].count(7) for p in passes)  # 30 on average, standard deviation 4
    assert 8 <= first <= 55, (
        f"class 7 is {first} of the first 90 indices in 10 passes; about 30 would be even"
    )
    tried("10 passes of BalancedSampler(labels, samples_per_class=2), looking at the classes' order")
    sampler = make(submission, labels, samples_per_class=2)
    passes = [[labels[i] for i in draw(sampler, labels)] for _ in range(10)]
    # 2 changes in blocks; a random order of 6 has as few in 6 of 90 cases: 2e-12 ten times
    if max(sum(a != b for a, b in pairwise(p)) for p in passes) <= 2:
        fail(
            "each class comes in one block",
            mistake="what is left over of a round is not mixed with the other indices",
            hint="shuffle all indices of the pass together",
        )


@pytest.mark.parametrize("with_generator", [False, True], ids=["no generator", "a generator"])
def test_every_pass_is_drawn_anew(submission, labels, with_generator):
    """two passes differ"""
    tried(f"list(sampler) twice, generator={'torch.Generator()' if with_generator else None}")
    sampler = make(submission, labels, generator=seeded(4) if with_generator else None)
    if draw(sampler, labels) == draw(sampler, labels):
        fail(
            "the second pass gives the same indices in the same order",
            mistake="each epoch would see the same batches; draw in __iter__, and do not seed there",
        )


def test_two_iterators_do_not_share_a_place(submission, labels):
    """two passes at once are both whole"""
    sampler = make(submission, labels)
    tried("zip(sampler, sampler)")
    pairs = list(zip(sampler, sampler, strict=False))
    for side in zip(*pairs, strict=True):
        if set(counts(side, labels).values()) != {9} or len(side) != 27:
            fail(
                f"one of two passes at once gives {counts(side, labels)} indices by class",
                mistake="the place in a pass is kept in self, so the second iterator moves the first",
                hint="return a new iterator from __iter__, or make it a generator with yield",
            )


def test_generator_decides(submission, labels):
    """a generator decides alone, and the global one is left alone"""
    tried("two samplers with generators of one seed, under different global seeds")
    results = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        random.seed(seed)
        numpy.random.seed(seed)
        before = torch.get_rng_state()
        sampler = make(submission, labels, generator=seeded(17))
        results.append(draw(sampler, labels) + draw(sampler, labels))
        if not torch.equal(torch.get_rng_state(), before):
            fail(
                "torch's global generator was used, although a generator was passed in",
                hint="pass generator=self.generator to every torch.randperm, torch.randint and torch.multinomial",
            )
    if results[0] != results[1]:
        fail(
            "the same generator gives other indices under another global seed",
            mistake="Python's random and NumPy's have seeds of their own; draw with torch and the generator",
        )
    tried("two samplers with generators of different seeds")
    other = make(submission, labels, generator=seeded(18))
    if draw(other, labels) + draw(other, labels) == results[0]:
        fail(
            "generators with different seeds give the same indices",
            hint="draw from the generator itself",
        )


def test_global_seed_decides_without_a_generator(submission, labels):
    """without a generator, torch.manual_seed decides"""
    tried("torch.manual_seed(s), then list(BalancedSampler(labels)), for s = 5, 6, 5")
    results = []
    for turn, seed in enumerate((5, 6, 5)):
        random.seed(turn)
        numpy.random.seed(turn)
        torch.manual_seed(seed)
        results.append(draw(make(submission, labels), labels))
    if results[0] != results[2]:
        fail(
            "the same torch.manual_seed gives other indices",
            mistake="Python's random and NumPy's have seeds of their own; draw with torch",
        )
    if results[0] == results[1]:
        fail(
            "torch.manual_seed makes no difference",
            mistake="a torch.Generator() that nobody seeded always starts from the same seed",
            hint="generator=None makes torch.randperm use the global generator",
        )


@pytest.mark.parametrize(
    "kind", ["list", "int64 tensor", "uint8 tensor", "one class", "one sample each", "large values"]
)
def test_labels_of_any_kind(submission, kind):
    """lists, tensors and any class values work"""
    labels = {
        "list": [0, 1, 1, 0, 1],
        "int64 tensor": torch.tensor([4, -1, 4, 4]),
        "uint8 tensor": torch.tensor([3, 200, 3, 3, 200], dtype=torch.uint8),
        "one class": [6, 6, 6],
        "one sample each": [2, 0, 1],
        "large values": [10**12, 5, 5, 10**12 + 1],
    }[kind]
    tried(f"list(BalancedSampler({labels}))")
    each = max(Counter(int(label) for label in labels).values())
    before = labels.clone() if isinstance(labels, torch.Tensor) else list(labels)
    sampler = make(submission, labels)
    indices = draw(sampler, before)
    assert list(labels) == list(before), (
        f"the caller's labels were {before} before, and are {labels} after"
    )
    check_counts(indices, before, each)
    classes = len({int(label) for label in labels})
    assert len(sampler) == classes * each, (
        f"len(sampler) should be {classes * each}, got {len(sampler)}"
    )
