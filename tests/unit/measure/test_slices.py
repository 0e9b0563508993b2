"""Parity of each slice by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qgate.evidence.evidence import Evidence
from qgate.gates.verdict import Outcome, judge_gate
from qgate.measure import parity
from qgate.measure.measurement import Measurement
from qgate.stats.multiplicity import holm
from tests.unit.measure.small import document, evidence, gate, trial

GAP = "val_accuracy_gap_vs_classical"
ITEMS, SEEDS = 600, (1, 2, 3)


def _run(wrong: dict[str, float], known: tuple[str, ...] = ("north", "south", "west")) -> Evidence:
    """Return evidence of 200 items a slice, on each of which a share is wrong for good."""
    rng = np.random.default_rng(4)
    labels = np.repeat(["north", "south", "west"], ITEMS // 3)
    share = np.array([wrong.get(str(label), 0.0) for label in labels])
    lost = rng.random(ITEMS) < share
    truth = rng.integers(0, 2, ITEMS)
    candidate = np.where(lost, 1 - truth, truth).tolist()
    trials = [trial("candidate", seed, candidate, shots=1024) for seed in SEEDS]
    trials += [trial("baseline", seed, truth.tolist()) for seed in SEEDS]
    run = evidence(trials, truth=truth.tolist(), charter=document(seeds=SEEDS))
    slices: dict[str, Any] = {"column": "site", "values": labels.tolist(), "known": list(known)}
    return replace(run, record={**run.record, "slices": slices})


def _measure(run: Evidence, names: tuple[str, ...] = (), high: float = 0.05) -> Measurement:
    return parity.measure(run, gate(GAP, high=high, slices=names))


def test_every_slice_must_be_shown_within() -> None:
    found = _measure(_run({"south": 0.01}))
    asked = gate(GAP, high=0.05, slices=())
    assert judge_gate(asked, found).outcome is Outcome.PASS
    assert [part.name for part in found.parts] == ["north", "south", "west"]
    assert found.high == max(part.high for part in found.parts)


def test_the_failing_slice_is_named() -> None:
    """The mean over all is well within: only the slice is not."""
    run = _run({"south": 0.2})
    asked = gate(GAP, high=0.08, slices=())
    verdict = judge_gate(asked, parity.measure(run, asked))
    assert verdict.outcome is Outcome.FAIL
    assert "Shown beyond it, after Holm: south." in verdict.reason
    assert "Worst slice: site = south (200 items)." in verdict.reason
    whole = gate(GAP, high=0.12)
    assert judge_gate(whole, parity.measure(run, whole)).outcome is Outcome.PASS


def test_a_failure_takes_holms_first_step() -> None:
    """A slice that alone would be shown beyond is not, when it is the worst of three."""
    outcomes = set()
    for high in np.linspace(0.1, 0.2, 60):
        run, asked = _run({"south": 0.2}), gate(GAP, high=float(high), slices=())
        found = parity.measure(run, asked)
        raw = next(part for part in found.parts if part.name == "south")
        alone = raw.low > high
        failed = judge_gate(asked, found).outcome is Outcome.FAIL
        assert failed == raw.beyond
        assert not failed or alone
        outcomes.add((alone, failed))
    assert outcomes == {(True, True), (True, False), (False, False)}


def test_adjusted_p_values_are_holms() -> None:
    found = _measure(_run({"south": 0.2, "west": 0.12}), high=0.08)
    cells = {part.name: part.p for part in found.parts}
    assert cells["south"] < cells["west"] < 0.99 < cells["north"]
    raw = [cells["south"] / 3, cells["west"] / 2, cells["north"]]
    assert holm(raw).tolist() == pytest.approx(list(map(cells.get, ("south", "west", "north"))))


def test_a_missing_slice_is_inconclusive_and_named() -> None:
    run = _run({}, known=("east", "north", "south", "west"))
    for names in ((), ("north", "east")):
        asked = gate(GAP, high=0.05, slices=names)
        verdict = judge_gate(asked, parity.measure(run, asked))
        assert verdict.outcome is Outcome.INCONCLUSIVE
        assert "Missing: site = east: 0 validation items." in verdict.reason


def test_a_missing_slice_does_not_hide_a_failure() -> None:
    run, asked = _run({"north": 0.3}, known=("east", "north")), gate(GAP, high=0.05, slices=())
    assert judge_gate(asked, parity.measure(run, asked)).outcome is Outcome.FAIL


def test_without_slices_in_evidence_it_is_an_error() -> None:
    run = _run({})
    bare = replace(run, record={k: v for k, v in run.record.items() if k != "slices"})
    assert _measure(bare).error == "the evidence holds no slices"


def test_a_floor_is_of_the_worst_slice_too() -> None:
    asked = gate("val_accuracy", low=0.85, slices=())
    found = parity.measure(_run({"south": 0.2}), asked)
    assert found.value is not None
    assert abs(found.value - 0.8) < 0.06
    assert found.low == min(part.low for part in found.parts)
    assert judge_gate(asked, found).outcome is not Outcome.PASS
