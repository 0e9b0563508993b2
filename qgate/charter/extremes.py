"""Texts and numbers beyond all reason, which would drown a report or leave the range of floats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qgate.charter.yaml_reader import Path_, Source
from qgate.errors import Finding

LONGEST_TEXT = 4_096
"""Characters: a page of prose, and as long as a path may be."""
LARGEST, SMALLEST = 1e100, 1e-100
"""Of a number other than 0: of a few such the product is still a float, and not 0."""


def extreme_findings(source: Source) -> Iterator[Finding]:
    """Yield texts and numbers that no pilot has a use for, in the order of the document."""
    yield from _found(source, (), source.document)


def _found(source: Source, path: Path_, value: Any) -> Iterator[Finding]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if len(key) > LONGEST_TEXT:
                yield source.finding(path, f"a key of {len(key):,} characters: {_MOST}")
            else:
                yield from _found(source, (*path, key), item)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _found(source, (*path, i), item)
    elif isinstance(value, str) and len(value) > LONGEST_TEXT:
        yield source.finding(path, f"a text of {len(value):,} characters: {_MOST}")
    elif isinstance(value, int | float) and value and not SMALLEST <= abs(value) <= LARGEST:
        bounds = f"between {SMALLEST:g} and {LARGEST:g}"
        yield source.finding(path, f"{value:g} is out of all range: expected 0, or {bounds}")


_MOST = f"{LONGEST_TEXT:,} are the most"
