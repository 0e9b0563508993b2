"""Data files to columns: one content digest for one content, and a plain word for damage."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgate.charter.charter import DataSpec, Validation
from qgate.data.dataset import Dataset, build_dataset, content_digest, read_columns
from qgate.digest import sha256_file
from qgate.errors import InvalidFileError, UsageError

Columns = Mapping[str, Sequence[Any]]

COLUMNS: Columns = {
    "count": [1, 2, -3, 2**40],
    "size": [0.5, 1e-300, float("nan"), -0.0],
    "name": ["a", "b, quoted", 'two\n"lines"', "ünï ☃"],
    "label": [0, 1, 1, 0],
}


def write_csv(path: Path, columns: Columns, end: str = "\n") -> Path:
    """Write columns as CSV; NaN and nothing are empty cells."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator=end)
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow("" if v is None or v != v else v for v in row)
    return path


def write_npz(path: Path, columns: Columns) -> Path:
    """Write columns as NPZ."""
    arrays: dict[str, Any] = {name: np.array(column) for name, column in columns.items()}
    np.savez(path, **arrays)
    return path


def write_parquet(path: Path, columns: Columns) -> Path:
    """Write columns as Parquet."""
    parquet.write_table(pa.table(dict(columns)), path)
    return path


def digest_of(path: Path) -> str:
    """Return the content digest of a file."""
    return content_digest(read_columns(path))


def dataset(path: Path, **spec: Any) -> Dataset:
    """Return a file's data set; the target is `label`."""
    given = {"target": "label", "features": None, "id": None, "slice": None, **spec}
    rows = Validation(everything=True)
    return build_dataset(
        read_columns(path), DataSpec(path.name, validation=rows, **given), path.name
    )


def refusal(path: Path) -> str:
    """Return the message with which a file is refused."""
    with pytest.raises(UsageError) as caught:
        dataset(path)
    return str(caught.value)


def test_the_same_content_has_one_digest_in_every_format(tmp_path: Path) -> None:
    digests = {
        digest_of(write_csv(tmp_path / "a.csv", COLUMNS)),
        digest_of(write_npz(tmp_path / "a.npz", COLUMNS)),
        digest_of(write_parquet(tmp_path / "a.parquet", COLUMNS)),
        digest_of(write_parquet(tmp_path / "A.PARQUET", COLUMNS)),
    }
    assert len(digests) == 1


_text = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=5)


@settings(derandomize=True, deadline=None, database=None, max_examples=60)
@given(
    whole=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=4),
    real=st.floats(width=64),
    text=_text.map(lambda text: f"x{text}"),
)
def test_any_content_has_one_digest_in_every_format(
    tmp_path_factory: pytest.TempPathFactory, whole: list[int], real: float, text: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    rows = len(whole)
    columns: Columns = {"i": whole, "f": [0.5, real, *[1.5] * (rows - 2)], "t": [text] * rows}
    digests = {
        digest_of(write_csv(folder / "p.csv", columns)),
        digest_of(write_npz(folder / "p.npz", columns)),
        digest_of(write_parquet(folder / "p.parquet", columns)),
    }
    assert len(digests) == 1


def test_what_is_absent_is_the_same_in_csv_and_parquet(tmp_path: Path) -> None:
    columns: Columns = {"t": ["a", None, "c"], "i": [1, None, 3], "label": [0, 1, 0]}
    first = digest_of(write_csv(tmp_path / "a.csv", columns))
    assert first == digest_of(write_parquet(tmp_path / "a.parquet", columns))


def test_other_line_ends_a_mark_and_quotes_change_the_bytes_and_not_the_content(
    tmp_path: Path,
) -> None:
    columns = {name: COLUMNS[name] for name in ("count", "size", "label")}
    plain = write_csv(tmp_path / "a.csv", columns)
    windows = write_csv(tmp_path / "b.csv", columns, "\r\n")
    marked = tmp_path / "c.csv"
    marked.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes())
    quoted = tmp_path / "d.csv"
    quoted.write_bytes(plain.read_bytes().replace(b"count", b'"count"'))
    paths = (plain, windows, marked, quoted)
    assert len({digest_of(path) for path in paths}) == 1
    assert len({sha256_file(path) for path in paths}) == 4


