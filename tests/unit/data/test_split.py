"""Which rows train and which validate: complete, disjoint, stratified, and the same each time."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgate.charter.charter import DataSpec, Validation
from qgate.data.split import SplitData, load_split
from qgate.digest import sha256_file
from qgate.errors import UsageError


def write(path: Path, labels: list[Any], **columns: list[Any]) -> Path:
    """Write a CSV of labels, a feature and more columns."""
    names = ["x", "label", *columns]
    rows = zip(range(len(labels)), labels, *columns.values(), strict=True)
    lines = [",".join(map(str, row)) for row in (names, *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def split(folder: Path, name: str = "a.csv", **validation: Any) -> SplitData:
    """Return a file's split; the feature is `x` and the target `label`."""
    rows = Validation(**validation)
    spec = DataSpec(name, "label", ("x",), None, None, rows, duplicates="allow")
    return load_split(spec, folder)


@settings(derandomize=True, deadline=None, database=None, max_examples=60)
@given(
    counts=st.lists(st.integers(4, 30), min_size=2, max_size=4),
    fraction=st.floats(0.25, 0.75),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_stratified_split_is_complete_disjoint_sorted_and_fair(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], fraction: float, seed: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    write(folder / "s.csv", labels)
    made = split(folder, "s.csv", fraction=fraction, seed=seed)
    train, validation = made.train.tolist(), made.validation.tolist()
    assert sorted(train + validation) == list(range(len(labels)))
    assert train == sorted(train)
    assert validation == sorted(validation)
    assert len(validation) == int(np.ceil(fraction * len(labels)))
    for label, count in enumerate(counts):
        share = sum(labels[row] == label for row in validation)
        assert abs(share - count * len(validation) / len(labels)) <= 1
    again = split(folder, "s.csv", fraction=fraction, seed=seed)
    assert again.split_digest == made.split_digest


def test_another_seed_is_another_split(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [0, 1] * 20)
    digests = {split(tmp_path, fraction=0.5, seed=seed).split_digest for seed in range(5)}
    assert len(digests) == 5


def test_features_and_labels_follow_the_rows(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", ["b", "a"] * 10)
    made = split(tmp_path, fraction=0.3, seed=1)
    for rows, (features, labels) in (
        (made.train, made.fit_on),
        (made.validation, made.validate_on),
    ):
        assert features[:, 0].tolist() == rows.tolist()
        assert labels.tolist() == [(row + 1) % 2 for row in rows]


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        (["train", "validation", "train", "validation"], "validation"),
        (["a", "b", "c", "b"], "b"),
        ([0, 7, 1, 7], 7),
        ([0, 7, 1, 7], "7"),
        ([0.5, 1.5, 0.5, 1.5], 1.5),
    ],
)
def test_rows_that_a_column_marks_validate(tmp_path: Path, cells: list[Any], value: Any) -> None:
    write(tmp_path / "a.csv", [0, 1, 1, 0], part=cells)
    made = split(tmp_path, column="part", value=value)
    assert made.validation.tolist() == [1, 3]
    assert made.train.tolist() == [0, 2]
    assert made.dataset.feature_names == ("x",)


