"""The commands a learner uses: list, show, start, check, hint, solution, reset, status, history, next.

This module is loaded by every command, so what only one of them needs is imported in that one.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from drill import editor
from drill import practice as do
from drill.challenge import Challenge, Difficulty
from drill.cli.session import Session, complete_challenge, print_json
from drill.errors import UsageError
from drill.judge.protocol import Job
from drill.practice import State, full_name
from drill.report import Report, Verdict

Name = Annotated[str, typer.Argument(help="The challenge.", autocompletion=complete_challenge)]
MaybeName = Annotated[
    str | None,
    typer.Argument(
        help="The challenge; the one started last if left out.", autocompletion=complete_challenge
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Isolation(StrEnum):
    """Whether the submission runs in the process of the checks."""

    NONE = "none"
    PROCESS = "process"


def register(app: typer.Typer) -> None:
    """Add the commands, in the order that help lists them."""
    app.command("list")(list_challenges)
    for command in (show, start, check, hint, solution, reset, next, status, history):
        app.command()(command)


def overview() -> None:
    """`drill` alone: where you are, and the next command."""
    from drill.cli import render

    with Session() as session:
        challenges = session.challenges()
        states = do.states(challenges, session.store)
        last = session.store.last_started()
        going_on = None
        if last and states.get(last.challenge) in (State.STARTED, State.ATTEMPTED):
            going_on = session.library.resolve(last.challenge)
        render.overview(challenges, states, going_on, _next(session, states))


def _next(session: Session, states: dict[str, State], track: str | None = None) -> Challenge | None:
    """The next challenge of a track, or of the configured one; None when it is done."""
    wanted = track or session.config.track
    for pack in session.library.packs:
        if wanted in pack.spec.tracks:
            name = do.next_in_track(pack.spec.tracks[wanted], states, pack.name)
            return session.library.resolve(f"{pack.name}/{name}") if name else None
    known = ", ".join(session.library.tracks()) or "none"
    raise UsageError(f"there is no track called {wanted!r}", hint=f"the tracks are {known}")


def list_challenges(
    topic: Annotated[str | None, typer.Option(help="Only this topic.")] = None,
    difficulty: Annotated[Difficulty | None, typer.Option(help="Only this difficulty.")] = None,
    status: Annotated[
        State | None, typer.Option(help="Only those you are at this point with.")
    ] = None,
    track: Annotated[
        str | None, typer.Option(help="The challenges of a track, in its order.")
    ] = None,
    isolable: Annotated[
        bool, typer.Option("--isolable", help="Only those that check takes with --isolation.")
    ] = False,
    json: Json = False,
) -> None:
    """List the challenges and where you stand with each."""
    with Session() as session:
        challenges = session.challenges()
        if topic is not None:
            challenges = _on_topic(challenges, topic)
        if track is not None:
            challenges = _on_track(session, challenges, track)
        states = do.states(challenges, session.store)
        shown = [
            c
            for c in challenges
            if (difficulty is None or c.difficulty is difficulty)
            and (status is None or states[full_name(c)] is status)
            and (c.isolable or not isolable)
        ]
        if json:
            print_json([_summary(c, states) for c in shown])
            return
        from drill.cli import render

        render.challenges(shown, states)


def _on_topic(challenges: list[Challenge], topic: str) -> list[Challenge]:
    found = [c for c in challenges if topic in c.topics]
    if not found:
        topics = sorted({c.topics[0] for c in challenges})
        raise UsageError(f"no challenge is on {topic!r}", hint=f"topics: {', '.join(topics)}")
    return found


def _on_track(session: Session, challenges: list[Challenge], track: str) -> list[Challenge]:
    tracks = session.library.tracks()
    if track not in tracks:
        known = ", ".join(tracks) or "none"
        raise UsageError(f"there is no track called {track!r}", hint=f"the tracks are {known}")
    by_id = {c.id: c for c in challenges}
    return [by_id[name] for name in tracks[track].order if name in by_id]


def _summary(challenge: Challenge, states: dict[str, State]) -> dict[str, Any]:
    return {
        "id": challenge.id,
        "pack": challenge.pack,
        "title": challenge.title,
        "summary": challenge.summary,
        "topics": challenge.topics,
        "difficulty": challenge.difficulty,
        "minutes": challenge.minutes,
        "isolable": challenge.isolable,
        "status": states[full_name(challenge)],
    }


def show(name: Name, json: Json = False) -> None:
    """Show a challenge's statement."""
    with Session() as session:
        challenge = session.library.resolve(name)
        states = do.states([challenge], session.store)
        statement = challenge.statement.read_text(encoding="utf-8")
        if json:
            print_json(
                {**_summary(challenge, states), "entry": challenge.entry, "statement": statement}
            )
            return
        from drill.cli import render

        render.statement(challenge, states[full_name(challenge)], statement)


