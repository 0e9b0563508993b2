"""`qgate log`."""

from __future__ import annotations

import datetime
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.errors import ExitCode, UsageError
from qgate.evidence.audit_log import ACTIONS

if TYPE_CHECKING:
    from qgate.evidence.audit_log import AuditLog, Entry
    from qgate.review.log_head import SignedHead

_FORMS = ("terminal", "json")
_EVER = datetime.datetime.min.replace(tzinfo=datetime.UTC)
_NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)


@dataclass(frozen=True)
class _Wanted:
    """Which entries are asked for; all of it must hold."""

    pilot: str | None
    actions: frozenset[str]
    actor: str
    first: datetime.datetime
    last: datetime.datetime
    digest: str | None

    def holds(self, entry: Entry) -> bool:
        digests = entry.digests.values()
        return (
            self.pilot in (None, entry.pilot)
            and (not self.actions or entry.action in self.actions)
            and self.actor in entry.actor.casefold()
            and self.first <= _time(entry) <= self.last
            and (self.digest is None or any(d.startswith(self.digest) for d in digests))
        )


Pilot = Annotated[str | None, typer.Option("--pilot", metavar="NAME", help="Only of this pilot.")]
Actions = Annotated[
    list[str] | None,
    typer.Option("--action", metavar="NAME", help=f"Only {', '.join(ACTIONS)}; repeatable."),
]
Actor = Annotated[
    str | None, typer.Option("--actor", metavar="WHO", help="Only by whose name holds this.")
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="From a day or a time, UTC.")
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="DATE", help="To the end of a day, or to a time, UTC."),
]
OnDigest = Annotated[
    str | None,
    typer.Option("--evidence", metavar="DIGEST", help="Only on a digest that starts so."),
]
Verifying = Annotated[
    Path | None,
    typer.Option(
        "--signers",
        metavar="FILE",
        help="Verify who signed the log's head, by allowed signers in OpenSSH's format.",
    ),
]
Form = Annotated[str | None, typer.Option("--format", metavar="NAME", help="terminal or json.")]
Output = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Where it goes.")]


def command(
    pilot: Pilot = None,
    actions: Actions = None,
    actor: Actor = None,
    since: Since = None,
    until: Until = None,
    evidence: OnDigest = None,
    signers: Verifying = None,
    form: Form = None,
    output: Output = None,
) -> int:
    """Show the audit log, its chain checked: who did what, when, why, on which digests.

    With --signers it exits with 2 unless a key of the file signed the log, up to the entry that is
    told: without that, a log cut together with its head is whole by itself.
    """
    from qgate.cli.console import width_of
    from qgate.cli.output import refuse_unwritable
    from qgate.cli.pack import refuse_new_folder
    from qgate.evidence.audit_log import AuditLog, Head
    from qgate.evidence.log_entry import unended
    from qgate.files import write_atomically
    from qgate.plan.settings import Settings
    from qgate.report.audit import render_json, render_log

    name = _form(form, output)
    wanted = _wanted(pilot, actions or (), actor or "", (since, until), evidence)
    if output is not None:
        refuse_unwritable(output)
        refuse_new_folder(output)
    log = AuditLog(Settings().log)
    found = log.entries()
    _refuse_unknown(pilot, found)
    signed = _signed(log, found, signers)
    head = Head(len(found), found[-1].digest) if found else Head()
    shown = [entry for entry in found if wanted.holds(entry)]
    if name == "json":
        text = render_json(shown, head, signed, unended(found))
    else:
        text = render_log(shown, head, signed, width_of(sys.stdout), unended(found))
    if output is None:
        sys.stdout.write(text)
    else:
        write_atomically(output, text.encode())
    return ExitCode.PASS


def _wanted(
    pilot: str | None,
    actions: Sequence[str],
    actor: str,
    days: tuple[str | None, str | None],
    evidence: str | None,
) -> _Wanted:
    if unknown := [action for action in actions if action not in ACTIONS]:
        raise UsageError(f"--action {unknown[0]}: expected one of {', '.join(ACTIONS)}")
    since, until = days
    wanted = _Wanted(
        pilot,
        frozenset(actions),
        actor.casefold(),
        _EVER if since is None else _moment("--since", since, end=False),
        _NEVER if until is None else _moment("--until", until, end=True),
        None if evidence is None else _digest(evidence),
    )
    if wanted.first > wanted.last:
        raise UsageError(f"--since {since} is after --until {until}: nothing lies between")
    return wanted


def _signed(log: AuditLog, entries: Sequence[Entry], file: Path | None) -> SignedHead | None:
    """Return how far the log is signed, verified where a file of signers is named.

    Raises:
        UsageError: When it is not as it was signed, or no key of the file signed it.

    """
    from qgate.files import shown
    from qgate.review.log_head import check_head
    from qgate.signing.signers import read_signers

    if file is None:
        return check_head(log, entries, None)
    found = check_head(log, entries, read_signers(file, shown(file)))
    if found is None:
        raise UsageError(
            f"nobody of {shown(file)} has signed the head of {shown(log.path)}, or it was taken "
            "away: --signers verifies nothing (qgate sign, approve and override sign it; who has "
            "left keeps a line in the file, with valid-before)"
        )
    return found


def _refuse_unknown(pilot: str | None, entries: Sequence[Entry]) -> None:
    known = sorted({entry.pilot for entry in entries if entry.pilot})
    if pilot is not None and pilot not in known:
        listed = ", ".join(known) or "none"
        raise UsageError(f"--pilot {pilot}: no entry is of it (known: {listed})")


def _form(form: str | None, output: Path | None) -> str:
    if form is None:
        return "json" if output is not None and output.suffix == ".json" else "terminal"
    if form not in _FORMS:
        raise UsageError(f"--format {form}: expected one of {', '.join(_FORMS)}")
    return form


def _moment(option: str, text: str, *, end: bool) -> datetime.datetime:
    """Return a day's first or last moment, or a time; UTC where no zone is given."""
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        message = "expected a day as 2026-11-21 or a time as 2026-11-21T14:30"
        raise UsageError(f"{option} {text}: {message}") from None
    if end and re.fullmatch(r"[0-9-]{8,10}", text):
        found = datetime.datetime.combine(found.date(), datetime.time.max)
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _digest(text: str) -> str:
    """Return the digest that a text starts with, which may also be a bundle's folder."""
    digest = Path(text).name.partition("-")[0].lower()
    if not re.fullmatch(r"[0-9a-f]{4,64}", digest):
        raise UsageError(f"--evidence {text}: expected the start of a digest, at least 4 digits")
    return digest


def _time(entry: Entry) -> datetime.datetime:
    try:
        found = datetime.datetime.fromisoformat(entry.time)
    except ValueError:
        return _EVER
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)
