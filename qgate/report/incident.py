"""Incidents for a terminal and as documents."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.cells import cell_len

from qgate.files import printable
from qgate.measure.registry import METRICS
from qgate.measure.units import bare, in_words
from qgate.report.columns import fitted, hung, padded
from qgate.rollout.incident import Clause, Event, Incident, document

_HEADS = ("age", "incident", "pilot", "failed gate", "owner")
_AGES = ((86_400, "d"), (3_600, "h"), (60, "min"))


def render_list(incidents: Sequence[Incident], now: datetime.datetime, width: int) -> str:
    """Return a line for each incident: age, id, gates and owners; cut to the width."""
    width = fitted(width)
    if not incidents:
        return "no open incident: qgate incident list --all shows the closed ones\n"
    rows = [
        (
            _age(incident, now),
            incident.id + ("" if incident.is_open else " (closed)"),
            printable(incident.pilot),
            printable(", ".join(incident.gates)) or f"({incident.cause})",
            printable(", ".join(incident.owners)) or "-",
        )
        for incident in incidents
    ]
    table = [_HEADS, *rows]
    age, name, *wanted = (max(cell_len(row[i]) for row in table) for i in range(len(_HEADS)))
    shares = _shares(wanted, width - age - name - 2 * (len(_HEADS) - 1))
    lines = []
    for first, second, *rest in table:
        cells = [padded(text, share) for text, share in zip(rest, shares, strict=True)]
        lines.append("  ".join([f"{first:>{age}}", f"{second:<{name}}", *cells]).rstrip())
    return "".join(f"{line}\n" for line in lines)


def render_incident(incident: Incident, now: datetime.datetime, width: int) -> str:
    """Return an incident: what failed and what to do, what was done, and the timeline."""
    width = fitted(width)
    state = f"open since {minute(incident.opened)}" if incident.is_open else "closed"
    state += f" ({_age(incident, now)})" if incident.is_open else ""
    lines = [f"{incident.id}: {state}", *hung(" ", incident.why, width), ""]
    for clause in incident.clauses:
        lines += hung(" gate ", f"{clause.gate} ({clause.metric})", width)
        for name, words in clause_words(clause):
            lines += hung(f"   {name:<10}", words, width)
        lines.append("")
    for done in incident.remediation:
        lines += hung(" done          ", done, width)
    if incident.remediation:
        lines.append("")
    lines += [" timeline"]
    for event in incident.history:
        lines += hung(f"   {minute(event)}  ", f"{event.who}: {event.what}", width)
    lines.append("")
    lines += hung(" pilot         ", incident.pilot, width)
    if incident.owner:
        lines += hung(" owner         ", incident.owner, width)
    lines += hung(" charter       ", f"{incident.charter} {incident.charter_digest[:12]}", width)
    lines += [f" {name:<14}{digest[:12]}" for name, digest in incident.digests.items()]
    if incident.is_open:
        lines += ["", f'To close it: qgate incident close {incident.id} --reason "why"']
    return "".join(f"{line}\n" for line in lines)


def render_json(found: Incident | Sequence[Incident]) -> str:
    """Return an incident's document, or those of several under `incidents`."""
    plain: Any = document(found) if isinstance(found, Incident) else {
        "incidents": [document(incident) for incident in found]
    }  # fmt: skip
    return f"{json.dumps(plain, indent=2, ensure_ascii=False)}\n"


def clause_words(clause: Clause) -> Iterator[tuple[str, str]]:
    """Yield what is known of a failed gate, each with its name."""
    terms = METRICS.get(clause.metric)
    points = terms is not None and terms.in_points
    value = in_words(clause.value, clause.unit, difference=points)
    if clause.relative is not None:
        value += f", {clause.relative:.3g} times the baseline's"
    if clause.low is not None or clause.high is not None:
        ends = (bare(clause.low, clause.unit), bare(clause.high, clause.unit))
        value += f" (bounds {ends[0]} to {ends[1]})"
    yield "value", value
    yield "threshold", _threshold(clause, points=points)
    yield "reason", clause.reason
    yield "owner", clause.owner
    yield "do", clause.remediation


def minute(event: Event) -> str:
    """Return an event's time to the minute, UTC."""
    return f"{event.time[:10]} {event.time[11:16]}"


def _threshold(clause: Clause, *, points: bool) -> str:
    limits = clause.threshold
    words = [
        f"{name} {in_words(limit, clause.unit, difference=points)}"
        for name, limit in (("at most", limits.high), ("at least", limits.low))
        if limit is not None
    ]
    if limits.vs_baseline is not None:
        words.append(f"at most {limits.vs_baseline:g} times the baseline's")
    return ", ".join(words)


def _age(incident: Incident, now: datetime.datetime) -> str:
    seconds = (now - datetime.datetime.fromisoformat(incident.opened.time)).total_seconds()
    for size, unit in _AGES:
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return "now"


def _shares(wanted: Sequence[int], room: int) -> list[int]:
    """Return widths that fit a room: the widest gives way first, none below 6."""
    found = list(wanted)
    while sum(found) > room and max(found) > 6:
        found[found.index(max(found))] -= 1
    return found
