"""Keys and signers that commands are given: options, and where they are found without them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.errors import UsageError
from qgate.files import shown, typed

if TYPE_CHECKING:
    from qgate.charter.charter import Charter
    from qgate.evidence.audit_log import AuditLog
    from qgate.review.statements import Judged
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
    if not chosen.exists():
        raise UsageError(
            f"there is no key {shown(chosen)}: name yours by --key FILE or in $QGATE_KEY, or make "
            f"one with: ssh-keygen -t ed25519 -f {typed(shown(chosen))}"
        )
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


def trusted_signers(path: Path | None, judged: Judged, log: AuditLog) -> Signers | None:
    """Return who may sign: of a file, else, for a bundle that was run here, its charter's.

    A bundle from elsewhere does not say whom to trust: its charter may be anybody's.

    Raises:
        UsageError: When the file cannot be read or is not here, or the log was changed.

    """
    from qgate.review.acts import ran_here

    if path is None and not ran_here(judged, log.entries()):
        return None
    charter = judged.decision.charter
    named = charter.approvals.signers
    if path is None and named and not (Path(charter.path).parent / named).is_file():
        raise UsageError(
            f"{named}, which the charter names, is not here: put it back, or name it by --signers"
        )
    return allowed_signers(path, charter)


def signers_to_sign(path: Path | None, judged: Judged, log: AuditLog) -> Signers | None:
    """Return who may sign, as `trusted_signers` does, where something is about to be signed.

    Raises:
        UsageError: When what ran here would be signed by others than its charter says.

    """
    from qgate.review.acts import ran_here

    found, charter = trusted_signers(path, judged, log), judged.decision.charter
    if path is None or found is None or not ran_here(judged, log.entries()):
        return found
    own = trusted_signers(None, judged, log)
    if own is not None and own.digest != found.digest:
        raise UsageError(
            f"{charter.approvals.signers} says who may sign what ran here by {charter.path}, and "
            f"{shown(path)} is another file: leave out --signers"
        )
    return found


def required_signers(path: Path | None, judged: Judged, log: AuditLog) -> Signers:
    """Return who may sign, as `signers_to_sign` does.

    Raises:
        UsageError: When that is not known.

    """
    found = signers_to_sign(path, judged, log)
    if found is None:
        raise UsageError(
            "who may sign is not known: name the file by --signers (a bundle that was run here "
            "goes by approvals.signers of its charter)"
        )
    return found


def tell(judged: Judged) -> None:
    """Say on stderr what is about to be signed."""
    from qgate.cli.folding import folded
    from qgate.files import printable

    decision, created = judged.decision, judged.evidence.observations["created"]
    lines = (
        f"pilot     {decision.charter.pilot.name} ({decision.charter.path})",
        f"decision  {decision.action}, attempt {decision.attempt}, run {created}",
        f"evidence  {judged.bundle.evidence_digest}",
        f"bundle    {judged.bundle.digest} ({shown(judged.bundle.place)})",
    )
    for line in lines:
        sys.stderr.write(f"{folded(printable(line), sys.stderr, hang=10)}\n")


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
