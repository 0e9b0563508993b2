"""Clipping a measured kernel's spectrum, for training rows and new items alike."""

from __future__ import annotations

import numpy as np
import pytest

from qgate.quantum.engine import Array
from qgate.quantum.spectrum import clip

INDEFINITE = np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.9], [0.1, 0.9, 1.0]])


def _measured(rows: int, seed: int = 1) -> Array:
    """Return a kernel of angles with symmetric noise on its entries."""
    rng = np.random.default_rng(seed)
    angles, noise = rng.uniform(-1, 1, size=rows), rng.normal(scale=0.1, size=(rows, rows))
    gram = np.cos((angles[:, None] - angles) / 2) ** 2 + np.triu(noise, 1) + np.triu(noise, 1).T
    return np.asarray(np.round(gram, 12))


def test_an_eigenvalue_by_hand() -> None:
    """[[1, 2], [2, 1]] has 3 along (1, 1) and -1 along (1, -1)."""
    found = clip(np.array([[1.0, 2.0], [2.0, 1.0]]))
    np.testing.assert_allclose(found.gram, [[1.5, 1.5], [1.5, 1.5]], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.projector, [[0.5, 0.5], [0.5, 0.5]], rtol=0, atol=1e-12)
    assert found.share == 1 / 4


@pytest.mark.parametrize("gram", [INDEFINITE, _measured(20)], ids=["3", "20"])
def test_the_nearest_positive_matrix(gram: Array) -> None:
    values, vectors = np.linalg.eigh(gram)
    expected = sum(max(v, 0) * np.outer(e, e) for v, e in zip(values, vectors.T, strict=True))
    found = clip(gram)
    np.testing.assert_allclose(found.gram, expected, rtol=0, atol=1e-11)
    assert np.linalg.eigvalsh(found.gram).min() > -1e-10
    negative = values[values < 0]
    assert found.share == pytest.approx(-negative.sum() / np.abs(values).sum(), abs=1e-9)
    assert found.share > 0.001
    far = np.linalg.norm(found.gram - gram)
    assert far == pytest.approx(np.linalg.norm(negative), abs=1e-10)


def test_a_positive_matrix_is_left_alone() -> None:
    gram = np.eye(4) + 0.2
    found = clip(gram)
    assert found.share == 0
    np.testing.assert_allclose(found.gram, gram, rtol=0, atol=1e-11)
    np.testing.assert_allclose(found.projector, np.eye(4), rtol=0, atol=1e-11)


def test_a_training_row_as_a_new_item_gives_its_own_clipped_row() -> None:
    gram = _measured(20)
    found = clip(gram)
    np.testing.assert_allclose(gram @ found.projector, found.gram, rtol=0, atol=1e-10)
    assert np.abs(gram - found.gram).max() > 0.01


def test_what_rounding_leaves_is_no_direction() -> None:
    """Fifty states of one qubit span three dimensions; the rest is the twelfth digit."""
    angles = np.random.default_rng(3).uniform(-1, 1, size=50)
    gram = np.round(np.cos((angles[:, None] - angles) / 2) ** 2, 12)
    found = clip(gram)
    assert np.trace(found.projector) == pytest.approx(3, abs=1e-9)
    assert found.share == 0


def test_a_matrix_of_zeros_has_nothing_negative() -> None:
    found = clip(np.zeros((3, 3)))
    assert found.share == 0
    assert not found.gram.any()
