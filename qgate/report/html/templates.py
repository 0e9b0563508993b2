"""Templates in which every text of a user stays text, on one line, with its controls shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from qgate.files import printable


def environment(templates: Mapping[str, str]) -> Environment:
    """Return an environment of these templates by name: autoescaped, and strict about names.

    The filter `coded` parts a sentence at backticks.
    """
    made = Environment(
        loader=DictLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters["coded"] = _coded
    return made


def _shown(value: Any) -> Any:
    """Return text on one line whose control characters are shown; markup is ours as it is."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return printable(re.sub(r"\s+", " ", value))


def _coded(text: str) -> list[tuple[str, bool]]:
    """Return a sentence in parts, each with whether it stood between backticks."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return [(text, False)]
    return [(part, place % 2 == 1) for place, part in enumerate(parts) if part]
