"""The judged process: forked by its warden, it confines itself, takes the job and runs the checks."""

import io
import json
import marshal
import os
import random
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any, NoReturn

from drill.challenge import Limits
from drill.judge import confine, processes, protocol
from drill.judge.channel import Receiver, sender
from drill.judge.confine import Clock, Plan, cgroup, limits, namespaces, system
from drill.judge.protocol import Job

_LAST_WORD_S = 0.2
_CLEARING_UP_S = 5.0
FAILED_STATUS = 70  # ours, for a judge that could not even say what went wrong


@dataclass(slots=True)
class Keeper:
    """Holds the submission's own process under `--isolation process`, and ends as that one did."""

    pid: int
    plan: Plan
    link: int  # to the submission; the checks' process gets it
    output: tuple[int, int]  # the pipe that both processes print to
    status: int | None = None

    def end(self, patience_s: float = _LAST_WORD_S) -> int:
        """Its wait status, once the submission's process has ended by itself or has been made to."""
        if not self._ends_within(patience_s):
            for pid in processes.children(self.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not self._ends_within(_CLEARING_UP_S):
                os.kill(self.pid, signal.SIGKILL)
                self.status = os.waitpid(self.pid, 0)[1]
        assert self.status is not None
        discard(self.plan)
        return self.status

    def _ends_within(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
            elif time.monotonic() > until:
                return False
            else:
                time.sleep(0.002)
        return True


@dataclass(slots=True)
class Box:
    """The warden's side of a judged process."""

    pid: int
    plan: Plan
    channel: socket.socket
    output: int
    receiver: Receiver
    key: bytes
    keeper: Keeper | None = None
    status: int | None = None  # the wait status, once it has ended

    @property
    def submissions_plan(self) -> Plan:
        """How the process that the submission runs in is confined."""
        return self.keeper.plan if self.keeper else self.plan

    def reap(self) -> None:
        """Note how the process ended, if it has; its number belongs to nobody after that."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status

    @property
    def was_killed(self) -> bool:
        """Whether it ended by a signal that no program sends to itself."""
        return (
            self.status is not None
            and os.WIFSIGNALED(self.status)
            and os.WTERMSIG(self.status) == signal.SIGKILL
        )

    def end(self) -> None:
        """Leave nothing of it behind: no process, no file."""
        by_force = self.status is None
        if by_force:
            os.kill(self.pid, signal.SIGKILL)
            self.status = os.waitpid(self.pid, 0)[1]
        if self.keeper:
            self.keeper.end(0 if by_force else _LAST_WORD_S)
        if self.plan.level != confine.FULL:
            # Without a process namespace its descendants outlive it; the warden has adopted them.
            processes.end_descendants()
        discard(self.plan)

    def hand_over(self, job: Job, checks: CodeType) -> None:
        """Give the job to the confined process: the checks as code, so that their text is never in it."""
        head = json.dumps({"job": json.loads(job.to_line()), "key": self.key.hex()}).encode()
        body = marshal.dumps(checks)
        self.channel.sendall(b"%d %d\n" % (len(head), len(body)) + head + body)
        self.channel.shutdown(socket.SHUT_WR)


def open_keeper(plan: Plan) -> Keeper:
    """Fork the submission's process and the one that holds it, before this one enters any namespace."""
    ours, theirs = socket.socketpair()
    output = os.pipe()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _keep(plan, theirs.detach(), output[1])
    theirs.close()
    return Keeper(pid, plan, ours.detach(), output)


def _keep(plan: Plan, link: int, output: int) -> NoReturn:
    status = FAILED_STATUS << 8
    try:
        system.die_with_parent(signal.SIGKILL)
        limits.close_all_but({2, link, output})
        limits.no_core()
        system.adopt_orphans()
        cgroup.join(plan.group)
        if plan.level == confine.FULL:
            namespaces.enter()
        pid = os.fork()
        if pid == 0:
            _be_submission(plan, link, output)
        limits.close_all_but({2})  # the checks wait for the submission's end of the link to close
        status = os.waitpid(pid, 0)[1]
    finally:
        processes.end_descendants()
        if os.WIFSIGNALED(status):
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
            os.kill(os.getpid(), os.WTERMSIG(status))
        os._exit(os.WEXITSTATUS(status))


def _be_submission(plan: Plan, link: int, output: int) -> NoReturn:
    leave = os._exit
    try:
        (descriptor,) = _detach(output, link)
        _, problem = _confine(plan, Clock())
        from drill.judge import answering, values

        answering.answer_calls(values.Link(descriptor), problem)
        leave(0)
    except BaseException as error:
        _complain(error)
    finally:
        leave(FAILED_STATUS)


def open_box(plan: Plan, *, rehearse: bool = False, keeper: Keeper | None = None) -> Box:
    """Fork the process that will be judged; it confines itself while the job is still on its way.

    `rehearse`: it then judges a trivial submission, so that what a first check has to touch is touched.
    With a keeper only the checks run in it.
    """
    ours, theirs = socket.socketpair()
    reading, writing = keeper.output if keeper else os.pipe()
    key = secrets.token_bytes(32)
    clock = Clock()
    pid = os.fork()
    if pid == 0:
        link = [keeper.link] if keeper else []
        _be_judged(plan, [theirs.detach(), *link], writing, clock, rehearse)
    theirs.close()
    os.close(writing)
    if keeper:
        os.close(keeper.link)
    return Box(pid, plan, ours, reading, Receiver(key), key, keeper)


def _be_judged(
    plan: Plan, channels: list[int], output: int, clock: Clock, rehearse: bool
) -> NoReturn:
    leave = os._exit  # captured: the way out must be ours
    try:
        clock.mark("fork")
        descriptor, *link = _detach(output, *channels)
        clock.mark("descriptors")
        missing, problem = _confine(plan, clock)
        if rehearse and not problem:
            _rehearse(plan.scratch)
        job, checks, key = _take_job(descriptor)
        clock = Clock() if rehearse else clock  # what was done in advance cost this check nothing
        send = sender(descriptor, key)
        del key
        if problem:
            send(
                {
                    "event": protocol.FAILED,
                    "message": f"the submission could not be confined: {problem}",
                }
            )
            leave(0)
        limits.apply(job.limits, count_memory=not plan.cuda)
        clock.mark("limits")
        send({"event": protocol.CONFINED, "missing": list(missing), "milliseconds": clock.marks})
        _run(job, checks, send, plan.scratch, link)
        leave(0)
    except BaseException as error:
        # Nothing that happens in here may go on as a second copy of the warden.
        _complain(error)
    finally:
        leave(FAILED_STATUS)


def _complain(error: BaseException) -> None:
    os.write(2, f"drill judge: {type(error).__name__}: {error}\n".encode(errors="replace"))


def _detach(output: int, *channels: int) -> list[int]:
    """Leave the terminal, the parent's descriptors and its signal handlers; returns the channels' numbers."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    descriptors = limits.arrange_descriptors(output, *channels)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, "r", closefd=False))
    sys.stdout = _writer(1)
    sys.stderr = _writer(2)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    return descriptors


def _writer(descriptor: int) -> io.TextIOWrapper:
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )


def _confine(plan: Plan, clock: Clock) -> tuple[tuple[str, ...], str]:
    """Apply the plan; a failure is a sentence, because there is no channel to raise it through yet."""
    try:
        missing = confine.enter(plan, clock)
    except OSError as error:
        return (), str(error)
    tempfile.tempdir = None  # decided again, from the new environment
    sys.dont_write_bytecode = True
    sys.argv = ["drill"]
    random.seed()
    return missing, ""


def _take_job(descriptor: int) -> tuple[Job, CodeType, bytes]:
    with socket.socket(fileno=os.dup(descriptor)) as end, end.makefile("rb") as stream:
        head_size, body_size = map(int, stream.readline().split())
        head = json.loads(stream.read(head_size))
        checks = marshal.loads(stream.read(body_size))
        end.shutdown(socket.SHUT_RD)
    return Job.from_json(head["job"]), checks, bytes.fromhex(head["key"])


def _rehearse(scratch: str) -> None:
    from drill.judge import child

    child.rehearse(Path(scratch))


def _run(
    job: Job,
    checks: CodeType,
    send: Callable[[dict[str, Any]], None],
    scratch: str,
    link: list[int],
) -> None:
    # torch and pytest, which the warm server has imported before
    from drill.judge import child, remote
    from drill.judge.values import Link

    flush_out, flush_error = sys.stdout.flush, sys.stderr.flush

    def send_after_output(message: dict[str, Any]) -> None:
        # The warden stops reading at the last message: what was printed must be there before it.
        with suppress(OSError, ValueError):  # a submission may have closed them
            flush_out()
            flush_error()
        send(message)

    wire = remote.Wire(Link(link[0]), send_after_output) if link else None
    child.run_checks(job, checks, send_after_output, Path(scratch), wire)


def plan_for(level: str, limits: Limits, device: str) -> Plan:
    """A plan with its cgroup and the scratch directory of its level; `discard` removes what is left of both."""
    group = cgroup.make(f"{_prefix(os.getpid())}{secrets.token_hex(4)}", limits)
    if level == confine.FULL:
        return Plan(level, limits, device, confine.PRIVATE_SCRATCH, group)
    scratch = tempfile.mkdtemp(prefix=_prefix(os.getpid()))
    return Plan(level, limits, device, scratch, group)


def discard(plan: Plan) -> None:
    """Remove what a plan had made outside of the judged process, which has ended."""
    cgroup.remove(plan.group)
    if plan.level != confine.FULL:
        shutil.rmtree(plan.scratch, ignore_errors=True)


def _prefix(warden: int) -> str:
    return f"drill-judge-{warden}-"


def clean_up_after(warden: int) -> None:
    """Remove what a warden that was killed could not."""
    cgroup.remove_all(_prefix(warden))
    for left in Path(tempfile.gettempdir()).glob(_prefix(warden) + "*"):
        shutil.rmtree(left, ignore_errors=True)
