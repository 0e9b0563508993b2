"""Fidelities, and the binomial draws that stand for a device's shots."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit_aer import AerSimulator

from qgate.arms.arm import generator
from qgate.charter.arm_spec import Layer
from qgate.quantum import kernel
from qgate.quantum.engine import Array, Numbers
from qgate.quantum.estimate import (
    Combined,
    Frequency,
    WeightedOutcomes,
    measured,
    measured_gram,
    rounded,
)
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.kernel import StateKernel

LAYERS = (
    Layer("h", "hadamard"),
    Layer("z", "angle", "rz", scale=0.8),
    Layer("zz", "zz", pairs="full", scale=0.5),
)


def simulate_states(feature_map: FeatureMap, data: Array) -> Numbers:
    return StateKernel(feature_map).first(data)


def fidelities(left: Numbers, right: Numbers) -> Array:
    return rounded(kernel.fidelities(left, right))


def sampled(exact: Array, shots: int | None, rng: np.random.Generator) -> Array:
    return measured(Frequency(exact), shots, rng)


def sampled_gram(exact: Array, shots: int | None, rng: np.random.Generator) -> Array:
    return measured_gram(Frequency(exact), shots, rng, unit_diagonal=True)


def _states(rows: int = 40, seed: int = 1) -> Numbers:
    data = np.random.default_rng(seed).normal(size=(rows, 3))
    return simulate_states(FeatureMap(LAYERS, 1, 3), data)


def _gram(rows: int = 40) -> Array:
    states = _states(rows)
    return fidelities(states, states)


def _stream(call: str = "test") -> np.random.Generator:
    return generator("candidate", 1, 64, 0, call)


def test_fidelities_are_probabilities_of_at_most_twelve_digits() -> None:
    gram = _gram()
    assert gram.min() >= 0
    np.testing.assert_array_equal(np.diag(gram), 1.0)
    np.testing.assert_array_equal(gram, gram.T)
    np.testing.assert_array_equal(gram, np.round(gram, 12))


def test_a_phase_or_the_last_bit_of_a_norm_changes_no_fidelity() -> None:
    states = _states(4)
    turned = states * np.exp(0.3j) * (1 - 2**-53)
    np.testing.assert_array_equal(fidelities(turned, states), fidelities(states, states))


@pytest.mark.parametrize(
    ("states", "nearly"),
    [
        pytest.param([[1.0, 0.0]], [[1 - 2**-53, 0.0]], id="one"),
        pytest.param([[0.0, 1.0]], [[1e-17, 1.0]], id="zero"),
    ],
)
def test_the_last_bit_of_a_probability_changes_no_draw(
    states: list[list[float]], nearly: list[list[float]]
) -> None:
    basis = np.array([[1.0 + 0j, 0.0]])
    exact, almost = (fidelities(np.asarray(s, dtype=complex), basis) for s in (states, nearly))
    first, second = _stream(), _stream()
    assert sampled(exact, 100, first).tolist() == sampled(almost, 100, second).tolist()
    assert first.random() == second.random()


def test_without_rounding_the_last_bit_shifts_all_later_draws() -> None:
    """What the test above rests on: a count of probability zero takes nothing from the stream."""
    assert _after(0.0) != _after(1e-34)


def _after(probability: float) -> float:
    """Return the stream's next number once a count was drawn."""
    rng = _stream()
    rng.binomial(100, probability)
    return float(rng.random())


def test_full_depolarising_leaves_what_is_read_of_the_mixed_state() -> None:
    exact = np.array([[0.9, 0.2]])
    read = np.array([0.4, 0.3, 0.2, 0.1])
    outcomes = np.array([[[0.9, 0.1, 0.0, 0.0], [0.2, 0.3, 0.4, 0.1]]])
    weights = np.array([1.2, -0.3, 0.1, 0.0])
    for estimate, left in (
        (Frequency(exact, mixed=0.4), 0.4),
        (WeightedOutcomes(outcomes, weights, read), read @ weights),
        (Combined((Frequency(exact, 0.4), Frequency(exact, 0.2)), (1.5, -0.5)), 0.5),
    ):
        np.testing.assert_allclose(estimate.depolarised(1.0).exact, left, rtol=0, atol=1e-12)
        half = (estimate.exact + left) / 2
        np.testing.assert_allclose(estimate.depolarised(0.5).exact, half, rtol=0, atol=1e-12)


