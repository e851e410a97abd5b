"""Cards to and from Anki packages and CSV files. What is imported becomes a deck file of one's own."""

import csv
import hashlib
import html
import io
import json
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from drill import cards, decks
from drill.cards import Bug, Card, Choice, Cloze, Computed, Output, Recall, Shape
from drill.errors import DrillError, SpecError, UsageError

# Anki matches note types by this number: it never changes.
_MODEL_ID = 1_724_960_311
_MODEL_FIELDS = ("Front", "Back", "Source", "Drill")
_MOST_UNPACKED = 512 * 2**20  # a package that unpacks to more is not one of flashcards
_FIELD_SEPARATOR = "\x1f"
_CSV_COLUMNS = (
    "id", "deck", "topic", "section", "kind", "question", "answer", "options", "setup", "code",
    "expression", "line", "fix", "shows", "behaves", "wrong", "also_right", "explanation", "proof",
    "source", "challenges",
)  # fmt: skip
_IN_JSON = ("options", "wrong", "also_right")


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import came to."""

    new: int
    known: int
    files: tuple[Path, ...]
    without_media: int = 0

    def sentence(self) -> str:
        said = f"{self.new} cards imported, {self.known} were there already"
        if self.files:
            said += f"; they are in {', '.join(str(file) for file in self.files)}"
        if self.without_media:
            said += f"; {self.without_media} show pictures or sounds, which are left out"
        return said


@dataclass(frozen=True, slots=True)
class Entry:
    """A card on its way into a deck file: the deck's own data, and the card's as YAML will hold it."""

    deck: str
    title: str
    topic: str
    section: int
    card: Mapping[str, Any]


def import_file(file: Path, folder: Path, known: set[str], topic: str) -> Taken:
    """Add the cards of a file to the decks in a folder, those apart whose ids are known.

    Everything is read and checked before anything is written.

    Raises:
        UsageError: the file cannot be read, or is of no kind that drill knows.
        SpecError: something in it is malformed; it says where.
    """
    if not file.is_file():
        raise UsageError(f"{file} does not exist")
    match file.suffix.lower():
        case ".apkg" | ".colpkg":
            entries, without_media = _read_package(file, topic)
        case ".csv":
            entries, without_media = _read_csv(file, topic), 0
        case _:
            raise UsageError(
                f"{file} is neither an .apkg nor a .csv file", hint="rename it, or export it anew"
            )
    fresh = [entry for entry in entries if entry.card["id"] not in known]
    texts = _deck_texts(folder, fresh)
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        temporaries = {path: path.with_suffix(".new") for path in texts}
        for path, text in texts.items():
            temporaries[path].write_text(text, encoding="utf-8")
        for path, temporary in temporaries.items():
            temporary.replace(path)
    return Taken(len(fresh), len(entries) - len(fresh), tuple(texts), without_media)


def export_file(file: Path, found: Sequence[Card], answers: Mapping[str, Computed | None]) -> None:
    """Write cards to an .apkg or a .csv file, by its name; the file is replaced in one step."""
    temporary = file.with_name(f".{file.name}.new")
    if not file.parent.is_dir():
        raise UsageError(f"{file.parent} is not a directory")
    with _writing(file):
        match file.suffix.lower():
            case ".apkg":
                _write_package(temporary, found, answers)
            case ".csv":
                temporary.write_text(_csv_text(found), encoding="utf-8", newline="")
            case _:
                raise UsageError(f"{file.name} ends in neither .apkg nor .csv")
        temporary.replace(file)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DrillError(f"{path} cannot be written: {error.strerror}") from None


# Deck files


def _deck_texts(folder: Path, entries: Iterable[Entry]) -> dict[Path, str]:
    """The deck files that these cards make or are added to, each read back before it is written."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.deck, []).append(entry)
    texts = {}
    for name, group in groups.items():
        path, text = _place(folder, name, group)
        decks.parse_deck(text, path)
        texts[path] = text
    return texts


def _place(folder: Path, name: str, group: Sequence[Entry]) -> tuple[Path, str]:
    """Added at the end of the deck of that name if it is one of ours, else in a file beside it."""
    dumped = _yaml([dict(entry.card) for entry in group])
    first = group[0]
    head = {
        "format": 1,
        "title": first.title,
        "topic": first.topic,
        "section": first.section,
    }
    path = folder / f"{name}.yaml"
    for n in range(2, 1000):
        if not path.exists():
            return path, _yaml(head) + "cards:\n" + dumped
        there = decks.read_deck(path)
        text = path.read_text(encoding="utf-8").rstrip() + "\n" + dumped
        if there.topic == first.topic and _adds(text, path, there, group):
            return path, text
        path = folder / f"{name}-{n}.yaml"
    raise UsageError(f"{folder} has too many decks called {name}")


