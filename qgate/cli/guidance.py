"""What to do about each kind of metric: what narrows its bounds, how to mend it, what to type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qgate.charter.vocabulary import MetricTerms


@dataclass(frozen=True)
class Guidance:
    """For the metrics that `holds` is true of."""

    holds: Callable[[MetricTerms], bool]
    narrows: str
    remedy: str
    commands: tuple[str, ...]


def guidance(terms: MetricTerms) -> Guidance:
    """Return the first of the table that is for a metric; the last is for any."""
    return next(row for row in _TABLE if row.holds(terms))


def _named(*names: str) -> Callable[[MetricTerms], bool]:
    return lambda terms: terms.name in names


def _needing(need: str) -> Callable[[MetricTerms], bool]:
    return lambda terms: need in terms.needs


_EXACT = "Nothing is random: there are no bounds, and 0 is the only pass."
_MODELLED = "It is modelled, so more trials narrow it only as far as they are timed."
_RUN, _PLAN, _LOCK = "qgate run CHARTER", "qgate plan CHARTER", "qgate lock CHARTER"
_CIRCUIT = "qgate circuit CHARTER"
_TABLE = (
    Guidance(
        _named("reproducibility"), _EXACT,
        "Put back the input that differs, or lock anew with a reason. Where a replay differs, find "
        "what is not seeded: threads, hashes, an estimator without random_state.",
        (f'{_LOCK} --reason "why it changed"', "qgate compare EVIDENCE OTHER"),
    ),
    Guidance(
        _named("baseline_drift"), _EXACT,
        "The classical baseline predicts otherwise than when it was locked: find what changed "
        "(data, library, parameters) before anything is compared with it, then lock anew.",
        ("qgate compare EVIDENCE OTHER", f'{_LOCK} --reason "why it changed"'),
    ),
    Guidance(
        _named("residency"), _EXACT,
        "Run each arm in a region that data.region allows, and state it as the arm's `region`.",
        ("qgate check CHARTER",),
    ),
    Guidance(
        _named("comparison"), _EXACT,
        "Keep the rule that the reason names: give both arms the same tuning, take a stronger "
        "baseline, more seeds, or an ablation.",
        (_PLAN,),
    ),
    Guidance(
        _named("quantum_contribution", "label_leak"),
        "More items and seeds, in both arms.",
        "Where the ablation does as well, the quantum part adds nothing shown: promote the "
        "ablation, or keep the classical service. Where permuted labels are learned, look for the "
        "target among the features.",
        (_PLAN, "qgate run CHARTER --rehearse"),
    ),
    Guidance(
        _named("calibration_drift"),
        "No trials narrow it: it rests on the device's snapshots.",
        "Set the arm's device to the current snapshot and lock anew: a drift makes comparisons "
        "invalid, no candidate bad.",
        ("qgate device --help", f'{_LOCK} --reason "recalibrated"'),
    ),
    Guidance(
        _named("calibration_drift_effect"),
        "More items.",
        "Set the arm's device to the current snapshot, lock anew and run again.",
        (f'{_LOCK} --reason "recalibrated"', _RUN),
    ),
    Guidance(
        _needing("latency"),
        "More requests, on a machine with nothing else to do.",
        "Fewer shots or qubits a request, larger batches, another region; and compare both arms "
        "in one job, since shared runners are noisy.",
        (_CIRCUIT, _RUN),
    ),
    Guidance(
        _needing("replicates"),
        "More replicates, or seeds.",
        "Take more shots: the standard deviation falls with their square root, where the kernel "
        "does not concentrate.",
        (_PLAN, "qgate run CHARTER --rehearse"),
    ),
    Guidance(
        _needing("prices"), _MODELLED,
        "Fewer shots or circuits a prediction, a smaller training set in kernels, or another "
        "price list.",
        (_PLAN, "qgate spending"),
    ),
    Guidance(
        _needing("circuit"),
        "It is exact, or modelled by the device's snapshot; where it is a mean over rows, more "
        "training rows narrow it.",
        "Fewer or shallower layers, other qubits, a smaller `scale` of the feature map, or a "
        "projected kernel.",
        (_CIRCUIT, _PLAN),
    ),
    Guidance(
        lambda _: True,
        "More validation items; more seeds too, where training is random.",
        "Where it fails, take the gate's remediation, such as to disable a layer. Where it is "
        "inconclusive, the plan says how many items or seeds would decide.",
        (_PLAN, "qgate run CHARTER --rehearse"),
    ),
)  # fmt: skip
