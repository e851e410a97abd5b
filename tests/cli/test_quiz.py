"""`drill quiz` through the real executable: keys in a pseudo-terminal, lines through a pipe."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

from drill.cards import Rating
from drill.quiz_store import Action, Only, QuizStore

DRILL = str(Path(sys.executable).with_name("drill"))

DECK = """\
format: 1
title: Mine
topic: mine
section: 0
cards:
  - id: first
    kind: recall
    source: seed 1
    challenges: [numpy-bridge]
    question: What is `alpha`?
    answer: The first letter, **not** the last. Its slope is $\\\\frac{a}{b^2}$.
  - id: second
    kind: choice
    source: seed 1
    question: Which are vowels?
    options:
      - {text: letter A, right: true}
      - {text: letter E, right: true}
      - {text: letter K, why: It is a consonant.}
  - id: third
    kind: bug
    source: seed 1
    code: |
      x = 1
      y = x + 2
    line: 2
    fix: y = x + 1
    shows: assert y == 2
    answer: One too many.
  - id: fourth
    kind: recall
    source: seed 1
    question: And beta?
    answer: The second letter.
"""

JUDGED = """\
format: 1
title: Judged
topic: judged
cards:
  - id: sum-last
    kind: cloze
    source: seed 3
    question: Sum over the last dimension.
    code: |
      x = torch.arange(6.0).view(2, 3)
      y = x.sum(____)
    answer: dim=-1
    behaves: assert y.tolist() == [3.0, 12.0]
  - id: own-output
    kind: output
    source: seed 1
    code: print(torch.arange(3))
  - id: own-shape
    kind: shape
    source: seed 1
    expression: torch.zeros(2, 3) @ torch.zeros(2, 3)
