"""The pieces of the confinement: the filter instruction by instruction, what is shown, what is limited."""

import errno
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from drill.challenge import Limits
from drill.judge import confine, place
from drill.judge.confine import landlock, limits, macos, seccomp, visible
from drill.judge.confine.seccomp import Policy

ALLOW, KILL = 0x7FFF0000, 0x80000000
X86, ARM = "x86_64", "aarch64"


def verdict_of(
    policy: Policy, call: int, *arguments: int, machine: str = X86, arch: int | None = None
) -> int:
    """Run the filter as the kernel does: one accumulator, jumps forward only."""
    audit = {X86: 0xC000003E, ARM: 0xC00000B7}[machine] if arch is None else arch
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=iIQ6Q", call, audit, 0, *(argument & (2**64 - 1) for argument in padded))
    code, at, accumulator = seccomp.program(policy, machine), 0, 0
    while True:
        operation, when_true, when_false, value = code[at]
        at += 1
        if operation == 0x20:
            accumulator = struct.unpack_from("=I", data, value)[0]
        elif operation == 0x54:
            accumulator &= value
        elif operation == 0x15:
            at += when_true if accumulator == value else when_false
        elif operation == 0x35:
            at += when_true if accumulator >= value else when_false
        elif operation == 0x06:
            return value
        else:
            raise AssertionError(f"unknown operation {operation:#x}")


def refused(error: int) -> int:
    return 0x00050000 | error


EPERM, ENOSYS, EACCES = refused(errno.EPERM), refused(errno.ENOSYS), refused(errno.EACCES)
STRICT = Policy()
FULL = Policy(unix_sockets=True, attributes=True)
DRIVER = Policy(driver_sockets=True)
OLD = Policy(signals_only_to=77)


@pytest.mark.parametrize(
    ("policy", "machine", "call", "arguments", "expected"),
    [
        pytest.param(STRICT, X86, 0, (), ALLOW, id="read"),
        pytest.param(STRICT, X86, 101, (), EPERM, id="ptrace"),
        pytest.param(STRICT, ARM, 117, (), EPERM, id="ptrace on ARM"),
        pytest.param(STRICT, X86, 59, (), EPERM, id="execve"),
        pytest.param(Policy(exec=True), X86, 59, (), ALLOW, id="execve where allowed"),
        pytest.param(STRICT, ARM, 221, (), EPERM, id="execve on ARM"),
        pytest.param(STRICT, X86, 41, (1,), EACCES, id="a Unix socket at strict"),
        pytest.param(FULL, X86, 41, (1,), ALLOW, id="a Unix socket at full"),
        pytest.param(FULL, X86, 41, (2,), EPERM, id="an internet socket at full"),
        pytest.param(FULL, X86, 41, (16,), EPERM, id="netlink"),
        pytest.param(FULL, X86, 41, (1 | 2 << 32,), ALLOW, id="the high half of an int is not looked at"),
        pytest.param(DRIVER, X86, 41, (1, 5 | 0o2000000), ALLOW, id="the socket of CUDA's driver"),
        pytest.param(DRIVER, ARM, 198, (1, 5), ALLOW, id="the socket of CUDA's driver on ARM"),
        pytest.param(DRIVER, X86, 41, (1, 2), EPERM, id="one that sends without connecting"),
        pytest.param(DRIVER, X86, 41, (2, 5), EACCES, id="another family"),
        pytest.param(DRIVER, X86, 42, (3,), refused(errno.ENOENT), id="connecting it"),
        pytest.param(STRICT, X86, 53, (1,), ALLOW, id="a pair of Unix sockets"),
        pytest.param(STRICT, X86, 53, (2,), EPERM, id="another pair"),
        pytest.param(STRICT, X86, 56, (0x11,), ALLOW, id="fork"),
        pytest.param(STRICT, X86, 56, (0x10000011,), EPERM, id="clone into a namespace"),
        pytest.param(STRICT, X86, 56, (0x8011,), EPERM, id="clone as a sibling"),
        pytest.param(STRICT, X86, 435, (), ENOSYS, id="clone3"),
        pytest.param(STRICT, X86, 16, (1, 0x5401), ALLOW, id="ioctl"),
        pytest.param(STRICT, X86, 16, (1, 0x5412), EPERM, id="TIOCSTI"),
        pytest.param(STRICT, X86, 302, (0,), ALLOW, id="its own limits"),
        pytest.param(STRICT, X86, 302, (1234,), EPERM, id="another's limits"),
        pytest.param(STRICT, X86, 157, (1, 0), refused(0), id="the death signal, in appearance"),
        pytest.param(STRICT, X86, 157, (4, 1), EPERM, id="dumpable again"),
        pytest.param(STRICT, X86, 157, (15,), ALLOW, id="a thread's name"),
        pytest.param(STRICT, X86, 90, (0, 0o644), EPERM, id="chmod at strict"),
        pytest.param(FULL, X86, 90, (0, 0o644), ALLOW, id="chmod at full"),
        pytest.param(FULL, X86, 90, (0, 0o4755), EPERM, id="chmod to set-user-id"),
        pytest.param(FULL, ARM, 53, (0, 0, 0o2755), EPERM, id="fchmodat to set-group-id on ARM"),
        pytest.param(STRICT, X86, 62, (1234, 9), ALLOW, id="kill where Landlock scopes signals"),
        pytest.param(OLD, X86, 62, (77, 9), ALLOW, id="kill oneself"),
        pytest.param(OLD, X86, 62, (-1, 9), EPERM, id="kill everyone"),
        pytest.param(OLD, X86, 234, (78, 78, 9), EPERM, id="tgkill another"),
        pytest.param(STRICT, X86, 451, (), ENOSYS, id="newer than the table"),
        pytest.param(STRICT, X86, 0x40000000, (), ENOSYS, id="x32"),
        pytest.param(STRICT, ARM, 451, (), ENOSYS, id="newer than the table on ARM"),
    ],
)  # fmt: skip
def test_the_filter(policy, machine, call, arguments, expected):
    assert verdict_of(policy, call, *arguments, machine=machine) == expected


