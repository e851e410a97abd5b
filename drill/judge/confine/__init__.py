"""Confinement of the judged process: which layers this machine has, and applying them to oneself.

Three levels. `full`: namespaces, so that the submission sees a root, a process tree and a network of
its own. `strict`: Landlock and seccomp without namespaces. `basic`: limits only, and on macOS a
sandbox profile. Everything works as an ordinary user, with no system package.
"""

import os
import platform
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from drill.challenge import Limits
from drill.judge.confine import (
    cgroup,
    landlock,
    limits,
    macos,
    namespaces,
    seccomp,
    sharing,
    system,
    visible,
)
from drill.judge.confine.landlock import Allowed

FULL, STRICT, BASIC = "full", "strict", "basic"
LEVELS = (FULL, STRICT, BASIC)  # the strongest first

PRIVATE_SCRATCH = "/tmp/work"


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the confinement on this machine."""

    name: str
    available: bool
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one judged process is to be confined."""

    level: str
    limits: Limits
    device: str
    scratch: str
    group: str = ""  # the cgroup that counts its memory, where one can be had

    @property
    def compiles(self) -> bool:
        return self.limits.exec

    @property
    def cuda(self) -> bool:
        return self.device.startswith(("cuda", "auto"))


def layers() -> tuple[Layer, ...]:
    """Try every layer for real, each in a process that is thrown away."""
    if sys.platform == "darwin":
        return (_macos_layer(),)
    return (_namespaces_layer(), _landlock_layer(), _seccomp_layer(), _cgroup_layer())


def level(found: tuple[Layer, ...] | None = None) -> str:
    """The strongest level that these layers (by default this machine's) carry."""
    have = {layer.name for layer in (layers() if found is None else found) if layer.available}
    if {"namespaces", "seccomp"} <= have:
        return FULL
    return STRICT if {"landlock", "seccomp"} <= have else BASIC


def at_least(reached: str, demanded: str) -> bool:
    return LEVELS.index(reached) <= LEVELS.index(demanded)


def _namespaces_layer() -> Layer:
    problem = _attempt(_try_namespaces)
    if not problem:
        return Layer("namespaces", True, "user, process, mount, network, IPC and host name")
    return Layer(
        "namespaces", False, problem,
        "let ordinary users create them: sysctl kernel.unprivileged_userns_clone=1 (Debian) or "
        "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu); in Docker, --security-opt seccomp=unconfined",
    )  # fmt: skip


def _macos_layer() -> Layer:
    if macos.layer_is_available():
        return Layer("sandbox profile", True, "applied by sandbox_init")
    return Layer("sandbox profile", False, "sandbox_init is not in this system's library")


def _try_namespaces() -> None:
    namespaces.enter()
    pid = os.fork()
    if pid == 0:
        namespaces.take_private_root(_private_root(Plan(FULL, Limits(), "cpu", PRIVATE_SCRATCH)))
        namespaces.drop_capabilities()
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        raise OSError("a user namespace can be entered, but nothing mounted in it")


def _landlock_layer() -> Layer:
    abi = landlock.version()
    problem = _attempt(lambda: landlock.restrict([])) if abi else "this kernel has none"
    if problem:
        return Layer(
            "landlock", False, problem, "Linux 5.13 or later, with landlock in the lsm= list"
        )
    lacks = [
        what
        for since, what in (
            (4, "TCP (Linux 6.7)"),
            (6, "signals and abstract sockets (Linux 6.12)"),
        )
        if abi < since
    ]
    detail = f"version {abi}" + (f", without {' and '.join(lacks)}" if lacks else "")
    return Layer("landlock", True, detail)


def _seccomp_layer() -> Layer:
    if system.ARCHITECTURE not in ("x86_64", "aarch64"):
        return Layer("seccomp", False, f"no filter is written for {platform.machine()}")
    problem = (
        _attempt(lambda: seccomp.install(seccomp.Policy()))
        if seccomp.available()
        else "not in this kernel"
    )
    if problem:
        return Layer("seccomp", False, problem, "a kernel built with CONFIG_SECCOMP_FILTER")
    return Layer("seccomp", True, f"{len(seccomp.program(seccomp.Policy()))} instructions")


def _cgroup_layer() -> Layer:
    place = cgroup.available()
    if place:
        return Layer("cgroup", True, f"memory is counted by the kernel, in {place}")
    return Layer(
        "cgroup", False, "none is delegated to you, so memory is watched from outside, every 25 ms",
        "work in a shell of a systemd user session: systemd-run --user --scope bash",
    )  # fmt: skip


