"""The warm parent: imports torch and pytest, computes nothing, forks one warden per connection.

`python -m drill.judge.server` runs it; the client starts it by itself.
"""

import fcntl
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

# NumPy's BLAS would start a thread at import, and a process with threads must not be forked.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from drill.judge import box, confine, place, preload, processes, warden
from drill.judge.confine import system

DEFAULT_IDLE_S = 1800.0
_INHERITED_LISTENER = "DRILL_JUDGE_LISTENER"
_INHERITED_LOCK = "DRILL_JUDGE_LOCK"
_LOOK_EVERY_S = 1.0
_REST_S = 0.25  # without a client, before a spare is made: many at once need the cores themselves
_HEAD_S = 0.05
_PEEK = socket.MSG_PEEK | socket.MSG_WAITALL


@dataclass(frozen=True, slots=True)
class Spare:
    """A warden with its judged process, ready for a client that has yet to come."""

    pid: int
    orders: socket.socket


class Server:
    """One per user and environment; it holds a lock on its place for as long as it lives."""

    def __init__(self, listener: socket.socket, path: Path, lock: int, idle_s: float) -> None:
        self.listener = listener
        self.path = path
        self.lock = lock
        self.idle_s = idle_s
        self.fingerprint = place.fingerprint()
        self.started = time.time()
        self.served = 0
        self.wardens: set[int] = set()
        self.spare: Spare | None = None
        self.keeps_spare = os.environ.get("DRILL_JUDGE_SPARE", "1") != "0"
        self.stopping = False

    def run(self) -> None:
        """Listen at once, so that clients can queue up, and get ready meanwhile."""
        level = confine.level()
        preload.imports()
        gc.collect()
        gc.freeze()  # or the first collection in each child would copy every page it looks at
        system.adopt_orphans()
        wake, signalled = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(signalled, False)
        signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._ask_to_stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        last = time.monotonic()
        while not self.stopping:
            watched = [self.listener.fileno(), wake]
            wait = _LOOK_EVERY_S if self.spare or not self.keeps_spare else _REST_S
            ready, _, _ = select.select(watched, [], [], wait)
            if wake in ready:
                with suppress(BlockingIOError):
                    os.read(wake, 4096)
            self._reap()
            if self.listener.fileno() in ready:
                self._accept(level)
                last = time.monotonic()
            elif self.wardens:
                last = time.monotonic()
            elif self.keeps_spare and not self.spare and time.monotonic() - last >= _REST_S:
                self._make_spare(level)
            elif time.monotonic() - last > self.idle_s or not self._place_is_ours():
                break
        self._leave()

    def _ask_to_stop(self, *_: object) -> None:
        self.stopping = True

    def _accept(self, level: str) -> None:
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return  # it hung up between the look and the call
        with connection:
            if not _same_user(connection):
                return
            self._assert_one_thread()
            judge = self._judge(level)
            self.served += 1
            if self.spare and warden.fits_in_advance(_peek(connection), judge):
                self._use_spare(connection, judge)
                return
            parent = os.getpid()
            pid = os.fork()
            if pid == 0:
                self._be_warden(connection, judge, parent)
            self.wardens.add(pid)

    def _assert_one_thread(self) -> None:
        if preload.thread_count() != 1:
            self._start_again()

    def _judge(self, level: str) -> warden.Judge:
        return warden.Judge(
            warm=True, level=level, versions=preload.versions(), answer=self._status(level)
        )

    def _be_warden(self, connection: socket.socket, judge: warden.Judge, parent: int) -> NoReturn:
        try:
            self._detach()
            if warden.serve(connection, judge, self.fingerprint):
                os.kill(parent, signal.SIGTERM)
        finally:
            os._exit(0)

    def _detach(self) -> None:
        """Give up, in a warden, what is the server's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.listener.close()
        os.close(self.lock)
        if self.spare:
            self.spare.orders.close()
        os.setpgid(0, 0)  # what ends the server's group must not end a check half-way

    def _make_spare(self, level: str) -> None:
        """Prepare the next check while nobody waits: a fork and the confinement are half of a warm check."""
        self._assert_one_thread()
        ours, theirs = socket.socketpair()
        judge, parent = self._judge(level), os.getpid()
        pid = os.fork()
        if pid == 0:
            ours.close()
            self._be_spare(theirs, judge, parent)
        theirs.close()
        self.spare = Spare(pid, ours)

    def _be_spare(self, orders: socket.socket, judge: warden.Judge, parent: int) -> NoReturn:
        try:
            self._detach()
            prepared = warden.prepare_in_advance(judge)
            try:
                _, descriptors, _, _ = socket.recv_fds(orders, 1, 1)
                prepared.box.reap()
                # None: the server has ended. Where the child has, the client is left to ask again.
                if descriptors and prepared.box.status is None:
                    connection = socket.socket(fileno=descriptors[0])
                    if warden.serve(connection, judge, self.fingerprint, prepared):
                        os.kill(parent, signal.SIGTERM)
            finally:
                prepared.box.end()
        finally:
            os._exit(0)

    def _use_spare(self, connection: socket.socket, judge: warden.Judge) -> None:
        assert self.spare is not None
        with self.spare.orders as orders:
            socket.send_fds(orders, [b"1"], [connection.fileno()])
        self.wardens.add(self.spare.pid)
        self.spare = None

    def _reap(self) -> None:
        """Collect wardens that are done; end what one that was killed has left to us."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            ours = pid in self.wardens
            self.wardens.discard(pid)
            if self.spare and pid == self.spare.pid:
                ours = True
                self.spare.orders.close()
                self.spare = None
                self.keeps_spare = status == 0  # one that fails would fail again
            if ours and status != 0:
                keep = {*self.wardens, *([self.spare.pid] if self.spare else [])}
                processes.end_descendants(spare=frozenset(keep))
                box.clean_up_after(pid)

    def _status(self, level: str) -> dict[str, object]:
        return {
            "pid": os.getpid(),
            "uptime_s": round(time.time() - self.started, 1),
            "served": self.served,
            "running": len(self.wardens),
            "versions": preload.versions(),
            "memory_mb": round(processes.memory(os.getpid()) / 2**20),
            "idle_s": self.idle_s,
            "level": level,
            "socket": str(self.path),
            "spare": processes.descendants(self.spare.pid) if self.spare else [],
        }

    def _place_is_ours(self) -> bool:
        """Whether clients can still find us; somebody may have cleaned the directory up."""
        try:
            return os.fstat(self.listener.fileno()) is not None and self.path.is_socket()
        except OSError:
            return False

    def _start_again(self) -> NoReturn:
        """Become a fresh process with one thread; the listener and its queue of clients stay open."""
        os.set_inheritable(self.listener.fileno(), True)
        os.set_inheritable(self.lock, True)
        os.environ[_INHERITED_LISTENER] = str(self.listener.fileno())
        os.environ[_INHERITED_LOCK] = str(self.lock)
        os.execv(sys.executable, [sys.executable, "-P", "-m", "drill.judge.server"])

    def _leave(self) -> None:
        """Stop listening; checks that are running go on to their end without us."""
        with suppress(OSError):
            self.path.unlink()
        self.listener.close()
        if self.spare:
            self.spare.orders.close()


