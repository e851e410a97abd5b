"""Hidden checks for collate-padding. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch.nn import functional as F

from drill.checking import assert_close, fail, tried

NAMES = ("padded", "lengths", "mask", "labels")


def row(sequence, length, value, left=False):
    """One padded sequence."""
    missing = sequence.new_full((length - len(sequence), *sequence.shape[1:]), value)
    return torch.cat([missing, sequence] if left else [sequence, missing])


def expect(batch, value=0.0, left=False, extra=0):
    """The four tensors, row by row; `left` and `extra` are known wrong ideas."""
    sequences = [sequence.clone() for sequence, _ in batch]
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    longest = max(lengths.tolist()) + extra
    padded = torch.stack([row(sequence, longest, value, left) for sequence in sequences])
    mask = torch.stack([torch.arange(longest) < length for length in lengths])
    return padded, lengths, mask, torch.tensor([label for _, label in batch])


def make(lengths, features=(), dtype=torch.float32):
    """A batch of random sequences with labels that are not in order."""
    labels = [7, 2, 9, 4, 0, 3]
    batch = []
    for length, label in zip(lengths, labels, strict=False):
        sequence = torch.randint(1, 100, (length, *features)).to(dtype)
        batch.append((sequence, label))
    return batch


def collate(submission, batch, *arguments, **options):
    """The submission's four tensors, by name, from a copy of the batch: it may change what it is given."""
    copied = [(sequence.clone(), label) for sequence, label in batch]
    return by_name(submission.pad_collate(copied, *arguments, **options))


def by_name(result):
    if not isinstance(result, tuple | list) or len(result) != 4:
        got = "None (is a return missing?)" if result is None else f"a {type(result).__name__}"
        if isinstance(result, tuple | list):
            got += f" of {len(result)}"
        fail(f"the result should be (padded, lengths, mask, labels), got {got}")
    for name, tensor in zip(NAMES, result, strict=True):
        if not isinstance(tensor, torch.Tensor):
            fail(
                f"{name} should be a tensor, got a {type(tensor).__name__}",
                hint="the default collate_fn makes tensors of numbers; a collate_fn of your own has to do it itself",
            )
    return dict(zip(NAMES, result, strict=True))


def by_length(batch):
    return sorted(batch, key=lambda pair: len(pair[0]), reverse=True)


def check_padded(got, batch, value=0.0):
    right, lengths, _, _ = expect(batch, value)
    shortest = int(lengths.min())
    if got["padded"].ndim == right.ndim and got["padded"].shape != right.shape:
        if got["padded"].shape == right.transpose(0, 1).shape:
            fail(
                f"padded has the shape {tuple(got['padded'].shape)}, expected {tuple(right.shape)}",
                mistake="time comes first; pad_sequence needs batch_first=True",
            )
        if got["padded"].shape[1] == shortest:
            fail(
                f"padded is cut to the shortest sequence, {shortest}; T is the length of the longest, {right.shape[1]}"
            )
    if got["padded"].is_floating_point() and got["padded"].isnan().any():
        fail(
            "padded holds NaN, and neither the data nor the padding value does",
            mistake="0 times infinity is NaN, so multiplying by a mask does not choose; torch.where and masked_fill do"
            if value in (float("inf"), float("-inf"))
            else "memory from torch.empty was never written",
        )
    assert_close(
        got["padded"],
        right,
        what="padded",
        mistakes={
            "the padding comes before the sequence; it belongs after it": expect(
                batch, value, left=True
            )[0],
            "padding_value is ignored, and the padding is 0": expect(batch, 0)[0],
            "the batch is sorted by length; the order of the batch must stay": expect(
                by_length(batch), value
            )[0],
            "the last sequence element is repeated in place of padding_value": lambda: torch.stack(
                [
                    torch.cat([s, s[-1:].expand(right.shape[1] - len(s), *s.shape[1:])])
                    for s, _ in batch
                ]
            ),
        },
        hint="each sequence from the start of its row, then padding_value",
    )


def test_sequences_are_padded_at_the_end(submission):
    """each sequence starts its row, and zeros follow by default"""
    batch = make([3, 5, 2])
    tried("pad_collate(batch) with lengths 3, 5 and 2", sequences=[s for s, _ in batch])
    check_padded(collate(submission, batch), batch)


