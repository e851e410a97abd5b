"""Runs attacks against a judge of its own and prints what was seen after each, one JSON object a line.

`python runner.py LEVEL none|process [NAME...]`, as the user that the attacks are to run as. It judges nothing: the
table of what must hold is in table.py.
"""

import json
import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOOD = """
import os, random, sys, time
import numpy, torch

def answer(x):
    return 2 * x + 1

print(sorted(os.environ.items()), os.getcwd(), sorted(os.listdir()), time.tzname)
print(torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled(), sys.path)
print(random.random(), numpy.random.rand(), torch.rand(1), os.umask(0o77), sys.gettrace())
print(hasattr(torch, "planted"), hasattr(sys.modules["drill.checking"], "planted"))
"""
ANSWER = "\n\n\ndef answer(x):\n    return 2 * x + 1\n"


class Surroundings:
    """A home with secrets, services that listen, a victim: everything an attack may want."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="home-", dir="/var/tmp"))
        self.other = Path(tempfile.mkdtemp(prefix="other-", dir="/var/tmp"))
        for path, text in {
            "notes.txt": "private notes",
            ".ssh/id_ed25519": "private key",
            ".netrc": "password",
            ".bashrc": "",
            ".bash_history": "",
            "workspace/submission.py": "def answer(x): ...",
            "drill/data/drill.db": "attempts",
            "drill/config/config.toml": "",
        }.items():
            file = self.home / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        (self.other / "public.txt").write_text("x")
        (self.other / "private.txt").write_text("x")
        (self.other / "private.txt").chmod(0o600)
        for place in ("/tmp/others-file", "/var/tmp/others-file", "/dev/shm/others-segment"):
            Path(place).write_text("another program's")
        os.environ.update(
            HOME=str(self.home),
            DRILL_HOME=str(self.home / "drill"),
            DRILL_RUNTIME_DIR=str(self.home / "drill" / "run"),
            AWS_SECRET_ACCESS_KEY="s3cret",
            GITHUB_TOKEN="s3cret",
        )
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.agent = socket.socket(socket.AF_UNIX)
        self.agent.bind(str(self.home / "agent.sock"))
        self.abstract_name = f"drill-attack-{secrets.token_hex(6)}"  # two runs may share a network
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract.bind("\0" + self.abstract_name)
        for listener in (self.tcp, self.agent, self.abstract):
            listener.listen()
            listener.setblocking(False)
        self.udp.setblocking(False)
        self.victim = subprocess.Popen(["/bin/sleep", "1000"])

    def reached(self) -> list[str]:
        """Which of the services somebody talked to."""
        found = []
        for name, listener in {
            "tcp": self.tcp,
            "agent": self.agent,
            "abstract": self.abstract,
        }.items():
            with suppress(BlockingIOError):
                listener.accept()[0].close()
                found.append(name)
        with suppress(BlockingIOError):
            self.udp.recv(100)
            found.append("udp")
        if self.victim.poll() is not None:
            found.append("victim")
        return found

    def tokens(self, server_pid: int, server_socket: str) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "OTHER": str(self.other),
            "DRILL_HOME": str(self.home / "drill"),
            "RUNTIME": str(self.home / "drill" / "run"),
            "RUNTIME_SOCKET": server_socket,
            "CHECKOUT": str(HERE.parents[1]),
            "SERVER_PID": str(server_pid),
            "RUNNER_PID": str(os.getpid()),
            "VICTIM_PID": str(self.victim.pid),
            "TCP_PORT": str(self.tcp.getsockname()[1]),
            "UDP_PORT": str(self.udp.getsockname()[1]),
            "ABSTRACT": self.abstract_name,
        }


def files() -> dict[str, str]:
    """Every file an attack could have left or changed, with what would show a change."""
    found = {}
    for place in ("/tmp", "/var/tmp", "/dev/shm", os.environ["HOME"]):
        for folder, folders, names in os.walk(place):
            for name in [*folders, *names]:
                path = f"{folder}/{name}"
                with suppress(OSError):
                    status = os.lstat(path)
                    if status.st_uid == os.getuid() and "judge.log" not in path:
                        size = (
                            ""
                            if stat.S_ISDIR(status.st_mode)
                            else f"{status.st_size} {status.st_mtime_ns}"
                        )
                        found[path] = f"{status.st_mode:o} {size}"
    for kind in ("shm", "sem", "msg"):
        with suppress(OSError):
            found[f"System V {kind}"] = Path(f"/proc/sysvipc/{kind}").read_text()
    return found


def processes() -> set[int]:
    """This user's processes; zombies that their parent has yet to collect count too."""
    found = set()
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and _uid(entry) == os.getuid():
                found.add(int(entry.name))
    return found


