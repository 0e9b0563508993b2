"""How reports fit a terminal: its width within bounds, lines that hang, texts that are cut."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from qgate.files import printable

if TYPE_CHECKING:
    from rich.text import Text

_NARROWEST, _WIDEST = 60, 120


def fitted(width: int) -> int:
    """Return the columns to write for: no fewer and no more than can be read well."""
    return max(_NARROWEST, min(width, _WIDEST))


def hung(first: str, content: str, width: int, *, long_words: bool = True) -> list[str]:
    """Return wrapped lines that hang under the first one's content, with controls shown.

    Without `long_words` a word that is longer than a line, such as a path, is not broken.
    """
    return textwrap.wrap(
        printable(" ".join(content.split())),
        width,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=long_words,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def append_hung(text: Text, first: str, content: str, width: int, style: str = "") -> None:
    """Append wrapped lines that hang under the first one's content; no path is broken."""
    for line in hung(first, content, width, long_words=False):
        text.append(f"{line}\n", style)


def cut(text: str, room: int) -> str:
    """Return a text, shortened to so many columns."""
    return text if len(text) <= room else f"{text[: room - 2]}.."
