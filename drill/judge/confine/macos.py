"""The sandbox of macOS: a profile that the process applies to itself. Part of the level `basic`."""

import ctypes
import ctypes.util
import sys
from collections.abc import Iterable

_NAME = "sandbox profile"


def profile(scratch: str, trees: Iterable[str]) -> str:
    """A profile in Apple's language: read what Python needs, write in `scratch`, reach no network."""
    readable = "\n".join(f'  (subpath "{_quoted(tree)}")' for tree in trees)
    return f"""(version 1)
(deny default)
(allow process-fork)
(allow sysctl-read mach-lookup ipc-posix-shm* ipc-posix-sem*)
(allow signal (target same-sandbox))
(allow file-read-metadata)
(allow file-read*
{readable}
  (subpath "/System") (subpath "/Library") (subpath "/private/var/db/dyld") (subpath "/opt")
  (literal "/dev/null") (literal "/dev/zero") (literal "/dev/random") (literal "/dev/urandom"))
(allow file-write-data (literal "/dev/null"))
(allow file-read* file-write* (subpath "{_quoted(scratch)}"))
(allow network* (local unix-socket (subpath "{_quoted(scratch)}")))
(deny process-exec*)
"""


def _quoted(path: str) -> str:
    return path.replace("\\", "\\\\").replace('"', '\\"')


def restrict(scratch: str, trees: Iterable[str]) -> tuple[str, ...]:
    """Apply the profile to this process; returns what is missing."""
    library = _library()
    if library is None:
        return (_NAME,)
    message = ctypes.c_char_p()
    text = profile(scratch, trees).encode()
    if library.sandbox_init(text, ctypes.c_uint64(0), ctypes.byref(message)) != 0:
        return (_NAME,)
    return ()


def _library() -> ctypes.CDLL | None:
    if sys.platform != "darwin":
        return None
    name = ctypes.util.find_library("sandbox")
    return ctypes.CDLL(name) if name else None


def layer_is_available() -> bool:
    library = _library()
    return library is not None and hasattr(library, "sandbox_init")
