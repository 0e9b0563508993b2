"""Sentences that several reports share."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from qgate.files import printable, typed
from qgate.gates.decision import Action, Decision
from qgate.gates.verdict import Verdict
from qgate.measure.measurement import CLAIM_WORDS
from qgate.measure.units import bare, in_words
from qgate.rollout.rollback import RollbackPlan

_MOST_NAMES = 8
"""Of gates in a sentence."""
HEADLINES = {Action.PROMOTE: "PROMOTE", Action.HOLD: "HOLD", Action.ROLLBACK: "ROLL BACK"}


def headline(decision: Decision) -> str:
    """Return the decision in capitals; under other terms than the run's, what it would be."""
    said = HEADLINES[decision.action]
    return f"WOULD {said}" if decision.hypothetical else said


def override_sentences(decision: Decision) -> list[str]:
    """Return each override of the pilot that has not ended: who, until when, why, of what."""
    told = [
        f"BREAK-GLASS until {found['until']}, by {found['by']}: {found['reason']} "
        f"(evidence {found['evidence'][:12]})"
        for found in decision.overrides
    ]
    if decision.overrides_unknown:
        told.append(f"Whether the gates are overridden is not known: {decision.overrides_unknown}")
    return told


def circuit_sentences(decision: Decision) -> list[str]:
    """Return what was simulated of each arm's circuit, and behind which device's noise."""
    return [
        f"{arm.id}: {circuit_words(decision.circuits[arm.role], arm.kind)}"
        for arm in decision.charter.arms
        if arm.role in decision.circuits
    ]


_EACH = {"quantum_kernel": "a pair", "quantum_solver": "a problem"}
"""What takes a circuit, where it is not a row."""


def circuit_words(figures: Mapping[str, Any], kind: str = "quantum_kernel") -> str:
    """Return the figures of an arm's circuit in words, of its kernel too where they are known."""
    shape = (
        f"{figures['qubits']} qubits, depth {figures['depth']}, {figures['two_qubit_gates']} "
        f"two-qubit gates {_EACH.get(kind, 'a row')}"
    )
    if "device" in figures:
        qubits = ", ".join(str(qubit) for qubit in figures["physical_qubits"])
        found = (
            f"modelled gate and readout noise of {figures['device']} (no idle noise, no crosstalk: "
            f"optimistic), calibrated {figures['calibrated'][:10]} "
            f"(snapshot {figures['snapshot'][:12]}), on its qubits {qubits}; {shape}"
        )
        if "mitigation" in figures:
            found += f"; mitigated ({figures['mitigation']})"
        if "diagonal_min" not in figures:
            return f"{found}."
        low, high = figures["diagonal_min"], figures["diagonal_max"]
        return (
            f"{found}; a row's fidelity with itself {low:.2f} to {high:.2f}, ideally 1; K(x, y) "
            f"and K(y, x) differ by up to {figures['asymmetry']:.2g}."
        )
    if "max_bond" in figures:
        most, bond = figures["max_bond"], figures["bond"]
        cut = ", which may be cut there: an approximation" if bond == most else ""
        return f"matrix-product states, bonds {bond} of at most {most}{cut}, no noise; {shape}."
    return f"simulated without noise; {shape}."


def tuning_sentences(decision: Decision) -> list[str]:
    """Return what each arm's tuning tried and chose; empty where nothing was tuned."""
    return [
        f"{role.replace('_', ' ')}: {tried['configurations']} configurations in {tried['folds']} "
        f"folds of the training rows, chosen {_settings_words(tried['chosen'])}"
        + (f"; {tried['failed']} could not be fitted" if tried["failed"] else "")
        + "."
        for role, tried in decision.tuning.items()
    ]


def _settings_words(chosen: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in chosen.items())


def comparison_sentences(decision: Decision) -> list[str]:
    """Return the rules of an honest comparison that were not kept, then those that were."""
    broken = [rule for rule in decision.comparison if not rule.kept]
    kept = [rule.name for rule in decision.comparison if rule.kept]
    lines = [f"Not kept: {rule.name}: {rule.words}." for rule in broken]
    return [*lines, *([f"Kept: {', '.join(kept)}."] if kept else [])]


_REHEARSED = {"fail": "fails too", "pass": "passes", "dropped": "is not asked any more"}


