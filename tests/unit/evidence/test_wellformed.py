"""Bundles whose digests are right may still be no evidence: written by hand, or by another tool."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qgate.digest import canonical, digest
from qgate.errors import UsageError
from qgate.evidence.store import read_bundle
from qgate.gates.decision import judge
from qgate.stats.sequential import nominal_levels
from tests.unit.evidence import bundles

Edit = Callable[[dict[str, Any], dict[str, Any]], object]


def _refusal(folder: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_bundle(str(folder))
    return str(caught.value)


def _forged(store: Path, edit: Edit) -> Path:
    record, observations = bundles.record(), bundles.observations()
    edit(record, observations)
    contents = {"evidence.json": canonical(record), "observations.json": canonical(observations)}
    return bundles.forge(store / "forged", contents)


def test_a_bundle_by_hand_is_read_when_it_is_well_formed(tmp_path: Path) -> None:
    folder = _forged(tmp_path, lambda *_: None)
    assert read_bundle(str(folder)).record == bundles.record()


@pytest.mark.parametrize("key", bundles.record())
def test_each_key_of_the_record_is_needed(tmp_path: Path, key: str) -> None:
    folder = _forged(tmp_path, lambda record, _: record.pop(key))
    message = _refusal(folder)
    assert "forged is not evidence as a run writes it" in message
    assert f"record lacks `{key}`" in message


@pytest.mark.parametrize("key", bundles.observations())
def test_each_key_of_the_observations_is_needed(tmp_path: Path, key: str) -> None:
    folder = _forged(tmp_path, lambda _, observations: observations.pop(key))
    assert f"observations lacks `{key}`" in _refusal(folder)


@pytest.mark.parametrize("key", bundles.trial("baseline", 1, None, 0))
def test_each_key_of_a_trial_is_needed(tmp_path: Path, key: str) -> None:
    folder = _forged(tmp_path, lambda record, _: record["trials"][1].pop(key))
    assert f"record.trials[1] lacks `{key}`" in _refusal(folder)


def _trial(**values: Any) -> Edit:
    return lambda record, _: record["trials"][2].update(values)


def _record(**values: Any) -> Edit:
    return lambda record, _: record.update(values)


def _latency(**values: Any) -> Edit:
    return lambda _, observations: observations["latency"]["candidate"].update(values)


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (_trial(predictions=[0, 1]), "record.trials[2].predictions: expected 5 codes from 0 to 1"),
        (_trial(predictions=[0, 1, 2, 0, 1]), "record.trials[2].predictions"),
        (_trial(predictions=[0, 1, -1, 0, 1]), "record.trials[2].predictions"),
        (_trial(predictions=[0, 1, 0.5, 0, 1]), "record.trials[2].predictions"),
        (_trial(predictions=[0, 1, "1", 0, 1]), "record.trials[2].predictions"),
        (_trial(predictions=[0, 1, None, 0, 1]), "record.trials[2].predictions"),
        (_trial(predictions=[True] * 5), "record.trials[2].predictions"),
        (_trial(predictions=[[0], 1, 0, 1, 0]), "record.trials[2].predictions"),
        (_trial(predictions=[[0]] * 5), "record.trials[2].predictions"),
        (_trial(predictions=[]), "record.trials[2].predictions"),
        (_trial(predictions="01010"), "record.trials[2].predictions: expected a list or nothing"),
        (_trial(predictions=None), "record.trials[2]: expected either predictions or a failure"),
        (_trial(failure="ValueError"), "expected either predictions or a failure"),
        (_trial(scores=[0.5]), "record.trials[2].scores: expected 5 numbers"),
        (_trial(scores=[0.5, None, 0.5, 0.5, 0.5]), "record.trials[2].scores"),
        (_trial(scores=["x"] * 5), "record.trials[2].scores"),
        (_trial(seed="1"), "record.trials[2].seed: expected a whole number"),
        (_trial(seed=2), "record.trials[4]: ('candidate', 2, 64, 0) stands twice"),
        (_trial(arm="other"), "record.trials[2].arm"),
        (_trial(shots=0), "record.trials[2].shots"),
        (_trial(digest="x"), "record.trials[2].digest"),
        (_record(truth=[0, 1, 2, 0, 1]), "record.truth: expected codes from 0 to 1"),
        (_record(truth=[]), "record.truth"),
        (_record(truth=[0] * 4), "record.trials[0].predictions: expected 4 codes"),
        (_record(classes=["a"]), "record.classes"),
        (_record(charter={"version": 1}), "lacks `pilot`"),
        (_record(lock={"inputs": {}, "baseline": {}}), "lacks `charter`"),
        (_record(lock=7), "record.lock"),
        (_record(inputs={}), "lacks `charter`"),
        (_record(extra=1), "unknown key 'extra'"),
        (_record(replays=[{"seed": 1}]), "record.replays[0] lacks `again`"),
        (_latency(sessions=[0]), "latency.candidate.sessions: expected one session number"),
        (_latency(sessions=[0, 0, 1, 9]), "latency.candidate.sessions"),
        (_latency(milliseconds=[1, 2, 3, -1]), "latency.candidate.milliseconds"),
        (_latency(milliseconds=[1, 2, 3, None]), "latency.candidate.milliseconds"),
        (_latency(milliseconds=[]), "latency.candidate.milliseconds"),
        (lambda _, observations: observations["seconds"].update(x="1"), "observations.seconds.x"),
    ],
)
def test_values_that_nothing_could_be_measured_from_are_named(
    tmp_path: Path, edit: Edit, expected: str
) -> None:
    message = _refusal(_forged(tmp_path, edit))
    assert "forged is not evidence as a run writes it" in message
    assert expected in message


def test_a_failed_trial_and_no_lock_are_well_formed(tmp_path: Path) -> None:
    def edit(record: dict[str, Any], observations: dict[str, Any]) -> None:
        record["trials"][2].update(predictions=None, scores=None, failure="ValueError")
        record["lock"] = None
        observations["latency"] = {}

    assert read_bundle(str(_forged(tmp_path, edit))).record["lock"] is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"not JSON", "evidence.json:1:1: not JSON"),
        (b"[1, 2]", "record: expected a mapping, not a list"),
        (json.dumps(bundles.record(), indent=1).encode(), "is not canonical JSON"),
    ],
)
def test_a_member_with_the_right_digest_may_still_be_no_evidence(
    tmp_path: Path, data: bytes, expected: str
) -> None:
    observations = canonical(bundles.observations())
    folder = bundles.forge(
        tmp_path / "forged", {"evidence.json": data, "observations.json": observations}
    )
    assert expected in _refusal(folder)


def test_problems_that_are_named_are_bounded(tmp_path: Path) -> None:
    folder = _forged(tmp_path, lambda record, _: [t.pop("seed") for t in record["trials"] * 1])
    assert len(_refusal(folder).splitlines()) <= 11


def test_a_large_bundle_is_validated_item_by_item_without_a_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schema engine must not be asked for each of 132,000 predictions."""
    import jsonschema._keywords as keywords

    calls: list[int] = []
    plain = keywords.type

    def counted(*arguments: Any) -> Any:
        calls.append(1)
        return plain(*arguments)

    monkeypatch.setattr(keywords, "type", counted)
    record = bundles.record()
    record["truth"] = [0, 1] * 300
    record["charter"]["schedule"] = {"seeds": list(range(110)), "shots": [64], "replicates": 1}
    record["inputs"]["charter"] = digest(record["charter"])
    record["trials"] = [
        {**bundles.trial(arm, seed, shots, 0), "predictions": [1, 0] * 300, "scores": None}
        for arm, shots in (("baseline", None), ("candidate", 64))
        for seed in range(110)
    ]
    evidence = bundles.write(record, bundles.observations(), tmp_path)
    assert len(read_bundle(evidence.digest, tmp_path).record["trials"]) == 220
    assert len(calls) < 10_000


