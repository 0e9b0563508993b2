"""Fits that blocks share: made once, handed out unspoilt, bounded, and left behind."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from qgate.arms import kept_fits
from qgate.arms.arm import build_arm
from qgate.arms.kept_fits import KeptFits
from tests.unit.arms import plugin_classes, small


class _Fitted:
    """Predicts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def predict(self) -> int:
        self.asked += 1
        return self.asked


def test_a_fit_is_made_once_and_each_use_is_the_first() -> None:
    kept, fits = KeptFits(), [_Fitted(), _Fitted()]
    assert [kept.get("a", fits.pop).predict() for _ in range(3)] == [1, 1, 1]
    assert len(fits) == 1
    kept.get("b", fits.pop)
    assert not fits


def test_what_cannot_be_pickled_is_fitted_anew() -> None:
    kept = KeptFits()
    made: Iterator[Iterator[int]] = ((i for i in range(2)) for _ in range(2))
    assert [next(kept.get("a", lambda: next(made))) for _ in range(2)] == [0, 0]


def test_fits_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_fits, "_MOST_BYTES", 1500)
    kept, fits = KeptFits(), [bytes(1000) for _ in range(4)]
    for key in ("a", "b", "a", "b"):
        kept.get(key, fits.pop)
    assert len(fits) == 1


def test_fits_are_left_behind() -> None:
    kept = KeptFits()
    kept.get("a", _Fitted)
    assert pickle.loads(pickle.dumps(kept))._kept == {}  # noqa: S301  # written a moment ago


def test_a_classical_arm_fits_once_for_all_blocks_of_a_seed(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    spec = small.classical(f"{plugin_classes.__name__}.Majority", {"notes": str(notes)})
    arm = build_arm(spec, small.workshop(small.small_split(), cells=small.EXACT))
    for block in ((0, 4), (4, 8), (8, 10)):
        for seed in (1, 2):
            arm.run(seed, None, 0, block)
    assert len(notes.read_text(encoding="utf-8").splitlines()) == 2
