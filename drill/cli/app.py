"""The Typer app, the one error boundary, and `main`."""

import os
import sys
from typing import Annotated, Any

import typer

from drill import __version__
from drill.cli import author, judge, practice, quiz
from drill.errors import DrillError

app = typer.Typer(
    help="Practise PyTorch interviews in the terminal, judged by real torch.",
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"drill {__version__}")
        raise typer.Exit


@app.callback()
def overview(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Practise PyTorch interviews in the terminal, judged by real torch."""
    if context.invoked_subcommand is None:
        practice.overview()


practice.register(app)

app.add_typer(quiz.app, name="quiz")
app.add_typer(judge.app, name="judge")
app.command("doctor")(judge.doctor)
app.add_typer(author.app, name="dev")


def main() -> None:
    """Run the command line; every error that drill knows ends here, as a sentence and an exit code."""
    try:
        app()
    except DrillError as error:
        _complain(error.message, error.hint)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        _complain("interrupted")
        raise SystemExit(130) from None
    except BrokenPipeError:
        # The reader of the pipe has gone; leave nothing for the interpreter to flush into it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
    except Exception as error:
        raise SystemExit(_internal(error)) from None


def _complain(message: str, hint: str = "") -> None:
    typer.echo(f"drill: {message}", err=True)
    if hint:
        typer.echo(f"       {hint}", err=True)


def _internal(error: Exception) -> int:
    """Write a fault of drill's own to a log, and say where it is."""
    import traceback
    from datetime import UTC, datetime

    from drill import paths

    text = "".join(traceback.format_exception(error))
    log: Any = paths.data_dir() / "drill.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC).isoformat()} {__version__} {sys.argv[1:]}\n{text}\n")
    except OSError:
        _complain(f"a fault in drill itself: {text}")
    else:
        _complain(
            f"a fault in drill itself: {type(error).__name__}: {error}",
            f"the details are in {log}; please report them",
        )
    return 3
