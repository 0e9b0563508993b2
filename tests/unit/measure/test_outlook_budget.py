"""A plan is held against every cap before anything runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qgate import pipeline
from qgate.measure.cost import planned_use, price
from qgate.measure.outlook import planned_spending, refusals
from qgate.measure.spending import UNITS, Spending
from qgate.plan.estimate import estimated_seconds
from qgate.plan.settings import Settings
from qgate.plan.study import Study
from qgate.quantum.device import read_device
from tests.integration.conftest import ROOT, new_project
from tests.unit.measure.small import PRICES

DEVICE = ROOT / "fixtures/devices/lagos_2024-05-27.json"


def _study(folder: Path, budget: dict[str, Any], *, device: bool = False) -> Study:
    project = new_project(folder)

    def change(document: dict[str, Any]) -> None:
        document["budget"] = budget
        if device:
            (folder / "lagos.json").write_bytes(DEVICE.read_bytes())
            document["candidate"]["quantum_kernel"]["device"] = {"path": "lagos.json"}

    project.write(change)
    return pipeline.study(project.charter, Settings())


def _messages(found: Study, **known: Any) -> list[str]:
    forced = replace(found, settings=replace(found.settings, even_if_underpowered=True))
    return [str(finding) for finding in refusals(forced, **known)]


def test_a_plan_comes_to_its_shots_their_price_and_their_time(tmp_path: Path) -> None:
    budget = {"prices": {**PRICES, "per_second": 2.0}, "seconds_per_shot": 0.001}
    found = _study(tmp_path, budget)
    use, prices = planned_use(found.plan), found.charter.budget.prices
    assert prices is not None
    seconds = estimated_seconds(found.plan)
    spent = planned_spending(found)
    assert (spent.circuits, spent.shots, spent.seconds) == (use.circuits, use.shots, seconds)
    assert spent.qpu_seconds == pytest.approx(use.shots * 0.001)
    assert spent.usd == pytest.approx(price(use, prices) + 2.0 * seconds)


def test_on_a_device_the_gates_take_time_too(tmp_path: Path) -> None:
    found = _study(tmp_path, {"seconds_per_shot": 1e-9}, device=True)
    spent = planned_spending(found)
    assert spent.qpu_seconds is not None
    durations = [g.duration_s or 0.0 for g in read_device(DEVICE, "d").gates if len(g.qubits) == 2]
    # 8 two-qubit layers each way need at least so many of the fastest couplings one after another
    assert spent.qpu_seconds / spent.shots > 4 * min(durations)
    assert spent.qpu_seconds / spent.shots < 1e-4


@pytest.mark.parametrize(
    ("cap", "extra"),
    [
        ("shots", {}),
        ("qpu_seconds", {"seconds_per_shot": 0.001}),
        ("usd", {"prices": PRICES}),
        ("minutes", {}),
    ],
)
def test_each_cap_binds_whatever_is_said_of_power(
    tmp_path: Path, cap: str, extra: dict[str, Any]
) -> None:
    unbounded = _study(tmp_path, extra)
    limit = planned_spending(unbounded).of(cap)
    enough: Any = int(limit) if cap == "shots" else limit * 1.001
    little: Any = int(limit) - 1 if cap == "shots" else limit * 0.999
    assert _messages(_study(tmp_path, {cap: enough, **extra})) == []
    (message,) = _messages(_study(tmp_path, {cap: little, **extra}))
    assert message.startswith(f"{tmp_path}/pilot.yaml:") or "pilot.yaml:" in message
    assert f" {UNITS[cap]} (modelled), the budget allows" in message
    assert f"set budget.{cap} to at least " in message
    assert message.endswith("or schedule fewer seeds [QG-F12]")
    least = message.partition("to at least ")[2].partition(", or")[0].replace(",", "")
    proposed: Any = int(least) if cap == "shots" else float(least)
    assert _messages(_study(tmp_path, {cap: proposed, **extra})) == []


def test_a_month_has_what_its_runs_have_left(tmp_path: Path) -> None:
    planned = planned_spending(_study(tmp_path, {}))
    found = _study(tmp_path, {"per_month": {"shots": 2 * planned.shots}})
    known = {"month": "2026-01", "spent": Spending(1, planned.shots)}
    assert _messages(found, **known) == []
    (message,) = _messages(found, **{**known, "spent": Spending(1, planned.shots + 1)})
    assert f"small spent {planned.shots + 1:,} shots in 2026-01" in message
    assert f"set budget.per_month.shots to at least {2 * planned.shots + 1:,}," in message
    assert "`qgate spending` lists" in message
