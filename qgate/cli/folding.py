"""Sentences folded to a terminal's width; commands, paths and findings stay whole."""

from __future__ import annotations

import os
import re
import shutil
import textwrap
from typing import IO

from qgate.report.commands import glued, unglued

_FINDING = re.compile(r"\S[^:]*:\d+:\d+: ")
"""`file:line:column: message`, which editors and other programs read by the line."""
_NARROWEST = 40


def folded(line: str, stream: IO[str], hang: int | None = None) -> str:
    """Return a line without its end, folded where the stream is a terminal or COLUMNS is set.

    A log file keeps it whole, so that it can be searched.

    Args:
        line: Of printable characters.
        stream: Where it goes.
        hang: Columns by which what follows is indented; as the line itself, if unsaid.

    """
    width = _width(stream)
    if width is None or len(line) <= width or _FINDING.match(line):
        return line
    margin = " " * (len(line) - len(line.lstrip()) if hang is None else hang)
    text = textwrap.fill(
        glued(line.strip()),
        width,
        initial_indent=line[: len(line) - len(line.lstrip())],
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return unglued(text)


def _width(stream: IO[str]) -> int | None:
    # Beside LINES a library has set it for its children, as GNU readline does, and nobody asked.
    asked = os.environ.get("COLUMNS", "").isdecimal() and "LINES" not in os.environ
    if not stream.isatty() and not asked:
        return None
    return max(shutil.get_terminal_size().columns, _NARROWEST)
