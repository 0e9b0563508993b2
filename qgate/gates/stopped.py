"""Verdicts on a run that was stopped before its end: open, but for what its inputs alone fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qgate.charter.charter import Charter, Gate
from qgate.evidence.evidence import Evidence
from qgate.files import typed
from qgate.gates.drift import verdicts_on
from qgate.gates.verdict import Outcome, Verdict, judge_gate, judge_on
from qgate.lock.inputs import differences
from qgate.measure.measurement import Measurement
from qgate.measure.spending import amount

_OF_INPUTS = frozenset({"residency"})
"""Metrics that no trial is needed for."""
_OF_THE_WHOLE = frozenset({"reproducibility", "baseline_drift", "comparison"})
"""Metrics that a part of a run says nothing of: digests of all trials, and rules on them."""
_NOTHING = Measurement(method="not measured")


def verdicts_of(evidence: Evidence, charter: Charter) -> tuple[Verdict, ...]:
    """Return the verdict of each of a charter's gates.

    Of a run that was stopped none is a PASS. A mismatch of its inputs stays a FAIL, since no trial
    could mend it. Everything else is INCONCLUSIVE, with what the seeds that are whole measure.
    """
    if evidence.stopped is None:
        return verdicts_on(evidence, charter, charter.gates)
    failed = {gate.name: found for gate in charter.gates if (found := _failed(evidence, gate))}
    partial = {gate.name: gate for gate in charter.gates if _says_something(evidence, gate)}
    so_far = verdicts_on(evidence, charter, list(partial.values()))
    known = {verdict.gate.name: verdict for verdict in so_far}
    return tuple(
        failed.get(gate.name) or _open(evidence, gate, known.get(gate.name))
        for gate in charter.gates
    )


def stop_words(stopped: Mapping[str, Any], charter: Charter, *, locked: bool) -> str:
    """Return why a run was stopped, and what to type so that it goes on.

    Args:
        stopped: As its record keeps it.
        charter: That of the run.
        locked: Whether the charter is locked, so that a change of it is locked anew.

    """
    path, again = charter.path, f"qgate run {typed(charter.path)}"
    if stopped["by"] != "budget":
        relock = _relock(charter, "the region of an arm") if locked else ""
        return (
            f"Nothing was run: {stopped['reason']}. To go on, have each arm run in a region that "
            f"data.region allows, and state it as its `region` in {path}, then {relock}{again}."
        )
    relock = _relock(charter, "a larger budget") if locked else ""
    wait = ", or wait for the next month" if stopped["cap"].startswith("per_month.") else ""
    return (
        f"Stopped by its budget: {stopped['reason']}. To go on, set budget.{stopped['cap']} to at "
        f"least {amount(stopped['needs'])} in {path}, then {relock}{again}{wait}: what is finished "
        "is kept."
    )


def _relock(charter: Charter, reason: str) -> str:
    return f"qgate lock {typed(charter.path)} --reason '{reason}' and "


def _failed(evidence: Evidence, gate: Gate) -> Verdict | None:
    """Return the verdict of a gate that inputs alone fail, None where they do not."""
    if gate.metric in _OF_INPUTS:
        found = judge_on(evidence, gate)
        return found if found.outcome is Outcome.FAIL else None
    lock = evidence.record["lock"]
    if gate.metric != "reproducibility" or lock is None:
        return None
    mismatches = differences(lock["inputs"], evidence.record["inputs"])
    measured = Measurement(
        float(len(mismatches)), bounded=False, method="exact comparison with the lock",
        notes=tuple(mismatches),
    )  # fmt: skip
    found = judge_gate(gate, measured)
    return found if found.outcome is Outcome.FAIL else None


def _says_something(evidence: Evidence, gate: Gate) -> bool:
    """Return whether what ran can be measured for a gate at all."""
    if not evidence.seeds:
        return False
    whole = len(evidence.seeds) == len(evidence.charter.schedule.seeds)
    return whole or gate.metric not in _OF_THE_WHOLE | _OF_INPUTS


def _open(evidence: Evidence, gate: Gate, so_far: Verdict | None) -> Verdict:
    """Return an open verdict, with what was measured before the run stopped."""
    stopped = evidence.stopped or {}
    if stopped["by"] != "budget":
        words = f"Nothing was run: {stopped['reason']}."
        return Verdict(gate, _NOTHING, Outcome.INCONCLUSIVE, words)
    seeds, planned = len(evidence.seeds), len(evidence.charter.schedule.seeds)
    where = f"with {seeds} of {planned} seeds finished" if seeds else "before a seed was finished"
    words = f"Stopped at budget.{stopped['cap']} {where}."
    if so_far is None or so_far.outcome is Outcome.ERROR:
        why = "" if so_far is None else f" So far: {so_far.reason}"
        return Verdict(gate, _NOTHING, Outcome.INCONCLUSIVE, f"{words}{why}")
    said = so_far.outcome.upper()
    note = f"So far {said}, which decides nothing: {so_far.reason}"
    return replace(so_far, outcome=Outcome.INCONCLUSIVE, reason=f"{words} {note}")


def stated_stop(evidence: Evidence) -> Mapping[str, Any] | None:
    """Return why a run was stopped with what to type in `words`; None where it was not."""
    if evidence.stopped is None:
        return None
    locked = evidence.record["lock"] is not None
    words = stop_words(evidence.stopped, evidence.charter, locked=locked)
    return {**evidence.stopped, "words": words}
