"""Settings: config.toml, then DRILL_* variables, then flags, in that order of strength."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from drill import paths
from drill.errors import UsageError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class QuizConfig:
    new_per_day: int = 10
    retention: float = 0.9  # FSRS's desired retention
    learning_steps_m: tuple[float, ...] = (1, 10)
    relearning_steps_m: tuple[float, ...] = (10,)


@dataclass(frozen=True, slots=True)
class JudgeConfig:
    idle_s: float = 1800.0
    sandbox: str = ""  # the least level to accept; "" takes the best there is


@dataclass(frozen=True, slots=True)
class Config:
    workspace: Path = field(default_factory=paths.default_workspace)
    editor: str = ""
    device: str = "cpu"
    track: str = "basics"
    packs: tuple[Path, ...] = ()
    decks: tuple[Path, ...] = ()
    quiz: QuizConfig = QuizConfig()
    judge: JudgeConfig = JudgeConfig()


def path() -> Path:
    return paths.config_dir() / "config.toml"


def load(environ: Mapping[str, str] = os.environ) -> Config:
    """Read config.toml, and let DRILL_WORKSPACE, _EDITOR, _DEVICE, _TRACK and _JUDGE_IDLE_S override it.

    Raises:
        UsageError: the file is not TOML, or has a key or a value that means nothing.
    """
    config = _from_file(path())
    overrides: dict[str, Any] = {}
    for name in ("editor", "device", "track"):
        if environ.get(f"DRILL_{name.upper()}"):
            overrides[name] = environ[f"DRILL_{name.upper()}"]
    if environ.get("DRILL_WORKSPACE"):
        overrides["workspace"] = Path(environ["DRILL_WORKSPACE"]).expanduser().absolute()
    if environ.get("DRILL_JUDGE_IDLE_S"):
        idle = _value("DRILL_JUDGE_IDLE_S", _number(environ["DRILL_JUDGE_IDLE_S"]), 0.0)
        overrides["judge"] = replace(config.judge, idle_s=idle)
    return replace(config, **overrides)


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _from_file(file: Path) -> Config:
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from None
    import tomllib  # only where there is a file to read

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not TOML: {error}") from None
    return _fill(Config(), data, file, "")


def _fill(default: T, data: dict[str, Any], file: Path, prefix: str) -> T:
    """The default with the file's values in it, each checked against the default's own type."""
    known = {f.name for f in fields(default)}  # type: ignore[arg-type]
    for key in data:
        if key not in known:
            import difflib

            close = difflib.get_close_matches(key, known, n=1)
            raise UsageError(
                f"{file}: there is no setting {prefix}{key}",
                hint=f"did you mean {prefix}{close[0]}?"
                if close
                else f"the settings are {', '.join(sorted(known))}",
            )
    values = {}
    for key, value in data.items():
        standard = getattr(default, key)
        if isinstance(standard, QuizConfig | JudgeConfig):
            if not isinstance(value, dict):
                raise UsageError(f"{file}: {key} is a section, written [{key}]")
            values[key] = _fill(standard, value, file, f"{key}.")
        else:
            values[key] = _value(f"{file}: {prefix}{key}", value, standard)
    return replace(default, **values)  # type: ignore[type-var]


def _value(where: str, value: Any, standard: Any) -> Any:
    """The value in the type of the standard one.

    Raises:
        UsageError: it is of another kind.
    """
    if isinstance(standard, Path) and isinstance(value, str):
        return Path(value).expanduser().absolute()
    if isinstance(standard, tuple) and isinstance(value, list):
        if all(isinstance(v, int | float) and not isinstance(v, bool) for v in value):
            return tuple(value)
        if all(isinstance(v, str) for v in value):
            return tuple(Path(v).expanduser().absolute() for v in value)
    number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    if isinstance(standard, float) and number:
        return float(value)
    if isinstance(standard, int) and isinstance(value, int) and number:
        return value
    if isinstance(standard, str) and isinstance(value, str):
        return value
    wanted = {
        Path: "a path in quotes",
        tuple: "a list",
        float: "a number",
        int: "a whole number",
        str: "a text",
    }
    kind = next(word for type_, word in wanted.items() if isinstance(standard, type_))
    raise UsageError(f"{where} should be {kind}, got {value!r}")
