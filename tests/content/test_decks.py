"""The built-in decks: every claim is run against real torch, and the whole seed is covered.

What a card shows is executed here, and must do what the card says it does.
"""

import json
import re
import textwrap
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from drill import answers, cards, decks
from drill.cards import PRELUDE, Bug, Card, Choice, Cloze, Output, Recall, Shape
from drill.paths import content_dir

FOLDER = content_dir("decks")
DECKS = [decks.read_deck(path) for path in sorted(FOLDER.glob("*.yaml"))]
CARDS = [card for deck in DECKS for card in deck.cards]

TOPICS = {
    "tensors", "creation", "shapes", "autograd", "graph", "modules", "layers", "losses",
    "optimizers", "training", "data", "tips", "coding", "frameworks", "cheatsheet",
}  # fmt: skip


def of(*kinds: type[Card]) -> list[pytest.param]:
    return [pytest.param(card, id=card.id) for card in CARDS if isinstance(card, kinds)]


@cache
def _prelude() -> dict[str, object]:
    names: dict[str, object] = {"__name__": "card"}
    exec(PRELUDE, names)
    return names


def run(code: str, names: dict[str, object] | None = None) -> dict[str, object]:
    """Run code with the prelude's names, on a random state of its own."""
    import torch

    names = dict(_prelude()) if names is None else names
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        exec(compile(code, "card", "exec", dont_inherit=True), names)
    return names


@pytest.fixture(autouse=True)
def torch_as_it_was():
    """A card may set a default; the next one must not notice."""
    import torch

    before = torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_num_threads()
    yield
    after = torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_num_threads()
    assert after == before


# The whole


def test_ids_are_unique_over_all_decks():
    twice = [id for id, count in Counter(card.id for card in CARDS).items() if count > 1]
    assert twice == []


def test_there_are_enough_cards_of_every_section_and_kind():
    assert len(CARDS) >= 170
    sections = Counter(card.section for card in CARDS)
    assert {section: sections[section] for section in range(1, 16) if sections[section] < 8} == {}
    kinds = Counter(card.kind for card in CARDS)
    assert set(kinds) == set(cards.KINDS)
    assert sum(kinds[kind] for kind in ("output", "shape", "cloze", "bug")) >= 40


def test_topics_are_those_of_the_seed_and_each_has_one_deck():
    assert Counter(deck.topic for deck in DECKS) == Counter(TOPICS)


def test_every_row_of_the_seeds_table_has_a_card():
    rows = {
        card.source.removeprefix("seed table:").strip()
        for card in CARDS
        if card.source.startswith("seed table:")
    }
    assert rows == {
        "Tensors", "Autograd", "nn.Module", "Key Layers", "Loss Functions", "Optimizers",
        "Training Loop", "Dataset & DataLoader",
    }  # fmt: skip


@pytest.mark.parametrize("card", of(Card))
def test_a_card_cites_the_seed_or_documentation(card):
    assert re.fullmatch(r"seed (?:[1-9]|1[0-5])|seed table: .+|https://[\w.-]+/\S*", card.source), (
        card.source
    )


@cache
def challenge_ids() -> frozenset[str]:
    folder = content_dir("challenges")
    return frozenset(path.parent.name for path in folder.glob("*/challenge.yaml"))


@pytest.mark.parametrize("card", of(Card))
def test_a_card_leads_to_challenges_that_exist(card):
    assert set(card.challenges) <= challenge_ids()


# What a card shows


def texts(card: Card) -> list[str]:
    found = [card.question, card.explanation, getattr(card, "answer", "")]
    if isinstance(card, Choice):
        found += [text for option in card.options for text in (option.text, option.why)]
    return found if not isinstance(card, Cloze) else found[:2]


def fenced(card: Card) -> list[tuple[str, str]]:
    """The info strings and contents of the code blocks in a card's text."""
    return [
        (info.strip(), textwrap.dedent(code))
        for text in texts(card)
        for info, code in re.findall(r"^ *```([^\n]*)\n(.*?)^ *```", text, re.M | re.S)
    ]


