"""Commands in a sentence, which are copied whole: no place to fold a line at."""

from __future__ import annotations

import re

_COMMAND = re.compile(
    r"""`[^`]{1,100}`                           # whatever is quoted as code
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


def glued(text: str) -> str:
    """Return text of printable characters in which no command has a blank."""
    return _COMMAND.sub(lambda found: found[0].replace(" ", _GLUE), text)


def unglued(text: str) -> str:
    """Return the text that was glued."""
    return text.replace(_GLUE, " ")
