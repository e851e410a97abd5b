"""Through the real client, warden and child: what each end of a submission is called, at every level."""

import pytest

from drill.errors import JudgeError
from drill.judge import client
from drill.report import Outcome, Verdict

pytestmark = pytest.mark.slow


def test_a_right_answer_is_accepted(make_job, level):
    report = client.grade(make_job("print('hello')"))
    assert report.verdict is Verdict.ACCEPTED
    assert report.sandbox == level
    assert report.output == "hello\n"
    assert report.warm
    assert [check.title for check in report.checks] == ["a number", "a matrix"]


def test_the_cold_judge_says_the_same(make_job):
    job = make_job("def answer(x):\n    return 2 * x")
    warm, cold = client.grade(job), client.grade(job, cold=True)
    assert not cold.warm
    assert [(c.id, c.outcome, c.message, c.details) for c in warm.checks] == [
        (c.id, c.outcome, c.message, c.details) for c in cold.checks
    ]
    assert (warm.verdict, warm.sandbox, warm.torch) == (cold.verdict, cold.sandbox, cold.torch)


@pytest.mark.parametrize(
    ("text", "limits", "verdict", "message"),
    [
        pytest.param("while True: pass", {"wall_s": 0.5}, "time limit", "0.5 s", id="endless"),
        pytest.param("while True: pass", {"cpu_s": 0.5}, "time limit", "of computing", id="CPU"),
        pytest.param("x = bytearray(1 << 40)", {}, "memory limit", "memory", id="one allocation"),
        pytest.param("import torch\nx = [torch.ones(1 << 22) for _ in range(1000)]", {}, "memory limit", "memory", id="many tensors"),
        pytest.param("while True: print('x' * 1000)", {}, "output limit", "64 KB", id="output"),
        pytest.param("import os; os._exit(0)", {}, "error", "status 0", id="exit"),
        pytest.param("import os; os._exit(70)", {}, "error", "status 70", id="exit like the judge"),
        pytest.param("import sys; sys.exit(3)", {}, "error", "sys.exit", id="sys.exit"),
        pytest.param("import ctypes; ctypes.string_at(1)", {}, "crashed", "SIGSEGV", id="segfault"),
        pytest.param("def answer(x): raise NotImplementedError", {}, "not attempted", "", id="stub"),
        pytest.param("def answer(x):", {}, "error", "IndentationError", id="syntax"),
        pytest.param("1 / 0", {}, "error", "ZeroDivisionError", id="import"),
        pytest.param("import not_there", {}, "error", "not_there", id="module"),
    ],
)  # fmt: skip
def test_every_end_has_its_verdict(make_job, text, limits, verdict, message):
    report = client.grade(make_job(text, **limits))
    assert report.verdict == verdict, report
    assert message in report.message


@pytest.mark.parametrize("text", ["def answer(): return 1", "def answer(x, y): return x"])
def test_another_signature_is_told_as_what_it_is(make_job, text):
    (check, *_) = client.grade(make_job(text)).checks
    assert check.message.startswith("TypeError: answer")
    assert "arguments of the stub" in check.hint


def test_a_missing_entry_lists_what_there_is(make_job):
    from dataclasses import replace

    report = client.grade(
        replace(make_job("def anwser(x): pass"), submission="def anwser(x): pass")
    )
    assert report.verdict is Verdict.ERROR
    assert "anwser" in report.hint


def test_a_time_limit_keeps_what_was_found_before(make_job):
    report = client.grade(
        make_job("def answer(x):\n    while x.ndim: pass\n    return 2 * x + 1", wall_s=1.5)
    )
    assert report.verdict is Verdict.TIME_LIMIT
    assert [check.outcome for check in report.checks] == [Outcome.PASSED, Outcome.ERROR]


@pytest.mark.parametrize(
    "checks",
    ["def test_a(:", "import nothing_like_it", "def helper(): pass"],
    ids=["syntax", "import", "no checks"],
)
def test_broken_checks_are_not_the_submissions_fault(make_job, checks):
    report = client.grade(make_job(checks=checks))
    assert report.verdict is Verdict.JUDGE_FAILURE
    assert report.exit_code == 3