def test_rows_of_a_second_file_validate(tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", ["ill", "well"] * 3)
    second = write(tmp_path / "b.csv", ["well"] * 2)
    made = split(tmp_path, path="b.csv")
    assert made.train.tolist() == [0, 1, 2, 3, 4, 5]
    assert made.validation.tolist() == [6, 7]
    assert made.dataset.classes == ("ill", "well")
    assert made.validate_on[1].tolist() == [1, 1]
    assert made.file_digests == (("a.csv", sha256_file(first)), ("b.csv", sha256_file(second)))


def test_both_files_are_content(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [0, 1, 0, 1])
    write(tmp_path / "b.csv", [0, 1])
    before = split(tmp_path, path="b.csv").dataset.content_digest
    write(tmp_path / "b.csv", [1, 1])
    assert split(tmp_path, path="b.csv").dataset.content_digest != before


def test_all_rows_validate_and_none_train(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [0, 1, 0])
    made = split(tmp_path, everything=True)
    assert made.validation.tolist() == [0, 1, 2]
    assert made.train.size == 0


@pytest.mark.parametrize(
    ("labels", "validation", "text"),
    [
        ([0, 1, 0, 1], {"column": "x", "value": 99}, "no row validates; mend data.validation"),
        ([0, 1, 0, 1], {"column": "x", "value": "none"}, "no row validates"),
        ([0, 1, 0, 1], {"column": "x", "value": 10**299}, "no row validates"),
        ([0, 1], {"fraction": 0.5}, "cannot split by a stratified fraction"),
        ([0, 0, 0, 1], {"fraction": 0.5}, "cannot split by a stratified fraction"),
        ([0, 1] * 50, {"fraction": 0.001}, "cannot split by a stratified fraction"),
    ],
)
def test_rows_that_cannot_be_divided_are_refused(
    tmp_path: Path, labels: list[int], validation: dict[str, Any], text: str
) -> None:
    write(tmp_path / "a.csv", labels)
    with pytest.raises(UsageError, match=text):
        split(tmp_path, **validation)


def test_a_column_that_marks_every_row_leaves_none_to_train(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [0, 1], part=["v", "v"])
    with pytest.raises(UsageError, match="no row is left to train on"):
        split(tmp_path, column="part", value="v")


def test_a_second_file_with_other_columns_is_refused_by_their_names(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [0, 1, 0, 1])
    write(tmp_path / "b.csv", [0, 1], extra=[1, 2])
    with pytest.raises(UsageError, match="its columns differ from the first file's: extra"):
        split(tmp_path, path="b.csv")


def test_a_second_file_may_order_its_columns_otherwise(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [0, 1, 0, 1])
    (tmp_path / "b.csv").write_text("label,x\n1,50\n", encoding="utf-8")
    made = split(tmp_path, path="b.csv")
    assert made.validate_on[0].tolist() == [[50.0]]
    assert made.validate_on[1].tolist() == [1]


def test_numbers_are_split_at_random_and_not_by_their_values(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [i / 7 for i in range(20)])
    spec = DataSpec("a.csv", "label", ("x",), None, None, Validation(fraction=0.3), "regression")
    made = load_split(spec, tmp_path)
    assert len(made.validation) == 6
    assert made.validate_on[1].tolist() == [row / 7 for row in made.validation]
    assert load_split(spec, tmp_path).split_digest == made.split_digest
    tiny = dataclasses.replace(spec, validation=Validation(fraction=0.999))
    with pytest.raises(UsageError, match=r"a.csv: cannot split by a fraction: "):
        load_split(tiny, tmp_path)


@pytest.mark.parametrize("validation", [{"fraction": 0.5, "seed": 4}, {"everything": True}])
def test_a_shuffled_split_has_the_same_rows_in_a_fixed_random_order(
    tmp_path: Path, validation: dict[str, Any]
) -> None:
    write(tmp_path / "a.csv", [0, 1] * 30)
    plain = split(tmp_path, **validation)
    spec = DataSpec("a.csv", "label", ("x",), None, None, Validation(**validation))
    mixed, again = (load_split(spec, tmp_path, shuffled=True) for _ in range(2))
    assert mixed.validation.tolist() == again.validation.tolist()
    assert sorted(mixed.validation.tolist()) == plain.validation.tolist()
    assert mixed.train.tolist() == plain.train.tolist()
    assert mixed.split_digest != plain.split_digest
    # A random sample comes first: its rows are of all the file, as they never are in its order.
    first = mixed.validation[: len(mixed.validation) // 3]
    assert first.min() < 20
    assert first.max() >= 40


def _resampled(folder: Path, seeds: tuple[int, ...], **change: Any) -> SplitData:
    rows = Validation(**{"fraction": 0.4, "seed": 3, "resample": True, **change})
    return load_split(DataSpec("a.csv", "label", ("x",), None, None, rows), folder, seeds)


def test_each_seed_draws_a_stratified_split_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [0, 0, 1, 1, 1] * 10)
    made = _resampled(tmp_path, (7, 8, 9))
    parts = [made.of_seed(seed) for seed in (7, 8, 9)]
    assert len({part.split_digest for part in parts}) == 3
    for part in parts:
        assert not part.resampled
        assert sorted([*part.train, *part.validation]) == list(range(50))
        assert (len(part.validation), int(part.validate_on[1].sum())) == (20, 12)
    assert made.resampled
    assert made.validation.tolist() == parts[0].validation.tolist()
    assert made.train.tolist() == parts[0].train.tolist()


def test_a_seeds_split_depends_on_both_seeds_and_on_no_other(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [0, 1] * 25)
    three, one = _resampled(tmp_path, (7, 8, 9)), _resampled(tmp_path, (8,))
    assert one.of_seed(8).split_digest == three.of_seed(8).split_digest
    assert one.split_digest != three.split_digest
    assert three.split_digest == _resampled(tmp_path, (7, 8, 9)).split_digest
    other = _resampled(tmp_path, (7, 8, 9), seed=4)
    assert other.of_seed(8).split_digest != three.of_seed(8).split_digest


def test_a_resampled_split_needs_seeds(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [0, 1] * 25)
    with pytest.raises(ValueError, match="the schedule's seeds"):
        _resampled(tmp_path, ())


def test_one_split_serves_every_seed(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [0, 1] * 25)
    made = split(tmp_path, fraction=0.4)
    assert not made.resampled
    assert made.of_seed(1) is made.of_seed(2) is made


@pytest.mark.parametrize(("values", "shared"), [([1, 2, 3, 4], 0), ([1, 2, 1, 2], 2)])
def test_a_row_in_both_parts_is_refused_unless_the_charter_allows_it(
    tmp_path: Path, values: list[int], shared: int
) -> None:
    lines = [f"{x},{i % 2},{'validation' if i > 1 else 'train'}" for i, x in enumerate(values)]
    (tmp_path / "a.csv").write_text("\n".join(["x,label,part", *lines]) + "\n", encoding="utf-8")
    spec = DataSpec("a.csv", "label", ("x",), None, None, Validation(column="part"))
    if shared:
        with pytest.raises(UsageError, match=r"2 rows stand among .* \(rows 1 and 3"):
            load_split(spec, tmp_path)
    else:
        load_split(spec, tmp_path)
    load_split(dataclasses.replace(spec, duplicates="allow"), tmp_path)


def test_where_each_seed_draws_its_own_split_no_row_may_stand_twice(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [0, 1] * 10)
    text = (tmp_path / "a.csv").read_text(encoding="utf-8")
    (tmp_path / "a.csv").write_text(text + "3,1\n", encoding="utf-8")
    rows = Validation(fraction=0.5, resample=True)
    spec = DataSpec("a.csv", "label", ("x",), None, None, rows)
    with pytest.raises(UsageError, match=r"rows 4 and 21 have the same features"):
        load_split(spec, tmp_path, (1, 2))


def test_permuted_labels_are_each_seeds_own_and_of_training_rows_only(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [i % 3 for i in range(60)])
    made = split(tmp_path, fraction=0.5, seed=1)
    permuted = made.permuted((1, 2))
    labels = [permuted.of_seed(seed).fit_on[1] for seed in (1, 2)]
    assert not np.array_equal(labels[0], labels[1])
    for seed, found in zip((1, 2), labels, strict=True):
        again = permuted.of_seed(seed)
        assert np.array_equal(again.fit_on[1], found)
        assert np.array_equal(np.sort(found), np.sort(made.fit_on[1]))
        assert np.array_equal(again.fit_on[0], made.fit_on[0])
        assert np.array_equal(again.validate_on[1], made.validate_on[1])
    assert np.array_equal(made.of_seed(1).fit_on[1], made.fit_on[1])
