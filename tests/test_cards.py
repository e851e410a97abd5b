"""Cards: what counts as right, and decks read strictly."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from drill import cards, decks
from drill.cards import Choice, Computed, Option, Output, Shape
from drill.errors import SpecError
from drill.quiz_store import Only, QuizStore

COMMON = {"deck": "d", "topic": "t", "section": 1, "source": "seed 1"}

# What was typed


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        pytest.param("tensor([1,2,3])", "tensor([1, 2, 3])\n", id="no spaces"),
        pytest.param(" tensor( [ 1, 2, 3 ] ) ", "tensor([1, 2, 3])\n", id="more spaces"),
        pytest.param(
            "tensor([[1., 2.], [3., 4.]])", "tensor([[1., 2.],\n        [3., 4.]])\n", id="lines"
        ),
        pytest.param("tensor(7.0)", "tensor(7.)\n", id="7.0 for 7."),
        pytest.param("0.50", "0.5\n", id="a zero more"),
        pytest.param(".5", "0.5\n", id="a zero less"),
        pytest.param('["a"]', "['a']\n", id="quotes"),
        pytest.param("True False", "True\nFalse\n", id="two lines in one"),
        pytest.param("1e-3", "0.001\n", id="exponent"),
    ],
)
def test_output_is_compared_as_a_person_reads(typed, printed):
    assert cards.same_output(typed, Computed(printed))


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        pytest.param("tensor([1, 2, 4])", "tensor([1, 2, 3])\n", id="another value"),
        pytest.param("[1, 2, 3]", "tensor([1, 2, 3])\n", id="not a tensor"),
        pytest.param("tensor(7)", "tensor(7.)\n", id="an integer is no float"),
        pytest.param("true", "True\n", id="not Python's spelling"),
        pytest.param("12", "1 2\n", id="a space that matters"),
        pytest.param("-1", "1\n", id="sign"),
        pytest.param("", "1\n", id="nothing"),
        pytest.param("tensor([1, 2], [3])", "tensor([[1, 2], [3]])\n", id="other brackets"),
    ],
)
def test_output_that_differs_is_wrong(typed, printed):
    assert not cards.same_output(typed, Computed(printed))


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("RuntimeError", True),
        ("runtimeerror", True),
        ("RuntimeError: view size is not compatible", True),
        ("before RuntimeError", True),
        ("TypeError", False),
        ("error", False),
        ("before", False),
        ("", False),
    ],
)
def test_an_error_is_named_by_its_class(typed, right):
    assert cards.same_output(typed, Computed("before\n", "RuntimeError")) is right


@pytest.mark.parametrize(
    "typed", ["(2, 3)", "2,3", "2 3", "[2, 3]", "torch.Size([2, 3])", "2x3", "2 × 3", " ( 2 , 3 ) "]
)
def test_a_shape_may_be_spelled_in_many_ways(typed):
    assert cards.same_shape(typed, Computed("(2, 3)\n"))


@pytest.mark.parametrize("typed", ["(3, 2)", "(2, 3, 1)", "23", "error", "", "(2, x)", "two three"])
def test_another_shape_is_wrong(typed):
    assert not cards.same_shape(typed, Computed("(2, 3)\n"))


@pytest.mark.parametrize(
    ("typed", "printed"), [("()", "()"), ("scalar", "()"), ("(5,)", "(5,)"), ("5", "(5,)")]
)
def test_shapes_of_scalars_and_vectors(typed, printed):
    assert cards.same_shape(typed, Computed(printed))


@pytest.mark.parametrize(
    ("typed", "right"), [("error", True), ("an error", True), ("RuntimeError", True), ("()", False)]
)
def test_a_shape_card_may_be_an_error(typed, right):
    assert cards.same_shape(typed, Computed("", "RuntimeError")) is right


@pytest.mark.parametrize(
    ("typed", "right"),
    [("a c", True), ("ac", True), ("C, A", True), ("a and c", True), ("a", False), ("abc", False),
     ("", False), ("1", False), ("a c?", False)],
)  # fmt: skip
def test_all_right_options_and_no_other_must_be_named(typed, right):
    options = [Option(text=text, right=text in "ac", why="") for text in "abcd"]
    assert cards.same_choice(typed, options) is right


@pytest.mark.parametrize(
    ("typed", "right"), [("2", True), ("line 2", True), ("L2", True), ("3", False), ("two", False)]
)
def test_a_bug_is_named_by_its_line(typed, right):
    assert cards.same_line(typed, 2) is right


def test_options_are_shuffled_anew_at_each_review_and_alike_when_drawn_again():
    card = Choice(id="c", options=tuple(Option(text=str(n)) for n in range(6)), **COMMON)
    orders = [card.shuffled(turn) for turn in range(6)]
    assert len(set(orders)) > 1
    assert orders == [card.shuffled(turn) for turn in range(6)]
    assert {frozenset(order) for order in orders} == {frozenset(card.options)}


def test_the_snippet_of_a_shape_card_survives_a_comment():
    card = Shape(id="s", setup="x = 1", expression="(2, 3)  # two by three", **COMMON)
    printed: list[str] = []
    exec(card.snippet, {"print": lambda value: printed.append(str(value))})
    assert printed == ["(2, 3)"]


# Decks

GOOD = """\
format: 1
title: Tensors
topic: tensors
section: 1
cards:
  - id: a-recall
    kind: recall
    source: seed 1
    challenges: [numpy-bridge]
    question: What?
    answer: |
      This, in `code`.
  - id: a-choice
    kind: choice
    source: seed 1
    question: Which?
    options:
      - {text: one, right: true}
      - {text: two, why: less}
      - {text: three, why: neither}
  - id: an-output
    kind: output
    source: seed 1
    code: |
      print(1)
  - id: a-shape
    kind: shape
    source: seed 1
    setup: x = torch.zeros(2, 3)
    expression: x.T
  - id: a-cloze
    kind: cloze
    source: seed 1
    question: Fill it.
    code: x = ____
    answer: "1"
    behaves: assert x == 1
    wrong: ["2"]
  - id: a-bug
    kind: bug
    source: seed 1
    code: |
      x = 1
      y = 2
    line: 2
    fix: y = 1
    shows: assert x == y
    answer: They differ.