@pytest.mark.parametrize("name", ["count", "size", "name", "label"])
def test_a_change_in_a_middle_row_changes_both_digests(tmp_path: Path, name: str) -> None:
    before = write_csv(tmp_path / "a.csv", COLUMNS)
    changed = {key: list(column) for key, column in COLUMNS.items()}
    changed[name][1] = "other" if name == "name" else changed[name][1] + 1
    after = write_csv(tmp_path / "b.csv", changed)
    assert digest_of(before) != digest_of(after)
    assert sha256_file(before) != sha256_file(after)


def test_names_order_and_types_are_content(tmp_path: Path) -> None:
    columns = {"a": [1, 2], "b": [3, 4]}
    variants: list[dict[str, list[Any]]] = [
        columns,
        {"b": [3, 4], "a": [1, 2]},
        {"a": [1, 2], "c": [3, 4]},
        {"a": [2, 1], "b": [3, 4]},
        {"a": ["1", "2"], "b": [3, 4]},
        {"a": [1.0, 2.0], "b": [3, 4]},
        {"a": [1], "b": [3]},
    ]
    digests = {digest_of(write_parquet(tmp_path / "a.parquet", v)) for v in variants}
    assert len(digests) == len(variants)


def test_neighbouring_texts_are_told_apart(tmp_path: Path) -> None:
    one = write_csv(tmp_path / "a.csv", {"t": ["ab", "c"]})
    other = write_csv(tmp_path / "b.csv", {"t": ["a", "bc"]})
    assert digest_of(one) != digest_of(other)


def test_digits_with_underscores_are_text(tmp_path: Path) -> None:
    one = write_csv(tmp_path / "a.csv", {"t": ["1_0", "2_0"]})
    other = write_csv(tmp_path / "b.csv", {"t": ["10", "20"]})
    assert read_columns(one)["t"].tolist() == ["1_0", "2_0"]
    assert digest_of(one) != digest_of(other)


def test_whole_numbers_beyond_64_bits_are_not_wrapped_around(tmp_path: Path) -> None:
    values = [2**64 - 1, 0]
    npz = write_npz(tmp_path / "a.npz", {"i": [np.uint64(v) for v in values]})
    text = write_csv(tmp_path / "a.csv", {"i": values})
    assert read_columns(npz)["i"].tolist() == [1.8446744073709552e19, 0.0]
    assert digest_of(npz) == digest_of(text)


def test_bytes_are_read_as_text(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "a.npz", {"label": [b"well", b"ill"], "x": [1, 2]})
    assert dataset(path).classes == ("ill", "well")


def test_a_matrix_gives_numbered_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=np.arange(6.0).reshape(3, 2), label=[0, 1, 0])
    data = dataset(path)
    assert data.feature_names == ("x0", "x1")
    assert data.features.tolist() == [[0, 1], [2, 3], [4, 5]]


def test_a_folder_named_as_a_partition_adds_no_column(tmp_path: Path) -> None:
    folder = tmp_path / "year=2026"
    folder.mkdir()
    path = write_parquet(folder / "a.parquet", {"x": [1, 2]})
    assert list(read_columns(path)) == ["x"]