@pytest.mark.parametrize("machine", [X86, ARM])
def test_calls_of_another_architecture_are_killed(machine):
    i386 = 0x40000003
    assert verdict_of(STRICT, 0, machine=machine, arch=i386) == KILL


@pytest.mark.parametrize("machine", [X86, ARM])
@pytest.mark.parametrize(
    "policy", [STRICT, FULL, DRIVER, Policy(exec=True, signals_only_to=5)], ids=str
)
def test_every_jump_lands_inside(policy, machine):
    code = seccomp.program(policy, machine)
    assert len(code) < 4096, "the kernel's limit"
    for at, (operation, when_true, when_false, _) in enumerate(code):
        if operation in (0x15, 0x35):
            assert at + 1 + max(when_true, when_false) < len(code)
    assert code[-1] == (0x06, 0, 0, ALLOW)


def test_landlock_leaves_only_what_is_allowed(tmp_path):
    if not landlock.version():
        pytest.skip("this kernel has no Landlock")
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.write_text("x")
    (inside / "file").write_text("x")
    rules = [
        landlock.Allowed(str(inside), landlock.READ),
        landlock.Allowed("/not/there", landlock.READ),
    ]

    def attempt() -> None:
        landlock.restrict(rules)
        assert (inside / "file").read_text() == "x"
        for forbidden in (outside.read_text, lambda: (inside / "new").write_text("x")):
            with pytest.raises(PermissionError):
                forbidden()

    assert confine._attempt(attempt) == ""


def test_a_gpu_s_driver_may_name_its_threads_and_write_nothing_else(tmp_path):
    if not landlock.version():
        pytest.skip("this kernel has no Landlock")
    plan = confine.Plan(confine.STRICT, Limits(), "cuda:0", str(tmp_path))

    def attempt() -> None:
        landlock.restrict(confine._allowed(plan))
        Path(f"/proc/self/task/{os.getpid()}/comm").write_text("named")
        with pytest.raises(PermissionError):
            Path("/proc/self/oom_score_adj").write_text("0")

    assert confine._attempt(attempt) == ""


