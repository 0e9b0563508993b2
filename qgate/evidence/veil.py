"""A record of confidential data: what was measured, and nothing of a row.

Labels, slice values and messages get opaque names, items opaque ids in whose order all arrays
stand. Of scores the ranks are kept, and of predicted numbers the errors: a metric takes no more of
them, so that every verdict is what it would be in the open, and of a linear model neither tells
the numbers that it was fed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qgate.data.dataset import Array
from qgate.data.opaque import Opaque, class_names
from qgate.plan.study import Study

_DRAW_DIGITS = 16


def veiled_record(record: Mapping[str, Any], study: Study) -> dict[str, Any]:
    """Return a record as evidence may keep it; as it is where the data are not confidential."""
    opaque, data = study.split.opaque, study.charter.data
    if opaque is None:
        return dict(record)
    scores = _distinct_scores(record["trials"])
    changed: dict[str, Any] = {
        "classes": class_names(len(record["classes"])),
        "items": _items(study),
        "trials": [
            _trial(trial, record, study, opaque) | _ranks(trial, scores)
            for trial in record["trials"]
        ],
        "replays": [_replay(replay, opaque) for replay in record["replays"]],
    }
    if data.task == "regression":
        changed["truth"] = _zeros(record["truth"])
    if data.task == "optimization":
        rows = study.split.validation.tolist()
        changed["formats"] = [Path(data.problems[row].path).suffix.lower() for row in rows]
    if record.get("slices") is not None:
        changed["slices"] = _slices(record["slices"], study, opaque)
    if "figures" in record:
        changed["figures"] = {role: _figures(found) for role, found in record["figures"].items()}
    return {**record, **changed}


def veiled_message(text: str, study: Study) -> str:
    """Return a message as evidence may keep it: of confidential data its keyed digest alone."""
    opaque = study.split.opaque
    return text if opaque is None else opaque.message(text)


def veiled_reason(entry: Mapping[str, Any], study: Study) -> dict[str, Any]:
    """Return a rehearsal as evidence may keep it: an error that ended it may quote a row."""
    if "reason" not in entry:
        return dict(entry)
    return {**entry, "reason": veiled_message(str(entry["reason"]), study)}


def _items(study: Study) -> Any:
    """Return the opaque id of each validation item, or a list of them for each seed."""
    split = study.split
    if not split.resampled:
        return split.items()
    return [split.items(seed) for seed in study.charter.schedule.seeds]


def _distinct_scores(trials: Sequence[Mapping[str, Any]]) -> dict[tuple[Any, ...], Array]:
    """Return the different scores of each cell, rising, over all of its blocks of items."""
    cells: dict[tuple[Any, ...], list[float]] = {}
    for trial in trials:
        if trial["scores"] is not None:
            cells.setdefault(_cell(trial), []).extend(trial["scores"])
    return {cell: np.unique(found) for cell, found in cells.items()}


def _ranks(
    trial: Mapping[str, Any], distinct: Mapping[tuple[Any, ...], Array]
) -> dict[str, list[int] | None]:
    """Return the rank of each score among its cell's, from 0; equal scores have equal ranks."""
    if trial["scores"] is None:
        return {"scores": None}
    return {"scores": np.searchsorted(distinct[_cell(trial)], trial["scores"]).tolist()}


def _cell(trial: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(trial[key] for key in ("arm", "seed", "shots", "replicate"))


def _trial(
    trial: Mapping[str, Any], record: Mapping[str, Any], study: Study, opaque: Opaque
) -> dict[str, Any]:
    """Return a trial without what was found for problems, its numbers as errors."""
    changed = {key: value for key, value in trial.items() if key != "solutions"}
    if study.charter.data.task == "regression" and trial["predictions"] is not None:
        truth = record["truth"]
        if study.split.resampled:
            truth = truth[study.charter.schedule.seeds.index(trial["seed"])]
        truth = truth[slice(*trial.get("items", (None,)))]
        pairs = zip(trial["predictions"], truth, strict=True)
        changed["predictions"] = [predicted - true for predicted, true in pairs]
    if "draws" in trial:
        drawn = trial["draws"].items()
        changed["draws"] = {call: opaque.digest(found)[:_DRAW_DIGITS] for call, found in drawn}
    return changed


def _replay(replay: Mapping[str, Any], opaque: Opaque) -> dict[str, Any]:
    """Return a replay whose digests, of raw predictions, are keyed; equal ones stay equal."""
    keyed = {
        key: None if replay[key] is None else opaque.digest(replay[key])
        for key in ("first", "again")
    }
    return {**replay, **keyed}


def _zeros(truth: Sequence[Any]) -> list[Any]:
    return [_zeros(value) if isinstance(value, list) else 0.0 for value in truth]


def _slices(slices: Mapping[str, Any], study: Study, opaque: Opaque) -> dict[str, Any]:
    """Return slices by opaque names, but for values that gates name: the charter shows those."""
    stated = {value for gate in study.charter.gates for value in gate.slices or ()}
    names = {value: value if value in stated else opaque.slice(value) for value in slices["known"]}
    return {
        "column": slices["column"],
        "values": [names[value] for value in slices["values"]],
        "known": sorted(names.values()),
    }


def _figures(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return an arm's figures; of those of single rows only what their mean's bounds rest on."""
    if "health" not in figures:
        return dict(figures)
    health = {
        name: _summary(found) if isinstance(found, list | tuple) else found
        for name, found in figures["health"].items()
    }
    return {**figures, "health": health}


def _summary(found: Sequence[float]) -> dict[str, float]:
    values = np.asarray(found, dtype=np.float64)
    return {
        "rows": len(values),
        "mean": float(values.mean()),
        "sd": float(values.std(ddof=1)) if len(values) > 1 else 0.0,
        "least": float(values.min()),
        "most": float(values.max()),
    }
