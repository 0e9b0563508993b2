"""In-toto Statements v1: what is said (a predicate) about which bytes (subjects with digests).

The format: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qgate.digest import canonical
from qgate.errors import UsageError
from qgate.files import printable
from qgate.signing.envelope import MOST_PAYLOAD_BYTES, Envelope, sign
from qgate.signing.keys import SigningKey
from qgate.strict_json import parse_json

STATEMENT_PAYLOAD = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"

PROMOTION_DECISION = "urn:qgate:promotion-decision:v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
APPROVAL = "urn:qgate:approval:v1"
OVERRIDE = "urn:qgate:override:v1"
LOG_HEAD = "urn:qgate:log-head:v1"

_KEYS = {"_type", "subject", "predicateType", "predicate"}
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Statement:
    """A predicate of a type about subjects, each a name and the SHA-256 of what it names."""

    subjects: tuple[tuple[str, str], ...]
    predicate_type: str
    predicate: Mapping[str, Any]


def statement(
    subjects: Sequence[tuple[str, str]], predicate_type: str, predicate: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a statement as plain JSON values.

    Args:
        subjects: Names with the SHA-256 of what they name, as 64 lower-case hexadecimal digits.
        predicate_type: What the predicate means, such as `APPROVAL`.
        predicate: What is said.

    """
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": sha256}} for name, sha256 in subjects],
        "predicateType": predicate_type,
        "predicate": dict(predicate),
    }


def signed_statement(
    subjects: Sequence[tuple[str, str]],
    predicate_type: str,
    predicate: Mapping[str, Any],
    key: SigningKey,
) -> Envelope:
    """Return a statement in an envelope with one signature.

    Raises:
        UsageError: When the statement is one that `parse_statement` would refuse.

    """
    payload = canonical(statement(subjects, predicate_type, predicate))
    parse_statement(payload, "the statement to be signed")
    return sign(payload, STATEMENT_PAYLOAD, key)


def parse_statement(payload: bytes, name: str) -> Statement:
    """Read a statement whose every part is understood; any other is refused.

    This is narrower than in-toto, which leaves names, other digests and more keys to the writer.

    Raises:
        UsageError: When it is malformed: no strict JSON (see `parse_json`), of another type, with
            unknown keys, without subjects, with a subject of no name, of a name that stands
            twice, or without exactly a SHA-256.

    """
    document = parse_json(payload, name, most=MOST_PAYLOAD_BYTES)
    try:
        return _statement(document)
    except ValueError as error:
        raise UsageError(f"{name} is no in-toto statement: {error}") from error


def _statement(document: Any) -> Statement:
    if not isinstance(document, dict) or set(document) != _KEYS:
        raise ValueError(f"it has not exactly the keys {', '.join(sorted(_KEYS))}")
    if document["_type"] != STATEMENT_TYPE:
        raise ValueError(f"_type is not {STATEMENT_TYPE}")
    entries, kind, predicate = document["subject"], document["predicateType"], document["predicate"]
    if not isinstance(entries, list) or not entries:
        raise ValueError("subject is no list of one subject or more")
    subjects = tuple(_subject(item, f"subject[{i}]") for i, item in enumerate(entries))
    if len(dict(subjects)) < len(subjects):
        raise ValueError("subject has a name twice")
    if not isinstance(kind, str) or not kind or printable(kind) != kind:
        raise ValueError("predicateType is no printable text")
    if not isinstance(predicate, dict):
        raise ValueError("predicate is no object")  # noqa: TRY004 - a finding about data
    return Statement(subjects, kind, predicate)


def _subject(item: Any, where: str) -> tuple[str, str]:
    if not isinstance(item, dict) or set(item) != {"name", "digest"}:
        raise ValueError(f"{where} has not exactly the keys name, digest")
    name, digest = item["name"], item["digest"]
    if not isinstance(name, str) or not name or printable(name) != name:
        raise ValueError(f"{where}.name is no printable text")
    if not isinstance(digest, dict) or set(digest) != {"sha256"}:
        raise ValueError(f"{where}.digest has not exactly the key sha256")
    sha256 = digest["sha256"]
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise ValueError(f"{where}.digest.sha256 is not 64 lower-case hexadecimal digits")
    return name, sha256
