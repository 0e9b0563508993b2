"""A record lacks no trial without a reason, and its reason fits its trials."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from qgate.charter.build import build_charter
from qgate.evidence.planned import lacking_cells, whole_seeds_of
from qgate.evidence.stops import stop_problems
from tests.unit.evidence import bundles

SHOTS = (10 + 25) * 64
STOP = {
    "by": "budget", "cap": "shots", "limit": 3 * SHOTS, "spent": 3 * SHOTS, "needs": 4 * SHOTS,
    "seeds": 1, "reason": "at the cap",
}  # fmt: skip


def _record(change: Callable[[dict[str, Any]], object] = lambda _: None) -> dict[str, Any]:
    """Return a record of a run that was stopped before the last trial of its second seed."""
    record = copy.deepcopy(bundles.record())
    record["charter"]["budget"] = {"shots": 3 * SHOTS}
    record |= {"trials": record["trials"][:-1], "replays": [], "stopped": dict(STOP)}
    change(record)
    return record


def _problems(record: dict[str, Any]) -> str:
    return " ".join(stop_problems(record, build_charter(record["charter"], "")))


def test_a_true_stop_and_a_whole_run_are_accepted() -> None:
    assert _problems(_record()) == ""
    assert _problems(bundles.record()) == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.pop("stopped"), "1 that the charter asks for are missing"),
        (lambda r: r["stopped"].update(seeds=2), "at most 1 have all their trials"),
        (lambda r: r["stopped"].update(limit=5), "not the charter's budget.shots"),
        (lambda r: r["stopped"].update(cap="usd"), "not the charter's budget.usd"),
        (lambda r: r["stopped"].update(spent=1), "the trials took 6,720 shots"),
        (lambda r: r["stopped"].pop("needs"), "lacks needs"),
        (lambda r: r["stopped"].update(by="residency"), "where no trial is run"),
        (lambda r: r.update(replays=bundles.record()["replays"]), "has replays"),
        (lambda r: r.update(shot_seconds={"candidate": 1.0}), "shot_seconds: expected none"),
    ],
)
def test_a_forged_stop_is_refused(change: Callable[[dict[str, Any]], object], message: str) -> None:
    assert message in _problems(_record(change))


def _monthly(record: dict[str, Any]) -> None:
    """Make it a stop of a month that other runs spent of too."""
    record["charter"]["budget"] = {"per_month": {"shots": 9 * SHOTS}}
    record["stopped"] |= {"cap": "per_month.shots", "limit": 9 * SHOTS, "spent": 8.5 * SHOTS}


def test_a_stop_of_a_month_holds_the_months_cap() -> None:
    assert _problems(_record(_monthly)) == ""

    def forged(record: dict[str, Any]) -> None:
        _monthly(record)
        record["charter"]["budget"] = {"shots": 9 * SHOTS}

    assert "not the charter's budget.per_month.shots" in _problems(_record(forged))


def test_a_stop_of_a_run_that_lacks_nothing_is_refused() -> None:
    def whole(record: dict[str, Any]) -> None:
        record["trials"] = bundles.record()["trials"]
        record["charter"]["budget"] = {"shots": 9 * SHOTS}
        record["stopped"] |= {"limit": 9 * SHOTS, "spent": 4 * SHOTS, "seeds": 2}

    assert "all trials are there, and the cap is kept" in _problems(_record(whole))


def test_a_stop_before_the_first_trial_is_accepted() -> None:
    def nothing(record: dict[str, Any]) -> None:
        record.update(trials=[], stopped={"by": "residency", "reason": "not there"})

    assert _problems(_record(nothing)) == ""


def test_seeds_are_whole_when_every_arm_ran_them() -> None:
    record = bundles.record()
    charter = build_charter(record["charter"], "")
    assert (whole_seeds_of(record, charter), lacking_cells(record, charter)) == (2, set())
    second = [t for t in record["trials"] if (t["arm"], t["seed"]) != ("baseline", 1)]
    without = {**record, "trials": second}
    assert whole_seeds_of(without, charter) == 0  # the first ones alone are counted
    assert lacking_cells(without, charter) == {("baseline", 1, None, 0, None)}
