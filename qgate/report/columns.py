"""How reports fit a terminal, in columns, not characters: a wide character takes two."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from qgate.files import printable
from qgate.report.commands import glued, unglued

if TYPE_CHECKING:
    from rich.text import Text

    from qgate.charter.charter import Charter

_NARROWEST, _WIDEST = 60, 120


def fitted(width: int) -> int:
    """Return the columns to write for: no fewer and no more than can be read well."""
    return max(_NARROWEST, min(width, _WIDEST))


def hung(first: str, content: str, width: int, *, long_words: bool = True) -> list[str]:
    """Return wrapped lines that hang under the first one's content, with controls shown.

    Without `long_words` a command, and a word that is longer than a line, such as a path, is not
    broken; text in wide characters, which knows no blanks, is.
    """
    said = printable(" ".join(content.split()))
    margin = " " * cell_len(first)
    lines, line, empty = [], first, True
    for word in (said if long_words else glued(said)).split():
        gap = "" if empty else " "
        for piece in _pieces(word, width - len(margin), long_words=long_words):
            if not empty and cell_len(f"{line}{gap}{piece}") > width:
                lines.append(line)
                line, gap = margin, ""
            line, gap, empty = f"{line}{gap}{piece}", "", False
    return [unglued(each) for each in (*lines, line.rstrip() if empty else line)]


def append_hung(text: Text, first: str, content: str, width: int, style: str = "") -> None:
    """Append wrapped lines that hang under the first one's content; no path is broken."""
    for line in hung(first, content, width, long_words=False):
        text.append(f"{line}\n", style)


def append_headline(
    text: Text, banner: tuple[str, str], charter: Charter, end: str, width: int
) -> None:
    """Append a line: what came out, in its style, of which pilot, and in how many tries."""
    said, style = banner
    title = f"{printable(charter.pilot.name)}: {charter.candidate.id} against {charter.baseline.id}"
    text.append(f" {said} ", style)
    text.append(f"  {padded(title, width - len(said) - len(end) - 6)}  ", "bold")
    text.append(f"{end}\n", "dim")


def cut(text: str, room: int) -> str:
    """Return a text, shortened to so many columns."""
    return text if cell_len(text) <= room else f"{set_cell_size(text, room - 2)}.."


def padded(text: str, room: int) -> str:
    """Return a text, shortened or filled up to so many columns."""
    return set_cell_size(cut(text, room), room)


def _pieces(word: str, room: int, *, long_words: bool) -> Iterator[str]:
    """Yield the parts between which a word may be broken."""
    if cell_len(word) <= room:
        yield word
        return
    for is_wide, part in groupby(word, lambda sign: cell_len(sign) > 1):
        signs = list(part)
        yield from signs if is_wide or long_words else ["".join(signs)]
