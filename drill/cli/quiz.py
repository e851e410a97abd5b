"""`drill quiz` and what hangs on it: stats, import, export, resume.

This module is loaded by every command, so what only a quiz needs is imported in the commands.
"""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Review flashcards that are due, then new ones.",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    add_completion=False,  # the whole app's covers it
    pretty_exceptions_enable=False,
)

Deck = Annotated[str, typer.Option("--deck", help="Only cards of this deck.")]
Topic = Annotated[str, typer.Option("--topic", help="Only cards on this topic.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def quiz(
    context: typer.Context,
    deck: Deck = "",
    topic: Topic = "",
    new: Annotated[
        int | None, typer.Option("--new", min=0, help="New cards in this session.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Reviews in this session.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=0.0, help="No further card after so long.")
    ] = None,
    cram: Annotated[
        bool, typer.Option("--cram", help="All cards in any order; the schedule stays as it is.")
    ] = False,
    optimize: Annotated[
        bool, typer.Option("--optimize", help="Fit the scheduler to your own reviews.")
    ] = False,
    json: Json = False,
) -> None:
    """Review flashcards that are due, then new ones."""
    if context.invoked_subcommand is not None:
        return
    from drill.cli import quiz_session

    with quiz_session.opened() as desk:
        if optimize:
            typer.echo(desk.optimize())
            return
        session = desk.session(deck, topic, new, limit, minutes, cram)
        if json:
            from drill.cli.session import print_json

            print_json(desk.listing(session))
        else:
            desk.run(session)


@app.command()
def stats(deck: Deck = "", topic: Topic = "", json: Json = False) -> None:
    """Show what is due in the next 30 days, retention by topic, and the days you reviewed."""
    from drill.cli import quiz_session

    with quiz_session.opened() as desk:
        found = desk.stats(deck, topic)
    if json:
        from drill.cli.session import print_json

        print_json(quiz_session.listed_stats(found))
        return
    from drill.cli.render_quiz import Screen, console

    Screen(console()).stats(found)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="An .apkg or a .csv file.")],
    topic: Annotated[
        str, typer.Option("--topic", help="The topic of cards that come without one.")
    ] = "imported",
) -> None:
    """Take cards from an Anki package or a CSV file into your own decks."""
    from drill.cli import quiz_session

    with quiz_session.opened() as desk:
        typer.echo(desk.import_file(file, topic))


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="An .apkg or a .csv file to write.")],
    deck: Deck = "",
    topic: Topic = "",
) -> None:
    """Write cards to an Anki package or a CSV file."""
    from drill.cli import quiz_session

    with quiz_session.opened() as desk:
        typer.echo(desk.export_file(file, deck, topic))


@app.command()
def resume(
    card: Annotated[str, typer.Argument(help="The id of a suspended card.")] = "",
    json: Json = False,
) -> None:
    """Bring a suspended card back; without an id, list those that are suspended."""
    from drill.cli import quiz_session

    with quiz_session.opened() as desk:
        if card:
            desk.resume(card)
            typer.echo(f"{card} is back")
            return
        suspended = [row.id for row in desk.store.suspended_cards()]
    if json:
        from drill.cli.session import print_json

        print_json(suspended)
    else:
        typer.echo("\n".join(suspended) or "no card is suspended")
