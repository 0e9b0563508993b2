"""How results show themselves in a notebook.

A notebook asks an object itself for its HTML, so the method has to stand on types of every floor.
What it calls stands high up, in the report. This is the only arrow of the house that runs up: it is
drawn by name and when a notebook asks, so nothing below needs the report, or imports it otherwise.
"""

from __future__ import annotations

import importlib

_RENDERER = "qgate.report.notebook"


class Displayed:
    """A type that Jupyter, VS Code and marimo show as HTML."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """Return a fragment of HTML that asks for nothing else, and runs nothing."""
        return html_of(self)


def html_of(shown: object) -> str:
    """Return the fragment that tells of a charter, a plan, a gate, a verdict or a decision."""
    return str(importlib.import_module(_RENDERER).render(shown))
