"""`qgate verify`."""

from __future__ import annotations

import datetime
import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.cli.keys import SignersFile, trusted_signers
from qgate.cli.options import EvidenceReference
from qgate.errors import InvalidFileError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from qgate.evidence.audit_log import AuditLog
    from qgate.review.statements import Judged
    from qgate.review.verification import Check
    from qgate.signing.signers import Signers

_MARKS = {"ok": ("✓", "green"), "failed": ("✗", "bold red"), "open": ("-", "dim")}


def command(
    evidence: EvidenceReference,
    require_signer: Annotated[
        list[str] | None,
        typer.Option("--require-signer", metavar="NAME", help="Who must have signed; repeatable."),
    ] = None,
    signers: SignersFile = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="NAME", help="terminal or json.")
    ] = "terminal",
) -> int:
    """Verify a bundle: digests, form, sources, decision, log, signatures.

    Exits with 0 when nothing is wrong, with 2 when the bundle cannot be relied on. What is not
    there to be checked, as signatures that nobody made, is shown and is no failure, unless
    --require-signer asks for it.
    """
    from qgate.evidence.audit_log import AuditLog
    from qgate.plan.settings import Settings
    from qgate.review.verification import exit_code, verify

    if format_ not in ("terminal", "json"):
        raise UsageError(f"--format {format_}: expected terminal or json")
    settings = Settings()
    log = AuditLog(settings.log)
    checks = verify(
        evidence,
        settings.store,
        log=log,
        signers=lambda judged: _signers(signers, judged, log),
        required=require_signer or (),
        now=datetime.datetime.now(datetime.UTC),
    )
    code = exit_code(checks)
    if format_ == "json":
        lines = [vars(check) for check in checks]
        document = {"version": 1, "verified": code == 0, "checks": lines}
        sys.stdout.write(f"{json.dumps(document, indent=2, ensure_ascii=False)}\n")
    else:
        _show(checks, verified=code == 0)
    return code


def _signers(path: Path | None, judged: Judged, log: AuditLog) -> Signers | None:
    """Return who may sign; of a broken log, which the check of it tells of, only a file says so."""
    try:
        return trusted_signers(path, judged, log)
    except InvalidFileError:
        if path is not None:
            raise
        return None


def _show(checks: list[Check], *, verified: bool) -> None:
    import textwrap

    from rich.text import Text

    from qgate.cli.console import console
    from qgate.files import printable

    out = console(sys.stdout)
    style = "bold white on green" if verified else "bold white on red"
    out.print(Text(" VERIFIED " if verified else " NOT VERIFIED ", style))
    for check in checks:
        mark, colour = _MARKS[check.outcome]
        lines = [
            line
            for part in check.words.split("\n")
            for line in textwrap.wrap(printable(part), out.width - 16) or [""]
        ]
        text = Text.assemble((f" {mark} ", colour), f"{check.name:<11} {lines[0]}")
        out.print(text, soft_wrap=True)
        for line in lines[1:]:
            out.print(Text(" " * 15 + line), soft_wrap=True)
