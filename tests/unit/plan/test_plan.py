"""Which trials a charter asks for, and what their digests depend on."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from qgate.charter.arm_spec import Solver
from qgate.charter.build import build_charter
from qgate.charter.charter import Looks
from qgate.digest import digest
from qgate.plan.estimate import estimated_seconds
from qgate.plan.plan import Plan, _canonical_values, _digest, make_plan
from qgate.stats.sequential import nominal_levels

Document = dict[str, Any]

DOCUMENT: Document = {
    "version": 1,
    "pilot": {"owner": "me", "success_metrics": [{"name": "latency_p95_ms", "max": 120}]},
    "data": {"path": "d.csv", "target": "y", "validation": {"fraction": 0.5, "seed": 1}},
    "baseline": {"id": "a", "estimator": "sklearn.svm.SVC", "params": {"C": 1.0}},
    "candidate": {
        "id": "b",
        "preprocess": ["sklearn.preprocessing.StandardScaler"],
        "quantum_kernel": {
            "layers": [
                {"name": "encode", "kind": "angle", "gate": "ry", "scale": 0.2},
                {"name": "entangle", "kind": "zz", "pairs": "ring", "scale": 0.02},
            ],
            "params": {"C": 10.0},
        },
    },
    "schedule": {"seeds": [1, 2, 3], "shots": ["exact", 64, 128], "replicates": 2},
    "gates": [
        {
            "name": "parity",
            "metric": "val_accuracy_gap_vs_classical",
            "max": 0.03,
            "owner": "you",
            "remediation": [{"disable": "entangle"}],
        }
    ],
}
INPUTS: Document = {
    "data content": "d" * 64,
    "split": {"digest": "e" * 64},
    "packages": {"numpy": "2.0.0"},
}
RECORDED = {"path": "r.csv"}
ABOUT = {"sha256": "f" * 64, "replicates": True}


def made(change: Callable[[Document, Document], object] | None = None, **recorded: Any) -> Plan:
    """Return the plan of the document and the inputs, both changed."""
    document, inputs = copy.deepcopy(DOCUMENT), copy.deepcopy(INPUTS)
    if change is not None:
        change(document, inputs)
    charter = build_charter(document, "pilot.yaml")
    return make_plan(charter, inputs, train=30, items=20, recorded=recorded)


def digests(plan: Plan, role: str) -> list[str]:
    """Return the digests of an arm's trials."""
    return [trial.digest for trial in plan.of(role)]


@pytest.mark.parametrize(
    ("schedule", "candidate"),
    [
        ({"seeds": [1, 2, 3], "shots": ["exact", 64, 128], "replicates": 2}, 3 * (1 + 2 + 2)),
        ({"seeds": [1, 2, 3], "shots": ["exact"], "replicates": 5}, 3),
        ({"seeds": [1], "shots": [64], "replicates": 7}, 7),
        ({"seeds": [5, 6], "shots": [64, 128, 256], "replicates": 1}, 6),
        ({}, 10),
    ],
)
def test_the_schedule_says_how_many_trials_run(schedule: Document, candidate: int) -> None:
    plan = made(lambda document, _: document.update(schedule=schedule))
    assert len(plan.of("candidate")) == candidate
    assert len(plan.of("baseline")) == len(schedule.get("seeds", range(10)))
    assert len(plan.trials) == len(plan.of("candidate")) + len(plan.of("baseline"))


def test_each_cell_of_the_schedule_is_one_trial() -> None:
    cells = [(t.seed, t.shots, t.replicate) for t in made().of("candidate")]
    assert len(set(cells)) == len(cells)
    assert set(cells) == {
        *((seed, None, 0) for seed in (1, 2, 3)),
        *((seed, shots, r) for seed in (1, 2, 3) for shots in (64, 128) for r in (0, 1)),
    }
    assert {(t.seed, t.shots, t.replicate) for t in made().of("baseline")} == {
        (seed, None, 0) for seed in (1, 2, 3)
    }


def test_a_kernel_as_baseline_is_run_at_each_shot_count() -> None:
    def swap(document: Document, _: Document) -> None:
        document["baseline"] = {**copy.deepcopy(document["candidate"]), "id": "a"}

    assert len(made(swap).of("baseline")) == len(made(swap).of("candidate")) == 15


def recorded_candidate(document: Document, _: Document) -> None:
    """Record the candidate elsewhere."""
    document["candidate"] = {"id": "b", "recorded": RECORDED}


