"""Where two trees of plain values differ, and how a value is shown in a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice, zip_longest
from typing import Any

_LONGEST = 120
_DIGEST = 64
_MOST = 200
"""A hostile charter may hold any number of terms."""


def leaves(
    before: Any, after: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Yield path and both values of each leaf that differs, the first 200.

    Lists of things that have names are matched by name; `None` stands where there is none.
    """
    yield from islice(_differing(before, after, path), _MOST)


def _differing(
    before: Any, after: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if before == after and type(before) is type(after):
        return
    one, other = _named(before), _named(after)
    if one is not None and other is not None:
        for key in dict.fromkeys((*one, *other)):
            yield from _differing(one.get(key), other.get(key), (*path, str(key)))
        if list(one) != list(other) and set(one) == set(other) and isinstance(before, list):
            yield (*path, "order"), list(one), list(other)
        return
    if before != after:
        yield path, before, after


def _named(value: Any) -> Mapping[str, Any] | None:
    """Return a mapping, or a list of mappings that each have a name of their own, as one."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        names = [item.get("name") for item in value]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return {str(name): item for name, item in zip(names, value, strict=True)}
    return None


def short(value: Any, other: Any = None) -> str:
    """Return a value in few words; beside another long list, where it first differs from that."""
    if value is None:
        return "not there"
    text = str(value)
    if len(text) == _DIGEST and set(text) <= set("0123456789abcdef"):
        return text[:12]
    if len(text) <= _LONGEST:
        return text
    if isinstance(value, list) and isinstance(other, list):
        pairs = enumerate(zip_longest(other, value), start=1)
        place, now = next(((i, b) for i, (a, b) in pairs if a != b), (0, None))
        return f"{len(value)} values, number {place} now {str(now)[:_LONGEST]}"
    return f"{text[: _LONGEST - 3]}..."
