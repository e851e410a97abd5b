"""Cards as the rest of drill sees them, and what counts as a right answer. No input or output."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple

GAP = "____"
LEECH_LAPSES = 8

# The names that the code of every card may use without importing them.
PRELUDE = """\
import torch
from torch import nn
import torch.nn.functional as F
import numpy as np
"""


class Rating(IntEnum):
    AGAIN = 1
    HARD = 2
    GOOD = 3
    EASY = 4


class State(IntEnum):
    """FSRS's own states."""

    LEARNING = 1
    REVIEW = 2
    RELEARNING = 3


# Not frozen, and compared by hand: the first card waits for these classes, and what dataclass would
# generate for them costs more than all the rest of this module.
@dataclass(kw_only=True, eq=False, repr=False)
class Card:
    """What the six kinds share. `explanation` is shown after the answer, whatever the kind."""

    kind: ClassVar[str] = ""

    id: str
    deck: str
    topic: str
    section: int
    source: str
    challenges: tuple[str, ...] = ()
    question: str = ""
    explanation: str = ""
    proof: str = ""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({vars(self)})"


@dataclass(kw_only=True, eq=False, repr=False)
class Recall(Card):
    kind: ClassVar[str] = "recall"
    answer: str


class Option(NamedTuple):
    text: str
    right: bool = False
    why: str = ""  # why it is wrong; a right option may say why it is right


@dataclass(kw_only=True, eq=False, repr=False)
class Choice(Card):
    kind: ClassVar[str] = "choice"
    options: tuple[Option, ...]

    def shuffled(self, turn: int) -> tuple[Option, ...]:
        """The order for the card's nth review: another each time, the same if it is drawn again."""
        from random import Random  # only here: this module is on every command's way to the store

        options = list(self.options)
        Random(f"{self.id}:{turn}").shuffle(options)
        return tuple(options)


@dataclass(kw_only=True, eq=False, repr=False)
class Output(Card):
    kind: ClassVar[str] = "output"
    code: str

    @property
    def snippet(self) -> str:
        return self.code


@dataclass(kw_only=True, eq=False, repr=False)
class Shape(Card):
    kind: ClassVar[str] = "shape"
    setup: str = ""
    expression: str

    @property
    def snippet(self) -> str:
        """Code that prints the shape, so that one way of computing serves both kinds."""
        return (
            f"{self.setup.rstrip()}\n_ = (\n{self.expression.strip()}\n)\n"
            "print(tuple(getattr(_, 'shape', _)))\n"
        ).lstrip("\n")


@dataclass(kw_only=True, eq=False, repr=False)
class Cloze(Card):
    kind: ClassVar[str] = "cloze"
    code: str
    answer: str
    behaves: str
    wrong: tuple[str, ...] = ()
    also_right: tuple[str, ...] = ()

    def completed(self, filling: str) -> str:
        return self.code.replace(GAP, filling.strip())


@dataclass(kw_only=True, eq=False, repr=False)
class Bug(Card):
    kind: ClassVar[str] = "bug"
    code: str
    line: int
    fix: str
    shows: str
    answer: str

    @property
    def fixed(self) -> str:
        lines = self.code.splitlines()
        lines[self.line - 1] = self.fix.rstrip("\n")
        return "\n".join(lines) + "\n"


KINDS: dict[str, type[Card]] = {
    kind.kind: kind for kind in (Recall, Choice, Output, Shape, Cloze, Bug)
}


class Computed(NamedTuple):
    """What a snippet did when it ran: what it printed, and the class of the error that ended it."""

    printed: str
    error: str = ""


def to_json(card: Card) -> dict[str, Any]:
    data = {"kind": card.kind, **vars(card)}
    if isinstance(card, Choice):
        data["options"] = [option._asdict() for option in card.options]
    return data


def from_json(data: dict[str, Any]) -> Card:
    """The inverse of `to_json`."""
    kind = KINDS[data["kind"]]
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in data.items()
        if key != "kind"
    }
    if kind is Choice:
        fields["options"] = tuple(Option(**option) for option in fields["options"])
    return kind(**fields)


def encode(card: Card) -> str:
    return json.dumps(to_json(card), ensure_ascii=False)


def decode(text: str) -> Card:
    """The inverse of `encode`.

    Raises:
        ValueError, KeyError, TypeError: the text is not that of a card.
    """
    return from_json(json.loads(text))


def subject(card_id: str) -> str:
    """What reviews and schedules call a card; challenges may be scheduled beside cards one day."""
    return f"card:{card_id}"


def snippet_hash(snippet: str) -> str:
    from hashlib import sha256  # loads OpenSSL, which the first card can do without

    return sha256(snippet.encode()).hexdigest()[:16]


# What was typed, against what is right


def same_choice(typed: str, options: Sequence[Option]) -> bool:
    """Whether exactly the right options were named by their letters: `a c`, `ac` or `A, C`."""
    text = re.sub(r"\band\b", " ", typed.lower())
    if not re.fullmatch(r"[a-z\s,;.]*", text):
        return False
    letters = re.findall(r"[a-z]", text)
    return set(letters) == {chr(97 + i) for i, option in enumerate(options) if option.right}


def same_output(typed: str, computed: Computed) -> bool:
    """Compare as a person reads: spaces, line breaks, quotes and `7.` for `7.0` do not matter."""
    if computed.error:
        name = re.sub(r"^(?:\w+\.)*", "", typed.strip().partition(":")[0])
        if name.lower() == computed.error.lower():
            return True
    return _tokens(typed) == _tokens(f"{computed.printed}\n{computed.error}")


def _tokens(text: str) -> list[str]:
    tokens = re.findall(r"\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|\w+|[^\s\w]", text)
    return [_plain(token) for token in tokens]


def _plain(token: str) -> str:
    """One spelling for each number that has a point, and one quotation mark."""
    if re.fullmatch(r"\d*\.\d*(?:e[+-]?\d+)?|\d+e[+-]?\d+", token) and token != ".":
        return repr(float(token))  # 7. and 7.0 are both floats; 7 is an integer, and stays one
    return '"' if token == "'" else token


def same_shape(typed: str, computed: Computed) -> bool:
    text = typed.strip().lower()
    if computed.error:
        return bool(re.fullmatch(r"(?:an? )?(\w*error|raises?)[.!]?", text))
    sizes = _sizes(text)
    return sizes is not None and sizes == _sizes(computed.printed)


def _sizes(text: str) -> tuple[int, ...] | None:
    """The sizes in `(2, 3)`, `2 3`, `[2,3]`, `2x3` or `torch.Size([2, 3])`; None where there are none."""
    text = re.sub(r"^(?:torch\.)?size", "", text.strip().lower())
    if text in ("scalar", "()", "[]", "([])"):
        return ()
    if not re.fullmatch(r"[(\[]{0,2}\s*\d+(?:(?:\s*[,x×]\s*|\s+)\d+)*\s*,?\s*[)\]]{0,2}", text):
        return None
    return tuple(int(size) for size in re.findall(r"\d+", text))


def same_line(typed: str, line: int) -> bool:
    found = re.fullmatch(r"(?:line|l)?\s*(\d+)\.?", typed.strip().lower())
    return found is not None and int(found.group(1)) == line
