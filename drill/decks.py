"""Deck files read strictly into cards, and kept in the store so that a session need not read YAML."""

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drill import cards
from drill.cards import Card, Choice, Cloze, Computed, Option
from drill.errors import SpecError
from drill.quiz_store import CardRow, QuizStore

if TYPE_CHECKING:
    from yaml import Node

# Part of every deck's fingerprint: raise it when cards come to be read differently.
READER = 1

_ID = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Deck:
    """A deck file; its name is the file's, without `.yaml`."""

    path: Path
    title: str
    topic: str
    section: int
    cards: tuple[Card, ...]


def read_deck(path: Path) -> Deck:
    """Read one deck.

    Raises:
        SpecError: the file cannot be read or does not follow the format; it names the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} cannot be read: {error}") from None
    return parse_deck(text, path)


def parse_deck(text: str, path: Path) -> Deck:
    # Both cost tens of milliseconds, and a session whose decks have not changed needs neither.
    import msgspec
    import yaml

    from drill.deckfile import DeckFile

    try:
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise SpecError(f"{path}{where}: {problem}", hint="check the YAML") from None
    try:
        raw = msgspec.convert(data, DeckFile)
    except msgspec.ValidationError as error:
        raise _explained(path, text, str(error)) from None

    read: dict[str, Card] = {}
    for n, each in enumerate(raw.cards):
        card = _card(each, path.stem, raw.topic, raw.section)
        complaint = _complaint(card)
        if card.id in read:
            complaint = f"id {card.id!r} is used twice in this deck", "ids are never shared"
        if complaint:
            raise _at(path, text, ["cards", n], *complaint)
        read[card.id] = card
    return Deck(path, raw.title, raw.topic, raw.section, tuple(read.values()))


def _card(raw: Any, deck: str, topic: str, section: int) -> Card:
    import msgspec

    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in msgspec.structs.asdict(raw).items()
    }
    if "options" in fields:
        fields["options"] = tuple(
            Option(**msgspec.structs.asdict(option)) for option in fields["options"]
        )
    kind = cards.KINDS[raw.__struct_config__.tag]
    return kind(deck=deck, topic=topic, section=section, **fields)


def _complaint(card: Card) -> tuple[str, str] | None:
    """What is wrong with a card that its types alone cannot say, and the remedy."""
    if not _ID.fullmatch(card.id):
        return f"id {card.id!r} has other characters than a-z, 0-9 and hyphens", "rename it"
    match card:
        case cards.Recall() if not (card.question.strip() and card.answer.strip()):
            return f"{card.id} has no question or no answer", "a recall card needs both"
        case Choice():
            return _choice_complaint(card)
        case Cloze():
            gaps = card.code.count(cards.GAP)
            if gaps != 1:
                return f"code of {card.id} has {gaps} gaps", "write ____ exactly once"
        case cards.Bug() if not 1 <= card.line <= len(card.code.splitlines()):
            lines = len(card.code.splitlines())
            return f"line {card.line} is not in the code of {card.id}", f"it has {lines} lines"
    return None


def _choice_complaint(card: Choice) -> tuple[str, str] | None:
    if len(card.options) < 3:
        return f"{card.id} has {len(card.options)} options", "give it at least 3"
    if not any(option.right for option in card.options):
        return f"no option of {card.id} is right", "mark one with right: true"
    for option in card.options:
        if not option.right and not option.why:
            return (
                f"{card.id}: the wrong option {option.text!r} does not say why",
                "add why: the reason",
            )
    return None


def _explained(path: Path, text: str, complaint: str) -> SpecError:
    """msgspec's complaint, with the line it is about and a remedy."""
    said, _, where = complaint.partition(" - at `$")
    steps: list[str | int] = [
        int(step[1:-1]) if step.startswith("[") else step.lstrip(".")
        for step in re.findall(r"\[\d+\]|\.\w+", where)
    ]
    unknown = re.search(r"unknown field `([^`]+)`", said)
    if unknown:
        known = _known_keys(text, steps)
        close = difflib.get_close_matches(unknown.group(1), known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"the keys here are {', '.join(known)}"
        return _at(path, text, [*steps, unknown.group(1)], f"unknown key {unknown.group(1)}", hint)
    missing = re.search(r"missing required field `([^`]+)`", said)
    if missing:
        return _at(path, text, steps, f"{missing.group(1)} is missing", f"add {missing.group(1)}")
    tag = re.fullmatch(r"Invalid value '(.*)'", said)
    if tag and steps[-1:] == ["kind"]:
        close = difflib.get_close_matches(tag.group(1), cards.KINDS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"one of {', '.join(cards.KINDS)}"
        return _at(path, text, steps, f"there is no kind {tag.group(1)!r}", hint)
    key = steps[-1] if steps and isinstance(steps[-1], str) else ""
    said = said[0].lower() + said[1:]
    hint = "put it in quotes" if said.startswith("expected `str`") else ""
    return _at(path, text, steps, f"{key}: {said}" if key else said, hint)


def _known_keys(text: str, steps: Sequence[str | int]) -> list[str]:
    """The keys that are allowed at a place in a deck, of the card's own kind inside a card."""
    import msgspec
    import yaml

    from drill import deckfile

    kind: type[msgspec.Struct] = deckfile.DeckFile
    if len(steps) >= 4 and steps[2] == "options":
        kind = deckfile.OptionEntry
    elif len(steps) >= 2:
        entry = yaml.safe_load(text)["cards"][steps[1]]
        kind = deckfile.ENTRIES[entry["kind"]]
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    return ["kind", *names] if kind in deckfile.ENTRIES.values() else names


def _at(path: Path, text: str, steps: Sequence[str | int], message: str, hint: str) -> SpecError:
    import yaml

    line = _line(yaml.compose(text, Loader=yaml.SafeLoader), steps)
    return SpecError(f"{path}, line {line}: {message}", hint=hint)


def _line(node: "Node | None", steps: Sequence[str | int]) -> int:
    """The line of the deepest part of the path that is really there."""
    import yaml

    line = node.start_mark.line + 1 if node else 1
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == step), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line


def line_of(path: Path, card_id: str) -> int:
    """The line where a card starts, for an editor; 1 where it is no longer there."""
    pattern = re.compile(rf"""\s*(?:-\s+)?["']?id["']?\s*:\s*["']?{re.escape(card_id)}["']?\s*$""")
    for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if pattern.match(line.partition(" #")[0]):
            return n
    return 1


# Into the store


def sync(store: QuizStore, folders: Iterable[Path]) -> None:
    """Bring the store's copy of the cards up to date; only files that changed are read.

    A card's schedule hangs on its id alone: it outlives an edit of the text, and the deck itself.

    Raises:
        SpecError: a deck does not follow the format, or two decks use one id. Nothing changes then.
    """
    known = store.deck_fingerprints()
    found = {path: _fingerprint(path) for folder in folders for path in _files(folder)}
    gone = [path for path in known if path not in found]
    changed = [path for path, fingerprint in found.items() if known.get(path) != fingerprint]
    if not gone and not changed:
        return
    decks = [read_deck(path) for path in changed if path.suffix == ".yaml"]
    _no_shared_ids(store, decks, replaced={*gone, *changed})
    answers = [
        answer for path in changed if path.suffix == ".json" for answer in read_answers(path)
    ]
    store.replace_decks(
        gone=gone,
        fingerprints={path: found[path] for path in changed},
        cards=[_row(deck, n, card) for deck in decks for n, card in enumerate(deck.cards)],
        answers=answers,
    )


def _files(folder: Path) -> list[Path]:
    """The decks of a folder, and the answers that were computed for them."""
    return [*sorted(folder.glob("*.yaml")), *folder.glob("answers.json")]


def _fingerprint(path: Path) -> str:
    status = path.stat()
    return f"{READER}:{status.st_mtime_ns}:{status.st_size}"


def _no_shared_ids(store: QuizStore, decks: Sequence[Deck], replaced: set[Path]) -> None:
    owners = {id_: path for id_, path in store.card_files().items() if path not in replaced}
    for deck in decks:
        for card in deck.cards:
            other = owners.setdefault(card.id, deck.path)
            if other != deck.path:
                line = line_of(deck.path, card.id)
                raise SpecError(
                    f"{deck.path}, line {line}: id {card.id!r} is already used in {other}",
                    hint="ids are unique over all decks: rename one of them",
                )


def _row(deck: Deck, position: int, card: Card) -> CardRow:
    return CardRow(
        id=card.id,
        file=deck.path,
        deck=card.deck,
        topic=card.topic,
        kind=card.kind,
        section=card.section,
        position=position,
        content=cards.encode(card),
    )


def read_answers(path: Path) -> list[tuple[str, Computed]]:
    """The computed answers that come with the built-in decks, by the hash of their snippet."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return [
            (entry["snippet"], Computed(entry["printed"], entry["error"]))
            for entry in data["answers"].values()
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpecError(
            f"{path} cannot be read: {error}", hint="make it again with: drill dev answers"
        ) from None
