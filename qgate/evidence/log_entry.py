"""Entries and heads of the audit log, as their bytes state them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qgate.digest import sha256
from qgate.evidence.canonical_json import parse_canonical

FIRST = "0" * 64
"""What the first entry has in place of the digest of the one before."""


@dataclass(frozen=True)
class Entry:
    """One line: `previous` is the SHA-256 of the line before, `digest` that of this one."""

    number: int
    time: str
    """UTC, ISO 8601, to the second."""
    actor: str
    """Who, as far as the machine knows; only a signature proves it."""
    action: str
    pilot: str
    reason: str
    digests: Mapping[str, str]
    facts: Mapping[str, Any]
    previous: str
    digest: str = field(compare=False, default="")


@dataclass(frozen=True)
class Head:
    """How many entries a log has, and the digest of the last one."""

    entries: int = 0
    digest: str = FIRST


_KINDS = {
    "number": int, "time": str, "actor": str, "action": str, "pilot": str, "reason": str,
    "digests": dict, "facts": dict, "previous": str,
}  # fmt: skip
_FACTS: Mapping[str, Mapping[str, type]] = {
    "start": {"path": str, "basis": str},
    "run": {
        "attempt": int, "decision": str, "path": str, "basis": str, "spending": dict,
        "start": int, "stopped": str,
    },
    "judge": {"start": int, "decision": str},
    "calibrate": {"path": str, "spending": dict},
    "override": {"statement": str, "by": str, "until": str, "key": str},
    "refuse": {"what": str, "why": str},
    "rollback": {"to": str, "strategy": str},
    "incident": {"incident": str, "what": str},
    "prune": {"files": int, "bytes": int},
    "repair": {"bytes": int},
}  # fmt: skip
"""Of each action the facts that are counted, compared or shown, where an entry states them."""
_MOST_BYTES = 1_000_000
"""Of an entry, whose reason is a sentence: each is wrapped to the terminal's width."""
_LARGEST_AMOUNT = 1e100
"""Of what a run spent: sums of such are numbers still."""


def unended(entries: Iterable[Entry]) -> frozenset[int]:
    """Return the numbers of starts that no run ended: it was killed or interrupted, or goes on."""
    begun: set[int] = set()
    for entry in entries:
        if entry.action == "start":
            begun.add(entry.number)
        elif entry.action == "run":
            begun.discard(entry.facts.get("start", 0))
    return frozenset(begun)


def head_at(last: Entry | None) -> Head:
    """Return the head of a log that ends so."""
    return Head() if last is None else Head(last.number, last.digest)


def head_in(data: bytes) -> Head | None:
    """Return the head that a file holds, None where it is not as qgate writes one."""
    try:
        head = Head(**parse_canonical(data))
    except (ValueError, TypeError):
        return None
    whole = type(head.entries) is int and (head.entries > 0 or head == Head())
    return head if whole else None


def entry_of(line: bytes) -> Entry | None:
    """Return the entry that a line holds, None where it is not as qgate writes one."""
    if len(line) > _MOST_BYTES:
        return None
    try:
        entry = Entry(**parse_canonical(line), digest=sha256(line))
    except (ValueError, TypeError):
        return None
    whole = all(type(getattr(entry, name)) is kind for name, kind in _KINDS.items())
    return entry if whole and _is_readable(entry) else None


def _is_readable(entry: Entry) -> bool:
    """Return whether digests and facts are of the types that their readers count on."""
    known = _FACTS.get(entry.action, {})
    amounts = entry.facts.get("spending", {}) if "spending" in known else {}
    return (
        all(type(found) is str for found in entry.digests.values())
        and all(type(entry.facts[name]) is known[name] for name in known.keys() & entry.facts)
        and all(_is_amount(amount) for amount in amounts.values())
    )


def _is_amount(found: Any) -> bool:
    """Return whether a run may have spent so much, None being not known."""
    return found is None or (type(found) in (int, float) and 0 <= found <= _LARGEST_AMOUNT)
