"""The signed statements of a bundle, each with the people whose keys signed it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qgate.errors import UsageError
from qgate.evidence.store import ATTESTATIONS
from qgate.review.overrides import moment, refuse_terms
from qgate.review.statements import KINDS, Judged, result_predicate
from qgate.signing.envelope import Envelope, loads, verified_by
from qgate.signing.signers import Signers
from qgate.signing.statement import (
    OVERRIDE,
    STATEMENT_PAYLOAD,
    TEST_RESULT,
    Statement,
    parse_statement,
)

_CLOCKS_APART = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Attested:
    """One statement: `keys` are fingerprints that verify, `principals` whom they speak for."""

    name: str
    kind: str
    predicate: Mapping[str, Any]
    keyids: frozenset[str]
    """Fingerprints that the envelope names, verified or not."""
    keys: frozenset[str] = frozenset()
    principals: frozenset[str] = frozenset()


def attested(
    judged: Judged, signers: Signers | None, now: datetime.datetime
) -> tuple[list[Attested], list[str]]:
    """Return the statements about a bundle, and what is wrong with the others.

    A key counts for those whom it speaks for both when the statement says that it was signed and
    now: a key that was taken from the file signs nothing any more, whatever time it states.
    Without signers nothing is verified, and no statement has principals.
    """
    found: list[Attested] = []
    wrong: list[str] = []
    for name, data in judged.bundle.attestations.items():
        try:
            envelope = loads(data, name)
            if envelope.payload_type != STATEMENT_PAYLOAD:
                raise UsageError(f"{name} is no in-toto statement")
            statement = parse_statement(envelope.payload, name)
            at = _refuse_other(name, statement, judged, now) or now
        except UsageError as error:
            wrong.append(str(error))
            continue
        keyids = frozenset(keyid for keyid, _ in envelope.signatures)
        kind = KINDS[statement.predicate_type]
        entry = Attested(name, kind, statement.predicate, keyids)
        if signers is not None:
            entry = _verified(entry, envelope, signers, at, now)
            if not entry.keys:
                wrong.append(f"{name}: no key in the file of signers made its signature")
        found.append(entry)
    return found, wrong


def _verified(
    entry: Attested,
    envelope: Envelope,
    signers: Signers,
    at: datetime.datetime,
    now: datetime.datetime,
) -> Attested:
    known = {signer.key.fingerprint: signer.key for signer in signers.entries}
    keys = verified_by(envelope, known.values())
    principals = frozenset(
        principal
        for keyid in keys
        for principal in signers.principals_of(known[keyid], at)
        & signers.principals_of(known[keyid], now)
    )
    return Attested(entry.name, entry.kind, entry.predicate, entry.keyids, keys, principals)


def _refuse_other(
    name: str, statement: Statement, judged: Judged, now: datetime.datetime
) -> datetime.datetime | None:
    """Return when a statement says that it was signed, None where it does not say.

    Raises:
        UsageError: When it is not about this bundle, or says what does not hold for it.

    """
    kind = KINDS.get(statement.predicate_type)
    if kind is None:
        raise UsageError(f"{name} is of a kind that this qgate does not know")
    if not name.startswith(f"{ATTESTATIONS}/{kind}-"):
        raise UsageError(f"{name} is of another kind than its name says: {kind}")
    if statement.subjects != judged.subjects:
        raise UsageError(f"{name} is about another bundle")
    if statement.predicate_type == TEST_RESULT:
        if statement.predicate != result_predicate(judged):
            raise UsageError(f"{name} says another result than the evidence gives")
        return None
    predicate = statement.predicate
    expected = {
        "charter": judged.evidence.charter.digest,
        "contract": judged.contract,
        "pilot": judged.decision.charter.pilot.name,
        "decision": str(judged.decision.action),
    }
    if any(predicate.get(key) != value for key, value in expected.items()):
        raise UsageError(f"{name} is about another charter, lock, pilot or decision")
    at = moment(predicate.get("time"), f"{name}: time")
    if at > now + _CLOCKS_APART:
        raise UsageError(f"{name} was signed in the future, at {at.isoformat()}: check clocks")
    if statement.predicate_type == OVERRIDE:
        refuse_terms(name, predicate, judged.bundle.evidence_digest, at)
    return at