def _adds(text: str, path: Path, there: decks.Deck, group: Sequence[Entry]) -> bool:
    """Whether text put at a file's end really ended up in its list of cards."""
    try:
        read = decks.parse_deck(text, path)
    except SpecError:
        return False
    ids = [card.id for card in there.cards] + [entry.card["id"] for entry in group]
    return [card.id for card in read.cards] == ids


def _yaml(value: Any) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        # Trailing spaces cannot stand in a literal block.
        block = "\n" in value and not re.search(r"[ \t]\n|[^\S\n]$|\A\s", value)
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if block else None)

    Dumper.add_representer(str, text)
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)


def _entry_of(card: Card) -> dict[str, Any]:
    """A card as a deck file holds it; what is at its default is left out."""
    defaults = {field.name: field.default for field in fields(card)}
    data = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in cards.to_json(card).items()
        if key not in ("id", "kind", "deck", "topic", "section") and value != defaults[key]
    }
    if isinstance(card, Choice):
        data["options"] = [
            {key: value for key, value in option._asdict().items() if value not in ("", False)}
            for option in card.options
        ]
    return {"id": card.id, "kind": card.kind, **data}


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "imported"


# CSV


def _csv_text(found: Iterable[Card]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for card in found:
        entry = _entry_of(card)
        for name in _IN_JSON:
            if name in entry:
                entry[name] = json.dumps(entry[name], ensure_ascii=False)
        entry["challenges"] = " ".join(card.challenges)
        writer.writerow({"deck": card.deck, "topic": card.topic, "section": card.section, **entry})
    return text.getvalue()


def _read_csv(file: Path, topic: str) -> list[Entry]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{file} cannot be read: {error}", hint="save it as UTF-8") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    entries: list[Entry] = []
    lines: dict[str, int] = {}
    try:
        columns = reader.fieldnames or []
        _demand_columns(file, columns)
        for row in reader:
            entry = _csv_entry(f"{file}, line {reader.line_num}", row, file.stem, topic)
            id_ = entry.card["id"]
            if id_ in lines:
                raise SpecError(
                    f"{file}, line {reader.line_num}: id {id_!r} is already in line {lines[id_]}",
                    hint="ids are unique; without the column, drill makes them",
                )
            lines[id_] = reader.line_num
            entries.append(entry)
    except csv.Error as error:
        start = reader.line_num + 1  # where the record that cannot be read begins
        raise SpecError(f"{file}, line {start}: {error}", hint="check the quotes") from None
    return entries


def _demand_columns(file: Path, columns: Sequence[str]) -> None:
    from difflib import get_close_matches  # only to word an error

    for column in columns:
        if column not in _CSV_COLUMNS:
            close = get_close_matches(column or "", _CSV_COLUMNS, n=1, cutoff=0.75)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(_CSV_COLUMNS)}"
            raise SpecError(f"{file}, line 1: unknown column {column!r}", hint=hint)
    if "question" not in columns or "answer" not in columns:
        raise SpecError(
            f"{file}, line 1: there is no column question or no column answer",
            hint="the first line names the columns, such as: question,answer",
        )


def _csv_entry(where: str, row: Mapping[str, Any], stem: str, topic: str) -> Entry:
    if None in row:
        raise SpecError(
            f"{where}: more values than columns", hint="put values with commas in quotes"
        )
    if None in row.values():
        raise SpecError(
            f"{where}: fewer values than columns", hint="every line has all the columns"
        )
    card: dict[str, Any] = {name: value for name, value in row.items() if value != ""}
    deck = _slug(card.pop("deck", stem))
    topic = _slug(card.pop("topic", topic))
    section = _whole(where, "section", card.pop("section", "0"))
    if "line" in card:
        card["line"] = _whole(where, "line", card["line"])
    if "challenges" in card:
        card["challenges"] = card["challenges"].split()
    for name in _IN_JSON:
        if name in card:
            try:
                card[name] = json.loads(card[name])
            except ValueError as error:
                raise SpecError(f"{where}: {name} is not JSON: {error}") from None
    card.setdefault("kind", "recall")
    if "id" not in card:
        question = card.get("question", "")
        card["id"] = f"csv-{hashlib.sha256(question.encode()).hexdigest()[:12]}"
    ordered = {"id": card.pop("id"), "kind": card.pop("kind"), **card}
    return _checked(where, Entry(deck, deck, topic, section, ordered))


