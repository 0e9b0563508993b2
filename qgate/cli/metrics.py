"""`qgate metrics`."""

from __future__ import annotations

import sys

from qgate.errors import ExitCode


def command() -> int:
    """List the metrics: unit, direction, definition and source."""
    from rich.table import Table

    from qgate.cli.console import console
    from qgate.pipeline import VOCABULARY

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("metric", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("better", no_wrap=True)
    table.add_column("definition", overflow="fold")
    table.add_column("source", overflow="fold")
    for terms in VOCABULARY.metrics.values():
        table.add_row(terms.name, terms.unit, terms.better, terms.definition, terms.source)
    console(sys.stdout).print(table)
    return ExitCode.PASS