"""


def write(tmp_path, text, name="tensors.yaml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_deck_of_all_kinds_is_read(tmp_path):
    deck = decks.read_deck(write(tmp_path, GOOD))
    assert [card.kind for card in deck.cards] == list(cards.KINDS)
    assert {card.topic for card in deck.cards} == {"tensors"}
    assert deck.cards[0].challenges == ("numpy-bridge",)
    assert deck.cards[5].fixed == "x = 1\ny = 1\n"
    assert deck.cards[4].completed(" 1 ") == "x = 1"


def test_cards_survive_json(tmp_path):
    for card in decks.read_deck(write(tmp_path, GOOD)).cards:
        assert cards.decode(cards.encode(card)) == card


@pytest.mark.parametrize(
    ("old", "new", "complaint", "hint"),
    [
        pytest.param(
            "    answer: |\n      This", "    answr: |\n      This", "line 11: unknown key answr",
            "did you mean answer?", id="unknown key of a card",
        ),
        pytest.param(
            "question: Which?\n    options", "question: Which?\n    opts", "line 17: unknown key opts",
            "did you mean options?", id="unknown key of another kind",
        ),
        pytest.param("title: T", "titel: T", "line 2: unknown key titel", "title?", id="of the deck"),
        pytest.param(
            "{text: two, why: less}", "{text: two, wy: less}", "line 19: unknown key wy", "why?",
            id="of an option",
        ),
        pytest.param("kind: recall", "kind: recal", "line 7: there is no kind 'recal'", "recall", id="kind"),
        pytest.param("topic: tensors\n", "", "topic is missing", "add topic", id="missing in the deck"),
        pytest.param(
            "    line: 2\n", "", "line 39: line is missing", "add line", id="missing in a card",
        ),
        pytest.param("line: 2", "line: two", "line 45: line: expected `int`", "", id="type"),
        pytest.param("line: 2", "line: 9", "line 39: line 9 is not in the code", "2 lines", id="bug line"),
        pytest.param("id: a-choice", "id: a-recall", "line 13: id 'a-recall' is used twice", "", id="id"),
        pytest.param("id: a-choice", "id: A choice", "other characters", "rename", id="id's characters"),
        pytest.param("x = ____", "x = ____ + ____", "2 gaps", "exactly once", id="gaps"),
        pytest.param("right: true", "why: so", "no option of a-choice is right", "right: true", id="none right"),
        pytest.param(", why: less}", "}", "does not say why", "add why", id="no reason"),
        pytest.param(
            "{text: one,", "{text: 1,", "line 18: text: expected `str`, got `int`", "in quotes",
            id="a number for a text",
        ),
        pytest.param(
            "      - {text: two, why: less}\n", "", "2 options", "at least 3", id="too few options"
        ),
        pytest.param("question: What?", "question: ' '", "no question", "needs both", id="empty"),
        pytest.param("format: 1", "format: 2", "line 1: format: ", "", id="format"),
        pytest.param("title: Tensors", "title: [", "line 4", "check the YAML", id="no YAML"),
    ],
)  # fmt: skip
def test_a_slip_is_named_with_its_line_and_remedy(tmp_path, old, new, complaint, hint):
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(SpecError) as caught:
        decks.read_deck(path)
    assert str(path) in caught.value.message
    assert complaint in caught.value.message
    assert hint in caught.value.hint


def test_a_file_that_is_not_utf_8_is_said(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"title: \xff\xfe")
    with pytest.raises(SpecError, match="cannot be read"):
        decks.read_deck(tmp_path / "x.yaml")


def test_the_line_of_a_card_is_found(tmp_path):
    path = write(tmp_path, GOOD)
    assert decks.line_of(path, "a-shape") == 26
    assert decks.line_of(path, "gone") == 1


# Into the store


@pytest.fixture
def store(tmp_path):
    with QuizStore.open(tmp_path / "data" / "drill.db") as store:
        yield store


def ids(store):
    return [row.id for row in store.cards(Only())]


def test_sync_follows_edits_new_files_and_deletions(tmp_path, store):
    folder = tmp_path / "decks"
    folder.mkdir()
    path = write(folder, GOOD)
    decks.sync(store, [folder])
    assert len(ids(store)) == 6
    path.write_text(GOOD.replace("What?", "What then?"))
    write(folder, GOOD.replace("id: a", "id: b").replace("section: 1", "section: 2"), "more.yaml")
    decks.sync(store, [folder])
    assert "What then?" in store.card("a-recall").content
    assert len(ids(store)) == 12
    path.unlink()
    decks.sync(store, [folder])
    assert ids(store) == ["b-recall", "b-choice", "bn-output", "b-shape", "b-cloze", "b-bug"]


def test_only_files_that_changed_are_read(tmp_path, store, monkeypatch):
    folder = tmp_path / "decks"
    folder.mkdir()
    write(folder, GOOD)
    decks.sync(store, [folder])
    monkeypatch.setattr(decks, "read_deck", lambda path: pytest.fail(f"{path} was read again"))
    decks.sync(store, [folder])
    assert len(ids(store)) == 6


def test_an_id_in_two_decks_is_refused_and_changes_nothing(tmp_path, store):
    folder = tmp_path / "decks"
    folder.mkdir()
    write(folder, GOOD)
    decks.sync(store, [folder])
    write(folder, GOOD, "twin.yaml")
    with pytest.raises(SpecError, match=r"twin\.yaml, line 6: id 'a-recall' is already used in"):
        decks.sync(store, [folder])
    assert set(store.card_files().values()) == {folder / "tensors.yaml"}


def test_a_broken_deck_leaves_the_cards_as_they_were(tmp_path, store):
    folder = tmp_path / "decks"
    folder.mkdir()
    path = write(folder, GOOD)
    decks.sync(store, [folder])
    path.write_text("format: 1\n")
    with pytest.raises(SpecError, match="missing"):
        decks.sync(store, [folder])
    assert len(ids(store)) == 6


def test_answers_come_with_the_decks_and_belong_to_a_snippet(tmp_path, store):
    folder = tmp_path / "decks"
    folder.mkdir()
    path = write(folder, GOOD)
    output = next(card for card in decks.read_deck(path).cards if isinstance(card, Output))
    answer = {"snippet": cards.snippet_hash(output.snippet), "printed": "1\n", "error": ""}
    write(folder, json.dumps({"answers": {output.id: answer}}), "answers.json")
    decks.sync(store, [folder])
    assert store.answer(cards.snippet_hash(output.snippet)) == Computed("1\n")
    edited = replace(output, code="print(2)\n")
    assert store.answer(cards.snippet_hash(edited.snippet)) is None


def test_broken_answers_are_said(tmp_path, store):
    write(tmp_path, '{"answers": {"x": 1}}', "answers.json")
    with pytest.raises(SpecError, match=r"answers\.json cannot be read"):
        decks.sync(store, [Path(tmp_path)])
