"""`qgate judge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qgate.cli.options import EvidenceReference, FailOn, Format, Output, Quiet
from qgate.cli.output import emit, resolve


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
) -> int:
    """Derive the decision again from stored evidence, offline."""
    from qgate.evidence.store import read_bundle
    from qgate.gates.decision import judge
    from qgate.pipeline import load
    from qgate.plan.settings import Settings

    outputs = resolve(formats, output, fail_on, quiet=quiet)
    other = load(charter, Settings(files=False)) if charter else None
    return emit(judge(read_bundle(evidence), other), outputs)