def _regression(record: dict[str, Any]) -> None:
    record["charter"]["data"]["task"] = "regression"
    record["inputs"]["charter"] = digest(record["charter"])
    record.update(classes=[], truth=[0.5, 1, -2.25, 3.0, 1e-9])
    for trial in record["trials"]:
        trial.update(predictions=[0.5, 1, 2.5, -3.125, 0], scores=None)


def _resampled(record: dict[str, Any]) -> None:
    record["charter"]["data"]["validation"]["resample"] = True
    record["inputs"]["charter"] = digest(record["charter"])
    record["truth"] = [[0, 1, 0, 1, 1], [1, 1, 0, 0, 1]]


def _blocks(record: dict[str, Any]) -> None:
    """Make it a run that was decided at a look after 3 of its 5 items."""
    record["charter"]["schedule"]["looks"] = {"after_items": [3]}
    record["inputs"]["charter"] = digest(record["charter"])
    record["looks"] = {"by": "items", "ends": [3, 5], "levels": {}, "taken": 1, "seeds": 2}
    whole = record["trials"][:2]
    for trial in record["trials"]:
        trial.update(items=[0, 3], predictions=[0, 1, 1], scores=[0.5, 0.25, 0.0])
    for trial in whole:  # the baseline runs whole
        rest = {"items": [3, 5], "predictions": [0, 1], "scores": [0.5, 0.25]}
        record["trials"].append({**trial, **rest, "digest": trial["digest"][::-1]})


