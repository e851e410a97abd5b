"""The format of a deck file, as types that msgspec reads strictly."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Topic = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class OptionEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    text: str
    right: bool = False
    why: str = ""


class CardEntry(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag=str.lower
):
    id: str
    source: str = ""
    challenges: list[str] = []
    question: str = ""
    explanation: str = ""
    proof: str = ""


class Recall(CardEntry, frozen=True, kw_only=True):
    question: str
    answer: str


class Choice(CardEntry, frozen=True, kw_only=True):
    question: str
    options: list[OptionEntry]


class Output(CardEntry, frozen=True, kw_only=True):
    code: str


class Shape(CardEntry, frozen=True, kw_only=True):
    expression: str
    setup: str = ""


class Cloze(CardEntry, frozen=True, kw_only=True):
    code: str
    answer: str
    behaves: str
    wrong: list[str] = []
    also_right: list[str] = []


class Bug(CardEntry, frozen=True, kw_only=True):
    code: str
    line: int
    fix: str
    shows: str
    answer: str


ENTRIES: dict[str, type[CardEntry]] = {
    kind.__name__.lower(): kind for kind in (Recall, Choice, Output, Shape, Cloze, Bug)
}


class DeckFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """decks/<topic>.yaml, format 1."""

    format: Literal[1]
    title: str
    topic: Topic
    section: int = 0
    cards: list[Recall | Choice | Output | Shape | Cloze | Bug]