WITH_CODE = [
    pytest.param(info, code, id=f"{card.id}-{n}")
    for card in CARDS
    for n, (info, code) in enumerate(fenced(card))
]


@pytest.mark.parametrize(("info", "code"), WITH_CODE)
def test_code_in_a_text_runs_or_raises_as_it_says(info, code):
    language, _, promise = info.partition(" ")
    assert language in ("python", "text")
    if language == "text":
        return
    if not promise:
        run(code)
        return
    raised = re.fullmatch(r"raises=(\w+)", promise)
    assert raised, info
    with pytest.raises(Exception) as caught:  # noqa: PT011  (its class is compared by name below)
        run(code)
    assert type(caught.value).__name__ == raised.group(1)


@pytest.mark.parametrize("card", of(Card))
def test_fences_are_closed(card):
    for text in texts(card):
        assert text.count("```") % 2 == 0


@pytest.mark.parametrize("card", [param for param in of(Card) if param.values[0].proof])
def test_what_a_card_claims_is_so(card):
    run(card.proof)


@pytest.mark.parametrize("card", of(Recall, Choice))
def test_a_card_without_code_to_run_proves_its_claims(card):
    """Only what is said of a framework that is not installed goes by its documentation."""
    elsewhere = card.section in (5, 14) and "docs.pytorch.org" not in card.source
    assert card.proof.strip() or elsewhere


# The kinds


@pytest.mark.parametrize("card", of(Output, Shape))
def test_the_stored_answer_is_what_torch_does_today(card):
    stored = dict(decks.read_answers(FOLDER / "answers.json"))
    known = stored.get(cards.snippet_hash(card.snippet))
    assert known is not None, "not computed for this text; run: drill dev answers"
    assert answers.compute(card.snippet) == known


def test_no_answer_is_stored_for_a_card_that_is_gone():
    stored = json.loads((FOLDER / "answers.json").read_text(encoding="utf-8"))["answers"]
    assert set(stored) == {card.id for card in CARDS if isinstance(card, Output | Shape)}


@pytest.mark.parametrize("card", of(Output))
def test_a_snippet_prints_or_raises_and_always_the_same(card):
    first = answers.compute(card.snippet)
    assert first == answers.compute(card.snippet)
    assert first.printed or first.error
    assert first.error not in ("SyntaxError", "NameError", "ImportError", "ModuleNotFoundError")
    assert not re.search(r"0x[0-9a-f]{6}", first.printed), "an address differs on every run"
    assert cards.same_output(first.printed or first.error, first)


@pytest.mark.parametrize("card", of(Shape))
def test_a_shape_card_sets_up_without_fault_and_ends_in_a_shape(card):
    run(card.setup)
    computed = answers.compute(card.snippet)
    assert bool(computed.error) != cards.same_shape(computed.printed, computed)


@pytest.mark.parametrize("card", of(Cloze))
def test_right_fillings_behave_and_wrong_ones_do_not(card):
    for filling in (card.answer, *card.also_right):
        names = run(card.completed(filling))
        run(card.behaves, names)
    assert card.wrong, "a gap that anything fills asks nothing"
    behaving = [filling for filling in card.wrong if behaves(card, filling)]
    assert behaving == [], "a wrong filling passes"


def behaves(card: Cloze, filling: str) -> bool:
    try:
        run(card.behaves, run(card.completed(filling)))
    except Exception:
        return False
    return True


@pytest.mark.parametrize("card", of(Bug))
def test_a_bug_shows_and_its_fix_mends_it(card):
    assert card.fixed != card.code
    names = run(card.fixed)
    run(card.shows, names)
    with pytest.raises(Exception):  # noqa: B017, PT011  (the fault may be any)
        run(card.shows, run(card.code))


def test_stored_answers_say_which_torch_gave_them():
    import torch

    stored = json.loads(Path(FOLDER / "answers.json").read_text(encoding="utf-8"))
    assert stored["torch"] == torch.__version__.partition("+")[0]
