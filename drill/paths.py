"""Where drill keeps things: config, data, cache and runtime directories; DRILL_HOME moves them all."""

import os
import sys
import tempfile
from pathlib import Path


def _home() -> Path | None:
    home = os.environ.get("DRILL_HOME")
    # A relative path would mean another place after every `cd`; anchor it once.
    return Path(home).expanduser().absolute() if home else None


def _platform_dir(kind: str) -> Path:
    import platformdirs  # only where DRILL_HOME is unset: it costs milliseconds on every command

    return Path(getattr(platformdirs, f"user_{kind}_dir")("drill", appauthor=False)).absolute()


def config_dir() -> Path:
    """The directory of config.toml."""
    home = _home()
    return home / "config" if home else _platform_dir("config")


def data_dir() -> Path:
    """The directory of drill.db: attempts, reviews, kept texts."""
    home = _home()
    return home / "data" if home else _platform_dir("data")


def cache_dir() -> Path:
    """The directory of what can be rebuilt at any time."""
    home = _home()
    return home / "cache" if home else _platform_dir("cache")


def runtime_dir() -> Path:
    """The directory of the judge's socket and log; DRILL_RUNTIME_DIR moves it alone, to a file system with sockets."""
    if os.environ.get("DRILL_RUNTIME_DIR"):
        return Path(os.environ["DRILL_RUNTIME_DIR"]).expanduser().absolute()
    home = _home()
    if home:
        return home / "run"
    if sys.platform != "darwin" and not os.environ.get("XDG_RUNTIME_DIR"):
        # No login session, as in a container; platformdirs would warn on every command.
        return Path(tempfile.gettempdir()) / f"drill-{os.getuid()}"
    return _platform_dir("runtime")


def default_workspace() -> Path:
    """Where `drill start` puts stubs unless the config says otherwise."""
    home = _home()
    return home / "workspace" if home else Path.home().absolute() / "drill"


def content_dir(name: str) -> Path:
    """A directory of built-in content: inside an installed package, beside the package in a checkout."""
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name
