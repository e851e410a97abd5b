"""Every built-in challenge meets the standard; on the seeds left out here too: `drill dev check`."""

import math

import pytest

from drill import authoring, mutation, paths
from drill.judge import client
from drill.library import Library, Pack, SpecCache

CHALLENGES = Pack(
    paths.content_dir("challenges"), SpecCache(paths.content_dir("challenges") / "no-such-cache")
).folders


@pytest.mark.slow
@pytest.mark.parametrize("name", [folder.name for folder in CHALLENGES])
def test_a_challenge_meets_the_standard(name: str, library: Library) -> None:
    found = authoring.verify(
        library.resolve(name),
        client.grade,
        topics=library.topics(),
        seeds=authoring.SEEDS[:2],  # all five take ten minutes
        slow_s=math.inf,  # how fast a busy machine is says nothing about the challenge
    )
    assert [finding.sentence for finding in found.findings] == []


def test_every_challenge_is_in_the_pack_and_on_the_basics_track(library: Library) -> None:
    names = set(library.names())
    (pack,) = library.packs
    assert set(pack.spec.challenges) == names
    assert set(pack.spec.tracks["basics"].order) == names


def test_every_section_has_a_challenge(library: Library) -> None:
    sections = set(library.topics())
    assert {challenge.topics[0] for challenge in library.challenges()} == sections


def test_stated_equivalences_are_still_mutants(library: Library) -> None:
    """An excuse for a mutant that no longer exists excuses nothing."""
    for challenge in library.challenges():
        source = challenge.solutions[0].read_text(encoding="utf-8")
        edits = {mutant.edit for mutant in mutation.mutants(source)}
        assert set(challenge.equivalent_mutants) <= edits, challenge.id
