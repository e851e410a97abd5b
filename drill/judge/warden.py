"""The trusted process of one check: it answers one connection, holds the limits and decides the verdict."""

import contextlib
import json
import os
import select
import socket
import sys
import time
from dataclasses import dataclass, replace
from types import CodeType
from typing import Any

from drill.challenge import Limits
from drill.judge import confine, processes, protocol
from drill.judge.box import Box, Keeper, open_box, open_keeper, plan_for
from drill.judge.channel import Doubt
from drill.judge.confine import cgroup, namespaces, system
from drill.judge.protocol import Job
from drill.judge.verdict import Stop, Tally, inert, printed
from drill.report import Report, Verdict

_LOOK_EVERY_S = 0.025
_LOOK_AT_DISK_EVERY_S = 0.2
_HANDSHAKE_S = 5.0
_LONGEST_HEAD, _LONGEST_JOB = 1 << 16, 16 << 20
_MEGABYTE = 1 << 20
_ENDED_BY_FORCE = (
    Verdict.TIME_LIMIT, Verdict.MEMORY_LIMIT, Verdict.OUTPUT_LIMIT, Verdict.CRASHED, Verdict.TAMPERED, Verdict.ERROR,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judge:
    """What a warden knows of the process it was forked from."""

    warm: bool
    level: str  # the strongest that this machine carries
    versions: dict[str, str]
    answer: dict[str, Any]  # to a question about the server


@dataclass(frozen=True, slots=True)
class Request:
    """The first line of a connection."""

    what: str  # check, status or stop
    fingerprint: str
    least: str
    most: str
    limits: Limits
    device: str
    isolated: bool

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Request":
        return cls(
            data["request"], data["fingerprint"], data.get("least", confine.BASIC),
            data.get("most", confine.FULL), Limits(**data.get("limits", {})), data.get("device", "cpu"),
            data.get("isolated", False),
        )  # fmt: skip


class Client:
    """The other end of the connection; it may vanish at any moment, and nothing is said to it then."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.gone = False
        connection.settimeout(_HANDSHAKE_S)

    def read_head(self) -> dict[str, Any]:
        """The head alone, unbuffered: the job behind it must not be in memory that the child inherits."""
        size = int.from_bytes(self._exactly(4), "big")
        if size > _LONGEST_HEAD:
            raise ValueError("not a request")
        data: dict[str, Any] = json.loads(self._exactly(size))
        return data

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.connection.recv(size - len(data))
            if not piece:
                raise ConnectionError("the client hung up")
            data += piece
        return data

    def read_job(self) -> Job:
        with self.connection.makefile("rb") as lines:
            return Job.from_json(json.loads(lines.readline(_LONGEST_JOB)))

    def say(self, message: dict[str, Any]) -> None:
        if not self.gone:
            try:
                self.connection.sendall(json.dumps(message).encode() + b"\n")
            except OSError:
                self.gone = True


def serve(
    connection: socket.socket,
    judge: Judge,
    fingerprint: str | None,
    prepared: "Prepared | None" = None,
) -> str:
    """Answer one connection; returns what the server has to do: "", "stop" or "stale".

    `fingerprint` is the code this process runs; None where it was started for this one client.
    """
    client = Client(connection)
    try:
        request = Request.from_json(client.read_head())
        if fingerprint is not None and request.fingerprint != fingerprint:
            client.say({"event": "stale"})
            return "stale"
        if request.what != "check":
            client.say({"event": request.what, **judge.answer})
            return request.what if request.what == "stop" else ""
        began = time.monotonic()
        prepared = prepared or _prepare(client, request, judge)
        if prepared:
            _check(client, prepared, judge, began)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not a client of ours, or one that went away while it spoke
    return ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A judged process that waits for its job."""

    box: Box
    birth_memory: int  # what it shares with the judge it was forked from


def prepare_in_advance(judge: Judge) -> Prepared:
    """For the next client, whoever that is: the level this machine carries and the ordinary limits."""
    system.adopt_orphans()
    level = judge.level
    if level == confine.FULL:
        namespaces.enter()
    return _open(level, Limits(), "cpu", rehearse=True)


def fits_in_advance(head: dict[str, Any], judge: Judge) -> bool:
    """Whether a request can be served by what `prepare_in_advance` makes."""
    try:
        request, ordinary = Request.from_json(head), Limits()
        return (
            request.what == "check"
            and request.device == "cpu"
            and _level(request, judge) == judge.level
            and confine.at_least(judge.level, request.least)
            and not request.limits.exec
            and not request.isolated
            and request.limits.file_mb <= ordinary.file_mb
            and request.limits.memory_mb <= ordinary.memory_mb
        )
    except (KeyError, TypeError, ValueError):
        return False


def _level(request: Request, judge: Judge) -> str:
    return max(judge.level, request.most, key=confine.LEVELS.index)


def _prepare(client: Client, request: Request, judge: Judge) -> Prepared | None:
    """What this request needs; None, after saying so, where its level cannot be had."""
    level = _level(request, judge)
    if not confine.at_least(level, request.least):
        client.say({"event": "refused level", "level": level})
        return None
    system.adopt_orphans()
    keeper = None
    if request.isolated:
        keeper = open_keeper(plan_for(level, request.limits, request.device))
    if level == confine.FULL:
        try:
            namespaces.enter()
        except OSError as error:
            if not confine.at_least(confine.STRICT, request.least):
                client.say(
                    {"event": "refused level", "level": confine.STRICT, "detail": str(error)}
                )
                return None
            level = confine.STRICT
    return _open(level, request.limits, request.device, keeper=keeper)


def _open(
    level: str, limits: Limits, device: str, *, rehearse: bool = False, keeper: Keeper | None = None
) -> Prepared:
    birth_memory = processes.memory(os.getpid())
    box = open_box(plan_for(level, limits, device), rehearse=rehearse, keeper=keeper)
    return Prepared(box, birth_memory)


def _check(client: Client, prepared: Prepared, judge: Judge, began: float) -> None:
    box = prepared.box
    try:
        job = client.read_job()
        report = _judge(client, box, job, prepared.birth_memory)
        if judge.warm and report.verdict is Verdict.JUDGE_FAILURE and box.was_killed:
            return  # by somebody outside, before the submission began: the client asks again
        if report.verdict in _ENDED_BY_FORCE:
            box.end()  # whoever reads this may look for what is left of it; nobody waits for milliseconds
        report = replace(
            report, seed=job.seed, device=report.device or job.device, torch=judge.versions["torch"],
            sandbox=box.plan.level, isolated=job.isolated, warm=judge.warm, seconds=round(time.monotonic() - began, 4),
        )  # fmt: skip
        client.say({"event": protocol.REPORT, "report": report.to_json()})
        with contextlib.suppress(OSError):
            client.connection.shutdown(socket.SHUT_WR)
    finally:
        box.end()


def _judge(client: Client, box: Box, job: Job, birth_memory: int) -> Report:
    with contextlib.suppress(OSError):
        cgroup.limit(
            box.submissions_plan.group, job.limits
        )  # a box made in advance has the ordinary ones
    checks = _compiled(job)
    if isinstance(checks, str):
        return Report(job.challenge, Verdict.JUDGE_FAILURE, message=checks)
    with contextlib.suppress(OSError):  # it is gone already; the watch finds out how
        box.hand_over(replace(job, checks=""), checks)
    return Watch(client, box, job, birth_memory).until_the_end()


def _compiled(job: Job) -> CodeType | str:
    """The checks as code, or why they are none. Their text stays on this side of the fork."""
    try:
        # dont_inherit: this module's own compiler flags are not the checks'
        return compile(job.checks, "checks.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        return f"checks.py{f', line {line}' if line else ''}: {error}"


class Watch:
    """Reads what the child says and prints, looks at what it uses, and stops it where it goes too far."""

    def __init__(self, client: Client, box: Box, job: Job, birth_memory: int) -> None:
        self.client = client
        self.box = box
        self.job = job
        self.limits = job.limits
        self.tally = Tally()
        self._plan = box.submissions_plan
        self.printed = bytearray()
        self.stop: Stop | None = None
        # A rehearsal has cost memory and time already; neither is the submission's.
        self._birth_memory = max(birth_memory, processes.memory(box.pid))
        self._cpu_before = processes.usage([box.pid], 0).cpu_s
        self._began = time.monotonic()
        self._deadline = self._began + self.limits.wall_s
        self._next_look = self._began + _LOOK_EVERY_S
        self._next_disk = self._began + _LOOK_AT_DISK_EVERY_S
        self._free_at_start = _free_bytes(box.submissions_plan.scratch)
        self._open = {box.channel.fileno(), box.output}

    def until_the_end(self) -> Report:
        os.set_blocking(self.box.output, False)
        self.box.channel.setblocking(False)
        while not (self.stop or self.tally.finished or self.client.gone or self._over()):
            self._wait()
            self._look()
        self._drain()
        if cgroup.ran_out(self._plan.group):
            self._stop_for_memory()
        status = self.box.status or 0
        if self.box.keeper and not (self.stop or self.tally.finished):
            status = self.box.keeper.end()  # the checks ended because the submission's process did
        output = printed(bytes(self.printed), self.limits.output_kb * 1024)
        return self.tally.report(self.job.challenge, self.stop, status, output)

    def _over(self) -> bool:
        """Whether the child has ended and everything it said has been read.

        Its own descendants may still hold the channel open, so the end of the channel is not waited for.
        """
        if self.box.status is None:
            return False
        channel = self.box.channel.fileno()
        return channel not in self._open or not select.select([channel], [], [], 0)[0]

    def _wait(self) -> None:
        """Sleep until there is something to read, or the next look is due."""
        until = min(self._next_look, self._deadline)
        watched = [*self._open, self.client.connection.fileno()]
        ready, _, _ = select.select(watched, [], [], max(0.0, until - time.monotonic()))
        for descriptor in ready:
            if descriptor == self.box.output:
                self._read_output()
            elif descriptor == self.box.channel.fileno():
                self._read_channel()
            else:
                self._read_client()

    def _read_client(self) -> None:
        """A client that says something now has hung up."""
        try:
            if not self.client.connection.recv(1024):
                self.client.gone = True
        except OSError:
            self.client.gone = True

    def _read_output(self) -> None:
        try:
            data = os.read(self.box.output, 1 << 16)
        except BlockingIOError:
            return
        if not data:
            self._open.discard(self.box.output)
        self.printed += data
        if len(self.printed) > self.limits.output_kb * 1024:
            self._stop(
                Verdict.OUTPUT_LIMIT, f"it printed more than {self.limits.output_kb} KB",
                "look for a print inside a loop",
            )  # fmt: skip

    def _read_channel(self) -> None:
        try:
            data = self.box.channel.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._open.discard(self.box.channel.fileno())
            if self.box.receiver.in_pieces:
                self.tally.doubts.append("the judge's channel ended inside a message")
        self.box.receiver.feed(data)
        try:
            for message in self.box.receiver.messages():
                self.tally.take(message, time.monotonic())
                self.client.say(inert(message))
        except (Doubt, ValueError) as error:
            self._stop(Verdict.TAMPERED, f"what the judge saw does not add up: {error}")

    def _look(self) -> None:
        """Hold the limits that the kernel does not, at intervals."""
        now = time.monotonic()
        if self.tally.finished:
            return
        if now >= self._deadline:
            self._stop(
                Verdict.TIME_LIMIT, f"stopped after {self.limits.wall_s:g} s",
                "look for a loop that does not end, a lock that is never released, or slow Python loops",
            )  # fmt: skip
        if now < self._next_look or self.stop:
            return
        self._next_look = now + _LOOK_EVERY_S
        self._look_at_processes()
        if now >= self._next_disk:
            self._next_disk = now + _LOOK_AT_DISK_EVERY_S
            self._look_at_disk()
        self.box.reap()

    def _look_at_processes(self) -> None:
        pids = processes.descendants(self.box.pid)
        if self.box.keeper or self.box.plan.level != confine.FULL:
            # A daemon forked twice has been adopted by this process.
            pids = [
                pid
                for child in processes.children(os.getpid())
                for pid in processes.descendants(child)
            ]
        used = processes.usage(pids, self._birth_memory)
        limits = self.limits
        over = used.memory > limits.memory_mb * _MEGABYTE
        if over and not cgroup.counts(self._plan.group):
            self._stop_for_memory()
        elif used.processes > limits.processes + (3 if self.box.keeper else 1):
            self._stop(
                Verdict.CRASHED, f"stopped: it started more than {limits.processes} processes"
            )
        elif used.threads > used.processes + limits.threads:
            self._stop(Verdict.CRASHED, f"stopped: it started more than {limits.threads} threads")
        elif used.cpu_s - self._cpu_before > limits.cpu_s:
            self._stop(Verdict.TIME_LIMIT, f"stopped after {limits.cpu_s:g} s of computing")

    def _look_at_disk(self) -> None:
        if self.box.plan.level == confine.FULL:
            return  # its file systems are of limited size
        allowed = 4 * self.limits.file_mb * _MEGABYTE
        # Files that were deleted while open have no name to be counted by; the free space tells.
        hidden = self._free_at_start - _free_bytes(self._plan.scratch) - 1024 * _MEGABYTE
        size, files = _size_of(self._plan.scratch)
        if size > allowed or hidden > allowed or files > 16384:
            self._stop(
                Verdict.OUTPUT_LIMIT, f"it wrote more than {4 * self.limits.file_mb} MB of files"
            )

    def _stop_for_memory(self) -> None:
        self._stop(
            Verdict.MEMORY_LIMIT, f"it used more than {self.limits.memory_mb} MB of memory",
            "look for a list that keeps graphs or tensors alive, or a shape that is far too large",
        )  # fmt: skip

    def _stop(self, verdict: Verdict, message: str, hint: str = "") -> None:
        if self.stop is None and not self.tally.finished:
            self.stop = Stop(verdict, message, hint)

    def _drain(self) -> None:
        """Take what was printed before the end and not read yet."""
        with contextlib.suppress(OSError):
            while len(self.printed) <= self.limits.output_kb * 1024:
                data = os.read(self.box.output, 1 << 16)
                if not data:
                    return
                self.printed += data


def _free_bytes(path: str) -> int:
    try:
        status = os.statvfs(path)
    except OSError:
        return sys.maxsize
    return status.f_bavail * status.f_frsize


def _size_of(directory: str) -> tuple[int, int]:
    """Bytes and number of files under a directory that may change meanwhile."""
    size = files = 0
    for root, _, names in os.walk(directory):
        for name in names:
            files += 1
            with contextlib.suppress(OSError):
                size += os.lstat(f"{root}/{name}").st_blocks * 512
    return size, files
