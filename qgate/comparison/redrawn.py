"""What was drawn anew of a candidate that is the same in both bundles: seeds, shots, replicates."""

from __future__ import annotations

from collections.abc import Sequence

from qgate.comparison.changes import Change
from qgate.evidence.evidence import Evidence

_DRAWN = ("seeds", "shots", "replicates")
_OF_CANDIDATE = ("candidate", "circuit files")
_SHAPING = ("tuning", "plugins")
"""Sections of the charter that shape an arm, whichever it is."""


def candidate_changed(changes: Sequence[Change]) -> bool:
    """Return whether anything that makes the candidate what it is changed, but for its name."""
    return any(
        (change.clause in _OF_CANDIDATE and change.what != "candidate.id")
        or (change.clause == "charter" and change.what.partition(".")[0] in _SHAPING)
        or (change.clause == "computation" and change.what.endswith("(candidate)"))
        for change in changes
    )


def redrawn(older: Evidence, newer: Evidence, changes: Sequence[Change]) -> tuple[str, ...]:
    """Return what the same candidate was drawn anew with; empty where it is not known to be so.

    Of recordings nobody can tell from other seeds whether they are of the same candidate.
    """
    recorded = any("recorded" in e.charter.section("candidate") for e in (older, newer))
    if recorded or candidate_changed(changes):
        return ()
    found = [name for name in _DRAWN if any(change.clause == name for change in changes)]
    if older.seeds != newer.seeds and "seeds" not in found:  # a look, or a stop, took fewer
        found.append("seeds")
    return tuple(found)
