"""Cards, sessions and statistics drawn with Rich."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from drill.cards import (
    GAP,
    Bug,
    Card,
    Choice,
    Cloze,
    Computed,
    Option,
    Output,
    Rating,
    Recall,
    Shape,
)
from drill.errors import DrillError
from drill.review import Done, Item, Left, Stats, Summary

WIDEST = 100

HELP = """\
space, enter   show the answer; after it, accept the rating in brackets
1 2 3 4        rate: Again, Hard, Good, Easy
u              undo the last thing
s              suspend this card: it no longer comes up
e              edit this card's source
q              quit; everything so far is kept
Where an answer is typed, these letters count as keys when they are the whole line."""


def console(stderr: bool = False) -> Console:
    return Console(highlight=False, stderr=stderr)


# Text


class Block(NamedTuple):
    """A paragraph, or fenced code with its language."""

    text: str
    language: str | None = None


def blocks(text: str) -> Iterator[Block]:
    """Split at code fences and blank lines. Lines of a paragraph are joined, list items are kept."""
    info: list[str] = []
    for n, part in enumerate(re.split(r"^```(.*)\n", printable(text) + "\n", flags=re.MULTILINE)):
        # The pieces are: text, info string, code, "" (of the closing fence), text, ...
        match n % 4:
            case 0:
                yield from _paragraphs(part)
            case 1:
                info = part.split()
            case 2:
                yield Block(part.rstrip("\n"), info[0] if info else "text")


def _paragraphs(text: str) -> Iterator[Block]:
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        joined = re.sub(r"\n(?!\s*(?:[-*|]|\d+[.)])\s?)\s*", " ", paragraph.strip("\n"))
        if joined.strip():
            yield Block(joined)


def printable(text: str) -> str:
    """Without control characters: a card from someone's deck must not drive the terminal."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", text.expandtabs(4))


def inline(text: str, plain: bool) -> Text:
    """Bold and code as styles where there are any, else as they were written; formulas as Unicode."""
    drawn = Text()
    for part in re.split(r"(`[^`]+`|\*\*[^*]+\*\*)", text):
        if part.startswith("`") and part.endswith("`") and len(part) > 2:
            drawn.append(part if plain else part[1:-1], style="cyan")
        elif part.startswith("**") and len(part) > 4:
            drawn.append(part[2:-2], style="bold")
        else:
            drawn.append(readable(part))
    return drawn


