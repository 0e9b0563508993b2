"""`qgate doctor`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from qgate.cli.ailments_here import Check

_MARKS = {"ok": ("✓", "green"), "note": ("-", "dim"), "broken": ("✗", "bold red")}


def command(
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="terminal or json.")
    ] = "terminal",
) -> int:
    """Say what is installed, what this folder allows, and what is wrong with either.

    Exits with 0 where nothing would stop a run, else with 30.
    """
    from qgate.cli.ailments import examined

    if form not in ("terminal", "json"):
        raise UsageError(f"--format {form}: expected terminal or json")
    checks = examined()
    broken = any(check.status == "broken" for check in checks)
    if form == "json":
        document = {"version": 1, "well": not broken, "checks": [asdict(each) for each in checks]}
        sys.stdout.write(f"{json.dumps(document, indent=2, ensure_ascii=False)}\n")
    else:
        _show(checks)
    return ExitCode.COULD_NOT_RUN if broken else ExitCode.PASS


def _show(checks: Sequence[Check]) -> None:
    from rich.text import Text

    from qgate.cli.console import console, width_of
    from qgate.report.columns import hung

    screen, width = console(sys.stdout), min(width_of(sys.stdout), 100)
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    for check in checks:
        mark, style = _MARKS[check.status]
        first, *rest = hung(f"  {check.name:<15}", check.detail, width, long_words=False)
        screen.print(Text(check.status[0] if plain else mark, style), Text(first[1:]), sep="")
        lines = [*rest, *([f"{'':<17}type: {check.remedy}"] if check.remedy else [])]
        for line in lines:
            screen.print(Text(line), soft_wrap=True)
    count = sum(check.status == "broken" for check in checks)
    screen.print(f"{count} of {len(checks)} checks broken" if count else "nothing stops a run")
