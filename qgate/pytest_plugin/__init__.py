"""Charters in pytest: `pytest --qgate charters/` runs each, and reports each gate as a test.

pytest imports this module wherever qgate is installed, so it does nothing unless it is asked to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

__all__ = ["pytest_addoption", "pytest_configure"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the group qgate."""
    group = parser.getgroup("qgate", "promotion gates of quantum-classical pilots")
    group.addoption(
        "--qgate",
        action="store_true",
        help="Collect charters (*.yaml), run each, and report its decision and gates as tests.",
    )
    parser.addini("qgate_run_args", "Options for each `qgate run`, such as --workers 2.", "args")


def pytest_configure(config: pytest.Config) -> None:
    """Take part in the session where --qgate asks for it."""
    if config.getoption("qgate"):
        from qgate.pytest_plugin import collecting, reporting, sharing

        for module in (collecting, reporting, sharing):
            config.pluginmanager.register(module, f"{module.__name__}")
