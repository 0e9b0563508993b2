"""`qgate spending`."""

from __future__ import annotations

import re
import sys
from typing import Annotated

import typer

from qgate.errors import ExitCode, UsageError


def command(
    pilot: Annotated[
        str | None, typer.Option("--pilot", metavar="NAME", help="Of this pilot alone.")
    ] = None,
    month: Annotated[
        str | None, typer.Option("--month", metavar="YYYY-MM", help="Of this month alone.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="terminal (default) or json.")
    ] = "terminal",
) -> int:
    """Show what each pilot's runs spent in each month: shots, QPU seconds, dollars, minutes."""
    from qgate.cli.console import console, width_of
    from qgate.evidence.audit_log import AuditLog
    from qgate.measure.spending import logged_spending, spending_by_month
    from qgate.plan.settings import Settings
    from qgate.report.spending import render_spending, spending_json

    if form not in ("terminal", "json"):
        raise UsageError(f"--format {form}: expected terminal or json")
    if month is not None and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise UsageError(f"--month {month}: expected YYYY-MM, as 2026-01")
    entries = AuditLog(Settings().log).entries()
    known = {entry.pilot for entry in entries if entry.pilot}
    if pilot is not None and pilot not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise UsageError(f"--pilot {pilot}: no run is logged of it (known: {listed})")
    months = [
        found
        for found in spending_by_month(logged_spending(entries))
        if pilot in (None, found.pilot) and month in (None, found.month)
    ]
    if form == "json":
        sys.stdout.write(spending_json(months))
    else:
        text = render_spending(months, width_of(sys.stdout), pilot=pilot, month=month)
        console(sys.stdout).print(text, soft_wrap=True, end="")
    return ExitCode.PASS
