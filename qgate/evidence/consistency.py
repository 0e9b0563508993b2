"""Whether a record agrees with itself: what was planned, what is said to have run, and what did."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from qgate.charter.build import build_charter
from qgate.charter.charter import MOST_CELLS, Charter
from qgate.data.opaque import SLICE_PATTERN, class_names
from qgate.digest import digest
from qgate.evidence.stops import stop_problems
from qgate.quantum.drift import used_qubits


def disagreements(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield where a record of the right form contradicts itself."""
    if digest(record["charter"]) != record["inputs"]["charter"]:
        yield "record.charter: not the one that record.inputs has the digest of"
    charter = build_charter(record["charter"], "")
    if charter.schedule.cells > MOST_CELLS:  # before they are listed
        yield f"record.charter.schedule: more than {MOST_CELLS:,} trials of an arm"
        return
    yield from _gate_problems(charter)
    found = list(_look_problems(record, charter))
    yield from found or stop_problems(record, charter)  # which relies on the looks
    yield from _slice_problems(record, charter)
    yield from _calibration_problems(record, charter)
    yield from _veil_problems(record, charter)


def _gate_problems(charter: Charter) -> Iterator[str]:
    """Yield gates that nothing can be held against, which no charter has when it runs."""
    for gate in charter.gates:
        stated = gate.threshold
        absolute = stated.low is not None or stated.high is not None
        if not absolute and (stated.vs_baseline is None or gate.slices is not None):
            yield f"record.charter.gates: {gate.name!r} has no threshold"


def _veil_problems(record: Mapping[str, Any], charter: Charter) -> Iterator[str]:
    """Yield what a record of confidential data lacks, or shows in the open, and the reverse."""
    data = charter.data
    solves = data.confidential and data.task == "optimization"
    for key, due in (("items", data.confidential), ("formats", solves)):
        if (key in record) != due:
            kind = "confidential problems" if key == "formats" else "confidential data"
            yield f"record.{key}: expected where, and only where, the charter is of {kind}"
    if not data.confidential:
        return
    if record["classes"] != class_names(len(record["classes"])):
        yield "record.classes: expected class-0, class-1 and so on, the data being confidential"
    if data.task == "regression" and np.any(np.asarray(record["truth"], dtype=np.float64)):
        yield "record.truth: expected zeros: of confidential numbers the errors alone are kept"
    if any("solutions" in trial for trial in record["trials"]):
        yield "record.trials: expected no solutions, the data being confidential"
    known = (record.get("slices") or {}).get("known", ())
    stated = {value for gate in charter.gates for value in gate.slices or ()}
    if any(v not in stated and not re.fullmatch(SLICE_PATTERN, v) for v in known):
        yield "record.slices: expected opaque names, the data being confidential"


def _calibration_problems(record: Mapping[str, Any], charter: Charter) -> Iterator[str]:
    """Yield where two calibrations are not those of the qubits that the arm stands on."""
    found = record.get("calibration", {})
    asked = {a.role for a in charter.arms if a.device and a.device.current}
    if not found and "stopped" in record and not record["trials"]:
        return  # it was stopped before any arm was made
    if set(found) != asked:
        yield "record.calibration: expected of the arms that name a later snapshot"
    for role in asked & set(found):
        stands = used_qubits(record.get("figures", {}).get(role, {}))
        if sorted(found[role]["used"]) != sorted(stands):
            yield f"record.calibration.{role}.used: expected the qubits of its figures"


def _look_problems(record: Mapping[str, Any], charter: Charter) -> Iterator[str]:
    planned, looks = charter.schedule.looks, record.get("looks")
    if (planned is None) != (looks is None):
        yield "record.looks: expected where, and only where, the charter schedules looks"
        return
    if planned is None or looks is None:
        return
    seeds = charter.schedule.seeds
    by_seeds = planned.by == "seeds"
    total = len(seeds) if by_seeds else len(record["truth"])
    if planned.too_close(total):
        yield "record.charter.schedule.looks: too close to each other for any level"
        return
    ends = list(planned.ends(total))
    taken = looks["taken"]
    if isinstance(taken, bool) or not 1 <= taken <= len(ends):
        yield f"record.looks.taken: expected a number from 1 to {len(ends)}"
        return
    expected = {
        "by": planned.by,
        "ends": ends,
        "seeds": ends[taken - 1] if by_seeds else len(seeds),
    }
    for key, value in expected.items():
        if looks[key] != value:
            yield f"record.looks.{key}: expected {value}, as the charter has it"
    if "stopped" in record:
        return  # between two looks
    ran = {trial["seed"] for trial in record["trials"] if trial["arm"] == "candidate"}
    if by_seeds and ran != set(seeds[: ends[taken - 1]]):
        yield f"record.trials: expected the candidate's of the first {ends[taken - 1]} seeds"
    stops = {
        trial.get("items", (0, 0))[1] for trial in record["trials"] if trial["arm"] == "candidate"
    }
    if not by_seeds and stops != set(ends[:taken]):
        yield f"record.trials: expected the candidate's blocks up to item {ends[taken - 1]}"


def _slice_problems(record: Mapping[str, Any], charter: Charter) -> Iterator[str]:
    slices = record.get("slices")
    asked = any(gate.slices is not None for gate in charter.gates)
    if asked != (slices is not None):
        yield "record.slices: expected where, and only where, a gate of the charter has slices"
    if slices is None:
        return
    known = slices["known"]
    if slices["column"] != charter.data.slice:
        yield f"record.slices.column: expected {charter.data.slice!r}, the charter's"
    if known != sorted(set(known)) or not set(slices["values"]) <= set(known):
        yield "record.slices.known: expected every value once, in order"
