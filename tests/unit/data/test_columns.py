"""What a check can tell of a data file from its header alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qgate.data.columns import header_of
from qgate.errors import Finding
from qgate.pipeline import check
from qgate.plan.settings import Settings

CHARTER = """\
version: 1
pilot: {owner: me, success_metrics: [{name: val_accuracy_gap_vs_classical, max: 0.05}]}
data:
  path: DATA
  target: label
  validation: VALIDATION
baseline: {id: a, estimator: sklearn.svm.SVC}
candidate: {id: b, estimator: sklearn.svm.SVC}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder that is a project."""
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


def errors(project: Path, data: str, validation: str = "{fraction: 0.5}") -> list[Finding]:
    """Return the errors of a charter on a data file."""
    path = project / "pilot.yaml"
    text = CHARTER.replace("DATA", data).replace("VALIDATION", validation)
    path.write_text(text, encoding="utf-8")
    return [finding for finding in check(path, Settings()) if finding.severity == "error"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "a.csv has no header row that can be read as CSV in UTF-8"),
        (b"\n", "a.csv has no header row that can be read as CSV in UTF-8"),
        ("x,label\n".encode("utf-16"), "a.csv has no header row that can be read"),
        (b"x,x,label\n", "a.csv: column names must be present and different"),
        (b"x,,label\n", "a.csv: column names must be present and different"),
    ],
)
def test_a_header_that_cannot_be_used_is_found_at_the_path(
    project: Path, data: bytes, message: str
) -> None:
    (project / "a.csv").write_bytes(data)
    (finding,) = errors(project, "a.csv")
    assert (finding.line, finding.column) == (4, 3)
    assert message in finding.message


@pytest.mark.parametrize(
    "header", [b"x,label\n", b"\xef\xbb\xbflabel,x\n", b'"label","two\nlines"\n', b"x,label"]
)
def test_a_header_that_has_the_columns_is_no_finding(project: Path, header: bytes) -> None:
    (project / "a.csv").write_bytes(header)
    assert errors(project, "a.csv") == []


def test_a_column_missing_from_the_second_file_is_found(project: Path) -> None:
    (project / "a.csv").write_text("x,label\n", encoding="utf-8")
    (project / "b.csv").write_text("x,lable\n", encoding="utf-8")
    (finding,) = errors(project, "a.csv", "{path: b.csv}")
    assert finding.line == 5
    assert finding.message == "b.csv has no column 'label'; did you mean 'lable'?"


def test_what_is_no_archive_is_no_npz(project: Path) -> None:
    (project / "a.npz").write_bytes(b"x,label\n")
    (finding,) = errors(project, "a.npz")
    assert (finding.line, finding.message) == (4, "a.npz is no NPZ file")
    np.savez(project / "a.npz", x=[1], label=[1])
    assert errors(project, "a.npz") == []


@pytest.mark.parametrize("name", ["a.txt", "a", "a.csv.gz"])
def test_the_suffix_says_the_format(project: Path, name: str) -> None:
    (project / name).write_text("x,label\n", encoding="utf-8")
    (finding,) = errors(project, name)
    assert "data files end in .csv, .npz, .parquet" in finding.message


def test_the_header_of_what_is_no_csv_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xff\xfe\x00")
    assert header_of(path) == []
    path.write_text("a,b\n", encoding="utf-8")
    assert header_of(path) == ["a", "b"]
