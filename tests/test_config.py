from pathlib import Path

import pytest

from drill import config
from drill.errors import UsageError


def write(text: str) -> None:
    config.path().parent.mkdir(parents=True, exist_ok=True)
    config.path().write_text(text, encoding="utf-8")


def test_defaults_without_a_file(home: Path) -> None:
    found = config.load({})
    assert found.workspace == home / "drill" / "workspace"
    assert found.device == "cpu"
    assert found.quiz.new_per_day == 10


def test_the_file_overrides_the_defaults(home: Path) -> None:
    write(
        'workspace = "~/elsewhere"\neditor = "code -w"\npacks = ["/a/pack"]\n[quiz]\nnew_per_day = 3\nretention = 0.85\n'
    )
    found = config.load({})
    assert found.workspace == home / "elsewhere"
    assert found.packs == (Path("/a/pack"),)
    assert (found.quiz.new_per_day, found.quiz.retention) == (3, 0.85)
    assert found.quiz.learning_steps_m == (1, 10)  # untouched


def test_the_environment_overrides_the_file() -> None:
    write('device = "cuda"\nworkspace = "/from/file"\n[judge]\nidle_s = 60\n')
    found = config.load(
        {"DRILL_DEVICE": "mps", "DRILL_WORKSPACE": "/from/env", "DRILL_JUDGE_IDLE_S": "5.5"}
    )
    assert (found.device, found.workspace) == ("mps", Path("/from/env"))
    assert found.judge.idle_s == 5.5


@pytest.mark.parametrize(
    ("text", "complaint", "hint"),
    [
        pytest.param("workspce = '/a'", "no setting workspce", "did you mean workspace?", id="misspelt"),
        pytest.param("[quiz]\nnew_per_dya = 3", "no setting quiz.new_per_dya", "quiz.new_per_day", id="misspelt in a section"),
        pytest.param("device = 3", "device should be a text, got 3", "", id="a number for a text"),
        pytest.param("[quiz]\nnew_per_day = 'ten'", "quiz.new_per_day should be a whole number", "", id="a word for a number"),
        pytest.param("[quiz]\nretention = true", "quiz.retention should be a number", "", id="a flag for a number"),
        pytest.param("quiz = 3", "quiz is a section", "", id="a value for a section"),
        pytest.param("device = ", "is not TOML", "", id="not TOML"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_explained(text: str, complaint: str, hint: str) -> None:
    write(text)
    with pytest.raises(UsageError) as caught:
        config.load({})
    assert complaint in caught.value.message
    assert str(config.path()) in caught.value.message
    assert hint in caught.value.hint


def test_a_wrong_variable_is_explained() -> None:
    with pytest.raises(UsageError, match="DRILL_JUDGE_IDLE_S should be a number, got 'soon'"):
        config.load({"DRILL_JUDGE_IDLE_S": "soon"})