@pytest.mark.parametrize(
    ("data", "line", "text"),
    [
        (b"x,label\n1,0\n2\n", 3, "1 cells, the header has 2"),
        (b"x,label\n1,0\n2,1,3\n", 3, "3 cells, the header has 2"),
        (b"x,label\n1,0\n\n2,1\n", 3, "0 cells, the header has 2"),
        (b'x,label\n"two\nlines",0\n"open,1\n', 4, "unexpected end of data"),
        (b'x,label\n1,0\n"a"b,1\n', 3, "expected after"),
        (b"x,label\n1,0\n2,\xff\n", 3, "not UTF-8"),
        (b"x,label\n" + b"1,0\n" * 5000 + b"2,\xff\n", 5002, "not UTF-8"),
        (b"x,x\n1,0\n", 1, "column names must be present and different"),
        (b"x,\n1,0\n", 1, "column names must be present and different"),
        (b"x,label\n", 1, "no data rows"),
        (b"", 1, "no data rows"),
    ],
)
def test_a_malformed_csv_is_refused_at_its_line(
    tmp_path: Path, data: bytes, line: int, text: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(InvalidFileError) as caught:
        read_columns(path)
    (finding,) = caught.value.findings
    assert (finding.file, finding.line) == (str(path), line)
    assert text in finding.message


def test_a_malformed_csv_is_named_as_a_person_would_type_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "charters").mkdir()
    (tmp_path / "data/a.csv").write_text("x,label\n1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidFileError, match=r"^data/a\.csv:2:1: 1 cells"):
        read_columns(tmp_path / "charters" / ".." / "data" / "a.csv")


def npz_bytes(**arrays: Any) -> bytes:
    """Return arrays as an NPZ file's bytes."""
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def zip_bytes(name: str, data: bytes) -> bytes:
    """Return an archive of one member."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, data)
    return stream.getvalue()


def npy_bytes() -> bytes:
    """Return one array as an NPY file's bytes."""
    stream = io.BytesIO()
    np.save(stream, np.arange(3))
    return stream.getvalue()


GOOD = npz_bytes(x=np.arange(40.0), label=np.arange(40) % 2)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "not a readable NPZ file"),
        (b"nonsense", "not a readable NPZ file"),
        (GOOD[:-30], "not a readable NPZ file"),
        (GOOD[:60] + b"\xff\xff\xff" + GOOD[63:], "not a readable NPZ file"),
        (GOOD.replace(b"shape", b"shale"), "not a readable NPZ file"),
        (npy_bytes(), "not a readable NPZ file"),
        (npz_bytes(x=np.array([{"a": 1}], dtype=object)), "not a readable NPZ file"),
        (zip_bytes("x.npy", b"no array"), "has 0 dimensions; 1 or 2 work"),
        (zip_bytes("readme.txt", b"no array"), "has 0 dimensions; 1 or 2 work"),
        (npz_bytes(x=np.zeros((2, 2, 2))), "array 'x' has 3 dimensions; 1 or 2 work"),
        (npz_bytes(x=np.zeros(2), y=np.zeros(3)), "arrays must have the same number of rows"),
        (npz_bytes(x=np.zeros((2, 1)), x0=np.zeros(2)), "two arrays give a column 'x0'"),
        (npz_bytes(), "no data rows"),
        (npz_bytes(x=np.zeros(0), label=np.zeros(0)), "no data rows"),
        (npz_bytes(x=np.zeros((2, 0))), "no data rows"),
    ],
)
def test_a_damaged_npz_is_refused_by_name(tmp_path: Path, data: bytes, text: str) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(data)
    message = refusal(path)
    assert message.startswith(f"{path}: ")
    assert text in message


