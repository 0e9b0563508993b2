"""Mitigation by mitiq: what it recovers, what it costs in scatter, and its weights."""

from __future__ import annotations

import importlib
import tracemalloc
import warnings
from typing import Any

import numpy as np
import pytest

from qgate.charter.arm_spec import Mitigation, ZeroNoise
from qgate.errors import TermError, UsageError
from qgate.quantum.device import read_device, restricted
from qgate.quantum.engine import Array
from qgate.quantum.estimate import Combined, WeightedOutcomes, measured
from qgate.quantum.kernel import Kernel, StateKernel
from qgate.quantum.mitigation import mitigated, readout_weights, zero_noise_weights
from qgate.quantum.noise import readout
from tests.unit.quantum.test_device_kernel import FIXTURES, RY, ZZ, behind, device, exact, rows

READOUT = [(0.02, 0.07), (0.11, 0.03), (0.05, 0.05)]
LINEAR = ZeroNoise((1, 3), "linear")
RICHARDSON = ZeroNoise((1, 3, 5), "richardson")


def _mitigated(spec: Mitigation, *, sampled: bool, **figures: Any) -> Kernel:
    on = device(3, readout=READOUT, **figures)
    feature_map, template, _ = behind([ZZ], 3, on)
    return mitigated(spec, feature_map, on, template, sampled=sampled)


def _plain(wrong: list[tuple[float, float]], **figures: Any) -> Array:
    _, _, kernel = behind([ZZ], 3, device(3, readout=wrong, **figures))
    return exact(kernel, rows(4, 3))


@pytest.mark.parametrize("sampled", [False, True])
def test_readout_mitigation_recovers_the_kernel_of_perfect_readout(sampled: bool) -> None:
    noise = {"one": 0.001, "two": 0.01}
    found = exact(_mitigated(Mitigation(readout=True), sampled=sampled, **noise), rows(4, 3))
    expected = _plain([(0.0, 0.0)] * 3, **noise)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    assert np.abs(_plain(READOUT, **noise) - expected).max() > 0.1


def test_readout_mitigation_of_a_real_device_whose_readout_broke_down() -> None:
    on = restricted(read_device(FIXTURES / "lagos_2024-05-27.json", ""), (0, 1, 2))
    feature_map, template, plain = behind([ZZ], 3, on)
    kernel = mitigated(Mitigation(readout=True), feature_map, on, template, sampled=True)
    X = rows(4, 3)
    found, perfect = exact(kernel, X), plain.first(X) @ plain.perfect(X).T
    np.testing.assert_allclose(found, perfect, rtol=0, atol=1e-10)
    assert np.abs(exact(plain, X) - perfect).max() > 0.2


def test_readout_weights_are_a_row_of_the_inverse_confusion_of_all_outcomes() -> None:
    on = device(3, readout=READOUT)
    confusion = np.ones((1, 1))
    for chances in readout(on):  # qubit 0 is the fastest bit of an outcome
        confusion = np.kron(chances.T, confusion)
    np.testing.assert_allclose(readout_weights(on), np.linalg.inv(confusion)[0], rtol=0, atol=1e-12)


def test_mitigated_draws_are_unbiased_with_the_variance_of_a_mean_of_weights() -> None:
    shots, times, X = 200, 3000, rows(3, 3)
    kernel = _mitigated(Mitigation(readout=True), sampled=True, two=0.02)
    estimate = kernel.estimate(kernel.first(X), kernel.second(X))
    assert isinstance(estimate, WeightedOutcomes)
    rng = np.random.default_rng(12)
    drawn = np.stack([estimate.draw(shots, rng) for _ in range(times)])
    weights = estimate.weights
    second = estimate.outcomes @ weights**2
    variance = (second - estimate.exact**2) / shots
    errors = (drawn.mean(axis=0) - estimate.exact) / np.sqrt(variance / times)
    assert np.abs(errors).max() < 4.5
    np.testing.assert_allclose(drawn.var(axis=0) / variance, 1, atol=6 * np.sqrt(2 / times))
    binomial = estimate.exact * (1 - estimate.exact) / shots
    assert (variance > 1.02 * binomial).all(), "mitigation costs scatter"
    assert weights.min() < 0


@pytest.mark.parametrize(
    ("spec", "weights"),
    [
        (LINEAR, (3 / 2, -1 / 2)),
        (ZeroNoise((1, 3), "richardson"), (3 / 2, -1 / 2)),
        (RICHARDSON, (15 / 8, -5 / 4, 3 / 8)),
        (ZeroNoise((1, 3, 5), "linear"), (13 / 12, 1 / 3, -5 / 12)),
    ],
    ids=str,
)
def test_weights_of_an_extrapolation(spec: ZeroNoise, weights: tuple[float, ...]) -> None:
    """By Lagrange's polynomial at 0, and by the closed form of a least-squares line."""
    assert zero_noise_weights(spec) == pytest.approx(weights, abs=1e-12)


