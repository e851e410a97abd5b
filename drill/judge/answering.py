"""The submission's own process under `--isolation process`: imports it and answers calls with plain values.

Nothing in here is trusted: all it can do is give a wrong value, or none.
"""

import sys
import traceback
from contextlib import suppress
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from drill import checking
from drill.judge import child, protocol
from drill.judge.confine import limits
from drill.judge.plugin import submission_frames, text_of
from drill.judge.protocol import Job
from drill.judge.rules import Guard, RuleBroken
from drill.judge.values import Link, NotPlain


def answer_calls(link: Link, problem: str) -> None:
    """Say whether this process is confined, import the submission, and answer until the other end is closed."""
    link.receive()
    event = (
        {"event": protocol.FAILED, "message": problem} if problem else {"event": protocol.CONFINED}
    )
    link.send(event)
    if problem:
        return
    job = Job.from_json(link.receive()["job"])
    limits.apply(job.limits, count_memory=not job.device.startswith(("cuda", "mps")))
    child.settle(job)
    submission = child.import_submission(job, link.send)
    if submission is None:
        return
    Guard(job.rules, job.filename).install()
    graphs: dict[int, tuple[list[Tensor], list[Tensor]]] = {}
    while True:
        try:
            request = link.receive()
        except (EOFError, OSError):
            return
        try:
            answer = _answer(request, submission, graphs)
        except BaseException as error:
            answer = _complaint(error, job.filename)
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        try:
            link.send(answer)
        except NotPlain as error:
            link.send(_complaint(error, job.filename))


def _answer(
    request: dict[str, Any],
    submission: ModuleType,
    graphs: dict[int, tuple[list[Tensor], list[Tensor]]],
) -> dict[str, Any]:
    if "begin" in request:
        graphs.clear()
        checking.seed_all(request["begin"])
        return {}
    if "look" in request:
        value = getattr(submission, request["look"])
        return {"callable": True} if callable(value) else {"value": value}
    if "backward" in request:
        return {"grads": _backward(*graphs[request["backward"]], request["grads"])}
    inputs = [
        leaf
        for leaf in tree_leaves((request["args"], request["kwargs"]))
        if isinstance(leaf, Tensor)
    ]
    before = [tensor.detach().clone() for tensor in inputs]
    torch.set_rng_state(request["random"])
    with torch.set_grad_enabled(request["grad"]):
        value = getattr(submission, request["call"])(*request["args"], **request["kwargs"])
    changed = {
        index: tensor.detach()
        for index, (tensor, old) in enumerate(zip(inputs, before, strict=True))
        if not torch.equal(tensor.detach().nan_to_num(), old.nan_to_num())
    }
    outputs = [leaf for leaf in tree_leaves(value) if isinstance(leaf, Tensor)]
    number = len(graphs)
    graphs[number] = (inputs, outputs)
    return {"value": value, "changed": changed, "number": number, "random": torch.get_rng_state()}


def _backward(
    inputs: list[Tensor], outputs: list[Tensor], grads: list[Tensor | None]
) -> list[Tensor | None]:
    """The gradient of each input, None for one that has none."""
    pairs = [
        (o, g) for o, g in zip(outputs, grads, strict=True) if g is not None and o.requires_grad
    ]
    wanted = [tensor for tensor in inputs if tensor.requires_grad]
    if not pairs or not wanted:
        return [None for _ in inputs]
    ends, weights = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(ends, wanted, weights, retain_graph=True, allow_unused=True))
    return [next(found) if tensor.requires_grad else None for tensor in inputs]


def _complaint(error: BaseException, filename: str) -> dict[str, Any]:
    if isinstance(error, RuleBroken):
        violation = error.violation
        rule = {"name": violation.name, "line": violation.line, "message": violation.message}
        return {"raised": "RuleBroken", "rule": rule}
    found = traceback.extract_tb(error.__traceback__)
    return {
        "raised": type(error).__name__,
        # The other process makes an error of this text, and a KeyError would quote it twice.
        "text": text_of(error.args[0] if isinstance(error, KeyError) and error.args else error),
        "frames": [
            [f.line, f.function, f.code] for f in submission_frames(error.__traceback__, filename)
        ],
        "innermost": bool(found) and found[-1].filename == filename,
    }
