"""All commands in one Typer app."""

from typing import Annotated

import typer

from drill import __version__
from drill.cli import author, judge, practice, quiz

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
