"""The table of report formats."""

from __future__ import annotations

from collections.abc import Callable

from qgate.gates.decision import Decision
from qgate.report.document import render_json
from qgate.report.junit import render_junit
from qgate.report.markdown import render_markdown
from qgate.report.terminal import render_plain
from qgate.rollout.rollback import RollbackPlan

FORMATS: dict[str, Callable[[Decision, RollbackPlan], str]] = {
    "terminal": render_plain,
    "json": render_json,
    "markdown": render_markdown,
    "junit": render_junit,
}
