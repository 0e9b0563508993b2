"""Keys and signers that commands are given: options, and where they are found without them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.errors import UsageError
from qgate.files import shown

if TYPE_CHECKING:
    from qgate.charter.charter import Charter
    from qgate.signing.keys import SigningKey
    from qgate.signing.signers import Signers

Key = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="FILE",
        help="OpenSSH ed25519 private key; else $QGATE_KEY, else ~/.ssh/id_ed25519.",
    ),
]
SignersFile = Annotated[
    Path | None,
    typer.Option(
        "--signers",
        metavar="FILE",
        help="Allowed signers in OpenSSH's format; else those that the charter names.",
    ),
]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; signed, and kept in the log.")
]


def signing_key(path: Path | None) -> SigningKey:
    """Return the key to sign with; its passphrase is $QGATE_PASSPHRASE, or asked for.

    Raises:
        UsageError: When there is no key that can be used.

    """
    from qgate.signing.keys import read_signing_key

    chosen = path or Path(os.environ.get("QGATE_KEY") or Path.home() / ".ssh" / "id_ed25519")
    return read_signing_key(chosen, lambda: _passphrase(chosen))


def allowed_signers(path: Path | None, charter: Charter) -> Signers | None:
    """Return who may sign: of a file, else of the one that the charter names; None without any.

    Raises:
        UsageError: When the file cannot be read, with line and column.

    """
    from qgate.signing.signers import read_signers

    if path is None:
        named = charter.approvals.signers
        path = Path(charter.path).parent / named if named else None
    return read_signers(path, shown(path)) if path else None


def required_signers(path: Path | None, charter: Charter) -> Signers:
    """Return who may sign.

    Raises:
        UsageError: When neither the command line nor the charter says so.

    """
    found = allowed_signers(path, charter)
    if found is None:
        raise UsageError(
            f"who may sign is not known: name a file by --signers, or by approvals.signers in "
            f"{charter.path}"
        )
    return found


def one_line(reason: str, option: str = "--reason") -> str:
    """Return a reason that can be read in a log.

    Raises:
        UsageError: When it is empty, or holds what no log can show.

    """
    said = " ".join(reason.split())
    if not said:
        raise UsageError(f"{option} is empty: say why, for those who will ask")
    if not said.isprintable():
        raise UsageError(f"{option} holds a control or invisible character: it could not be read")
    return said


def _passphrase(path: Path) -> bytes:
    found = os.environ.get("QGATE_PASSPHRASE")
    if found is not None:
        return found.encode()
    if not sys.stdin.isatty():
        raise UsageError(
            f"{shown(path)} is protected and there is no terminal to ask: set QGATE_PASSPHRASE"
        )
    from getpass import getpass

    return getpass(f"Passphrase for {shown(path)}: ").encode()
