"""What several runs came to, as the text of a step summary and of a pull request's comment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qgate.codes import CODES
from qgate.report.markdown import code, safe

DECISIONS = ("skipped", "promote", "hold", "rollback", "error")
"""From the best to the worst; `error` is of a charter that could not be run."""
SUMMARY_BYTES = 1_000_000
"""Of a step summary, which GitHub drops whole beyond 1 MiB."""
COMMENT_BYTES = 60_000
"""Of a comment: with what marks it as superseded it stays within GitHub's 65,536 characters."""

_MARKS = {"skipped": "⏭️", "promote": "✅", "hold": "❔", "rollback": "❌", "error": "⚠️"}
_MARKER = re.compile(
    r"<!-- qgate:v1 set=(?P<key>[0-9a-f]{12}) decision=(?P<decision>[a-z]{4,8}) -->"
)
_SECTION = re.compile(r"(?m)^(?=#{2,3} )")


@dataclass(frozen=True)
class Gated:
    """A charter, and what its run came to."""

    charter: str
    decision: str
    """One of DECISIONS."""
    code: int
    """The exit code of `qgate run`."""
    report: Mapping[str, Any] = field(default_factory=dict)
    """The JSON report; empty where there is none."""
    markdown: str = ""
    said: str = ""
    """The last that a run which could not be carried out said."""


@dataclass(frozen=True)
class Origin:
    """Where the text comes from."""

    commit: str = ""
    run: str = ""
    """The address of the run; empty where it is not known."""
    artefact: str = ""
    """What the artefact is called that holds the reports."""


def worst(decisions: Iterable[str]) -> str:
    """Return the worst of all decisions; `skipped` of none."""
    return max(decisions, key=DECISIONS.index, default="skipped")


def is_worse(new: str, old: str) -> bool:
    """Return whether a verdict got worse. That nothing was judged is no verdict."""
    first = DECISIONS.index("promote")
    return max(DECISIONS.index(new), first) > max(DECISIONS.index(old), first)


def body(results: Sequence[Gated], origin: Origin, limit: int) -> str:
    """Return the text, at most `limit` bytes of UTF-8: what all came to, then each report.

    The worst come first. What does not fit is left out from the end, section by section, and that
    is said.
    """
    results = sorted(results, key=lambda result: -DECISIONS.index(result.decision))
    parts = [part for result in results for part in _SECTION.split(_report(result)) if part]
    return _fitted(_head(results), parts, _foot(origin), origin, limit)


def marker(key: str, decision: str) -> str:
    """Return the line by which a comment is found again, and the verdict that it tells."""
    return f"<!-- qgate:v1 set={key} decision={decision} -->"


def marked(text: str) -> tuple[str, str] | None:
    """Return the job and the decision of a comment of ours, None of any other."""
    found = _MARKER.match(text)
    if found is None or found["decision"] not in DECISIONS:
        return None
    return found["key"], found["decision"]


def superseded(text: str, newer: str) -> str:
    """Return an earlier comment's text as it stands once a newer one, at an address, tells more."""
    rest = _MARKER.sub("", text, count=1).strip()
    return (
        "<!-- qgate:v1 superseded -->\n"
        f"> **Superseded**: the verdict got worse, see [the newer comment]({newer}).\n\n"
        f"<details><summary>What it said</summary>\n\n{rest}\n\n</details>\n"
    )


_NEUTRAL = (
    (re.compile(r"&(?!(?:amp|lt|gt);)"), "&amp;"),
    (re.compile(r"<"), "&lt;"),
    (re.compile(r"\]([(\[:])"), "]\\\\\\1"),
    (re.compile(r"@"), "@\u200b"),
    (re.compile(r"(?i)(#|\bGH-)(?=\d)"), "\\1\u200b"),
    (re.compile(r"://"), ":\u200b//"),
    (re.compile(r"(?i)\b(www)(?=\.)"), "\\1\u200b"),
    (re.compile(r"(?m)^(\s*)/"), "\\1\\/"),
)
"""HTML and entities, links and their definitions, mentions, references, addresses, commands."""


def neutral(text: str) -> str:
    """Return text of an unknown author without links, images, HTML, mentions and hidden signs.

    Headings, lists and tables stay.
    """
    lines = ("".join(sign for sign in line if sign.isprintable()) for line in text.splitlines())
    text = "\n".join(lines)
    for pattern, replacement in _NEUTRAL:
        text = pattern.sub(replacement, text)
    return f"{text}\n"


def cut(text: str, limit: int) -> str:
    """Return text that is at most `limit` bytes of UTF-8, cut at the end of a line."""
    data = text.encode()
    if len(data) <= limit:
        return text
    return data[:limit].rpartition(b"\n")[0].decode(errors="ignore") + "\n"


def _head(results: Sequence[Gated]) -> str:
    decision = worst(result.decision for result in results)
    if not results:
        return f"## {_MARKS[decision]} qgate: no charter is affected\n\n"
    if len(results) == 1:
        return ""
    return "\n".join(
        [
            f"## {_MARKS[decision]} qgate: {decision.upper()}",
            "",
            "| | charter | decision | gates | evidence |",
            "|---|---|---|---|---|",
            *(_row(result) for result in results),
            "",
            "",
        ]
    )


def _row(result: Gated) -> str:
    gates = result.report.get("gates", ())
    verdicts = [gate["verdict"] for gate in gates]
    counted = ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts))
    digest = str(result.report.get("evidence", {}).get("digest", ""))[:12]
    cells = (
        _MARKS[result.decision],
        safe(result.charter),
        f"{result.decision.upper()} {code(str(result.report.get('code', '')))}".rstrip(),
        counted,
        f"`{code(digest)}`" if digest else "",
    )
    return f"| {' | '.join(cells)} |"


def _report(result: Gated) -> str:
    if result.markdown:
        return f"{result.markdown.rstrip()}\n\n"
    said = "".join(f"    {code(line)}\n" for line in result.said.splitlines())
    return (
        f"## {_MARKS['error']} ERROR: {safe(result.charter)}\n\n"
        f"It could not be run: `qgate run` exited with {result.code}, which is no verdict"
        f"{_explained(result.code)}.\n\n"
        f"{said}\n"
    )


def _explained(code: int) -> str:
    known = CODES.get(f"QG-X{code}")
    return f" (`qgate explain {known.code}`)" if known else ""


def _foot(origin: Origin) -> str:
    words = [
        *([f"Commit `{code(origin.commit[:12])}`"] if origin.commit else []),
        *([f"[this run]({origin.run})"] if origin.run else []),
    ]
    return f"---\n{', '.join(words)}\n" if words else ""


def _fitted(head: str, parts: Sequence[str], foot: str, origin: Origin, limit: int) -> str:
    where = (
        f" in the artefact `{code(origin.artefact)}`" if origin.artefact else " in the job's log"
    )
    note = "*{} sections are left out for size: all of them stand" + where + ".*\n\n"
    room = limit - len((head + foot + note.format(len(parts))).encode())
    kept: list[str] = []
    left = len(parts)
    for part in parts:
        if len(part.encode()) > room:
            kept += [] if kept else [cut(part, room)]
            break
        kept.append(part)
        left -= 1
        room -= len(part.encode())
    text = "".join((head, *kept, note.format(left) if left else "", foot))
    return cut(text, limit)
