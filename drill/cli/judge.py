"""`drill judge status|stop`, and `drill doctor`."""

from typing import Annotated

import typer

from drill.cli.practice import Json, vars_of
from drill.cli.session import Session, print_json

app = typer.Typer(
    help="Look at the warm judge, or end it.", no_args_is_help=True, rich_markup_mode=None
)


@app.command()
def status(json: Json = False) -> None:
    """Show whether the warm judge is running."""
    from drill.judge import client

    found = client.status()
    if json:
        print_json(vars_of(found) if found else None)
        return
    from drill.cli import render

    render.judge_status(found)


@app.command()
def stop() -> None:
    """End the warm judge; the next check starts it again."""
    from drill.judge import client

    typer.echo("the judge has ended" if client.stop() else "no judge is running")


def doctor(
    json: Json = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not start torch or the judge.")
    ] = False,
) -> None:
    """Show what works on this machine, what doesn't, and the remedy."""
    from drill import doctor as examine

    with Session() as session:
        findings = examine.examine(session.config, quick=quick)
    if json:
        print_json(findings)
    else:
        from drill.cli import render

        render.findings(findings)
    raise typer.Exit(3 if any(f.grade is examine.Grade.BROKEN for f in findings) else 0)
