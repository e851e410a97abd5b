"""Everything that is drawn with Rich: reports, tables, statements. Colour repeats what the words say."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from drill.authoring import Verification
from drill.challenge import Challenge
from drill.practice import Hints, Progress, State, full_name
from drill.report import CheckReport, Frame, Outcome, Report, Verdict

# Control characters and what reorders text: a submission's words must not steer the terminal.
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_STATE_STYLE = {
    State.NEW: "dim",
    State.STARTED: "yellow",
    State.ATTEMPTED: "yellow",
    State.ACCEPTED: "green",
    State.OUTDATED: "cyan",
    State.GAVE_UP: "magenta",
}
_DIFFICULTY_STYLE = {"easy": "green", "medium": "yellow", "hard": "red"}


def console() -> Console:
    # No highlighting: Rich would colour every number and path of the learner's own words.
    return Console(highlight=False, soft_wrap=False)


def inert(text: str) -> str:
    """The text with control characters spelled out, so that it only ever shows."""
    return _STEERING.sub(lambda found: repr(found.group())[1:-1], text.replace("\t", "    "))


def plain(text: str, style: str = "") -> Text:
    """Words that came from outside, as they are: no markup, no control characters."""
    return Text(inert(text), style)


def marks(screen: Console) -> tuple[str, str, str]:
    """The signs for passed, failed and not run, in what the terminal's encoding has."""
    try:
        "✓✗·".encode(screen.encoding)
    except (UnicodeEncodeError, LookupError):
        return "ok", "FAIL", "--"
    return "✓", "✗", "·"


def indented(block: RenderableType, by: int = 4) -> Padding:
    return Padding(block, (0, 0, 0, by), expand=False)


# Reports


def report(
    report: Report, challenge: Challenge, verbose: bool = False, builtin: bool = True
) -> None:
    """A judging: the verdict, a line for each check, the first failure in full."""
    screen = console()
    good = report.verdict is Verdict.ACCEPTED
    screen.print(
        Text.assemble(
            (challenge.id, "bold"),
            "  ",
            (report.verdict.value, "bold green" if good else "bold red"),
        )
    )
    if report.message:
        screen.print(indented(plain(report.message), 2))
    _frames(screen, report.frames, 4)
    if report.hint:
        screen.print(indented(_labelled("next", report.hint), 2))
    failures = report.failed
    for check in report.checks:
        _check_line(screen, check)
        if check in failures and (verbose or check is failures[0]):
            _failure(screen, check)
    if report.output.strip() and not good:
        screen.print(Text("your code printed", "bold"))
        screen.print(indented(plain(_last_lines(report.output, 12)), 2))
    _closing(screen, report, challenge, builtin)


def _check_line(screen: Console, check: CheckReport) -> None:
    passed, failed, absent = marks(screen)
    sign, style = {
        Outcome.PASSED: (passed, "green"),
        Outcome.NOT_RUN: (absent, "dim"),
    }.get(check.outcome, (failed, "red"))
    took = "" if check.outcome is Outcome.NOT_RUN else f"{check.seconds * 1e3:.0f} ms"
    row = Table.grid(padding=(0, 1), expand=True)
    row.add_column(width=len(failed))
    row.add_column(ratio=1)
    row.add_column(justify="right", no_wrap=True)
    row.add_row(Text(sign, style), plain(check.title), Text(took, "dim"))
    screen.print(row)


def _failure(screen: Console, check: CheckReport) -> None:
    """What was tried, what came out, which wrong idea it is, what to do."""
    body: list[RenderableType] = []
    if check.tried:
        body.append(_labelled("tried", "\n".join(check.tried)))
    if check.mistake:
        body.append(_labelled("why", check.mistake, "bold red"))
    body.append(
        _labelled("so", check.message) if check.mistake else _labelled("why", check.message, "red")
    )
    if check.details:
        body.append(indented(plain("\n".join(check.details)), 7))
    if check.hint:
        body.append(_labelled("hint", check.hint))
    screen.print(indented(Group(*body), 2))
    _frames(screen, check.frames, 9)


def _labelled(label: str, text: str, style: str = "") -> Table:
    row = Table.grid(padding=(0, 1))
    row.add_column(width=6)
    row.add_column()
    row.add_row(Text(label, "dim"), plain(text, style))
    return row


def _frames(screen: Console, frames: Sequence[Frame], indent: int) -> None:
    for frame in frames:
        where = f"line {frame.line}" + (
            f", in {frame.function}" if frame.function.isidentifier() else ""
        )
        screen.print(indented(Text(where, "dim"), indent))
        if frame.code:
            screen.print(indented(plain(frame.code), indent + 2))


def _last_lines(text: str, count: int) -> str:
    lines = text.rstrip().splitlines()
    left_out = len(lines) - count
    return "\n".join(
        [*([f"... ({left_out} lines before)"] if left_out > 0 else []), *lines[-count:]]
    )


