"""Signed heads of the audit log: without them a cut-off end of a log would go unseen.

Each key has a head of its own, so that nobody's signature takes the place of another's.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qgate.digest import sha256
from qgate.errors import UsageError
from qgate.evidence.audit_log import AuditLog, Entry, Head
from qgate.evidence.regular_file import open_regular
from qgate.files import shown, write_atomically
from qgate.review.overrides import moment
from qgate.signing.envelope import Envelope, dumps, loads, verified_by
from qgate.signing.keys import SigningKey
from qgate.signing.signers import Signers
from qgate.signing.statement import LOG_HEAD, parse_statement, signed_statement


@dataclass(frozen=True)
class SignedHead:
    """How far a log is signed, and whose keys signed it; nobody's where that was not verified."""

    entries: int
    by: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it in words."""
        who = ", ".join(self.by) or "a key that is not verified here"
        return f"signed up to entry {self.entries}, by {who}"


_MOST_BYTES = 1_000_000
"""Of a signed head, which has some hundreds: what is cut off here is no envelope."""


SIGNED_HEADS = "log.head.*.dsse.json"
"""The files, beside the log; for * the first 16 digits of the SHA-256 of the key's fingerprint."""
_ACTS = frozenset({"sign", "approve", "override"})
"""Actions after which the key that is named signs the head."""


def signed_heads(log: AuditLog) -> list[Path]:
    """Return where the signed heads stand that there are."""
    return sorted(log.path.parent.glob(SIGNED_HEADS))


def signed_head_path(log: AuditLog, fingerprint: str) -> Path:
    """Return where a key's signed head stands: beside the log."""
    return log.path.parent / SIGNED_HEADS.replace("*", sha256(fingerprint.encode())[:16])


def sign_head(log: AuditLog, head: Head, key: SigningKey, now: datetime.datetime) -> None:
    """Sign how long the log is and what its last entry is, in place of what this key signed."""
    predicate = {"entries": head.entries, "time": now.isoformat(timespec="seconds")}
    envelope = signed_statement([(log.path.name, head.digest)], LOG_HEAD, predicate, key)
    write_atomically(signed_head_path(log, key.public.fingerprint), dumps(envelope))


def check_head(
    log: AuditLog, entries: Sequence[Entry], signers: Signers | None, *, gone: bool = True
) -> SignedHead | None:
    """Return how far the log is signed, None where nobody has signed it.

    With signers only heads bind that a key signed which was valid then: anybody can put a file
    there. Without, every head binds, and none is verified.

    Args:
        log: The log.
        entries: All of them.
        signers: Who may sign.
        gone: Whether a head is missed that the log says was signed. Who signs may do so where one
            is missing, since that was killed between entry and head, perhaps.

    Raises:
        UsageError: When entries that were signed are not there any more, or a signed head is not.

    """
    found = [head for path in signed_heads(log) if (head := _read(path, log, entries, signers))]
    if gone:
        _refuse_gone(log, entries, signers)
    if not found:
        return None
    people = {who for head in found for who in head.by}
    return SignedHead(max(head.entries for head in found), tuple(sorted(people)))


def _refuse_gone(log: AuditLog, entries: Sequence[Entry], signers: Signers | None) -> None:
    """Refuse a log that tells of a signature whose head is not there.

    Raises:
        UsageError: Naming the key and the entry.

    """
    known = None if signers is None else {signer.key.fingerprint for signer in signers.entries}
    acts = {str(e.facts.get("key")): e for e in entries if e.action in _ACTS and "key" in e.facts}
    for fingerprint, entry in acts.items():
        path = signed_head_path(log, fingerprint)
        if (known is None or fingerprint in known) and not path.exists():
            raise UsageError(
                f"{shown(path)} is gone, which {fingerprint} signed with entry {entry.number}: put "
                "a copy back; that key's next qgate sign signs the log as it is then"
            )


def _read(
    path: Path, log: AuditLog, entries: Sequence[Entry], signers: Signers | None
) -> SignedHead | None:
    """Return what one signed head says; None where it is by no key that counts."""
    name = shown(path)
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            data = stream.read(_MOST_BYTES)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from None
    envelope = loads(data, name)
    statement = parse_statement(envelope.payload, name)
    count = statement.predicate.get("entries")
    if statement.predicate_type != LOG_HEAD or type(count) is not int or count < 1:
        raise UsageError(f"{name} is no signed head of a log")
    people = frozenset[str]()
    if signers is not None:
        people = _signed_by(envelope, signers, moment(statement.predicate.get("time"), name))
        if not people:
            return None
    if len(entries) < count:
        raise UsageError(
            f"{shown(log.path)} holds {len(entries)} entries, and its signed head is of {count}: "
            "its end was cut off"
        )
    if entries[count - 1].digest != statement.subjects[0][1]:
        raise UsageError(f"{shown(log.path)}:{count}:1: not the entry that was signed")
    return SignedHead(count, tuple(sorted(people)))


def _signed_by(envelope: Envelope, signers: Signers, at: datetime.datetime) -> frozenset[str]:
    """Return whose keys, valid at a time, made an envelope's signatures."""
    known = {
        signer.key.fingerprint: signer.key
        for signer in signers.entries
        if signers.principals_of(signer.key, at)
    }
    keys = verified_by(envelope, known.values())
    return frozenset(who for key in keys for who in signers.principals_of(known[key], at))
