"""What of the comparison itself cannot be: searches, ablations, problems, later snapshots."""

from __future__ import annotations

from collections.abc import Iterator

from qgate.charter.charter import Charter
from qgate.charter.clauses import gate_paths
from qgate.charter.derived import ABLATIONS
from qgate.charter.yaml_reader import Path_, Source
from qgate.errors import Finding

_NOT_TUNED = ("recorded", "solver", "quantum_solver")


def comparison_findings(charter: Charter, source: Source) -> Iterator[Finding]:
    """Yield what is wrong with how the arms are searched for, taken apart and held together."""
    yield from _tuning(charter, source)
    yield from _ablations(charter, source)
    yield from _problems(charter, source)


def _tuning(charter: Charter, source: Source) -> Iterator[Finding]:
    for arm in charter.arms:
        stated = "tuning" in charter.section(arm.role)
        place: Path_ = (arm.role, "tuning") if stated else ("tuning",)
        if arm.tuning is not None and stated and arm.kind in _NOT_TUNED:
            yield source.finding(place, f"a {arm.kind} arm has nothing to tune: remove this")
        once = stated or arm.role == "candidate"  # at the top it is one finding for both
        if arm.tuning is not None and charter.data.validation.resample and once:
            message = "rows that validate for one seed would tune for another: remove `resample`"
            yield source.finding(place, message)
        families = len(arm.strongest or ())
        if arm.tuning is not None and arm.tuning.budget < families:
            message = f"a budget of {arm.tuning.budget} is less than one for each of {families}"
            yield source.finding((*place, "budget"), f"{message} families")
        if families and charter.data.validation.resample:
            message = "the strongest baseline is tuned, which needs one split: remove `resample`"
            yield source.finding((arm.role,), message)
    efforts = [(arm.tuning.budget, arm.tuning.cv) if arm.tuning else None for arm in charter.arms]
    tunable = all(arm.kind not in _NOT_TUNED for arm in charter.arms)
    stated = efforts[0] is not None or not charter.baseline.strongest  # else it has its own budget
    if tunable and efforts[0] != efforts[1] and stated:
        words = ["x".join(map(str, e)) if e else "nothing" for e in efforts]
        message = f"unequal tuning: the baseline {words[0]}, the candidate {words[1]} (budget x cv)"
        yield source.finding(("candidate",), message, "warning")


def _ablations(charter: Charter, source: Source) -> Iterator[Finding]:
    derived = {arm.role for arm in charter.derived}
    for index, path in gate_paths(charter):
        metric = charter.gates[index].metric
        key = "name" if path[0] == "pilot" else "metric"
        if metric in ABLATIONS and not derived & set(ABLATIONS[metric]):
            message = f"{metric}: the candidate has no part that could be taken out"
            yield source.finding((*path, key), message)


def _problems(charter: Charter, source: Source) -> Iterator[Finding]:
    """Yield claims on new problems that one problem cannot support."""
    if len(charter.data.problems) != 1:
        return
    for index, path in gate_paths(charter):
        gate = charter.gates[index]
        if gate.metric.startswith("val_") and gate.claim != "this_dataset":
            message = "one problem says nothing of others: add `claim: this_dataset`"
            yield source.finding((*path, "claim"), message)
