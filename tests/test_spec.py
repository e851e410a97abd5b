from pathlib import Path

import pytest

from drill.errors import SpecError
from drill.spec import read_challenge, read_pack

GOOD = """\
format: 1
title: A title
summary: One line.
difficulty: easy
minutes: 5
topics: [layers]
entry: answer
hints: [one]
mistakes:
  wrong.py: {fails: test_a, message: bad}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "a-challenge"
    folder.mkdir()
    for name in ("statement.md", "stub.py", "checks.py"):
        (folder / name).write_text("", encoding="utf-8")
    (folder / "challenge.yaml").write_text(GOOD, encoding="utf-8")
    return folder


def test_a_challenge_is_read_into_frozen_types(folder: Path) -> None:
    challenge = read_challenge(folder, "mine")
    assert (challenge.id, challenge.pack, challenge.entry) == ("a-challenge", "mine", ("answer",))
    assert challenge.limits.wall_s == 10
    assert challenge.mistakes[0].fails == "test_a"
    with pytest.raises(AttributeError):
        challenge.title = "another"  # type: ignore[misc]


def test_several_entry_names(folder: Path) -> None:
    (folder / "challenge.yaml").write_text(
        GOOD.replace("entry: answer", "entry: [a, b]"), encoding="utf-8"
    )
    assert read_challenge(folder, "mine").entry == ("a", "b")


@pytest.mark.parametrize(
    ("old", "new", "complaint", "hint"),
    [
        pytest.param("minutes: 5", "minutes: ten", "line 5: Expected `int`", "", id="minutes is a word"),
        pytest.param("minutes: 5", "minutes: 0", "minutes must be above 0", "", id="no minutes"),
        pytest.param("summary:", "sumary:", "unknown field `sumary`", "did you mean summary?", id="misspelt key"),
        pytest.param("title: A title\n", "", "missing required field `title`", "add title", id="missing key"),
        pytest.param("difficulty: easy", "difficulty: easyish", "line 4: Invalid enum value", "", id="no such difficulty"),
        pytest.param("format: 1", "format: 2", "line 1: Invalid enum value 2", "", id="a later format"),
        pytest.param("hints: [one]", "hints: []", "hints is empty", "", id="no hints"),
        pytest.param("{fails: test_a, message: bad}", "{message: bad}", "mistakes.wrong.py does not say which check", "add fails", id="a mistake without a check"),
        pytest.param("{fails: test_a, message: bad}", "{fails: test_a, mesage: bad}", "unknown field `mesage`", "did you mean message?", id="misspelt inner key"),
        pytest.param("message: bad", "message: no", "line 9: Expected `str`, got `bool`", "in quotes", id="a word YAML takes for a flag"),
        pytest.param("topics: [layers]", "topics: [layers", "line 7", "check the YAML", id="not YAML"),
    ],
)  # fmt: skip
def test_a_wrong_spec_is_explained(
    folder: Path, old: str, new: str, complaint: str, hint: str
) -> None:
    path = folder / "challenge.yaml"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        read_challenge(folder, "mine")
    assert complaint in caught.value.message
    assert str(path) in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", ["statement.md", "stub.py", "checks.py", "challenge.yaml"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(SpecError, match=rf"{name} does not exist"):
        read_challenge(folder, "mine")


def test_a_folder_with_a_strange_name_is_refused(folder: Path) -> None:
    strange = folder.rename(folder.with_name("A_Challenge"))
    with pytest.raises(SpecError, match="lower case with hyphens"):
        read_challenge(strange, "mine")


def test_a_track_names_challenges_that_exist(folder: Path) -> None:
    pack = folder.parent
    text = "format: 1\nname: mine\ntitle: Mine\ntracks:\n  t:\n    title: T\n    days:\n      - {challenges: [a-challenge]}\n"
    (pack / "pack.yaml").write_text(text, encoding="utf-8")
    assert read_pack(pack).tracks["t"].order == ("a-challenge",)
    (pack / "pack.yaml").write_text(text.replace("[a-challenge]", "[gone]"), encoding="utf-8")
    with pytest.raises(SpecError, match="gone has no folder"):
        read_pack(pack)
