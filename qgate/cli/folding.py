"""Sentences folded to a terminal's width; commands, paths and findings stay whole."""

from __future__ import annotations

import os
import re
import shutil
import textwrap
from typing import IO

_FINDING = re.compile(r"\S[^:]*:\d+:\d+: ")
"""`file:line:column: message`, which editors and other programs read by the line."""
_COMMAND = re.compile(
    r"""`[^`]*`                                 # whatever is quoted as code
    | \bNAME\ namespaces=\S+\ ssh-\S+\ \S+      # a line of a file of signers
    | \b(?:(?:qgate|pip|git)\ [a-z-]+|cd|chmod|ssh-keygen)   # a command, and of it
    (?:\ (?:(?:list|show|close|info|prune|install|check)\b   # a command of a group
      | -{1,2}[\w-]+(?:[ =](?:"[^"]*"|'[^']*'|[^\s"'`();,]+))?  # an option and its value
      | "[^"]*" | '[^']*' | [A-Z]{2,}\b | [^\s"'`();,]*[/._@\d][^\s"'`();,]*))*   # arguments
    """,
    re.VERBOSE,
)
_GLUE = "\ue000"
"""Stands for a blank that is no place to fold at; nothing printable holds it."""
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
    glued = _COMMAND.sub(lambda found: found[0].replace(" ", _GLUE), line.strip())
    text = textwrap.fill(
        glued,
        width,
        initial_indent=line[: len(line) - len(line.lstrip())],
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return text.replace(_GLUE, " ")


def _width(stream: IO[str]) -> int | None:
    # Beside LINES a library has set it for its children, as GNU readline does, and nobody asked.
    asked = os.environ.get("COLUMNS", "").isdecimal() and "LINES" not in os.environ
    if not stream.isatty() and not asked:
        return None
    return max(shutil.get_terminal_size().columns, _NARROWEST)
