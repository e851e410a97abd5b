"""Where a server listens, and which code it must be running. Standard library only: every check asks this first."""

import hashlib
import os
import stat
import sys
from importlib.util import find_spec
from pathlib import Path

from drill import __version__, paths

_PACKAGE = Path(__file__).resolve().parents[1]
_LONGEST_SOCKET_PATH = 100  # sun_path has 104 bytes on macOS, 108 on Linux


def fingerprint() -> str:
    """Changes with the version of drill, Python or torch, and with every edit of drill's own sources."""
    digest = hashlib.sha256(f"{__version__} {sys.version} {sys.prefix}".encode())
    files = [*sorted(_PACKAGE.glob("*.py")), *sorted((_PACKAGE / "judge").rglob("*.py"))]
    torch = find_spec("torch")
    if torch and torch.origin:
        files.append(Path(torch.origin).with_name("version.py"))
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue  # an editor may be replacing it just now
        digest.update(f"{file} {status.st_mtime_ns} {status.st_size}\n".encode())
    return digest.hexdigest()[:32]


def environment_key() -> str:
    """Tells the servers of two installations apart: each has its own socket."""
    parts = [str(_PACKAGE), sys.prefix]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def directories() -> list[Path]:
    """Where a socket may be, the preferred place first; each exists, and only this user may enter it."""
    candidates = [paths.runtime_dir()]
    if not (os.environ.get("DRILL_RUNTIME_DIR") or os.environ.get("DRILL_HOME")):
        candidates.append(Path(_short_temporary()) / f"drill-{os.getuid()}")  # nobody named a place
    return [directory for directory in candidates if _usable(directory)]


def _short_temporary() -> str:
    return os.environ.get("XDG_RUNTIME_DIR") or "/tmp"


def _usable(directory: Path) -> bool:
    if len(os.fsencode(directory)) + len("/judge-0123456789ab.sock") > _LONGEST_SOCKET_PATH:
        return False
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
            return False
        if stat.S_IMODE(status.st_mode) != 0o700:
            directory.chmod(0o700)
    except OSError:
        return False
    return os.access(directory, os.W_OK)


def socket_path(directory: Path) -> Path:
    return directory / f"judge-{environment_key()}.sock"
