"""The audit log for a terminal and as a document: who, what, when, why, on which digests."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from qgate.evidence.audit_log import Entry, Head
from qgate.files import printable
from qgate.report.columns import fitted, hung, padded
from qgate.review.log_head import SignedHead

_DIGITS = 12
_DIGEST = re.compile("[0-9a-f]{64}")
_NO_END = "no: killed, interrupted or still going on"


def render_log(
    shown: Sequence[Entry],
    head: Head,
    signed: SignedHead | None,
    width: int,
    open_starts: Collection[int] = (),
) -> str:
    """Return each entry with what it rests on, the newest last, and how far the log is whole.

    Args:
        shown: The entries to show, a part of the log or all of it.
        head: Of the whole log, whose chain was checked.
        signed: How far the log is signed, and by whom; None where nobody has signed it.
        width: Columns to write for.
        open_starts: Numbers of the starts that no run ended.

    """
    width = fitted(width)
    number = max(len(str(entry.number)) for entry in shown) if shown else 1
    action = max((len(printable(entry.action)) for entry in shown), default=0)
    pilot = min(max((cell_len(printable(entry.pilot)) for entry in shown), default=0), width // 3)
    lines = []
    for entry in shown:
        first = (
            f"{entry.number:>{number}}  {_minute(entry)}  {printable(entry.action):<{action}}  "
            f"{padded(printable(entry.pilot), pilot)}  "
        )
        lines += hung(first, entry.actor, width)
        end = [("ended", _NO_END)] if entry.number in open_starts else []
        for name, words in [*_told(entry), *end]:
            lines += hung(f"{'':{number}}  {name:<8}", words, width)
    count = f"{len(shown)} of {head.entries}" if len(shown) < head.entries else str(head.entries)
    noun = "entry" if count == "1" else "entries"
    chain = f", chain whole, head {head.digest[:_DIGITS]}" if head.entries else ""
    sign = f", {signed or 'not signed'}" if head.entries else ""
    lines += hung("", f"{count} {noun}{chain}{sign}", width)
    return "".join(f"{line}\n" for line in lines)


def render_json(
    shown: Sequence[Entry],
    head: Head,
    signed: SignedHead | None,
    open_starts: Collection[int] = (),
) -> str:
    """Return the entries with their digests, the head of the whole log, and who signed it.

    The arguments are those of `render_log`.
    """
    document = {
        "version": 1,
        "entries": [dataclasses.asdict(entry) for entry in shown],
        "head": dataclasses.asdict(head),
        "signed": str(signed or ""),
        "signed_by": list(signed.by) if signed else [],
        "open_starts": sorted(open_starts),
    }
    return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n"


def _told(entry: Entry) -> list[tuple[str, str]]:
    facts = dict(entry.facts)
    result = [str(facts.pop("decision"))] if "decision" in facts else []
    if result and "attempt" in facts:
        result.append(f"attempt {_plain(facts.pop('attempt'))}")
    spent = facts.pop("spending", {})
    rows = (
        ("why", entry.reason),
        ("result", ", ".join(result)),
        ("spent", _pairs(_some(spent)) if isinstance(spent, dict) else _plain(spent)),
        ("on", _pairs(entry.digests)),
        ("facts", _pairs(facts)),
    )
    return [(name, words) for name, words in rows if words]


def _some(amounts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the amounts of which there is any."""
    return {name.replace("_", " "): amount for name, amount in amounts.items() if amount}


def _pairs(found: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in found.items())


def _plain(value: Any) -> str:
    """Return a value as people read it: a digest by its first digits, amounts rounded."""
    if isinstance(value, str):
        return value[:_DIGITS] if _DIGEST.fullmatch(value) else value
    if isinstance(value, list):
        return " ".join(_plain(item) for item in value)
    if isinstance(value, dict):
        return f"({_pairs(value)})"
    if isinstance(value, float):
        return f"{value:,.4g}"
    return json.dumps(value, ensure_ascii=False)


def _minute(entry: Entry) -> str:
    return printable(f"{entry.time[:10]} {entry.time[11:16]}")
