"""`qgate promote`."""

from __future__ import annotations

import datetime
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.cli.keys import allowed_signers
from qgate.cli.options import EvidenceReference
from qgate.errors import ExitCode, UsageError
from qgate.files import printable, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qgate.charter.charter import Charter
    from qgate.evidence.audit_log import AuditLog, Entry
    from qgate.review.promotion import Clearance
    from qgate.review.signers_then import Told
    from qgate.review.statements import Judged
    from qgate.signing.signers import Signers


def command(
    evidence: EvidenceReference,
    check: Annotated[
        bool, typer.Option("--check", help="Say whether it may be promoted; the only mode yet.")
    ] = False,
    charter: Annotated[
        Path | None,
        typer.Option(
            "--charter",
            metavar="FILE",
            help="The charter to promote under; needed for a bundle from elsewhere.",
        ),
    ] = None,
    no_override: Annotated[
        bool, typer.Option("--no-override", help="Count no override: break-glass does not pass.")
    ] = False,
) -> int:
    """Say whether a bundle may be promoted: gates, unchanged terms, age, approvals, incidents.

    Exits with 0 when it may, also by an override alone, with the decision's code when its gates
    forbid it, and with 20 when an approval or fresh evidence is missing, an incident is open, or
    it was rolled back since. The answer is put on record; the same refusal once, until
    something else happens to the bundle.
    """
    from qgate.cli.folding import folded
    from qgate.evidence.audit_log import AuditLog
    from qgate.lock.lock import read_lock
    from qgate.plan.settings import Settings
    from qgate.review.acts import admit, open_judged, put_refusal
    from qgate.review.attested import attested
    from qgate.review.promotion import clearance
    from qgate.review.signers_then import signers_then

    if not check:
        raise UsageError(f"qgate drives no router: ask by qgate promote --check {evidence}")
    settings = Settings()
    judged, log = open_judged(evidence, settings.store), AuditLog(settings.log)
    now = datetime.datetime.now(datetime.UTC)
    entries = log.entries()
    path, present = _present(judged, entries, charter)
    known = allowed_signers(None, present)
    admit(judged, known, log, "promote")
    statements, wrong = attested(judged, known, now) if known else ([], [])
    for problem in wrong:
        said = folded(f"qgate: warning: {printable(problem)}", sys.stderr, hang=2)
        sys.stderr.write(f"{said}\n")
    lock = read_lock(path)
    found = clearance(
        judged, present, lock, statements, now, entries, count_overrides=not no_override
    )
    if found.exit_code == ExitCode.PASS:
        _log(log, judged, known, present, found)
    _show(found, _heading(judged, present), signers_then(known, statements) if known else [])
    if found.exit_code != ExitCode.PASS:
        put_refusal(judged, known, log, "promote", found.why_not, present)
    return found.exit_code


def _present(
    judged: Judged, entries: Sequence[Entry], charter: Path | None
) -> tuple[Path, Charter]:
    """Return the charter to promote under as it is now, and its path.

    Raises:
        UsageError: When it is not known which one that is, or it is not here or not valid.

    """
    from qgate.pipeline import load
    from qgate.plan.settings import Settings
    from qgate.review.acts import ran_here

    if charter is None and not ran_here(judged, entries):
        raise UsageError(
            f"{shown(judged.bundle.place)} was not run here, and does not say itself by which "
            "terms it is to be promoted: name the charter by --charter"
        )
    path = charter or Path(judged.decision.charter.path)
    if not path.is_file():
        raise UsageError(f"{shown(path)}, which was run, is not here: name it by --charter")
    return path, load(path, Settings(files=False))


def _log(
    log: AuditLog, judged: Judged, signers: Signers | None, charter: Charter, found: Clearance
) -> None:
    from qgate.review.statements import digests_of

    log.append(
        "promote",
        pilot=charter.pilot.name,
        reason="by override alone" if found.overridden else "",
        digests={**digests_of(judged, signers), "charter": charter.digest},
        facts={condition.name: condition.met for condition in found.conditions}
        | {"overrides": [statement.name for statement in found.overrides]},
    )


def _heading(judged: Judged, charter: Charter) -> list[str]:
    """Return what was held against what, so that nobody takes it for another pilot's."""
    digests = f"bundle {judged.bundle.digest[:12]}, evidence {judged.bundle.evidence_digest[:12]}"
    return [
        f"{charter.pilot.name}, by {charter.path} ({charter.digest[:12]})",
        f"{digests}, {shown(judged.bundle.place)}",
    ]


def _show(found: Clearance, heading: list[str], signers: Sequence[Told]) -> None:
    from rich.text import Text

    from qgate.cli.console import console

    out = console(sys.stdout)
    may = found.exit_code == ExitCode.PASS
    words = " MAY BE PROMOTED " if may else " MAY NOT BE PROMOTED "
    if found.overridden:
        words = " MAY BE PROMOTED BY OVERRIDE ALONE "
    style = "bold black on yellow" if found.overridden else "bold white on green"
    out.print(Text(words, style if may else "bold white on red"))
    for line in heading:
        out.print(Text(_wrapped(f" {printable(line)}", out.width), "dim"), soft_wrap=True)
    for line in (*_conditions(found), *_signers(signers), *_overrides(found)):
        out.print(Text(_wrapped(line, out.width)), soft_wrap=True)


def _conditions(found: Clearance) -> Iterator[str]:
    for condition in found.conditions:
        mark = "✓" if condition.met else "✗"
        yield f" {mark} {condition.name:<10} {printable(condition.words)}"
        for command in condition.do:
            yield f"   {'do':<10} {printable(command)}"


def _signers(signers: Sequence[Told]) -> Iterator[str]:
    """Yield what the file of signers is and was: it says whose a key is, for every approval."""
    for told in signers:
        yield f" {'!' if told.changed else ' '} {'signers':<10} {printable(told.words)}"
    if not signers:
        yield f"   {'signers':<10} the charter names no file of them"


def _overrides(found: Clearance) -> Iterator[str]:
    for override in found.overrides:
        by = ", ".join(sorted(override.principals))
        until, reason = override.predicate["until"], override.predicate.get("reason", "")
        counted = "" if found.counted else ", not counted (--no-override)"
        yield printable(f" ! {'override':<10} by {by} until {until}{counted}: {reason}")


def _wrapped(line: str, width: int) -> str:
    return textwrap.fill(
        line, width, subsequent_indent=" " * 14, break_long_words=False, break_on_hyphens=False
    )
