"""The lock file: written once, replaced only with a reason, and read with every error located."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qgate.digest import sha256
from qgate.errors import InvalidFileError, UsageError
from qgate.lock.lock import Lock, lock_evidence, lock_path, make_lock, read_lock, write_lock

BASELINE = {"id": "classical_v1", "predictions": "c" * 64, "score": {"accuracy": 0.9, "f1": 1e-05}}


def inputs(**changed: Any) -> dict[str, Any]:
    """Return inputs as a lock keeps them, some of them changed."""
    return {
        "charter": "a" * 64,
        "data bytes": {"../data.csv": "b" * 64},
        "data content": "d" * 64,
        "rows and columns": [20, 3],
        "split": {"digest": "e" * 64, "train": 10, "validation": 10},
        "dependency lock": None,
        "packages": {"numpy": "2.0.0"},
        "seeds": [1, 2, 3],
        "shots": ["exact", 1024],
        "replicates": 2,
        **{key.replace("_", " "): value for key, value in changed.items()},
    }


@pytest.fixture
def charter(tmp_path: Path) -> Path:
    """Return a charter's path; nobody reads the charter itself."""
    return tmp_path / "pilot.yaml"


def written(charter: Path, reason: str | None = None, **changed: Any) -> Lock:
    """Write a lock and return it as it is read."""
    write_lock(make_lock(inputs(**changed), BASELINE), charter, reason)
    lock = read_lock(charter)
    assert lock is not None
    return lock


def test_the_lock_stands_beside_its_charter() -> None:
    assert lock_path(Path("charters/pilot.yaml")) == Path("charters/pilot.lock.json")
    assert lock_path(Path("charters/pilot.v2.yml")) == Path("charters/pilot.v2.lock.json")


def test_there_is_no_lock_before_it_is_written(charter: Path) -> None:
    assert read_lock(charter) is None


def test_a_lock_is_read_as_it_was_written(charter: Path) -> None:
    made = make_lock(inputs(), BASELINE)
    assert write_lock(made, charter, None).startswith("wrote ")
    lock = read_lock(charter)
    assert lock is not None
    assert lock.document == {
        "version": 1,
        "inputs": inputs(),
        "baseline": BASELINE,
        "changes": [],
    }
    assert lock.digest == made.digest


def test_the_same_lock_is_not_written_again(charter: Path) -> None:
    written(charter)
    before = lock_path(charter).stat().st_mtime_ns
    text = write_lock(make_lock(inputs(), BASELINE), charter, "no change at all")
    assert text.endswith("is up to date")
    assert lock_path(charter).stat().st_mtime_ns == before
    lock = read_lock(charter)
    assert lock is not None
    assert lock.document["changes"] == []


@pytest.mark.parametrize("reason", [None, "", "  \n"])
def test_a_differing_lock_is_not_overwritten_without_a_reason(
    charter: Path, reason: str | None
) -> None:
    written(charter)
    before = lock_path(charter).read_bytes()
    with pytest.raises(UsageError) as caught:
        write_lock(make_lock(inputs(seeds=[1, 2, 4]), BASELINE), charter, reason)
    assert "seeds: locked [1, 2, 3], now [1, 2, 4]" in str(caught.value)
    assert "--reason" in str(caught.value)
    assert lock_path(charter).read_bytes() == before


def test_a_baseline_that_changed_alone_is_a_difference(charter: Path) -> None:
    written(charter)
    other = {**BASELINE, "predictions": "f" * 64}
    with pytest.raises(UsageError, match="baseline: predictions locked cccccccccccc, now ffff"):
        write_lock(make_lock(inputs(), other), charter, None)


def test_reasons_are_recorded_oldest_first_with_what_they_replaced(charter: Path) -> None:
    first = written(charter)
    second = written(charter, "a new release", packages={"numpy": "2.1.0"})
    third = written(charter, "back again")
    assert third.document["changes"] == [
        {
            "reason": "a new release",
            "replaced": first.digest,
            "differences": ["packages: numpy locked 2.0.0, now 2.1.0"],
        },
        {
            "reason": "back again",
            "replaced": second.digest,
            "differences": ["packages: numpy locked 2.1.0, now 2.0.0"],
        },
    ]
    assert third.digest == first.digest, "how a lock came about is not what it locks"


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("  two\n lines\tand\u00a0odd  spaces ", "two lines and odd spaces"),
        ('it\'s "quoted": {yes} # no comment', 'it\'s "quoted": {yes} # no comment'),
        ("ünï ☃ 🐈", "ünï ☃ 🐈"),
        ("<<<<<<< HEAD", "<<<<<<< HEAD"),
    ],
)
def test_a_reason_in_anyones_words_can_be_read_again(charter: Path, reason: str, kept: str) -> None:
    written(charter)
    lock = written(charter, reason, replicates=3)
    assert lock.document["changes"][0]["reason"] == kept


@pytest.mark.parametrize("reason", ["\x1b[31mred", "hidden\u200b", "\ud800", "\x07"])
def test_a_reason_that_could_not_be_read_again_is_refused(charter: Path, reason: str) -> None:
    before = written(charter)
    with pytest.raises(UsageError, match="control or invisible character"):
        written(charter, reason, replicates=3)
    after = read_lock(charter)
    assert after is not None
    assert after.document == before.document