def test_a_level_that_cannot_be_had_is_refused(make_job, monkeypatch):
    monkeypatch.setenv("DRILL_SANDBOX_MOST", "basic")
    with pytest.raises(JudgeError, match="basic") as raised:
        client.grade(make_job(), sandbox="strict")
    assert "doctor" in raised.value.hint


def test_messages_arrive_while_the_check_runs(make_job):
    events = []
    client.grade(make_job(), on_message=lambda message: events.append(message["event"]))
    assert events == ["confined", "collected", "imported", *["started", "checked"] * 2, "finished"]


HONEST = {
    "data loading workers": """
import torch
from torch.utils.data import DataLoader, Dataset

class Squares(Dataset):
    def __len__(self):
        return 12

    def __getitem__(self, index):
        return torch.full((3,), float(index)), index ** 2

def answer(x):
    loader = DataLoader(Squares(), batch_size=4, num_workers=2)
    for _ in range(2):
        batches = list(loader)
        assert torch.cat([squares for _, squares in batches]).tolist() == [n ** 2 for n in range(12)]
        assert torch.cat([rows for rows, _ in batches]).shape == (12, 3)
    return 2 * x + 1
""",
    "workers that hand over tensors of their own": """
import torch
from torch.utils.data import DataLoader

def answer(x):
    data = [torch.arange(float(n + 1)) for n in range(6)]
    loader = DataLoader(data, batch_size=None, num_workers=2)
    assert [row.sum().item() for row in loader] == [row.sum().item() for row in data]
    return 2 * x + 1
""",
    "tensors shared between processes": """
import torch
import torch.multiprocessing as mp

def fill(shared, queue, taken):
    shared += 1
    queue.put(torch.ones(3))
    taken.wait()

def answer(x):
    shared = torch.zeros(4).share_memory_()
    queue, taken = mp.SimpleQueue(), mp.Event()
    process = mp.Process(target=fill, args=(shared, queue, taken))
    process.start()
    got = queue.get()
    taken.set()
    process.join()
    assert shared.tolist() == [1.0] * 4
    assert got.tolist() == [1.0] * 3
    return 2 * x + 1
""",
    "pools, locks and events": """
import multiprocessing as mp

def square(n):
    return n * n

def answer(x):
    with mp.Pool(2) as pool:
        assert pool.map(square, range(5)) == [0, 1, 4, 9, 16]
    lock, event = mp.RLock(), mp.Event()
    with lock, lock:
        event.set()
    assert event.wait(1)
    assert not mp.Semaphore(0).acquire(timeout=0.01)
    return 2 * x + 1
""",
    "temporary files": """
import os, tempfile
import torch

def answer(x):
    with tempfile.TemporaryDirectory() as folder:
        torch.save(x, os.path.join(folder, "x.pt"))
        assert torch.equal(torch.load(os.path.join(folder, "x.pt")), x)
    with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryFile() as other:
        file.write(b"x"); other.write(b"x")
    return 2 * x + 1
""",
    "threads": """
import threading
from concurrent.futures import ThreadPoolExecutor

def answer(x):
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda n: 2 * x + 1, range(8)))[-1]
""",
    "optimizers, gradcheck and lazy imports": """
import torch

def answer(x):
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.AdamW([weight])
    weight.sum().backward()
    optimizer.step()
    torch.testing.assert_close(torch.ones(2), torch.ones(2))
    assert torch.autograd.gradcheck(lambda y: y * y, torch.ones(2, dtype=torch.float64, requires_grad=True))
    import sqlite3, decimal, unittest.mock, email.message, xml.etree.ElementTree
    return 2 * x + 1
""",
}


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST)
def test_honest_code_works(make_job, level, text):
    report = client.grade(make_job(text, memory_mb=1024, wall_s=60, cpu_s=60))
    assert report.verdict is Verdict.ACCEPTED, (report.message, report.checks, report.output)


def test_a_compiler_may_run_where_the_challenge_allows_programs(make_job, level):
    report = client.grade(
        make_job("import subprocess\nprint(subprocess.run(['/bin/echo', 'ran']))", exec=True)
    )
    assert report.verdict is Verdict.ACCEPTED, report
    assert "ran\n" in report.output


def test_the_next_check_starts_from_nothing(make_job, level):
    text = "import os, torch\nprint(sorted(os.listdir()), torch.rand(1))\nopen('left', 'w').close()"
    assert client.grade(make_job(text)).output == client.grade(make_job(text)).output
