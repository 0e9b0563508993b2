"""Gates that ask the same of the data are forecast once, whoever answers for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qgate.measure import parity
from qgate.measure.outlook import forecast, refusals
from qgate.measure.registry import family
from qgate.pipeline import study
from qgate.plan.settings import Settings
from qgate.plan.study import Study

ROOT = Path(__file__).parents[3]


def _study() -> Study:
    """Return the study of a charter with many gates, of two sorts."""
    found = study(ROOT / "charters/hold.yaml", Settings())
    [first] = [gate for gate in found.charter.gates if gate.name == "parity"]
    wide = replace(first.threshold, high=0.04)
    alike = [
        replace(
            first,
            name=f"gate {number}",
            owner=f"p{number}@example.com",
            note=f"note {number}",
            mode="shadow" if number % 3 else "enforce",
            threshold=wide if number % 2 else first.threshold,
        )
        for number in range(20)
    ]
    charter = replace(found.charter, gates=tuple(alike))
    return replace(found, charter=charter, plan=replace(found.plan, charter=charter))


def test_gates_with_the_same_terms_are_forecast_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    made = parity.forecast

    def counted(*arguments: object) -> object:
        asked.append("")
        return made(*arguments)  # type: ignore[arg-type]

    crowd = _study()
    gap = family(crowd.charter.gates[0].metric)
    monkeypatch.setattr(gap, "forecast", counted)
    seen = forecast(crowd)
    assert len(asked) == 2
    assert [gate.name for gate, _ in seen] == [f"gate {number}" for number in range(20)]
    odds = [outlook.chance for _, outlook in seen]
    assert odds[0] != odds[1]
    assert odds == odds[:2] * 10
    refused = refusals(crowd, seen=seen)
    assert len(asked) == 2  # what is known is not asked again
    assert [str(finding) for finding in refused] == [str(finding) for finding in refusals(crowd)]
