"""Remediations tried before they are needed: the remedied candidate through the same gates.

A rehearsal is no verdict: what it changes is locked and run anew before it may be promoted.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from qgate.charter.build import build_charter
from qgate.charter.charter import Action, Charter, Gate
from qgate.charter.schema import schema_findings
from qgate.charter.shapes import shape_findings
from qgate.charter.yaml_reader import Source
from qgate.errors import ExecutionError, UsageError
from qgate.evidence.evidence import Evidence
from qgate.gates.decision import Decision, judge
from qgate.gates.verdict import Outcome
from qgate.lock.lock import Lock
from qgate.measure.cost import price, used
from qgate.measure.outlook import refusals
from qgate.measure.registry import METRICS
from qgate.plan.study import Study, restudied

Document = dict[str, Any]
_REHEARSED = (Outcome.FAIL, Outcome.INCONCLUSIVE)


class NothingToRehearseError(Exception):
    """A remediation changes nothing that a run could try."""


@dataclass(frozen=True)
class Gathered:
    """A rehearsal's evidence, where it is kept."""

    evidence: Evidence
    seconds: float


def rehearse(
    study: Study, decision: Decision, gather: Callable[[Study], Gathered]
) -> Iterator[dict[str, Any]]:
    """Yield, for each gate that was not passed, what its remediation would come to.

    Args:
        study: What ran.
        decision: On its evidence.
        gather: Runs a remedied study and keeps its evidence.

    """
    tried: dict[str, dict[str, Any]] = {}
    for verdict in decision.of(*_REHEARSED):
        gate = verdict.gate
        try:
            document = remedied(study.charter, gate)
            again = _restudied(study, document)
        except (NothingToRehearseError, UsageError, ExecutionError) as error:
            yield {"gate": gate.name, "outcome": "not_rehearsed", "reason": str(error)}
            continue
        if again.charter.digest not in tried:
            study.settings.progress.stage(f"rehearse the remediation of {gate.name}", 1)
            study.settings.progress.advance()
            dropped = {g.name for g in study.charter.gates} - {g.name for g in again.charter.gates}
            tried[again.charter.digest] = {"dropped": sorted(dropped), **_result(again, gather)}
        yield {"gate": gate.name, **tried[again.charter.digest]}


def _result(study: Study, gather: Callable[[Study], Gathered]) -> dict[str, Any]:
    if refused := refusals(study):
        reason = f"`qgate run` would refuse it: {refused[0].message}"
        return {"outcome": "not_rehearsed", "reason": reason}
    try:
        found = gather(study)
    except (UsageError, ExecutionError) as error:  # no interruption, and no bug of qgate's
        return {"outcome": "not_rehearsed", "reason": str(error)}
    decision, use = judge(found.evidence), used(found.evidence)
    prices = study.charter.budget.prices
    return {
        "outcome": str(decision.action),
        "open": {v.gate.name: str(v.outcome) for v in decision.deciding if v.outcome != "pass"},
        "values": {
            v.gate.name: v.measurement.value
            for v in decision.deciding
            if v.measurement.bounded and v.measurement.value is not None
        },
        "evidence": found.evidence.digest,
        "path": found.evidence.path,
        "circuits": use.circuits,
        "shots": use.shots,
        "usd": price(use, prices) if prices else None,
        "seconds": round(found.seconds, 3),
    }


def _restudied(study: Study, document: Document) -> Study:
    """Return the remedied study, held against the lock but for what the remediation changes."""
    source = Source(study.charter.path, document, {})
    findings = schema_findings(source) or shape_findings(source)
    if findings:
        raise NothingToRehearseError(findings[0].message)
    again = restudied(study, build_charter(document, study.charter.path))
    if study.lock is None:
        return again
    changed = {
        name: again.inputs.get(name)
        for name in {*study.inputs, *again.inputs}
        if study.inputs.get(name) != again.inputs.get(name)
    }
    inputs = {**study.lock.inputs, **changed}
    known = {name: value for name, value in inputs.items() if value is not None}
    return replace(again, lock=Lock({**study.lock.document, "inputs": known, "evidence": None}))


def remedied(charter: Charter, gate: Gate) -> Document:
    """Return a charter's document with a gate's remediation carried out.

    Raises:
        NothingToRehearseError: When its actions change nothing that a run could try.

    """
    document: Document = copy.deepcopy(dict(charter.document))
    changed = False
    for action in gate.remediation:
        if change := _CHANGES.get(action.verb):
            change(document, action, charter)
            changed = True
    if not changed:
        verbs = " and ".join(dict.fromkeys(action.verb for action in gate.remediation))
        raise NothingToRehearseError(f"{verbs} changes nothing that a run could try")
    return document


def _disable(document: Document, action: Action, charter: Charter) -> None:
    kind = charter.candidate.kind
    section = document["candidate"][kind]
    if action.object in _MITIGATIONS:
        mitigation = section.get("mitigation", {})
        mitigation.pop(_MITIGATIONS[action.object], None)
        if not mitigation:
            section.pop("mitigation", None)
        return
    for key in ("layers", "closing"):
        if key in section:
            section[key] = [layer for layer in section[key] if layer["name"] != action.object]


_MITIGATIONS = {"readout_mitigation": "readout", "zero_noise": "zero_noise"}


def _set_shots(document: Document, action: Action, charter: Charter) -> None:
    """Read every gate at the new count, but for those that are read at exact probabilities."""
    exact = any(gate.shots is None for gate in charter.gates)
    schedule = document.setdefault("schedule", {})
    schedule["shots"] = [*(["exact"] if exact else []), action.object]
    for gate in _stated(document):
        if gate.get("at", {}).get("shots", "exact") != "exact":
            gate["at"] = {"shots": action.object}


def _restore(document: Document, action: Action, charter: Charter) -> None:
    """Put the classical service in the candidate's place, without gates that it cannot have."""
    baseline = charter.baseline
    if action.object not in (baseline.id, charter.rollback.to):
        raise NothingToRehearseError(f"{action.object} is not in the charter: it cannot be run")
    restored = document["baseline"]
    restored = {"id": "x", "strongest": "all"} if isinstance(restored, str) else dict(restored)
    document["candidate"] = {**restored, "id": f"{baseline.id}_restored"}
    if baseline.circuit is None:
        document.setdefault("schedule", {})["shots"] = ["exact"]
    needs_shots = {"replicates", "circuit"}
    lost = {"quantum_contribution"} if baseline.circuit is None else set[str]()
    for section, key in ((document["pilot"], "success_metrics"), (document, "gates")):
        if key in section:
            metric = "name" if key == "success_metrics" else "metric"
            section[key] = [
                {k: v for k, v in gate.items() if k != "at"}
                for gate in section[key]
                if not METRICS[gate[metric]].needs & needs_shots and gate[metric] not in lost
            ]


def _recalibrate(document: Document, action: Action, charter: Charter) -> None:
    device = charter.candidate.device
    if device is None or device.current is None:
        raise NothingToRehearseError(
            f"no current snapshot of {action.object} is known: name it as `device.current`"
        )
    section = document["candidate"][charter.candidate.kind]["device"]
    section["path"] = section.pop("current")
    document["gates"] = [
        gate for gate in document.get("gates", ()) if not gate["metric"].startswith("calibration_")
    ]


_CHANGES: Mapping[str, Callable[[Document, Action, Charter], None]] = {
    "disable": _disable,
    "set_shots": _set_shots,
    "restore": _restore,
    "recalibrate": _recalibrate,
}


def _stated(document: Document) -> Iterator[Document]:
    yield from document["pilot"].get("success_metrics", ())
    yield from document.get("gates", ())
