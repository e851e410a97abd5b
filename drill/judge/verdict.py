"""From the child's messages and the way it ended to a report: decided on the trusted side, in plain functions."""

import os
import re
import signal
from dataclasses import dataclass, field, replace
from typing import Any

from drill.judge import protocol
from drill.report import CheckReport, Frame, Outcome, Report, Verdict

_LONGEST_TEXT = 16_000
# Everything that moves a cursor, changes a colour or the direction of writing; newline and tab stay.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_MAY_REFUSE_WITH = (Verdict.ERROR, Verdict.NOT_ATTEMPTED, Verdict.RULE_BROKEN, Verdict.MEMORY_LIMIT)
_CLOCK_SLACK_S = 0.25


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the warden ended the check before the child did."""

    verdict: Verdict
    message: str
    hint: str = ""


@dataclass(slots=True)
class Tally:
    """What one check's messages add up to so far; `doubts` are those that do not."""

    doubts: list[str] = field(default_factory=list)
    missing_layers: tuple[str, ...] = ()
    confined: bool = False
    expected: list[CheckReport] | None = None
    device: str = ""
    refusal: Report | None = None
    imported: bool = False
    running: int | None = None  # the index of the check that has started
    results: list[CheckReport] = field(default_factory=list)
    broken_rule: tuple[str, int, str] | None = None
    left_as_stub: bool = False  # the first check that failed met the stub's NotImplementedError
    out_of_memory: bool = False
    finished: bool = False
    failure: str = ""
    _started_at: float = 0.0

    def take(self, message: dict[str, Any], now: float) -> None:
        """Note one message, already known to be signed; `now` is the warden's own clock."""
        event = message.get("event")
        handlers = {
            protocol.CONFINED: self._confined,
            protocol.FAILED: self._failed,
            protocol.COLLECTED: self._collected,
            protocol.IMPORTED: self._imported,
            protocol.REFUSED: self._refused,
            protocol.STARTED: self._started,
            protocol.CHECKED: self._checked,
            protocol.TAMPERED: self._tampered,
            protocol.FINISHED: self._finished,
        }
        handler = handlers.get(str(event))
        if handler is None or self.finished:
            self._doubt(f"an unexpected message {event!r}")
            return
        try:
            handler(inert(message), now)
        except (KeyError, TypeError, ValueError) as error:
            self._doubt(f"a message {event!r} that cannot be read ({type(error).__name__})")

    def _doubt(self, what: str) -> None:
        if len(self.doubts) < 20 and what not in self.doubts:
            self.doubts.append(what)

    def _confined(self, message: dict[str, Any], now: float) -> None:
        if self.confined:
            self._doubt("the child said twice that it is confined")
        self.confined = True
        self.missing_layers = tuple(str(name) for name in message["missing"])

    def _failed(self, message: dict[str, Any], now: float) -> None:
        if self.expected is not None:
            self._doubt("a failure of the judge after the submission had started")
        self.failure = str(message["message"])

    def _collected(self, message: dict[str, Any], now: float) -> None:
        if self.expected is not None:
            self._doubt("the checks were collected twice")
            return
        self.device = str(message["device"])
        self.expected = [
            CheckReport(check["id"], check["title"], Outcome.NOT_RUN) for check in message["checks"]
        ]

    def _imported(self, message: dict[str, Any], now: float) -> None:
        if self.expected is None or self.imported or self.refusal:
            self._doubt("the submission was imported out of turn")
        self.imported = True

    def _refused(self, message: dict[str, Any], now: float) -> None:
        if self.expected is None or self.imported or self.refusal:
            self._doubt("the submission was refused out of turn")
            return
        verdict = Verdict(message["verdict"])
        if verdict not in _MAY_REFUSE_WITH:
            self._doubt(f"a refusal with the verdict {verdict}")
            return
        frames = tuple(Frame(**frame) for frame in message["frames"])
        self.refusal = Report(
            "", verdict, message=message["message"], hint=message["hint"], frames=frames
        )

    def _started(self, message: dict[str, Any], now: float) -> None:
        index = len(self.results)
        expected = self.expected or []
        if not self.imported or self.running is not None or index >= len(expected):
            self._doubt("a check started out of turn")
        elif message["id"] != expected[index].id:
            self._doubt(f"{message['id']} started, {expected[index].id} was next")
        else:
            self.running, self._started_at = index, now

    def _checked(self, message: dict[str, Any], now: float) -> None:
        check = CheckReport.from_json(message["report"])
        if (
            self.running is None
            or self.expected is None
            or check.id != self.expected[self.running].id
        ):
            self._doubt(f"{check.id} reported out of turn")
            return
        if not 0 <= check.seconds <= now - self._started_at + _CLOCK_SLACK_S:
            self._doubt(f"{check.id} reported an impossible duration")
        if check.outcome is Outcome.NOT_RUN:
            self._doubt(f"{check.id} was reported as not run")
        self.results.append(replace(check, title=self.expected[self.running].title))
        self.running = None
        rule = message.get("rule")
        if rule and self.broken_rule is None:
            self.broken_rule = (str(rule["name"]), int(rule["line"]), str(rule["message"]))
        if check.outcome is not Outcome.PASSED and all(
            c.outcome is Outcome.PASSED for c in self.results[:-1]
        ):
            self.left_as_stub = bool(message.get("not_attempted"))
        self.out_of_memory |= bool(message.get("out_of_memory"))

    def _tampered(self, message: dict[str, Any], now: float) -> None:
        for what in message["what"]:
            self._doubt(f"{what} changed")

    def _finished(self, message: dict[str, Any], now: float) -> None:
        self.finished = True
        if not self.imported and not self.refusal:
            self._doubt("the checks ended before the submission was imported")
        if self.imported and (
            self.running is not None or len(self.results) != len(self.expected or [])
        ):
            self._doubt(f"{len(self.results)} of {len(self.expected or [])} checks reported")

    def report(self, challenge: str, stop: Stop | None, status: int, output: str) -> Report:
        """The verdict. `status` is the child's wait status, meaningful where nothing else explains the end."""
        partial = Report(
            challenge, Verdict.JUDGE_FAILURE, checks=self._checks(stop, status), output=output,
            missing_layers=self.missing_layers, device=self.device,
        )  # fmt: skip
        if self.failure and not self.doubts:
            return replace(
                partial, message=self.failure, hint="drill doctor shows what the judge needs"
            )
        if self.expected is None:
            text = stop.message if stop else _ended(status)
            return replace(
                partial, message=f"the judge did not get as far as the submission: {text}",
                hint="if the challenge is your own, try drill dev check",
            )  # fmt: skip
        if stop and not self.finished:
            return replace(partial, verdict=stop.verdict, message=stop.message, hint=stop.hint)
        if self.doubts:
            return replace(
                partial, verdict=Verdict.TAMPERED,
                message="what the judge saw does not add up: " + "; ".join(self.doubts[:6]),
                hint="leave torch, pytest and the interpreter as they are",
            )  # fmt: skip
        if self.refusal:
            refusal = self.refusal
            return replace(
                partial,
                verdict=refusal.verdict,
                message=refusal.message,
                hint=refusal.hint,
                frames=refusal.frames,
            )
        if not self.finished:
            return _ended_early(partial, status)
        return self._settled(partial)

    def _settled(self, partial: Report) -> Report:
        """The verdict where every check has reported."""
        failed = partial.failed
        if self.broken_rule:
            name, line, message = self.broken_rule
            text = f"line {line} calls {name}: {message}"
            return replace(partial, verdict=Verdict.RULE_BROKEN, message=text)
        if failed and self.left_as_stub:
            where = f"line {failed[0].frames[-1].line}" if failed[0].frames else "the stub"
            return replace(
                partial, verdict=Verdict.NOT_ATTEMPTED,
                message=f"{where} still raises NotImplementedError", hint="write your answer in its place",
            )  # fmt: skip
        if failed and self.out_of_memory:
            return replace(
                partial, verdict=Verdict.MEMORY_LIMIT, message="a check ran out of memory"
            )
        if not partial.checks:
            return replace(partial, message="the challenge has no check")
        return replace(partial, verdict=Verdict.WRONG_ANSWER if failed else Verdict.ACCEPTED)

    def _checks(self, stop: Stop | None, status: int) -> tuple[CheckReport, ...]:
        """Every expected check; the one that was running when the child ended carries the reason."""
        checks = [*self.results, *(self.expected or [])[len(self.results) :]]
        if self.running is not None and not self.finished:
            reason = stop.message if stop else _ended(status)
            cut = checks[self.running]
            checks[self.running] = replace(cut, outcome=Outcome.ERROR, message=reason)
        return tuple(checks)


