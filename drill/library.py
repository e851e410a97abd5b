"""Finds packs and resolves names to challenges, with suggestions for near misses."""

import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from drill.challenge import Challenge
from drill.errors import UsageError
from drill.paths import content_dir
from drill.spec import PackFile, Track, read_challenge, read_pack


@dataclass(frozen=True)
class Pack:
    """A directory of challenges with a pack.yaml."""

    path: Path
    builtin: bool = False

    @cached_property
    def spec(self) -> PackFile:
        return read_pack(self.path)

    @property
    def name(self) -> str:
        return self.spec.name

    def folders(self) -> list[Path]:
        """The challenges' folders: those pack.yaml lists first, in its order, then the others by name."""
        found = {path.parent.name: path.parent for path in sorted(self.path.glob("*/challenge.yaml"))}
        listed = [found.pop(name) for name in self.spec.challenges if name in found]
        return [*listed, *found.values()]


@dataclass(frozen=True)
class Library:
    """Every pack this user has: the built-in one first, then those the config names."""

    packs: tuple[Pack, ...]

    @classmethod
    def find(cls, extra: Sequence[Path] = ()) -> "Library":
        packs = [Pack(content_dir("challenges"), builtin=True)]
        for path in extra:
            if not (path / "pack.yaml").is_file():
                raise UsageError(f"{path} is not a pack: it has no pack.yaml", hint="fix `packs` in config.toml")
            packs.append(Pack(path))
        return cls(tuple(packs))

    def challenges(self) -> list[Challenge]:
        return [read_challenge(folder, pack.name) for pack in self.packs for folder in pack.folders()]

    def resolve(self, name: str) -> Challenge:
        """Find a challenge by id, or by `pack/id` where two packs use the same one.

        Raises:
            UsageError: there is none of that name (the near misses are named), or more than one.
        """
        wanted_pack, _, wanted = name.rpartition("/")
        matches = [
            (pack, folder)
            for pack in self.packs
            if wanted_pack in ("", pack.name)
            for folder in pack.folders()
            if folder.name == wanted
        ]
        if len(matches) > 1:
            raise UsageError(
                f"{name} is in more than one pack",
                hint="say " + " or ".join(f"{pack.name}/{wanted}" for pack, _ in matches),
            )
        if not matches:
            raise self._unknown(name)
        pack, folder = matches[0]
        return read_challenge(folder, pack.name)

    def _unknown(self, name: str) -> UsageError:
        ids = [folder.name for pack in self.packs for folder in pack.folders()]
        word = name.rpartition("/")[2].lower()
        close = difflib.get_close_matches(word, ids, n=3, cutoff=0.6)
        close += [i for i in ids if word and word in i and i not in close][: 3 - len(close)]
        hint = f"did you mean {' or '.join(close)}?" if close else "see them all with: drill list"
        return UsageError(f"no challenge called {name!r}", hint=hint)

    def tracks(self) -> dict[str, Track]:
        return {name: track for pack in self.packs for name, track in pack.spec.tracks.items()}

    def topics(self) -> dict[str, str]:
        """Topic slugs and their titles, in the order packs give them."""
        return {slug: title for pack in self.packs for slug, title in pack.spec.topics.items()}

    def is_builtin(self, challenge: Challenge) -> bool:
        return any(pack.builtin and pack.name == challenge.pack for pack in self.packs)


def checks_hash(challenge: Challenge) -> str:
    """Identifies the checks a submission was judged by."""
    return hashlib.sha256(challenge.checks.read_bytes()).hexdigest()[:16]
