"""Whether a bundle's content has the form that everything after it relies on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from qgate.charter.build import build_charter
from qgate.charter.schema import findings_against
from qgate.charter.shapes import shape_findings
from qgate.charter.yaml_reader import Source
from qgate.data.opaque import ITEM_PATTERN, MESSAGE_PATTERN
from qgate.evidence.consistency import disagreements

_LARGEST = 1e70
"""Of a number that is measured: the variance of squared errors of such is a number still."""


def problems(record: Any, observations: Any, **others: Any) -> list[str]:
    """Return what is wrong with a bundle's members; empty when they can be measured.

    The schema checks names and types; the long arrays, lengths and ranges are checked here, since
    a schema would take seconds for them.
    """
    document = {"record": record, "observations": observations, **others}
    if found := _against("evidence.v1.json", document):
        return found
    found = _against("charter.v1.json", record["charter"])
    found = found or [f.message for f in shape_findings(Source("", record["charter"], {}))]
    for inputs, baseline in _lock_parts(record):
        lock = {"version": 1, "inputs": inputs, "baseline": baseline, "changes": []}
        found += _against("lock.v1.json", lock)
    found = found or [*_array_problems(record), *_latency_problems(observations["latency"])]
    return found or [*disagreements(record), *_message_problems(record, observations)]


def _against(schema: str, document: Any) -> list[str]:
    return [finding.message for finding in findings_against(schema, Source("", document, {}))]


def _message_problems(record: Mapping[str, Any], observations: Mapping[str, Any]) -> Iterator[str]:
    """Yield failures of confidential data whose message is in the open."""
    if record["charter"]["data"].get("classification") != "confidential":
        return
    for trial, message in observations["failures"].items():
        if not re.fullmatch(MESSAGE_PATTERN, str(message)):
            yield f"observations.failures.{trial}: expected the message's keyed digest alone"


def _lock_parts(record: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield inputs with a baseline, as in a lock; the run's own inputs have none."""
    nobody = {"id": "", "predictions": "0" * 64, "score": {"accuracy": 0.0}}
    yield record["inputs"], nobody
    if record["lock"] is not None:
        yield record["lock"]["inputs"], record["lock"]["baseline"]


def _array_problems(record: Mapping[str, Any]) -> Iterator[str]:
    data, classes = record["charter"]["data"], len(record["classes"])
    task = data.get("task", "classification")
    if task != "classification" and classes:
        yield f"record.classes: expected none where the task is {task}"
    if task == "classification" and classes < 2:
        yield "record.classes: expected at least 2"
    truths = _truths(record)
    items = len(truths[0]) if truths else 0
    if not truths or not all(_labels(truth, items, classes) for truth in truths):
        form = "for each seed a list of as many " if _resamples(record) else ""
        yield f"record.truth: expected {form}{_kind(classes)}"
        return
    cells: set[tuple[Any, ...]] = set()
    for i, trial in enumerate(record["trials"]):
        cell = (trial["arm"], trial["seed"], trial["shots"], trial["replicate"])
        cell += tuple(trial.get("items", ()))
        if cell in cells:
            yield f"record.trials[{i}]: {cell} stands twice"
        cells.add(cell)
        for problem in _trial_problems(trial, items, classes):
            yield f"record.trials[{i}]{problem}"
    yield from _slice_problems(record, items)
    yield from _item_problems(record, items)


def _item_problems(record: Mapping[str, Any], items: int) -> Iterator[str]:
    """Yield what is wrong with the opaque ids of confidential items."""
    if "items" not in record:
        return
    seeds = record["items"] if _resamples(record) else [record["items"]]
    if len(seeds) != len(_truths(record)) or not all(_are_ids(ids, items) for ids in seeds):
        form = "for each seed " if _resamples(record) else ""
        yield f"record.items: expected {form}{items} different opaque ids, rising"
    if len(record.get("formats", range(items))) != items:
        yield f"record.formats: expected a suffix for each of {items} items"


def _are_ids(ids: Any, items: int) -> bool:
    """Return whether these are so many opaque ids, each above the one before."""
    if not isinstance(ids, list) or len(ids) != items:
        return False
    if not all(isinstance(one, str) and re.fullmatch(ITEM_PATTERN, one) for one in ids):
        return False
    return all(one < other for one, other in pairwise(ids))


def _trial_problems(trial: Mapping[str, Any], items: int, classes: int) -> Iterator[str]:
    start, stop = trial.get("items", (0, items))
    if not start < stop <= items:
        yield f".items: expected a block of the items from 0 to {items}"
        return
    predictions, scores, length = trial["predictions"], trial["scores"], stop - start
    if (predictions is None) != (trial["failure"] is not None):
        yield ": expected either predictions or a failure"
    if predictions is not None and not _labels(predictions, length, classes):
        yield f".predictions: expected {length} {_kind(classes)}"
    if scores is not None and not (classes and _finite(scores, length)):
        yield f".scores: expected {length} numbers" if classes else ".scores: expected none"


def _slice_problems(record: Mapping[str, Any], items: int) -> Iterator[str]:
    slices = record.get("slices")
    if slices is None:
        return
    values = slices["values"]
    if _resamples(record):
        yield "record.slices: expected none where each seed has a validation set of its own"
    elif len(values) != items or not all(isinstance(value, str) for value in values):
        yield f"record.slices.values: expected a text for each of {items} items"


def _resamples(record: Mapping[str, Any]) -> bool:
    validation = record["charter"]["data"].get("validation")
    return isinstance(validation, dict) and bool(validation.get("resample"))


def _truths(record: Mapping[str, Any]) -> list[Any]:
    """Return each seed's truth, or the one for all seeds; none where they are not as many."""
    if not _resamples(record):
        return [record["truth"]]
    truths = record["truth"]
    seeds = build_charter(record["charter"], "").schedule.seeds
    if len(truths) != len(seeds) or not all(isinstance(truth, list) for truth in truths):
        return []
    return list(truths)


def _kind(classes: int) -> str:
    return f"codes from 0 to {classes - 1}" if classes else f"numbers up to {_LARGEST:g}"


def _labels(values: Sequence[Any], length: int, classes: int) -> bool:
    return _codes(values, length, classes) if classes else _finite(values, length)


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
    return bool(np.all(np.abs(array) <= _LARGEST))  # not of NaN


def _array(values: Sequence[Any]) -> Any:
    """Return a flat array, None where values are nested or not alike."""
    try:
        array = np.asarray(values)
    except ValueError:
        return None
    return array if array.ndim == 1 and array.size else None
