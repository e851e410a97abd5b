import json
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]


def test_doctor_looks_at_everything(drill: Run) -> None:
    ran = drill("doctor", "--json")
    found = {finding["name"]: finding for finding in json.loads(ran.stdout)}
    assert ran.exit_code == 0
    for name in ("python", "torch", "devices", "editor", "workspace", "store", "sandbox", "judge"):
        assert name in found
        assert found[name]["grade"] != "broken"
    assert "cpu" in found["devices"]["detail"]


def test_doctor_says_what_is_broken_and_the_remedy(
    drill: Run, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setenv("DRILL_HOME", str(blocked))
    ran = drill("doctor", "--json", "--quick")
    assert ran.exit_code == 3
    store = next(f for f in json.loads(ran.stdout) if f["name"] == "store")
    assert store["grade"] == "broken"
    assert "DRILL_HOME" in store["remedy"]


def test_an_editor_that_is_not_installed_is_named(
    drill: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "no-such-editor -w")
    found = {f["name"]: f for f in json.loads(drill("doctor", "--json", "--quick").stdout)}
    assert found["editor"]["detail"] == "no-such-editor is not installed"
