"""`qgate history`."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.cli.output import refuse_unwritable
from qgate.errors import ExitCode, UsageError
from qgate.files import printable, write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qgate.history.collect import LeftOut
    from qgate.history.view import PilotHistory

_FORMATS = ("terminal", "json")


def command(
    pilot: Annotated[
        str | None, typer.Argument(metavar="PILOT", help="Of this pilot alone; all if unsaid.")
    ] = None,
    imports: Annotated[
        list[Path] | None,
        typer.Option(
            "--import",
            metavar="PLACE",
            help="Read a bundle, an archive, or a folder of either, too; repeatable.",
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="terminal (default) or json.")
    ] = "terminal",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="Show the last N runs of a pilot.")
    ] = 20,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Show runs from then on: 2026-01-31, UTC."),
    ] = None,
    metric: Annotated[
        str | None, typer.Option("--metric", metavar="NAME", help="Of this metric or gate alone.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page of it, too.")
    ] = None,
    fail_on_drift: Annotated[
        bool, typer.Option("--fail-on-drift", help="Exit with 20 if an enforced gate decays.")
    ] = False,
) -> int:
    """Show each pilot's runs, and how its measurements drift from run to run.

    Bundles of .qgate/evidence are read when this runs, those of elsewhere with --import; what was
    read stands in .qgate/history.sqlite, which is made again from bundles where it is deleted.

    A CUSUM sees slow decay that no single run's gate notices, within runs of one contract and
    baseline. It takes all of them, whatever --limit and --since show. Runs of the same evidence
    count once.

    Exit codes: 0; with --fail-on-drift 20 where an enforced gate decays.
    """
    from qgate.history.collect import collect
    from qgate.history.view import Asked, view
    from qgate.plan.settings import Settings

    if form not in _FORMATS:
        raise UsageError(f"--format {form}: expected one of {', '.join(_FORMATS)}")
    if html is not None:
        refuse_unwritable(html)
    asked = Asked(pilot, _moment(since), limit, metric)
    settings = Settings()
    settings.refuse_other(Path())
    collected = collect(settings.state, settings.store, imports or (), _warn)
    found = view(collected.runs, asked)
    if html is not None:
        _write_page(html, found, collected.left_out)
    _emit(found, collected.left_out, form)
    return _told_drift(found) if fail_on_drift else ExitCode.PASS


def _write_page(path: Path, found: Sequence[PilotHistory], left_out: Sequence[LeftOut]) -> None:
    from qgate.report.history_page import render_history_page

    write_atomically(path, render_history_page(found, left_out).encode())


def _told_drift(found: Sequence[PilotHistory]) -> ExitCode:
    """Say which enforced gates decay; return the exit code that follows."""
    from qgate.report.history_wording import drift_sentences

    decays = drift_sentences(found)
    for sentence in decays:
        sys.stderr.write(f"qgate: drift: {sentence}\n")
    return ExitCode.INCONCLUSIVE if decays else ExitCode.PASS


def _emit(found: Sequence[PilotHistory], left_out: Sequence[LeftOut], form: str) -> None:
    from qgate.cli.console import console, width_of
    from qgate.report.history import ASCII, BLOCKS, render_history
    from qgate.report.history_document import render_history_json

    if form == "json":
        sys.stdout.write(render_history_json(found, left_out))
        return
    glyphs = BLOCKS if (sys.stdout.encoding or "").lower().startswith("utf") else ASCII
    text = render_history(found, left_out, width_of(sys.stdout), glyphs)
    console(sys.stdout).print(text, soft_wrap=True, end="")


def _moment(text: str | None) -> datetime.datetime | None:
    """Return a date or a time in UTC; one without a zone is of UTC.

    Raises:
        UsageError: When it is none.

    """
    if text is None:
        return None
    try:
        found = datetime.datetime.fromisoformat(text)
        zone = found.tzinfo or datetime.UTC
        return found.replace(tzinfo=zone).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"--since {text}: expected a date, as 2026-01-31") from None


def _warn(message: str) -> None:
    sys.stderr.write(f"qgate: warning: {printable(message)}\n")
