"""`qgate judge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qgate.cli.options import EvidenceReference, FailOn, Format, Output, Production, Quiet
from qgate.cli.output import emit, resolve
from qgate.errors import UsageError


def command(
    evidence: EvidenceReference,
    charter: Annotated[
        Path | None,
        typer.Option("--charter", metavar="OTHER", help="Judge by this charter's gates instead."),
    ] = None,
    formats: Format = None,
    output: Output = None,
    fail_on: FailOn = "inconclusive",
    quiet: Quiet = False,
    production: Production = False,
) -> int:
    """Derive the decision again from stored evidence, offline."""
    from qgate.cli.opening import tell_of_failure
    from qgate.evidence.store import evidence_of, open_bundle
    from qgate.gates.decision import judge
    from qgate.pipeline import load
    from qgate.plan.settings import Settings

    outputs = resolve(formats, output, fail_on, quiet=quiet)
    other = load(charter, Settings(files=False)) if charter else None
    bundle = open_bundle(evidence)
    decision = judge(evidence_of(bundle), other)
    if production and decision.hypothetical:
        raise UsageError("--production is for the terms that ran: leave out --charter")
    try:
        return emit(decision, outputs, bundle)
    finally:
        if production:
            tell_of_failure(decision, Settings().state, bundle)
