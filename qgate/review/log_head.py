"""The head of the audit log, signed: without it a cut-off end of a log would go unseen."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
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


def signed_head_path(log: AuditLog) -> Path:
    """Return where the signed head stands: beside the log."""
    return log.path.with_suffix(".head.dsse.json")


def sign_head(log: AuditLog, head: Head, key: SigningKey, now: datetime.datetime) -> None:
    """Sign how long the log is and what its last entry is, in place of an earlier signature."""
    predicate = {"entries": head.entries, "time": now.isoformat(timespec="seconds")}
    envelope = signed_statement([(log.path.name, head.digest)], LOG_HEAD, predicate, key)
    write_atomically(signed_head_path(log), dumps(envelope))


def check_head(log: AuditLog, entries: Sequence[Entry], signers: Signers | None) -> str:
    """Return in words how far the log is signed; empty where nobody has signed it.

    Raises:
        UsageError: When entries that were signed are not there any more, or the signature is none.

    """
    path = signed_head_path(log)
    name = shown(path)
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            data = stream.read()
    except FileNotFoundError:
        return ""
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
        return f"signed up to entry {count}, by a key that is not verified here"
    at = moment(statement.predicate.get("time"), f"{name}: time")
    known = [signer.key for signer in signers.entries if signers.principals_of(signer.key, at)]
    if not verified_by(envelope, known):
        raise UsageError(
            f"{name}: no key in the file of signers made its signature (who has left keeps a "
            "line there, with valid-before)"
        )
    return f"signed up to entry {count}"
