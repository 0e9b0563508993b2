"""Documents to charters: forms that mean the same, and the digest that tells content from looks."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from qgate.charter.arm_spec import Step
from qgate.charter.build import build_charter
from qgate.charter.charter import Action, Charter
from qgate.charter.paths import named_paths
from qgate.charter.schema import schema_findings
from qgate.charter.template import Answers, charter_text
from qgate.charter.yaml_reader import read_yaml
from qgate.pipeline import check, load
from qgate.plan.settings import Settings

TEXT = """\
version: 1
pilot:
  owner: me
  success_metrics:
    - {name: latency_p95_ms, max: 120, at: {shots: exact}, claim: this_artifact}
data: {path: d.csv, target: y, validation: {column: part, value: 2}}
baseline:
  id: a
  estimator: sklearn.svm.SVC
candidate:
  id: b
  preprocess: [sklearn.preprocessing.StandardScaler, {sklearn.decomposition.PCA: {n_components: 2}}]
  quantum_kernel: {layers: [{name: h, kind: hadamard}]}
schedule: {shots: [exact, 64, 128]}
gates:
  - name: parity
    metric: val_accuracy_gap_vs_classical
    max: 0.03
    owner: you
    remediation: [{route_traffic: {to: a, percent: 50}}, {set_shots: 256}]
rollback: {traffic: rolling_to_classical_to_v3, approver: boss}
"""


def built(folder: Path, text: str) -> Charter:
    """Return a text's charter."""
    path = folder / "pilot.yaml"
    path.write_text(text, encoding="utf-8")
    source = read_yaml(path, "pilot.yaml")
    return build_charter(source.document, "pilot.yaml", source)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1\n", "# a comment\n\nversion: 1  # another\n"),
        ("  owner: me\n", "  owner:    'me'\n"),
        ("{id", "{ id"),
        ("  id: a\n  estimator: sklearn.svm.SVC\n", "  {estimator: sklearn.svm.SVC, id: a}\n"),
        ("  id: a\n  estimator: sklearn.svm.SVC\n", "  estimator: sklearn.svm.SVC\n  id: a\n"),
        ("max: 0.03", "max: 3e-2"),
        ("[exact, 64, 128]", "[exact, 64, 1_28]"),
        ("\n", "\r\n"),
    ],
)
def test_looks_do_not_change_the_digest(tmp_path: Path, old: str, new: str) -> None:
    assert built(tmp_path, TEXT.replace(old, new)).digest == built(tmp_path, TEXT).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("owner: me", "owner: you"),
        ("max: 120", "max: 121"),
        ("max: 0.03", "max: '0.03'"),
        ("[exact, 64, 128]", "[exact, 128, 64]"),
        ("id: a", "id: A"),
        ("n_components: 2", "n_components: 3"),
    ],
)
def test_content_changes_the_digest(tmp_path: Path, old: str, new: str) -> None:
    assert built(tmp_path, TEXT.replace(old, new)).digest != built(tmp_path, TEXT).digest


def test_what_is_written_is_what_is_built(tmp_path: Path) -> None:
    charter = built(tmp_path, TEXT)
    short, long, *implied = charter.gates
    assert (short.name, short.owner, short.remediation) == (
        "latency_p95_ms",
        "me",
        (Action("restore", "classical_to_v3"),),
    )
    assert (short.shots, short.claim, short.confidence) == (None, "this_artifact", 0.95)
    assert (short.place.line, long.place.line) == (5, 16)
    assert long.remediation == (
        Action("route_traffic", {"to": "a", "percent": 50}),
        Action("set_shots", 256),
    )
    assert [gate.metric for gate in implied] == ["reproducibility", "baseline_drift"]
    assert all(gate.owner == "me" and gate.threshold.high == 0 for gate in implied)
    assert charter.rollback.strategy == "rolling"
    assert charter.rollback.to == "classical_to_v3"
    assert charter.schedule.shots == (None, 64, 128)
    assert charter.candidate.preprocess == (
        Step("sklearn.preprocessing.StandardScaler", {}),
        Step("sklearn.decomposition.PCA", {"n_components": 2}),
    )
    assert (charter.baseline.kind, charter.candidate.kind) == ("estimator", "quantum_kernel")
    rows = charter.data.validation
    assert (rows.fraction, rows.column, rows.value, rows.everything) == (None, "part", 2, False)


