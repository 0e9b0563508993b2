"""`qgate lineage`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from qgate.cli.options import EvidenceReference
from qgate.cli.output import refuse_unwritable
from qgate.cli.pack import refuse_new_folder
from qgate.errors import ExitCode
from qgate.files import shown, write_atomically

_MEMBER = "lineage.json"


def command(
    evidence: EvidenceReference,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Where the document goes.")
    ] = None,
) -> int:
    """Show where a run's data came from and what was made of them, as Croissant JSON-LD."""
    from qgate.evidence.store import open_bundle

    if output is not None:
        refuse_unwritable(output)
        refuse_new_folder(output)
    document = open_bundle(evidence).json(_MEMBER)
    text = f"{json.dumps(document, indent=2, ensure_ascii=False)}\n"
    if output is None:
        sys.stdout.write(text)
        return ExitCode.PASS
    write_atomically(output, text.encode())
    sys.stdout.write(f"wrote {shown(output)}\n")
    return ExitCode.PASS
