"""`qgate metrics`."""

from __future__ import annotations

import sys
import textwrap

from qgate.errors import ExitCode

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
        better = "0 is the only pass" if terms.better == "exact" else f"{terms.better} is better"
        sys.stdout.write(f"{terms.name}  ({terms.unit}, {better})\n")
        needs = [_NOTES[need] for need in sorted(terms.needs) if need in _NOTES]
        text = f"{terms.definition}. Source: {terms.source}."
        text += f" Needs {', '.join(needs)}." if needs else ""
        lines = textwrap.wrap(text, width - 4)
        sys.stdout.write("".join(f"    {line}\n" for line in lines))
    return ExitCode.PASS
