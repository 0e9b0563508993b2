"""Standard streams that take any text, whatever their encoding."""

from __future__ import annotations

import codecs
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper

_ERRORS = "qgate.escaped"
_RAISING = ("strict", "surrogateescape")
"""The second is what Python gives stdout in the C locale."""
_DRAWN = {"✓": "+", "✗": "x", "●": "o", "■": "#", **dict(zip("▁▂▃▄▅▆▇█", "_.,-=+*#", strict=True))}
"""Of one column each, so that what is drawn with them stays in its columns; no name holds them."""
_LINES = {"HORIZONTAL": "-", "VERTICAL": "|"}


@contextmanager
def tolerant_streams() -> Iterator[None]:
    r"""Let what a stream's encoding lacks be written as `\u00e9`: JSON reads it as what it was.

    Lines, marks and sparks are drawn in ASCII instead. A stream that somebody gave other manners
    than Python's own keeps them.
    """
    codecs.register_error(_ERRORS, _escaped)
    streams = [s for s in (sys.stdout, sys.stderr) if isinstance(s, TextIOWrapper)]
    before = {stream: stream.errors for stream in streams if stream.errors in _RAISING}
    for stream in before:
        stream.reconfigure(errors=_ERRORS)
    try:
        yield
    finally:
        for stream, errors in before.items():
            if not stream.closed:
                stream.reconfigure(errors=errors)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_in_ascii, error.object[error.start : error.end])), error.end


def _in_ascii(char: str) -> str:
    _, box, shape = unicodedata.name(char, "").partition("BOX DRAWINGS ")
    if char in _DRAWN or box:
        return _DRAWN.get(char) or _LINES.get(shape.partition(" ")[2], "+")
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