def test_every_batch_stands_alone(submission):
    """T is this batch's longest, whatever came before, and the caller's sequences stay as they are"""
    long, short = make([6, 3]), make([2, 1, 1])
    kept = [sequence for sequence, _ in long]
    before = [sequence.clone() for sequence in kept]
    pairs = list(long)
    tried("pad_collate on a batch with T = 6, then on one with T = 2")
    first = by_name(submission.pad_collate(long, -3))
    first["padded"][1, 3:] = 50.0
    got = collate(submission, short, 0.0)
    if got["padded"].ndim > 1 and got["padded"].shape[1] == 6:
        fail(
            "the second batch is padded to 6, the longest of the batch before; its own longest is 2"
        )
    assert_close(got["padded"], expect(short)[0], what="padded of the second batch")
    changed = len(long) != 2 or any(a is not b for a, b in zip(long, pairs, strict=True))
    if changed or [id(sequence) for sequence, _ in long] != [id(sequence) for sequence in kept]:
        fail(
            "the list of the batch was changed; it belongs to the caller",
            hint="sorted(batch), not batch.sort()",
        )
    for sequence, clone in zip(kept, before, strict=True):
        assert torch.equal(sequence, clone), (
            "a sequence of the batch was changed in place; the dataset may still hold it"
        )


def test_padding_value_is_used(submission):
    """the padding is padding_value"""
    batch = make([4, 2, 6, 1])
    tried("pad_collate(batch, padding_value=-7.5)", sequences=[s for s, _ in batch])
    check_padded(collate(submission, batch, padding_value=-7.5), batch, -7.5)
    tried("pad_collate(batch, float('-inf'))", sequences=[s for s, _ in batch])
    check_padded(collate(submission, batch, float("-inf")), batch, float("-inf"))


@pytest.mark.parametrize(
    "dtype", [torch.int64, torch.float64, torch.bfloat16, torch.int32], ids=lambda d: str(d)[6:]
)
def test_dtype_is_kept(submission, dtype):
    """the padded sequences keep their dtype"""
    batch = make([2, 4, 1], dtype=dtype)
    if dtype == torch.int64:
        batch[0][0][0] = 2**60 + 1  # lost on a way through float32 or float64
    tried("pad_collate(batch, padding_value=-1)", sequences=[s for s, _ in batch])
    got = collate(submission, batch, padding_value=-1)["padded"]
    if got.dtype != dtype:
        fail(
            f"padded has the dtype {got.dtype}, the sequences have {dtype}",
            mistake="torch.zeros and torch.full know nothing of the sequences' dtype",
            hint="sequence.new_full(...), or pass dtype=sequence.dtype",
        )
    assert_close(
        got,
        expect(batch, -1)[0],
        what="padded",
        hint="float64, NumPy's default, holds whole numbers up to 2^53 only"
        if dtype == torch.int64
        else "",
    )
    tried("pad_collate(batch)", sequences=[s for s, _ in batch])
    got = collate(submission, batch)["padded"]
    assert_close(got, expect(batch)[0], what="padded with the default padding value")


def test_lengths_of_each_sequence(submission):
    """lengths holds each sequence's own length"""
    batch = make([3, 5, 2, 4])
    tried("pad_collate(batch) with lengths 3, 5, 2 and 4")
    right = expect(batch)[1]
    assert_close(
        collate(submission, batch)["lengths"],
        right,
        what="lengths",
        mistakes={
            "these are the lengths after padding": torch.full((4,), 5),
            "the lengths are sorted; they belong to the samples": right.sort(
                descending=True
            ).values,
            "these are the numbers of padded steps, not of real ones": 5 - right,
        },
        hint="take the lengths before padding, as int64",
    )


def test_mask_is_true_at_data(submission):
    """the mask tells data from padding"""
    batch = make([3, 5, 2, 4])
    tried("pad_collate(batch) with lengths 3, 5, 2 and 4")
    right = expect(batch)[2]
    got = collate(submission, batch)["mask"]
    if got.dtype != torch.bool and torch.equal(got.float(), right.float()):
        fail(
            f"mask should be bool, got {got.dtype}", hint="boolean indexing and masked_fill need it"
        )
    shorter = torch.stack(
        [F.pad(r[1:], (0, 1)) for r in right]
    )  # r[i + 1]: one True fewer in each row
    assert_close(
        got,
        right,
        what="mask",
        mistakes={
            "the mask is the other way round: True is data here, False is padding": ~right,
            "the mask ends one step early": shorter & right,
            "the mask takes in one step of padding": right
            | F.pad(right, (1, 0), value=True)[:, :-1],
            "everything counts as data": torch.ones_like(right),
        },
        hint="torch.arange(T) < lengths[:, None]",
    )