def test_a_gate_is_read_at_its_own_shots_or_at_the_largest(tmp_path: Path) -> None:
    charter = built(tmp_path, TEXT)
    short, long = charter.gates[:2]
    assert charter.shots_of(short) is None
    assert charter.shots_of(long) == charter.serving_shots == 128
    exact = built(tmp_path, TEXT.replace("[exact, 64, 128]", "[exact]"))
    assert exact.serving_shots is None


@pytest.mark.parametrize(
    ("text", "radians"),
    [
        ("pi", math.pi),
        ("-pi/4", -math.pi / 4),
        ("+pi", math.pi),
        ("3*pi/2", 1.5 * math.pi),
        ("-0.5*pi", -0.5 * math.pi),
        ("0.25", 0.25),
        ("-2", -2.0),
        ("1e-3", 0.001),
    ],
)
def test_a_fixed_angle_is_a_number_or_a_multiple_of_pi(
    tmp_path: Path, text: str, radians: float
) -> None:
    layer = f"{{name: r, kind: rotation, gate: rx, angle: {text}}}"
    charter = built(tmp_path, TEXT.replace("{name: h, kind: hadamard}", layer))
    assert schema_findings(read_yaml(tmp_path / "pilot.yaml", "pilot.yaml")) == []
    kernel = charter.candidate.quantum_kernel
    assert kernel is not None
    assert kernel.layers[0].angle == pytest.approx(radians, rel=1e-15)


@pytest.mark.parametrize(
    "text", ["half pi", "0.5pi", "pi/0", "pi/-4", "2*", "pi*2", "--pi", "''", "pi ", "'pi\n'", "π"]
)
def test_no_other_text_is_an_angle(tmp_path: Path, text: str) -> None:
    quoted = text if text.startswith("'") else f"'{text}'"
    layer = f"{{name: r, kind: rotation, gate: rx, angle: {quoted}}}"
    path = tmp_path / "pilot.yaml"
    path.write_text(TEXT.replace("{name: h, kind: hadamard}", layer), encoding="utf-8")
    (finding,) = schema_findings(read_yaml(path, "pilot.yaml"))
    assert "as a number or as a multiple of pi such as -pi/4 or 3*pi/2" in finding.message


def test_a_layers_lists_are_built_as_tuples_and_its_file_is_a_path_of_the_charter(
    tmp_path: Path,
) -> None:
    layers = (
        "{name: m, kind: pauli_feature_map, paulis: [Z, XY]}, "
        "{name: w, kind: reupload, angles: [1, 2.5]}, "
        "{name: c, kind: circuit, path: map.qpy, bind: {theta: 1}}"
    )
    charter = built(tmp_path, TEXT.replace("{name: h, kind: hadamard}", layers))
    kernel = charter.candidate.quantum_kernel
    assert kernel is not None
    pauli, weights, file = kernel.layers
    assert (pauli.paulis, weights.angles, file.bind) == (("Z", "XY"), (1, 2.5), {"theta": 1})
    assert weights.paulis == ("Z", "ZZ")
    place = ("candidate", "quantum_kernel", "layers", 2, "path")
    assert ("map.qpy", place) in list(named_paths(charter))


def test_without_its_source_a_charter_is_the_same(tmp_path: Path) -> None:
    document: dict[str, Any] = yaml.safe_load(TEXT)
    assert build_charter(document, "pilot.yaml") == built(tmp_path, TEXT)


@pytest.mark.parametrize(
    "name", ["plain", 'it\'s "quoted": yes', "# no comment", "ünï ☃", "- a", "{b}", "*c", "no"]
)
def test_the_charter_of_init_is_valid_for_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "data.csv").write_text('x,"odd ""name"", #1",t,y\n1,2,a,0\n', encoding="utf-8")
    answers = Answers(
        name=name,
        owner=name,
        data="data.csv",
        target="y",
        features=("x", 'odd "name", #1'),
        left_out=(("t", "text"),),
        qubits=2,
        spread=None,
        lockfile=None,
    )
    path = tmp_path / "pilot.yaml"
    path.write_text(charter_text(answers), encoding="utf-8")
    assert [f for f in check(path, Settings()) if f.severity == "error"] == []
    charter = load(path, Settings())
    assert (charter.pilot.name, charter.pilot.owner) == (name, name)
    assert charter.data.features == ("x", 'odd "name", #1')
    assert charter.candidate.preprocess[1].params == {"n_components": 2}
