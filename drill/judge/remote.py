"""The submission as the checks see it when it runs in a process of its own: `--isolation process`.

Arguments and results cross as plain values, gradients as the tensors that backward passes on. So the
checks, their expected values and the way to the verdict are out of the submission's reach.
"""

import builtins
import os
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_leaves, tree_unflatten

from drill.judge import protocol
from drill.judge.rules import RuleBroken, Violation
from drill.judge.values import Garbled, Link
from drill.report import Frame


class Wire:
    """The checks' end of the link."""

    def __init__(self, link: Link, send: Callable[[dict[str, Any]], None]) -> None:
        self._link = link
        self._send = send
        self._leave = os._exit
        self._raised: list[tuple[BaseException, dict[str, Any]]] = []

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer, or the submission's exception raised here.

        Where its process has ended, or says what is no answer, this one ends too: the warden sees how.
        """
        try:
            self._link.send(request)
            answer = self._link.receive()
        except (EOFError, OSError):
            self._leave(0)
        except Garbled:
            self._send(
                {"event": protocol.TAMPERED, "what": ["the form of the submission's answers"]}
            )
            self._leave(0)
        if "raised" in answer:
            error = _exception(answer)
            self._raised.append((error, answer))
            raise error
        return answer

    def frames_of(self, error: BaseException | None) -> tuple[Frame, ...]:
        """The submission's own lines on the way to an exception of its own, outermost first."""
        for known, answer in self._raised:
            if known is error:
                return tuple(Frame(*frame) for frame in answer.get("frames", ()))
        return ()

    def raised_by_submission(self, error: BaseException | None) -> bool:
        """Whether the line that raised it is the submission's."""
        return any(known is error and answer.get("innermost") for known, answer in self._raised)

    def wait_until_confined(self) -> str:
        """Why the submission's process could not be confined, "" where it is."""
        answer = self.ask({})
        return str(answer["message"]) if answer["event"] == protocol.FAILED else ""

    def begin(self, seed: int) -> None:
        """Before each check: start from this seed, forget past graphs."""
        self._raised.clear()
        self.ask({"begin": seed})


class SubmissionError(Exception):
    """An exception of the submission's that is not one of Python's own."""


class RemoteSubmission:
    """Stands in for the module: its functions can be called, its plain values read."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def __getattr__(self, name: str) -> Any:
        answer = self._wire.ask({"look": name})
        return _Function(self._wire, name) if "callable" in answer else answer["value"]


class _Function:
    def __init__(self, wire: Wire, name: str) -> None:
        self._wire = wire
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        request = {
            "call": self.__name__, "args": args, "kwargs": kwargs,
            "grad": torch.is_grad_enabled(), "random": torch.get_rng_state(),
        }  # fmt: skip
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        call = _Call(self._wire, request, tensors)
        if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
            outputs = _Backward.apply(call, *tensors)  # type: ignore[no-untyped-call]
        else:
            outputs = call.run()
        return call.result(outputs)


class _Call:
    """One call, split into the tensors that autograd has to see and the shape of the rest."""

    def __init__(self, wire: Wire, request: dict[str, Any], tensors: list[Tensor]) -> None:
        self.wire = wire
        self.number = 0
        self._leaves: list[Any] = []
        self._structure: Any = None
        self._request = request
        self._tensors = tensors

    def run(self) -> list[Tensor]:
        answer = self.wire.ask(self._request)
        torch.set_rng_state(answer["random"])
        for index, changed in answer["changed"].items():
            self._tensors[index].data.copy_(changed)  # as the submission did to its own copy
        self.number = answer["number"]
        self._leaves, self._structure = tree_flatten(answer["value"])
        return [leaf for leaf in self._leaves if isinstance(leaf, Tensor)]

    def result(self, outputs: Iterable[Tensor]) -> Any:
        """What the call returned, with these for its tensors."""
        tensors = iter(outputs)
        leaves = [next(tensors) if isinstance(leaf, Tensor) else leaf for leaf in self._leaves]
        return tree_unflatten(leaves, self._structure)


class _Backward(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, call: _Call, *tensors: Tensor) -> tuple[Tensor, ...]:
        outputs = call.run()
        ctx.call = call
        ctx.set_materialize_grads(False)
        plain = tuple(output.detach() for output in outputs)
        fixed = [p for p, o in zip(plain, outputs, strict=True) if not o.requires_grad]
        ctx.mark_non_differentiable(*fixed)
        return plain

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        answer = ctx.call.wire.ask({"backward": ctx.call.number, "grads": list(grads)})
        return (None, *answer["grads"])


def _exception(answer: dict[str, Any]) -> BaseException:
    """The submission's exception as one of this process's."""
    if "rule" in answer:
        return RuleBroken(Violation(**answer["rule"]))
    kind = getattr(builtins, str(answer["raised"]), None)
    error: Exception
    if isinstance(kind, type) and issubclass(kind, Exception) and _takes_text(kind):
        error = kind(answer["text"])
    else:
        error = SubmissionError(f"{answer['raised']}: {answer['text']}")
    return error


def _takes_text(kind: type[Exception]) -> bool:
    try:
        return str(kind("text")) in ("text", "'text'")
    except TypeError:
        return False
