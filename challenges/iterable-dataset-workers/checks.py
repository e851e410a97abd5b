"""Hidden checks for iterable-dataset-workers. A check's docstring is the line the learner sees."""

from collections import Counter
from contextlib import contextmanager
from itertools import count, islice

import pytest
from torch.utils.data import DataLoader, IterableDataset
from torch.utils.data._utils.worker import WorkerInfo

from drill.checking import fail, tried

ITEMS = [40, 41, 47, 44, 42, 49, 43]  # neither in order nor equal to their places


class Stream:
    """Makes streams over the same items, and notes how often and how far they were read."""

    def __init__(self, items):
        self.items = items
        self.made = 0
        self.read = []

    def __call__(self):
        self.made += 1
        return self.reading()

    def reading(self):
        for item in self.items() if callable(self.items) else self.items:
            self.read.append(item)
            yield item


@pytest.fixture
def as_worker(monkeypatch):
    """A context in which get_worker_info() answers as in one worker of several."""

    @contextmanager
    def inside(dataset, worker, workers):
        info = None
        if worker is not None:
            info = WorkerInfo(id=worker, num_workers=workers, seed=5 + worker, dataset=dataset)
        with monkeypatch.context() as patch:
            # what get_worker_info() returns, by whatever name the submission has imported it
            patch.setattr("torch.utils.data._utils.worker._worker_info", info)
            yield

    return inside


def where(worker, workers):
    return "without workers" if worker is None else f"in worker {worker} of {workers}"


def test_without_workers(submission):
    """without workers all items come in order"""
    tried(f"list(StreamDataset(lambda: iter({ITEMS})))")
    dataset = submission.StreamDataset(lambda: iter(ITEMS))
    assert isinstance(dataset, IterableDataset), (
        "StreamDataset should be a subclass of torch.utils.data.IterableDataset"
    )
    try:
        got = list(dataset)
    except AttributeError as error:
        fail(
            f"outside of a worker it raises AttributeError: {error}",
            mistake="get_worker_info() is None in the main process",
        )
    assert got == ITEMS, f"the items should be {ITEMS}, got {got}"


def test_real_workers_share_the_items(submission):
    """over two workers of a DataLoader, each item comes once"""
    tried(f"list(DataLoader(dataset, batch_size=2, num_workers=2)) over the items {ITEMS}")
    loader = DataLoader(submission.StreamDataset(lambda: iter(ITEMS)), batch_size=2, num_workers=2)
    try:
        got = [item for batch in loader for item in batch.tolist()]
    except RuntimeError as error:
        last = str(error).strip().splitlines()[-1]
        fail(f"a worker raises {last}")
    times = Counter(got)
    lost = [item for item in ITEMS if item not in times]
    if times == Counter(ITEMS * 2):
        fail(
            "every item comes twice, once from each worker",
            mistake="each worker has a copy of the dataset and iterates over all of it, unless __iter__ asks which worker it is in",
            hint="call get_worker_info() in __iter__; where the dataset is made, there is no worker yet",
        )
    if lost:
        fail(
            f"the items {lost} never come",
            mistake="what is left over when the items do not divide evenly still belongs to a worker"
            if lost == ITEMS[6:]
            else "",
            hint="islice(stream, worker, None, workers) counts from 0 and goes on to the end",
        )
    assert times == Counter(ITEMS), (
        f"each item should come once, {sorted(i for i, n in times.items() if n > 1)} come more often"
    )


def test_every_pass_makes_its_own_stream(submission):
    """each pass makes one stream, when it starts"""
    stream = Stream(ITEMS)
    tried(
        "dataset = StreamDataset(make_stream), then list(dataset) twice, counting the calls of make_stream"
    )
    dataset = submission.StreamDataset(stream)
    if stream.made or stream.read:
        fail(
            "the stream is read when the dataset is made",
            mistake="the loader makes the dataset in the main process, and its workers iterate over copies",
            hint="call make_stream() in __iter__",
        )
    for turn in (1, 2):
        got = list(dataset)
        if got != ITEMS:
            fail(
                f"pass {turn} gives {got}, expected {ITEMS}",
                mistake="an iterator that is kept is at its end after the first pass"
                if not got
                else "",
                hint="call make_stream() in __iter__",
            )
        if stream.made > turn:
            fail(
                f"{turn} passes made {stream.made} streams, expected one each",
                hint="reading it twice costs twice",
            )
    assert stream.made == 2, (
        f"2 passes made {stream.made} streams; a pass that keeps the items of another needs all of them in memory"
    )