def test_what_is_hidden_is_cut_out_of_a_tree(tmp_path):
    tree = tmp_path / "tree"
    for path in ("a/keep", "b/drill/challenges", "b/other", "b/drill/judge"):
        (tree / path).mkdir(parents=True)
    (tree / "link").symlink_to("b")
    hidden = (str(tree / "b" / "drill"),)
    whole, listed = visible.without(str(tree), hidden)
    assert set(whole) == {str(tree / "a"), str(tree / "b" / "other")}
    assert set(listed) == {str(tree), str(tree / "b")}
    assert visible.without(str(tree / "a"), hidden) == ((str(tree / "a"),), ())
    assert visible.without(hidden[0], hidden) == ((), ())


def test_the_interpreter_is_shown_and_the_home_is_not():
    trees = [Path(tree) for tree in visible.trees()]
    assert any(Path(sys.prefix).is_relative_to(tree) for tree in trees)
    assert not any(Path.home().is_relative_to(tree) for tree in trees)


def test_gpus_are_shown_only_to_those_that_compute_on_them():
    assert not any("nvidia" in device for device in visible.devices())
    assert set(visible.devices()) <= set(visible.devices(cuda=True))


def test_the_environment_inside_is_a_short_list(monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "s3cret")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    inside = limits.environment("/scratch")
    assert "s3cret" not in str(inside)
    assert inside["HOME"] == "/scratch"
    assert inside["CUDA_VISIBLE_DEVICES"] == "1"


def test_layers_say_what_to_do_about_an_absence():
    for layer in confine.layers():
        assert layer.detail
        assert layer.available or layer.remedy


@pytest.mark.parametrize(
    ("available", "level"),
    [
        ({"namespaces", "landlock", "seccomp"}, "full"),
        ({"namespaces", "seccomp"}, "full"),
        ({"landlock", "seccomp"}, "strict"),
        ({"namespaces", "landlock"}, "basic"),
        (set(), "basic"),
    ],
)
def test_the_level_follows_from_the_layers(available, level):
    names = ("namespaces", "landlock", "seccomp")
    assert (
        confine.level(tuple(confine.Layer(name, name in available, "") for name in names)) == level
    )


def test_the_profile_of_macos_quotes_paths():
    text = macos.profile('/tmp/a "b"', ["/usr"])
    assert '(subpath "/tmp/a \\"b\\"")' in text
    assert text.startswith("(version 1)\n(deny default)")
    assert text.count("(") == text.count(")")


def run(code: str) -> str:
    root = place._PACKAGE.parent
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_client_imports_next_to_nothing():
    loaded = set(run("import sys; import drill.judge.client; print(*sys.modules)").split())
    heavy = {"torch", "pytest", "numpy", "rich", "yaml", "msgspec", "typer", "sqlite3"}
    assert not heavy & loaded


READY = "import sys; from drill.judge import server, preload; preload.imports(); "


@pytest.mark.slow
def test_the_judge_imports_nothing_of_the_screen_and_no_compiler():
    loaded = set(run(READY + "print(*sys.modules)").split())
    screen = {
        "typer",
        "rich",
        "yaml",
        "msgspec",
        "sqlite3",
        "drill.store",
        "drill.library",
        "drill.cli",
    }
    assert not screen & loaded
    assert not {"torch._dynamo.eval_frame", "sympy", "torch._inductor"} & loaded


@pytest.mark.slow
def test_the_judge_has_one_thread_after_its_imports():
    assert run(READY + "print(preload.thread_count())") == "1\n"


@pytest.mark.slow
def test_placeholders_answer_as_torch_does_and_give_way():
    code = """
import torch
weight = torch.nn.Parameter(torch.ones(3))
optimizer = torch.optim.Adam([weight], lr=0.1)
(weight * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
optimizer.step()
gradient, = torch.autograd.grad((weight * 2).sum(), weight, grad_outputs=torch.tensor(1.0))
try:
    torch.autograd.grad(weight * 2, weight, grad_outputs=torch.ones(4))
except RuntimeError as error:
    print("mismatch" in str(error).lower())
print([round(w, 3) for w in weight.tolist()], gradient.tolist(), "sympy" in sys.modules)
from torch.fx.experimental.symbolic_shapes import ShapeEnv
import torch._dynamo.eval_frame
print(ShapeEnv.__module__, "sympy" in sys.modules, type(torch._dynamo).__name__)
"""
    assert run(READY + code).splitlines() == [
        "True",
        "[0.9, 0.9, 0.9] [2.0, 2.0, 2.0] False",
        "torch.fx.experimental.symbolic_shapes True module",
    ]
