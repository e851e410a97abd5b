"""Which parts of the machine a submission may read: the interpreter, its packages and system libraries."""

import os
import site
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_SYSTEM = (
    "/usr", "/lib", "/lib64", "/bin", "/nix/store", "/etc/ld.so.cache", "/etc/localtime",
    "/sys/devices/system/cpu", "/sys/devices/system/node",
)  # fmt: skip
_FOR_COMPILERS = ("/etc/alternatives", "/etc/ld.so.conf", "/etc/ld.so.conf.d")
_FOR_CUDA = (
    "/sys/bus/pci", "/sys/devices", "/sys/module/nvidia", "/proc/driver/nvidia",
    "/proc/sys/vm/mmap_min_addr",
)  # fmt: skip
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

PROC = (
    "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems", "/proc/loadavg",
    "/proc/sys/vm/overcommit_memory",
)  # fmt: skip


@cache
def trees(*, compiles: bool = False, cuda: bool = False) -> tuple[str, ...]:
    """What may be read, outer directories before what lies inside them."""
    found = {*_SYSTEM, sys.prefix, sys.base_prefix, sys.exec_prefix, *site.getsitepackages()}
    if site.ENABLE_USER_SITE:
        found.add(site.getusersitepackages())
    torch = find_spec("torch")
    if torch and torch.origin:
        found.add(str(Path(torch.origin).parent.parent))
    if compiles:
        found.update(_FOR_COMPILERS)
    if cuda:
        found.update(_FOR_CUDA)
    outer: list[str] = []
    for path in sorted(str(Path(path).absolute()) for path in found if os.path.lexists(path)):
        if not any(path.startswith(above + "/") for above in outer if not Path(above).is_symlink()):
            outer.append(path)
    return tuple(outer)


@cache
def hidden() -> tuple[str, ...]:
    """Drill itself, whose folder holds the built-in challenges and their solutions once it is installed.

    Every drill on the path: an editable install may lie beside the folder that its build left behind.
    """
    own = Path(__file__).resolve().parents[2]
    places = {own, *(Path(entry or ".").resolve() / own.name for entry in sys.path)}
    return tuple(sorted(str(place) for place in places if place.is_dir()))


def devices(*, cuda: bool = False) -> tuple[str, ...]:
    """The device files that computing needs."""
    if not cuda:
        return _DEVICES
    # dxg is the GPU under WSL; nvidia-caps is a directory, for GPUs cut into parts
    nvidia = sorted(str(path) for path in Path("/dev").glob("nvidia*") if path.is_char_device())
    return (*_DEVICES, *nvidia, "/dev/dxg")


def without(tree: str, excluded: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split a tree around what must not be read: paths to grant whole, and directories only to list.

    For Landlock, which can allow a directory but not except a part of it.
    """
    inside = tuple(path for path in excluded if path == tree or path.startswith(tree + "/"))
    if not inside:
        return (tree,), ()
    if tree in inside:
        return (), ()
    whole: list[str] = []
    listed = [tree]
    with os.scandir(tree) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_symlink():
                continue  # lib64 -> lib would grant what is left out here; targets are granted as themselves
            more_whole, more_listed = without(entry.path, inside)
            whole += more_whole
            listed += more_listed
    return tuple(whole), tuple(listed)