def _whole(where: str, name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise SpecError(f"{where}: {name} is {text!r}, not a whole number") from None


def _checked(where: str, entry: Entry) -> Entry:
    """The same entry, once it is sure that the deck's reader will take it."""
    deck = {
        "format": 1,
        "title": entry.title,
        "topic": entry.topic,
        "section": entry.section,
        "cards": [dict(entry.card)],
    }
    try:
        decks.parse_deck(_yaml(deck), Path("imported.yaml"))
    except SpecError as error:
        problem = re.sub(r"^imported\.yaml(, line \d+)?: ", "", error.message)
        raise SpecError(f"{where}: {problem}", hint=error.hint) from None
    return entry


# Anki packages, written


def _write_package(
    path: Path, found: Sequence[Card], answers: Mapping[str, Computed | None]
) -> None:
    import genanki  # takes a tenth of a second to load

    model = genanki.Model(
        _MODEL_ID,
        "drill",
        fields=[{"name": name} for name in _MODEL_FIELDS],
        templates=[
            {
                "name": "Card",
                "qfmt": "{{Front}}",
                "afmt": "{{FrontSide}}<hr id=answer>{{Back}}<br><br><small>{{Source}}</small>",
            }
        ],
        css=".card { font-family: sans-serif; text-align: left } pre { white-space: pre-wrap }",
    )
    packed: dict[str, Any] = {}
    for card in found:
        deck = packed.setdefault(card.deck, genanki.Deck(_number(card.deck), f"drill::{card.deck}"))
        front, back = _sides(card, answers.get(card.id))
        data = cards.encode(card)
        deck.add_note(
            genanki.Note(
                model=model,
                fields=[front, back, html.escape(card.source), html.escape(data)],
                tags=[card.topic, card.kind],
                guid=genanki.guid_for("drill", card.id),
            )
        )
    genanki.Package(list(packed.values())).write_to_file(str(path))


def _number(name: str) -> int:
    """The deck's number in Anki: the same for a name every time."""
    return 2**30 + int(hashlib.sha256(name.encode()).hexdigest()[:7], 16)


def _sides(card: Card, computed: Computed | None) -> tuple[str, str]:
    """Front and back as HTML, for reading in Anki."""
    front, back = _html(card.question), ""
    match card:
        case Recall():
            back = _html(card.answer)
        case Choice():
            front += "<ul>" + "".join(f"<li>{_html(o.text)}</li>" for o in card.options) + "</ul>"
            back = "<ul>" + "".join(
                f"<li>{'<b>right</b>' if o.right else 'wrong'}: {_html(o.text)} {_html(o.why)}</li>"
                for o in card.options
            ) + "</ul>"  # fmt: skip
        case Output() | Shape():
            code = card.code if isinstance(card, Output) else f"{card.setup}{card.expression}"
            front += _pre(code)
            if computed:
                back = _pre(computed.printed) if computed.printed else ""
                back += f"<code>{computed.error}</code>" if computed.error else ""
        case Cloze():
            front += _pre(card.code)
            back = _pre(card.completed(card.answer))
        case Bug():
            front += _pre(card.code)
            back = f"Line {card.line}:{_pre(card.fix)}{_html(card.answer)}"
    return front, back + (f"<p>{_html(card.explanation)}</p>" if card.explanation else "")


def _pre(code: str) -> str:
    return f"<pre><code>{html.escape(code.strip(chr(10)), quote=False)}</code></pre>"


def _html(text: str) -> str:
    """The little Markdown of a card as HTML."""
    parts = re.split(r"```[^\n]*\n(.*?)```", text, flags=re.DOTALL)
    drawn = []
    for n, part in enumerate(parts):
        if n % 2:
            drawn.append(_pre(part))
            continue
        inline = html.escape(part.strip(), quote=False)
        inline = re.sub(r"`([^`]+)`", r"<code>\1</code>", inline)
        inline = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", inline)
        drawn.append(inline.replace("\n", "<br>"))
    return "".join(drawn)


# Anki packages, read


def _read_package(file: Path, topic: str) -> tuple[list[Entry], int]:
    with tempfile.TemporaryDirectory() as folder:
        database = _unpacked(file, Path(folder))
        db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        try:
            notes = list(_notes(db))
        except (sqlite3.DatabaseError, ValueError, KeyError, TypeError) as error:
            raise SpecError(
                f"{file}: its collection is damaged: {error}", hint="export it from Anki again"
            ) from None
        finally:
            db.close()
    entries = [_note_entry(file, note, topic) for note in notes]
    return entries, sum(_has_media(note) for note in notes)


def _unpacked(file: Path, folder: Path) -> Path:
    """The collection of a package, as an SQLite file."""
    try:
        with zipfile.ZipFile(file) as package:
            names = package.namelist()
            if "collection.anki21b" in names:
                raise UsageError(
                    f"{file} is in Anki's newest format, which needs Anki itself to read",
                    hint='export it again with "Support older Anki versions" ticked',
                )
            name = next((n for n in ("collection.anki21", "collection.anki2") if n in names), "")
            if not name:
                raise SpecError(
                    f"{file} holds no Anki collection", hint="export it from Anki again"
                )
            if package.getinfo(name).file_size > _MOST_UNPACKED:
                raise SpecError(f"{file}: {name} is larger than {_MOST_UNPACKED // 2**20} MiB")
            target = folder / "collection.db"
            target.write_bytes(package.read(name))
            return target
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise SpecError(
            f"{file} is not an Anki package: {error}", hint="export it from Anki again"
        ) from None


@dataclass(frozen=True, slots=True)
class Note:
    id: int
    guid: str
    model: str
    fields: dict[str, str]
    deck: str


def _notes(db: sqlite3.Connection) -> Iterator[Note]:
    models, deck_names = map(json.loads, db.execute("SELECT models, decks FROM col").fetchone())
    rows = db.execute(
        "SELECT notes.id, guid, mid, flds, min(cards.did) FROM notes"
        " JOIN cards ON cards.nid = notes.id GROUP BY notes.id ORDER BY notes.id"
    )
    for id_, guid, model_id, values, deck_id in rows:
        model = models[str(model_id)]
        names = [field["name"] for field in sorted(model["flds"], key=lambda field: field["ord"])]
        split = values.split(_FIELD_SEPARATOR)
        if len(split) != len(names):
            raise ValueError(f"note {id_} has {len(split)} fields instead of {len(names)}")
        deck = deck_names.get(str(deck_id), {"name": "imported"})["name"]
        yield Note(id_, guid, model["name"], dict(zip(names, split, strict=True)), deck)


def _note_entry(file: Path, note: Note, topic: str) -> Entry:
    where = f"{file}, note {note.id}"
    if tuple(note.fields) == _MODEL_FIELDS:
        return _own_entry(where, note)
    front, *back = note.fields.values()
    question, answer = _text(front), "\n\n".join(filter(None, map(_text, back)))
    if "{{c" in front:
        question, answer = _text(_cloze(front, hidden=True)), _text(_cloze(front, hidden=False))
    if not question or not answer:
        raise SpecError(
            f"{where}: its front or its back has no text", hint="edit it in Anki, or leave it out"
        )
    id_ = f"anki-{hashlib.sha256(note.guid.encode()).hexdigest()[:12]}"
    title = note.deck.replace("::", ": ")
    card = {"id": id_, "kind": "recall", "question": question, "answer": answer}
    return _checked(where, Entry(_slug(note.deck), title, _slug(topic), 0, card))


def _own_entry(where: str, note: Note) -> Entry:
    """A card that drill wrote comes back whole, not as the HTML that Anki shows."""
    try:
        card = cards.decode(html.unescape(note.fields["Drill"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpecError(
            f"{where}: the field Drill does not hold a card: {error}",
            hint="restore the field, or delete the note",
        ) from None
    entry = Entry(_slug(card.deck), card.deck, card.topic, card.section, _entry_of(card))
    return _checked(where, entry)


def _has_media(note: Note) -> bool:
    return any(re.search(r"<img\b|\[sound:", value) for value in note.fields.values())


def _cloze(text: str, hidden: bool) -> str:
    return re.sub(
        r"\{\{c\d+::(.*?)(?:::(.*?))?\}\}",
        lambda m: f"[{m.group(2) or '...'}]" if hidden else m.group(1),
        text,
        flags=re.DOTALL,
    )


class _ToText(HTMLParser):
    """A note's HTML as the little Markdown that cards are written in."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._in_pre = False
        self._skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        match tag:
            case "style" | "script":
                self._skipping += 1
            case "br":
                self.parts.append("\n")
            case "p" | "div" | "tr" | "ul" | "ol" | "hr" | "h1" | "h2" | "h3":
                self.parts.append("\n\n" if tag == "p" else "\n")
            case "li":
                self.parts.append("\n- ")
            case "pre":
                self._in_pre = True
                self.parts.append("\n```text\n")
            case "code" if not self._in_pre:
                self.parts.append("`")
            case "b" | "strong":
                self.parts.append("**")

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "style" | "script":
                self._skipping = max(self._skipping - 1, 0)
            case "pre":
                self._in_pre = False
                self.parts.append("\n```\n")
            case "code" if not self._in_pre:
                self.parts.append("`")
            case "b" | "strong":
                self.parts.append("**")
            case "p" | "div":
                self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.parts.append(data)


def _text(source: str) -> str:
    parser = _ToText()
    parser.feed(re.sub(r"\[sound:[^\]]*\]", "", source))
    parser.close()
    text = "".join(parser.parts).replace("\xa0", " ").replace("\r", "")
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
