"""How measurements read evidence."""

from __future__ import annotations

from typing import Any

import pytest

from qgate.digest import canonical, sha256
from qgate.evidence.evidence import Evidence, MissingTrialError, predictions_digest
from tests.unit.evidence import bundles


def _evidence(record: dict[str, Any] | None = None, **observed: Any) -> Evidence:
    return Evidence(record or bundles.record(), {**bundles.observations(), **observed}, "here")


def test_trials_come_by_seed_and_replicate_in_the_charters_order() -> None:
    record = bundles.record()
    record["trials"].reverse()
    record["charter"]["schedule"]["seeds"] = [2, 1]
    found = _evidence(record).trials("candidate", 64)
    assert [[trial["seed"] for trial in seed] for seed in found] == [[2, 2], [1, 1]]


def test_an_arm_without_shots_answers_for_every_shot_count() -> None:
    evidence = _evidence()
    assert evidence.trials("baseline", 64) == evidence.trials("baseline", None)
    with pytest.raises(
        MissingTrialError, match=r"candidate has no outcome at exact for seeds \[1, 2\]"
    ):
        evidence.trials("candidate", None)


def test_a_failed_trial_is_missing_and_says_why() -> None:
    record = bundles.record()
    trial = record["trials"][2]
    trial.update(predictions=None, scores=None, failure="ValueError")
    evidence = _evidence(record, failures={trial["digest"]: "did not converge"})
    with pytest.raises(MissingTrialError, match=r"seed 1: ValueError \(did not converge\)"):
        evidence.trials("candidate", 64)


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        (slice(2, 4), r"candidate has no outcome at 64 for seeds \[1\]"),
        (slice(2, 3), "candidate has not the same replicates for every seed"),
        (slice(2, None), "candidate has no outcome"),
    ],
)
def test_lost_trials_are_missing(lost: slice, message: str) -> None:
    record = bundles.record()
    del record["trials"][lost]
    with pytest.raises(MissingTrialError, match=message):
        _evidence(record).trials("candidate", 64)


def test_the_digest_is_of_the_record_alone() -> None:
    evidence = _evidence()
    assert evidence.digest == sha256(canonical(bundles.record()))
    assert evidence.digest == _evidence(created="later", path="there").digest
    assert evidence.observations_digest != _evidence(created="later").observations_digest


def test_the_predictions_digest_is_of_one_arm_in_order() -> None:
    evidence = _evidence()
    lists = [t["predictions"] for t in bundles.record()["trials"] if t["arm"] == "candidate"]
    assert evidence.predictions_digest("candidate") == predictions_digest(lists)
    assert predictions_digest(lists) != predictions_digest([lists[1], lists[0], *lists[2:]])


def test_latencies_are_none_where_there_are_none() -> None:
    found = _evidence().latencies("candidate")
    assert found is not None
    assert (found[0].tolist(), found[1].tolist(), found[2]) == (
        [1, 2.5, 1.25, 3],
        [0, 0, 1, 1],
        True,
    )
    assert _evidence(latency={}).latencies("candidate") is None


def test_the_charter_and_the_truth_are_read_from_the_record() -> None:
    evidence = _evidence()
    assert evidence.charter.candidate.id == "new"
    assert evidence.charter.path == "charters/small.yaml"
    assert evidence.truth.tolist() == [0, 1, 0, 1, 1]
    assert list(evidence.classes) == ["no", "yes"]


def _blocked(*stops: int) -> dict[str, Any]:
    """Return a record whose candidate ran in blocks up to these items."""
    record = bundles.record()
    whole = [trial for trial in record["trials"] if trial["arm"] == "candidate"]
    blocks = [
        {
            **trial,
            "items": [start, stop],
            "digest": f"{trial['digest'][:-1]}{start}",
            "predictions": trial["predictions"][start:stop],
            "scores": trial["scores"][start:stop],
            "fit_circuits": 10 if start == 0 else 0,
            "serving_circuits": 5 * (stop - start),
        }
        for trial in whole
        for start, stop in zip((0, *stops), stops, strict=False)
    ]
    record["trials"] = [t for t in record["trials"] if t["arm"] == "baseline"] + blocks[::-1]
    return record


def test_blocks_of_all_items_are_the_whole() -> None:
    whole = [
        [{k: v for k, v in trial.items() if k != "digest"} for trial in replicates]
        for replicates in _evidence().trials("candidate", 64)
    ]
    found = _evidence(_blocked(2, 3, 5)).trials("candidate", 64)
    for trials, expected in zip(found, whole, strict=True):
        assert [{k: v for k, v in t.items() if k != "digest"} for t in trials] == expected


def test_all_arms_are_cut_to_the_items_that_each_covers() -> None:
    evidence = _evidence(_blocked(2, 3))
    assert evidence.items == 3
    assert evidence.truth.tolist() == [0, 1, 0]
    assert evidence.truths.tolist() == [[0, 1, 0]] * 2
    (whole,) = bundles.record()["trials"][:1]
    cut = evidence.trials("baseline", 64)[0][0]
    assert cut["predictions"] == whole["predictions"][:3]
    assert cut["scores"] == whole["scores"][:3]
    assert (cut["fit_circuits"], cut["serving_circuits"]) == (10, 15)


def test_a_cell_that_covers_less_cuts_the_others() -> None:
    record = _blocked(2, 4)
    last = next(t for t in record["trials"] if t["seed"] == 2 and t.get("items") == [2, 4])
    record["trials"].remove(last)
    evidence = _evidence(record)
    assert evidence.items == 2
    trials = [t for replicates in evidence.trials("candidate", 64) for t in replicates]
    assert [len(trial["predictions"]) for trial in trials] == [2] * 4
    assert [trial["serving_circuits"] for trial in trials] == [10] * 4


def test_blocks_with_a_gap_are_missing() -> None:
    record = _blocked(2, 3, 5)
    record["trials"] = [t for t in record["trials"] if t.get("items") != [2, 3]]
    with pytest.raises(MissingTrialError, match="candidate has no outcome of items 2 to 2"):
        _evidence(record).trials("candidate", 64)


def test_a_failed_block_is_missing() -> None:
    record = _blocked(2, 5)
    record["trials"][-1].update(predictions=None, scores=None, failure="ValueError")
    with pytest.raises(MissingTrialError, match="candidate failed on seed 1: ValueError"):
        _evidence(record).trials("candidate", 64)


def test_only_the_seeds_that_a_look_took_count() -> None:
    record = bundles.record()
    record["looks"] = {"seeds": 1}
    record["trials"] = [
        trial for trial in record["trials"] if trial["seed"] == 1 or trial["arm"] == "baseline"
    ]
    evidence = _evidence(record)
    assert evidence.seeds == (1,)
    for role in ("candidate", "baseline"):
        assert [trials[0]["seed"] for trials in evidence.trials(role, 64)] == [1]
    del record["looks"]
    assert _evidence(record).seeds == (1, 2)
    with pytest.raises(MissingTrialError, match=r"for seeds \[2\]"):
        _evidence(record).trials("candidate", 64)
