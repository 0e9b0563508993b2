"""`qgate metrics`."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qgate.errors import ExitCode

if TYPE_CHECKING:
    from qgate.charter.vocabulary import MetricTerms

_NOTES = {
    "latency": "the arms' serving path, or recorded latencies",
    "prices": "a price list (budget.prices)",
    "replicates": "at least 2 replicates at a shot count",
    "scores": "an estimator that gives scores of a binary target",
}


def command() -> int:
    """List the metrics: unit, direction, definition and source."""
    from qgate.cli.console import width_of
    from qgate.pipeline import VOCABULARY

    width = min(width_of(sys.stdout), 100)
    for terms in VOCABULARY.metrics.values():
        sys.stdout.writelines(f"{line}\n" for line in described(terms, width))
    return ExitCode.PASS


def described(terms: MetricTerms, width: int) -> Iterator[str]:
    """Yield a metric's lines: name, unit and direction, then definition, source and needs."""
    better = "0 is the only pass" if terms.better == "exact" else f"{terms.better} is better"
    yield f"{terms.name}  ({terms.unit}, {better})"
    needs = [_NOTES[need] for need in sorted(terms.needs) if need in _NOTES]
    text = f"{terms.definition}. Source: {terms.source}."
    text += f" Needs {', '.join(needs)}." if needs else ""
    yield from (f"    {line}" for line in textwrap.wrap(text, width - 4))
