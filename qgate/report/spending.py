"""What each pilot's runs spent in each month, as a table and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from rich.text import Text

from qgate.files import printable
from qgate.measure.spending import MonthOfSpending, Spending, plain
from qgate.report.columns import fitted

_TITLES = ("month", "runs", "circuits", "shots", "QPU s", "USD", "minutes")
_GAP = "  "
_SHORTEST = 20
"""Of a pilot's name beside its numbers; else it stands above them."""
_NOTE = (
    "Circuits and shots are counted as if a device had run them; QPU seconds (a quantum "
    "processor's) and USD are modelled; minutes are of wall clock. Trials from the cache cost "
    "nothing again; those of a run that was killed are counted by the next run that takes them."
)


def render_spending(
    months: Sequence[MonthOfSpending],
    width: int,
    *,
    pilot: str | None = None,
    month: str | None = None,
) -> Text:
    """Return a line for each pilot and month; what is only known of some runs is marked `>`.

    Args:
        months: What was asked for.
        width: Of the terminal, in columns.
        pilot: The one that was asked for, None for all.
        month: The one that was asked for, YYYY-MM, None for all.

    """
    width = fitted(width)
    if not months:
        whose = "" if pilot is None else f" of {printable(pilot)}"
        when = "" if month is None else f" in {month}"
        return Text(f"No run{whose} has noted what it spent{when}.\n")
    rows = [_cells(found) for found in months]
    pilots = [printable(found.pilot) for found in months]
    sizes = [max(map(len, column)) for column in zip(_TITLES, *rows, strict=True)]
    rest = sum(sizes) + len(_GAP) * len(sizes)
    longest = max(len("pilot"), *map(len, pilots))
    beside = rest + min(longest, _SHORTEST) <= width
    name = min(longest, width - rest)
    text = Text()
    before = None
    for pilot, cells in (("pilot", list(_TITLES)), *zip(pilots, rows, strict=True)):
        style = "bold" if before is None else ""
        line = _GAP.join(f"{cell:>{size}}" for cell, size in zip(cells, sizes, strict=True))
        if beside:
            short = pilot if len(pilot) <= name else f"{pilot[: name - 3]}..."
            line = f"{short:<{name}}{_GAP}{line}"
        elif before is not None and pilot != before:
            text.append(f"{pilot}\n", "bold")
        text.append(f"{line}\n", style)
        before = pilot
    notes = [_NOTE]
    if any(0 < found.unpriced < found.runs or 0 < found.untimed < found.runs for found in months):
        notes.append("> at least: of some runs of the month it is not known.")
    text.append("\n")
    for note in notes:
        text.append(textwrap.fill(note, width) + "\n", "dim")
    return text


def spending_json(months: Sequence[MonthOfSpending]) -> str:
    """Return the same as JSON text; null is not known."""
    document = {
        "version": 1,
        "months": [
            {
                "pilot": found.pilot,
                "month": found.month,
                "runs": found.runs,
                "runs_without_prices": found.unpriced,
                "runs_without_time_per_shot": found.untimed,
                **plain(found.spending),
            }
            for found in months
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _cells(found: MonthOfSpending) -> list[str]:
    spent: Spending = found.spending
    return [
        found.month,
        f"{found.runs:,}",
        f"{spent.circuits:,}",
        f"{spent.shots:,}",
        _partial(spent.qpu_seconds, ",.1f", found.untimed),
        _partial(spent.usd, ",.2f", found.unpriced),
        f"{spent.seconds / 60:,.1f}",
    ]


def _partial(value: float | None, form: str, unknown: int) -> str:
    if value is None:
        return "-"
    return f"{'> ' if unknown else ''}{value:{form}}"
