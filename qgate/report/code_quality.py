"""The decision as GitLab's code quality report: one finding for each gate that was not passed."""

from __future__ import annotations

import json
from typing import Any

from qgate.files import printable
from qgate.report.account import Account
from qgate.report.notice import Notice, Weight, notices, remarks

_SEVERITIES = {Weight.BLOCKS: "critical", Weight.WARNS: "minor", Weight.NOTES: "info"}
_FAILED = "blocker"


def render_code_quality(account: Account) -> str:
    """Return the list as JSON; an empty one where every gate passed and nothing is remarked."""
    found = [_finding(notice) for notice in (*notices(account), *remarks(account))]
    return f"{json.dumps(found, indent=2, ensure_ascii=False)}\n"


def _finding(notice: Notice) -> dict[str, Any]:
    failed = notice.weight is Weight.BLOCKS and "/" not in notice.check
    told = " | ".join((f"{notice.title}. {notice.reason}", *notice.facts))
    return {
        "description": printable(" ".join(told.split())),
        "check_name": f"qgate/{notice.check}",
        "fingerprint": notice.fingerprint,
        "severity": _FAILED if failed else _SEVERITIES[notice.weight],
        "location": {"path": notice.path, "lines": {"begin": notice.line}},
    }
