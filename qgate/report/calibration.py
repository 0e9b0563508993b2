"""A calibration for a terminal, as a table and a small chart, and as a document."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from qgate.calibration.calibration import (
    APART,
    CONFIDENCE,
    DETECTED,
    TWICE,
    Calibration,
    Rate,
    Row,
)
from qgate.calibration.worlds import WORLDS, Kind
from qgate.charter.charter import Gate
from qgate.measure.registry import METRICS
from qgate.measure.units import bare, in_words
from qgate.report.columns import append_headline, append_hung, padded

PLAIN_WIDTH = 100
_NARROWEST, _WIDEST = 76, 120
_BAR = 50
_INDENT = "     "
_WHAT = {Kind.EQUAL: "alarm", Kind.PLANTED: "found", Kind.DRIFT: "found"}


@dataclass(frozen=True)
class Glyphs:
    """What a bar is drawn with."""

    failed: str
    inconclusive: str
    error: str
    passed: str
    left: str
    right: str
    good: str
    bad: str


BLOCKS = Glyphs("█", "▒", "!", "·", "▕", "▏", "✓", "?")
ASCII = Glyphs("#", "=", "!", ".", "|", "|", "+", "?")


def render_calibration(found: Calibration, width: int, glyphs: Glyphs) -> Text:
    """Return the report with styles: what is blind first, then table, chart and how it was done."""
    width = max(_NARROWEST, min(width, _WIDEST))
    text = Text()
    _headline(text, found, width)
    for blind in found.blind:
        text.append(f" {glyphs.bad} {blind.gate}", "bold yellow")
        text.append(f" is blind to {blind.world}\n", "bold")
        append_hung(text, _INDENT, f"{blind.reason[0].upper()}{blind.reason[1:]}.", width)
        append_hung(text, f"{_INDENT}do  ", blind.remedy, width)
    if found.blind:
        text.append("\n")
    _table(text, found, width)
    _chart(text, found, width, glyphs)
    _method(text, found, width)
    return text


def headline(found: Calibration) -> str:
    """Return the finding in one sentence."""
    tried, told = len(found.tried), len(found.told)
    if not tried:
        return "No gate could be tried at twice its tolerance."
    said = f"{told} of {tried} gates tell a regression at twice their tolerance"
    if tried == 1:
        verb = "tells" if told else "does not tell"
        said = f"The gate {verb} a regression at twice its tolerance"
    names = [blind.gate for blind in found.blind]
    if not names:
        return f"{said}."
    return f"{said}; {', '.join(names)} {'is' if len(names) == 1 else 'are'} blind."


def _headline(text: Text, found: Calibration, width: int) -> None:
    clear = not found.blind and bool(found.tried)
    said = "CALIBRATED" if clear else ("BLIND" if found.blind else "NOT TRIED")
    banner = (said, "bold white on green" if clear else "bold black on yellow")
    append_headline(text, banner, found.charter, f"{found.replicates} replicates", width)
    text.append("\n")
    append_hung(text, " ", headline(found), width)
    text.append("\n")


def _table(text: Text, found: Calibration, width: int) -> None:
    with_errors = any(row.errors for row in found.rows)
    names = ["pass", "incl", "fail"] + (["err"] if with_errors else [])
    count = max(len(str(found.replicates)), 4) + 1
    tail = "".join(f"{name:>{count}}" for name in names)
    world = min(width - 40 - len(tail), 34)
    bounds = f"{CONFIDENCE:.0%} bounds"
    text.append(f"{'value':>{world + 17}}{'rate':>12}{bounds:>11}{tail}\n", "dim")
    gates = {gate.name: gate for gate in found.charter.gates}
    for name in dict.fromkeys(row.gate for row in found.rows):
        text.append(f" {name}", "bold")
        text.append(f"  {_terms(gates[name])}\n", "dim")
        before = ""
        for row in (row for row in found.rows if row.gate == name):
            shown = row.world if row.world != before else ""
            before = row.world
            text.append(f"   {shown[:world]:<{world}}{_dose(row):>6}")
            text.append(f"{_value(row):>8} ", "dim")
            text.append(f"{_WHAT[row.kind]:<6}{_rate(row).share:>5.0%}", _style(row))
            text.append(f"{_interval(row):>11}")
            numbers = [row.passed, row.inconclusive, row.failed]
            numbers += [row.errors] if with_errors else []
            text.append("".join(f"{number:>{count}}" for number in numbers) + "\n")
            if row.note:
                append_hung(text, _INDENT, row.note, width, "dim")
    text.append("\n")


def _rate(row: Row) -> Rate:
    """Return a false-alarm rate where nothing was planted, else the detection rate."""
    return row.false_alarm if row.kind is Kind.EQUAL else row.detection


def _style(row: Row) -> str:
    if row.kind is Kind.DRIFT:
        return ""
    rate = _rate(row)
    good = rate.low <= 0.05 if row.kind is Kind.EQUAL else rate.low >= DETECTED
    return "green" if good else "yellow"


def _interval(row: Row) -> str:
    if row.exact:
        return "exact"
    rate = _rate(row)
    return f"{100 * rate.low:.0f} to {100 * rate.high:.0f}"


def _value(row: Row) -> str:
    """Return the mean of what was measured, in the unit of the gate's limit."""
    unit = METRICS[row.metric].unit
    return "" if row.seen is None or unit == "mismatches" else bare(row.seen, unit)


