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
    from qgate.evidence.encryption import decrypt
    from qgate.evidence.members import read_archive, read_members
    from qgate.evidence.store import DEFAULT_STORE, damages
    from qgate.files import shown

    store = into or DEFAULT_STORE
    refuse_unwritable(store, folder=True)
    data = read_archive(file, encrypted=identity is not None)
    if identity is not None:
        data = decrypt(data, identity, name=shown(file), passphrase=_ask)
    members = unpack(data, shown(file))
    if found := damages(members):
        raise UsageError("\n".join(f"{shown(file)}: {problem}" for problem in found))
    folder = store / _name(file, members)
    if os.path.lexists(folder) and read_members(folder) != members:
        raise UsageError(
            f"{shown(folder)} is there already and differs, in its attestations at least: take it "
            "--into another folder, and look at both"
        )
    if not os.path.lexists(folder):
        write_members(members, folder)
    sys.stdout.write(f"{shown(folder)}\n")
    return ExitCode.PASS


def _name(file: Path, members: Mapping[str, bytes]) -> str:
    from qgate.evidence.store import MANIFEST, Bundle, bundle_name
    from qgate.strict_json import parse_json

    return bundle_name(Bundle(file, parse_json(members[MANIFEST], MANIFEST), members, {}))


def _ask(question: str) -> str:
    if not sys.stdin.isatty():
        raise UsageError(f"{question}: there is no terminal to ask at; use a key without one")
    return str(typer.prompt(question, hide_input=True, err=True))
