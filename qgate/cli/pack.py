"""`qgate pack`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.cli.options import EvidenceReference
from qgate.cli.output import refuse_unwritable
from qgate.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from qgate.evidence.store import Bundle


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
    refuse_new_folder(path)
    manifest = {MANIFEST: canonical(bundle.manifest)}
    data = pack({**bundle.members, **bundle.attestations, **manifest})
    write_atomically(path, encrypt(data, to) if to else data)
    if not to and _is_confidential(bundle):
        sys.stderr.write(
            f"qgate: note: {shown(path)} is of confidential data and not encrypted: --to RECIPIENT "
            "encrypts it\n"
        )
    sys.stdout.write(f"{shown(path)}\n")
    return ExitCode.PASS


def _is_confidential(bundle: Bundle) -> bool:
    """Return whether the charter that was run says so; a record of another form says nothing."""
    from qgate.evidence.store import RECORD

    found = bundle.json(RECORD)
    for key in ("charter", "data", "classification"):
        found = found.get(key) if isinstance(found, dict) else None
    return bool(found == "confidential")


def refuse_new_folder(path: Path) -> None:
    """Refuse a file in a folder that is not there, which is mistyped more often than meant.

    Raises:
        UsageError: Naming the folder.

    """
    folder = path.absolute().parent
    if not folder.is_dir():
        raise UsageError(f"{path}: there is no folder {folder}")
