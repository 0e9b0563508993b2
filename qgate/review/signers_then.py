"""Whether the file of signers is what it was when statements were signed: it says whose a key is.

A change is told and refuses nothing, since people join and leave; whom a key speaks for is decided
by the file as it is now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from qgate.review.attested import Attested
from qgate.review.statements import KINDS
from qgate.signing.signers import Signers
from qgate.signing.statement import TEST_RESULT

_DIGITS = 12


@dataclass(frozen=True)
class Told:
    """What is to be told of the file, and whether it is a change."""

    words: str
    changed: bool = False


def signers_then(signers: Signers, statements: Sequence[Attested]) -> list[Told]:
    """Return what the file is, and whether it was that when each statement was signed.

    Statements that no key of the file signed say nothing, nor do results for generic readers.
    """
    groups: dict[object, list[str]] = {}
    for found in statements:
        if found.keys and found.kind != KINDS[TEST_RESULT]:
            then = found.predicate.get("signers")
            groups.setdefault(then if isinstance(then, str) else None, []).append(found.name)
    file = f"{signers.name} (sha256 {signers.digest[:_DIGITS]})"
    if not groups:
        return [Told(file)]
    return [_told(file, signers.digest, then, names) for then, names in groups.items()]


def _told(file: str, now: str, then: object, names: Sequence[str]) -> Told:
    listed = " and ".join(PurePosixPath(name).stem for name in sorted(names))
    signed = f"{listed} {'was' if len(names) == 1 else 'were'} signed"
    if then is None:
        return Told(f"{file}; what it was when {signed} is not on record")
    if then == now:
        return Told(f"{file}, as it was when {signed}")
    return Told(f"{file} changed since {signed}, when it was {str(then)[:_DIGITS]}", changed=True)
