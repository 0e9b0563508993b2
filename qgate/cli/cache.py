"""`qgate cache`."""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.cli.options import amount_of_bytes
from qgate.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from qgate.trials.pruning import Kept

app = typer.Typer(
    help="Show or prune what is kept between runs: trials, tuning.", no_args_is_help=True
)


def _amount_of_disk(text: str | int) -> int:
    try:
        return amount_of_bytes(text)
    except typer.BadParameter:
        message = f"{text!r} is no amount of disk space, such as 500MB or 2GB"
        raise typer.BadParameter(message) from None


@app.command()
def info(
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="terminal (default) or json.")
    ] = "terminal",
) -> int:
    """Show how many trials and searches are kept, and how much room they take."""
    from qgate.plan.settings import Settings
    from qgate.trials.pruning import KINDS, kept

    if form not in ("terminal", "json"):
        raise UsageError(f"--format {form}: expected terminal or json")
    state = Settings().state
    found = kept(state)
    if form == "json":
        sys.stdout.write(_as_json(found))
        return ExitCode.PASS
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
            parser=_amount_of_disk,
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


def _as_json(found: Sequence[Kept]) -> str:
    """Return what is kept: files and bytes of each kind and in all, the oldest use in UTC."""
    from qgate.trials.pruning import KINDS

    def amount(entries: Sequence[Kept]) -> dict[str, int]:
        return {"files": len(entries), "bytes": sum(entry.size for entry in entries)}

    used = found[0].used if found else None
    oldest = None if used is None else datetime.datetime.fromtimestamp(used, datetime.UTC)
    document = {
        "version": 1,
        **{kind: amount([entry for entry in found if entry.kind == kind]) for kind in KINDS},
        "all": amount(found),
        "oldest_use": oldest and oldest.isoformat(timespec="seconds"),
        "unfinished": sum(entry.unfinished for entry in found),
    }
    return f"{json.dumps(document, indent=2)}\n"


def _in_words(size: int) -> str:
    """Return bytes as people read them, by thousands."""
    amount, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"
