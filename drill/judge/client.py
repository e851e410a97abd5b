"""Finds or starts the warm judge, sends it a Job and streams what it says. Imports next to nothing."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from drill.errors import JudgeError
from drill.judge import place, protocol
from drill.judge.protocol import Job
from drill.report import Report

OnMessage = Callable[[dict[str, Any]], None]

_FIND_SERVER_S = 10.0
_LEVELS = ("full", "strict", "basic")
_SLACK_S = 60.0  # on top of a check's own limit: importing torch on a slow disk takes its time

_ENVIRONMENT = (
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH",
    "PYTHONHOME", "XDG_RUNTIME_DIR", "DRILL_HOME", "DRILL_RUNTIME_DIR", "DRILL_JUDGE_IDLE_S", "DRILL_JUDGE_SPARE", "CUDA_VISIBLE_DEVICES",
    "CUDA_HOME", "CUDA_PATH", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What a running server says of itself."""

    pid: int
    uptime_s: float
    served: int
    running: int
    versions: dict[str, str]
    memory_mb: int
    idle_s: float
    level: str
    socket: str
    spare: tuple[int, ...]  # processes that wait for the next check


class _Stale(Exception):
    """The server runs other code than this client; it ends now."""


class _Lost(Exception):
    """The connection ended before the report."""


def grade(
    job: Job,
    *,
    cold: bool = False,
    sandbox: str | None = None,
    on_message: OnMessage | None = None,
    on_sent: Callable[[], None] | None = None,
) -> Report:
    """Judge one submission. `sandbox` is the level that must be reached at least.

    `on_sent` is called when the request is on its way: time to use while the judge works.

    Raises JudgeError where that level, or any judge at all, cannot be had. An exception such as
    KeyboardInterrupt ends the check with the connection.
    """
    least = sandbox or "basic"
    listen = on_message or (lambda message: None)
    sent = on_sent or (lambda: None)
    if not cold:
        for _ in range(3):
            connection = _connect_or_start()
            if connection is None:
                break  # no place for a socket: the cold path needs none
            with connection:
                try:
                    return _exchange(connection, _request("check", job, least), job, listen, sent)
                except _Stale:
                    _wait_until_gone()
                except _Lost:
                    continue  # the judge was killed; the job is ours still
    return _grade_cold(_request("check", job, least), job, listen, sent)


def _request(what: str, job: Job | None = None, least: str = "basic") -> bytes:
    head: dict[str, Any] = {"request": what, "fingerprint": place.fingerprint()}
    if job is None:
        return protocol.framed(head)
    # Read first by the warden: it confines the child by this while the job is still on its way.
    head |= {
        "limits": asdict(job.limits),
        "device": job.device,
        "least": least,
        "isolated": job.isolated,
    }
    head["most"] = os.environ.get("DRILL_SANDBOX_MOST", "full")
    return protocol.framed(head) + job.to_line()


def _exchange(
    connection: socket.socket,
    request: bytes,
    job: Job,
    listen: OnMessage,
    sent: Callable[[], None],
) -> Report:
    connection.settimeout(job.limits.wall_s + _SLACK_S)
    try:
        connection.sendall(request)
        sent()
        for message in _messages(connection):
            match message["event"]:
                case "stale":
                    raise _Stale
                case "refused level":
                    raise _level_error(message)
                case protocol.REPORT:
                    return Report.from_json(message["report"])
                case _:
                    listen(message)
    except TimeoutError:
        raise JudgeError(
            f"the judge has not answered for {job.limits.wall_s + _SLACK_S:g} s",
            "drill judge stop, then try again",
        ) from None
    except (BrokenPipeError, ConnectionError):
        pass
    raise _Lost


def _messages(connection: socket.socket) -> Iterator[dict[str, Any]]:
    with connection.makefile("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                return  # cut off in the middle
            yield json.loads(line)


def _level_error(message: dict[str, Any]) -> JudgeError:
    return JudgeError(
        f"this machine's sandbox reaches the level {message['level']}, which is less than was asked for",
        "drill doctor shows which layers are missing and why",
    )


def _grade_cold(request: bytes, job: Job, listen: OnMessage, sent: Callable[[], None]) -> Report:
    """The same judge in a process of its own, which ends with this check."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "drill.judge.cold", str(theirs.fileno())],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, env=_environment(), cwd="/", start_new_session=True,
        )  # fmt: skip
    # Left in this order: an unfinished check ends with its connection, and is then waited for.
    with process, ours:
        try:
            return _exchange(ours, request, job, listen, sent)
        except _Lost:
            assert process.stderr is not None
            complaint = process.stderr.read().decode(errors="replace").strip().splitlines()
            raise JudgeError(
                f"the judge could not start: {complaint[-1] if complaint else 'it ended without a word'}",
                "drill doctor checks the installation",
            ) from None


def _connect() -> socket.socket | None:
    for directory in place.directories():
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(place.socket_path(directory)))
        except OSError:
            connection.close()
        else:
            return connection
    return None


def _connect_or_start() -> socket.socket | None:
    """A connection to the server, started where there is none; None where no socket can be had."""
    connection = _connect()
    if connection is not None or not place.directories():
        return connection
    process = _start()
    until = time.monotonic() + _FIND_SERVER_S
    while time.monotonic() < until:
        connection = _connect()
        if connection is not None:
            return connection
        # 1: another server has just taken the place, and will listen at once
        if process is not None and process.poll() not in (None, 1):
            return None
        time.sleep(0.004)
    return None


def _start() -> subprocess.Popen[bytes] | None:
    with _log() as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "drill.judge.server"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env=_environment(), cwd="/", start_new_session=True,
        )  # fmt: skip


def _log() -> Any:
    """What the server says when it fails to start; kept short, for it says nothing else."""
    for directory in place.directories():
        with suppress(OSError):
            return (directory / "judge.log").open("wb")
    return Path(os.devnull).open("wb")


def _environment() -> dict[str, str]:
    """A server outlives the shell that started it, and its children are not to find secrets in it."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    package = Path(place.__file__).resolve().parents[2]
    if package.name not in ("site-packages", "dist-packages"):
        paths = [str(package), *filter(None, [kept.get("PYTHONPATH")])]
        kept["PYTHONPATH"] = os.pathsep.join(paths)
    return kept | {"OPENBLAS_NUM_THREADS": "1"}


def _wait_until_gone() -> None:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        connection = _connect()
        if connection is None:
            return
        connection.close()
        time.sleep(0.01)


def wake() -> None:
    """Start the server in the background where none is running; returns at once."""
    connection = _connect()
    if connection is not None:
        connection.close()
    elif place.directories():
        with suppress(OSError):
            _start()


def status() -> ServerStatus | None:
    """What the running server says of itself, None where there is none."""
    connection = _connect()
    if connection is None:
        return None
    answer = _ask(connection, "status")
    if answer is None or answer.pop("event") != "status":
        return None
    return ServerStatus(**{**answer, "spare": tuple(answer["spare"])})


def stop() -> bool:
    """End the server; True where one was running. Checks under way are finished."""
    connection = _connect()
    if connection is None:
        return False
    answer = _ask(connection, "stop")
    _wait_until_gone()
    return answer is not None


def _ask(connection: socket.socket, what: str) -> dict[str, Any] | None:
    with connection:
        connection.settimeout(_SLACK_S)
        with suppress(OSError, ValueError):
            connection.sendall(_request(what))
            return next(_messages(connection), None)
    return None
