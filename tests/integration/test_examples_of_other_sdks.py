"""The example charters whose candidates are other SDKs' models."""

from __future__ import annotations

import pytest

from tests.integration.examples import OF_OTHER_SDKS, Checks, Runs, run_examples


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return run_examples(OF_OTHER_SDKS, tmp_path_factory)


@pytest.mark.parametrize("name", OF_OTHER_SDKS)
class TestExamples(Checks):
    """Each check, for each of them."""