def test_mask_does_not_look_at_values(submission):
    """data that equals the padding value is data"""
    batch = [
        (torch.tensor([0.0, 4.0, 0.0]), 1),
        (torch.tensor([1.0, 0.0, 2.0, 0.0]), 0),
        (torch.tensor([0.0]), 1),
    ]
    for value in (0.0, 4.0):
        tried(f"pad_collate(batch, padding_value={value}) where the data holds {value}")
        padded, lengths, mask, _ = expect(batch, value)
        got = collate(submission, batch, padding_value=value)
        assert_close(
            got["padded"],
            padded,
            what="padded",
            hint="only what comes after a sequence is padding, whatever its values are",
        )
        assert_close(
            got["mask"],
            mask,
            what="mask",
            mistakes={
                "the mask compares values with the padding value; real data may hold it": padded
                != value
            },
            hint="make the mask from the lengths",
        )
        assert_close(
            got["lengths"],
            lengths,
            what="lengths",
            mistakes={
                "lengths counts values that are not the padding value": (padded != value).sum(1)
            },
            hint="len(sequence)",
        )


def test_mask_takes_any_value_for_data(submission):
    """NaN, infinities and negative numbers are data too"""
    odd = torch.tensor([float("nan"), -1.0, -100.0, float("inf"), 0.0, float("-inf")])
    for value in (0.0, -5.0):
        batch = [(odd, 1), (odd[:2], 0), (odd[2:], 1)]
        tried(f"pad_collate(batch, {value}) where the data holds NaN and infinity", odd=odd)
        got = collate(submission, batch, value)
        hint = "make the mask from the lengths, and not with a padding that no data is supposed to hold"
        assert_close(got["mask"], expect(batch)[2], what="mask", hint=hint)
        padded = expect(batch, value)[0]
        got["padded"] = got["padded"].nan_to_num(nan=77.0)
        assert_close(got["padded"], padded.nan_to_num(nan=77.0), what="padded", hint=hint)


@pytest.mark.parametrize(
    "features",
    [(3,), (2, 5), (1,)],
    ids=["one more dimension", "two more dimensions", "one more dimension, of size 1"],
)
def test_further_dimensions_are_kept(submission, features):
    """sequences of vectors and of matrices work"""
    batch = make([2, 4, 1], features)
    tried("pad_collate(batch, padding_value=0.5)", sequences=[s for s, _ in batch])
    try:
        got = collate(submission, batch, padding_value=0.5)
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        fail(
            f"sequences of shape (length, {', '.join(map(str, features))}) raise {type(error).__name__}: {error}",
            hint="only the first dimension is padded; keep sequence.shape[1:]",
        )
    check_padded(got, batch, 0.5)
    assert_close(
        got["lengths"],
        expect(batch)[1],
        what="lengths",
        mistakes={
            "lengths counts all elements of a sequence": torch.tensor([s.numel() for s, _ in batch])
        },
        hint="count the first dimension only",
    )
    assert_close(got["mask"], expect(batch)[2], what="mask", hint="one entry for each time step")


def test_labels_stay_with_their_sequences(submission):
    """labels come in the order of the batch, as int64"""
    batch = make([3, 5, 4, 2])
    batch[1] = batch[1][0], 2**60 + 1  # lost on a way through float32 or float64
    batch[2] = batch[2][0], -100
    tried(f"pad_collate(batch) with labels {[label for _, label in batch]}")
    right = expect(batch)[3]
    assert_close(
        collate(submission, batch)["labels"],
        right,
        what="labels",
        mistakes={
            "the labels do not follow their sequences": expect(by_length(batch))[3],
            "the labels are sorted": right.sort().values,
        },
        hint="torch.tensor([label for _, label in batch])",
    )


@pytest.mark.parametrize(
    "lengths",
    [[4], [0, 3], [3, 0, 1], [2, 2], [0]],
    ids=[
        "batch of 1",
        "first is empty",
        "one is empty",
        "equal lengths",
        "nothing but an empty one",
    ],
)
def test_unusual_lengths(submission, lengths):
    """a batch of 1, an empty sequence and equal lengths work"""
    batch = make(lengths, dtype=torch.int64)
    tried(f"pad_collate(batch, padding_value=-1) with the lengths {lengths}")
    try:
        got = collate(submission, batch, padding_value=-1)
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        fail(f"the lengths {lengths} raise {type(error).__name__}: {error}")
    for name, right in zip(NAMES, expect(batch, -1), strict=True):
        assert_close(
            got[name], right, what=name, hint="no sequence is special, not even an empty one"
        )
