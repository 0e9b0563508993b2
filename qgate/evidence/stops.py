"""Whether a record is whole, or says truly why it is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qgate.charter.charter import Charter
from qgate.evidence.planned import lacking_cells, whole_seeds_of

_SLACK = 1e-6
_MONTH = "per_month."
"""Before the name of a cap of all the runs of a month: what other runs spent is not in a record."""


def stop_problems(record: Mapping[str, Any], charter: Charter) -> Iterator[str]:
    """Yield where trials are missing without a reason, or a reason does not fit the trials."""
    stopped, lacking = record.get("stopped"), lacking_cells(record, charter)
    if (stated := "shot_seconds" in record) != (charter.budget.seconds_per_shot is not None):
        due = "expected none" if stated else "expected"
        yield f"record.shot_seconds: {due}, as the charter's budget has it"
    if stopped is None:
        if lacking:
            yield (
                f"record.trials: {len(lacking)} that the charter asks for are missing, and no "
                "`stopped` says why"
            )
        return
    if record["replays"]:
        yield "record.stopped: the run has replays, which follow only where all was run"
    if stopped["by"] != "budget":
        if record["trials"]:
            yield f"record.stopped: by {stopped['by']}, where no trial is run"
        return
    yield from _budget_problems(record, charter, stopped, whole=not lacking)


def _budget_problems(
    record: Mapping[str, Any], charter: Charter, stopped: Mapping[str, Any], *, whole: bool
) -> Iterator[str]:
    if absent := [key for key in ("cap", "limit", "spent", "needs", "seeds") if key not in stopped]:
        yield f"record.stopped: lacks {', '.join(absent)}"
        return
    cap, limit, spent = stopped["cap"], stopped["limit"], stopped["spent"]
    monthly, own = cap.startswith(_MONTH), cap.removeprefix(_MONTH)
    caps = charter.budget.per_month if monthly else charter.budget
    if caps.stated.get(own) != limit:
        yield f"record.stopped.limit: not the charter's budget.{cap}"
    if stopped["seeds"] > (most := whole_seeds_of(record, charter)):
        yield f"record.stopped.seeds: at most {most} have all their trials"
    if whole and "looks" not in record and own != "minutes" and spent <= limit:
        yield "record.stopped: all trials are there, and the cap is kept"
    found = _taken(record)
    if cap in found and abs(spent - found[cap]) > _SLACK * max(1.0, found[cap]):
        yield f"record.stopped.spent: the trials took {found[cap]:,.6g} {cap}"


def _taken(record: Mapping[str, Any]) -> dict[str, float]:
    """Return what the trials took of the caps that the record alone tells."""
    per_shot, shots, seconds = record.get("shot_seconds", {}), 0, 0.0
    for trial in record["trials"]:
        if trial["failure"] is None and trial["shots"] is not None:
            taken = (trial["fit_circuits"] + trial["serving_circuits"]) * trial["shots"]
            shots += taken
            seconds += taken * per_shot.get(trial["arm"], 0.0)
    return {"shots": shots, "qpu_seconds": seconds}