def test_a_recorded_arm_has_the_replicates_that_its_file_has() -> None:
    assert len(made(recorded_candidate, candidate=ABOUT).of("candidate")) == 15
    once = {**ABOUT, "replicates": False}
    assert len(made(recorded_candidate, candidate=once).of("candidate")) == 9


def test_every_trial_has_a_digest_of_its_own() -> None:
    plan = made()
    assert len({trial.digest for trial in plan.trials}) == len(plan.trials)


def test_the_same_charter_gives_the_same_plan() -> None:
    assert made() == made()


# What a trial's outcome cannot depend on: who answers, what is demanded, how it is told.
IMMATERIAL: dict[str, Callable[[Document, Document], object]] = {
    "ids": lambda d, _: (d["baseline"].update(id="A"), d["candidate"].update(id="B")),
    "owners": lambda d, _: (d["pilot"].update(owner="x"), d["gates"][0].update(owner="x")),
    "pilot": lambda d, _: d["pilot"].update(name="n", description="text"),
    "thresholds": lambda d, _: d["gates"][0].update(max=0.05),
    "gates": lambda d, _: d.update(gates=[]),
    "short form": lambda d, _: d["pilot"].update(success_metrics=[]),
    "remediation": lambda d, _: d["gates"][0].update(remediation=[{"rerun": "all"}]),
    "latency": lambda d, _: d.update(latency={"requests": 10}),
    "budget": lambda d, _: d.update(budget={"shots": 10}),
    "rollback": lambda d, _: d.update(rollback={"traffic": "canary_to_a", "approver": "x"}),
    "file name": lambda d, _: d["data"].update(path="other.csv"),
    "replays": lambda d, _: d["schedule"].update(replays=5),
}


@pytest.mark.parametrize("name", IMMATERIAL)
def test_digests_do_not_change_with(name: str) -> None:
    assert made(IMMATERIAL[name]).trials == made().trials


# What both arms rest on, and what only the candidate does.
BOTH: dict[str, Callable[[Document, Document], object]] = {
    "data": lambda _, inputs: inputs.update({"data content": "0" * 64}),
    "split": lambda _, inputs: inputs["split"].update(digest="0" * 64),
    "packages": lambda _, inputs: inputs["packages"].update(numpy="2.0.1"),
    "target": lambda d, _: d["data"].update(target="z"),
    "features": lambda d, _: d["data"].update(features=["x"]),
}
CANDIDATE: dict[str, Callable[[Document, Document], object]] = {
    "params": lambda d, _: d["candidate"]["quantum_kernel"]["params"].update(C=9.0),
    "estimator": lambda d, _: d["candidate"]["quantum_kernel"].update(
        estimator="sklearn.svm.NuSVC"
    ),
    "preprocess": lambda d, _: d["candidate"].update(preprocess=[]),
    "layer scale": lambda d, _: d["candidate"]["quantum_kernel"]["layers"][0].update(scale=0.3),
    "layer pairs": lambda d, _: d["candidate"]["quantum_kernel"]["layers"][1].update(pairs="full"),
    "layers": lambda d, _: d["candidate"]["quantum_kernel"]["layers"].pop(),
    "layer order": lambda d, _: d["candidate"]["quantum_kernel"]["layers"].reverse(),
    "repeat": lambda d, _: d["candidate"]["quantum_kernel"].update(repeat=2),
}


@pytest.mark.parametrize("name", BOTH)
def test_the_digests_of_both_arms_change_with(name: str) -> None:
    before, after = made(), made(BOTH[name])
    assert not {t.digest for t in before.trials} & {t.digest for t in after.trials}


@pytest.mark.parametrize("name", CANDIDATE)
def test_the_digests_of_the_candidate_alone_change_with(name: str) -> None:
    before, after = made(), made(CANDIDATE[name])
    assert not set(digests(before, "candidate")) & set(digests(after, "candidate"))
    assert digests(before, "baseline") == digests(after, "baseline")


def test_digests_change_with_the_recorded_file() -> None:
    before = made(recorded_candidate, candidate=ABOUT)
    after = made(recorded_candidate, candidate={**ABOUT, "sha256": "0" * 64})
    assert not set(digests(before, "candidate")) & set(digests(after, "candidate"))
    assert digests(before, "baseline") == digests(after, "baseline")


def test_a_longer_schedule_keeps_the_trials_that_it_had() -> None:
    def longer(document: Document, _: Document) -> None:
        document["schedule"] = {"seeds": [3, 2, 1, 9], "shots": [128, "exact", 64], "replicates": 4}

    assert {t.digest for t in made().trials} < {t.digest for t in made(longer).trials}


