"""The example charters with noise, drift or training, which take the longest."""

from __future__ import annotations

import pytest

from tests.integration.examples import ON_DEVICES, Checks, Runs, run_examples


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return run_examples(ON_DEVICES, tmp_path_factory)


@pytest.mark.parametrize("name", ON_DEVICES)
class TestExamples(Checks):
    """Each check, for each of them."""
