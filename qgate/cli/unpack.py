"""`qgate unpack`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from qgate.cli.output import refuse_unwritable
from qgate.errors import ExitCode, UsageError


def command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="An archive, as qgate pack writes it.")
    ],
    into: Annotated[
        Path | None,
        typer.Option(
            "--into", metavar="DIR", help="The folder of bundles; .qgate/evidence if unsaid."
        ),
    ] = None,
    identity: Annotated[
        Path | None,
        typer.Option(
            "--identity",
            metavar="FILE",
            help="The private key for an encrypted archive: age's, or OpenSSH's.",
        ),
    ] = None,
) -> int:
    """Take evidence out of an archive, if every member is what its manifest says."""
    from qgate.evidence.archive import unpack, write_members
    from qgate.evidence.encryption import decrypt, is_encrypted
    from qgate.evidence.members import read_archive, read_members
    from qgate.evidence.store import bundle_name, bundle_of, damages
    from qgate.files import shown, write_atomically
    from qgate.plan.settings import Settings

    store = into or Settings().store
    refuse_unwritable(store, folder=True)
    data = read_archive(file, encrypted=True)
    if identity is None and is_encrypted(data):
        raise UsageError(
            f"{shown(file)} is encrypted: add --identity FILE, the private key of one of those "
            "that it is encrypted to"
        )
    if identity is not None:
        data = decrypt(data, identity, name=shown(file), passphrase=_ask)
    members = unpack(data, shown(file))
    if found := damages(members):
        raise UsageError("\n".join(f"{shown(file)}: {problem}" for problem in found))
    folder = store / bundle_name(bundle_of(file, members))
    if not os.path.lexists(folder):
        write_members(members, folder)
    else:
        for name, content in _missing(members, read_members(folder), shown(folder)).items():
            write_atomically(folder / name, content)
    sys.stdout.write(f"{shown(folder)}\n")
    return ExitCode.PASS


def _missing(
    members: Mapping[str, bytes], present: Mapping[str, bytes], folder: str
) -> dict[str, bytes]:
    """Return the attestations that a bundle's folder does not hold; all else must be equal.

    Raises:
        UsageError: When another member differs, or one that is there is damaged.

    """
    from qgate.evidence.limits import DEFAULT_LIMITS, refuse_clashes, refuse_count
    from qgate.evidence.store import ATTESTATIONS, damages

    if found := damages(present):
        raise UsageError("\n".join(f"{folder} is there already: {problem}" for problem in found))
    missing = {name: content for name, content in members.items() if name not in present}
    # A manifest that is the same names the same members, and each attestation is named for itself.
    differs = {name for name in members.keys() & present if members[name] != present[name]}
    if differs or any(not name.startswith(f"{ATTESTATIONS}/") for name in missing):
        raise UsageError(
            f"{folder} is there already and differs: take it --into another folder, and look at "
            "both"
        )
    refuse_count(folder, len(present) + len(missing), DEFAULT_LIMITS)
    refuse_clashes(folder, {**present, **missing})
    return missing


def _ask(question: str) -> str:
    if not sys.stdin.isatty():
        raise UsageError(f"{question}: there is no terminal to ask at; use a key without one")
    return str(typer.prompt(question, hide_input=True, err=True))