def test_replays_are_a_fixed_sample_of_the_candidates_trials() -> None:
    plan = made(lambda d, _: d["schedule"].update(replays=4))
    replayed = plan.replayed()
    assert len(set(replayed)) == 4
    assert set(replayed) <= set(plan.of("candidate"))
    other_order = made(lambda d, _: d["schedule"].update(replays=4, seeds=[3, 1, 2]))
    assert other_order.replayed() == replayed
    everything = made(lambda d, _: d["schedule"].update(replays=1000))
    assert set(everything.replayed()) == set(everything.of("candidate"))


def test_the_estimate_grows_with_what_runs() -> None:
    base = estimated_seconds(made())
    more_seeds = made(lambda d, _: d["schedule"].update(seeds=list(range(30))))
    requests = made(lambda d, _: d.update(latency={"requests": 6000}))
    slower = made(lambda d, _: d.update(latency={"rate_per_s": 1}))
    no_latency = made(lambda d, _: d["pilot"].update(success_metrics=[]))
    for plan in (more_seeds, requests, slower):
        assert estimated_seconds(plan) > base
    assert estimated_seconds(no_latency) < base
    # Both arms get 600 + 20 requests at 100 a second together.
    assert base - estimated_seconds(no_latency) == pytest.approx(2 * 620 / 100)


def test_a_search_is_part_of_every_arm_that_it_decides() -> None:
    leak = {"name": "leak", "metric": "label_leak", "max": 0.1, "owner": "me"}

    def tuned(budget: int) -> Plan:
        def change(document: Document, _: Document) -> None:
            document["gates"].append(leak | {"remediation": [{"rerun": "leak"}]})
            document["tuning"] = {"budget": budget}

        return made(change)

    few, many = tuned(2), tuned(30)
    for role in ("baseline", "candidate", "permuted_labels"):
        first, second = ({t.digest for t in plan.of(role)} for plan in (few, many))
        assert first
        assert first.isdisjoint(second)


def test_a_solvers_random_opponent_draws_as_often_as_it_is_read() -> None:
    contribution = {"name": "c", "metric": "quantum_contribution", "min": 0, "owner": "me"}

    def solving(shots: int) -> Plan:
        def change(document: Document, _: Document) -> None:
            document["data"] = {"task": "optimization", "problems": ["p.sparse"]}
            document["candidate"] = {"id": "b", "quantum_solver": {"reps": 1}}
            document["baseline"] = {"id": "a", "solver": {"method": "greedy"}}
            document["gates"] = [
                contribution | {"at": {"shots": shots}, "remediation": [{"rerun": "c"}]}
            ]

        return made(change)

    few, many = solving(64), solving(128)
    reads = [plan.charter.derived[0].solver for plan in (few, many)]
    assert reads == [Solver("random", {"num_reads": count}) for count in (64, 128)]
    role = "classical_surrogate"
    assert [t.digest for t in few.of(role)] != [t.digest for t in many.of(role)]


def test_a_digest_is_that_of_all_that_determines_a_trial() -> None:
    """What the arms share is canonical once; the digest is as if each trial were by itself."""
    base = {"zeta": [1.5, None], "arm": "new", "circuit files": {}, "spec": {"b": 1, "a": "ü"}}
    cell = {"seed": 2**60, "shots": None, "replicate": 0, "items": (0, 10)}
    assert _digest(_canonical_values({**base, **cell})) == digest({**base, **cell})


def test_items_that_are_looked_at_in_blocks_count_as_that_many_trials() -> None:
    def looked(document: Document, _: Document) -> None:
        document["schedule"]["looks"] = {"after_items": [5, 10]}

    assert made().charter.schedule.cells == 3 * 3 * 2
    plan = made(looked)
    assert plan.charter.schedule.cells == 3 * 3 * 2 * 3
    assert len(plan.of("candidate")) <= plan.charter.schedule.cells


@pytest.mark.parametrize(
    ("after", "total", "close"),
    [((5, 10), 20, False), ((3, 6), 1500, False), ((3,), 1501, True), ((10, 11), 2000, True),
     ((10, 1999), 2000, True), ((10, 10), 20, True), ((10, 5), 20, True)],
)  # fmt: skip
def test_looks_that_share_an_error_are_apart(
    after: tuple[int, ...], total: int, close: bool
) -> None:
    assert Looks("seeds", after).too_close(total) is close
    fractions = [end / total for end in (*after, total)]
    if not close:
        assert len(nominal_levels(fractions, alpha=0.05)) == len(fractions)
