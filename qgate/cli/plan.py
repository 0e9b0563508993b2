"""`qgate plan`."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from qgate.cli.options import AllowImport, AllowOutside, CharterPath
from qgate.errors import ExitCode

if TYPE_CHECKING:
    from qgate.measure.measurement import Forecast


def command(
    charter: CharterPath,
    allow_outside: AllowOutside = False,
    allow_import: AllowImport = None,
) -> int:
    """Show what would run, and whether each gate can be decided."""
    from rich.table import Table
    from rich.text import Text

    from qgate.cli.console import console
    from qgate.measure.outlook import forecast, refusals
    from qgate.pipeline import study
    from qgate.plan.estimate import estimated_seconds
    from qgate.plan.settings import Settings

    settings = Settings(allow_outside=allow_outside, allow_imports=frozenset(allow_import or ()))
    found = study(charter, settings)
    out = console(sys.stdout)
    plan = found.plan
    out.print(
        f"{found.charter.pilot.name}: {plan.train} training rows, {plan.items} validation items"
    )
    for arm in found.charter.arms:
        out.print(f"  {arm.role} {arm.id} ({arm.kind}): {len(plan.of(arm.role))} trials")
    out.print(f"  about {math.ceil(estimated_seconds(plan))} s on one core (modelled)\n")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("gate", "chance to pass*", "rests on", "would decide"):
        table.add_column(column, overflow="fold")
    seen = forecast(found)
    for gate, outlook in seen:
        chance = "-" if outlook.chance is None else f"{outlook.chance:.0%}"
        style = "" if outlook.decidable else "bold red"
        remedy = outlook.remedy if _wants_more(outlook) else ""
        table.add_row(gate.name, chance, outlook.note, remedy, style=style)
    out.print(table)
    joint = math.prod(outlook.chance for _, outlook in seen if outlook.chance is not None)
    out.print(
        "\n* if the candidate is truly equal to the baseline; "
        f"all forecast gates together {joint:.0%}"
    )
    refused = refusals(found)
    for finding in refused:
        out.print(Text(str(finding)), soft_wrap=True)
    return ExitCode.USAGE if refused else ExitCode.PASS


def _wants_more(outlook: Forecast) -> bool:
    from qgate.measure.measurement import GOOD_CHANCE

    return not outlook.decidable or (outlook.chance is not None and outlook.chance < GOOD_CHANCE)
