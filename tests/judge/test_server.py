"""The server through kills, stale sockets, odd surroundings and many clients."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from drill.judge import client, place, processes
from drill.report import Verdict

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def own_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime directory, and so a server, of this test's own."""
    directory = Path(tempfile.mkdtemp(prefix="drill-server-"))
    monkeypatch.setenv("DRILL_RUNTIME_DIR", str(directory))
    (directory / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(directory / "tmp"))
    # Nothing in advance, so that a process of the server's is a check's; the spare has its own tests.
    monkeypatch.setenv("DRILL_JUDGE_SPARE", "0")
    yield directory
    client.stop()
    shutil.rmtree(directory, ignore_errors=True)


def wait_for(condition: Callable[[], object], seconds: float = 10, every: float = 0.02) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(every)
    return False


def spare_is_ready() -> bool:
    """Asked now and then only: a spare is made when nobody has asked for a while."""
    return wait_for(lambda: len(client.status().spare) == 2, 60, every=2)


def server_pid() -> int:
    status = client.status()
    assert status is not None
    return status.pid


def open_files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_status_tells_and_stop_ends(make_job, own_server):
    assert client.status() is None
    client.grade(make_job())
    status = client.status()
    assert status.served >= 1
    assert status.versions["torch"]
    assert client.stop()
    assert wait_for(lambda: not alive(status.pid))
    assert client.status() is None
    assert not client.stop()


def test_waking_returns_at_once(own_server):
    began = time.monotonic()
    client.wake()
    assert time.monotonic() - began < 1
    assert wait_for(client.status, 60)


def test_it_ends_when_idle(make_job, own_server, monkeypatch):
    monkeypatch.setenv("DRILL_JUDGE_IDLE_S", "1")
    client.grade(make_job())
    pid = server_pid()
    assert wait_for(lambda: not alive(pid))
    assert client.grade(make_job()).verdict is Verdict.ACCEPTED


def test_eight_clients_at_once(make_job):
    with ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(client.grade, [make_job(wall_s=60) for _ in range(8)]))
    assert {report.verdict for report in reports} == {Verdict.ACCEPTED}


def test_a_killed_server_costs_no_check(make_job, own_server):
    client.grade(make_job())
    pid = server_pid()
    seen = threading.Event()
    killer = threading.Thread(target=lambda: (seen.wait(30), os.kill(pid, signal.SIGKILL)))
    killer.start()
    report = client.grade(make_job("import time; time.sleep(0.3)"), on_message=lambda _: seen.set())
    killer.join()
    assert report.verdict is Verdict.ACCEPTED
    assert client.grade(make_job()).verdict is Verdict.ACCEPTED
    assert server_pid() != pid