def rehearsal_words(decision: Decision, verdict: Verdict) -> str:
    """Return what a gate's remediation would come to; empty where it was not rehearsed."""
    gate = verdict.gate
    found = next((r for r in decision.rehearsals if r["gate"] == gate.name), None)
    if found is None:
        return ""
    if found["outcome"] == "not_rehearsed":
        return f"not rehearsed: {found['reason']}"
    cost = f"{found['circuits']:,} circuits, {found['shots']:,} shots"
    if found["usd"] is not None:
        cost += f", {found['usd']:.2f} USD (modelled)"
    own = found["open"].get(gate.name, "dropped" if gate.name in found["dropped"] else "pass")
    words = _REHEARSED.get(own, f"{own} too")
    if gate.name in found["values"]:
        value = in_words(found["values"][gate.name], verdict.unit, difference=verdict.in_points)
        words += f" at {value}"
    asked = {n: o for n, o in found["open"].items() if n != gate.name}
    asked |= {name: "is not asked any more" for name in found["dropped"] if name != gate.name}
    others = ", ".join(f"{name} {outcome}" for name, outcome in asked.items())
    rest = f"; {others}" if others else "; every other gate passes"
    return f"rehearsed: {words}{rest}; {cost}"


def judge_command(decision: Decision) -> str:
    """Return the command that derives this decision again."""
    command = f"qgate judge {typed(decision.evidence_path)}"
    if decision.hypothetical:
        command += f" --charter {typed(decision.charter.path)}"
    return command


def traffic_words(decision: Decision, rollback: RollbackPlan) -> str:
    """Return where traffic belongs after this decision."""
    if decision.hypothetical:
        return (
            f"Under {decision.charter.path}, which was not what ran: nothing follows for traffic."
        )
    candidate = decision.charter.candidate.id
    if decision.action is Action.PROMOTE:
        if needed := decision.charter.approvals.required:
            people = "one approval" if needed == 1 else f"{needed} approvals"
            evidence = typed(decision.evidence_path)
            return (
                f"Every gate passed; {candidate} may take production traffic once it has {people}: "
                f"qgate approve {evidence} --key KEY, then qgate promote --check {evidence}; "
                f"the way back is {rollback.command}."
            )
        return f"{candidate} may take production traffic; the way back is {rollback.command}."
    if decision.action is Action.HOLD:
        return f"Traffic stays on {rollback.to}; nothing to roll back."
    return f"All traffic belongs on {rollback.to}; approval by {rollback.approver}."


def threshold_words(verdict: Verdict) -> str:
    """Return a gate's threshold as `max 2.0`, `min 90.0`, `±1.0`, `max 1.5x base` or in words."""
    threshold, unit = verdict.gate.threshold, verdict.unit
    if unit == "mismatches" and threshold.high == 0:
        return "none allowed"
    if threshold.low is not None and threshold.high is not None:
        return f"±{bare(threshold.high, unit)}"
    words = []
    if threshold.high is not None:
        words.append(f"max {bare(threshold.high, unit)}")
    if threshold.low is not None:
        words.append(f"min {bare(threshold.low, unit)}")
    if threshold.vs_baseline is not None:
        words.append(f"{'' if words else 'max '}{threshold.vs_baseline:g}x base")
    return ", ".join(words)


def value_words(verdict: Verdict) -> str:
    """Return the value with its unit, empty where there is none."""
    value, relative = verdict.measurement.value, verdict.measurement.relative
    if value is None:
        return ""
    multiple = f" {relative.value:.2g}x" if relative and verdict.unit != "ratio" else ""
    return in_words(value, verdict.unit, difference=verdict.in_points) + multiple


def claims_sentence(decision: Decision) -> str:
    """Return over what each verdict holds, in one sentence."""
    by_claim: dict[str, list[str]] = {}
    for verdict in decision.verdicts:
        by_claim.setdefault(verdict.measurement.claim, []).append(verdict.gate.name)
    parts = [f"{_joined(names)} {CLAIM_WORDS[claim]}" for claim, names in by_claim.items()]
    return f"Each verdict holds no further than its claim: {'; '.join(parts)}."


def _joined(names: list[str]) -> str:
    if len(names) > _MOST_NAMES:
        names = [*names[: _MOST_NAMES - 1], f"{len(names) - _MOST_NAMES + 1} more"]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def stop_sentence(decision: Decision) -> str:
    """Return why the run was stopped before its end, and what to type; empty where it was not."""
    return str(decision.stopped["words"]) if decision.stopped else ""


