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
    from qgate.report.history_wording import drift_sentences

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
        from qgate.report.history_page import render_history_page

        page = render_history_page(found, collected.left_out)
        write_atomically(html, page.encode())
    _emit(found, collected.left_out, form)
    decays = drift_sentences(found)
    if not (fail_on_drift and decays):
        return ExitCode.PASS
    for sentence in decays:
        sys.stderr.write(f"qgate: drift: {sentence}\n")
    return ExitCode.INCONCLUSIVE


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
