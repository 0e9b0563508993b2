"""Arms that are run where the data may not be processed: known from the charter alone."""

from __future__ import annotations

from typing import Any

import pytest

from qgate.charter.build import build_charter
from qgate.charter.residency import (
    residency_failures,
    residency_reason,
    residency_refusals,
    residency_unknowns,
)
from qgate.gates.verdict import Outcome, judge_gate
from qgate.measure import residency
from tests.unit.measure.small import document, evidence, gate, plan

GATE = gate("residency", high=0.0)
DATA = {"path": "data.csv", "target": "y", "validation": {"fraction": 0.5}}
SKLEARN = {"id": "old", "estimator": "sklearn.svm.SVC"}
ACME = {"id": "new", "estimator": "acme.Remote"}
CASES: dict[str, tuple[Any, Any, dict[str, Any], Outcome, str]] = {
    "as allowed": ("eu", SKLEARN, {**ACME, "region": "eu"}, Outcome.PASS, "2 of 2 arms in eu"),
    "one of a list": (
        ["eu", "uk"], SKLEARN, {**ACME, "region": "uk"}, Outcome.PASS, "2 of 2 arms in eu or uk",
    ),
    "elsewhere": (
        "eu", SKLEARN, {**ACME, "region": "us"}, Outcome.FAIL,
        "the candidate new is run in us, and data.region allows eu alone",
    ),
    "not known": ("eu", SKLEARN, ACME, Outcome.ERROR, "add `candidate.region`"),
    "a step of another package": (
        "eu", {**SKLEARN, "preprocess": ["acme.Scaler"]}, {**ACME, "region": "eu"}, Outcome.ERROR,
        "the baseline old, of package acme, is run is not known",
    ),
    "a call of another package": (
        "eu", SKLEARN,
        {"id": "new", "estimator": "sklearn.svm.SVC", "params": {"kernel": {"import": "acme.k"}}},
        Outcome.ERROR, "of package acme",
    ),
    "one elsewhere, one not known": (
        "eu", {**SKLEARN, "region": "us"}, ACME, Outcome.FAIL, "the baseline old is run in us",
    ),
    "a recorded arm that says where it ran": (
        "eu", SKLEARN, {"id": "new", "recorded": {"path": "r.csv"}, "region": "us"}, Outcome.FAIL,
        "the candidate new is run in us",
    ),
    "an installed entry point of ours": (
        "eu", SKLEARN, {"id": "new", "estimator": "braket_kernel"}, Outcome.PASS,
        "are run where qgate runs, which is taken to be eu (they declare no region); 2 of 2 arms",
    ),
    "the strongest": (
        "eu", "strongest", {**ACME, "region": "eu"}, Outcome.PASS,
        "ssumed: the baseline is run where qgate runs, which is taken to be eu (it declares no",
    ),
}  # fmt: skip


def _terms(region: Any, baseline: Any, candidate: Any) -> dict[str, Any]:
    data = DATA if region is None else {**DATA, "region": region}
    return document(data=data, baseline=baseline, candidate=candidate)


@pytest.mark.parametrize(
    ("region", "baseline", "candidate", "outcome", "words"), CASES.values(), ids=CASES
)
def test_the_gate_holds_each_arms_region_against_the_datas(
    region: Any, baseline: Any, candidate: Any, outcome: Outcome, words: str
) -> None:
    terms = _terms(region, baseline, candidate)
    charter = build_charter(terms, "p.yaml")
    verdict = judge_gate(GATE, residency.measure(evidence([], charter=terms), GATE))
    assert verdict.outcome is outcome
    assert words in verdict.reason
    # What the gate will say is known before anything runs, and then nothing does.
    assert (residency_reason(charter) is None) == (outcome is Outcome.PASS)
    assert bool(residency_failures(charter)) == (outcome is Outcome.FAIL)
    forecast = residency.forecast(plan(10, charter=terms), GATE, None)
    assert forecast.decidable
    assert (forecast.chance == 0.0) == (outcome is not Outcome.PASS)


def test_without_a_region_of_the_data_nothing_is_held() -> None:
    charter = build_charter(_terms(None, SKLEARN, {**ACME, "region": "us"}), "p.yaml")
    assert residency_failures(charter) == residency_unknowns(charter) == []
    assert "residency" not in {found.metric for found in charter.gates}


def test_the_gate_is_implied_once_where_a_region_is_stated() -> None:
    terms = _terms("eu", SKLEARN, SKLEARN)
    metrics = [found.metric for found in build_charter(terms, "p.yaml").gates]
    assert metrics.count("residency") == 1
    stated = {"name": "where", "metric": "residency", "owner": "o", "remediation": []}
    found = build_charter({**terms, "gates": [stated]}, "p.yaml").gates
    assert [(g.name, g.threshold.high) for g in found if g.metric == "residency"] == [("where", 0)]


def test_a_refusal_has_its_place_in_the_charter() -> None:
    charter = build_charter(_terms("eu", {**SKLEARN, "region": "us"}, ACME), "p.yaml")
    assert [place for place, _ in residency_refusals(charter)] == [
        ("baseline", "region"),
        ("candidate",),
    ]
    assert [place for place, _ in residency_refusals(charter, ["candidate"])] == [("candidate",)]