def test_a_damaged_parquet_is_refused_by_name(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", {"x": [1, 2], "label": [0, 1]})
    path.write_bytes(path.read_bytes()[:-20])
    assert "not a readable Parquet file" in refusal(path)
    path.write_bytes(b"x,label\n")
    assert "not a readable Parquet file" in refusal(path)
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    parquet.write_table(table, path)
    assert "column names must be different" in refusal(path)
    parquet.write_table(pa.table({}), path)
    assert "no data rows" in refusal(path)


def test_a_format_that_is_not_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x\n", encoding="utf-8")
    assert "data files end in .csv, .npz, .parquet" in refusal(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"x": [1, 2], "label": [0, 0]}, "has 1 class(es); 2 to 1000 work"),
        ({"x": [0] * 1001, "label": [*range(1001)]}, "has 1001 class(es)"),
        ({"x": [1, 2, 3], "label": [0, float("nan"), 1]}, "target 'label' is missing in row 2"),
        ({"x": [1, 2, 3], "label": ["a", "b", None]}, "target 'label' is missing in row 3"),
        ({"x": [1, 2], "label": [0.5, 1.5]}, "target 'label' is continuous"),
        ({"x": [1, 2], "label": [1e300, 0.5e300]}, "target 'label' is continuous"),
        ({"x": ["a", "b"], "label": [0, 1]}, "feature 'x' is not numeric (row 1: 'a')"),
        ({"x": [1, "b"], "label": [0, 1]}, "feature 'x' is not numeric (row 2: 'b')"),
        ({"label": [0, 1]}, "has no feature column besides 'label'"),
        ({"x": [0, 1]}, "has no column 'label'"),
    ],
)
def test_a_column_that_does_not_fit_its_role_is_named(
    tmp_path: Path, columns: Columns, text: str
) -> None:
    assert text in refusal(write_csv(tmp_path / "a.csv", columns))


def test_numbers_kept_as_text_are_named_as_such(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", {"x": ["1", "2"], "label": [0, 1]})
    assert "feature 'x' is not numeric (row 1: '1')" in refusal(path)


def test_roles_are_no_features_unless_they_are_named(tmp_path: Path) -> None:
    columns: Columns = {"i": [1, 2], "s": [0, 1], "x": [3, 4], "label": ["b", "a"]}
    path = write_csv(tmp_path / "a.csv", columns)
    data = dataset(path, id="i", slice="s")
    assert data.feature_names == ("x",)
    assert (data.classes, data.labels.tolist(), data.rows) == (("a", "b"), [1, 0], 2)
    assert dataset(path, features=("s", "x")).features.tolist() == [[0, 3], [1, 4]]


def test_labels_of_whole_floats_are_whole_numbers(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", {"x": [1, 2], "label": [1.0, 0.0]})
    assert dataset(path).classes == (0, 1)


def _regression(folder: Path, columns: Columns) -> Dataset:
    path = write_csv(folder / "r.csv", columns)
    spec = DataSpec("r.csv", "y", ("x",), None, None, Validation(fraction=0.5), "regression")
    return build_dataset(read_columns(path), spec, "r.csv")


@pytest.mark.parametrize("target", [[0.5, -1.25, 3.0], [3, 1, 2]])
def test_a_numeric_target_is_kept_as_it_is(tmp_path: Path, target: list[float]) -> None:
    data = _regression(tmp_path, {"x": [1, 2, 3], "y": target})
    assert data.classes == ()
    assert data.labels.dtype == np.float64
    assert data.labels.tolist() == target


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ([0.5, float("nan"), 1.0], "r.csv: target 'y' is missing in row 2"),
        ([0.5, 1.0, float("inf")], "r.csv: target 'y' is missing in row 3"),
        ([0.5, "high", 1.0], r"r.csv: target 'y' is not numeric \(row 2: 'high'\)"),
        ([0.5, "", "x"], "r.csv: target 'y' is missing in row 2"),
        ([0, 2**53, 1], r"r.csv: target 'y' is beyond 2\^53 in row 2"),
        ([0.5, 1.0, -1e300], r"r.csv: target 'y' is beyond 2\^53 in row 3"),
    ],
)
def test_a_target_that_is_no_finite_number_is_named_with_its_row(
    tmp_path: Path, target: list[Any], text: str
) -> None:
    with pytest.raises(UsageError, match=text):
        _regression(tmp_path, {"x": [1, 2, 3], "y": target})
