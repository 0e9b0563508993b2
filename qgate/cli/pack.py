"""`qgate pack`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from qgate.cli.options import EvidenceReference
from qgate.cli.output import refuse_unwritable
from qgate.errors import ExitCode


def command(
    evidence: EvidenceReference,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="The archive; DIGEST.tar if unsaid."),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to",
            metavar="RECIPIENT",
            help="Encrypt to this age or SSH public key, or a file of them; repeatable.",
        ),
    ] = None,
) -> int:
    """Put evidence into one file, the same bytes each time; encrypt it if asked."""
    from qgate.digest import canonical
    from qgate.evidence.archive import pack
    from qgate.evidence.encryption import encrypt
    from qgate.evidence.store import MANIFEST, bundle_name, open_bundle
    from qgate.files import shown, write_atomically

    bundle = open_bundle(evidence)
    path = output or Path(f"{bundle_name(bundle)}.tar{'.age' if to else ''}")
    refuse_unwritable(path)
    manifest = {MANIFEST: canonical(bundle.manifest)}
    data = pack({**bundle.members, **bundle.attestations, **manifest})
    write_atomically(path, encrypt(data, to) if to else data)
    sys.stdout.write(f"{shown(path)}\n")
    return ExitCode.PASS
