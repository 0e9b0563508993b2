"""The order of files, so that the workers of pytest-xdist end together."""

from __future__ import annotations

import pytest

SLOWEST_FIRST = (
    "integration/test_examples_of_other_sdks.py",
    "integration/test_examples_on_devices.py",
    "integration/test_examples.py",
    "integration/test_action.py",
    "integration/test_runs.py",
    "integration/test_terms.py",
    "contract/test_arms.py",
    "integration/test_interruption.py",
    "integration/test_calibrate.py",
    "calibration/test_targets.py",
    "integration/test_rehearse.py",
    "integration/test_circuit.py",
    "integration/test_html_report.py",
)
"""Files that take more than about 15 s of a processor; the others are small enough to fill gaps."""


def pytest_configure(config: pytest.Config) -> None:
    """Have files handed out in the order of collection, not with the most tests first."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the slowest files start first: one that starts last leaves a worker idle meanwhile."""
    rank = {name: place for place, name in enumerate(SLOWEST_FIRST)}

    def place(item: pytest.Item) -> int:
        return rank.get("/".join(item.path.parts[-2:]), len(rank))

    items.sort(key=place)