def attempt_sentence(decision: Decision) -> str:
    """Return what earlier attempts take from a pass; empty where there was none."""
    told = (_same_terms(decision), other_terms_sentence(decision))
    return " ".join(sentence for sentence in told if sentence)


def other_terms_sentence(decision: Decision) -> str:
    """Return what the pilot came to before under other locks; empty where the log knew of none."""
    if not decision.other_terms:
        return ""
    return (
        f"Before, under other terms: {decision.came_before}. Terms that are chosen after a result "
        "show less than they say; `qgate log` tells why each was locked anew."
    )


def _same_terms(decision: Decision) -> str:
    attempts = decision.charter.attempts
    each = f"{100 * decision.error_each:.3g}%"
    if attempts.spend and attempts.most:
        return (
            f"Attempt {decision.attempt} of at most {attempts.most} on this lock, which share one "
            f"error: each is judged at {each}."
        )
    if decision.attempt == 1:
        return ""
    together = f"{100 * decision.error_after_attempts:.1f}%"
    return (
        f"Attempt {decision.attempt} on this lock: a pass after retries is worth less. So many "
        f"tries at {each} each pass by luck up to {together} of the time, not {each}."
    )


def rehearsal_sentence(decision: Decision) -> str:
    """Return what a choice among rehearsed remediations costs; empty where none ran."""
    ran = {found["evidence"] for found in decision.rehearsals if "evidence" in found}
    if not ran:
        return ""
    each, looks = decision.error_each, len(ran) + 1
    by_luck = f"{100 * (1 - (1 - each) ** looks):.1f}%"
    return (
        f"Rehearsed on the very data that judge: {len(ran)} more "
        f"look{'' if len(ran) == 1 else 's'}, which no count of attempts tells. The best of "
        f"{looks} passes by luck up to {by_luck} of the time, not {100 * each:.3g}%."
    )


def look_sentences(decision: Decision) -> list[str]:
    """Return what each planned look found, in order; empty where none was planned."""
    lines = []
    for number, look in enumerate(decision.looks, 1):
        deciding = [verdict for verdict in look.verdicts if verdict.decides]
        levels = {_level(verdict) for verdict in deciding}
        once = f", each bound at {levels.pop()}" if len(levels) == 1 else ""
        found = ", ".join(
            f"{v.gate.name} {v.outcome}" + ("" if once else f" at {_level(v)}")
            + (f" ({value_words(v)})" if v.measurement.value is not None else "")
            for v in deciding
        )  # fmt: skip
        lines.append(f"Look {number} after {look.after} {look.by}{once}: {found}.")
    if lines and (left := _unused(decision)):
        lines.append(f"Decided: {left} were not run.")
    return lines


def _level(verdict: Verdict) -> str:
    confidence = verdict.measurement.confidence
    return "no level" if confidence is None else f"{100 * (1 - confidence):.2g}%"


def _unused(decision: Decision) -> str:
    looks = decision.charter.schedule.looks
    if looks is None or decision.stopped or decision.looks[-1].after not in looks.after:
        return ""
    rest = f"more {looks.by}"
    if looks.by == "seeds":
        rest = f"{len(decision.charter.schedule.seeds) - decision.looks[-1].after} seeds"
    return rest


def comparison_words(verdict: Verdict) -> str:
    """Return p values and other procedures' intervals, which decide nothing."""
    unit = verdict.unit
    return ", ".join(
        f"{name} {values[0]:.2g}"
        if len(values) == 1
        else f"{name} {bare(values[0], unit)} to {bare(values[1], unit)}"
        for name, values in verdict.measurement.also
    )


def slice_name(name: str) -> str:
    """Return a slice's name, as far as a line has room for it."""
    return textwrap.shorten(printable(name), 40, placeholder="...") or "(empty)"


def slice_words(verdict: Verdict) -> list[str]:
    """Return a line for each slice, the worst first."""
    unit = verdict.unit
    ordered = sorted(verdict.measurement.parts, key=lambda part: part.p)
    return [
        f"{slice_name(part.name)}: {in_words(part.value, unit, difference=verdict.in_points)} "
        f"({bare(part.low, unit)} to {bare(part.high, unit)}), {part.items} items"
        + (f", beyond it (Holm p {part.p:.2g})" if part.beyond else "")
        for part in ordered
    ]
