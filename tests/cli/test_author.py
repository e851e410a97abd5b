import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_a_new_challenge_is_written_and_found_wanting(drill: Run, tmp_path: Path) -> None:
    pack = tmp_path / "mine"
    pack.mkdir()
    (pack / "pack.yaml").write_text("format: 1\nname: mine\ntitle: Mine\n", encoding="utf-8")
    config = Path(tmp_path / "home" / "drill" / "config" / "config.toml")
    config.parent.mkdir(parents=True)
    config.write_text(f'packs = ["{pack}"]\n', encoding="utf-8")
    assert drill("dev", "new", "my-layer", "--in", str(pack)).exit_code == 0
    ran = drill("dev", "check", "my-layer", "--seeds", "1", "--json")
    assert ran.exit_code == 1
    (found,) = json.loads(ran.stdout)
    sentences = " ".join(f["sentence"] for f in found["findings"])
    assert "solutions has 1, the standard asks for 2" in sentences
    assert "refused" not in sentences


def test_a_challenge_that_meets_the_standard(drill: Run) -> None:
    ran = drill("dev", "check", "custom-linear", "--seeds", "1")
    assert ran.exit_code == 0
    assert "custom-linear" in ran.stdout
