from __future__ import annotations

from qgate.calibration.reruns import Depolarisable, fresh_seeds
from qgate.digest import digest


def test_fresh_seeds_are_new_distinct_and_always_the_same() -> None:
    scheduled = list(range(500))
    found = fresh_seeds(scheduled)
    assert list(found) == scheduled
    assert len(set(found.values())) == 500
    assert not set(found.values()) & set(scheduled)
    assert found == fresh_seeds(scheduled)
    assert all(0 <= seed < 2**32 for seed in found.values())  # what numpy takes


def test_a_fresh_seed_that_is_scheduled_is_passed_over() -> None:
    (first,) = fresh_seeds([7]).values()
    found = fresh_seeds([7, first])
    assert first not in found.values()
    assert found[7] == int(digest({"fresh seed in place of": 7, "attempt": 1})[:8], 16)


def test_an_arm_without_the_hook_has_no_device_to_drift() -> None:
    class Fixed:
        def depolarised(self, strength: float) -> Fixed:
            del strength
            return self

    assert isinstance(Fixed(), Depolarisable)
    assert not isinstance(object(), Depolarisable)
