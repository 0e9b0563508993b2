"""The head of the audit log, signed: without it a cut-off end of a log would go unseen."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qgate.errors import UsageError
from qgate.evidence.audit_log import AuditLog, Entry, Head
from qgate.evidence.regular_file import open_regular
from qgate.files import shown, write_atomically
from qgate.review.overrides import moment
from qgate.signing.envelope import dumps, loads, verified_by
from qgate.signing.keys import SigningKey
from qgate.signing.signers import Signers
from qgate.signing.statement import LOG_HEAD, parse_statement, signed_statement


@dataclass(frozen=True)
class SignedHead:
    """How far a log is signed, and whose key signed it; by nobody where that was not verified."""

    entries: int
    by: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it in words."""
        who = ", ".join(self.by) or "a key that is not verified here"
        return f"signed up to entry {self.entries}, by {who}"


_MOST_BYTES = 1_000_000
"""Of a signed head, which has some hundreds: what is cut off here is no envelope."""


def signed_head_path(log: AuditLog) -> Path:
    """Return where the signed head stands: beside the log."""
    return log.path.with_suffix(".head.dsse.json")


def sign_head(log: AuditLog, head: Head, key: SigningKey, now: datetime.datetime) -> None:
    """Sign how long the log is and what its last entry is, in place of an earlier signature."""
    predicate = {"entries": head.entries, "time": now.isoformat(timespec="seconds")}
    envelope = signed_statement([(log.path.name, head.digest)], LOG_HEAD, predicate, key)
    write_atomically(signed_head_path(log), dumps(envelope))


def check_head(
    log: AuditLog, entries: Sequence[Entry], signers: Signers | None
) -> SignedHead | None:
    """Return how far the log is signed, None where nobody has signed it.

    With signers the signature is verified, by the keys that were valid when it was made.

    Raises:
        UsageError: When entries that were signed are not there any more, or the signature is none.

    """
    path = signed_head_path(log)
    name = shown(path)
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            data = stream.read(_MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from None
    envelope = loads(data, name)
    statement = parse_statement(envelope.payload, name)
    count = statement.predicate.get("entries")
    if statement.predicate_type != LOG_HEAD or type(count) is not int or count < 1:
        raise UsageError(f"{name} is no signed head of a log")
    if len(entries) < count:
        raise UsageError(
            f"{shown(log.path)} holds {len(entries)} entries, and its signed head is of {count}: "
            "its end was cut off"
        )
    if entries[count - 1].digest != statement.subjects[0][1]:
        raise UsageError(f"{shown(log.path)}:{count}:1: not the entry that was signed")
    if signers is None:
        return SignedHead(count)
    at = moment(statement.predicate.get("time"), f"{name}: time")
    known = {
        signer.key.fingerprint: signer.key
        for signer in signers.entries
        if signers.principals_of(signer.key, at)
    }
    keys = verified_by(envelope, known.values())
    if not keys:
        raise UsageError(
            f"{name}: no key in the file of signers made its signature (who has left keeps a "
            "line there, with valid-before)"
        )
    people = {who for key in keys for who in signers.principals_of(known[key], at)}
    return SignedHead(count, tuple(sorted(people)))
