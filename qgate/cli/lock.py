"""`qgate lock`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from qgate.cli.options import AllowImport, AllowOutside, CharterPath, MaxMemory, Quiet
from qgate.errors import ExitCode, UsageError
from qgate.plan.settings import DEFAULT_MEMORY


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
        sys.stdout.write(f"{lock_evidence(charter, bundle.digest)}\n")
        return ExitCode.PASS
    with progress_on_stderr(quiet=quiet) as progress:
        settings = Settings(
            allow_outside=allow_outside,
            max_memory=max_memory,
            allow_imports=frozenset(allow_import or ()),
            progress=progress,
        )
        made = lock_of(charter, settings)
    sys.stdout.write(f"{write_lock(made, charter, reason)}\n")
    return ExitCode.PASS
