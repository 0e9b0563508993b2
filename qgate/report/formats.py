"""The table of report formats."""

from __future__ import annotations

from collections.abc import Callable

from qgate.report.account import Account
from qgate.report.annotations import render_annotations
from qgate.report.code_quality import render_code_quality
from qgate.report.document import render_json
from qgate.report.junit import render_junit
from qgate.report.markdown import render_markdown
from qgate.report.sarif import render_sarif
from qgate.report.terminal import render_plain


def _html(account: Account) -> str:
    from qgate.report.html.page import render_html  # jinja2 takes longer than all of the others

    return render_html(account)


FORMATS: dict[str, Callable[[Account], str]] = {
    "terminal": lambda account: render_plain(account.decision, account.rollback),
    "json": lambda account: render_json(account.decision, account.rollback),
    "markdown": lambda account: render_markdown(account.decision, account.rollback),
    "junit": lambda account: render_junit(account.decision, account.rollback),
    "sarif": render_sarif,
    "code-quality": render_code_quality,
    "annotations": render_annotations,
    "html": _html,
}
