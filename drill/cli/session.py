"""What every command works with, opened only when it is asked for."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

from drill import config, paths
from drill.challenge import Challenge
from drill.config import Config
from drill.library import Library
from drill.store import Store


class Session:
    """The config, the library and the store of one command; a context that closes the store."""

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *error: object) -> None:
        if "store" in self.__dict__:
            self.store.close()

    @cached_property
    def config(self) -> Config:
        return config.load()

    @cached_property
    def library(self) -> Library:
        return Library.find(self.config.packs)

    def challenges(self) -> list[Challenge]:
        """Every challenge that can be read; the others are named on stderr."""
        return self.library.challenges(on_broken=lambda error: _left_out(error.message))

    @cached_property
    def store(self) -> Store:
        return Store.open(paths.data_dir() / "drill.db")

    @property
    def workspace(self) -> Path:
        return self.config.workspace

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)


def _left_out(reason: str) -> None:
    sys.stderr.write(f"drill: left out: {reason}\n")


def print_json(value: Any) -> None:
    """Print a value, dataclasses and dates included, as JSON on stdout."""
    # ASCII: it must survive any locale and any pipe
    json.dump(value, sys.stdout, indent=2, default=_plain)
    sys.stdout.write("\n")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    return asdict(value)


def complete_challenge(incomplete: str) -> list[str]:
    """Challenge names for the shell's completion; silent where something is broken."""
    try:
        with Session() as session:
            return [name for name in session.library.names() if name.startswith(incomplete)]
    except Exception:  # a completion must not print a traceback into the prompt
        return []
