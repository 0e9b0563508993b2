"""A history for a terminal or a log file: runs a line each, each gate's values as a sparkline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.text import Text

from qgate.files import printable
from qgate.history.collect import LeftOut
from qgate.history.drift import Point, Series
from qgate.history.run import Reading, Run
from qgate.history.view import PilotHistory
from qgate.report.columns import cut, fitted, hung
from qgate.report.history_wording import (
    BASIS,
    drift_sentences,
    drift_words,
    gate_words,
    limits_words,
    minute_words,
    name_words,
    not_passed_words,
    value_words,
)
from qgate.report.wording import HEADLINES

_HEADS = {str(action): word for action, word in HEADLINES.items()}
_STYLES = {"rollback": "bold red", "hold": "bold yellow", "promote": "green"}
_STATES = {"decay": "bold red", "improvement": "green"}
_MOST_LEFT_OUT = 5
_MINUTE = len("2026-01-01 00:00")
_COLUMNS = (
    f"   {'time (UTC)':<{_MINUTE}}  {'decision':<9}  {'try':>3}  {'evidence':<12}  not passed"
)
_BREAK = "another contract, charter or baseline: another process"


class Glyphs(NamedTuple):
    """Characters of sparklines: levels, a break, no value, and of the row beneath."""

    levels: str
    gap: str
    nothing: str
    beyond: str
    within: str


BLOCKS = Glyphs("▁▂▃▄▅▆▇█", "│", "·", "^", "·")
ASCII = Glyphs("_.-=+*%#", "|", " ", "^", ".")


def render_history(
    found: Sequence[PilotHistory], left_out: Sequence[LeftOut], width: int, glyphs: Glyphs
) -> Text:
    """Return the history with styles, for so many columns; drift stands first.

    Args:
        found: By pilot.
        left_out: Bundles that could not be read.
        width: Of the terminal or the file, in columns.
        glyphs: `BLOCKS`, or `ASCII` where those cannot be written.

    """
    width, text = fitted(width), Text()
    if not found:
        _lines(text, " ", "No run yet. qgate run CHARTER keeps its evidence here; others' come in "
               "by qgate history --import FOLDER.", width)  # fmt: skip
    for sentence in drift_sentences(found):
        _lines(text, " DRIFT  ", sentence, width, "bold red")
    for i, pilot in enumerate(found):
        if i or text:
            text.append("\n")
        _pilot(text, pilot, width, glyphs)
    _left_out(text, left_out, width)
    if any(not one.drift.exact and not one.drift.lacking for p in found for one in p.series):
        text.append("\n")
        for i, sentence in enumerate(BASIS):
            _lines(text, " basis  " if i == 0 else " " * 8, sentence, width, "dim")
    return text


def _left_out(text: Text, left_out: Sequence[LeftOut], width: int) -> None:
    if left_out:
        text.append("\n Left out\n", "bold yellow")
    for one in left_out[:_MOST_LEFT_OUT]:
        _lines(text, "   ", f"{one.place}: {one.why}", width)
    if len(left_out) > _MOST_LEFT_OUT:
        text.append(f"   {len(left_out) - _MOST_LEFT_OUT} more: --format json\n")


def _pilot(text: Text, pilot: PilotHistory, width: int, glyphs: Glyphs) -> None:
    count = f"{len(pilot.runs)} run{'' if len(pilot.runs) == 1 else 's'}"
    if pilot.repeated:
        count += f", {pilot.repeated} with the evidence of another"
    name = cut(printable(pilot.pilot), width - len(count) - 4)
    text.append(f" {name}", "bold")
    text.append(f"  {count}\n")
    hidden = len(pilot.runs) - len(pilot.shown)
    text.append(f"{_COLUMNS[:width]}\n", "dim")
    if hidden:
        text.append(f"   ({hidden} of them not shown)\n", "dim")
    before: Run | None = None
    for run in pilot.shown:
        if before is not None and before.process != run.process:
            _lines(text, "   -- ", _BREAK, width, "dim")
        _run(text, run, width)
        before = run
    bundles = {run.bundle for run in pilot.shown}
    quiet = [one for one in pilot.series if _is_quiet(one)]
    for one in pilot.series:
        points = [point for point in one.points if point.run.bundle in bundles]
        if one not in quiet and points:
            _series(text, one, points, width, glyphs)
    if quiet:
        names = ", ".join(name_words(one.name) for one in quiet)
        text.append("\n")
        _lines(text, "   never differed  ", names, width, "dim")


def _is_quiet(series: Series) -> bool:
    """Return whether a gate counts mismatches, and there was none in any run."""
    readings = [point.reading for point in series.points]
    return all(r.unit == "mismatches" and r.value == 0 for r in readings)


def _run(text: Text, run: Run, width: int) -> None:
    failed = not_passed_words(run)
    word = _HEADS.get(run.decision, "")
    text.append(f"   {minute_words(run)}  ")
    text.append(f"{word:<9}", _STYLES.get(run.decision, ""))
    head = f"  {run.attempt:>3}  {run.evidence[:12]}  "
    room = width - (3 + _MINUTE + 2 + 9) - len(head)
    text.append(f"{head}{cut(printable(failed), room)}".rstrip() + "\n")


def _series(
    text: Text, series: Series, points: Sequence[Point], width: int, glyphs: Glyphs
) -> None:
    text.append("\n")
    rest = f"  {gate_words(series)}"
    room = width - 3 - len(rest)
    name = cut(printable(series.name), room) if room > 7 else ""
    text.append(f"   {name}", "bold")
    text.append(f"{rest}\n")
    known = [p.reading.value for p in points if p.reading.value is not None]
    room = width - 5
    cells = list(_cells(points, glyphs))[-room:]
    text.append(f"     {''.join(cell for cell, _ in cells)}\n", "cyan")
    limit = limits_words(points)
    if any(mark == glyphs.beyond for _, mark in cells):
        text.append(f"     {''.join(mark for _, mark in cells).rstrip()}\n", "bold red")
        its = "its run's" if ", then " in limit else "it"
        limit += f", {glyphs.beyond} beyond {its}"
    ends = "no value"
    if known:
        ends = f"{value_words(known[0], series.metric)} -> {value_words(known[-1], series.metric)}"
    cropped = "" if len(cells) == sum(1 for _ in _cells(points, glyphs)) else "; the last of them"
    _lines(text, "     ", f"{ends}; {limit}{cropped}", width)
    style = _STATES.get(series.drift.state, "dim")
    _lines(text, "     ", drift_words(series), width, style)


def _cells(points: Sequence[Point], glyphs: Glyphs) -> Iterator[tuple[str, str]]:
    """Yield each point's character, with the one that tells its side of the threshold."""
    known = [p.reading.value for p in points if p.reading.value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    top = len(glyphs.levels) - 1
    process = points[0].process
    for point in points:
        if point.process != process:
            yield glyphs.gap, glyphs.gap
        process, value = point.process, point.reading.value
        if value is None:
            yield glyphs.nothing, " "
            continue
        # Halved, so that the span of huge numbers stays finite.
        share = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5
        mark = glyphs.beyond if is_beyond(point.reading) else glyphs.within
        yield glyphs.levels[round(share * top)], mark


def is_beyond(reading: Reading) -> bool:
    """Return whether the value itself, not its interval, lies beyond the run's own threshold."""
    value, multiple = reading.value, reading.threshold_vs_baseline
    if value is None:
        return False
    low, high = reading.threshold_min, reading.threshold_max
    beyond = (low is not None and value < low) or (high is not None and value > high)
    if multiple is None or reading.baseline_value is None:
        return beyond
    return beyond or value > multiple * reading.baseline_value


def _lines(text: Text, first: str, content: str, width: int, style: str = "") -> None:
    """Append wrapped lines that hang under the first one's content; long names are broken."""
    for line in hung(first, content, width):
        text.append(f"{line}\n", style)