def _attempt(action: Callable[[], None]) -> str:
    """Run `action` in a process of its own; returns its complaint, "" where it worked."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        complaint = ""
        try:
            action()
        except (
            BaseException
        ) as error:  # whatever it is, it must not go on in this copy of the process
            complaint = str(error) or type(error).__name__
        finally:
            os.write(writing, complaint.encode()[:500])
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        complaint = pipe.read().decode(errors="replace")
    status = os.waitpid(pid, 0)[1]
    return complaint or ("" if os.WIFEXITED(status) else f"killed by signal {os.WTERMSIG(status)}")


class Clock:
    """Notes how long each layer took, for the benchmark's table."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.marks: dict[str, float] = {}

    def mark(self, name: str) -> None:
        now = time.perf_counter()
        self.marks[name] = round((now - self._last) * 1000, 3)
        self._last = now


def enter(plan: Plan, clock: Clock) -> tuple[str, ...]:
    """Confine this process, which has one thread and its final descriptors; returns what is missing.

    Raises OSError where a layer that the level stands on cannot be applied.
    """
    system.die_with_parent(signal.SIGKILL)
    cgroup.join(plan.group)  # while /sys can be seen
    missing: list[str] = []
    if plan.level == FULL:
        missing += namespaces.take_private_root(_private_root(plan))
        namespaces.drop_capabilities()
        clock.mark("private root")
    os.chdir(plan.scratch)
    variables = limits.environment(plan.scratch)
    os.environ.clear()
    os.environ.update(variables)
    os.umask(0o077)
    if system.LINUX:
        system.prctl(system.PR_SET_DUMPABLE, 0)
    if sys.platform == "darwin":
        missing += macos.restrict(plan.scratch, visible.trees())
    elif plan.level == BASIC:
        missing += ["namespaces", "landlock", "seccomp"]
    else:
        missing += _restrict(plan, clock)
    if plan.level == STRICT:
        sharing.without_sockets(plan.scratch)
    return tuple(missing)


def _restrict(plan: Plan, clock: Clock) -> list[str]:
    missing = ["namespaces"] if plan.level == STRICT else []
    abi = landlock.version()
    if abi:
        landlock.restrict(_allowed(plan))
    elif plan.level == FULL:
        missing.append("landlock")
    clock.mark("landlock")
    private = plan.level == FULL
    seccomp.install(
        seccomp.Policy(
            exec=plan.limits.exec,
            unix_sockets=private,
            driver_sockets=plan.cuda,
            attributes=private,
            signals_only_to=0 if private or abi >= 6 else os.getpid(),
        )
    )
    clock.mark("seccomp")
    return missing


def _private_root(plan: Plan) -> namespaces.Root:
    return namespaces.Root(
        trees=visible.trees(compiles=plan.compiles, cuda=plan.cuda),
        hidden=visible.hidden(),
        devices=visible.devices(cuda=plan.cuda),
        scratch=plan.scratch,
        scratch_mb=4 * plan.limits.file_mb,
        shared_mb=max(plan.limits.memory_mb // 4, 64),
        executable=plan.compiles,
    )


def _allowed(plan: Plan) -> list[Allowed]:
    """The Landlock rules of a level."""
    reading = landlock.EXECUTE if plan.compiles else landlock.READ
    writing = landlock.WRITE | (landlock.EXECUTE if plan.compiles else 0)
    rules = [Allowed(device, landlock.DEVICE) for device in visible.devices(cuda=plan.cuda)]
    if plan.cuda:
        rules.append(Allowed("/proc/self/task", landlock.CHANGE))  # the driver names its threads
    if plan.level == FULL:
        shown = [
            Allowed(tree, reading) for tree in visible.trees(compiles=plan.compiles, cuda=plan.cuda)
        ]
        places = [Allowed(place, writing | landlock.SOCKETS) for place in ("/tmp", "/dev/shm")]
        return [*rules, *shown, *places, Allowed("/proc", landlock.READ)]
    for tree in visible.trees(compiles=plan.compiles, cuda=plan.cuda):
        whole, listed = visible.without(tree, visible.hidden())
        rules += [Allowed(path, reading) for path in whole]
        rules += [Allowed(path, landlock.LIST) for path in listed]
    rules += [Allowed(path, landlock.READ) for path in visible.PROC]
    return [*rules, Allowed(plan.scratch, writing)]
