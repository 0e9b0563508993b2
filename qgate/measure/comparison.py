"""The rules of an honest comparison, each kept or not, read from evidence.

After Bowles, Ahmed and Schuld (2024): what makes a comparison of quantum and classical models one
that a referee accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from qgate.charter.charter import Gate
from qgate.charter.derived import ABLATIONS
from qgate.evidence.evidence import Evidence
from qgate.lock.lock import Lock
from qgate.measure.measurement import Counts, Forecast, Measurement
from qgate.plan.plan import Plan

_FEWEST_SEEDS = 3


@dataclass(frozen=True)
class Rule:
    """A rule, whether it was kept, and in words what was done."""

    name: str
    kept: bool
    words: str


def rules(evidence: Evidence) -> tuple[Rule, ...]:
    """Return every rule that this comparison could keep."""
    found = ((name, rule(evidence)) for name, rule in _RULES.items())
    return tuple(Rule(name, *answer) for name, answer in found if answer is not None)


_Answer = tuple[bool, str] | None
"""Kept or not, and words; None where the rule does not apply."""


def _tuning(evidence: Evidence) -> _Answer:
    tried = evidence.record.get("tuning", {})
    efforts = [_effort(tried.get(role)) for role in ("baseline", "candidate")]
    words = " and ".join(
        f"the {role} {effort or 'as stated'}"
        for role, effort in zip(("baseline", "candidate"), efforts, strict=True)
    )
    if not any(efforts):
        return None  # what was tried before this run is not known
    sizes = [_size(tried.get(role)) for role in ("baseline", "candidate")]
    fitted = [_fitted(tried.get(role)) for role in ("baseline", "candidate")]
    # A baseline most of whose configurations cannot be fitted was not searched for as well.
    return sizes[0] == sizes[1] and fitted[0] >= fitted[1], words


def _effort(tried: Mapping[str, int] | None) -> str:
    if tried is None:
        return ""
    failed = f", {tried['failed']} of which could not be fitted" if tried["failed"] else ""
    return f"{tried['configurations']} configurations in {tried['folds']} folds{failed}"


def _size(tried: Mapping[str, int] | None) -> tuple[int, int]:
    return (tried["configurations"], tried["folds"]) if tried else (0, 0)


def _fitted(tried: Mapping[str, int] | None) -> int:
    return tried["configurations"] - tried["failed"] if tried else 0


def _strong_baseline(evidence: Evidence) -> _Answer:
    spec = evidence.charter.baseline
    if evidence.task == "optimization":
        return None
    if spec.circuit is not None:
        return False, "the baseline is no classical model"
    tried = evidence.record.get("tuning", {}).get("baseline")
    if spec.strongest is not None and tried is not None:
        chosen = tried["chosen"]["family"]
        return True, f"{chosen}, the best of {len(spec.strongest)} families on training rows"
    if tried is not None:
        fitted = _fitted(tried)
        return fitted > 1, f"{fitted} configuration{'' if fitted == 1 else 's'} on training rows"
    return False, "one classical model, not tuned here (`baseline: strongest` does it)"


def _seeds(evidence: Evidence) -> _Answer:
    seeds = len(evidence.seeds)
    return seeds >= _FEWEST_SEEDS, f"{seeds} training seed{'' if seeds == 1 else 's'}"


def _leakage(evidence: Evidence) -> _Answer:
    if evidence.task == "optimization" or not evidence.train:
        return None
    if any(arm.recorded for arm in evidence.charter.arms):
        return False, "what recorded predictions were trained on is not known here"
    if evidence.charter.data.duplicates == "allow":
        return False, "rows may stand in training and validation alike"
    return True, "no validation row stands among the training rows"


def _ablations(evidence: Evidence) -> _Answer:
    if not _quantum(evidence):
        return None
    if evidence.charter.candidate.circuit is None:
        return False, "none: of a class no part is known"
    trials = evidence.record["trials"]
    ran = {trial["arm"] for trial in trials} - {t["arm"] for t in trials if t["failure"]}
    done = [role for roles in ABLATIONS.values() for role in roles if role in ran]
    words = ", ".join(role.replace("_", " ") for role in done)
    if ran.intersection(ABLATIONS["quantum_contribution"]):
        return True, words
    if evidence.task == "regression":
        return False, "none: of models of numbers no part is taken out"
    lacking = "the quantum part was never taken out (a gate on quantum_contribution does it)"
    return False, f"{words} alone: {lacking}" if done else lacking


def _quantum(evidence: Evidence) -> bool:
    """Return whether the candidate is read by shots: a circuit, or a class that takes them."""
    spec, schedule = evidence.charter.candidate, evidence.charter.schedule
    sampled = any(shots is not None for shots in schedule.shots)
    return spec.circuit is not None or (spec.estimator is not None and sampled)


def _shots(evidence: Evidence) -> _Answer:
    if not _quantum(evidence):
        return None
    charter = evidence.charter
    read = [charter.shots_of(gate) for gate in charter.gates if _on_quality(gate)]
    shots = [shots for shots in read or charter.schedule.shots if shots is not None]
    if not shots:
        return False, "exact probabilities only, which no device gives"
    return True, f"{max(shots):,} shots"


def _on_quality(gate: Gate) -> bool:
    """Return whether a gate decides, and by what the candidate predicts or solves."""
    quality = gate.metric.startswith("val_") or gate.metric == "optimum_reached"
    return quality and gate.mode == "enforce"


_RULES: dict[str, Callable[[Evidence], _Answer]] = {
    "equal tuning": _tuning,
    "strong baseline": _strong_baseline,
    "several seeds": _seeds,
    "no leakage": _leakage,
    "ablations": _ablations,
    "finite shots": _shots,
}


def measure(evidence: Evidence, gate: Gate, *, advise: bool = True) -> Measurement:
    """Return the number of rules that were not kept; each is named, with what was done."""
    del gate, advise
    found = rules(evidence)
    broken = [rule for rule in found if not rule.kept]
    notes = [f"{rule.name}: {rule.words}" for rule in broken]
    return Measurement(
        float(len(broken)), bounded=False, counts=Counts(items=len(found)),
        method="the charter and what ran, rule by rule",
        notes=(*notes, f"{len(found) - len(broken)} of {len(found)} rules kept."),
    )  # fmt: skip


def forecast(plan: Plan, gate: Gate, lock: Lock | None, past: Evidence | None = None) -> Forecast:
    """Return that it is decided by what runs."""
    del plan, gate, lock, past
    return Forecast(True, None, "read from the charter and what runs")