FORMS = {"regression": _regression, "resampled": _resampled, "blocks": _blocks}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_record_is_read(tmp_path: Path, form: str) -> None:
    folder = _forged(tmp_path, lambda record, _: FORMS[form](record))
    assert read_bundle(str(folder)).items in (5, 3)


@pytest.mark.parametrize(
    ("form", "edit", "expected"),
    [
        ("regression", _record(truth=[0.5, 1, None, 3, 4]), "record.truth: expected numbers"),
        ("regression", _record(truth=["a"] * 5), "record.truth: expected numbers"),
        ("regression", _record(classes=["a", "b"]), "record.classes: expected none"),
        ("regression", _trial(predictions=[0.5] * 4), "predictions: expected 5 numbers"),
        ("regression", _trial(predictions=[None] * 5), "predictions: expected 5 numbers"),
        ("regression", _trial(predictions=[True] * 5), "predictions: expected 5 numbers"),
        ("regression", _trial(scores=[0.5] * 5), "record.trials[2].scores: expected none"),
        ("resampled", _record(truth=[0, 1, 0, 1, 1]), "record.truth: expected for each seed"),
        ("resampled", _record(truth=[[0, 1, 0, 1, 1]]), "record.truth: expected for each seed"),
        ("resampled", _record(truth=[[0] * 5, [0] * 4]), "record.truth: expected for each seed"),
        ("resampled", _record(truth=[[0] * 5, [2] * 5]), "for each seed a list of as many codes"),
        ("resampled", _record(truth=[[], []]), "record.truth: expected for each seed"),
        ("resampled", _trial(predictions=[0] * 4), "predictions: expected 5 codes"),
        (
            "resampled",
            _record(slices={"column": "g", "values": ["a"] * 5, "known": ["a"]}),
            "record.slices: expected none where each seed",
        ),
        ("blocks", _trial(predictions=[0] * 5), "predictions: expected 3 codes"),
        ("blocks", _trial(scores=[0.5] * 5), "scores: expected 3 numbers"),
        ("blocks", _trial(items=[3, 3]), "record.trials[2].items: expected a block"),
        ("blocks", _trial(items=[4, 6]), "record.trials[2].items: expected a block"),
        ("blocks", _trial(items=[-1, 1]), "record.trials[2].items[0]: -1 is below"),
        ("blocks", _trial(items=[1]), "record.trials[2].items"),
        ("blocks", _trial(items=None), "record.trials[2].items"),
        (
            "blocks",
            lambda record, _: record["trials"].append(record["trials"][2]),
            "('candidate', 1, 64, 0, 0, 3) stands twice",
        ),
    ],
)
def test_values_that_do_not_fit_a_records_form_are_named(
    tmp_path: Path, form: str, edit: Edit, expected: str
) -> None:
    def both(record: dict[str, Any], observations: dict[str, Any]) -> None:
        FORMS[form](record)
        edit(record, observations)

    assert expected in _refusal(_forged(tmp_path, both))


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (_record(classes=[]), "record.classes: expected at least 2"),
        (_record(truth=[[0, 1, 0, 1, 1]] * 2), "record.truth: expected codes from 0 to 1"),
        (_record(looks=7), "record.looks: expected a mapping"),
        (_record(looks={"seeds": 0}), "record.looks.seeds: 0 is below"),
        (_record(looks={"seeds": 1.5}), "record.looks.seeds: expected a whole number"),
        (_record(slices={"column": "g"}), "record.slices"),
        (
            _record(slices={"column": "g", "values": ["a"] * 4, "known": ["a"]}),
            "record.slices.values: expected a text for each of 5 items",
        ),
        (
            _record(slices={"column": "g", "values": ["a", "a", 1, "a", "a"], "known": ["a"]}),
            "record.slices.values: expected a text for each of 5 items",
        ),
    ],
)
def test_looks_and_slices_have_their_form(tmp_path: Path, edit: Edit, expected: str) -> None:
    assert expected in _refusal(_forged(tmp_path, edit))


