"""The decision as GitHub's workflow commands, which annotate the charter's lines."""

from __future__ import annotations

from qgate.files import printable
from qgate.report.account import Account
from qgate.report.notice import Notice, Weight, notices, remarks
from qgate.report.wording import judge_command

_COMMANDS = {Weight.BLOCKS: "error", Weight.WARNS: "warning", Weight.NOTES: "notice"}
_MOST = 10
"""GitHub shows so many of each type of a step; it drops the others without a word."""
_LONGEST = 4000
"""Characters: the runner cuts a message at 4,096, what to do about it first."""
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def render_annotations(account: Account) -> str:
    """Return a command a line, at most 10 of each type; empty where there is nothing to tell."""
    told = [*notices(account), *remarks(account)]
    lines = [
        line
        for weight in Weight
        for line in _limited(account, [notice for notice in told if notice.weight is weight])
    ]
    return "".join(f"{line}\n" for line in lines)


def _limited(account: Account, found: list[Notice]) -> list[str]:
    if len(found) <= _MOST:
        return [_command(notice) for notice in found]
    shown, rest = found[: _MOST - 1], found[_MOST - 1 :]
    first = rest[0]
    words = (
        f"{len(rest)} more are not shown here, from {first.title} on. All of them are in the "
        f"step's summary and in the evidence: {judge_command(account.decision)}"
    )
    title = f"qgate: {len(rest)} more"
    return [*(_command(notice) for notice in shown), _line(first, title, words)]


def _command(notice: Notice) -> str:
    facts = "\n".join(printable(fact) for fact in notice.facts)
    room = max(_LONGEST - len(facts), _LONGEST // 4)
    reason = printable(notice.reason)
    reason = reason if len(reason) <= room else f"{reason[: room - 3]}..."
    return _line(notice, f"qgate: {notice.title}", "\n".join(filter(None, (reason, facts))))


def _line(notice: Notice, title: str, message: str) -> str:
    """Return one command, in which no text of a charter ends a property or begins a line."""
    properties = {
        "file": notice.path,
        "line": str(notice.line),
        "col": str(notice.column),
        "title": title,
    }
    said = ",".join(
        f"{name}={printable(value).translate(_PROPERTY)}" for name, value in properties.items()
    )
    return f"::{_COMMANDS[notice.weight]} {said}::{message.translate(_DATA)}"
