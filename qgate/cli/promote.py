"""`qgate promote`."""

from __future__ import annotations

import datetime
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.cli.keys import SignersFile, required_signers
from qgate.cli.options import EvidenceReference
from qgate.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from qgate.charter.charter import Charter
    from qgate.review.attested import Attested
    from qgate.review.promotion import Clearance
    from qgate.review.statements import Judged


def command(
    evidence: EvidenceReference,
    check: Annotated[
        bool, typer.Option("--check", help="Say whether it may be promoted; the only mode yet.")
    ] = False,
    charter: Annotated[
        Path | None,
        typer.Option("--charter", metavar="FILE", help="The charter as it is now, if it moved."),
    ] = None,
    signers: SignersFile = None,
) -> int:
    """Say whether a bundle may be promoted: gates, unchanged terms, age, approvals.

    Exits with 0 when it may, with the decision's code when its gates forbid it, and with 20 when
    an approval or fresh evidence is missing.
    """
    from qgate.evidence.audit_log import AuditLog
    from qgate.evidence.store import DEFAULT_STORE
    from qgate.lock.lock import read_lock
    from qgate.pipeline import load
    from qgate.plan.settings import Settings
    from qgate.review.acts import open_judged
    from qgate.review.promotion import clearance

    if not check:
        raise UsageError(f"qgate drives no router: ask by qgate promote --check {evidence}")
    judged = open_judged(evidence, DEFAULT_STORE)
    path = charter or Path(judged.decision.charter.path)
    if not path.is_file():
        raise UsageError(f"{path}, which was run, is not here: name it by --charter")
    present, now = load(path, Settings(files=False)), datetime.datetime.now(datetime.UTC)
    statements = _statements(judged, present, signers, now)
    found = clearance(judged, present, read_lock(path), statements, now)
    if found.exit_code == ExitCode.PASS:
        AuditLog(Settings().log).append(
            "promote",
            pilot=present.pilot.name,
            reason="overridden" if found.overridden else "",
            digests={
                "contract": judged.contract,
                "charter": present.digest,
                "evidence": judged.bundle.evidence_digest,
                "bundle": judged.bundle.digest,
            },
            facts={condition.name: condition.met for condition in found.conditions},
        )
    _show(found)
    return found.exit_code


def _statements(
    judged: Judged, charter: Charter, signers: Path | None, now: datetime.datetime
) -> list[Attested]:
    """Return the statements that verify; a broken one is no approval, and is told."""
    from qgate.review.attested import attested

    if not judged.bundle.attestations:
        return []
    found, wrong = attested(judged, required_signers(signers, charter), now)
    for problem in wrong:
        sys.stderr.write(f"qgate: warning: {problem}\n")
    return found


def _show(found: Clearance) -> None:
    from rich.text import Text

    from qgate.cli.console import console
    from qgate.files import printable

    out = console(sys.stdout)
    may = found.exit_code == ExitCode.PASS
    words = " MAY BE PROMOTED " if may else " MAY NOT BE PROMOTED "
    if found.overridden:
        words = " MAY BE PROMOTED BY OVERRIDE ALONE "
    style = "bold black on yellow" if found.overridden else "bold white on green"
    out.print(Text(words, style if may else "bold white on red"))
    for condition in found.conditions:
        mark = "✓" if condition.met else "✗"
        lines = [f" {mark} {condition.name:<10} {printable(condition.words)}"]
        lines += [f"   {'do':<10} {printable(condition.do)}"] if condition.do else []
        for line in lines:
            wrapped = textwrap.fill(
                line, out.width, subsequent_indent=" " * 14, break_long_words=False,
                break_on_hyphens=False,
            )  # fmt: skip
            out.print(Text(wrapped), soft_wrap=True)
    for override in found.overrides:
        by = ", ".join(sorted(override.principals))
        until, reason = override.predicate["until"], override.predicate.get("reason", "")
        out.print(Text(printable(f" ! override by {by} until {until}: {reason}")), soft_wrap=True)
