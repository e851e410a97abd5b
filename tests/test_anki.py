"""Anki packages and CSV files, out and in."""

import csv
import errno
import io
import json
import sqlite3
import zipfile
from pathlib import Path

import genanki
import pytest

from drill import anki, cards, decks
from drill.cards import Computed
from drill.errors import DrillError, SpecError, UsageError
from drill.paths import content_dir

BUILT_IN = sorted(content_dir("decks").glob("*.yaml"))


@pytest.fixture
def own(tmp_path):
    return tmp_path / "own"


@pytest.fixture(scope="module")
def every_kind():
    """One built-in card of each kind, from one deck or several."""
    found: dict[str, cards.Card] = {}
    for path in BUILT_IN:
        for card in decks.read_deck(path).cards:
            found.setdefault(card.kind, card)
    assert set(found) == set(cards.KINDS)
    return list(found.values())


def take(file, own, known=(), topic="imported"):
    return anki.import_file(file, own, set(known), topic)


def own_cards(own):
    return [card for path in sorted(own.glob("*.yaml")) for card in decks.read_deck(path).cards]


def snapshot(own):
    return {path.name: path.read_text() for path in own.glob("*")} if own.exists() else {}


def foreign_package(path, notes, deck="Biology::Cells", fields=("Front", "Back")):
    model = genanki.Model(
        7, "Basic", fields=[{"name": name} for name in fields],
        templates=[{"name": "Card 1", "qfmt": "{{Front}}", "afmt": "{{Back}}"}],
    )  # fmt: skip
    made = genanki.Deck(11, deck)
    for n, values in enumerate(notes):
        made.add_note(genanki.Note(model=model, fields=list(values), guid=f"guid{n}"))
    genanki.Package(made).write_to_file(str(path))
    return path


# Round trips


@pytest.mark.parametrize("suffix", [".apkg", ".csv"])
def test_cards_of_every_kind_come_back_as_they_were(tmp_path, own, every_kind, suffix):
    file = tmp_path / f"cards{suffix}"
    anki.export_file(file, every_kind, {})
    taken = take(file, own)
    assert (taken.new, taken.known) == (6, 0)
    by_id = {card.id: card for card in own_cards(own)}
    for card in every_kind:
        assert by_id[card.id] == card


@pytest.mark.parametrize("suffix", [".apkg", ".csv"])
def test_all_built_in_cards_survive_the_round_trip(tmp_path, own, suffix):
    found = [card for path in BUILT_IN for card in decks.read_deck(path).cards]
    file = tmp_path / f"cards{suffix}"
    anki.export_file(file, found, {})
    take(file, own)
    assert {c.id: c for c in own_cards(own)} == {c.id: c for c in found}


@pytest.mark.parametrize("suffix", [".apkg", ".csv"])
def test_importing_twice_changes_nothing(tmp_path, own, every_kind, suffix):
    file = tmp_path / f"cards{suffix}"
    anki.export_file(file, every_kind, {})
    take(file, own)
    before = snapshot(own)
    again = take(file, own, known={card.id for card in own_cards(own)})
    assert (again.new, again.known) == (0, 6)
    assert snapshot(own) == before


