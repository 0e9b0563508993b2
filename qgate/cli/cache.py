"""`qgate cache`."""

from __future__ import annotations

import datetime
import sys
from typing import Annotated

import typer

from qgate.cli.options import amount_of_bytes
from qgate.errors import ExitCode

app = typer.Typer(
    help="Show or prune what is kept between runs: trials, tuning.", no_args_is_help=True
)


@app.command()
def info() -> int:
    """Show how many trials and searches are kept, and how much room they take."""
    from qgate.plan.settings import Settings
    from qgate.trials.pruning import KINDS, kept

    state = Settings().state
    found = kept(state)
    for kind in KINDS:
        of_kind = [entry for entry in found if entry.kind == kind]
        size = sum(entry.size for entry in of_kind)
        sys.stdout.write(f"{kind:<8} {len(of_kind):>8,} files  {_in_words(size):>10}\n")
    total = sum(entry.size for entry in found)
    sys.stdout.write(f"{'in all':<8} {len(found):>8,} files  {_in_words(total):>10}  in {state}\n")
    if found:
        oldest = datetime.datetime.fromtimestamp(found[0].used, datetime.UTC)
        sys.stdout.write(f"not used for the longest time: since {oldest:%Y-%m-%d %H:%M} UTC\n")
    if left := sum(entry.unfinished for entry in found):
        sys.stdout.write(f"left by interrupted writes: {left} (qgate cache prune removes them)\n")
    return ExitCode.PASS


@app.command()
def prune(
    max_size: Annotated[
        int,
        typer.Option(
            "--max-size",
            metavar="AMOUNT",
            parser=amount_of_bytes,
            help="Most that may be kept, such as 500MB.",
        ),
    ],
) -> int:
    """Remove what was not used for the longest time; evidence and the log are never touched."""
    from qgate.evidence.audit_log import AuditLog
    from qgate.plan.settings import Settings
    from qgate.trials.pruning import prune as prune_to

    settings = Settings()
    pruned = prune_to(settings.state, max_size)
    if pruned.files:
        facts = {"files": pruned.files, "bytes": pruned.size}
        AuditLog(settings.log).append("prune", pilot="", facts=facts)
    sys.stdout.write(f"removed {pruned.files:,} files, {_in_words(pruned.size)}\n")
    return ExitCode.PASS


def _in_words(size: int) -> str:
    """Return bytes as people read them, by thousands."""
    amount, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"