@pytest.mark.parametrize(
    ("size", "workers"), [(7, 2), (7, 3), (6, 3), (2, 3), (0, 2), (5, 1)], ids=lambda v: str(v)
)
def test_each_worker_gives_its_share(submission, as_worker, size, workers):
    """worker w of n gives the items w, w + n, w + 2n"""
    items = ITEMS[:size]
    dataset = submission.StreamDataset(Stream(items))  # one for all, as one copy in each worker
    for worker in range(workers):
        tried(f"list(dataset) in worker {worker} of {workers}, {size} items")
        with as_worker(dataset, worker, workers):
            try:
                got = list(dataset)
            except RuntimeError as error:
                fail(
                    f"RuntimeError: {error}",
                    mistake="next() at the end of the stream raises StopIteration, which a generator may not let out",
                    hint="a for loop, or islice, ends by itself",
                )
        right = items[worker::workers]
        block = -(-size // workers)
        if got == right:
            continue
        mistake = ""
        if got == items[worker * block : (worker + 1) * block]:
            mistake = "each worker gives a block of neighbours; with an endless stream the first block would never end"
        elif got == items[workers - 1 - worker :: workers]:
            mistake = "the workers are counted from the end"
        elif got == items:
            mistake = "the worker was asked for once, and kept; ask at the start of each pass"
        fail(
            f"worker {worker} of {workers} should give {right} of the items {items}, got {got}",
            mistake=mistake,
            hint="the items worker, worker + workers, worker + 2 * workers, ...",
        )


def test_two_passes_at_once(submission, as_worker):
    """two passes at once do not disturb each other"""
    dataset = submission.StreamDataset(lambda: iter(ITEMS))
    mistake = "the place in the stream is kept in self"
    hint = "return a new iterator from __iter__, or make it a generator with yield; count in a local variable"
    tried("zip(dataset, dataset)")
    got = list(zip(dataset, dataset, strict=False))
    if got != [(item, item) for item in ITEMS]:
        fail(
            f"two passes at once give {got[:3]} ..., expected {ITEMS[0]}, {ITEMS[0]} and so on",
            mistake=mistake,
            hint=hint,
        )
    tried("next(first), then list(dataset), then the rest of first, in worker 1 of 2")
    own = ITEMS[1::2]
    with as_worker(dataset, 1, 2):
        first = iter(dataset)
        start = next(first)
        second = list(dataset)
        got = [start, *iter(lambda: next(first, None), None)]
    if second != own or got != own:
        fail(
            f"the passes give {got} and {second}, expected {own} from both",
            mistake=mistake,
            hint=hint,
        )


def test_a_pass_is_lazy(submission, as_worker):
    """an endless stream works, and is read no further than needed"""

    class TooFar(Exception):
        pass

    def endless():
        for number in count(100):
            if number > 150:
                raise TooFar
            yield number

    stream = Stream(endless)
    dataset = submission.StreamDataset(stream)

    def first_four(worker, workers):
        iterator = iter(dataset)
        for number in range(4):
            item = next(iterator)
            at = 100 + worker + number * workers
            assert item == at, f"item {number} should be {at}, got {item}"
            if stream.read[-1] != at:
                fail(
                    f"item {at} came after the stream was read up to item {stream.read[-1]}",
                    mistake="the next item is read ahead, so a slow stream gives each one too late",
                    hint="yield each item as soon as it is read",
                )

    for worker, workers in ((0, 1), (0, 2), (2, 3)):
        tried(f"the first 4 items of an endless stream, in worker {worker} of {workers}")
        stream.read.clear()
        try:
            with as_worker(dataset, worker, workers):
                first_four(worker, workers)
        except TooFar:
            fail(
                "an endless stream is read to its end before the first item",
                mistake="list(stream), len and slices need all items in memory",
                hint="itertools.islice, or a counter in the loop",
            )


def test_transform_is_called_on_own_items(submission, as_worker):
    """transform is called once on each item given, and on no other"""
    for worker, workers in ((None, 1), (1, 2), (0, 3)):
        calls = []
        tried(f"list(StreamDataset(make_stream, transform=...)) {where(worker, workers)}")
        dataset = submission.StreamDataset(
            lambda: iter(ITEMS),
            transform=lambda item, calls=calls: calls.append(item) or f"<{item}>",
        )
        assert not calls, "transform was called before the pass started"
        with as_worker(dataset, worker, workers):
            got = list(dataset)
        own = ITEMS[worker or 0 :: workers]
        assert got == [f"<{item}>" for item in own], (
            f"the transformed items {own} should come, got {got}; is transform called on each?"
        )
        if calls != own:
            fail(
                f"transform was called on {calls}, this worker gives {own}",
                mistake="each worker does the expensive part for the others too, so more workers are no faster"
                if calls == ITEMS
                else "",
                hint="choose the items first, then transform them",
            )


def test_transform_is_lazy(submission):
    """an item is transformed when it is asked for"""
    calls = []
    tried("next(iter(dataset)) with a transform")
    dataset = submission.StreamDataset(lambda: iter(ITEMS), lambda item: calls.append(item) or item)
    first = list(islice(dataset, 2))
    assert first == ITEMS[:2], f"the first two items should be {ITEMS[:2]}, got {first}"
    if calls != ITEMS[:2]:
        fail(
            f"transform was called on {len(calls)} items for the first 2",
            hint="transform one item, yield it, and go on",
        )


def test_any_value_is_an_item(submission, as_worker):
    """None, 0 and empty values are items"""
    items = [0, None, "", 3, None, [], False]
    for transform in (None, lambda item: [item]):
        dataset = submission.StreamDataset(lambda: iter(items), transform)
        for worker, workers in ((0, 1), (1, 2)):
            tried(
                f"list(dataset) over {items}{', with transform=lambda item: [item]' if transform else ''}, in worker {worker} of {workers}"
            )
            with as_worker(dataset, worker, workers):
                got = list(dataset)
            right = [transform(item) if transform else item for item in items[worker::workers]]
            if got != right:
                fail(
                    f"the items should be {right}, got {got}",
                    mistake="a test of the item itself takes None, 0 or an empty value for the end or for nothing",
                    hint="count the items, and do not look at them",
                )
    tried("a transform that raises a KeyError")
    try:
        got = list(submission.StreamDataset(lambda: iter(ITEMS), lambda item: {}[item]))
    except KeyError:
        pass
    else:
        fail(f"no KeyError came out, the items were {got}", mistake="items are lost without a word")
    tried("a transform that gives None")
    got = list(submission.StreamDataset(lambda: iter(ITEMS), lambda item: None))
    assert got == [None] * 7, f"a transform that gives None gives 7 times None, got {got}"