def test_a_package_can_be_read_by_anki(tmp_path, every_kind):
    file = tmp_path / "cards.apkg"
    answers = {card.id: Computed("42\n") for card in every_kind if card.kind == "output"}
    anki.export_file(file, every_kind, answers)
    with zipfile.ZipFile(file) as package:
        (tmp_path / "c.db").write_bytes(package.read("collection.anki2"))
    with sqlite3.connect(tmp_path / "c.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        notes = dict(db.execute("SELECT guid, flds FROM notes"))
        assert db.execute("SELECT count(*) FROM cards").fetchone() == (6,)
    assert len(notes) == 6
    fronts_and_backs = [values.split("\x1f")[:2] for values in notes.values()]
    assert all(front and back for front, back in fronts_and_backs)
    assert any("42" in back for _, back in fronts_and_backs)


def test_exporting_again_keeps_anki_s_identities(tmp_path, every_kind):
    def guids(name):
        anki.export_file(tmp_path / name, every_kind, {})
        with zipfile.ZipFile(tmp_path / name) as package:
            (tmp_path / "c.db").write_bytes(package.read("collection.anki2"))
        with sqlite3.connect(tmp_path / "c.db") as db:
            return set(db.execute("SELECT guid, did FROM notes JOIN cards ON nid = notes.id"))

    assert guids("a.apkg") == guids("b.apkg")


# Packages from elsewhere


def test_a_foreign_note_becomes_a_recall_card(tmp_path, own):
    notes = [
        (
            "What is <b>bold</b>?<br>Second line",
            "Some <code>x &lt; 1</code><pre>a = 1\nb = 2</pre>",
        ),
        ("See <img src='a.png'> this", "[sound:a.mp3]that"),
    ]
    taken = take(foreign_package(tmp_path / "bio.apkg", notes), own, topic="biology")
    assert (taken.new, taken.without_media) == (2, 1)
    first, second = own_cards(own)
    assert first.question == "What is **bold**?\nSecond line"
    assert first.answer.replace("\n\n", "\n") == "Some `x < 1`\n```text\na = 1\nb = 2\n```"
    assert (first.topic, first.deck) == ("biology", "biology-cells")
    assert (second.question, second.answer) == ("See  this", "that")


def test_a_cloze_note_hides_what_it_asks_for(tmp_path, own):
    file = foreign_package(
        tmp_path / "x.apkg", [("A {{c1::view::word}} shares {{c2::memory}}", "so")]
    )
    take(file, own)
    card = own_cards(own)[0]
    assert (card.question, card.answer) == ("A [word] shares [...]", "A view shares memory")


def test_a_second_package_adds_to_the_same_deck_and_keeps_its_edits(tmp_path, own):
    take(foreign_package(tmp_path / "one.apkg", [("q0", "a0")]), own)
    path = own / "biology-cells.yaml"
    path.write_text(path.read_text().replace("a0", "edited  # by hand") + "# a comment\n")
    known = {card.id for card in own_cards(own)}
    taken = take(foreign_package(tmp_path / "two.apkg", [("q0", "a0"), ("q1", "a1")]), own, known)
    assert (taken.new, taken.known) == (1, 1)
    assert "# a comment" in path.read_text()
    assert [card.question for card in own_cards(own)] == ["q0", "q1"]


def test_a_deck_that_cannot_be_added_to_gets_a_file_beside_it(tmp_path, own):
    own.mkdir()
    other = "format: 1\ncards: []\ntitle: Mine\ntopic: mine\n"
    (own / "biology-cells.yaml").write_text(other)
    take(foreign_package(tmp_path / "one.apkg", [("q0", "a0")]), own)
    assert (own / "biology-cells.yaml").read_text() == other
    assert [card.question for card in decks.read_deck(own / "biology-cells-2.yaml").cards] == ["q0"]


def rewritten(path, sql):
    """A package with its collection changed by hand."""
    with zipfile.ZipFile(path) as package:
        names = {name: package.read(name) for name in package.namelist()}
    database = path.with_suffix(".db")
    database.write_bytes(names["collection.anki2"])
    with sqlite3.connect(database) as db:
        db.execute(sql)
    names["collection.anki2"] = database.read_bytes()
    with zipfile.ZipFile(path, "w") as package:
        for name, content in names.items():
            package.writestr(name, content)
    return path


def zipped(path, **files):
    with zipfile.ZipFile(path, "w") as package:
        for name, content in files.items():
            package.writestr(name.replace("__", "."), content)
    return path


MALFORMED = {
    "no zip": (lambda p: p.write_bytes(b"hello") and p, "not an Anki package"),
    "cut short": (lambda p: cut(foreign_package(p, [("q", "a")])), "not an Anki package"),
    "no collection": (lambda p: zipped(p, media="{}"), "holds no Anki collection"),
    "no database": (lambda p: zipped(p, collection__anki2="x" * 5000), "is damaged"),
    "empty database": (lambda p: zipped(p, collection__anki2=""), "is damaged"),
    "too few fields": (
        lambda p: rewritten(foreign_package(p, [("q", "a")]), "UPDATE notes SET flds = 'q'"),
        "has 1 fields instead of 2",
    ),
    "unknown model": (
        lambda p: rewritten(foreign_package(p, [("q", "a")]), "UPDATE notes SET mid = 1"),
        "is damaged",
    ),
    "no JSON": (
        lambda p: rewritten(foreign_package(p, [("q", "a")]), "UPDATE col SET models = '{'"),
        "is damaged",
    ),
    "empty back": (lambda p: foreign_package(p, [("q", "a"), ("q", "<br>")]), "note "),
    "newest format": (lambda p: zipped(p, collection__anki21b="x"), "newest format"),
}


def cut(path):
    path.write_bytes(path.read_bytes()[:-200])
    return path


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_package_changes_nothing_and_says_what_is_wrong(tmp_path, own, name):
    make, complaint = MALFORMED[name]
    take(foreign_package(tmp_path / "fine.apkg", [("before", "it")]), own)
    before = snapshot(own)
    file = make(tmp_path / "bad.apkg")
    with pytest.raises(DrillError, match=complaint) as caught:
        take(file, own)
    assert str(file) in caught.value.message
    assert snapshot(own) == before


def test_a_damaged_card_of_our_own_is_named_by_its_note(tmp_path, own, every_kind):
    file = tmp_path / "cards.apkg"
    anki.export_file(file, every_kind, {})
    rewritten(file, "UPDATE notes SET flds = replace(flds, '&quot;kind&quot;', 'kind')")
    with pytest.raises(SpecError, match=r"note \d+: the field Drill does not hold a card"):
        take(file, own)


# CSV


def csv_file(tmp_path, text, name="my cards.csv"):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8", newline="")
    return file


def test_two_columns_are_enough(tmp_path, own):
    text = 'question,answer\nWhat?,"This, and\nthat"\n"A ""quote""?",yes\n'
    taken = take(csv_file(tmp_path, text), own)
    assert taken.files == (own / "my-cards.yaml",)
    assert [(c.question, c.answer) for c in own_cards(own)] == [
        ("What?", "This, and\nthat"),
        ('A "quote"?', "yes"),
    ]
    known = {card.id for card in own_cards(own)}
    assert take(csv_file(tmp_path, text), own, known).new == 0


def test_a_byte_order_mark_from_a_spreadsheet_is_no_trouble(tmp_path, own):
    take(csv_file(tmp_path, "\ufeffquestion,answer\r\nq,a\r\n"), own)
    assert own_cards(own)[0].question == "q"


@pytest.mark.parametrize(
    ("text", "complaint", "hint"),
    [
        pytest.param("", "line 1: there is no column question", "question,answer", id="empty"),
        pytest.param("front,back\nq,a\n", "line 1: unknown column 'front'", "known:", id="columns"),
        pytest.param("question,anwser\nq,a\n", "unknown column 'anwser'", "answer?", id="near miss"),
        pytest.param("question,answer\nq,a\nq\n", "line 3: fewer values", "", id="too few"),
        pytest.param("question,answer\nq,a,b\n", "line 2: more values", "quotes", id="too many"),
        pytest.param("question,answer\nq,a\nq,\n", "line 3: answer is missing", "", id="no answer"),
        pytest.param('question,answer\nq,"a\n', "line 2: unexpected end", "quotes", id="open quote"),
        pytest.param("id,question,answer\nx,q,a\nx,r,b\n", "line 3: id 'x' is already in line 2", "", id="twice"),
        pytest.param("id,question,answer\nA b,q,a\n", "line 2: id 'A b' has other", "", id="id"),
        pytest.param("kind,question,answer\nrecal,q,a\n", "line 2: there is no kind 'recal'", "recall", id="kind"),
        pytest.param("kind,question,answer,line\nbug,q,a,x\n", "line is 'x', not a whole", "", id="number"),
        pytest.param("question,answer,options\nq,a,[\n", "options is not JSON", "", id="JSON"),
        pytest.param("question,answer,line\nq,a,3\n", "line 2: unknown key line", "", id="not its kind's"),
    ],
)  # fmt: skip
def test_a_malformed_csv_changes_nothing_and_says_where(tmp_path, own, text, complaint, hint):
    file = csv_file(tmp_path, text, "bad.csv")
    with pytest.raises(SpecError) as caught:
        take(file, own)
    assert str(file) in caught.value.message
    assert complaint in caught.value.message
    assert hint in caught.value.hint
    assert snapshot(own) == {}


def test_a_csv_that_is_not_utf_8_is_said(tmp_path, own):
    (tmp_path / "x.csv").write_bytes("question,answer\né,a\n".encode("latin-1"))
    with pytest.raises(SpecError, match="cannot be read"):
        take(tmp_path / "x.csv", own)


def test_an_exported_csv_is_a_plain_table(tmp_path, every_kind):
    anki.export_file(tmp_path / "x.csv", every_kind, {})
    rows = list(csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text())))
    assert [row["kind"] for row in rows] == [card.kind for card in every_kind]
    choice = next(row for row in rows if row["kind"] == "choice")
    assert any(option.get("right") for option in json.loads(choice["options"]))


# Files


def test_other_files_are_refused(tmp_path, own, every_kind):
    with pytest.raises(UsageError, match="does not exist"):
        take(tmp_path / "none.apkg", own)
    (tmp_path / "x.txt").touch()
    with pytest.raises(UsageError, match=r"neither an \.apkg nor a \.csv"):
        take(tmp_path / "x.txt", own)
    with pytest.raises(UsageError, match="ends in neither"):
        anki.export_file(tmp_path / "x.txt", every_kind, {})
    with pytest.raises(UsageError, match="not a directory"):
        anki.export_file(tmp_path / "none" / "x.csv", every_kind, {})


def test_an_export_that_fails_leaves_the_old_file(tmp_path, every_kind, monkeypatch):
    file = tmp_path / "x.csv"
    anki.export_file(file, every_kind, {})
    before = file.read_text()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(DrillError, match="No space left"):
        anki.export_file(file, every_kind[:1], {})
    assert file.read_text() == before
