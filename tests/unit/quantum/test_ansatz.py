"""Fixed weights: how many, and what a seed draws."""

from __future__ import annotations

import numpy as np
import pytest

from qgate.charter.arm_spec import Layer
from qgate.errors import UsageError
from qgate.quantum.ansatz import fixed_weights
from qgate.quantum.feature_map import FeatureMap


@pytest.mark.parametrize(
    ("kind", "qubits", "reps", "count"),
    [
        ("real_amplitudes", 3, None, 12),
        ("real_amplitudes", 2, 1, 4),
        ("efficient_su2", 3, None, 24),
        ("hardware_efficient", 4, 2, 24),
        ("reupload", 2, None, 12),
        ("reupload", 2, 3, 18),
    ],
)
def test_a_seed_draws_as_many_weights_as_are_needed_and_angles_must_be_as_many(
    kind: str, qubits: int, reps: int | None, count: int
) -> None:
    drawn = fixed_weights(Layer("w", kind, reps=reps, seed=7), qubits)
    expected = np.random.Generator(np.random.PCG64(np.random.SeedSequence(7)))
    np.testing.assert_array_equal(drawn, expected.uniform(0, 2 * np.pi, count))
    stated = Layer("w", kind, reps=reps, angles=tuple(drawn.tolist()))
    np.testing.assert_array_equal(fixed_weights(stated, qubits), drawn)
    short = Layer("w", kind, reps=reps, angles=tuple(drawn.tolist()[1:]))
    with pytest.raises(UsageError, match=f"has {count} angles, not {count - 1}"):
        fixed_weights(short, qubits)


def test_the_error_names_the_layer_its_size_and_the_number_that_is_needed() -> None:
    layer = Layer("mix", "efficient_su2", reps=2, angles=(0.1, 0.2))
    with pytest.raises(UsageError) as caught:
        FeatureMap((layer,), 1, 3)
    message = "layer 'mix': efficient_su2 (3 qubits, reps 2) has 18 angles, not 2"
    assert str(caught.value) == message


def test_other_seeds_draw_other_circuits() -> None:
    one, other = (
        FeatureMap((Layer("w", "real_amplitudes", seed=seed),), 1, 2).circuit for seed in (1, 2)
    )
    assert one != other
    assert one == FeatureMap((Layer("w", "real_amplitudes", seed=1),), 1, 2).circuit
