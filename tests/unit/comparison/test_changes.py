"""What changed, clause by clause: what is named, in which order, and what it touches."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from qgate.comparison.changes import CLAUSES, Touch, changes
from qgate.evidence.evidence import Evidence
from tests.unit.comparison.bundles import bundle, stated

Told = tuple[str, str, str, str, Touch]


def told(older: Evidence, newer: Evidence) -> list[Told]:
    return [
        (found.clause, found.what, found.before, found.after, found.touches)
        for found in changes(older, newer)
    ]


def with_section(name: str, section: Any) -> Evidence:
    """Return the usual evidence with one section of its charter replaced, and nothing else."""
    found = bundle()
    charter = {**found.record["charter"], name: section}
    return dataclasses.replace(found, record={**found.record, "charter": charter})


def with_digests(role: str) -> Evidence:
    """Return the usual evidence whose trials of one arm are keyed otherwise."""
    found = bundle()
    trials = [
        {**trial, "digest": "other" + trial["digest"]} if trial["arm"] == role else trial
        for trial in found.record["trials"]
    ]
    return dataclasses.replace(found, record={**found.record, "trials": trials})


def test_nothing_changed_between_a_bundle_and_itself() -> None:
    assert changes(bundle(), bundle()) == ()


def test_the_baselines_spec_is_told_to_the_term() -> None:
    spec = {"id": "classical_v3", "estimator": "sklearn.svm.SVC"}
    older = with_section("baseline", {**spec, "params": {"C": 1.0, "tol": 0.1}})
    newer = with_section("baseline", {**spec, "params": {"C": 10.0, "tol": 0.1}})
    assert told(older, newer) == [("baseline", "baseline.params.C", "1.0", "10.0", Touch.BASELINE)]
    added = with_section("baseline", {**spec, "params": {"C": 1.0, "tol": 0.1, "degree": 2}})
    assert told(older, added) == [
        ("baseline", "baseline.params.degree", "not there", "2", Touch.BASELINE)
    ]


def test_layers_are_matched_by_name_and_their_order_counts() -> None:
    layers = [
        {"name": name, "kind": "angle", "gate": "ry", "scale": scale}
        for name, scale in (("a", 1.0), ("b", 2.0))
    ]
    first, order, scale = (
        with_section("candidate", {"id": "q", "quantum_kernel": {"layers": found}})
        for found in (layers, layers[::-1], [layers[0], {**layers[1], "scale": 3.0}])
    )
    assert told(first, scale) == [
        ("candidate", "candidate.quantum_kernel.layers.b.scale", "2.0", "3.0", Touch.NOTHING)
    ]
    assert told(first, order) == [
        (
            "candidate", "candidate.quantum_kernel.layers.order", "['a', 'b']", "['b', 'a']",
            Touch.NOTHING,
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (
            {"data content": "9" * 64},
            ("data", "data content", "d" * 12, "9" * 12, Touch.ALL),
        ),
        (
            {"packages": {"numpy": "2.0.0", "scipy": "1.15.0"}},
            ("dependencies", "packages scipy", "1.14.0", "1.15.0", Touch.ALL),
        ),
        (
            {"dependency lock": None},
            ("dependencies", "dependency lock", "e" * 12, "not there", Touch.ALL),
        ),
        ({"replicates": 3}, ("replicates", "replicates", "2", "3", Touch.NOTHING)),
        (
            {"calibration": {"candidate": "lima 2026-01-01 ab"}},
            ("calibration", "calibration", "not there", "{'candidate': 'lima 2026-01-01 ab'}",
             Touch.ALL),
        ),
        (
            {"an input of a later version": 1},
            ("charter", "an input of a later version", "not there", "1", Touch.ALL),
        ),
    ],
)  # fmt: skip
def test_inputs_by_name_with_what_they_may_have_moved(
    inputs: dict[str, Any], expected: Told
) -> None:
    assert expected in told(bundle(), bundle(inputs=inputs))


def test_a_file_that_was_written_anew_with_the_same_content_moved_nothing() -> None:
    found = changes(bundle(), bundle(inputs={"data bytes": {"data.csv": "b" * 64}}))
    assert [change.touches for change in found if change.clause == "data"] == [Touch.NOTHING]
    assert "the content is the same" in found[0].note


def test_a_second_file_was_not_there_before() -> None:
    files = {"data.csv": "a" * 64, "data2.csv": "f" * 64}
    found = told(bundle(), bundle(inputs={"data bytes": files, "data content": "9" * 64}))
    assert ("data", "data bytes data2.csv", "not there", "f" * 12, Touch.NOTHING) in found


def test_terms_of_a_gate_by_the_gates_name() -> None:
    older = bundle(gates=[stated()])
    newer = bundle(
        gates=[
            stated(
                max=0.2, owner="b@example.com", claim="this_artifact",
                remediation=[{"notify": "b@example.com"}],
            )
        ]
    )  # fmt: skip
    assert told(older, newer) == [
        ("gates", "gate parity: threshold", "max 0.1", "max 0.2", Touch.NOTHING),
        ("gates", "gate parity: owner", "a@example.com", "b@example.com", Touch.NOTHING),
        (
            "gates", "gate parity: remediation", "[{'rerun': 'parity'}]",
            "[{'notify': 'b@example.com'}]", Touch.NOTHING,
        ),
        ("gates", "gate parity: claim", "new_items_and_seeds", "this_artifact", Touch.GATE),
    ]  # fmt: skip
    assert {change.gate for change in changes(older, newer)} == {"parity"}


def test_shots_reach_the_gates_that_are_read_at_them() -> None:
    found = told(bundle(), bundle(shots=64))
    assert ("shots", "shots", "[1024]", "[64]", Touch.NOTHING) in found
    assert ("gates", "gate parity: shots", "1024", "64", Touch.GATE) in found
    assert not any("reproducibility" in what for _, what, *_ in found)


def test_a_long_list_is_told_by_its_first_difference() -> None:
    older, newer = bundle(seeds=range(60)), bundle(seeds=[*range(59), 99])
    seeds = next(change for change in changes(older, newer) if change.clause == "seeds")
    assert len(seeds.before) <= 120
    assert seeds.after == "60 values, number 60 now 99"


def test_another_key_of_the_same_trial_is_another_way_of_computing() -> None:
    for role in ("baseline", "candidate"):
        found = told(bundle(), with_digests(role))
        assert found == [
            (
                "computation", f"qgate's way of computing ({role})", "as in A", "another",
                Touch.ALL,
            )
        ]  # fmt: skip


def test_a_trial_that_other_packages_key_otherwise_is_no_other_way_of_computing() -> None:
    newer = with_digests("candidate")
    inputs = {**newer.record["inputs"], "packages": {"numpy": "3"}}
    newer = dataclasses.replace(newer, record={**newer.record, "inputs": inputs})
    assert not any(clause == "computation" for clause, *_ in told(bundle(), newer))


def test_a_machine_touches_times() -> None:
    observed = {"machine": {"python": "3.11", "platform": "one"}}
    other = {"machine": {"python": "3.11", "platform": "two"}}
    found = told(bundle(observed=observed), bundle(observed=other))
    assert found == [("machine", "machine platform", "one", "two", Touch.TIMES)]


def test_a_lock_that_appears_or_is_renewed() -> None:
    bare = bundle()
    bare = dataclasses.replace(bare, record={**bare.record, "lock": None})
    assert told(bare, bundle()) == [("lock", "lock", "none", "there is one", Touch.NOTHING)]
    renewed = [
        what for clause, what, *_ in told(bundle(), bundle((), range(9))) if clause == "lock"
    ]
    assert renewed == ["locked baseline predictions"]


def test_clauses_come_in_their_order() -> None:
    newer = bundle(
        made="new", shots=64, seeds=(4, 5), gates=[stated(max=0.3)],
        inputs={"data content": "9" * 64, "packages": {"numpy": "3"}, "replicates": 5},
        observed={"machine": {"python": "4"}},
        latency={"batch": 4}, environment={"lockfile": "other.lock"},
    )  # fmt: skip
    clauses = [clause for clause, *_ in told(bundle(), newer)]
    assert clauses == sorted(clauses, key=CLAUSES.index)
    assert len(set(clauses)) >= 9


def test_no_more_terms_are_told_than_a_reader_can_take() -> None:
    older = with_section("environment", {f"k{i}": 1 for i in range(5000)})
    newer = with_section("environment", {f"k{i}": 2 for i in range(5000)})
    assert len(changes(older, newer)) == 200
