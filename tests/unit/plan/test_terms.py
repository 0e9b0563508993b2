"""What only data, packages and snapshots show to be wrong is told before anything runs."""

from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path

import pytest

from qgate import plugins
from qgate.errors import Finding, InvalidFileError
from qgate.pipeline import study
from qgate.plan.settings import Settings

DEVICES = Path(__file__).parents[3] / "fixtures/devices"
CHARTER = """\
version: 1
pilot: {owner: me, success_metrics: [{name: val_accuracy_gap_vs_classical, max: 0.05}]}
data: {path: data.csv, target: label, validation: {fraction: 0.4, seed: 1}}
baseline: {id: a, estimator: sklearn.svm.SVC}
candidate:
"""
KERNEL = "  quantum_kernel:\n    layers: [{name: encode, kind: angle, gate: ry}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a project with twenty rows of two classes and two devices' snapshots."""
    (tmp_path / "pyproject.toml").touch()
    rows = "".join(f"{i},{i % 2}\n" for i in range(20))
    (tmp_path / "data.csv").write_text(f"x,label\n{rows}", encoding="utf-8")
    for path in DEVICES.glob("*.json"):
        shutil.copy(path, tmp_path)
    return tmp_path


def _found(folder: Path, candidate: str) -> tuple[Finding, ...]:
    path = folder / "pilot.yaml"
    path.write_text(CHARTER + candidate, encoding="utf-8")
    with pytest.raises(InvalidFileError) as caught:
        study(path, Settings())
    return caught.value.findings


@pytest.mark.parametrize(
    ("candidate", "place", "message"),
    [
        ("  id: c\n  estimator: sklearn.svm.SVX\n", (7, 3), "has no estimator 'SVX'"),
        ("  id: c\n  estimator: sklearn.svn.SVC\n", (7, 3), "cannot import sklearn.svn"),
        (
            "  id: c\n  estimator: sklearn.svm.SVC\n  params: {gama: 1}\n",
            (8, 12),
            "sklearn.svm.SVC takes no parameter 'gama'; did you mean 'gamma'?",
        ),
        (
            (
                "  id: c\n  estimator: sklearn.ensemble.BaggingClassifier\n"
                "  params: {estimator: {call: sklearn.svm.SVC, with: {gama: 1}}}\n"
            ),
            (8, 54),
            "sklearn.svm.SVC takes no parameter 'gama'",
        ),
        (
            (
                "  id: c\n  preprocess:\n    - sklearn.decomposition.PCA: {components: 1}\n"
                "  estimator: sklearn.svm.SVC\n"
            ),
            (8, 35),
            "sklearn.decomposition.PCA takes no parameter 'components'",
        ),
        (
            f"  id: c\n{KERNEL}    params: {{kernel: rbf}}\n",
            (9, 14),
            "the kernel must be left to the quantum_kernel",
        ),
        (
            f"  id: c\n{KERNEL}    estimator: sklearn.svm.LinearSVC\n",
            (9, 5),
            "sklearn.svm.LinearSVC takes no kernel",
        ),
        (
            f"  id: c\n{KERNEL}  tuning: {{budget: 2, cv: 2, space: {{D: [1]}}}}\n",
            (9, 38),
            "sklearn.svm.SVC takes no parameter 'D'",
        ),
        (
            f"  id: c\n{KERNEL}  tuning: {{budget: 2, cv: 2, space: {{kernel: [rbf]}}}}\n",
            (9, 38),
            "the kernel must be left to the quantum_kernel",
        ),
        (
            f"  id: c\n{KERNEL}  tuning: {{budget: 2, cv: 7}}\n",
            (9, 23),
            "7 folds of 6 training rows of the most frequent class",
        ),
        (
            (
                f"  id: c\n{KERNEL}    device: {{path: lagos_2021-07-26.json, "
                "current: hanoi_2025-02-12.json}\n"
            ),
            (9, 43),
            "the snapshots are of two devices, ibm_lagos and ibm_hanoi",
        ),
        (
            (
                f"  id: c\n{KERNEL}    device: {{path: lagos_2024-05-27.json, "
                "current: lagos_2021-07-26.json}\n"
            ),
            (9, 43),
            "is older than the locked one",
        ),
    ],
)
def test_a_term_that_cannot_be_met_here_is_found_at_its_place(
    folder: Path, candidate: str, place: tuple[int, int], message: str
) -> None:
    (finding,) = _found(folder, candidate)
    assert (finding.line, finding.column) == place
    assert message in finding.message


def test_an_extra_that_is_missing_is_named_before_anything_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    (finding,) = _found(folder, "  id: c\n  estimator: pennylane_variational\n")
    assert (finding.line, finding.column) == (7, 3)
    assert finding.message.endswith("needs pennylane: pip install 'qgate[pennylane]'")
    assert plugins.extra_of("braket_kernel") == "braket"


def test_what_can_be_met_is_a_study(folder: Path) -> None:
    path = folder / "pilot.yaml"
    tuned = "  tuning: {budget: 2, cv: 6, space: {C: [1, 2], bandwidth: [1], encode.scale: [1]}}\n"
    path.write_text(f"{CHARTER}  id: c\n{KERNEL}{tuned}", encoding="utf-8")
    assert study(path, Settings()).plan.items == 8