def _uid(process: Path) -> int:
    for line in (process / "status").read_text().splitlines():
        if line.startswith("Uid:"):
            return int(line.split()[1])
    return -1


def main() -> int:
    level, isolation, wanted = sys.argv[1], sys.argv[2], sys.argv[3:]
    os.environ["DRILL_SANDBOX_MOST"] = level
    surroundings = Surroundings()
    from drill.challenge import Limits
    from drill.judge import client
    from drill.judge.protocol import Job

    limits = Limits(
        wall_s=1.5, cpu_s=5, memory_mb=512, file_mb=16, output_kb=64, processes=16, threads=32
    )
    checks = (
        (HERE / "checks.py").read_text().replace("@TOKEN@", str(secrets.randbelow(10**9)).zfill(9))
    )

    def judge(text: str) -> tuple[dict, float]:
        began = time.monotonic()
        patient = "needs time" in text.partition("\n")[0]
        allowed = replace(limits, wall_s=20) if patient else limits
        job = Job(
            "attacks/attack", text, "submission.py", checks, ("answer",), allowed,
            isolated=isolation == "process",
        )  # fmt: skip
        report = client.grade(job).to_json()
        return report, time.monotonic() - began

    def comparable(report: dict) -> dict:
        report = json.loads(json.dumps(report))
        report["seconds"] = 0
        for check in report["checks"]:
            check["seconds"] = 0
        # each check's scratch directory has a name of its own at the level strict
        report["output"] = report["output"].replace(_scratch(report["output"]), "SCRATCH")
        return report

    judge(GOOD)
    baseline = comparable(judge(GOOD)[0])
    server = client.status()
    assert server is not None
    tokens = surroundings.tokens(server.pid, server.socket)
    own = processes() - set(server.spare)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    for path in sorted((HERE / "submissions").glob("*/*.py")):
        name = f"{path.parent.name}/{path.stem}"
        if wanted and name not in wanted and path.parent.name not in wanted:
            continue
        text = path.read_text()
        for token, value in tokens.items():
            text = text.replace(f"@{token}@", value)
        if "def answer" not in text:
            text += ANSWER
        before = _settled_files()
        report, seconds = judge(text)
        left, changed = _left_behind(own, before)
        good, good_seconds = judge(GOOD)
        now = client.status()
        seen = {
            "name": name,
            "level": report["sandbox"],
            "isolated": report["isolated"],
            "verdict": report["verdict"],
            "message": report["message"],
            "output": report["output"][-2000:],
            "report": json.dumps(report, ensure_ascii=False),
            "checks": [[check["outcome"], check["message"][:300]] for check in report["checks"]],
            "seconds": seconds,
            "good_seconds": good_seconds,
            "processes": left,
            "files": changed,
            "reached": surroundings.reached(),
            "good_is_same": comparable(good) == baseline,
            "good": comparable(good) if comparable(good) != baseline else None,
            "baseline": baseline if comparable(good) != baseline else None,
            "server_is_same": now is not None and now.pid == server.pid,
        }
        print(json.dumps(seen), flush=True)
    surroundings.victim.kill()
    client.stop()
    return 0


def _scratch(output: str) -> str:
    """The scratch directory, from what the good submission printed."""
    return output.partition("('HOME', '")[2].partition("'")[0] or "-"


def _settled_files() -> dict[str, str]:
    """Without the scratch directory of the check before, which is removed after its report is out."""
    until = time.monotonic() + 2
    while any("drill-judge-" in path for path in files()) and time.monotonic() < until:
        time.sleep(0.01)
    return files()


def _left_behind(own: set[int], before: dict[str, str]) -> tuple[list[str], list[str]]:
    """Processes and files that do not go within half a second of the report.

    The judge's own, which wait for the next check, come and go as they should.
    """
    from drill.judge import client

    until = time.monotonic() + 0.5
    staying: set[int] | None = None
    while True:
        new, after = processes() - own, files()
        staying = new if staying is None else staying & new
        changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
        if not (staying or changed):
            return [], []
        if time.monotonic() > until:
            status = client.status()
            staying = (staying & processes()) - set(status.spare if status else ())
            return [f"{pid} {_state(pid)}" for pid in sorted(staying)], changed
        time.sleep(0.01)


def _state(pid: int) -> str:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("State:"):
                return line.split(None, 1)[1]
    return "gone"


if __name__ == "__main__":
    sys.exit(main())
