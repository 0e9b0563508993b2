"""What is observed of the inputs, and how a difference from the lock is told."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from qgate.digest import sha256_file
from qgate.lock.inputs import differences
from qgate.pipeline import study
from qgate.plan.settings import Settings

CHARTER = """\
version: 1
pilot: {owner: me, success_metrics: [{name: val_accuracy_gap_vs_classical, max: 0.05}]}
data: {path: data.csv, target: label, validation: {fraction: 0.5, seed: 1}}
baseline: {id: a, estimator: sklearn.svm.SVC}
candidate: {id: b, estimator: sklearn.svm.SVC}
schedule: {seeds: [3, 1]}
environment: {lockfile: requirements.lock}
"""


@pytest.fixture
def charter(tmp_path: Path) -> Path:
    """Return a charter in a project of its own."""
    (tmp_path / "pyproject.toml").touch()
    rows = "".join(f"{i},{i % 2}\n" for i in range(20))
    (tmp_path / "data.csv").write_text(f"x,label\n{rows}", encoding="utf-8", newline="\n")
    (tmp_path / "requirements.lock").write_text("numpy==2\n", encoding="utf-8")
    path = tmp_path / "pilot.yaml"
    path.write_text(CHARTER, encoding="utf-8")
    return path


def observed(charter: Path) -> dict[str, Any]:
    """Return a charter's inputs as they are now."""
    return dict(study(charter, Settings()).inputs)


def test_every_input_is_observed(charter: Path) -> None:
    found = observed(charter)
    folder = charter.parent
    assert found["data bytes"] == {"data.csv": sha256_file(folder / "data.csv")}
    assert found["dependency lock"] == sha256_file(folder / "requirements.lock")
    assert found["rows and columns"] == [20, 2]
    assert (found["split"]["train"], found["split"]["validation"]) == (10, 10)
    assert (found["seeds"], found["shots"], found["replicates"]) == ([3, 1], ["exact"], 2)
    assert found["packages"]["numpy"] == metadata.version("numpy")
    assert found["packages"]["scikit-learn"] == metadata.version("scikit-learn")


def test_a_package_of_an_arm_is_locked_by_version_and_source(charter: Path) -> None:
    name = "qiskit_machine_learning"
    text = CHARTER.replace("b, estimator: sklearn.svm.SVC", f"b, estimator: {name}.algorithms.QSVC")
    charter.write_text(f"{text}plugins: [{name}]\n", encoding="utf-8")
    found = observed(charter)["packages"][name]
    assert found.startswith(f"qiskit-machine-learning {metadata.version(name)}, source ")


def test_a_module_of_the_repository_is_locked_by_its_source(
    charter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = CHARTER.replace("id: b, estimator: sklearn.svm.SVC", "id: b, estimator: own_arm.Arm")
    charter.write_text(f"{text}plugins: [own_arm]\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    source = "class Arm:\n    def fit(self, X, y): ...\n    def predict(self, X): ...\n"
    (tmp_path / "own_arm.py").write_text(source, encoding="utf-8")
    before = observed(charter)["packages"]["own_arm"]
    (tmp_path / "own_arm.py").write_text(f"{source}    ...\n", encoding="utf-8")
    assert observed(charter)["packages"]["own_arm"] != before


def test_nothing_differs_from_itself(charter: Path) -> None:
    assert differences(observed(charter), observed(charter)) == []


def test_a_file_that_was_only_encoded_anew_is_told_as_that(charter: Path) -> None:
    before = observed(charter)
    data = charter.parent / "data.csv"
    old = sha256_file(data)
    data.write_bytes(data.read_bytes().replace(b"\n", b"\r\n"))
    (found,) = differences(before, observed(charter))
    assert found == (
        f"data bytes: data.csv locked {old[:12]}, now {sha256_file(data)[:12]} "
        "(the content is the same: the file was re-encoded)"
    )


def test_a_change_in_a_middle_row_is_told_as_content_and_as_bytes(charter: Path) -> None:
    before = observed(charter)
    data = charter.parent / "data.csv"
    data.write_bytes(data.read_bytes().replace(b"\n9,1\n", b"\n9.5,1\n"))
    found = differences(before, observed(charter))
    assert [line.partition(":")[0] for line in found] == ["data bytes", "data content"]
    assert not any("re-encoded" in line for line in found)


def test_another_label_may_move_the_split(charter: Path) -> None:
    before = observed(charter)
    data = charter.parent / "data.csv"
    data.write_bytes(data.read_bytes().replace(b"\n9,1\n", b"\n9,0\n"))
    names = {line.partition(":")[0] for line in differences(before, observed(charter))}
    assert {"data bytes", "data content", "split"} <= names


@pytest.mark.parametrize(
    ("locked", "now", "told"),
    [
        ({"seeds": [1, 2]}, {"seeds": [1, 3]}, "seeds: locked [1, 2], now [1, 3]"),
        ({"replicates": 2}, {"replicates": 3}, "replicates: locked 2, now 3"),
        ({"a": None}, {"a": "b" * 64}, "a: locked nothing, now bbbbbbbbbbbb"),
        ({"a": 1}, {}, "a: locked 1, now nothing"),
        ({}, {"a": 1}, "a: locked nothing, now 1"),
        (
            {"packages": {"numpy": "1", "scipy": "1"}},
            {"packages": {"numpy": "2", "scipy": "1"}},
            "packages: numpy locked 1, now 2",
        ),
        (
            {"packages": {"numpy": "1"}},
            {"packages": {}},
            "packages: numpy locked 1, now nothing",
        ),
    ],
)
def test_a_difference_names_the_input_and_both_values(
    locked: dict[str, Any], now: dict[str, Any], told: str
) -> None:
    assert differences(locked, now) == [told]


def test_long_lists_that_differ_late_are_told_apart() -> None:
    seeds = list(range(1000))
    (changed,) = differences({"seeds": seeds}, {"seeds": [*seeds[:-1], 7]})
    assert changed.endswith(" (1000 and 1000; number 1000: 999, now 7)")
    (longer,) = differences({"seeds": seeds}, {"seeds": [*seeds, 7]})
    assert longer.endswith(" (1000 and 1001; number 1001: nothing, now 7)")


def test_differences_come_in_the_order_of_their_names() -> None:
    locked = {"seeds": [1], "charter": "x", "packages": {"b": "1", "a": "1"}}
    now = {"seeds": [2], "charter": "y", "packages": {"b": "2", "a": "2"}}
    assert [line.partition(" locked")[0] for line in differences(locked, now)] == [
        "charter:",
        "packages: a",
        "packages: b",
        "seeds:",
    ]
