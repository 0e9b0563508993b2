"""Opening incidents from the command line: after a failed production gate and after a rollback."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qgate.errors import QgateError, UsageError
from qgate.files import printable

if TYPE_CHECKING:
    from qgate.charter.charter import Charter
    from qgate.evidence.store import Bundle
    from qgate.gates.decision import Decision
    from qgate.rollout.incident import Incident
    from qgate.rollout.incident_store import IncidentStore


def incidents_at(state: Path) -> IncidentStore:
    """Return the incidents of a state folder, which need not exist yet."""
    from qgate.rollout.incident_store import IncidentStore

    return IncidentStore(state, _markdown)


def _markdown(incident: Incident) -> str:
    from qgate.report.incident_markdown import render_markdown  # heavier than a list needs

    return render_markdown(incident)


def open_incident(
    decision: Decision, bundle_digest: str, state: Path, *, cause: str = "gate", why: str = ""
) -> Incident:
    """Open the incident of a decision, or add to the timeline of one that is of the same failure.

    Args:
        decision: With what failed.
        bundle_digest: Of the bundle whose evidence was judged.
        state: The folder that holds the incidents and the audit log.
        cause: `gate` or `rollback`.
        why: In a person's words; what failed, where it is left out.

    """
    from qgate.rollout.incident_causes import after_decision, failure_words, same_failure
    from qgate.rollout.incident_store import event_now

    event = event_now(why or failure_words(decision, bundle_digest))
    draft = after_decision(decision, bundle_digest, event, cause)
    return incidents_at(state).open(draft, same_failure(draft))[0]


def tell_of_failure(decision: Decision, state: Path, bundle: Bundle | None = None) -> None:
    """Open an incident if a gate failed, and say on stderr which; what goes wrong is said too.

    Nothing is raised: that a gate failed outweighs that it could not be put on record. Without a
    bundle, it is the one at the decision's path.
    """
    from qgate.evidence.store import open_bundle
    from qgate.gates.decision import Action

    if decision.action is not Action.ROLLBACK:
        return
    try:
        found = open_incident(
            decision, (bundle or open_bundle(decision.evidence_path)).digest, state
        )
    except (QgateError, OSError) as error:
        why = printable(str(error))
        sys.stderr.write(f"qgate: warning: the incident is not wholly on record: {why}\n")
        return
    verb = "is open already: noted there" if found.timeline else "opened"
    sys.stderr.write(f"qgate: incident {found.id} {verb}\n  qgate incident show {found.id}\n")


def log_rollback(
    charter: Charter, reason: str, state: Path, judged: tuple[Decision, str] | None
) -> None:
    """Log a rollback that was carried out.

    Args:
        charter: The pilot's terms.
        reason: Why, in the words of who rolled back.
        state: The folder that holds the audit log.
        judged: A decision and its bundle's digest, where evidence is named.

    Raises:
        UsageError: When the evidence is another pilot's, or the log's chain is broken.
        ExecutionError: When the log cannot be written.

    """
    from qgate.evidence.audit_log import AuditLog

    digests, back = {"charter": charter.digest}, charter.rollback
    if judged is not None:
        decision, bundle_digest = judged
        if decision.charter.pilot.name != charter.pilot.name:
            raise UsageError(f"the evidence is of the pilot {decision.charter.pilot.name!r}")
        digests |= {"evidence": decision.evidence_digest, "bundle": bundle_digest}
    facts = {"to": back.to, "strategy": back.strategy}
    log = AuditLog(state / "log.jsonl")
    log.head()  # appending reads the end alone: what was changed before it is told here
    log.append("rollback", pilot=charter.pilot.name, reason=reason, digests=digests, facts=facts)


def tell_of_rollback(
    charter: Charter, reason: str, state: Path, judged: tuple[Decision, str] | None
) -> list[Incident]:
    """Tell of a rollback that is logged in the pilot's incidents; return them.

    Those that are open get it in their timeline and as remediation taken: those on the evidence
    that is named, or all of the pilot. Where none is open, one is opened. The arguments are those
    of `log_rollback`.
    """
    from qgate.rollout.incident_causes import after_decision, after_rollback
    from qgate.rollout.incident_store import event_now

    store, back = incidents_at(state), charter.rollback
    evidence = judged[0].evidence_digest if judged else ""
    known = [i for i in store.read()[0] if i.is_open and i.pilot == charter.pilot.name]
    named = [i for i in known if i.digests.get("evidence") == evidence]
    done = f"all traffic sent back to {back.to} ({back.strategy}): {reason}"
    event = event_now(f"rolled back to {back.to}: {reason}")
    if told := [store.note(incident, event, done) for incident in named or known]:
        return told
    draft = after_rollback(charter, event)
    if judged is not None:
        draft = after_decision(*judged, event, "rollback")
    return [store.open(replace(draft, remediation=(done,)))[0]]