def test_without_shots_nothing_is_drawn() -> None:
    gram, rng = _gram(), _stream()
    before = rng.bit_generator.state
    assert sampled(gram, None, rng) is gram
    np.testing.assert_array_equal(sampled_gram(gram, None, rng), gram)
    assert rng.bit_generator.state == before


@pytest.mark.parametrize("shots", [100, 4096])
def test_frequencies_are_binomial(shots: int) -> None:
    exact = _gram()
    frequencies = sampled(exact, shots, _stream())
    np.testing.assert_array_equal(frequencies, np.round(frequencies * shots) / shots)
    inner = (exact > 0.05) & (exact < 0.95)
    p = exact[inner]
    z = (frequencies[inner] - p) / np.sqrt(p * (1 - p) / shots)
    assert z.size > 1000
    assert abs(z.mean()) < 5 / np.sqrt(z.size)
    assert abs(z.std() - 1) < 5 / np.sqrt(2 * z.size)


def test_a_training_block_measures_each_pair_once() -> None:
    exact = _gram()
    gram = sampled_gram(exact, 200, _stream())
    np.testing.assert_array_equal(gram, gram.T)
    np.testing.assert_array_equal(np.diag(gram), 1.0)
    upper = np.triu_indices(len(gram), k=1)
    p = exact[upper]
    z = (gram[upper] - p) / np.sqrt(p * (1 - p) / 200)
    assert abs(z.mean()) < 5 / np.sqrt(z.size)
    assert abs(z.std() - 1) < 5 / np.sqrt(2 * z.size)


def test_a_training_blocks_draws_are_those_of_its_upper_triangle_in_order() -> None:
    exact = _gram(12)
    upper = np.triu_indices(12, k=1)
    counts = _stream().binomial(64, exact[upper])
    np.testing.assert_array_equal(sampled_gram(exact, 64, _stream())[upper], counts / 64)


def test_entries_of_one_draw_are_independent() -> None:
    """A sampler that gave all circuits of a call the same draws would correlate them fully."""
    exact = np.full((400, 2), 0.5)
    left, right = sampled(exact, 1000, _stream()).T
    assert abs(np.corrcoef(left, right)[0, 1]) < 5 / np.sqrt(400)


def test_each_draw_has_a_stream_of_its_own() -> None:
    names = [
        (role, seed, shots, replicate, call)
        for role in ("baseline", "candidate")
        for seed in (1, 2, 11)
        for shots in (1, 64, 1024)
        for replicate in (0, 1)
        for call in ("training", "validation", "serving")
    ]
    first = [tuple(generator(*name).integers(2**62, size=4)) for name in names]
    assert len(set(first)) == len(names)
    assert first == [tuple(generator(*name).integers(2**62, size=4)) for name in names]


def test_neighbouring_seeds_are_uncorrelated() -> None:
    draws = np.array(
        [generator("candidate", seed, 64, 0, "training").random(500) for seed in range(30)]
    )
    correlations = np.corrcoef(draws)[np.triu_indices(30, k=1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(500)
    assert abs(correlations.mean()) < 5 / np.sqrt(500 * correlations.size)


def test_the_compute_uncompute_circuit_gives_these_frequencies() -> None:
    shots = 20_000
    data = np.random.default_rng(2).normal(size=(4, 3))
    feature_map = FeatureMap(LAYERS, 1, 3)
    states = simulate_states(feature_map, data)
    exact = fidelities(states, states)
    bindings = feature_map.bindings(data)

    def bound(row: int) -> object:
        values = {parameter: angles[row] for parameter, angles in bindings.items()}
        return feature_map.circuit.assign_parameters(values)

    pairs = [(0, 1), (0, 2), (3, 1)]
    for i, j in pairs:
        circuit = bound(i).compose(bound(j).inverse())  # type: ignore[attr-defined]
        circuit.measure_all()
        simulator = AerSimulator(method="statevector", seed_simulator=1000 + 7 * i + j)
        counts = simulator.run(circuit, shots=shots).result().get_counts()
        p = exact[i, j]
        assert 0.005 < p < 0.995
        assert abs(counts.get("000", 0) / shots - p) < 5 * np.sqrt(p * (1 - p) / shots)