def _closing(screen: Console, report: Report, challenge: Challenge, builtin: bool) -> None:
    if report.checks:
        where = [f"seed {report.seed}", report.device]
        if report.torch:
            where.append(f"torch {report.torch}")
        if report.isolated:
            where.append("apart from the submission")
        screen.print(
            plain(
                f"{report.passed} of {len(report.checks)} checks passed in {report.seconds:.2f} s ({', '.join(where)})"
            )
        )
    if not builtin and report.missing_layers:
        screen.print(
            plain(
                f"sandbox: {report.sandbox}, without {', '.join(report.missing_layers)}", "yellow"
            )
        )
    if report.verdict is Verdict.ACCEPTED:
        if challenge.follow_ups:
            screen.print(Text("An interviewer would go on:", "bold"))
            for follow_up in challenge.follow_ups:
                screen.print(indented(_bullet(follow_up.question), 2))
        screen.print(Text(f"answers and other solutions: drill solution {challenge.id}", "dim"))
    elif report.failed:
        screen.print(Text(f"a hint: drill hint {challenge.id}", "dim"))


def _bullet(text: str) -> Table:
    row = Table.grid(padding=(0, 1))
    row.add_row("-", plain(text))
    return row


# Lists and progress


def challenges(shown: Sequence[Challenge], states: Mapping[str, State]) -> None:
    """The table of `drill list`; what does not fit a narrow terminal is left out, the status never."""
    screen = console()
    if not shown:
        screen.print("no challenge fits these filters")
        return
    narrow, wide = screen.width < 72, screen.width >= 100
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("challenge", no_wrap=True)
    if wide:
        table.add_column("title", ratio=1)
    table.add_column("topic", no_wrap=True)
    table.add_column("level", no_wrap=True)
    if not narrow:
        table.add_column("min", justify="right")
    table.add_column("status", no_wrap=True)
    for c in shown:
        state = states[full_name(c)]
        cells: list[RenderableType] = [Text(c.id, "bold")]
        if wide:
            cells.append(plain(c.title))
        cells += [plain(c.topics[0]), Text(c.difficulty, _DIFFICULTY_STYLE[c.difficulty])]
        if not narrow:
            cells.append(str(c.minutes))
        cells.append(Text(state, _STATE_STYLE[state]))
        table.add_row(*cells)
    screen.print(table)
    done = sum(states[full_name(c)] is State.ACCEPTED for c in shown)
    screen.print(Text(f"{done} of {len(shown)} accepted", "dim"))


def overview(
    all_challenges: Sequence[Challenge],
    states: Mapping[str, State],
    going_on: Challenge | None,
    following: Challenge | None,
) -> None:
    screen = console()
    done = sum(states[full_name(c)] is State.ACCEPTED for c in all_challenges)
    screen.print(f"{done} of {len(all_challenges)} challenges accepted")
    if going_on:
        screen.print(Text.assemble("you are at ", (going_on.id, "bold"), f": {going_on.title}"))
        screen.print(f"  judge it     drill check {going_on.id}")
        screen.print(f"  a hint       drill hint {going_on.id}")
        return
    if following:
        screen.print(Text.assemble("next is ", (following.id, "bold"), f": {following.title}"))
        screen.print(f"  begin        drill start {following.id}")
    else:
        screen.print("your track is done")
    screen.print("  all of them  drill list")
    screen.print("  flashcards   drill quiz")


def next_challenge(challenge: Challenge | None, track: str) -> None:
    screen = console()
    if challenge is None:
        screen.print(plain(f"every challenge of the track {track} is accepted"))
        return
    screen.print(
        Text.assemble(
            (challenge.id, "bold"),
            f"  {challenge.title} ({challenge.difficulty}, {challenge.minutes} min)",
        )
    )
    screen.print(indented(plain(challenge.summary), 2))
    screen.print(Text(f"begin with: drill start {challenge.id}", "dim"))


def progress(groups: Mapping[str, Sequence[Progress]]) -> None:
    screen = console()
    width = 10 if screen.width < 72 else 20
    full, empty = ("█", "░") if marks(screen)[0] == "✓" else ("#", ".")
    for title, rows in groups.items():
        if not rows:
            continue
        table = Table(
            box=None,
            pad_edge=False,
            title=title,
            title_justify="left",
            title_style="bold",
            show_header=False,
        )
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        for row in rows:
            filled = round(width * row.accepted / row.total)
            bar = Text(full * filled, "green") + Text(empty * (width - filled), "dim")
            under_way = f", {row.attempted} tried" if row.attempted else ""
            table.add_row(plain(row.label), bar, f"{row.accepted}/{row.total}{under_way}")
        screen.print(table)
        screen.print()