def test_the_evidence_expected_is_recorded_and_dropped_when_the_basis_changes(
    charter: Path,
) -> None:
    with pytest.raises(UsageError, match="no lock yet: qgate lock"):
        lock_evidence(charter, "f" * 64)
    basis = written(charter).digest
    assert "now expects evidence ffffffffffff" in lock_evidence(charter, "f" * 64)
    lock = read_lock(charter)
    assert lock is not None
    assert (lock.document["evidence"], lock.digest) == ("f" * 64, basis)
    assert "evidence" not in written(charter, "more", replicates=3).document


def damaged(charter: Path, old: str, new: str) -> list[str]:
    """Return the findings of a lock in which a part was replaced."""
    written(charter)
    path = lock_path(charter)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InvalidFileError) as caught:
        read_lock(charter)
    for finding in caught.value.findings:
        assert finding.file == str(path)
        line = text.replace(old, new).splitlines()[finding.line - 1]
        assert 1 <= finding.column <= len(line) + 1
    return [finding.message for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"version": 1', '"version": 2', "version: 2 is none of 1"),
        ('"version": 1', '"version": "1"', "version: expected a whole number, not '1'"),
        ('"version": 1', '"revision": 1', "unknown key 'revision' in the document"),
        ('"a' + "a" * 63, '"A' + "a" * 63, "inputs.charter: 'Aaaa"),
        ('"c' + "c" * 63, '"c', "baseline.predictions: 'c' does not fit"),
        ('"train": 10', '"train": -1', "inputs.split.train: -1 is below the smallest allowed, 0"),
        ('"train": 10', '"train": 10.5', "inputs.split.train: expected a whole number"),
        ('"accuracy": 0.9', '"rmse": 0.9', "baseline.score: does not satisfy anyOf"),
        ('"accuracy": 0.9', '"rmse": -0.9', "baseline.score.rmse: -0.9 is below the smallest"),
        ('"accuracy": 0.9', '"accuracy": NaN', "baseline.score.accuracy: expected a number"),
        ('"replicates": 2', '"replicates": 2, "replicates": 3', "stands twice"),
        ('"replicates": 2', '"replicates": 2, "<<<": 3', "unknown key '<<<' in inputs"),
        ('"changes": []', '"changes": [{}]', "changes[0] lacks `reason`"),
        ('"changes": []', '"changes": [', "not valid JSON"),
        ('"data bytes": {', "<<<<<<< HEAD\n", "not valid JSON"),
    ],
)
def test_a_damaged_lock_is_refused_where_it_is_damaged(
    charter: Path, old: str, new: str, message: str
) -> None:
    told = damaged(charter, old, new)
    assert any(message in found for found in told)
    assert all(found.endswith(f"; delete it and lock anew: qgate lock {charter}") for found in told)
    lock_path(charter).unlink()
    assert written(charter).inputs == inputs()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"[]", "the document: expected a mapping, not a list"),
        (b"null", "the document: expected a mapping, not nothing"),
        (b"\xff", "not UTF-8"),
        (b"{}", "the document lacks `version`"),
    ],
)
def test_a_file_that_is_no_lock_at_all(charter: Path, data: bytes, message: str) -> None:
    lock_path(charter).write_bytes(data)
    with pytest.raises(InvalidFileError, match=f":1:1: {message}"):
        read_lock(charter)


def test_a_folder_in_the_locks_place_is_a_located_finding(charter: Path) -> None:
    lock_path(charter).mkdir()
    for attempt in (
        lambda: read_lock(charter),
        lambda: write_lock(make_lock(inputs(), BASELINE), charter, "why"),
        lambda: lock_evidence(charter, "f" * 64),
    ):
        with pytest.raises(InvalidFileError, match=r"pilot\.lock\.json:1:1: cannot read: Is a dir"):
            attempt()


def test_the_file_is_sorted_json_that_ends_in_a_line_feed(charter: Path) -> None:
    written(charter)
    text = lock_path(charter).read_text(encoding="utf-8")
    document = json.loads(text)
    assert text == json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_the_digest_is_of_inputs_and_baseline(charter: Path) -> None:
    del charter
    digests = {
        make_lock(inputs(), BASELINE).digest,
        make_lock(inputs(replicates=3), BASELINE).digest,
        make_lock(inputs(), {**BASELINE, "id": "classical_v2"}).digest,
    }
    assert len(digests) == 3
    assert sha256(b"") not in digests


def test_a_lock_that_leads_nowhere_is_not_taken_for_none(charter: Path) -> None:
    lock_path(charter).symlink_to(charter.parent / "gone.json")
    with pytest.raises(InvalidFileError, match="cannot read: No such file"):
        read_lock(charter)


def test_a_regressors_errors_are_locked(charter: Path) -> None:
    write_lock(make_lock(inputs(), {**BASELINE, "score": {"rmse": 2.5, "mae": 1.5}}), charter, None)
    found = read_lock(charter)
    assert found is not None
    assert found.document["baseline"]["score"] == {"rmse": 2.5, "mae": 1.5}
