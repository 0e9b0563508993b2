"""Whether the classical baseline moved between two bundles, and why: evidence drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qgate.comparison.changes import Change
from qgate.errors import UsageError
from qgate.evidence.evidence import Evidence, MissingTrialError
from qgate.measure.baseline_drift import fingerprint
from qgate.measure.difference import same_items

_OUTPUTS = ("predictions", "scores")
_CAUSES: tuple[tuple[str, str], ...] = (
    ("baseline", "its spec in the charter changed"),
    ("dependencies", "the packages changed"),
    ("calibration", "its device's calibration changed"),
    ("circuit files", "circuit files changed"),
    ("computation", "qgate's way of computing, or what was recorded, changed"),
    ("charter", "the charter's tuning or plugins changed"),
)
"""Clauses that can move a baseline on the same data, the likeliest first, and in words."""
_SECTIONS = ("tuning", "plugins")
"""Other sections of the charter that shape an arm."""
_SILENT = "silently: its data, its spec and its packages are the same"


@dataclass(frozen=True)
class BaselineMove:
    """What became of the baseline's answers on the same items."""

    moved: bool
    known: bool
    """False where the two answered other items, or share no trial: nothing can be said."""
    words: str
    """What was compared and found, or why nothing was."""
    cause: str = ""
    """Why, as far as the inputs tell it; empty where it did not move."""
    predictions: tuple[str, str] = ("", "")
    """Digests of all of the baseline's predictions, in each."""
    scores: tuple[Mapping[str, float], Mapping[str, float]] = ({}, {})
    """Mean metrics on its own truth, in each."""


def baseline_move(older: Evidence, newer: Evidence, changes: Sequence[Change]) -> BaselineMove:
    """Return whether any answer of the baseline changed, trial by trial where both have it."""
    digests = (older.predictions_digest("baseline"), newer.predictions_digest("baseline"))
    scores = (_scores(older), _scores(newer))
    if not same_items(older, newer):
        words = "the baseline answered other items: whether it moved cannot be told"
        return BaselineMove(False, False, words, "", digests, scores)
    one, other = _answers(older), _answers(newer)
    cells = [cell for cell in one if cell in other]
    if not cells and _alike(one) and _alike(other):  # no seed changes it: any trial stands for all
        cells, other = list(one), dict.fromkeys(one, next(iter(other.values())))
    if not cells:
        words = "no trial of the baseline is in both: whether it moved cannot be told"
        return BaselineMove(False, False, words, "", digests, scores)
    differing = [cell for cell in cells if one[cell] != other[cell]]
    if not differing:
        words = f"the same answers in all {len(cells)} trials that both have"
        return BaselineMove(False, True, words, "", digests, scores)
    only_scores = all(one[cell][0] == other[cell][0] for cell in differing)
    what = "scores (not its predicted classes)" if only_scores else "predictions"
    words = f"its {what} differ in {len(differing)} of {len(cells)} trials that both have"
    return BaselineMove(True, True, words, _cause(changes), digests, scores)


def _answers(evidence: Evidence) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    return {
        (trial["seed"], trial["shots"], trial["replicate"], *trial.get("items", ())): tuple(
            trial[key] for key in _OUTPUTS
        )
        for trial in evidence.record["trials"]
        if trial["arm"] == "baseline"
    }


def _alike(answers: Mapping[tuple[Any, ...], tuple[Any, ...]]) -> bool:
    values = list(answers.values())
    return bool(values) and all(value == values[0] for value in values)


def _cause(changes: Sequence[Change]) -> str:
    clauses = {
        change.clause
        for change in changes
        if change.what != "baseline.id"
        and (change.clause != "charter" or change.what.partition(".")[0] in _SECTIONS)
    }
    found = [words for clause, words in _CAUSES if clause in clauses]
    return " and ".join(found) or _SILENT


def _scores(evidence: Evidence) -> Mapping[str, float]:
    try:
        found: Mapping[str, float] = fingerprint(evidence)["score"]
    except (MissingTrialError, UsageError, ValueError):
        return {}
    return found