"""


@pytest.fixture
def own(home):
    folder = home / "drill" / "data" / "decks"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(DECK.replace("\\\\", "\\"))
    return folder


def quiz(*words, stdin="", **environment):
    return subprocess.run(
        [DRILL, "quiz", *words],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


def at_terminal(*words, width=80, **environment):
    child = pexpect.spawn(
        DRILL,
        ["quiz", "--deck", "mine", *words],
        encoding="utf-8",
        dimensions=(50, width),
        timeout=60,
        env={**os.environ, "TERM": "xterm-256color", "NO_COLOR": "1", **environment},
    )
    child.delaybeforesend = None
    return child


def opened(home):
    return QuizStore.open(home / "drill" / "data" / "drill.db")


def ratings(home):
    with opened(home) as store:
        return [
            (row.subject.removeprefix("card:"), row.rating)
            for row in store.reviews()
            if row.action is Action.RATING
        ]


SHOWS_ANSWER = "Space or enter shows the answer"
TO_RATE = "4 Easy"


# In a terminal


def test_a_session_with_every_key(own, home):
    child = at_terminal()
    child.expect("4 new")
    child.expect("What is `alpha`")
    child.expect(SHOWS_ANSWER)
    assert "first letter" not in child.before
    child.send("x\x1b[A")  # neither is a key: nothing happens
    child.send("?")
    child.expect("undo the last thing")
    child.send(" ")
    child.expect("The first letter")
    child.expect("Its slope is a/b²")
    child.expect("1 Again 1 min   2 Hard 6 min   ")
    child.expect(r"\[3 Good\]")  # in bold, which NO_COLOR leaves
    child.expect("10 min   4 Easy 8 days")
    child.send("4")
    child.expect("Easy: back in 8 days")

    child.expect("Which are vowels")
    child.expect("> ")
    child.send("u\r")
    child.expect("Undone: Easy")
    child.expect("alpha")
    child.expect(SHOWS_ANSWER)
    child.send("\r")
    child.expect(TO_RATE)
    child.send("1")
    child.expect("Again: back in 1 min")

    child.expect("Which are vowels")
    options = re.search(
        r"a +letter (.).*b +letter (.).*c +letter (.)", read_to(child, "> "), re.DOTALL
    )
    right = " ".join("abc"[n] for n, letter in enumerate(options.groups()) if letter in "AE")
    child.send(f"{right}\r")
    child.expect("Right")
    child.expect("It is a consonant")
    child.expect(TO_RATE)
    child.send("\r")  # what is in brackets
    child.expect("Good: back in 10 min")

    child.expect("One line is wrong")
    child.expect("> ")
    child.send("1\r")
    child.expect("Wrong")
    child.expect("One too many")
    child.expect(r"\[1 Again\]")
    child.send("s")
    child.expect("Suspended")

    child.expect("And beta")
    child.expect(SHOWS_ANSWER)
    child.send("q")
    child.expect("2 reviews of 2 cards, 2 of them new")
    child.expect("1 card suspended")
    child.expect("come back by the end of tomorrow")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert ratings(home) == [
        ("first", Rating.EASY),  # undone, and still in the log
        ("first", Rating.AGAIN),
        ("second", Rating.GOOD),
    ]
    with opened(home) as store:
        assert store.schedule("card:first").lapses == 1
        assert store.schedule("card:third").suspended


def read_to(child, what):
    child.expect(what)
    return child.before


def test_quitting_in_the_middle_keeps_what_was_rated_and_goes_on_later(own, home):
    child = at_terminal()
    child.expect(SHOWS_ANSWER)
    child.send(" ")
    child.expect(TO_RATE)
    child.send("4")
    child.expect("back in 8 days")
    child.expect("> ")
    child.send("\x04")  # Ctrl-D
    child.expect(pexpect.EOF)
    assert ratings(home) == [("first", Rating.EASY)]

    child = at_terminal()
    child.expect("3 new")
    child.expect("Which are vowels")
    child.close(force=True)


def test_a_card_edited_in_the_editor_is_shown_anew_and_keeps_its_schedule(own, home, tmp_path):
    editor = tmp_path / "editor"
    editor.write_text(
        '#!/bin/sh\necho "editing $*"\nsed -i "s/What is .alpha./What was alpha/" "$1"\n'
    )
    editor.chmod(0o755)
    child = at_terminal(EDITOR=str(editor))
    child.expect("What is `alpha`")
    child.expect(SHOWS_ANSWER)
    child.send("e")
    child.expect(r"editing .*mine\.yaml")
    child.expect("What was alpha")
    child.expect(SHOWS_ANSWER)
    child.send(" ")
    child.expect(TO_RATE)
    child.send("4")
    child.expect("back in")
    child.expect("> ")
    child.send("q\r")
    child.expect(pexpect.EOF)
    assert ratings(home) == [("first", Rating.EASY)]


def test_a_slip_in_the_editor_is_named_and_the_session_goes_on(own, home, tmp_path):
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/    question: What/    qestion: What/" "$1"\n')
    editor.chmod(0o755)
    child = at_terminal(EDITOR=str(editor))
    child.expect(SHOWS_ANSWER)
    child.send("e")
    child.expect("line 10: unknown key qestion")
    child.expect(r"did you mean question\?")
    child.send(" ")
    child.expect("The first letter")
    child.close(force=True)


@pytest.mark.parametrize(
    ("how", "status"),
    [
        pytest.param("q", 0, id="quit"),
        pytest.param("\x03", 130, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
        pytest.param(signal.SIGHUP, 129, id="SIGHUP"),
    ],
)
@pytest.mark.parametrize("typing", [False, True], ids=["at a key", "at a line"])
def test_the_terminal_is_left_as_it_was_found(own, how, status, typing):
    shell = pexpect.spawn(
        "/bin/sh", encoding="utf-8", dimensions=(50, 100), timeout=60,
        env={**os.environ, "PS1": "$ ", "TERM": "xterm", "NO_COLOR": "1"},
    )  # fmt: skip
    shell.delaybeforesend = None
    shell.sendline(f'echo started; {DRILL} quiz --deck mine; echo "ended with $?"')
    shell.expect("started\r\n")
    shell.expect(SHOWS_ANSWER)
    if typing:
        shell.send("s")
        shell.expect("> ")
    if isinstance(how, signal.Signals):
        for pid in children(shell.pid):
            os.kill(pid, how)
    else:
        shell.send(f"{how}\r" if typing and how == "q" else how)
    shell.expect(f"ended with {status}\r\n")
    shell.sendline("stty -a; echo done")
    shell.expect("echo done\r\n")  # it echoes
    shell.expect("done\r\n")
    assert re.search(r"[^-]icanon", shell.before)
    assert re.search(r"[^-]echo ", shell.before)
    shell.close(force=True)


def children(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_stopped_session_goes_on_where_it_was(own):
    child = at_terminal()
    child.expect(SHOWS_ANSWER)
    child.kill(signal.SIGSTOP)
    child.kill(signal.SIGCONT)
    child.send(" ")
    child.expect("The first letter")
    child.close(force=True)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_is_wider_than_the_terminal(own, width):
    child = at_terminal(width=width)
    child.expect(SHOWS_ANSWER)
    child.send(" ")
    child.expect(TO_RATE)
    child.send("1")
    child.expect("> ")
    child.send("a\r")
    child.expect(TO_RATE)
    child.send("q")
    child.expect(pexpect.EOF)
    lines = re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", child.before).splitlines()
    assert max(map(len, lines)) <= width


def test_colours_are_there_and_go_with_no_color(own):
    coloured = at_terminal(NO_COLOR="")
    coloured.expect(SHOWS_ANSWER)
    assert "\x1b[36m" in coloured.before
    assert "`alpha`" not in coloured.before
    coloured.close(force=True)
    plain = at_terminal()
    plain.expect(SHOWS_ANSWER)
    assert "\x1b[3" not in plain.before
    assert "`alpha`" in plain.before
    plain.close(force=True)


# Through a pipe


def test_answers_come_from_a_pipe_one_a_line(own, home):
    result = quiz("--deck", "mine", "--limit", "2", stdin="\n4\nzz\n2\n")
    assert result.returncode == 0, result.stderr
    assert "Easy: back in 8 days." in result.stdout
    assert "Wrong." in result.stdout
    assert "Hard: back in 6 min." in result.stdout
    assert "2 reviews of 2 cards" in result.stdout
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", result.stdout)
    assert not re.search(r" $", result.stdout, re.MULTILINE)
    assert ratings(home) == [("first", Rating.EASY), ("second", Rating.HARD)]


def test_the_end_of_the_pipe_ends_the_session(own, home):
    result = quiz("--deck", "mine", stdin="\n3\n")
    assert result.returncode == 0, result.stderr
    assert "1 review of 1 card" in result.stdout
    assert ratings(home) == [("first", Rating.GOOD)]


def test_due_cards_as_json(own):
    quiz("--deck", "mine", stdin="\n1\n")
    listing = json.loads(quiz("--deck", "mine", "--json").stdout)
    assert [card["id"] for card in listing["new"]] == ["second", "third", "fourth"]
    assert listing["due"] == []  # in a minute
    stats = json.loads(quiz("stats", "--deck", "mine", "--json").stdout)
    assert stats["cards"]["learning"] == 1
    assert stats["due"][0] == 1
    assert sum(stats["reviews"].values()) == 1


def test_new_cards_are_limited_by_the_config_and_by_the_flag(own, home):
    (home / "drill" / "config").mkdir()
    (home / "drill" / "config" / "config.toml").write_text("[quiz]\nnew_per_day = 1\n")
    rest = "\n4\n" * 9
    assert "1 review of 1 card" in quiz("--deck", "mine", stdin=rest).stdout
    done = quiz("--deck", "mine", stdin=rest).stdout
    assert "Nothing is due." in done
    assert "The next card comes back in 8 days." in done
    assert "drill quiz --new 5" in done
    assert "2 reviews of 2 cards" in quiz("--deck", "mine", "--new", "2", stdin=rest).stdout


def test_retention_and_steps_come_from_the_config(own, home):
    (home / "drill" / "config").mkdir()
    file = home / "drill" / "config" / "config.toml"
    file.write_text("[quiz]\nretention = 0.8\nlearning_steps_m = [3]\n")
    shown = quiz("--deck", "mine", "--limit", "1", stdin="\n1\n").stdout
    assert "1 Again 3 min" in shown
    assert not re.search(r"4 Easy 8 days", shown)
    file.write_text("[quiz]\nretention = 1.5\n")
    result = quiz("--deck", "mine")
    assert result.returncode == 2
    assert "quiz.retention is 1.5" in result.stderr


def test_cram_leaves_no_trace(own, home):
    result = quiz("--deck", "mine", "--cram", stdin="\n3\n" * 4)
    assert "4 reviews of 4 cards" in result.stdout
    assert ratings(home) == []


def test_a_leech_is_flagged_with_the_challenge_that_practises_the_point(own):
    result = quiz("--deck", "mine", "--new", "1", stdin="\n1\n" * 9)
    assert result.stdout.count("Leech: missed 8 times.") == 1
    assert "practise the point with: drill start numpy-bridge" in result.stdout
    assert "mine · recall · due · leech" in result.stdout


def test_a_suspended_card_is_listed_and_resumed(own):
    assert "Suspended; drill quiz resume first" in quiz("--deck", "mine", stdin="s\n").stdout
    assert quiz("resume").stdout == "first\n"
    assert quiz("resume", "first").stdout == "first is back\n"
    assert quiz("resume").stdout == "no card is suspended\n"
    again = quiz("resume", "first")
    assert again.returncode == 2
    assert "no card called 'first' is suspended" in again.stderr


@pytest.mark.parametrize(
    ("words", "complaint", "hint"),
    [
        (["--deck", "mined"], "no deck called 'mined'", "did you mean mine?"),
        (["--topic", "tensor"], "no topic called 'tensor'", "did you mean tensors?"),
        (["--optimize"], "too short to fit: it has 0 of the 512 reviews", "keep reviewing"),
        (["import", "none.csv"], "none.csv does not exist", ""),
    ],
)
def test_a_slip_is_a_sentence_and_exit_code_2(own, words, complaint, hint):
    result = quiz(*words)
    assert result.returncode == 2
    assert complaint in result.stderr
    assert hint in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_broken_deck_is_named_with_its_line(own):
    (own / "broken.yaml").write_text(DECK.replace("kind: bug", "kind: bugs"))
    result = quiz()
    assert result.returncode == 2
    assert re.search(r"broken\.yaml, line 2[0-9]: there is no kind 'bugs'", result.stderr)
    assert "did you mean bug?" in result.stderr


def test_control_characters_in_a_card_do_not_reach_the_terminal(own):
    (own / "evil.yaml").write_text(
        "format: 1\ntitle: Evil\ntopic: evil\ncards:\n  - id: evil\n    kind: recall\n"
        '    source: "x\\e]0;title\\a"\n    question: "a\\e[2Jb"\n    answer: "c\\x9bd"\n'
    )
    result = quiz("--deck", "evil", stdin="\n3\n")
    assert "a[2Jb" in result.stdout
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", result.stdout)


@pytest.mark.parametrize("width", ["60", "80", "120"])
def test_stats_fit_the_width(own, width):
    quiz("--deck", "mine", stdin="\n4\na b\n3\n")
    result = quiz("stats", COLUMNS=width)
    assert result.returncode == 0, result.stderr
    for part in ("Due in the next 30 days", "Retention by topic", "Reviews by day", "2 reviews on"):
        assert part in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= int(width)


# Import and export


@pytest.mark.parametrize("suffix", [".apkg", ".csv"])
def test_exporting_and_importing_one_s_own_cards_changes_nothing(own, home, tmp_path, suffix):
    file = tmp_path / f"all{suffix}"
    exported = quiz("export", str(file))
    assert exported.returncode == 0, exported.stderr
    before = {path.name: path.read_text() for path in own.iterdir()}
    result = quiz("import", str(file))
    assert result.stdout.startswith("0 cards imported")
    assert {path.name: path.read_text() for path in own.iterdir()} == before


def test_an_imported_table_can_be_reviewed_at_once(own, tmp_path):
    file = tmp_path / "greek.csv"
    file.write_text("question,answer\nGamma?,third\n")
    assert "1 cards imported" in quiz("import", str(file), "--topic", "letters").stdout
    assert "Gamma?" in quiz("--topic", "letters", stdin="\n3\n").stdout
    assert "0 cards imported, 1 were there already" in quiz("import", str(file)).stdout


# With the judge


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "verdict"),
    [
        pytest.param("dim=-1", "Right.", id="the reference"),
        pytest.param("axis=-1", "Right.", id="another spelling"),
        pytest.param("1", "Right.", id="another way"),
        pytest.param(
            "dim=0", "Wrong. the completed code runs, and does something else", id="wrong"
        ),
        pytest.param("dim=7", "Wrong. importing the submission raises IndexError", id="raises"),
        pytest.param("dim=", "Wrong. card.py, line", id="no Python"),
    ],
)
def test_a_gap_is_filled_by_whatever_behaves(own, typed, verdict):
    (own / "judged.yaml").write_text(JUDGED)
    result = quiz("--deck", "judged", "--limit", "1", stdin=f"{typed}\n3\n")
    assert verdict.lower() in " ".join(result.stdout.split()).lower()


@pytest.mark.slow
def test_the_answer_of_one_s_own_card_is_computed_by_the_judge_once(own, home):
    (own / "judged.yaml").write_text(JUDGED)
    lines = "dim=-1\n4\ntensor([0,1,2])\n4\nerror\n4\n"
    result = quiz("--deck", "judged", stdin=lines)
    assert result.stdout.count("Right.") == 3
    assert "It raises `RuntimeError`." in result.stdout
    assert result.stdout.count("Running the card's code.") == 2
    again = quiz("--deck", "judged", "--cram", stdin=lines)
    assert "Running the card's code." not in again.stdout


# What was acknowledged


def big_deck(own, count):
    cards = "".join(
        f"  - {{id: big-{n}, kind: recall, source: seed 1, question: q{n}, answer: a{n}}}\n"
        for n in range(count)
    )
    (own / "big.yaml").write_text(f"format: 1\ntitle: Big\ntopic: big\ncards:\n{cards}")


@pytest.mark.slow
def test_a_kill_at_any_of_50_moments_loses_no_acknowledged_rating(own, home, tmp_path):
    big_deck(own, 3000)
    quiz("--deck", "big", "--json")  # reads the decks, so that each run comes to its cards at once
    answers = tmp_path / "answers"
    answers.write_text("\n4\n" * 3000)
    rng = random.Random(0)
    shown = 0
    for _ in range(50):
        with (
            answers.open() as stdin,
            subprocess.Popen(
                [DRILL, "quiz", "--deck", "big", "--new", "3000"],
                stdin=stdin,
                stdout=subprocess.PIPE,
                text=True,
            ) as child,
        ):
            seen = ""
            for _ in range(rng.randint(0, 12)):
                while "back in" not in (line := child.stdout.readline()):
                    seen += line
                seen += line
            time.sleep(rng.random() * 0.02)  # about as long as a rating takes
            child.kill()
            seen += child.stdout.read()
        shown += seen.count("Easy: back in")
        with opened(home) as store:
            kept = sum(row.action is Action.RATING for row in store.reviews())
            assert store._rows("PRAGMA integrity_check") == [("ok",)]
        # One more may have been stored and not yet shown: it was not acknowledged.
        assert kept >= shown
        shown = kept
    assert kept > 200
    with opened(home) as store:
        from drill import review

        assert review.rebuilt(store) == store.schedules()


# What it costs

SPY = """
import sys
from drill.cli.app import main
sys.argv = ["drill", "quiz"]
try:
    main()
except SystemExit:
    pass
heavy = {"torch", "numpy", "pytest", "yaml", "pygments", "genanki", "readline"}
print(sorted(heavy & set(sys.modules)), file=sys.stderr)
"""


def test_the_first_card_needs_no_torch_and_no_yaml():
    quiz("--json")  # the decks are read into the store once
    result = subprocess.run(
        [sys.executable, "-c", SPY], input="", capture_output=True, text=True, env=os.environ
    )
    assert "Space or enter" in result.stdout or "Type" in result.stdout
    assert result.stderr.splitlines()[-1] == "[]"


def test_every_built_in_card_can_be_shown(home):
    quiz("--json")
    with opened(home) as store:
        count = len(store.cards(Only()))
    # Empty lines: typed kinds take them as no answer, and neither needs the judge.
    result = quiz("--new", "2000", "--cram", stdin="\n3\n" * count, COLUMNS="60")
    assert result.returncode == 0, result.stderr
    assert f"{count:,} reviews of {count:,} cards" in result.stdout
    outside_code = [
        line
        for line in result.stdout.splitlines()
        if not line.startswith("    ") and "http" not in line
    ]
    assert max(map(len, outside_code)) <= 60
    assert "\\frac" not in result.stdout
