"""What the tables of words say about layers: features in files, qubits, numbers of weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from qgate.charter.vocabulary import QUBITS, feature_of
from qgate.pipeline import check
from qgate.plan.settings import Settings

ROOT = Path(__file__).parents[3]
REJECT = ROOT / "tests/acceptance/reject/layer_weights_count.yaml"


@pytest.mark.parametrize(
    ("name", "feature"),
    [
        ("x0", 0),
        ("x12", 12),
        ("x[0]", 0),
        ("x[30]", 30),
        ("_x_7_", 7),
        ("x", None),
        ("theta", None),
        ("x0y", None),
        ("x-1", None),
        ("x[0", None),
        ("X0", None),
        ("x00000", None),
        ("θ[0]", None),
    ],
)
def test_features_in_circuit_files(name: str, feature: int | None) -> None:
    assert feature_of(name) == feature


def test_qubits_by_features() -> None:
    found = {
        width: [count(features) for features in range(1, 10)] for width, count in QUBITS.items()
    }
    assert found == {
        "features": [1, 2, 3, 4, 5, 6, 7, 8, 9],
        "amplitudes": [1, 1, 2, 2, 3, 3, 3, 3, 4],
        "triples": [1, 1, 1, 2, 2, 2, 3, 3, 3],
    }


SCALER = "sklearn.preprocessing.StandardScaler"
PCA = "sklearn.decomposition.PCA"
STATED = "  preprocess:\n    - sklearn.preprocessing.StandardScaler\n    - " + PCA


@pytest.mark.parametrize(
    ("preprocess", "features", "qubits"),
    [
        (f"[{PCA}: {{n_components: 3}}]", None, 3),
        (f"[{PCA}: {{n_components: 3}}, {SCALER}]", None, 3),
        (f"[{PCA}: {{n_components: 0.9}}]", None, None),
        (f"[{PCA}: {{n_components: 3}}, sklearn.preprocessing.PolynomialFeatures]", None, None),
        (f"[{SCALER}]", "[mean_radius, mean_texture]", 2),
        ("[]", "[mean_radius, mean_texture]", 2),
        (f"[{SCALER}]", None, None),
        (f"[{PCA}]", "[mean_radius, mean_texture]", None),
    ],
)
def test_weights_are_counted_where_the_charter_alone_tells_the_number_of_qubits(
    tmp_path: Path, preprocess: str, features: str | None, qubits: int | None
) -> None:
    text = REJECT.read_text(encoding="utf-8").replace("../../../", f"{ROOT}/")
    text = text.replace(f"{STATED}: {{n_components: 4}}", f"  preprocess: {preprocess}")
    if features:
        text = text.replace("  target:", f"  features: {features}\n  target:")
    path = tmp_path / "pilot.yaml"
    path.write_text(text, encoding="utf-8")
    found = check(path, Settings(allow_outside=True))
    errors = [finding.message for finding in found if finding.severity == "error"]
    message = f"layer 'mix': efficient_su2 ({qubits} qubits, reps 1) has {4 * (qubits or 0)} angles"
    assert errors == ([f"{message}, not 2"] if qubits else [])