def start(
    name: Name,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the editor.")] = False,
    json: Json = False,
) -> None:
    """Write the stub into your workspace, or find your file again, and open it."""
    from drill.judge import client  # sockets and processes, which listing has no use for

    with Session() as session:
        challenge = session.library.resolve(name)
        opened = do.start(challenge, session.library, session.store, session.workspace, session.now)
        client.wake()  # so that the first check is already warm
        if json:
            print_json({"challenge": full_name(challenge), **vars_of(opened)})
            return
        verb = "wrote" if opened.created else "found your"
        typer.echo(f"{verb} {opened.path} (line {opened.line})")
        typer.echo(f"when it is done: drill check {challenge.id}")
        if not no_open and sys.stdin.isatty() and sys.stdout.isatty():
            editor.open_at(editor.choose(session.config.editor), opened.path, opened.line)


def vars_of(value: Any) -> dict[str, Any]:
    """The fields of a dataclass with slots, as a dict."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def check(
    name: MaybeName = None,
    file: Annotated[
        Path | None, typer.Argument(help="Judge this file instead of your own.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda, cuda:N, mps or auto; else as configured.")
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="What every check's randomness starts from.")
    ] = 0,
    cold: Annotated[bool, typer.Option("--cold", help="Judge in a fresh process.")] = False,
    sandbox: Annotated[
        str | None, typer.Option(help="Refuse to judge below this level: full, strict or basic.")
    ] = None,
    isolation: Annotated[
        Isolation,
        typer.Option(help="process: the submission apart from the checks, where these allow it."),
    ] = Isolation.NONE,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Every failure in full.")
    ] = False,
    json: Json = False,
) -> None:
    """Judge your submission; with FILE, judge that file, from anywhere."""
    from drill.judge import client

    with Session() as session:
        target = do.target(name, file, session.library, session.store, session.workspace)

        def grade(job: Job) -> Report:
            return client.grade(
                job,
                cold=cold,
                sandbox=sandbox or session.config.judge.sandbox or None,
                on_sent=None if json else _load_screen,
            )

        not_stored = None
        try:
            report = do.submit(
                target,
                grade,
                session.store,
                device=device or session.config.device,
                seed=seed,
                now=session.now,
                isolated=isolation is Isolation.PROCESS,
            )
        except do.NotStored as error:
            report, not_stored = error.report, error
        if json:
            print_json(report.to_json())
        else:
            from drill.cli import render

            builtin = session.library.is_builtin(target.challenge)
            render.report(report, target.challenge, verbose, builtin)
        if not_stored:
            raise not_stored
    raise typer.Exit(report.exit_code)


def _load_screen() -> None:
    """Import what draws the report while the judge is at work."""
    from drill.cli import render  # noqa: F401


def hint(name: MaybeName = None, json: Json = False) -> None:
    """Show the next hint, mildest first."""
    with Session() as session:
        challenge = _named_or_last(session, name)
        hints = do.next_hint(challenge, session.store, session.now)
        if json:
            print_json({"challenge": full_name(challenge), **vars_of(hints)})
            return
        from drill.cli import render

        render.hints(challenge, hints)


def _named_or_last(session: Session, name: str | None) -> Challenge:
    if name is not None:
        return session.library.resolve(name)
    last = session.store.last_started()
    if last is None:
        raise UsageError("no challenge is started", hint="begin with: drill start custom-linear")
    return session.library.resolve(last.challenge)


def solution(
    name: MaybeName = None,
    give_up: Annotated[
        bool,
        typer.Option("--give-up", help="See it before you are accepted; the challenge is marked."),
    ] = False,
    json: Json = False,
) -> None:
    """Show solutions, what they trade off, and the follow-up questions."""
    with Session() as session:
        challenge = _named_or_last(session, name)
        if not do.may_see_solution(challenge, session.store):
            if not give_up and sys.stdin.isatty() and not json:
                give_up = typer.confirm(
                    f"You have not solved {challenge.id} yet. Give up and see it?"
                )
            if not give_up:
                raise UsageError(
                    f"{challenge.id} is not accepted yet",
                    hint=f"see it all the same with: drill solution {challenge.id} --give-up",
                )
            do.give_up(challenge, session.store, session.now)
        if json:
            sources = {path.name: path.read_text(encoding="utf-8") for path in challenge.solutions}
            print_json(
                {
                    "challenge": full_name(challenge),
                    "solutions": sources,
                    "discussion": challenge.discussion,
                    "follow_ups": challenge.follow_ups,
                    "links": challenge.links,
                }
            )
            return
        from drill.cli import render

        render.solution(challenge)


def reset(name: MaybeName = None, json: Json = False) -> None:
    """Put the stub back; your text is kept."""
    with Session() as session:
        challenge = _named_or_last(session, name)
        done = do.reset(challenge, session.library, session.store, session.workspace, session.now)
        if json:
            print_json({"challenge": full_name(challenge), **vars_of(done)})
            return
        typer.echo(f"{done.path} is the stub again")
        if done.backup:
            typer.echo(f"your text is kept in {done.backup}")


def next(
    track: Annotated[
        str | None, typer.Option(help="A track other than the configured one.")
    ] = None,
    json: Json = False,
) -> None:
    """Name the next challenge of your track."""
    with Session() as session:
        states = do.states(session.challenges(), session.store)
        challenge = _next(session, states, track)
        if json:
            print_json(_summary(challenge, states) if challenge else None)
            return
        from drill.cli import render

        render.next_challenge(challenge, track or session.config.track)


def status(json: Json = False) -> None:
    """Show your progress by topic, difficulty and track."""
    with Session() as session:
        challenges = session.challenges()
        states = do.states(challenges, session.store)
        topics = session.library.topics()
        by_topic = {
            title: [c for c in challenges if c.topics[0] == slug] for slug, title in topics.items()
        }
        by_difficulty = {d.value: [c for c in challenges if c.difficulty is d] for d in Difficulty}
        by_track = {name: _on_track(session, challenges, name) for name in session.library.tracks()}
        groups = {
            "topics": do.progress(by_topic, states),
            "difficulty": do.progress(by_difficulty, states),
            "tracks": do.progress(by_track, states),
        }
        if json:
            print_json(groups)
            return
        from drill.cli import render

        render.progress(groups)


def history(
    name: MaybeName = None,
    limit: Annotated[int, typer.Option(min=1, help="How many attempts at most.")] = 20,
    json: Json = False,
) -> None:
    """Show your attempts, the newest first: at one challenge, or at all."""
    with Session() as session:
        wanted = full_name(session.library.resolve(name)) if name else None
        attempts = session.store.attempts(wanted, limit)
        if json:
            print_json([_attempt_summary(attempt) for attempt in attempts])
            return
        from drill.cli import render

        render.history(attempts)


def _attempt_summary(attempt: Any) -> dict[str, Any]:
    fields = attempt._asdict()
    del fields["report_json"]
    return {**fields, "verdict": Verdict(attempt.verdict)}
