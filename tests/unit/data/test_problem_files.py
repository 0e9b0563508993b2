from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qgate.data.problem import Problem
from qgate.data.problem_files import read_problem, sense_of
from qgate.errors import InvalidFileError, UsageError
from tests.unit.data.problems import every_assignment

BIQMAC = Path(__file__).parents[3] / "fixtures" / "biqmac"
EDGES = "3 2\n1 2 1.5\n2 3 -1\n"
MODEL: dict[str, Any] = {
    "type": "BinaryQuadraticModel",
    "version": {"bqm_schema": "3.0.0"},
    "use_bytes": False,
    "num_variables": 3,
    "num_interactions": 2,
    "variable_labels": ["a", "b", "c"],
    "variable_type": "BINARY",
    "offset": 0.25,
    "linear_biases": [1.0, -2, 0.0],
    "quadratic_biases": [0.5, -1.0],
    "quadratic_head": [0, 2],
    "quadratic_tail": [1, 0],
}


def _read(folder: Path, name: str, content: str | bytes) -> Problem:
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    return read_problem(folder / name, name)


def test_an_off_diagonal_entry_of_biq_mac_stands_for_both_ways(tmp_path: Path) -> None:
    problem = _read(tmp_path, "p.sparse", "2 3\n1 1 -2\n1 2 3\n2 2 1\n")
    assert problem.energies().tolist() == [0, -2, 1, -2 + 1 + 2 * 3]
    assert problem.sense == sense_of("p.sparse") == "min"


def test_published_optimum_of_a_biq_mac_problem() -> None:
    assert read_problem(BIQMAC / "gka1b.sparse", "gka1b.sparse").optimum()[0] == -133


@pytest.mark.parametrize("suffix", ["rud", "mc", "gset"])
def test_the_cut_of_a_graph_is_maximised(tmp_path: Path, suffix: str) -> None:
    problem = _read(tmp_path, f"p.{suffix}", f"# a path\n{EDGES}\n")
    assert problem.sense == sense_of(f"p.{suffix}") == "max"
    assert problem.value([[0, 1, 1], [0, 1, 0], [1, 1, 0]]).tolist() == [1.5, 0.5, -1.0]


def test_variables_of_coo_are_in_the_order_of_their_labels(tmp_path: Path) -> None:
    problem = _read(tmp_path, "p.coo", "# vartype=BINARY\n7 7 1.5\n2 7 -1e0\n")
    assert problem.value([[0, 1], [1, 1], [1, 0]]).tolist() == [1.5, 0.5, 0.0]


@pytest.mark.parametrize("vartype", ["BINARY", "SPIN"])
def test_every_format_of_dimod_has_the_energies_of_dimod(tmp_path: Path, vartype: str) -> None:
    dimod = pytest.importorskip("dimod")
    from dimod.serialization import coo

    rng = np.random.default_rng(3)
    fields = {v: float(rng.integers(-4, 5)) / 4 for v in (3, 0, 1, 2, 4)}
    terms = {pair: float(rng.integers(1, 9)) / 8 for pair in ((3, 0), (4, 1), (2, 3), (0, 4))}
    model = dimod.BinaryQuadraticModel(fields, terms, 0.0, vartype)
    bits = every_assignment(5)
    values = bits if vartype == "BINARY" else 2 * bits - 1
    buffer = io.StringIO()
    coo.dump(model, buffer, vartype_header=True)
    document = model.to_serializable()
    with model.to_file() as stream:
        binary = stream.read()
    written = {
        "p.coo": (buffer.getvalue(), [0, 1, 2, 3, 4]),
        "p.json": (json.dumps(document), document["variable_labels"]),
        "p.bqm": (binary, list(model.variables)),
    }
    for name, (content, order) in written.items():
        problem = _read(tmp_path, name, content)
        assert problem.value(bits) == pytest.approx(model.energies((values, order)), abs=1e-12)
        assert problem.sense == "min"


def test_a_model_in_json_is_read_without_dimod(tmp_path: Path) -> None:
    problem = _read(tmp_path, "p.json", json.dumps(MODEL))
    assert problem.value([[0, 0, 0], [1, 1, 0], [1, 0, 1]]).tolist() == [0.25, -0.25, 0.25]


