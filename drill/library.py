"""Finds packs and resolves names to challenges, with suggestions for near misses.

What was read once is kept in a cache file, so that a command starts without the YAML reader; an entry
counts as long as its file has the same time and size.
"""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from drill import __version__, paths
from drill.challenge import (
    Challenge,
    Difficulty,
    FollowUp,
    Limits,
    Link,
    Mistake,
    PackSpec,
    Rule,
    Track,
    TrackDay,
)
from drill.errors import SpecError, UsageError


@dataclass(frozen=True)
class Pack:
    """A directory of challenges with a pack.yaml."""

    path: Path
    cache: "SpecCache"
    builtin: bool = False

    @cached_property
    def spec(self) -> PackSpec:
        return self.cache.pack(self.path)

    @property
    def name(self) -> str:
        return self.spec.name

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        """The challenges' folders: those pack.yaml lists first, in its order, then the others by name."""
        found = {
            path.parent.name: path.parent for path in sorted(self.path.glob("*/challenge.yaml"))
        }
        listed = [found.pop(name) for name in self.spec.challenges if name in found]
        return (*listed, *found.values())

    def challenge(self, folder: Path) -> Challenge:
        return self.cache.challenge(folder, self.name)


@dataclass(frozen=True)
class Library:
    """Every pack this user has: the built-in one first, then those the config names."""

    packs: tuple[Pack, ...]
    cache: "SpecCache"

    @classmethod
    def find(cls, extra: Sequence[Path] = (), cache_file: Path | None = None) -> "Library":
        cache = SpecCache(cache_file or paths.cache_dir() / "specs.json")
        packs = [Pack(paths.content_dir("challenges"), cache, builtin=True)]
        for path in extra:
            if not (path / "pack.yaml").is_file():
                raise UsageError(
                    f"{path} is not a pack: it has no pack.yaml", hint="fix `packs` in config.toml"
                )
            packs.append(Pack(path, cache))
        return cls(tuple(packs), cache)

    def challenges(self, on_broken: Callable[[SpecError], None] | None = None) -> list[Challenge]:
        """Every challenge; one that is not written as it should be is told to `on_broken` and left out.

        Raises:
            SpecError: a challenge is broken, and there is nobody to tell.
        """
        found = []
        for pack in self.packs:
            for folder in pack.folders:
                try:
                    found.append(pack.challenge(folder))
                except SpecError as error:
                    if on_broken is None:
                        raise
                    on_broken(error)
        self.cache.save()
        return found

    def names(self) -> list[str]:
        return [folder.name for pack in self.packs for folder in pack.folders]

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
            for folder in pack.folders
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
        challenge = pack.challenge(folder)
        self.cache.save()
        return challenge

    def _unknown(self, name: str) -> UsageError:
        import difflib

        ids = self.names()
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
    import hashlib

    return hashlib.sha256(challenge.checks.read_bytes()).hexdigest()[:16]


class SpecCache:
    """Specs as JSON, by path, time and size. It can be deleted at any time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._changed = False

    @cached_property
    def _entries(self) -> dict[str, Any]:
        try:
            data = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        entries = (
            data.get("entries") if isinstance(data, dict) and data.get("format") == _FORMAT else {}
        )
        return entries if isinstance(entries, dict) else {}

    def _lookup(self, path: Path) -> tuple[str, list[int], Any]:
        try:
            stat = path.stat()
        except OSError:
            return str(path), [0, 0], None  # the reader says what is wrong
        stamp = [stat.st_mtime_ns, stat.st_size]
        entry = self._entries.get(str(path))
        return str(path), stamp, entry["spec"] if entry and entry["stamp"] == stamp else None

    def challenge(self, folder: Path, pack: str) -> Challenge:
        key, stamp, known = self._lookup(folder / "challenge.yaml")
        if known is not None:
            return _challenge_from_json(known, folder, pack)
        from drill.spec import read_challenge  # the YAML reader, only where the cache has nothing

        challenge = read_challenge(folder, pack)
        self._put(key, stamp, {**asdict(challenge), "path": str(folder)})
        return challenge

    def pack(self, folder: Path) -> PackSpec:
        key, stamp, known = self._lookup(folder / "pack.yaml")
        if known is not None:
            return _pack_from_json(known)
        from drill.spec import read_pack

        spec = read_pack(folder)
        self._put(key, stamp, asdict(spec))
        return spec

    def _put(self, key: str, stamp: list[int], spec: dict[str, Any]) -> None:
        self._entries[key] = {"stamp": stamp, "spec": spec}
        self._changed = True

    def save(self) -> None:
        """Write what was read anew; a cache that cannot be written only costs time."""
        if not self._changed:
            return
        self._changed = False
        beside = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(
                json.dumps({"format": _FORMAT, "entries": self._entries}), encoding="utf-8"
            )
            beside.replace(self._file)
        except OSError:
            with suppress(OSError):
                beside.unlink()


_FORMAT = f"{__version__}/2"


def _challenge_from_json(data: dict[str, Any], folder: Path, pack: str) -> Challenge:
    return Challenge(
        **{
            **data,
            "pack": pack,
            "path": folder,
            "difficulty": Difficulty(data["difficulty"]),
            "topics": tuple(data["topics"]),
            "entry": tuple(data["entry"]),
            "hints": tuple(data["hints"]),
            "mistakes": tuple(Mistake(**mistake) for mistake in data["mistakes"]),
            "limits": Limits(**data["limits"]),
            "rules": tuple(Rule(tuple(rule["forbid"]), rule["message"]) for rule in data["rules"]),
            "follow_ups": tuple(FollowUp(**follow_up) for follow_up in data["follow_ups"]),
            "links": tuple(Link(**link) for link in data["links"]),
            "equivalent_mutants": tuple(data["equivalent_mutants"]),
        }
    )


def _pack_from_json(data: dict[str, Any]) -> PackSpec:
    tracks = {
        name: Track(
            track["title"],
            tuple(track["challenges"]),
            tuple(TrackDay(tuple(day["challenges"]), day["title"]) for day in track["days"]),
        )
        for name, track in data["tracks"].items()
    }
    return PackSpec(data["name"], data["title"], data["topics"], tuple(data["challenges"]), tracks)
