import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drill import paths
from drill.errors import UsageError
from drill.library import Library


@pytest.fixture
def other_pack(tmp_path: Path) -> Path:
    """A pack of the user's own, with a challenge of the same id as a built-in one."""
    pack = tmp_path / "mine"
    shutil.copytree(paths.content_dir("challenges") / "custom-linear", pack / "custom-linear")
    shutil.copytree(pack / "custom-linear", pack / "another-one")
    (pack / "pack.yaml").write_text("format: 1\nname: mine\ntitle: Mine\n", encoding="utf-8")
    return pack


def test_a_near_miss_is_suggested(library: Library) -> None:
    with pytest.raises(UsageError) as caught:
        library.resolve("custom-linaer")
    assert caught.value.message == "no challenge called 'custom-linaer'"
    assert "did you mean custom-linear" in caught.value.hint


def test_a_part_of_a_name_is_suggested(library: Library) -> None:
    with pytest.raises(UsageError) as caught:
        library.resolve("linear")
    assert "custom-linear" in caught.value.hint


def test_nothing_alike_points_to_the_list(library: Library) -> None:
    with pytest.raises(UsageError) as caught:
        library.resolve("zzzzzz")
    assert caught.value.hint == "see them all with: drill list"


def test_two_packs_with_one_id_need_the_pack(other_pack: Path) -> None:
    library = Library.find([other_pack])
    with pytest.raises(UsageError) as caught:
        library.resolve("custom-linear")
    assert caught.value.hint == "say drill/custom-linear or mine/custom-linear"
    assert library.resolve("mine/custom-linear").path == other_pack / "custom-linear"
    assert library.resolve("another-one").pack == "mine"


def test_a_directory_without_pack_yaml_is_no_pack(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a pack"):
        Library.find([tmp_path])


def test_the_cache_gives_the_same_challenges(library: Library) -> None:
    fresh = library.challenges()
    assert Library.find().challenges() == fresh


def test_a_warm_cache_needs_no_yaml(library: Library) -> None:
    library.challenges()
    script = "import sys; from drill.library import Library; Library.find().challenges(); print('yaml' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_an_edited_spec_is_read_again(other_pack: Path) -> None:
    assert Library.find([other_pack]).resolve("another-one").minutes == 15
    path = other_pack / "another-one" / "challenge.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("minutes: 15", "minutes: 150"), encoding="utf-8"
    )
    assert Library.find([other_pack]).resolve("another-one").minutes == 150


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": "0", "entries": {}}'])
def test_a_broken_cache_only_costs_time(library: Library, text: str) -> None:
    library.resolve("custom-linear")
    cache = paths.cache_dir() / "specs.json"
    assert json.loads(cache.read_text(encoding="utf-8"))["entries"]
    cache.write_text(text, encoding="utf-8")
    assert Library.find().resolve("custom-linear").title == "Linear layer from scratch"


def test_a_cache_that_cannot_be_written_is_no_error(library: Library, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    assert Library.find(cache_file=blocked / "specs.json").challenges() == library.challenges()


def test_a_broken_challenge_does_not_hide_the_others(other_pack: Path) -> None:
    (other_pack / "another-one" / "challenge.yaml").write_text("format: 1\n", encoding="utf-8")
    library = Library.find([other_pack])
    told: list[str] = []
    names = [c.id for c in library.challenges(on_broken=lambda error: told.append(error.message))]
    assert "custom-linear" in names
    assert "another-one" not in names
    assert any("another-one/challenge.yaml" in message for message in told)
