"""Two bundles compared: every row of the table is reached by bundles, and what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from qgate.comparison.answers import Answer, Fact
from qgate.comparison.comparison import Comparison, compare
from qgate.errors import ExitCode, UsageError
from qgate.evidence.evidence import Evidence
from qgate.gates.decision import Action
from tests.unit.comparison.bundles import GAP, bundle, stated

PASS, FAILED, OPEN = ExitCode.PASS, ExitCode.GATE_FAILED, ExitCode.INCONCLUSIVE
BOTH_WAYS = [stated(max=0.5), stated("val_accuracy", name="own", max=None, min=0.2)]
FEW, MANY = range(2), range(2, 62)


def told(found: Comparison) -> tuple[Answer, ExitCode]:
    return found.answer, found.exit_code


def test_a_bundle_and_itself_are_the_same_evidence() -> None:
    found = compare(bundle(FEW), bundle(FEW))
    assert told(found) == (Answer.SAME, PASS)
    assert found.changes == ()
    assert {move.difference.value for move in found.gates} == {0.0}
    assert not any(move.difference.bounded for move in found.gates)


def test_a_candidate_that_answers_as_well_is_no_worse() -> None:
    found = compare(bundle(FEW), bundle(range(3, 5), made="new"))
    assert told(found) == (Answer.NO_WORSE, PASS)
    assert found.facts == frozenset()
    parity = found.gates[0].difference
    assert parity.value == 0.0
    assert parity.low is not None
    assert parity.high is not None
    assert parity.low < 0 < parity.high


def test_a_better_candidate_is_no_worse() -> None:
    found = compare(bundle(MANY, gates=BOTH_WAYS), bundle((), made="new", gates=BOTH_WAYS))
    assert told(found) == (Answer.NO_WORSE, PASS)
    assert [move.shown for move in found.gates[:2]] == ["better", "better"]


def test_a_gate_that_passed_and_fails_is_worse() -> None:
    found = compare(bundle(FEW), bundle(MANY, made="new"))
    assert told(found) == (Answer.WORSE, FAILED)
    assert found.facts == {Fact.FELL, Fact.WORSENED}
    assert (found.before.action, found.after.action) == (Action.PROMOTE, Action.ROLLBACK)


def test_a_gate_that_fails_under_tightened_terms_is_worse_though_nothing_moved() -> None:
    found = compare(bundle(range(20)), bundle(range(20), gates=[stated(max=0.01)]))
    assert told(found) == (Answer.WORSE, FAILED)
    assert found.facts == {Fact.FELL}
    assert found.gates[0].difference.value == 0.0


def test_a_new_gate_that_fails_is_worse() -> None:
    new = [stated(), stated("val_accuracy", name="own", max=None, min=0.99)]
    found = compare(bundle(range(20)), bundle(range(20), gates=new))
    assert told(found) == (Answer.WORSE, FAILED)
    assert [verdict.gate.name for verdict in found.only_after] == ["own"]


def test_a_measurement_that_is_shown_to_be_worse_counts_while_every_gate_passes() -> None:
    wide = [stated(max=0.9)]
    found = compare(bundle(FEW, gates=wide), bundle(MANY, made="new", gates=wide))
    assert told(found) == (Answer.WORSE, FAILED)
    assert found.facts == {Fact.WORSENED}
    assert found.after.action is Action.PROMOTE
    assert found.gates[0].difference.value == pytest.approx(58 / 200)


def test_a_shadow_gate_counts_for_nothing() -> None:
    terms = [stated(max=0.9), stated("val_accuracy", name="own", max=None, min=0.9, mode="shadow")]
    older, newer = bundle((), MANY, gates=terms), bundle(MANY, MANY, made="new", gates=terms)
    own = compare(older, newer).gates[1]
    assert own.shown == "worse"
    assert not own.decides
    shadows = [stated(max=0.9, mode="shadow"), stated("val_accuracy", name="o", max=None, min=0.1)]
    found = compare(bundle(gates=shadows), bundle(FEW, made="new", gates=shadows))
    assert told(found) == (Answer.NO_WORSE, PASS)


def test_a_baseline_that_moved_is_evidence_drift() -> None:
    found = compare(bundle(range(10)), bundle(range(10), range(20, 50)))
    assert told(found) == (Answer.EVIDENCE_DRIFT, OPEN)
    assert found.baseline.cause.startswith("silently")
    shares = dict(found.gates[0].difference.shares)
    assert shares["baseline"].value == pytest.approx(-30 / 200)
    assert shares["candidate"] == (0.0, 0.0, 0.0)
    assert found.gates[0].shown == "better"
    assert found.gates[0].touched == ("the baseline",)


def test_evidence_drift_by_which_a_gate_falls_keeps_its_name_and_is_certain() -> None:
    found = compare(bundle(range(60), range(60, 120)), bundle(range(60)))
    assert told(found) == (Answer.EVIDENCE_DRIFT, FAILED)
    assert {Fact.FELL, Fact.BASELINE_MOVED} <= found.facts
    assert Fact.WORSENED not in found.facts


def test_under_evidence_drift_the_candidates_own_part_can_still_be_worse() -> None:
    wide = [stated(max=0.9)]
    older = bundle(FEW, gates=wide)
    found = compare(older, bundle(MANY, range(100, 160), made="new", gates=wide))
    assert told(found) == (Answer.EVIDENCE_DRIFT, FAILED)
    assert found.facts >= {Fact.WORSENED, Fact.BASELINE_MOVED}
    assert Fact.FELL not in found.facts
    share = dict(found.gates[0].difference.shares)["candidate"]
    assert share.value == pytest.approx(58 / 200)


def test_a_lock_that_was_not_renewed_fails_by_name() -> None:
    found = compare(bundle(FEW), bundle(FEW, range(20), locked_baseline=()))
    assert told(found) == (Answer.EVIDENCE_DRIFT, FAILED)
    assert Fact.WORSENED not in found.facts
    drift = next(move for move in found.gates if move.name == "baseline_drift")
    assert (drift.before.outcome, drift.after.outcome) == ("pass", "fail")


@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        ({"data content": "9" * 64}, "data content"),
        ({"split": {"digest": "8" * 64, "train": 10, "validation": 10}}, "split digest"),
        ({"packages": {"numpy": "2.1.0", "scipy": "1.14.0"}}, "packages numpy"),
        ({"dependency lock": "7" * 64}, "dependency lock"),
        ({"calibration": {"candidate": "lima 2026 abc"}}, "calibration"),
    ],
)
def test_what_moved_on_other_inputs_cannot_be_laid_on_the_candidate(
    inputs: dict[str, object], name: str
) -> None:
    wide = [stated(max=0.9)]
    older = bundle(FEW, gates=wide)
    found = compare(older, bundle(MANY, made="new", gates=wide, inputs=inputs))
    assert told(found) == (Answer.INPUTS_DRIFTED, OPEN)
    assert name in found.gates[0].touched
    still = compare(older, bundle(FEW, gates=wide, inputs=inputs))
    assert told(still) == (Answer.NO_WORSE, PASS)
    better = compare(bundle(MANY, gates=wide), bundle(FEW, gates=wide, inputs=inputs))
    assert told(better) == (Answer.INPUTS_DRIFTED, OPEN)


def test_other_shots_and_other_claims_are_no_fault_of_the_candidate() -> None:
    wide = [stated(max=0.9)]
    older = bundle(FEW, gates=wide)
    for newer in (
        bundle(MANY, made="new", gates=wide, shots=64),
        bundle(MANY, made="new", gates=[stated(max=0.9, claim="this_artifact")]),
    ):
        assert told(compare(older, newer)) == (Answer.INPUTS_DRIFTED, OPEN)


def test_other_seeds_are_a_sample_and_the_candidate_answers_for_it() -> None:
    wide = [stated(max=0.9)]
    found = compare(
        bundle(FEW, gates=wide), bundle(MANY, made="new", gates=wide, seeds=(7, 8, 9, 10))
    )
    assert told(found) == (Answer.WORSE, FAILED)
    assert [change.clause for change in found.changes if change.clause == "seeds"]
    fixed = [stated(max=0.9, claim="this_artifact")]
    found = compare(
        bundle(FEW, gates=fixed), bundle(MANY, made="new", gates=fixed, seeds=(7, 8, 9, 10))
    )
    assert told(found) == (Answer.INPUTS_DRIFTED, OPEN)


def test_a_gate_that_became_inconclusive_leaves_it_open() -> None:
    found = compare(bundle(range(10)), bundle(range(8, 24), made="new"))
    assert found.gates[0].after.outcome == "inconclusive"
    assert told(found) == (Answer.CANNOT_SAY, OPEN)
    assert found.facts == {Fact.OPENED}


def test_a_gate_that_failed_and_is_open_now_is_no_worse() -> None:
    found = compare(bundle(range(60)), bundle(range(16), made="new"))
    assert [found.gates[0].before.outcome, found.gates[0].after.outcome] == ["fail", "inconclusive"]
    assert told(found) == (Answer.NO_WORSE, PASS)


def test_a_gate_that_could_be_measured_and_cannot_now_leaves_it_open() -> None:
    newer = bundle(made="new")
    trials = [
        {**trial, "predictions": None, "failure": "singular"}
        if trial["arm"] == "candidate"
        else trial
        for trial in newer.record["trials"]
    ]
    newer = dataclasses.replace(newer, record={**newer.record, "trials": trials})
    for older in (bundle(), bundle(range(16)), bundle(range(60))):
        found = compare(older, newer)
        assert found.gates[0].after.outcome == "error"
        assert told(found) == (Answer.CANNOT_SAY, OPEN)


def test_a_fall_on_other_data_is_certain_and_names_them() -> None:
    found = compare(bundle(), bundle(range(60), inputs={"data content": "9" * 64}))
    assert told(found) == (Answer.WORSE, FAILED)
    assert found.facts == {Fact.FELL, Fact.DRIFTED}


def test_a_package_that_the_candidate_alone_names_is_the_candidate() -> None:
    wide = [stated(max=0.9)]
    kernel = {"layers": [{"name": "e", "kind": "angle", "gate": "ry"}], "estimator": "ours.Model"}
    own = {"id": "q", "quantum_kernel": kernel}
    sides = [
        bundle(wrong, gates=wide, candidate_section=own, inputs={"packages": {"ours": version}})
        for wrong, version in ((FEW, "1"), (MANY, "2"))
    ]
    found = compare(sides[0], sides[1])
    assert told(found) == (Answer.WORSE, FAILED)
    assert [change.clause for change in found.changes] == ["candidate", "lock"]


@pytest.mark.parametrize(
    "gates",
    [[stated()], [stated(), stated("val_accuracy", name="own", max=None, min=0.5, mode="shadow")]],
)
def test_a_gate_that_is_not_asked_any_more_leaves_it_open(gates: list[dict[str, object]]) -> None:
    older = bundle(FEW, gates=[stated(), stated("val_accuracy", name="own", max=None, min=0.5)])
    found = compare(older, bundle(FEW, gates=gates))
    assert told(found) == (Answer.CANNOT_SAY, OPEN)
    assert found.facts == {Fact.UNASKED}


def test_a_worse_value_without_an_interval_leaves_it_open() -> None:
    terms = [stated(max=0.9, claim="this_dataset")]
    found = compare(
        bundle(FEW, gates=terms, seeds=(1,)), bundle(range(9), made="n", gates=terms, seeds=(1,))
    )
    assert found.gates[0].difference.method.startswith("no interval: one seed")
    assert told(found) == (Answer.CANNOT_SAY, OPEN)
    assert found.facts == {Fact.UNTOLD}


LATENCY = [stated(max=0.9), stated("latency_p95_ms", name="latency", max=1e6)]


def requests(centre: float, seed: int) -> list[float]:
    values: list[float] = np.random.default_rng(seed).lognormal(np.log(centre), 0.2, 300).tolist()
    return values


def timed(candidate: float, baseline: float, seed: int, made: str = "") -> Evidence:
    times = {"candidate": requests(candidate, seed), "baseline": requests(baseline, seed + 1)}
    return bundle(FEW, gates=LATENCY, milliseconds=times, made=made)


def test_a_slower_candidate_is_worse_unless_the_machine_may_have_done_it() -> None:
    slower = compare(timed(10, 1, 1), timed(20, 1, 3, made="new"))
    assert told(slower) == (Answer.WORSE, FAILED)
    both = compare(timed(10, 1, 1), timed(20, 2, 3, made="new"))
    assert told(both) == (Answer.INPUTS_DRIFTED, OPEN)
    assert "the baseline's times moved the same way" in both.gates[1].touched[0]
    unchanged = compare(timed(10, 1, 1), timed(20, 1, 3))
    assert told(unchanged) == (Answer.INPUTS_DRIFTED, OPEN)
    assert "the very same" in unchanged.gates[1].touched[0]
    assert told(compare(timed(20, 1, 1), timed(10, 1, 3))) == (Answer.NO_WORSE, PASS)
    assert told(compare(timed(10, 1, 1), timed(10, 1, 3, made="new"))) == (Answer.NO_WORSE, PASS)


@pytest.mark.parametrize(
    ("newer", "words"),
    [
        (
            bundle(data={"path": "d", "target": "z\x1b[31m", "validation": {"fraction": 0.5}}),
            r"target: 'y' in A, 'z.*' in B",
        ),
        (bundle(gates=[stated("val_f1", max=None, min=0.1)]), "no gate in common.*val_f1"),
    ],
)
def test_another_question_is_refused_and_says_what_differs(newer: Evidence, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        compare(bundle(), newer)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("confidential", ["A", "B"])
def test_confidential_evidence_beside_other_is_refused_for_that_reason(confidential: str) -> None:
    data = {"path": "data.csv", "target": "y", "validation": {"fraction": 0.5}}
    hidden = bundle(data={**data, "classification": "confidential"})
    classes = ["class-0", "class-1"]
    hidden = dataclasses.replace(hidden, record={**hidden.record, "classes": classes})
    sides = (hidden, bundle()) if confidential == "A" else (bundle(), hidden)
    with pytest.raises(UsageError, match=r"opaque names.*the same data\.classification") as caught:
        compare(*sides)
    kinds = ("confidential", "internal") if confidential == "A" else ("internal", "confidential")
    assert str(caught.value).startswith("A is of {} data and B of {}:".format(*kinds))
    assert "two questions" not in str(caught.value)
    public = bundle(data={**data, "classification": "public"})
    assert compare(public, bundle()).exit_code == PASS


def test_other_classes_are_another_question() -> None:
    other = bundle()
    other = dataclasses.replace(other, record={**other.record, "classes": ["a", "b"]})
    with pytest.raises(UsageError, match="classes"):
        compare(bundle(), other)


def test_gates_are_matched_by_name_and_metric() -> None:
    older = [stated(max=0.9), stated("val_accuracy", name="own", max=None, min=0.1)]
    newer = [stated(max=0.9), stated("val_f1", name="own", max=None, min=0.1)]
    found = compare(bundle(gates=older), bundle(gates=newer))
    assert [v.gate.metric for v in found.only_before] == ["val_accuracy"]
    assert [v.gate.metric for v in found.only_after] == ["val_f1"]
    assert GAP in {move.after.gate.metric for move in found.gates}
