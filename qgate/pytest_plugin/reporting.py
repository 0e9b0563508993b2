"""Inconclusive as an outcome of its own: neither passed nor failed, and it blocks."""

from __future__ import annotations

from typing import Any

import pytest

from qgate.pytest_plugin.answers import MODE, VERDICT

INCONCLUSIVE = "inconclusive"
_Status = tuple[str, str, str | tuple[str, dict[str, bool]]]
_OPEN: dict[str, _Status] = {
    "inconclusive": (INCONCLUSIVE, "?", ("INCONCLUSIVE", {"yellow": True})),
    "error": ("error", "E", ("ERROR", {"red": True})),
}
"""pytest's own words do for a pass and a failure."""


def pytest_report_teststatus(report: pytest.CollectReport | pytest.TestReport) -> _Status | None:
    """Return category, letter and word of a gate in shadow, or neither passed nor failed."""
    if not isinstance(report, pytest.TestReport) or report.when != "call":
        return None
    said: dict[str, Any] = dict(report.user_properties)
    verdict = said.get(VERDICT)
    if report.passed and said.get(MODE) == "shadow":
        return "in shadow", "~", f"SHADOW ({verdict})"
    return _OPEN.get(str(verdict)) if report.failed else None  # else it is another plugin's: xfail


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Say of each gate that is open what would decide it, as pytest does of failures."""
    green = exitstatus == pytest.ExitCode.OK and not config.option.collectonly
    if green and not _any_tested(terminalreporter):
        terminalreporter.write_line("--qgate: no charter was tested", yellow=True)
    reports = terminalreporter.stats.get(INCONCLUSIVE, [])
    if not reports:
        return
    terminalreporter.write_sep("=", "INCONCLUSIVE", yellow=True, bold=True)
    for report in reports:
        if config.option.tbstyle != "no":
            terminalreporter.write_sep("_", report.nodeid, yellow=True)
            terminalreporter.write_line(report.longreprtext)
    for report in reports:
        terminalreporter.write_line(f"INCONCLUSIVE {report.nodeid}: not shown, so it blocks")


def _any_tested(terminalreporter: pytest.TerminalReporter) -> bool:
    reports = (report for found in terminalreporter.stats.values() for report in found)
    return any(VERDICT in dict(getattr(report, "user_properties", ())) for report in reports)