_SYMBOLS = {
    **dict(zip(
        ["alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "eta", "theta", "lambda", "mu",
         "nu", "pi", "rho", "sigma", "tau", "phi", "psi", "omega", "xi", "zeta", "kappa",
         "Gamma", "Delta", "Theta", "Lambda", "Pi", "Sigma", "Phi", "Psi", "Omega"],
        "αβγδεεηθλμνπρστφψωξζκΓΔΘΛΠΣΦΨΩ", strict=True)),
    "times": "×", "cdot": "·", "pm": "±", "div": "÷", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "ne": "≠", "neq": "≠", "approx": "≈", "in": "∈", "sum": "∑", "prod": "∏", "int": "∫",
    "partial": "∂", "nabla": "∇", "infty": "∞", "to": "→", "rightarrow": "→", "leftarrow": "←",
    "ldots": "…", "dots": "…", "odot": "⊙", "otimes": "⊗", "sim": "~", "propto": "∝", "forall": "∀",
    "mid": "|", "quad": " ", "ell": "ℓ", "top": "ᵀ",
    "log": "log", "exp": "exp", "max": "max", "min": "min", "tanh": "tanh", "argmax": "argmax",
}  # fmt: skip
_RAISED = dict(zip("0123456789+-=()niTkmt", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀᵏᵐᵗ", strict=True))
_LOWERED = dict(zip("0123456789+-=()ijkmnptx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ᵢⱼₖₘₙₚₜₓ", strict=True))
_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "vec": "\u20d7"}


def readable(text: str) -> str:
    r"""LaTeX-like formulas as Unicode: `\frac{a}{b}` is a/b, and `x^2` is x² inside `$...$`."""
    if "\\" not in text and "$" not in text:
        return text
    text = re.sub(
        r"\$\$?([^$]+?)\$\$?|\\\((.+?)\\\)|\\\[(.+?)\\\]",
        lambda found: formula(next(filter(None, found.groups()))).strip(),
        text,
        flags=re.DOTALL,
    )
    # A bare \frac{...}{...} in running text; ^ and _ outside of a formula are left alone.
    return _commands(text) if re.search(r"\\[A-Za-z]", text) else text


def formula(text: str) -> str:
    text = _commands(text)
    text = re.sub(r"\^(?:\{([^{}]*)\}|(\w))", lambda m: _shifted(m, "^", _RAISED), text)
    text = re.sub(r"_(?:\{([^{}]*)\}|(\w))", lambda m: _shifted(m, "_", _LOWERED), text)
    return text.replace("{", "").replace("}", "")


def _commands(text: str) -> str:
    """Innermost braces first, until nothing changes."""
    before = ""
    while before != text:
        before = text
        text = re.sub(r"\\d?frac\{([^{}]*)\}\{([^{}]*)\}", _fraction, text)
        text = re.sub(r"\\sqrt\{([^{}]*)\}", lambda m: "√" + _grouped(m.group(1)), text)
        text = re.sub(r"\\(?:text|mathrm|mathbf|mathbb|operatorname)\{([^{}]*)\}", r"\1", text)
        text = re.sub(
            r"\\(hat|bar|tilde|vec)\{([^{}]*)\}", lambda m: m.group(2) + _ACCENTS[m.group(1)], text
        )
        text = re.sub(r"\\(?:left|right|big|Big)(?![A-Za-z])", "", text)
        text = re.sub(r"\\[,;:! ]", " ", text)
        text = re.sub(r"\\([A-Za-z]+)", lambda m: _SYMBOLS.get(m.group(1), m.group(0)), text)
        # Braces that hold one thing already are in the way of a fraction around them.
        text = re.sub(r"([_^])\{(\w)\}", r"\1\2", text)
    return text


def _fraction(found: re.Match[str]) -> str:
    return f"{_grouped(found.group(1))}/{_grouped(found.group(2))}"


def _grouped(text: str) -> str:
    """In parentheses unless it is one term."""
    text = text.strip()
    one = re.fullmatch(r"[\w.^∂∇∑]+|\([^()]*\)", text) is not None
    return text if one else f"({text})"


def _shifted(found: re.Match[str], mark: str, table: Mapping[str, str]) -> str:
    inside = found.group(1) if found.group(1) is not None else found.group(2)
    if inside and all(character in table for character in inside):
        return "".join(table[character] for character in inside)
    return f"{mark}{inside}" if len(inside) == 1 else f"{mark}({inside})"


# Parts of the screen


class Screen:
    """Where a session is drawn."""

    def __init__(self, console: Console) -> None:
        self.console = console
        # Without colours the marks stay in the text.
        self.plain = console.no_color or not console.is_terminal
        self.width = min(console.width, WIDEST)

    def say(self, text: str, style: str = "") -> None:
        said = inline(text, self.plain)
        said.stylize(style)
        self._put(said)

    def text(self, text: str, indent: int = 0) -> None:
        """A card's text: paragraphs, lists and code."""
        for block in blocks(text):
            if block.language is None:
                for line in block.text.split("\n"):
                    self._put(inline(line, self.plain), indent)
            else:
                self.code(block.text, block.language, indent=indent)

    def code(
        self, code: str, language: str = "python", *, numbered: bool = False, indent: int = 0
    ) -> None:
        code = printable(code).strip("\n")
        self.console.print()
        if self.plain:
            lines = code.split("\n")
            if numbered:
                lines = [f"{n:>2}  {line}" for n, line in enumerate(lines, 1)]
            for line in lines:
                # Never broken: what is copied out of a pipe or a log must still run.
                self.console.print(Text(" " * (4 + indent) + line), soft_wrap=True)
        else:
            drawn = _highlighted(code, language, numbered)
            self.console.print(Padding(drawn, (0, 0, 0, 4 + indent)), width=self.width)
        self.console.print()

    def _put(self, text: Text, indent: int = 0) -> None:
        """Wrapped here rather than by Rich, which would fill the lines up with spaces."""
        for line in text.wrap(self.console, self.width - indent) or [text]:
            line.rstrip()
            self.console.print(Text(" " * indent) + line, soft_wrap=True)

    # A card

    def heading(self, item: Item, left: Left) -> None:
        words = [item.card.topic, item.card.kind, item.turn.value]
        if item.is_leech:
            words.append("leech")
        parts = [(left.due, "due"), (left.new, "new"), (left.soon, "soon again")]
        counts = ", ".join(f"{count} {word}" for count, word in parts if count)
        self.console.print()
        self.console.print(Rule(style="bright_black", characters="─"), width=self.width)
        title = Text(" · ".join(words), style="bold")
        room = self.width - title.cell_len - len(counts)
        if room >= 2:
            title.append(" " * room + counts, style="not bold")
        self.console.print(title, width=self.width)
        self.console.print()

    def question(self, item: Item) -> None:
        card = item.card
        self.text(card.question or _ASKED.get(card.kind, ""))
        match card:
            case Choice():
                self.console.print()
                for letter, option in _lettered(card.shuffled(item.reviews)):
                    self._option(letter, option)
                self.console.print()
            case Output() | Cloze():
                self.code(card.code)
            case Shape():
                self.code(f"{card.setup.rstrip()}\n{card.expression.strip()}")
            case Bug():
                self.code(card.code, numbered=True)
            case _:
                self.console.print()

    def _option(self, letter: str, option: Option, note: str = "") -> None:
        found = list(blocks(option.text))
        if len(found) == 1 and found[0].language is None:
            line = Text(f"{letter}  ", style="bold")
            line.append_text(inline(found[0].text, self.plain))
            if note:
                line.append(f"  ({note})", style="bold" if note == "right" else "bright_black")
            self._put(line, 2)
            return
        self._put(Text(letter + (f"  ({note})" if note else ""), style="bold"), 2)
        self.text(option.text, 2)

    def ask(self, card: Card) -> None:
        """What to type or press now."""
        self.say(_PROMPTS.get(card.kind, "Space or enter shows the answer. ? lists the keys."))

    def answer(self, item: Item, computed: Computed | None) -> None:
        card = item.card
        match card:
            case Recall():
                self.text(card.answer)
            case Choice():
                self._options_explained(card.shuffled(item.reviews))
            case Output() | Shape() if computed:
                self._computed(card, computed)
            case Cloze():
                self.say(f"One right filling: `{card.answer.strip()}`")
                self.code(card.completed(card.answer))
            case Bug():
                self.say(f"Line {card.line}. Instead:")
                self.code(card.fix)
                self.text(card.answer)
        if card.explanation:
            self.text(card.explanation)
        self.console.print()
        about = [card.source] if card.source else []
        about += [f"practise: drill start {name}" for name in card.challenges[:2]]
        for line in about:
            # Not broken, so that a terminal can open the address.
            self.console.print(Text(printable(line), style="bright_black"), soft_wrap=True)

    def _options_explained(self, options: Sequence[Option]) -> None:
        self.console.print()
        for letter, option in _lettered(options):
            self._option(letter, option, "right" if option.right else "wrong")
            if option.why:
                self.text(option.why, 5)

    def _computed(self, card: Card, computed: Computed) -> None:
        shape = isinstance(card, Shape)
        if computed.printed and not (shape and computed.error):
            self.say("The shape is" if shape else "It prints")
            self.code(computed.printed, "text")
        if computed.error:
            self.say(f"{'Then it' if computed.printed else 'It'} raises `{computed.error}`.")
        elif not computed.printed:
            self.say("It prints nothing.")

    def judged(self, right: bool, note: str) -> None:
        self.console.print()
        said = Text("Right." if right else "Wrong.", style="bold green" if right else "bold red")
        if note:
            said.append(f" {printable(note)}", style="not bold default")
        self._put(said)

    def ratings(self, intervals: Mapping[Rating, timedelta], suggested: Rating) -> None:
        """The four ratings, the suggested one in brackets, over as few lines as they need."""
        line = Text()
        self.console.print()
        for rating in Rating:
            label = f"{rating.value} {rating.name.capitalize()}"
            part = Text(f"[{label}]" if rating is suggested else label)
            part.stylize("bold" if rating is suggested else "")
            if rating in intervals:
                part.append(f" {interval_words(intervals[rating])}", style="not bold bright_black")
            if line and line.cell_len + 3 + part.cell_len > self.width:
                self._put(line)
                line = Text()
            line = line + "   " + part if line else part
        self._put(line)

    # After a key

    def acknowledge(self, done: Done) -> None:
        assert done.rating is not None
        word = done.rating.name.capitalize()
        if done.schedule is None or done.schedule.due is None or done.schedule.last_review is None:
            self.say(f"{word}.", "bright_black")
            return
        back = interval_words(done.schedule.due - done.schedule.last_review)
        self.say(f"{word}: back in {back}.")
        if done.is_leech:
            challenges = done.item.card.challenges
            remedy = (
                f"practise the point with: drill start {challenges[0]}"
                if challenges
                else "write it anew with e, or set it aside with s when it comes back"
            )
            self.say(f"Leech: missed {done.schedule.lapses} times. Perhaps {remedy}", "yellow")

    def undone(self, done: Done) -> None:
        what = done.rating.name.capitalize() if done.rating else "suspended"
        self.say(f"Undone: {what}.")

    def help(self) -> None:
        for line in HELP.split("\n"):
            self._put(Text(line))

    def error(self, error: DrillError) -> None:
        """A fault that does not end the session: the session's own screen is where it is seen."""
        self._put(Text(printable(f"drill: {error.message}")))
        if error.hint:
            self._put(Text(printable(error.hint)), 7)

    def nothing(self, next_due: datetime | None, now: datetime, more_new: bool) -> None:
        """Why there is no card to show, and what to do about it."""
        self.say("Nothing is due.")
        if next_due is not None:
            self.say(
                f"The next card comes back in {interval_words(max(next_due - now, timedelta()))}."
            )
        if more_new:
            self.say("Today's new cards are done; more of them: drill quiz --new 5")

    def summary(self, summary: Summary) -> None:
        self.console.print()
        if summary.reviewed:
            new = f", {summary.new} of them new" if summary.new else ""
            self.say(
                f"{_counted(summary.reviewed, 'review')} of {_counted(summary.cards, 'card')}{new}."
            )
        if summary.recallable:
            share = summary.recalled / summary.recallable
            self.say(
                f"Retention: {summary.recalled} of {summary.recallable} cards that were due were"
                f" remembered ({share:.0%})."
            )
        if summary.suspended:
            self.say(f"{_counted(summary.suspended, 'card')} suspended.")
        verb = "comes" if summary.due_tomorrow == 1 else "come"
        self.say(f"{_counted(summary.due_tomorrow, 'card')} {verb} back by the end of tomorrow.")

    # Statistics

    def stats(self, stats: Stats) -> None:
        counts = stats.counts
        self.say(f"**{_counted(counts.cards, 'card')}**")
        self.say(
            f"{counts.new} new, {counts.learning} being learned, {counts.review} in review,"
            f" {counts.suspended} suspended, {_counted(counts.leeches, 'leech', 'leeches')}"
        )
        self._section("Due in the next 30 days")
        if stats.overdue:
            self.say(f"{stats.overdue} of today's are overdue.")
        self._due(stats)
        self._section("Retention by topic")
        self._retention(stats.recalled)
        self._section("Reviews by day")
        self._calendar(stats)

    def _section(self, title: str) -> None:
        self.console.print()
        self.say(f"**{title}**")

    def _due(self, stats: Stats) -> None:
        if not any(stats.due):
            self.say("Nothing comes back.")
            return
        most = max(stats.due)
        room = self.width - 12 - len(str(most)) - 2
        for n, count in enumerate(stats.due):
            day = stats.today + timedelta(days=n)
            line = Text(f"{day:%a} {day.day:>2} {day:%b}  ", style="" if n else "bold")
            line.append(_bar(count, most, room), style="blue")
            line.append(f" {count}" if count else "·", style="bright_black" if not count else "")
            self.console.print(line, width=self.width)

    def _retention(self, recalled: Mapping[str, tuple[int, int]]) -> None:
        if not recalled:
            self.say("No card has come back from its first interval yet.")
            return
        widest = max(map(len, recalled))
        for topic, (kept, count) in recalled.items():
            numbers = f" {kept / count:4.0%}  {kept} of {count}"
            room = max(self.width - widest - 2 - len(f" 100%  {count} of {count}"), 10)
            line = Text(f"{topic:<{widest}}  ")
            line.append(_bar(kept, count, room).ljust(room, "·"), style="green")
            line.append(numbers)
            self.console.print(line, width=self.width)

    def _calendar(self, stats: Stats) -> None:
        if not stats.reviews:
            self.say("No review yet.")
            return
        weeks = min((self.width - 5) // 2, 53)
        monday = stats.today - timedelta(days=stats.today.weekday())
        first = monday - timedelta(weeks=weeks - 1)
        self.console.print(_months(first, weeks), width=self.width)
        most = max((n for day, n in stats.reviews.items() if day >= first), default=0)
        for weekday, label in enumerate(["Mon", "", "Wed", "", "Fri", "", "Sun"]):
            line = Text(f"{label:<4} ")
            for week in range(weeks):
                day = first + timedelta(weeks=week, days=weekday)
                if day <= stats.today:
                    count = stats.reviews.get(day, 0)
                    line.append(
                        _shade(count, most) + " ", style="green" if count else "bright_black"
                    )
            line.rstrip()
            self.console.print(line, width=self.width)
        total = sum(count for day, count in stats.reviews.items() if day >= first)
        days = sum(day >= first for day in stats.reviews)
        self.say(
            f"{_counted(total, 'review')} on {_counted(days, 'day')};"
            f" ░ ▒ ▓ █ each a quarter of the most, {most} in a day"
        )


_ASKED = {
    "output": "What does this print, or which error does it raise?",
    "shape": "What is the shape of the last line, or is it an error?",
    "cloze": "Fill the gap.",
    "bug": "One line is wrong. Which?",
}

_PROMPTS = {
    "choice": "Type the letters of all the right ones, then enter. ? lists the keys.",
    "output": "Type what it prints or the error's class, then enter. ? lists the keys.",
    "shape": "Type the shape, such as (2, 3), or error; then enter. ? lists the keys.",
    "cloze": f"Type what belongs in the gap {GAP}, then enter. ? lists the keys.",
    "bug": "Type the number of the line, then enter. ? lists the keys.",
}


def _lettered(options: Sequence[Option]) -> list[tuple[str, Option]]:
    return [(chr(ord("a") + n), option) for n, option in enumerate(options)]


def _highlighted(code: str, language: str, numbered: bool) -> RenderableType:
    # Pygments takes tens of milliseconds to load: only where colours are seen.
    from pygments import token  # type: ignore[import-untyped]
    from rich.style import Style
    from rich.syntax import ANSISyntaxTheme, Syntax

    # The terminal's own colours, those that are readable on dark and on light.
    theme = ANSISyntaxTheme(
        {
            token.Token: Style(),
            token.Comment: Style(color="bright_black", italic=True),
            token.Keyword: Style(color="magenta"),
            token.Operator.Word: Style(color="magenta"),
            token.Name.Decorator: Style(color="magenta"),
            token.String: Style(color="green"),
            token.Number: Style(color="cyan"),
        }
    )
    return Syntax(
        code,
        language,
        theme=theme,
        line_numbers=numbered,
        word_wrap=True,
        background_color="default",
    )


def interval_words(interval: timedelta) -> str:
    minutes = interval.total_seconds() / 60
    days = minutes / 60 / 24
    if minutes < 1:
        return f"{round(minutes * 60)} s"
    if minutes < 60:
        return f"{round(minutes)} min"
    if days < 1:
        return f"{round(minutes / 60)} h"
    if days < 60:
        return _counted(round(days), "day")
    if days < 365:
        return f"{days / 30.44:.1f} months"
    return f"{days / 365.25:.1f} years"


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _bar(count: int, most: int, room: int) -> str:
    """Eighths of a cell, so that small numbers are still seen to differ."""
    eighths = round(count / most * room * 8)
    if count and not eighths:
        eighths = 1
    full, rest = divmod(eighths, 8)
    return "█" * full + " ▏▎▍▌▋▊▉"[rest].strip()


def _shade(count: int, most: int) -> str:
    return "░▒▓█"[min((4 * count - 1) // most, 3)] if count else "·"


def _months(first: date, weeks: int) -> Text:
    """The month's name above the first week that begins in it."""
    cells = [" "] * (weeks * 2)
    last = None
    for week in range(weeks):
        day = first + timedelta(weeks=week)
        if day.month != last and week * 2 + 3 <= len(cells):
            cells[week * 2 : week * 2 + 3] = f"{day:%b}"
        last = day.month
    return Text("     " + "".join(cells).rstrip())
