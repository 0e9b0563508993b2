"""Whether the run was of what was locked, and whether its trials come out the same again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgate.charter.charter import Gate
from qgate.evidence.evidence import Evidence
from qgate.files import typed
from qgate.lock.inputs import differences
from qgate.lock.lock import Lock
from qgate.measure.measurement import Counts, Forecast, Measurement
from qgate.plan.plan import Plan

_METHOD = "exact comparison with the lock, and replays in a new process"


def measure(evidence: Evidence, gate: Gate, *, advise: bool = True) -> Measurement:
    """Return the number of mismatches; each is named, with both values, in the notes."""
    del gate, advise
    lock = evidence.record["lock"]
    if lock is None:
        path = typed(evidence.observations["charter_path"])
        return Measurement(error=f"there is no lock: qgate lock {path}", method=_METHOD)
    replays = evidence.record["replays"]
    if not replays:
        return Measurement(error="no trial was replayed", method=_METHOD)
    inputs = evidence.record["inputs"]
    found = differences(lock["inputs"], inputs)
    found += [
        f"replay of seed {replay['seed']}: predictions {str(replay['first'])[:12]}, "
        f"then {str(replay['again'])[:12]}"
        for replay in replays
        if None not in (replay["first"], replay["again"]) and replay["first"] != replay["again"]
    ]
    found += _repeated_draws(evidence)
    failed = [replay for replay in replays if None in (replay["first"], replay["again"])]
    if failed and not found:
        return Measurement(error=_failed_words(failed[0]), method=_METHOD)
    locked = evidence.observations["locked_evidence"]
    if not found and locked is not None and locked != evidence.digest:
        found.append(
            f"evidence digest: locked {locked[:12]}, now {evidence.digest[:12]}, though every "
            "input is as locked: the computation itself differs on this machine"
        )
    equal = sum(
        replay["first"] == replay["again"] and replay["first"] is not None for replay in replays
    )
    k = len(replays)
    digest = ", evidence digest as locked" if locked == evidence.digest else ""
    note = (
        f"{equal} of {k} replays equal, "
        f"{sum(lock['inputs'].get(name) == value for name, value in inputs.items())} of "
        f"{len(inputs)} inputs as locked{digest}."
    )
    method = _METHOD
    if equal == k:
        method += f"; {k} clean ones bound the rate of mismatches by {1 - 0.05 ** (1 / k):.0%}"
    return Measurement(
        float(len(found)), bounded=False, counts=Counts(items=k), method=method,
        notes=(*found, note),
    )  # fmt: skip


def _failed_words(replay: Mapping[str, Any]) -> str:
    """Return which run of a replayed trial failed: nothing was held against the other."""
    if replay["again"] is not None:
        return f"the trial of seed {replay['seed']} failed, its replay did not: run again"
    if replay["first"] is not None:
        return f"the replay of seed {replay['seed']} failed, the trial did not: run again"
    return "the replayed trials failed, both times"


def _repeated_draws(evidence: Evidence) -> list[str]:
    """Return which trials drew the very same numbers, though each ought to draw its own.

    They would count as independent evidence and are one piece of it.
    """
    seen: dict[str, Mapping[str, Any]] = {}
    found: list[str] = []
    for trial in evidence.record["trials"]:
        for call, drawn in trial.get("draws", {}).items():
            first = seen.setdefault(drawn, trial)
            if first is not trial:
                found.append(
                    f"{call} of {_named(trial)}: the draws are those of {_named(first)}, though "
                    "each trial ought to draw its own"
                )
    return found


def _named(trial: Mapping[str, Any]) -> str:
    return "{arm} seed {seed}, {shots} shots, replicate {replicate}".format_map(trial)


def forecast(plan: Plan, gate: Gate, lock: Lock | None, past: Evidence | None = None) -> Forecast:
    """Return that it can be decided; without a lock the verdict will be an error."""
    del gate, past
    if lock is None:
        return Forecast(True, None, f"there is no lock yet: qgate lock {typed(plan.charter.path)}")
    return Forecast(True, None, f"{len(plan.replayed())} replays, {len(lock.inputs)} inputs")
