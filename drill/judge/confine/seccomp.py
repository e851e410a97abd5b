"""The seccomp filter: system calls that a submission has no use for and an attack has.

A list of what is refused rather than of what is allowed: torch, CUDA and Python's libraries make some
two hundred different calls, and a missing one would fail an honest submission in ways nobody can read.
Calls newer than this table are refused as unknown, so a new kernel adds no way out.
"""

import ctypes
import errno
import struct
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from drill.judge.confine import system

Instruction: TypeAlias = tuple[int, int, int, int]

# name: (x86_64, aarch64); None where the architecture never had it
# fmt: off
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424),
    # mounts and namespaces
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "move_mount": (429, 429),
    "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442), "chroot": (161, 51), "setns": (308, 268),
    "unshare": (272, 97),
    # large attack surface
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "vmsplice": (278, 75), "memfd_secret": (447, 447), "modify_ldt": (154, None),
    "seccomp": (317, 277),
    # keyrings
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    # the machine
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "create_module": (174, None), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "sethostname": (170, 161),
    "setdomainname": (171, 162), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "adjtimex": (159, 171), "acct": (163, 89), "quotactl": (179, 60),
    "quotactl_fd": (443, 443), "nfsservctl": (180, 42), "lookup_dcookie": (212, 18),
    "syslog": (103, 116), "iopl": (172, None), "ioperm": (173, None), "vhangup": (153, 58),
    "uselib": (134, None), "ustat": (136, None), "sysfs": (139, None), "_sysctl": (156, None),
    "personality": (135, 92), "ioprio_set": (251, 30),
    # files by another way
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263), "mknod": (133, None), "mknodat": (259, 33), "setxattr": (188, 5),
    "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    # identity
    "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143),
    "setresuid": (117, 147), "setresgid": (119, 149), "setgroups": (116, 159),
    "setfsuid": (122, 151), "setfsgid": (123, 152), "capset": (126, 91),
    # memory that outlives its process
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "msgget": (68, 186),
    "msgsnd": (69, 189), "msgrcv": (70, 188), "semget": (64, 190), "semop": (65, 193),
    "semctl": (66, 191), "semtimedop": (220, 192), "mq_open": (240, 180), "mq_unlink": (241, 181),
    "migrate_pages": (256, 238), "move_pages": (279, 239), "set_mempolicy_home_node": (450, 450),
}
_EXEC = {"execve": (59, 221), "execveat": (322, 281), "memfd_create": (319, 279)}
# Landlock does not watch these, and they reach every file that the user owns.
_ATTRIBUTES: dict[str, tuple[int | None, int | None]] = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None),
    "utimes": (235, None), "utimensat": (280, 88), "futimesat": (261, None),
}
_CLONE, _CLONE3 = (56, 220), (435, 435)
_SOCKET, _SOCKETPAIR, _CONNECT = (41, 198), (53, 199), (42, 203)
_PRLIMIT, _IOCTL, _PRCTL = (302, 261), (16, 29), (157, 167)
_KILL, _TKILL, _TGKILL = (62, 129), (200, 130), (234, 131)
_QUEUE_SIGNAL = {"rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240)}
# fmt: on
_FIRST_UNKNOWN = 451

_COLUMN = {"x86_64": 0, "aarch64": 1}
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000

_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_PRETEND = _ERRNO  # error number 0: the call does nothing and reports success
_ANY_NAMESPACE = 0x7E020080
_CLONE_PARENT = 0x8000
_AF_UNIX, _SOCK_SEQPACKET, _SOCKET_KIND = 1, 5, 0xF
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_SET_ID_BITS = 0o6000
_PR_SET_MM, _PR_SET_PTRACER = 35, 0x59616D61

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_OFFSET_NUMBER, _OFFSET_ARCH, _OFFSET_ARGUMENTS = 0, 4, 16


@dataclass(frozen=True, slots=True)
class Policy:
    """What differs between levels and challenges."""

    exec: bool = False
    unix_sockets: bool = False  # only where a network namespace keeps them inside
    driver_sockets: bool = False  # CUDA cannot start without one, that it names and never connects
    attributes: bool = False  # chmod and its kin; only where the root is private
    signals_only_to: int = (
        0  # this process alone, where neither a namespace nor Landlock scopes them
    )


def available() -> bool:
    """Whether the kernel would take a filter."""
    if not system.LINUX or system.ARCHITECTURE not in _COLUMN:
        return False
    try:
        system.prctl(system.PR_GET_SECCOMP)
    except OSError:
        return False
    return True


def install(policy: Policy) -> None:
    """Apply the filter to this thread and all it will start."""
    program = _assembled(policy)
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    system.prctl(system.PR_SET_NO_NEW_PRIVS, 1)
    mode_filter = ctypes.c_ulong(2)
    if system.libc().prctl(system.PR_SET_SECCOMP, mode_filter, ctypes.c_char_p(header), 0, 0) < 0:
        raise system.failure("seccomp")


@cache
def _assembled(policy: Policy) -> bytes:
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program(policy))


