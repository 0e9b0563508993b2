"""`qgate lock`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.cli.options import AllowImport, AllowOutside, CharterPath, MaxMemory, Quiet
from qgate.errors import ExitCode, UsageError
from qgate.plan.settings import DEFAULT_MEMORY

if TYPE_CHECKING:
    from qgate.lock.lock import Lock


def command(
    charter: CharterPath,
    reason: Annotated[
        str | None,
        typer.Option("--reason", help="Why a differing lock is replaced; recorded in it."),
    ] = None,
    evidence: Annotated[
        str | None,
        typer.Option(
            "--evidence", help="Record this bundle's digest as the one to come out again."
        ),
    ] = None,
    quiet: Quiet = False,
    allow_outside: AllowOutside = False,
    allow_import: AllowImport = None,
    max_memory: MaxMemory = DEFAULT_MEMORY,
) -> int:
    """Lock data, split, dependencies, schedule and baseline."""
    from qgate.cli.console import progress_on_stderr
    from qgate.lock.lock import lock_evidence, read_lock, write_lock
    from qgate.pipeline import lock as lock_of
    from qgate.plan.settings import Settings

    if evidence is not None and reason is not None:
        raise UsageError("--evidence records a digest in the present lock; it takes no --reason")
    if evidence is not None:
        from qgate.evidence.store import read_bundle

        bundle, lock = read_bundle(evidence), read_lock(charter)
        if lock is not None and bundle.record["lock"] != lock.basis:
            raise UsageError(f"{evidence} was not run on the present lock: run it again first")
        done = lock_evidence(charter, bundle.digest)
        _log(charter, lock, f"expects evidence {bundle.digest}")
        sys.stdout.write(f"{done}\n")
        return ExitCode.PASS
    with progress_on_stderr(quiet=quiet) as progress:
        settings = Settings(
            allow_outside=allow_outside,
            max_memory=max_memory,
            allow_imports=frozenset(allow_import or ()),
            progress=progress,
        )
        made = lock_of(charter, settings)
    before = read_lock(charter)
    done = write_lock(made, charter, reason)
    if before is None or before.digest != made.digest:
        _log(charter, before, reason or "")
    sys.stdout.write(f"{done}\n")
    return ExitCode.PASS


def _log(charter: Path, before: Lock | None, reason: str) -> None:
    """Put a new lock on record, with the digest of the one that it replaces."""
    from qgate.evidence.audit_log import AuditLog
    from qgate.lock.lock import read_lock
    from qgate.pipeline import load
    from qgate.plan.settings import Settings

    settings, lock = Settings(files=False), read_lock(charter)
    terms = load(charter, settings)
    digests = {"charter": terms.digest}
    digests |= {"contract": lock.digest} if lock else {}
    digests |= {"replaced": before.digest} if before else {}
    AuditLog(settings.log).append("lock", pilot=terms.pilot.name, reason=reason, digests=digests)
