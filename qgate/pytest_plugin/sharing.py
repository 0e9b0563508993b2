"""Under pytest-xdist all tests of a charter go to one worker, so that it is run once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadGroupScheduling

_OF_CHARTER = re.compile(r"(.*?\.ya?ml)::")
_TEARING = frozenset({"load", "loadgroup", "worksteal"})
"""Ways to distribute that would send tests of one file to several workers."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadGroupScheduling | None:
    """Return a scheduler that keeps a charter together and every other test by itself.

    Raises:
        UsageError: Where every worker would run every charter.

    """
    from xdist.scheduler import LoadGroupScheduling

    way = config.getoption("dist")
    if way == "each":
        raise pytest.UsageError(
            "--qgate with --dist each would run a charter once a worker, every time as another "
            "attempt on the same lock: leave out --dist each"
        )
    if way not in _TEARING:
        return None
    scheduler = LoadGroupScheduling(config, log)
    of_others = scheduler._split_scope

    def scope(test: str) -> str:
        found = _OF_CHARTER.match(test)
        return found[1] if found else of_others(test)

    scheduler._split_scope = scope  # what xdist's manual names for schedulers of one's own
    return scheduler
