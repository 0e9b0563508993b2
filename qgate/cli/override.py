"""`qgate override`."""

from __future__ import annotations

import datetime
import sys
from typing import Annotated

import typer

from qgate.cli.keys import Key, Reason, SignersFile, one_line, required_signers, signing_key, tell
from qgate.cli.options import EvidenceReference
from qgate.errors import ExitCode, UsageError


def command(
    evidence: EvidenceReference,
    reason: Reason,
    until: Annotated[
        str,
        typer.Option("--until", metavar="TIME", help="When it ends: 2026-12-01 or with a time."),
    ],
    key: Key = None,
    signers: SignersFile = None,
) -> int:
    """Break the glass: let a bundle be promoted until a time, whatever its gates say.

    The reason and the end are signed, and stand in every report of the pilot until then.
    """
    from qgate.cli.folding import folded
    from qgate.evidence.audit_log import AuditLog
    from qgate.files import shown, typed
    from qgate.plan.settings import Settings
    from qgate.review.acts import admit, open_judged, override

    settings = Settings()
    judged, log = open_judged(evidence, settings.store), AuditLog(settings.log)
    known = required_signers(signers, judged, log)
    now = datetime.datetime.now(datetime.UTC)
    admit(judged, known, log, "override")
    tell(judged)
    end = _moment(until)
    name = override(judged, signing_key(key), known, one_line(reason), end, log, now)
    place = shown(judged.bundle.place)
    lines = (
        f"OVERRIDDEN until {end:%Y-%m-%d %H:%M} UTC: wrote {place}/{name}",
        f"Next: qgate promote --check {typed(place)}",
    )
    for line in lines:
        sys.stdout.write(f"{folded(line, sys.stdout, hang=2)}\n")
    return ExitCode.PASS


def _moment(text: str) -> datetime.datetime:
    """Return a time in UTC, which is meant where no zone is given; a day ends at its midnight."""
    try:
        found = datetime.datetime.fromisoformat(text)
        found = found.replace(tzinfo=datetime.UTC) if found.tzinfo is None else found
        return found.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"--until {text}: expected a date or a time, such as 2026-12-01T12:00"
        ) from None