@pytest.mark.parametrize("fit", ["linear", "richardson"])
def test_each_fit_is_exact_on_its_own_curve_and_says_nothing_aloud(fit: str) -> None:
    """mitiq warns of fits that it doubts; here they are of unit vectors, and of no concern."""
    rng = np.random.default_rng(2)
    for scales in [(1, 21), (1, 3, 21), (1, 3, 5, 7, 9, 11), (1, 13, 15, 17, 19, 21)]:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            weights = zero_noise_weights(ZeroNoise(scales, fit))
        degree = 1 if fit == "linear" else len(scales) - 1
        curve = rng.normal(size=degree + 1)
        values = np.polynomial.polynomial.polyval(np.array(scales) / 21, curve)
        assert np.dot(weights, values) == pytest.approx(curve[0], abs=1e-7)


def test_extrapolation_brings_the_kernel_nearer_to_one_without_two_qubit_noise() -> None:
    X, noise = rows(4, 3), {"one": 0.0005, "two": 0.002}
    perfect = _plain(READOUT, one=0.0005)
    far = np.abs(_plain(READOUT, **noise) - perfect).max()
    linear, richardson = (
        np.abs(exact(_mitigated(Mitigation(False, spec), sampled=False, **noise), X) - perfect)
        for spec in (LINEAR, RICHARDSON)
    )
    assert far > 0.02
    assert linear.max() < far / 4
    assert richardson.max() < linear.max() / 4


def test_both_mitigations_come_near_the_ideal_kernel() -> None:
    X, figures = rows(4, 3), {"two": 0.002}
    spec = Mitigation(readout=True, zero_noise=RICHARDSON)
    by_outcomes, by_effects = (
        exact(_mitigated(spec, sampled=sampled, **figures), X) for sampled in (True, False)
    )
    np.testing.assert_allclose(by_outcomes, by_effects, rtol=0, atol=1e-10)
    feature_map, _, _ = behind([ZZ], 3, device(3))
    np.testing.assert_allclose(by_effects, exact(StateKernel(feature_map), X), rtol=0, atol=2e-3)


def test_each_scale_has_shots_of_its_own() -> None:
    X = rows(3, 3)
    kernel = _mitigated(Mitigation(False, LINEAR), sampled=True, two=0.01)
    estimate = kernel.estimate(kernel.first(X), kernel.second(X))
    assert isinstance(estimate, Combined)
    assert estimate.circuits == 2
    rng = np.random.default_rng(3)
    drawn = np.stack([measured(estimate, 100, rng) for _ in range(2000)])
    chances = [part.exact for part in estimate.parts]
    variance = sum(w**2 * p * (1 - p) / 100 for w, p in zip((1.5, -0.5), chances, strict=True))
    np.testing.assert_allclose(drawn.var(axis=0) / variance, 1, atol=6 * np.sqrt(2 / 2000))
    errors = (drawn.mean(axis=0) - estimate.exact) / np.sqrt(variance / 2000)
    assert np.abs(errors).max() < 4.5


def test_a_reading_that_says_nothing_cannot_be_mitigated() -> None:
    on = device(2, readout=[(0.02, 0.07), (0.4, 0.6)])
    feature_map, template, _ = behind([RY], 2, on)
    with pytest.raises(TermError, match="the reading of qubit 1 of those used says nothing") as e:
        mitigated(Mitigation(readout=True), feature_map, on, template, sampled=True)
    assert e.value.path == ("mitigation", "readout")


@pytest.mark.parametrize("spec", [Mitigation(readout=True), Mitigation(False, LINEAR)], ids=str)
def test_a_missing_mitiq_is_said_with_the_extra_to_install(
    spec: Mitigation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str, *_: object) -> object:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(UsageError, match=r"mitiq: pip install 'qgate\[mitigation\]'"):
        _mitigated(spec, sampled=True)


@pytest.mark.parametrize("spec", [Mitigation(True), Mitigation(False, LINEAR),
                                  Mitigation(True, LINEAR)], ids=str)  # fmt: skip
@pytest.mark.parametrize("sampled", [False, True])
def test_the_arrays_take_no_more_memory_than_is_stated(spec: Mitigation, sampled: bool) -> None:
    kernel, X = _mitigated(spec, sampled=sampled), rows(80, 3)
    kernel.estimate(kernel.first(X[:2]), kernel.second(X[:2]))
    tracemalloc.start()
    estimate = kernel.estimate(kernel.first(X), kernel.second(X))
    estimate.draw(16, np.random.default_rng(1))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    stated = 2 * 80 * kernel.row_bytes + 80**2 * kernel.pair_bytes
    assert peak < stated < 8 * peak
