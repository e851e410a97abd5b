"""Resource limits, descriptors and the environment: what every POSIX system can do."""

import os
import random
import resource
import sys
import time
from pathlib import Path

from drill.challenge import Limits

OPEN_FILES = 512
_CHANNEL_DESCRIPTORS = range(64, 250)


def apply(limits: Limits, *, count_memory: bool) -> None:
    """Set what the kernel enforces by itself; the warden watches the rest from outside.

    `count_memory` is off for CUDA, which reserves far more address space than it uses.
    """
    megabyte = 1 << 20
    no_core()
    used = time.process_time()
    _limit(resource.RLIMIT_CPU, int(used + limits.cpu_s) + 1, beyond=1)
    _limit(resource.RLIMIT_FSIZE, limits.file_mb * megabyte)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_STACK, 8 * megabyte)
    _limit(resource.RLIMIT_MEMLOCK, 64 * megabyte)
    if sys.platform == "linux":
        _limit(resource.RLIMIT_MSGQUEUE, 0)
        _limit(resource.RLIMIT_NPROC, _tasks_now() + limits.processes + limits.threads)
        if count_memory:
            _limit(resource.RLIMIT_DATA, _data_now() + limits.memory_mb * megabyte)


def no_core() -> None:
    # 1 and not 0: the kernel then starts no crash handler either, and a file of one byte is no core.
    _limit(resource.RLIMIT_CORE, 1)


def _limit(kind: int, value: int, beyond: int = 0) -> None:
    hard = resource.getrlimit(kind)[1]
    ceiling = value + beyond if hard == resource.RLIM_INFINITY else min(value + beyond, hard)
    resource.setrlimit(kind, (min(value, ceiling), ceiling))


def _data_now() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0


def _tasks_now() -> int:
    """Every task on the machine: an upper bound of the user's own, at the price of one read."""
    try:
        return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
    except (OSError, ValueError, IndexError):
        return 4096


def environment(scratch: str) -> dict[str, str]:
    """All that a submission finds in os.environ."""
    kept = {
        name: os.environ[name]
        for name in ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")
        if name in os.environ
    }
    return kept | {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": scratch,
        "TMPDIR": scratch,
        "USER": "drill",
        "LOGNAME": "drill",  # getpass.getuser, which torch's caches ask, needs no password file then
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # whatever else is installed has no part in a verdict
        "TORCHINDUCTOR_CACHE_DIR": f"{scratch}/inductor",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # without it cuBLAS may add in another order each time
    }


def arrange_descriptors(output: int, *channels: int) -> list[int]:
    """Leave open: nothing on 0, `output` on 1 and 2, and the channels at numbers nobody can guess.

    Returns those numbers.
    """
    nothing = os.open(os.devnull, os.O_RDONLY)
    taken = {nothing, output, *channels}
    free = [number for number in _CHANNEL_DESCRIPTORS if number not in taken]
    secret = random.SystemRandom().sample(free, len(channels))
    for channel, number in zip(channels, secret, strict=True):
        os.dup2(channel, number, inheritable=False)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    close_all_but({0, 1, 2, *secret})
    return secret


def close_all_but(kept: set[int]) -> None:
    """Close every descriptor that is not in `kept`."""
    begin = 0
    for number in (*sorted(kept), max(_highest_descriptor(), *kept) + 1):
        if begin < number:  # CPython closes everything where the range is empty
            os.closerange(begin, number)
        begin = number + 1


def _highest_descriptor() -> int:
    for directory in ("/proc/self/fd", "/dev/fd"):
        try:
            return max(int(path.name) for path in Path(directory).iterdir())
        except (OSError, ValueError):
            continue
    return 4096
