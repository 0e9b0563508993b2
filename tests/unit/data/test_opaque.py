"""Opaque names: held against HMAC by its definition; an order and a digest that tell no row."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qgate.charter.charter import DataSpec, ProblemSpec, Validation
from qgate.data.opaque import Opaque, class_names
from qgate.data.split import SplitData, load_split

PURPOSE = b"qgate opaque items v1"
TRIANGLE = "3 3\n1 2 1\n2 3 1\n1 3 1\n"
PATH = "3 2\n1 2 1\n2 3 1\n"


def hmac_by_hand(key: bytes, message: bytes) -> bytes:
    """Return HMAC-SHA256 as RFC 2104 defines it."""
    padded = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in padded) + message).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in padded) + inner).digest()


def table(folder: Path, rows: int = 60, *, label: str = "label") -> None:
    lines = [f"{i},{i % 2},p{i},{'validation' if i % 3 else 'train'}" for i in range(rows)]
    text = "\n".join([f"x,{label},id,part", *lines]) + "\n"
    (folder / "a.csv").write_text(text, encoding="utf-8")


def spec(classification: str = "confidential", **rows: Any) -> DataSpec:
    validation = Validation(**rows or {"fraction": 0.5, "seed": 4})
    found = DataSpec("a.csv", "label", ("x",), "id", None, validation)
    return dataclasses.replace(found, classification=classification)


def loaded(folder: Path, seeds: tuple[int, ...] = (), **rows: Any) -> SplitData:
    return load_split(spec(**rows), folder, seeds)


def test_ids_are_the_hmac_of_number_and_id_under_the_hmac_of_all_bytes(tmp_path: Path) -> None:
    table(tmp_path)
    (tmp_path / "b.csv").write_bytes((tmp_path / "a.csv").read_bytes()[:30])
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    salt = hmac_by_hand(PURPOSE, b"".join(path.read_bytes() for path in files))
    opaque = Opaque.of_files(files, ["first", "second"])
    expected = [
        hmac_by_hand(salt, json.dumps(["item", None, row, name], separators=(",", ":")).encode())
        for row, name in ((0, "first"), (1, "second"))
    ]
    assert opaque.items([0, 1]) == [found.hex()[:32] for found in expected]
    assert salt.hex() not in repr(opaque)


def test_validation_items_stand_in_the_order_of_their_ids_and_no_other_row_moves(
    tmp_path: Path,
) -> None:
    table(tmp_path)
    plain = load_split(spec("internal"), tmp_path)
    veiled = loaded(tmp_path)
    assert plain.opaque is None
    assert veiled.items() == sorted(set(veiled.items()))
    assert sorted(veiled.validation.tolist()) == plain.validation.tolist()
    assert veiled.validation.tolist() != plain.validation.tolist()
    assert veiled.train.tolist() == plain.train.tolist()
    assert veiled.of_seed(3).items() == veiled.items()
    # Shuffling would be for nothing: the order is as random already.
    assert load_split(spec(), tmp_path, shuffled=True).validation.tolist() == (
        veiled.validation.tolist()
    )


def test_a_position_does_not_tell_the_row(tmp_path: Path) -> None:
    table(tmp_path, 400)
    rows = loaded(tmp_path).validation
    # Spearman's correlation of position and row under no relation: sd 1 / sqrt(n - 1) (Kendall).
    ranks = np.argsort(np.argsort(rows))
    found = float(np.corrcoef(np.arange(len(rows)), ranks)[0, 1])
    assert abs(found) < 4 / np.sqrt(len(rows) - 1)


@pytest.mark.parametrize("rows", [{"fraction": 0.5, "seed": 4}, {"column": "part"}])
def test_the_splits_digest_cannot_be_made_without_the_data(
    tmp_path: Path, rows: dict[str, Any]
) -> None:
    table(tmp_path)
    found = loaded(tmp_path, **rows)
    open_digest = dataclasses.replace(found, opaque=None).split_digest
    assert found.split_digest != open_digest
    # The same rows of other data: who only guesses the split cannot tell whether it is right.
    text = (tmp_path / "a.csv").read_text(encoding="utf-8")
    (tmp_path / "a.csv").write_text(text.replace("\n0,", "\n0.5,"), encoding="utf-8")
    other = loaded(tmp_path, **rows)
    assert sorted(other.validation) == sorted(found.validation)
    assert other.split_digest != found.split_digest
    assert set(other.items()).isdisjoint(found.items())


def test_ids_of_resampled_splits_cannot_be_followed_from_seed_to_seed(tmp_path: Path) -> None:
    table(tmp_path)
    found = loaded(tmp_path, (1, 2), fraction=0.5, seed=4, resample=True)
    rows = {seed: found.by_seed[seed][1] for seed in (1, 2)}
    assert set(rows[1]) & set(rows[2])
    assert set(found.items(1)).isdisjoint(found.items(2))
    for seed in (1, 2):
        assert found.items(seed) == sorted(found.items(seed))
        assert found.of_seed(seed).validation.tolist() == rows[seed].tolist()
    assert found.validation.tolist() == rows[1].tolist()


def test_problems_have_opaque_ids_too(tmp_path: Path) -> None:
    (tmp_path / "t.mc").write_text(TRIANGLE, encoding="utf-8")
    (tmp_path / "p.mc").write_text(PATH, encoding="utf-8")
    everything, problems = Validation(everything=True), (ProblemSpec("t.mc"), ProblemSpec("p.mc"))
    solved = DataSpec("", "", None, None, None, everything, "optimization", problems=problems)
    found = load_split(dataclasses.replace(solved, classification="confidential"), tmp_path)
    assert found.items() == sorted(found.items())
    labels = dict(zip(found.validation.tolist(), found.validate_on[1].tolist(), strict=True))
    assert labels == {0: 2.0, 1: 2.0}


def test_data_that_are_not_confidential_have_no_ids(tmp_path: Path) -> None:
    table(tmp_path)
    with pytest.raises(ValueError, match="confidential"):
        load_split(spec("public"), tmp_path).items()


def test_names_are_equal_exactly_where_values_are(tmp_path: Path) -> None:
    table(tmp_path)
    opaque = Opaque.of_files([tmp_path / "a.csv"])
    assert opaque.slice("north") == opaque.slice("north") != opaque.slice("south")
    assert opaque.message("row 7") == opaque.message("row 7") != opaque.message("row 8")
    assert "north" not in opaque.slice("north")
    assert class_names(3) == ["class-0", "class-1", "class-2"]