def _terms(gate: Gate) -> str:
    terms, bounds = METRICS[gate.metric], gate.threshold
    if terms.unit == "mismatches":
        return "none allowed"
    said = [
        f"{word} {in_words(value, terms.unit, difference=terms.in_points)}"
        for word, value in (("min", bounds.low), ("max", bounds.high))
        if value is not None
    ]
    if bounds.vs_baseline is not None:
        said.append(f"max {bounds.vs_baseline:g} x baseline")
    return ", ".join(said)


def _dose(row: Row) -> str:
    if row.kind is Kind.EQUAL:
        return ""
    if row.kind is Kind.DRIFT:
        return f"{row.dose:.2f}"
    return f"{row.dose:g} off" if METRICS[row.metric].unit == "mismatches" else f"{row.dose:g}x"


def _chart(text: Text, found: Calibration, width: int, glyphs: Glyphs) -> None:
    """Append a bar for each dose: from the left what was failed, left open, and passed."""
    rows = [row for row in found.rows if row.kind is not Kind.DRIFT]
    names = min(max((cell_len(row.gate) for row in rows), default=0), 24)
    cells = min(_BAR, width - names - 20)
    text.append(
        f" Of all replicates: {glyphs.failed} fail  {glyphs.inconclusive} inconclusive  "
        f"{glyphs.passed} pass\n",
        "dim",
    )
    for name in dict.fromkeys(row.gate for row in rows):
        mine = [row for row in rows if row.gate == name]
        equal = [row for row in mine if row.kind is Kind.EQUAL][-1:]
        shown = name
        for row in [*equal, *(row for row in mine if row.kind is Kind.PLANTED)]:
            dose = "equal" if row.kind is Kind.EQUAL else _dose(row)
            text.append(f" {padded(shown, names)} {dose:>6} {glyphs.left}")
            for mark, count, style in _segments(row, cells, glyphs):
                text.append(mark * count, style)
            text.append(f"{glyphs.right}\n")
            shown = ""
    text.append("\n")


def _segments(row: Row, cells: int, glyphs: Glyphs) -> list[tuple[str, int, str]]:
    """Return marks with their counts, which make up the cells; what occurred shows."""
    parts = (
        (glyphs.failed, row.failed, "red"),
        (glyphs.inconclusive, row.inconclusive, "yellow"),
        (glyphs.error, row.errors, "magenta"),
        (glyphs.passed, row.passed, "green"),
    )
    counts = [count and max(1, round(cells * count / row.replicates)) for _, count, _ in parts]
    counts[counts.index(max(counts))] += cells - sum(counts)
    return [(mark, count, style) for (mark, _, style), count in zip(parts, counts, strict=True)]