def _peek(connection: socket.socket) -> dict[str, Any]:
    """The head of a request, left where it is; empty where it does not come at once.

    Exactly the head: the job behind it must not be in the memory of a process that others are forked from.
    """
    connection.settimeout(_HEAD_S)
    with suppress(OSError, ValueError):
        size = int.from_bytes(connection.recv(4, _PEEK), "big")
        if size < 1 << 16:
            data = connection.recv(4 + size, _PEEK)
            head: dict[str, Any] = json.loads(data[4:])
            return head
    return {}


def _same_user(connection: socket.socket) -> bool:
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the directory is closed to others
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return bool(struct.unpack("3i", data)[1] == os.getuid())


def listen(directory: Path) -> tuple[socket.socket, Path, int] | None:
    """Take a place for as long as this process lives; None where another server has it."""
    path = place.socket_path(directory)
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    listener = socket.socket(socket.AF_UNIX)
    try:
        path.unlink(missing_ok=True)  # of a server that was killed; we hold its lock now
        before = os.umask(0o077)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(64)
    except OSError:
        listener.close()
        os.close(lock)
        raise
    return listener, path, lock


def _idle_s() -> float:
    try:
        return float(os.environ.get("DRILL_JUDGE_IDLE_S", DEFAULT_IDLE_S))
    except ValueError:
        return DEFAULT_IDLE_S


def main() -> int:
    """Serve until idle. Exit status 0: done; 1: another server is there; 2: no place for a socket."""
    inherited = os.environ.pop(_INHERITED_LISTENER, "")
    if inherited:
        listener = socket.socket(fileno=int(inherited))
        lock = int(os.environ.pop(_INHERITED_LOCK))
        Server(listener, Path(listener.getsockname()), lock, _idle_s()).run()
        return 0
    for directory in place.directories():
        try:
            taken = listen(directory)
        except OSError:
            continue  # a file system without sockets, or a full one
        if taken is None:
            return 1
        Server(*taken, _idle_s()).run()
        return 0
    return 2


if __name__ == "__main__":
    sys.exit(main())
