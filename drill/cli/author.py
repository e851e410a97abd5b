"""`drill dev`: for people who write challenges."""

from pathlib import Path
from typing import Annotated

import typer

from drill.challenge import Challenge
from drill.cli.practice import Json, vars_of
from drill.cli.session import Session, complete_challenge, print_json

app = typer.Typer(help="Write and verify challenges.", no_args_is_help=True, rich_markup_mode=None)

Names = Annotated[
    list[str] | None,
    typer.Argument(help="Challenges; all of them if left out.", autocompletion=complete_challenge),
]


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The challenge's id, such as my-layer.")],
    directory: Annotated[
        Path | None, typer.Option("--in", help="The pack; else the built-in one.")
    ] = None,
) -> None:
    """Write a small challenge that runs, to be changed into a real one."""
    from drill import authoring, paths

    folder = authoring.scaffold(name, directory or paths.content_dir("challenges"))
    typer.echo(f"wrote {folder}")
    typer.echo(f"hold it to the standard with: drill dev check {name}")


@app.command()
def check(
    names: Names = None,
    seeds: Annotated[int, typer.Option(min=1, help="On how many seeds.")] = 5,
    runs: Annotated[
        int,
        typer.Option(min=1, help="Judge everything so often, to find a check that is not stable."),
    ] = 1,
    device: Annotated[str, typer.Option(help="Judge on it: cpu, cuda, cuda:N or mps.")] = "cpu",
    json: Json = False,
) -> None:
    """Hold challenges to the standard: solutions pass, mistakes fail as announced, every check has a purpose."""
    from drill import authoring
    from drill.judge import client

    with Session() as session:
        topics = session.library.topics()
        found = []
        for challenge in _chosen(session, names):
            verification = authoring.verify(
                challenge,
                client.grade,
                topics=topics,
                seeds=range(seeds),
                runs=runs,
                device=device,
            )
            found.append(verification)
            if not json:
                from drill.cli import render

                render.verification(verification)
    if json:
        print_json(found)
    raise typer.Exit(1 if any(v.findings for v in found) else 0)


@app.command()
def mutate(
    names: Names = None,
    json: Json = False,
) -> None:
    """Judge mechanical edits of the reference solution; the checks should refuse nearly all."""
    from drill import mutation
    from drill.judge import client

    with Session() as session:
        results = []
        for challenge in _chosen(session, names):
            result = mutation.run(challenge, client.grade)
            results.append(result)
            if not json:
                from drill.cli import render

                render.mutation(result)
        if json:
            print_json([vars_of(result) for result in results])
        elif len(results) > 1:
            from drill.cli import render

            render.mutation_total(results)
    raise typer.Exit(1 if any(result.unexplained for result in results) else 0)


def _chosen(session: Session, names: list[str] | None) -> list[Challenge]:
    if names:
        return [session.library.resolve(name) for name in names]
    return session.library.challenges()


@app.command()
def answers(
    directory: Annotated[
        Path | None, typer.Option("--in", help="The decks; else the built-in ones.")
    ] = None,
) -> None:
    """Run the snippets of output and shape cards, and write what they give to answers.json."""
    from drill import answers, paths

    folder = directory or paths.content_dir("decks")
    count = answers.write(folder)
    typer.echo(f"{count} answers are in {folder / 'answers.json'}")
