"""What opens an incident, as drafts without an id: pure functions of decision and event."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qgate.rollout.incident import Clause, Event, Incident

if TYPE_CHECKING:
    from qgate.charter.charter import Charter
    from qgate.gates.decision import Decision
    from qgate.gates.verdict import Verdict


def after_decision(
    decision: Decision, bundle_digest: str, event: Event, cause: str = "gate"
) -> Incident:
    """Return the incident of a decision with failed gates.

    Args:
        decision: On the evidence of the bundle.
        bundle_digest: Of the bundle's manifest.
        event: When, who, and what in one sentence, which is also why it is opened.
        cause: `gate`, or `rollback` where a person has already sent the traffic back.

    """
    return Incident(
        id="",
        pilot=decision.charter.pilot.name,
        charter=decision.charter.path,
        charter_digest=decision.charter.digest,
        cause=cause,
        why=event.what,
        opened=event,
        clauses=tuple(_clause(verdict) for verdict in failed(decision)),
        digests={
            "evidence": decision.evidence_digest,
            "observations": decision.observations_digest,
            "bundle": bundle_digest,
        },
    )


def after_rollback(charter: Charter, event: Event) -> Incident:
    """Return the incident of a rollback for which no evidence is named."""
    return Incident(
        id="",
        pilot=charter.pilot.name,
        charter=charter.path,
        charter_digest=charter.digest,
        cause="rollback",
        why=event.what,
        opened=event,
        clauses=(),
        digests={},
        owner=charter.pilot.owner,
    )


def failure_words(decision: Decision, bundle_digest: str) -> str:
    """Return which gates failed, and in which bundle, in one sentence."""
    names = [verdict.gate.name for verdict in failed(decision)]
    gates = f"gate{'' if len(names) == 1 else 's'} {', '.join(names)}"
    where = f"attempt {decision.attempt}, bundle {bundle_digest[:12]}"
    return f"{gates} failed in production ({where})"


def failed(decision: Decision) -> tuple[Verdict, ...]:
    """Return the verdicts that failed and decide."""
    from qgate.gates.verdict import Outcome

    return decision.of(Outcome.FAIL)


def same_failure(draft: Incident) -> Callable[[Incident], bool]:
    """Return what says of an incident that the same gates failed on the same evidence."""

    def same(known: Incident) -> bool:
        return (
            known.pilot == draft.pilot
            and known.charter_digest == draft.charter_digest
            and known.gates == draft.gates
            and known.digests.get("evidence") == draft.digests.get("evidence")
        )

    return same


def _clause(verdict: Verdict) -> Clause:
    from qgate.rollout.rollback import remediation_words

    gate, measured = verdict.gate, verdict.measurement
    return Clause(
        gate=gate.name,
        metric=gate.metric,
        unit=verdict.unit,
        value=measured.value,
        low=measured.low,
        high=measured.high,
        relative=measured.relative.value if measured.relative else None,
        threshold=gate.threshold,
        owner=gate.owner,
        remediation=remediation_words(gate),
        reason=verdict.reason,
    )