MALFORMED: dict[str, list[tuple[str | bytes, str]]] = {
    "p.sparse": [
        ("", "p.sparse:1:1: holds no problem"),
        ("3\n", "p.sparse:1:1: expected the number of variables and of entries"),
        ("0 0\n", "p.sparse:1:1: expected the number of variables"),
        ("2 1\n1 2\n", "p.sparse:2:4: expected `i j w`"),
        ("2 1\n1 x 1\n", "p.sparse:2:3: expected a variable from 1 to 2, not 'x'"),
        ("2 1\n 0 1 1\n", "p.sparse:2:2: expected a variable from 1 to 2, not '0'"),
        ("2 1\n1 3 1\n", "p.sparse:2:3: expected a variable from 1 to 2, not '3'"),
        ("2 1\n1 2 nan\n", "p.sparse:2:5: expected a finite number, not 'nan'"),
        ("2 1\n1 2 1_0\n", "p.sparse:2:5: expected a finite number, not '1_0'"),
        ("2 1\n1 2 1e999\n", "p.sparse:2:5: expected a finite number"),
        ("2 2\n1 2 1\n2 1 1\n", "p.sparse:3:1: this pair also stands on line 2"),
        ("2 2\n1 2 1\n", "p.sparse:1:1: the header counts 2 entries, 1 stand below"),
        ("2 1\n1 2 1\n1 1 1\n", "p.sparse:3:1: the header on line 1 counts 1 entries"),
        ("2 1\n1 2 \xe9\n".encode("latin-1"), "p.sparse:2:1: not UTF-8"),
    ],
    "p.mc": [("2 1\n1 1 1\n", "p.mc:2:1: an edge from a vertex to itself")],
    "p.coo": [
        ("0 1 1\n", "p.coo:1:1: expected the header"),
        ("# vartype=SPINS\n0 1 1\n", "p.coo:1:1: expected the header"),
        ("# vartype=SPIN\n# vartype=BINARY\n0 1 1\n", "p.coo:2:1: vartype is SPIN above"),
        ("# vartype=SPIN\n", "p.coo:1:1: holds no problem"),
        ("# vartype=SPIN\n0 1 1\n1 0 2\n", "p.coo:3:1: this pair also stands on line 2"),
        ("# vartype=SPIN\n-1 0 1\n", "p.coo:2:1: expected a variable"),
    ],
    "p.json": [
        ("{", "p.json:1:2:"),
        ("[]", "its `type` is not BinaryQuadraticModel"),
        (json.dumps(MODEL | {"offset": float("nan")}), "NaN is no number of a problem"),
        (json.dumps(MODEL | {"variable_type": "INTEGER"}), "neither BINARY nor SPIN"),
        (json.dumps(MODEL | {"num_variables": 4}), "num_variables, num_interactions are not 3, 2"),
        (json.dumps(MODEL | {"quadratic_head": [0, 3]}), "of no variable from 0 to 2"),
        (
            json.dumps(MODEL | {"quadratic_head": [0, 0]}),
            "an interaction of a variable with itself",
        ),
        (json.dumps(MODEL | {"quadratic_tail": [2, 0], "quadratic_head": [0, 2]}), "stands twice"),
        (json.dumps(MODEL | {"quadratic_head": [0]}), "differ in length"),
        (json.dumps(MODEL | {"linear_biases": [1, "x", 2]}), "linear_biases: expected a list"),
        (json.dumps(MODEL | {"version": {"bqm_schema": "9.0.0"}}), "only schemas 2 and 3"),
        (json.dumps({k: v for k, v in MODEL.items() if k != "offset"}), "lacks 'offset'"),
    ],
}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [(name, content, said) for name, cases in MALFORMED.items() for content, said in cases],
)
def test_a_malformed_file_is_refused_at_its_place(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    with pytest.raises(InvalidFileError) as caught:
        _read(tmp_path, name, content)
    assert said in str(caught.value)
    assert str(caught.value).startswith(name)


@pytest.mark.parametrize("damage", [lambda data: data[:60], lambda data: b"nothing" + data])
def test_a_damaged_binary_file_is_refused(tmp_path: Path, damage: Any) -> None:
    dimod = pytest.importorskip("dimod")
    model = dimod.BinaryQuadraticModel({0: 1.0}, {(0, 1): 2.0}, 0.0, "BINARY")
    with model.to_file() as stream:
        data = stream.read()
    with pytest.raises(UsageError, match=r"p\.bqm: not a readable dimod \.bqm file"):
        _read(tmp_path, "p.bqm", damage(data))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("20001 1\n", "p.sparse: 20,001 variables; 20,000 are the most"),
        ("20000 90000000\n", "90,000,000 terms would take about 18.0 GB of memory"),
    ],
)
def test_what_would_not_fit_is_refused_by_its_header(
    tmp_path: Path, header: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        _read(tmp_path, "p.sparse", header)


def test_numbers_that_cannot_be_added_up_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too large to be added up"):
        _read(tmp_path, "p.sparse", "2 1\n1 2 1e308\n")


def test_an_unknown_suffix_and_a_missing_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"p\.txt: files of problems end in \.sparse"):
        _read(tmp_path, "p.txt", EDGES)
    with pytest.raises(UsageError, match=r"no\.mc: cannot be read"):
        read_problem(tmp_path / "no.mc", "no.mc")


def test_at_most_ten_findings_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidFileError) as caught:
        _read(tmp_path, "p.mc", "2 30\n" + "1 x 1\n" * 30)
    assert len(caught.value.findings) == 10