def running_check(make_job, text: str) -> tuple[subprocess.Popen[bytes], int, int]:
    """A client in a process of its own, in the middle of a check; with the warden's and the child's pids."""
    pid = server_pid()
    job = make_job(text, wall_s=30)
    code = (
        "import sys; from drill.judge import client; from drill.judge.protocol import Job; import json;"
        "r = client.grade(Job.from_json(json.loads(sys.stdin.read())),"
        " on_message=lambda m: print(m['event'], flush=True)); print(r.verdict, r.message)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    process.stdin.write(job.to_line())
    process.stdin.close()
    assert process.stdout.readline() == b"confined\n"
    assert process.stdout.readline() == b"collected\n"
    assert wait_for(
        lambda: [
            child for warden in processes.children(pid) for child in processes.children(warden)
        ]
    )
    warden = next(child for child in processes.children(pid) if processes.children(child))
    return process, warden, processes.children(warden)[0]


SPAWNS = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        time.sleep(3600)
time.sleep(3600)
"""


@pytest.mark.parametrize("victim", ["client", "warden", "child"])
def test_a_kill_leaves_no_process(make_job, level, own_server, victim):
    client.grade(make_job())
    pid = server_pid()
    process, warden, child = running_check(make_job, SPAWNS)
    assert wait_for(lambda: len(processes.descendants(warden)) >= 5)
    os.kill({"client": process.pid, "warden": warden, "child": child}[victim], signal.SIGKILL)
    # A client whose warden was killed asks again; this one must not.
    process.kill()
    assert wait_for(
        lambda: not [p for p in processes.descendants(pid) if p != pid and alive(p)], 15
    )
    process.stdout.close()
    process.wait()
    assert client.grade(make_job()).verdict is Verdict.ACCEPTED
    assert server_pid() == pid
    assert wait_for(lambda: not list((own_server / "tmp").glob("drill-judge-*")))


def test_ctrl_c_ends_the_check(make_job, own_server):
    client.grade(make_job())
    pid = server_pid()

    def interrupt(message: dict[str, object]) -> None:
        if message["event"] == "collected":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.grade(make_job("while True: pass", wall_s=60), on_message=interrupt)
    assert wait_for(lambda: processes.descendants(pid) == [pid])


def test_an_edited_drill_replaces_its_server(make_job, own_server, monkeypatch):
    client.grade(make_job())
    pid = server_pid()
    real = place.fingerprint()
    # An older server runs, as this client sees it; the one it starts anew is told the same.
    monkeypatch.setattr(place, "fingerprint", lambda: "edited")
    with client._connect() as connection:
        assert client._ask(connection, "status") == {"event": "stale"}
    assert wait_for(lambda: not alive(pid))
    monkeypatch.setattr(place, "fingerprint", lambda: real)
    assert client.grade(make_job()).verdict is Verdict.ACCEPTED
    assert server_pid() != pid


def test_a_fingerprint_follows_the_sources(tmp_path, monkeypatch):
    package = tmp_path / "drill"
    (package / "judge").mkdir(parents=True)
    source = package / "judge" / "child.py"
    source.write_text("a")
    monkeypatch.setattr(place, "_PACKAGE", package)
    before = place.fingerprint()
    assert before == place.fingerprint()
    source.write_text("ab")
    assert place.fingerprint() != before


def test_two_installations_have_two_sockets(monkeypatch):
    before = place.environment_key()
    monkeypatch.setattr(sys, "prefix", "/another/environment")
    assert place.environment_key() != before


def test_a_stale_socket_is_no_obstacle(make_job, own_server):
    path = place.socket_path(own_server)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert client.grade(make_job()).warm


def test_no_place_for_a_socket_means_a_cold_check(make_job, own_server, monkeypatch):
    monkeypatch.setattr(place, "directories", list)
    report = client.grade(make_job())
    assert report.verdict is Verdict.ACCEPTED
    assert not report.warm


def test_a_file_system_without_sockets_is_passed_over(make_job, own_server, monkeypatch):
    """The first place takes files but no sockets, the second one does."""
    second = own_server / "second"
    second.mkdir(mode=0o700)
    refusing = Path("/dev/fd") if sys.platform == "darwin" else Path("/proc/self")
    monkeypatch.setattr(place, "directories", lambda: [refusing, second])
    assert client._connect() is None
    from drill.judge import server

    with pytest.raises((PermissionError, FileNotFoundError)):
        server.listen(refusing)
    taken = server.listen(second)
    assert taken is not None
    taken[0].close()
    os.close(taken[2])


@pytest.mark.parametrize(
    "surroundings",
    [
        pytest.param({"LC_ALL": "C", "LANG": "C"}, id="locale C"),
        pytest.param({"HOME": "relative/home", "DRILL_HOME": ""}, id="relative HOME"),
        pytest.param({"TMPDIR": "/nonexistent"}, id="no TMPDIR"),
        pytest.param({"PYTHONPATH": "/nonexistent:/tmp"}, id="PYTHONPATH"),
        pytest.param(
            {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "error"}, id="warnings are errors"
        ),
    ],
)
def test_odd_surroundings(make_job, own_server, monkeypatch, tmp_path, surroundings):
    monkeypatch.chdir(tmp_path)
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    report = client.grade(make_job("print('é')"))
    assert report.verdict is Verdict.ACCEPTED
    assert report.output == "é\n"


def test_a_path_with_spaces_and_accents(make_job, own_server, monkeypatch):
    directory = own_server / "a path é"
    monkeypatch.setenv("DRILL_RUNTIME_DIR", str(directory))
    assert client.grade(make_job()).warm
    client.stop()


def test_a_clock_that_jumps_changes_no_limit(make_job, own_server, monkeypatch):
    """Limits are measured on a clock that cannot be set."""
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert client.grade(make_job()).verdict is Verdict.ACCEPTED
    sources = "".join(path.read_text() for path in (ROOT / "drill" / "judge").glob("*.py"))
    assert "time.time() >" not in sources


def test_the_server_survives_nonsense(make_job, own_server):
    client.grade(make_job())
    pid = server_pid()
    for data in (
        b"",
        b"\0\0\0\5hello",
        b"\xff" * 100,
        b"\0\0\0\2{}",
        json.dumps({"request": "check"}).encode(),
    ):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(place.socket_path(own_server)))
            connection.sendall(data)
    assert client.grade(make_job()).verdict is Verdict.ACCEPTED
    assert server_pid() == pid


def test_the_socket_is_for_its_owner_only(make_job, own_server):
    client.grade(make_job())
    assert place.socket_path(own_server).stat().st_mode & 0o077 == 0
    assert own_server.stat().st_mode & 0o077 == 0


def test_secrets_do_not_reach_the_server(make_job, own_server, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    client.grade(make_job())
    assert b"s3cret" not in Path(f"/proc/{server_pid()}/environ").read_bytes()


def test_hundreds_of_checks_leave_nothing(make_job, own_server):
    client.grade(make_job())
    client.grade(make_job())
    pid = server_pid()
    memory, descriptors = processes.memory(pid), open_files(pid)
    for _ in range(500):
        assert client.grade(make_job()).verdict is Verdict.ACCEPTED
    assert server_pid() == pid
    assert processes.memory(pid) - memory < 2 << 20
    assert open_files(pid) == descriptors
    assert wait_for(lambda: processes.descendants(pid) == [pid])


def test_threads_in_the_server_make_it_start_again(own_server):
    """What forks must have one thread; a server that has more becomes a fresh process, and clients wait."""
    code = (
        "import threading, time; from drill.judge import server;"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); server.main()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    assert wait_for(client.status, 60)
    status = client.status()
    assert status.pid == process.pid, "the same process, started again in place"
    assert Path(f"/proc/{process.pid}/cmdline").read_bytes().endswith(b"drill.judge.server\0")
    client.stop()
    process.wait(10)


@pytest.fixture
def spare(make_job, own_server, monkeypatch) -> tuple[int, ...]:
    """The processes that wait for the next check: a warden and its child."""
    monkeypatch.setenv("DRILL_JUDGE_SPARE", "1")
    client.grade(make_job())
    assert spare_is_ready()
    return client.status().spare


def test_a_check_is_prepared_in_advance_and_used(make_job, level, spare):
    milliseconds = {}
    report = client.grade(
        make_job(), on_message=lambda m: milliseconds.update(m.get("milliseconds", {}))
    )
    assert report.verdict is Verdict.ACCEPTED
    assert report.sandbox == level
    assert ("fork" not in milliseconds) == (level == "full"), "another level is made on demand"
    assert spare_is_ready()
    assert (client.status().spare != spare) == (level == "full")


@pytest.mark.parametrize("limits", [{"exec": True}, {"memory_mb": 4096}, {"file_mb": 200}], ids=str)
def test_other_limits_are_confined_on_demand(make_job, spare, limits):
    milliseconds = {}
    report = client.grade(
        make_job(**limits), on_message=lambda m: milliseconds.update(m.get("milliseconds", {}))
    )
    assert report.verdict is Verdict.ACCEPTED
    assert "fork" in milliseconds


def test_limits_hold_in_a_prepared_check(make_job, spare):
    assert client.grade(make_job("while True: pass", wall_s=0.5)).verdict is Verdict.TIME_LIMIT
    assert spare_is_ready()
    hoard = "import torch\nx = [torch.ones(1 << 22) for _ in range(1000)]"
    assert client.grade(make_job(hoard)).verdict is Verdict.MEMORY_LIMIT


@pytest.mark.parametrize("victim", [0, 1], ids=["warden", "child"])
def test_a_killed_spare_costs_no_check(make_job, spare, victim):
    os.kill(spare[victim], signal.SIGKILL)
    assert client.grade(make_job()).verdict is Verdict.ACCEPTED
    assert client.grade(make_job()).verdict is Verdict.ACCEPTED
    assert wait_for(lambda: not alive(spare[0]) and not alive(spare[1]))


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_the_spare_ends_with_the_server(spare, ending):
    os.kill(server_pid(), ending)
    assert wait_for(lambda: not any(alive(pid) for pid in spare))
