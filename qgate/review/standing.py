"""Where a pilot stands before a run, and what a run leaves behind: read from and put on record."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qgate.digest import canonical
from qgate.errors import Finding
from qgate.evidence.audit_log import AuditLog, Entry
from qgate.evidence.environment import environment
from qgate.evidence.evidence import Evidence
from qgate.evidence.kept_runs import remember
from qgate.evidence.lineage import make_lineage
from qgate.evidence.store import write_bundle
from qgate.gates.decision import Decision, conclusion
from qgate.measure.outlook import Outlooks, refusals
from qgate.measure.spending import Spending, month_so_far, plain, spent_of
from qgate.plan.study import Study
from qgate.review.statements import anchor


@dataclass(frozen=True)
class Standing:
    """What the log says of a pilot: its attempts on this lock, this month's spending."""

    attempts: int
    other_terms: Mapping[str, int]
    """How often each decision came out under other locks: a new lock counts attempts anew."""
    spent: Spending
    month: str
    anchor: Mapping[str, Any]
    """Which log this is and how far it goes, for a bundle to name."""

    def refusals(
        self, study: Study, past: Evidence | None = None, seen: Outlooks | None = None
    ) -> list[Finding]:
        """Return why the plan should not run now; see `qgate.measure.outlook.refusals`."""
        return refusals(
            study, past, attempt=self.attempts + 1, spent=self.spent, month=self.month, seen=seen
        )


def standing(study: Study) -> Standing:
    """Return where a pilot stands.

    Raises:
        InvalidFileError: With the line where the audit log was changed.

    """
    entries = AuditLog(study.settings.log).entries()
    now = datetime.datetime.now(datetime.UTC)
    spent, month = month_so_far(entries, study.charter.pilot.name, now)
    attempts = {
        entry.facts.get("start", entry.number)
        for entry in entries
        if entry.action in ("run", "judge")
        and entry.digests.get("contract") == study.contract
        and not entry.facts.get("stopped")  # no gate passed, and the next run takes its trials
    }
    other_terms = Counter(
        str(entry.facts["decision"])
        for entry in entries
        if entry.action == "run"
        and entry.pilot == study.charter.pilot.name
        and entry.digests.get("contract") != study.contract
        and not entry.facts.get("stopped")
    )
    return Standing(len(attempts), dict(sorted(other_terms.items())), spent, month, anchor(entries))


def put_spending(study: Study, spent: Spending) -> None:
    """Log what a calibration took: it counts against the month's budget as a run's does."""
    AuditLog(study.settings.log).append(
        "calibrate",
        pilot=study.charter.pilot.name,
        digests={"contract": study.contract, "charter": study.charter.digest},
        facts={"path": study.charter.path, "spending": plain(spent)},
    )


def put_verdict(study: Study, decision: Decision, begun: Entry) -> None:
    """Log that a verdict is told before its run ends, as a rehearsal does: it was an attempt."""
    AuditLog(study.settings.log).append(
        "judge",
        pilot=study.charter.pilot.name,
        digests={"contract": study.contract, "charter": study.charter.digest},
        facts={"start": begun.number, "decision": str(decision.action)},
    )


def begin(study: Study, basis: str) -> Entry:
    """Log that a run begins, so that one that is killed is on record too; return the entry."""
    return AuditLog(study.settings.log).append(
        "start",
        pilot=study.charter.pilot.name,
        digests={"contract": study.contract, "charter": study.charter.digest},
        facts={"path": study.charter.path, "basis": basis},
    )


def put_on_record(
    study: Study, evidence: Evidence, decision: Decision, begun: Entry, *, whole: bool
) -> None:
    """Write a run's bundle and log it; a whole one is remembered for a run that changes nothing."""
    settings, concluded = study.settings, conclusion(decision)
    members = {
        "charter.yaml": study.source.data,
        "environment.json": canonical(environment()),
        "decision.json": canonical(concluded),
        "lineage.json": canonical(make_lineage(study)),
        **({"lock.json": study.lock.data} if study.lock else {}),
    }
    bundle = write_bundle(evidence, members, settings.store)
    basis, stopped = begun.facts["basis"], evidence.record.get("stopped")
    AuditLog(settings.log).append(
        "run",
        pilot=study.charter.pilot.name,
        digests={
            "contract": study.contract,
            "charter": study.charter.digest,
            "evidence": evidence.digest,
            "bundle": bundle.digest,
        },
        facts={
            "attempt": evidence.observations["attempt"],
            "decision": concluded["decision"],
            "path": evidence.path,
            "basis": basis,
            "start": begun.number,
            **({"stopped": stopped["by"]} if stopped else {}),
            "spending": plain(spent_of(evidence)),
        },
    )
    replayed = all(replay["again"] for replay in evidence.record["replays"])
    if whole and replayed and not evidence.observations["failures"] and not stopped:
        remember(settings.runs, basis, bundle, settings.progress.warn)
