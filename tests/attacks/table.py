"""What must hold after each attack: which verdicts are right for it, and that it was really tried."""

from dataclasses import dataclass
from pathlib import Path

ACCEPTED, WRONG, ERROR = "accepted", "wrong answer", "error"
TIME, MEMORY, OUTPUT = "time limit", "memory limit", "output limit"
CRASHED, TAMPERED = "crashed", "tampered"


@dataclass(frozen=True)
class Expected:
    """`tried`: the attack prints that word when it got to its end; BREACH where it got through."""

    verdicts: tuple[str, ...]
    tried: bool = False


_RESOURCES = {
    "loop_in_python": (TIME,),
    "loop_in_c": (TIME,),
    "deadlock": (TIME,),
    "sleep": (TIME,),
    "recursion": (WRONG,),
    "stack_overflow_in_c": (CRASHED,),
    "segfault": (CRASHED,),
    "abort": (CRASHED,),
    "illegal_instruction": (CRASHED,),
    "fork_bomb": (CRASHED, MEMORY, TIME),
    "fork_bomb_that_dies": (
        CRASHED,
        MEMORY,
        TIME,
        ERROR,
    ),  # the first process may be among those that exit
    "thread_bomb": (CRASHED, TIME),
    "memory_in_python": (MEMORY,),
    "memory_in_torch": (MEMORY,),
    "memory_in_one_piece": (MEMORY,),
    "memory_shared": (MEMORY,),
    "memory_in_children": (MEMORY,),
    "memory_in_shm": (ACCEPTED, MEMORY),
    "disk_fill": (OUTPUT, TIME),
    "disk_fill_deleted": (OUTPUT, TIME),
    "inode_fill": (OUTPUT, TIME),
    "one_huge_file": (ACCEPTED,),
    "output_flood": (OUTPUT,),
    "output_flood_on_stderr": (OUTPUT,),
    "output_flood_on_every_descriptor": (TAMPERED, OUTPUT),
    "output_from_a_background_child": (OUTPUT, ACCEPTED),
    "huge_exception": (WRONG, MEMORY),
    "huge_repr": (WRONG, MEMORY),
    "repr_that_loops": (TIME, WRONG),
    "str_that_raises": (WRONG,),
    "endless_dataset": (TIME,),
    "zombies": (ACCEPTED,),
    "stops_itself": (TIME,),
    "ignores_signals": (TIME,),
    "daemon": (ACCEPTED,),
    "daemon_that_spins": (ERROR,),
    "alarm": (TIME,),
    "priority": (ACCEPTED,),
    "raises_limits": (ACCEPTED,),
}
_FORGING = {
    # Ending the process, or everything it could be heard by.
    "exit_zero": (ERROR,),
    "exit_zero_in_a_check": (ERROR,),
    "sys_exit": (ERROR,),
    "sys_exit_in_a_check": (WRONG,),
    "atexit": (WRONG,),
    "closes_every_descriptor": (ERROR,),
    "replaces_the_channel": (ERROR, TAMPERED),
    "child_answers": (WRONG,),
    # Outcomes of pytest that are no failures, and exceptions that nobody expects.
    "skip": (WRONG,),
    "skip_at_import": (ERROR,),
    "xfail": (WRONG,),
    "pytest_exit": (TAMPERED, WRONG),
    "keyboard_interrupt": (TAMPERED, WRONG),
    "generator_exit": (WRONG,),
    # Values that lie.
    "equal_to_everything": (WRONG,),
    "tensor_subclass": (WRONG,),
    "expected_from_the_frame": (WRONG,),
    # The control.
    "wrong_in_the_open": (WRONG,),
}
_OTHERS = {
    "reaching/escape_sequences": Expected((WRONG,)),
    "poisoning/hung_client": Expected((CRASHED,)),
    "poisoning/torch_settings": Expected((WRONG,)),  # it switches gradients off, for itself
}


def expected(name: str, isolated: bool = False) -> Expected:
    """The row of one attack, named by its folder and file.

    `isolated`: in a process of its own it finds nothing of the judge to change, so its lie is a wrong answer.
    """
    if name in _OTHERS:
        return _OTHERS[name]
    folder, _, attack = name.partition("/")
    if folder == "resources":
        return Expected(
            _RESOURCES[attack], tried=attack in ("priority", "raises_limits", "one_huge_file")
        )
    if folder == "forging" and isolated:
        return Expected((WRONG, ERROR, TAMPERED))
    if folder == "forging":
        return Expected(_FORGING.get(attack, (TAMPERED,)))
    return Expected((ACCEPTED,), tried=folder != "poisoning")


def names() -> list[str]:
    folder = Path(__file__).parent / "submissions"
    return sorted(f"{path.parent.name}/{path.stem}" for path in folder.glob("*/*.py"))