def _method(text: Text, found: Calibration, width: int) -> None:
    """Append what is resampled or modelled, and what was not tried."""
    append_hung(
        text, " ",
        "value: the mean of what was measured. alarm: how often a gate fails where nothing was "
        "planted. found: how often it does not pass what was planted (of a drift nothing says how "
        f"much is too much, so it makes no gate blind). A gate is blind when at {TWICE:g}x its "
        f"tolerance the interval of what it finds does not reach {DETECTED:.0%} with its "
        "lower end, or when its verdicts differ from those on an equal candidate in less than "
        f"{APART:.0%} of the cases.",
        width, "dim",
    )  # fmt: skip
    append_hung(
        text, " ",
        "Each replicate draws the items of this run with replacement, alike for both arms; the "
        "seeds where a claim is over seeds; whole sessions of requests for latency. What was "
        "trained stays as it is. Tolerances count from equality: from 0 of a gap, from 1 of a "
        "ratio, from what the candidate has in hand before a limit on its own quality.",
        width, "dim",
    )  # fmt: skip
    used = {row.world for row in found.rows}
    for world in WORLDS:
        if world.name in used:
            append_hung(text, "   ", f"{world.name}: {world.does}.", width, "dim")
    for skipped in found.skipped:
        place = ": ".join(part for part in (skipped.gate, skipped.world) if part)
        if skipped.gate:
            append_hung(text, " not tried: ", f"{place}: {skipped.reason}", width, "dim")
    others = ", ".join(skipped.world for skipped in found.skipped if not skipped.gate)
    if others:
        append_hung(text, " not applicable: ", f"{others}: no gate of this charter", width, "dim")
    append_hung(
        text, " evidence  ",
        f"{found.evidence_digest[:12]}; the same evidence gives the same figures", width, "dim",
    )  # fmt: skip


def render_calibration_json(found: Calibration) -> str:
    """Return the document of schemas/calibration.v1.json as text."""
    text = json.dumps(calibration_document(found), indent=2, ensure_ascii=False)
    return f"{text}\n"


def calibration_document(found: Calibration) -> dict[str, Any]:
    """Return a calibration as plain values."""
    charter = found.charter
    return {
        "version": 1,
        "exit_code": int(found.exit_code),
        "headline": headline(found),
        "charter": {
            "path": charter.path, "name": charter.pilot.name, "digest": charter.digest,
        },
        "evidence": found.evidence_digest,
        "replicates": found.replicates,
        "criteria": {
            "dose": TWICE, "detected": DETECTED, "apart": APART, "confidence": CONFIDENCE,
        },
        "tried": list(found.tried),
        "blind": [vars(blind) for blind in found.blind],
        "rows": [_row(row) for row in found.rows],
        "worlds": {world.name: world.does for world in WORLDS},
        "not_tried": [vars(skipped) for skipped in found.skipped],
    }  # fmt: skip


def _row(row: Row) -> dict[str, Any]:
    return {
        "gate": row.gate,
        "metric": row.metric,
        "unit": METRICS[row.metric].unit,
        "world": row.world,
        "kind": str(row.kind),
        "dose": row.dose,
        "planted": _finite(row.target),
        "measured": _finite(row.seen),
        "exact": row.exact,
        "counts": {
            "pass": row.passed,
            "fail": row.failed,
            "inconclusive": row.inconclusive,
            "error": row.errors,
        },
        "false_alarm": row.false_alarm._asdict() if row.kind is Kind.EQUAL else None,
        "detection": row.detection._asdict() if row.kind is not Kind.EQUAL else None,
        "note": row.note,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