def history(attempts: Sequence[Any]) -> None:
    screen = console()
    if not attempts:
        screen.print("no attempts yet")
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("when", no_wrap=True)
    table.add_column("challenge", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    if screen.width >= 72:
        table.add_column("checks", justify="right", no_wrap=True)
    for attempt in attempts:
        style = "green" if attempt.verdict is Verdict.ACCEPTED else "red"
        report = attempt.report
        cells: list[RenderableType] = [
            _when(attempt.at),
            plain(attempt.challenge.rpartition("/")[2]),
            Text(attempt.verdict + (" (after the solution)" if attempt.gave_up else ""), style),
        ]
        if screen.width >= 72:
            cells.append(f"{report.passed}/{len(report.checks)}" if report.checks else "")
        table.add_row(*cells)
    screen.print(table)


def _when(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


# Texts


def statement(challenge: Challenge, state: State, text: str) -> None:
    from rich.markdown import Markdown

    screen = console()
    screen.print(
        Text.assemble(
            (challenge.title, "bold"),
            "  ",
            (challenge.difficulty, _DIFFICULTY_STYLE[challenge.difficulty]),
            f", {challenge.minutes} min, {', '.join(challenge.topics)}  ",
            (state, _STATE_STYLE[state]),
        )
    )
    screen.print()
    screen.print(Markdown(inert(text), code_theme="ansi_dark"))
    screen.print()
    screen.print(Text(f"begin with: drill start {challenge.id}", "dim"))


def hints(challenge: Challenge, given: Hints) -> None:
    screen = console()
    for number, text in enumerate(given.shown, 1):
        newest = number == len(given.shown)
        row = Table.grid(padding=(0, 1))
        row.add_row(
            Text(f"{number}/{given.total}", "bold" if newest else "dim"),
            plain(text, "" if newest else "dim"),
        )
        screen.print(row)
    more = f"drill solution {challenge.id}" if given.exhausted else f"drill hint {challenge.id}"
    screen.print(Text(f"more: {more}", "dim"))


def solution(challenge: Challenge) -> None:
    from rich.markdown import Markdown
    from rich.syntax import Syntax

    screen = console()
    for path in challenge.solutions:
        screen.print(Text(path.name, "bold"))
        source = path.read_text(encoding="utf-8").strip()
        screen.print(
            indented(
                Syntax(
                    source, "python", theme="ansi_dark", background_color="default", word_wrap=True
                ),
                2,
            )
        )
        screen.print()
    if challenge.discussion:
        screen.print(Text("what they trade off", "bold"))
        screen.print(indented(Markdown(inert(challenge.discussion)), 2))
        screen.print()
    if challenge.follow_ups:
        screen.print(Text("an interviewer would go on", "bold"))
        for follow_up in challenge.follow_ups:
            screen.print(indented(plain(follow_up.question), 2))
            screen.print(indented(plain(follow_up.answer, "dim"), 4))
        screen.print()
    for link in challenge.links:
        screen.print(plain(f"{link.title}: {link.url}", "dim"))


# The machine


def judge_status(found: Any) -> None:
    screen = console()
    if found is None:
        screen.print("no judge is running; the next check starts one")
        return
    for name in found.__dataclass_fields__:
        screen.print(plain(f"{name.replace('_', ' '):<16}{getattr(found, name)}"))


def findings(found: Iterable[Any]) -> None:
    screen = console()
    passed, failed, absent = marks(screen)
    signs = {"works": (passed, "green"), "limited": (absent, "yellow"), "broken": (failed, "red")}
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for finding in found:
        sign, style = signs[finding.grade]
        words = plain(finding.detail)
        if finding.remedy:
            words.append_text(plain(f"\n{finding.remedy}", "dim"))
        table.add_row(Text(sign, style), plain(finding.name), words)
    screen.print(table)


# For authors


def verification(result: Verification) -> None:
    screen = console()
    passed, failed, _ = marks(screen)
    sign = Text(failed, "red") if result.findings else Text(passed, "green")
    summary = (
        f" {result.challenge}: {result.judgings} judgings, the checks take {result.slowest_s:.2f} s"
    )
    screen.print(Text.assemble(sign, summary))
    for finding in result.findings:
        screen.print(indented(_bullet(finding.sentence), 2))


def mutation(result: Any) -> None:
    screen = console()
    screen.print(
        plain(
            f"{result.challenge}: {result.killed} of {result.total} mutants are refused ({_share(result.killed, result.total)})"
        )
    )
    for survivor in result.survivors:
        excused = survivor in result.equivalent
        screen.print(
            indented(_bullet(survivor + (" (equivalent)" if excused else "")), 2),
            style="dim" if excused else "",
        )


def mutation_total(results: Sequence[Any]) -> None:
    killed, total = sum(r.killed for r in results), sum(r.total for r in results)
    equivalent = sum(len(r.equivalent) for r in results)
    console().print(
        plain(
            f"in all {killed} of {total} are refused ({_share(killed, total)}); without the {equivalent} equivalent ones {_share(killed, total - equivalent)}"
        )
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"
