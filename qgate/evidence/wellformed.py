"""Whether a bundle's content has the form that everything after it relies on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from qgate.charter.schema import findings_against
from qgate.charter.yaml_reader import Source


def problems(record: Any, observations: Any) -> list[str]:
    """Return what is wrong with a bundle's two members; empty when they can be measured.

    The schema checks names and types; the long arrays, lengths and ranges are checked here, since
    a schema would take seconds for them.
    """
    document = {"record": record, "observations": observations}
    if found := _against("evidence.v1.json", document):
        return found
    found = _against("charter.v1.json", record["charter"])
    for inputs, baseline in _lock_parts(record):
        lock = {"version": 1, "inputs": inputs, "baseline": baseline, "changes": []}
        found += _against("lock.v1.json", lock)
    return found or [*_array_problems(record), *_latency_problems(observations["latency"])]


def _against(schema: str, document: Any) -> list[str]:
    return [finding.message for finding in findings_against(schema, Source("", document, {}))]


def _lock_parts(record: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield inputs with a baseline, as in a lock; the run's own inputs have none."""
    nobody = {"id": "", "predictions": "0" * 64, "score": {"accuracy": 0.0}}
    yield record["inputs"], nobody
    if record["lock"] is not None:
        yield record["lock"]["inputs"], record["lock"]["baseline"]


def _array_problems(record: Mapping[str, Any]) -> Iterator[str]:
    classes, items = len(record["classes"]), len(record["truth"])
    if not _codes(record["truth"], items, classes):
        yield f"record.truth: expected class codes from 0 to {classes - 1}"
    cells: set[tuple[Any, ...]] = set()
    for i, trial in enumerate(record["trials"]):
        cell = (trial["arm"], trial["seed"], trial["shots"], trial["replicate"])
        if cell in cells:
            yield f"record.trials[{i}]: {cell} stands twice"
        cells.add(cell)
        predictions, scores = trial["predictions"], trial["scores"]
        if (predictions is None) != (trial["failure"] is not None):
            yield f"record.trials[{i}]: expected either predictions or a failure"
        if predictions is not None and not _codes(predictions, items, classes):
            yield f"record.trials[{i}].predictions: expected {items} codes from 0 to {classes - 1}"
        if scores is not None and not _finite(scores, items):
            yield f"record.trials[{i}].scores: expected {items} numbers"


def _latency_problems(latency: Mapping[str, Any]) -> Iterator[str]:
    for role, found in latency.items():
        requests = len(found["milliseconds"])
        if not _finite(found["milliseconds"], requests) or min(found["milliseconds"]) < 0:
            yield f"observations.latency.{role}.milliseconds: expected numbers from 0"
        if not _codes(found["sessions"], requests, requests):
            yield f"observations.latency.{role}.sessions: expected one session number a request"


def _codes(values: Sequence[Any], length: int, classes: int) -> bool:
    """Return whether these are so many whole numbers from 0 to below `classes`."""
    array = _array(values)
    if array is None or len(array) != length or array.dtype.kind != "i":
        return False
    return bool(array.min() >= 0 and array.max() < classes)


def _finite(values: Sequence[Any], length: int) -> bool:
    array = _array(values)
    if array is None or len(array) != length or array.dtype.kind not in "if":
        return False
    return bool(np.all(np.isfinite(array)))


def _array(values: Sequence[Any]) -> Any:
    """Return a flat array, None where values are nested or not alike."""
    try:
        array = np.asarray(values)
    except ValueError:
        return None
    return array if array.ndim == 1 and array.size else None
