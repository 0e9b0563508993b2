"""The rules of an honest comparison, each kept or not, read from evidence.

After Bowles, Ahmed and Schuld (2024): what makes a comparison of quantum and classical models one
that a referee accepts.
"""

from __future__ import annotations

from collections.abc import Callable
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
        return True, f"{words}: neither was searched for in this run"
    return efforts[0] == efforts[1], words


def _effort(tried: dict[str, int] | None) -> str:
    if tried is None:
        return ""
    return f"{tried['configurations']} configurations in {tried['folds']} folds"


def _strong_baseline(evidence: Evidence) -> _Answer:
    spec = evidence.charter.baseline
    if evidence.task == "optimization":
        return None
    if spec.strongest is not None:
        chosen = evidence.record["tuning"]["baseline"]["chosen"]["family"]
        return True, f"{chosen}, the best of {len(spec.strongest)} families on training rows"
    if spec.tuning is not None:
        return True, "tuned on training rows"
    return False, "one classical model, not tuned here (`baseline: strongest` does it)"


def _seeds(evidence: Evidence) -> _Answer:
    seeds = len(evidence.seeds)
    return seeds >= _FEWEST_SEEDS, f"{seeds} training seed{'' if seeds == 1 else 's'}"


def _leakage(evidence: Evidence) -> _Answer:
    if evidence.task == "optimization" or not evidence.train:
        return None
    if evidence.charter.data.duplicates == "allow":
        return False, "rows may stand in training and validation alike"
    return True, "no validation row stands among the training rows"


def _ablations(evidence: Evidence) -> _Answer:
    if evidence.charter.candidate.circuit is None:
        return None
    ran = {trial["arm"] for trial in evidence.record["trials"]}
    done = [role for roles in ABLATIONS.values() for role in roles if role in ran]
    if not done:
        return False, "none asked for (gates on quantum_contribution and label_leak do it)"
    return True, ", ".join(role.replace("_", " ") for role in done)


def _shots(evidence: Evidence) -> _Answer:
    if evidence.charter.candidate.circuit is None:
        return None
    shots = [shots for shots in evidence.charter.schedule.shots if shots is not None]
    if not shots:
        return False, "exact probabilities only, which no device gives"
    return True, f"{max(shots):,} shots" + (
        "" if evidence.charter.candidate.device else ", no device noise"
    )


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
