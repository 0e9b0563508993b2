"""The table of report formats."""

from __future__ import annotations

from collections.abc import Callable

from qgate.report.account import Account
from qgate.report.document import render_json
from qgate.report.junit import render_junit
from qgate.report.markdown import render_markdown
from qgate.report.terminal import render_plain

FORMATS: dict[str, Callable[[Account], str]] = {
    "terminal": lambda account: render_plain(account.decision, account.rollback),
    "json": lambda account: render_json(account.decision, account.rollback),
    "markdown": lambda account: render_markdown(account.decision, account.rollback),
    "junit": lambda account: render_junit(account.decision, account.rollback),
}
