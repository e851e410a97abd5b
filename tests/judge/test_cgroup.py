"""Where a cgroup may be made, on a tree of files that looks like the kernel's.

No kernel takes part: a machine with version 2 delegated is needed for that, and then every test of a
limit on memory goes through it.
"""

from pathlib import Path

import pytest

from drill.challenge import Limits
from drill.judge.confine import cgroup


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's slice with this process in a scope of it, as systemd makes them."""
    mount = tmp_path / "cgroup"
    scope = mount / "user.slice" / "app.slice" / "shell.scope"
    scope.mkdir(parents=True)
    for place, controllers in (
        (scope, ""),
        (scope.parent, "memory pids"),
        (scope.parent.parent, ""),
    ):
        (place / "cgroup.subtree_control").write_text(f"{controllers}\n")
        (place / "cgroup.procs").touch()
    own = tmp_path / "own"
    own.write_text("4:memory:/elsewhere\n0::/user.slice/app.slice/shell.scope\n")
    monkeypatch.setattr(cgroup, "_MOUNT", mount)
    monkeypatch.setattr(cgroup, "_OWN", own)
    return scope.parent


def test_a_group_is_made_beside_the_judges_own(tree: Path) -> None:
    assert cgroup.available() == tree


@pytest.mark.parametrize("controllers", ["", "pids cpu"])
def test_without_the_memory_controller_there_is_none(tree: Path, controllers: str) -> None:
    (tree / "cgroup.subtree_control").write_text(controllers)
    assert cgroup.available() is None
    assert cgroup.make("drill-judge-1-a", Limits()) == ""


@pytest.mark.parametrize(
    "text", ["", "4:memory:/elsewhere\n", "0::/../../..\n", "0::/\n", "0::/gone\n"]
)
def test_other_systems_have_none(tree: Path, text: str) -> None:
    cgroup._OWN.write_text(text)
    assert cgroup.available() is None


def test_no_file_no_group(tree: Path) -> None:
    cgroup._OWN.unlink()
    assert cgroup.available() is None


def test_a_group_that_the_kernel_does_not_fill_is_taken_back(tree: Path) -> None:
    """The files of limits appear with the directory; here they do not."""
    assert cgroup.make("drill-judge-1-a", Limits()) == ""
    assert not (tree / "drill-judge-1-a").exists()


@pytest.fixture
def group(tree: Path) -> Path:
    group = tree / "drill-judge-1-b"
    group.mkdir()
    for name in ("memory.max", "memory.oom.group", "cgroup.procs"):
        (group / name).touch()
    return group


def test_limits_and_members_are_written(group: Path) -> None:
    cgroup.limit(str(group), Limits(memory_mb=512))
    cgroup.join(str(group))
    assert (group / "memory.max").read_text() == str(512 << 20)
    assert (group / "memory.oom.group").read_text() == "1"
    assert (group / "cgroup.procs").read_text() == "0"  # the kernel reads 0 as whoever writes it


def test_what_the_kernel_says_of_it(group: Path) -> None:
    assert not cgroup.counts(str(group))
    assert not cgroup.ran_out(str(group))
    (group / "cgroup.events").write_text("populated 1\nfrozen 0\n")
    (group / "memory.events").write_text("low 0\noom 0\noom_kill 0\noom_group_kill 0\n")
    assert cgroup.counts(str(group))
    assert not cgroup.ran_out(str(group))
    (group / "memory.events").write_text("low 0\noom 1\noom_kill 3\noom_group_kill 1\n")
    assert cgroup.ran_out(str(group))


def test_what_a_killed_warden_left_is_removed(tree: Path) -> None:
    for name in ("drill-judge-7-a", "drill-judge-7-b", "drill-judge-70-a"):
        (tree / name).mkdir()
    cgroup.remove_all("drill-judge-7-")
    assert [path.name for path in tree.glob("drill-*")] == ["drill-judge-70-a"]


def test_no_group_is_no_work() -> None:
    cgroup.limit("", Limits())
    cgroup.join("")
    cgroup.remove("")
    assert not cgroup.counts("")
    assert not cgroup.ran_out("")
