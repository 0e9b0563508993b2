"""`qgate run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qgate.cli.options import (
    AllowImport,
    AllowOutside,
    CharterPath,
    FailOn,
    Format,
    MaxMemory,
    Output,
    Production,
    Quiet,
    Verbose,
)
from qgate.cli.output import emit, refuse_unwritable, resolve
from qgate.plan.settings import DEFAULT_MEMORY


def command(
    charter: CharterPath,
    formats: Format = None,
    output: Output = None,
    evidence: Annotated[
        Path | None,
        typer.Option(
            "--evidence",
            metavar="DIR",
            help="Folder that keeps the bundles; .qgate/evidence if unsaid.",
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=256, help="Processes that run trials.")
    ] = 1,
    fail_on: FailOn = "inconclusive",
    quiet: Quiet = False,
    verbose: Verbose = False,
    even_if_underpowered: Annotated[
        bool, typer.Option("--even-if-underpowered", help="Run though a gate may not be decidable.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run every trial again: another attempt.")
    ] = False,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Try the remediation of each gate not passed.")
    ] = False,
    production: Production = False,
    allow_outside: AllowOutside = False,
    allow_import: AllowImport = None,
    max_memory: MaxMemory = DEFAULT_MEMORY,
) -> int:
    """Run a charter, judge its evidence, and say what follows."""
    from qgate.cli.console import progress_on_stderr
    from qgate.cli.opening import tell_of_failure
    from qgate.pipeline import run as run_charter
    from qgate.plan.settings import Settings

    store = evidence or Settings().store
    refuse_unwritable(store, folder=True)
    outputs = resolve(formats, output, fail_on, quiet=quiet)
    with progress_on_stderr(quiet=quiet, verbose=verbose) as progress:
        settings = Settings(
            workers=workers,
            store=store,
            allow_imports=frozenset(allow_import or ()),
            allow_outside=allow_outside,
            max_memory=max_memory,
            even_if_underpowered=even_if_underpowered,
            fresh=fresh,
            rehearse=rehearse,
            progress=progress,
        )
        evidence_of, decision = run_charter(charter, settings)
        progress.detail(f"evidence {evidence_of.digest} in {evidence_of.path}")
    try:
        return emit(decision, outputs)
    finally:
        if production:
            tell_of_failure(decision, settings.state)