def _ended_early(partial: Report, status: int) -> Report:
    if os.WIFSIGNALED(status):
        return replace(
            partial, verdict=Verdict.CRASHED, message=_ended(status),
            hint="a crash in native code: look at what is passed to torch, ctypes or recursion",
        )  # fmt: skip
    return replace(
        partial, verdict=Verdict.ERROR, message=f"the submission ended the process itself: {_ended(status)}",
        hint="take os._exit and the like out of the submission",
    )  # fmt: skip


def _ended(status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            return f"killed by {signal.Signals(number).name}"
        except ValueError:
            return f"killed by signal {number}"
    return f"it exited with status {os.waitstatus_to_exitcode(status)} before the checks were done"


def inert(value: Any) -> Any:
    """Text that a terminal only shows: control characters spelled out, over-long strings cut."""
    if isinstance(value, str):
        if len(value) > _LONGEST_TEXT:
            value = value[:_LONGEST_TEXT] + " ... (cut)"
        return _CONTROLS.sub(lambda match: _spelled(match[0]), value)
    if isinstance(value, dict):
        return {inert(key): inert(item) for key, item in value.items()}
    if isinstance(value, list):
        return [inert(item) for item in value]
    return value


def _spelled(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def printed(data: bytes, limit: int) -> str:
    """What a submission wrote, as inert text of at most `limit` bytes of its own."""
    text = data[:limit].decode("utf-8", errors="replace").replace("\r\n", "\n")
    return _CONTROLS.sub(lambda match: _spelled(match[0]), text)