def _looked(record: dict[str, Any]) -> None:
    """Make it a record of a look after two of three seeds, with a gate on slices."""
    charter = record["charter"]
    charter["data"]["slice"] = "g"
    charter["schedule"].update(seeds=[1, 2, 3], looks={"after_seeds": [2]})
    charter["gates"] = [
        {"name": "parity", "metric": "val_accuracy_gap_vs_classical", "max": 0.1, "slices": "all",
         "owner": "a@example.com", "remediation": [{"rerun": "parity"}]}
    ]  # fmt: skip
    record["inputs"].update(charter=digest(charter), seeds=[1, 2, 3])
    record["trials"].append(bundles.trial("baseline", 3, None, 0))
    levels = {"parity": list(nominal_levels([2 / 3, 1.0], alpha=0.05))}
    record["looks"] = {"by": "seeds", "ends": [2, 3], "levels": levels, "taken": 1, "seeds": 2}
    known = ["a", "b", "c"]
    record["slices"] = {"column": "g", "values": ["a", "b", "a", "b", "b"], "known": known}


def test_looks_and_slices_stand_in_a_record(tmp_path: Path) -> None:
    found = read_bundle(str(_forged(tmp_path, lambda record, _: _looked(record))))
    assert found.seeds == (1, 2)
    assert [look.after for look in judge(found).looks] == [2]


@pytest.mark.parametrize(
    ("part", "change", "expected"),
    [
        ("looks", {"taken": 0}, "record.looks.taken"),
        ("looks", {"taken": 99}, "expected a number from 1 to 2"),
        ("looks", {"taken": True}, "record.looks.taken"),
        ("looks", {"taken": 2}, "record.looks.seeds: expected 3"),
        ("looks", {"taken": 2, "seeds": 3}, "expected the candidate's of the first 3 seeds"),
        ("looks", {"ends": [2, 4]}, r"record.looks.ends: expected \[2, 3\]"),
        ("looks", {"ends": []}, "record.looks.ends"),
        ("looks", {"by": "items"}, "record.looks.by: expected seeds"),
        ("looks", {"levels": {"parity": [0.04, 0.05]}}, "not those that the charter fixes"),
        ("looks", {"levels": {}}, "not those that the charter fixes"),
        ("looks", None, "record.looks: expected where"),
        ("slices", {"known": ["c"]}, "expected every value once, in order"),
        ("slices", {"known": ["b", "a"]}, "expected every value once, in order"),
        ("slices", {"column": "other"}, "record.slices.column: expected 'g'"),
        ("slices", None, "record.slices: expected where"),
        ("inputs", {"charter": "0" * 64}, "not the one that record.inputs has the digest of"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(
    tmp_path: Path, part: str, change: dict[str, Any] | None, expected: str
) -> None:
    def edit(record: dict[str, Any], _: dict[str, Any]) -> None:
        _looked(record)
        if change is None:
            del record[part]
        else:
            record[part].update(change)

    with pytest.raises(UsageError, match=expected):
        judge(read_bundle(str(_forged(tmp_path, edit))))


@pytest.mark.parametrize(
    "terms", [{}, {"slices": "all"}, {"slices": "all", "max_vs_baseline": 2.0}], ids=str
)
def test_a_gate_that_nothing_can_be_held_against_is_refused(
    tmp_path: Path, terms: dict[str, Any]
) -> None:
    def edit(record: dict[str, Any], _: dict[str, Any]) -> None:
        _looked(record)
        gate = next(gate for gate in record["charter"]["gates"] if "max" in gate)
        del gate["max"]
        gate |= terms
        record["inputs"]["charter"] = digest(record["charter"])

    with pytest.raises(UsageError, match="'parity' has no threshold"):
        read_bundle(str(_forged(tmp_path, edit)))


def test_looks_that_are_too_close_for_any_level_are_refused(tmp_path: Path) -> None:
    def edit(record: dict[str, Any], _: dict[str, Any]) -> None:
        _looked(record)
        record["charter"]["schedule"] |= {"seeds": list(range(1, 5001)), "replicates": 1}
        record["inputs"]["charter"] = digest(record["charter"])

    with pytest.raises(UsageError, match="looks: too close to each other"):
        read_bundle(str(_forged(tmp_path, edit)))


@pytest.mark.parametrize("value", [1e71, -1e300, 1.7e308])
def test_numbers_whose_squares_are_none_are_refused(tmp_path: Path, value: float) -> None:
    def edit(record: dict[str, Any], _: dict[str, Any]) -> None:
        record["trials"][2]["scores"][0] = value

    with pytest.raises(UsageError, match="scores: expected 5 numbers"):
        read_bundle(str(_forged(tmp_path, edit)))
