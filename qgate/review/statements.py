"""What is signed about a bundle: the decision, a test result, an approval, an override."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qgate.digest import digest
from qgate.evidence.audit_log import FIRST, Entry
from qgate.evidence.evidence import Evidence
from qgate.evidence.store import Bundle, attach
from qgate.gates.decision import Decision, conclusion
from qgate.gates.verdict import Outcome
from qgate.signing.envelope import dumps
from qgate.signing.keys import SigningKey
from qgate.signing.signers import Signers
from qgate.signing.statement import (
    APPROVAL,
    OVERRIDE,
    PROMOTION_DECISION,
    TEST_RESULT,
    signed_statement,
)

KINDS = {
    PROMOTION_DECISION: "decision",
    TEST_RESULT: "test-result",
    APPROVAL: "approval",
    OVERRIDE: "override",
}
"""The word for a predicate, which the statement's file is named for."""


@dataclass(frozen=True)
class Judged:
    """A bundle with its evidence and the decision on it, as its own charter has it."""

    bundle: Bundle
    evidence: Evidence
    decision: Decision

    @property
    def contract(self) -> str:
        """Return the digest of the lock that it was run on, of the charter without one."""
        lock = self.evidence.record["lock"]
        return digest(lock) if lock else self.decision.charter.digest

    @property
    def subjects(self) -> tuple[tuple[str, str], ...]:
        """Return what statements are about: the evidence, and the bundle with all its members."""
        return ("evidence", self.bundle.evidence_digest), ("bundle", self.bundle.digest)


def common(
    judged: Judged,
    entries: Sequence[Entry],
    now: datetime.datetime,
    signers: Signers | None = None,
) -> dict[str, Any]:
    """Return what every predicate of ours says: when, of which contract, after which entry.

    Of the file of signers, where there is one, it says what it was: that decides whose a key is.
    """
    return {
        "time": now.isoformat(timespec="seconds"),
        "pilot": judged.decision.charter.pilot.name,
        "charter": judged.evidence.charter.digest,
        "contract": judged.contract,
        "decision": str(judged.decision.action),
        "log": anchor(entries),
        **signers_digest(signers),
    }


def digests_of(judged: Judged, signers: Signers | None) -> dict[str, str]:
    """Return what an act on a bundle rests on, for its entry of the audit log."""
    return {
        "contract": judged.contract,
        "charter": judged.evidence.charter.digest,
        "evidence": judged.bundle.evidence_digest,
        "bundle": judged.bundle.digest,
        **signers_digest(signers),
    }


def signers_digest(signers: Signers | None) -> dict[str, str]:
    """Return what the file of signers was, by its SHA-256; nothing where there was none."""
    return {"signers": signers.digest} if signers is not None and signers.digest else {}


def anchor(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return which log this is, by its first entry, how long it is, and its last entry."""
    ends = [entries[0].digest, entries[-1].digest] if entries else [FIRST, FIRST]
    return {"first": ends[0], "entries": len(entries), "digest": ends[1]}


def holds(entries: Sequence[Entry], said: Mapping[str, Any]) -> bool:
    """Return whether a log still goes on from an anchor; one of another log says nothing of it."""
    if not entries or said.get("first") != entries[0].digest:
        return True
    count = said.get("entries")
    if not isinstance(count, int) or not 0 < count <= len(entries):
        return False
    return entries[count - 1].digest == said.get("digest")


def decision_predicate(judged: Judged) -> dict[str, Any]:
    """Return what the decision was, gate by gate, and at which attempt."""
    return {"conclusion": conclusion(judged.decision), "attempt": judged.decision.attempt}


def result_predicate(judged: Judged) -> dict[str, Any]:
    """Return the decision for readers who know nothing of qgate; what is not shown is failed.

    The format: https://github.com/in-toto/attestation, predicates/test-result v0.1. Gates in
    shadow, which decide nothing, are warned of where they did not pass.
    """
    decision = judged.decision
    passed = [verdict.gate.name for verdict in decision.of(Outcome.PASS)]
    return {
        "result": "PASSED" if decision.exit_code == 0 else "FAILED",
        "configuration": [
            {"name": decision.charter.path, "digest": {"sha256": decision.charter.digest}}
        ],
        "passedTests": passed,
        "warnedTests": [v.gate.name for v in decision.shadowed if v.outcome is not Outcome.PASS],
        "failedTests": [v.gate.name for v in decision.deciding if v.gate.name not in passed],
    }


def attest(judged: Judged, kind: str, predicate: Mapping[str, Any], key: SigningKey) -> str:
    """Sign a predicate about a bundle and put it there; return the member's name.

    Raises:
        UsageError: When the bundle is an archive.

    """
    envelope = signed_statement(judged.subjects, kind, predicate, key)
    path = attach(judged.bundle, KINDS[kind], dumps(envelope))
    return f"{path.parent.name}/{path.name}"