def program(policy: Policy, architecture: str = system.ARCHITECTURE) -> list[Instruction]:
    """The filter as BPF instructions."""
    column = _COLUMN[architecture]
    code: list[Instruction] = [
        (_LOAD, 0, 0, _OFFSET_ARCH),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARCH[architecture]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _OFFSET_NUMBER),
        (_JUMP_AT_LEAST, 0, 1, _X32_BIT if architecture == "x86_64" else _FIRST_UNKNOWN),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
        (_JUMP_AT_LEAST, 0, 1, _FIRST_UNKNOWN),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
    ]

    def on(call: tuple[int | None, int | None], body: list[Instruction]) -> None:
        """Run `body`, which always returns, for one call."""
        number = call[column]
        if number is not None:
            code.extend([(_JUMP_EQUAL, 0, len(body), number), *body])

    refused = dict(_REFUSED)
    if not policy.exec:
        refused |= _EXEC
    if not policy.attributes:
        refused |= _ATTRIBUTES
    for call in refused.values():
        on(call, [_refuse(errno.EPERM)])

    # The flags of clone3 lie behind a pointer; glibc falls back to clone on ENOSYS.
    on(_CLONE3, [_refuse(errno.ENOSYS)])
    on(_CLONE, [_argument(0), (_AND, 0, 0, _ANY_NAMESPACE | _CLONE_PARENT), *_only(0)])
    if policy.unix_sockets:
        on(_SOCKET, [_argument(0), *_only(_AF_UNIX)])
    elif policy.driver_sockets:
        on(_SOCKET, _driver_socket())
        on(_CONNECT, [_refuse(errno.ENOENT)])
    else:
        on(_SOCKET, [_refuse(errno.EACCES)])
    on(_SOCKETPAIR, [_argument(0), *_only(_AF_UNIX)])
    on(_PRLIMIT, [_argument(0), *_only(0)])
    on(_IOCTL, [_argument(1), *_never(_TIOCSTI, _TIOCLINUX)])
    on(_PRCTL, _prctl_body())
    if policy.attributes:
        for name, position in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2)):
            on(_ATTRIBUTES[name], [_argument(position), (_AND, 0, 0, _SET_ID_BITS), *_only(0)])
    if policy.signals_only_to:
        for call in (_KILL, _TGKILL):
            on(call, [_argument(0), *_only(policy.signals_only_to)])
        for call in (_TKILL, *_QUEUE_SIGNAL.values()):
            on(call, [_refuse(errno.EPERM)])
    code.append((_RETURN, 0, 0, _ALLOW))
    return code


def _refuse(error: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | error)


def _argument(position: int) -> Instruction:
    """Load the low half of an argument; every one that is looked at here is an int in C."""
    return (_LOAD, 0, 0, _OFFSET_ARGUMENTS + 8 * position)


def _only(value: int) -> list[Instruction]:
    return [(_JUMP_EQUAL, 0, 1, value), (_RETURN, 0, 0, _ALLOW), _refuse(errno.EPERM)]


def _never(*values: int) -> list[Instruction]:
    body: list[Instruction] = []
    for value in values:
        body += [(_JUMP_EQUAL, 0, 1, value), _refuse(errno.EPERM)]
    return [*body, (_RETURN, 0, 0, _ALLOW)]


def _driver_socket() -> list[Instruction]:
    """Only a Unix socket that must be connected before it can send."""
    return [
        _argument(0),
        (_JUMP_EQUAL, 1, 0, _AF_UNIX),
        _refuse(errno.EACCES),
        _argument(1),
        (_AND, 0, 0, _SOCKET_KIND),
        *_only(_SOCK_SEQPACKET),
    ]


def _prctl_body() -> list[Instruction]:
    """The death signal and the undumpable state stay; torch.multiprocessing may ask and is told yes."""
    return [
        _argument(0),
        (_JUMP_EQUAL, 0, 1, system.PR_SET_PDEATHSIG),
        (_RETURN, 0, 0, _PRETEND),
        *_never(
            system.PR_SET_DUMPABLE, system.PR_SET_SECCOMP, system.PR_SET_CHILD_SUBREAPER,
            _PR_SET_MM, _PR_SET_PTRACER,
        ),
    ]  # fmt: skip
