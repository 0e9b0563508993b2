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
    from qgate.charter.charter import Charter
    from qgate.evidence.audit_log import AuditLog
    from qgate.review.promotion import Clearance
    from qgate.review.statements import Judged


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
) -> int:
    """Say whether a bundle may be promoted: gates, unchanged terms, age, approvals.

    Exits with 0 when it may, also by an override alone, with the decision's code when its gates
    forbid it, and with 20 when an approval or fresh evidence is missing.
    """
    from qgate.evidence.audit_log import AuditLog
    from qgate.evidence.store import DEFAULT_STORE
    from qgate.lock.lock import read_lock
    from qgate.pipeline import load
    from qgate.plan.settings import Settings
    from qgate.review.acts import open_judged, ran_here
    from qgate.review.attested import attested
    from qgate.review.log_head import check_head
    from qgate.review.promotion import clearance
    from qgate.review.verification import refuse_unsound

    if not check:
        raise UsageError(f"qgate drives no router: ask by qgate promote --check {evidence}")
    judged, log = open_judged(evidence, DEFAULT_STORE), AuditLog(Settings().log)
    entries, now = log.entries(), datetime.datetime.now(datetime.UTC)
    if charter is None and not ran_here(judged, entries):
        raise UsageError(
            f"{shown(judged.bundle.place)} was not run here, and does not say itself by which "
            "terms it is to be promoted: name the charter by --charter"
        )
    path = charter or Path(judged.decision.charter.path)
    if not path.is_file():
        raise UsageError(f"{shown(path)}, which was run, is not here: name it by --charter")
    present = load(path, Settings(files=False))
    refuse_unsound(judged)
    known = allowed_signers(None, present)
    check_head(log, entries, known)
    statements, wrong = attested(judged, known, now) if known else ([], [])
    for problem in wrong:
        sys.stderr.write(f"qgate: warning: {printable(problem)}\n")
    found = clearance(judged, present, read_lock(path), statements, now)
    if found.exit_code == ExitCode.PASS:
        _log(log, judged, present, found)
    _show(found, _heading(judged, present))
    return found.exit_code


def _log(log: AuditLog, judged: Judged, charter: Charter, found: Clearance) -> None:
    log.append(
        "promote",
        pilot=charter.pilot.name,
        reason="by override alone" if found.overridden else "",
        digests={
            "contract": judged.contract,
            "charter": charter.digest,
            "evidence": judged.bundle.evidence_digest,
            "bundle": judged.bundle.digest,
        },
        facts={condition.name: condition.met for condition in found.conditions}
        | {"overrides": [statement.name for statement in found.overrides]},
    )


def _heading(judged: Judged, charter: Charter) -> list[str]:
    """Return what was held against what, so that nobody takes it for another pilot's."""
    named = charter.approvals.signers
    who = f"{named}, beside it" if named else "nobody"
    digests = f"bundle {judged.bundle.digest[:12]}, evidence {judged.bundle.evidence_digest[:12]}"
    return [
        f"{charter.pilot.name}, by {charter.path} ({charter.digest[:12]}), signers: {who}",
        f"{digests}, {shown(judged.bundle.place)}",
    ]


def _show(found: Clearance, heading: list[str]) -> None:
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
    for condition in found.conditions:
        mark = "✓" if condition.met else "✗"
        lines = [f" {mark} {condition.name:<10} {printable(condition.words)}"]
        lines += [f"   {'do':<10} {printable(command)}" for command in condition.do]
        for line in lines:
            out.print(Text(_wrapped(line, out.width)), soft_wrap=True)
    for override in found.overrides:
        by = ", ".join(sorted(override.principals))
        until, reason = override.predicate["until"], override.predicate.get("reason", "")
        out.print(Text(printable(f" ! override by {by} until {until}: {reason}")), soft_wrap=True)


def _wrapped(line: str, width: int) -> str:
    return textwrap.fill(
        line, width, subsequent_indent=" " * 14, break_long_words=False, break_on_hyphens=False
    )
