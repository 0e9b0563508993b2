"""What is taken for the variance of a gate's cells before a run: past evidence, else defaults."""

from __future__ import annotations

from dataclasses import replace

from qgate.charter.charter import Gate, Shots
from qgate.evidence.evidence import Evidence, MissingTrialError
from qgate.measure.cells import cells_of, metric_name
from qgate.measure.registry import METRICS
from qgate.plan.plan import Plan
from qgate.stats.power import Spread
from qgate.stats.two_way import Components

# Taken for granted before any evidence: on 8% of the items the arms disagree, three fifths of
# that the same with every seed; the mean gap wanders by half a point from seed to seed; with a
# finite number of shots, half of what is neither item nor seed is shot noise.
_DISCORDANCE = 0.08
_ITEM_SHARE = 0.6
_SEED_SD = 0.005
_SHOT_SHARE = 0.5


def default_spread(gate: Gate, shots: Shots) -> Spread | None:
    """Return the documented defaults of a gap in accuracy; None for other metrics.

    An error's unit is not known, and the spread of F1, balanced accuracy or AUC hangs on how rare
    the classes are: only evidence tells.
    """
    if metric_name(gate) != "accuracy":
        return None
    wide = gate.discordance or _DISCORDANCE
    residual = (1 - _ITEM_SHARE) * wide
    noise = residual * _SHOT_SHARE if shots is not None else 0.0
    parts = Components(_ITEM_SHARE * wide, _SEED_SD**2, residual, noise)
    return Spread(parts, wide)


def past_spread(past: Evidence, gate: Gate, plan: Plan) -> Spread:
    """Return the spread that a gate's cells had in past evidence, at the plan's replicates.

    Where it was not run at the gate's shots, what is known of its largest shot count is scaled.

    Raises:
        MissingTrialError, ValueError: When past evidence has no such cells.

    """
    wanted, scheduled = plan.charter.shots_of(gate), past.charter.schedule.shots
    level = wanted if wanted in scheduled else past.charter.serving_shots
    cells = cells_of(past, replace(gate, shots=level))
    parts = cells.analysis("new_items_and_seeds").components
    if parts.shots and level is not None:
        replicates = plan.charter.schedule.replicates
        noise = parts.shots * cells.counts.replicates / replicates
        noise *= 0.0 if wanted is None else (level / wanted) ** cells.spread(parts).shot_power
        parts = replace(parts, residual=parts.residual - parts.shots + noise, shots=noise)
    return cells.spread(parts)


def spread_of(
    plan: Plan, gate: Gate, past: Evidence | None, default: Spread | None
) -> tuple[Spread | None, str]:
    """Return the spread, by default this one, and where it comes from, in words."""
    if past is not None:
        try:
            return past_spread(past, gate, plan), f"variance as in {past.digest[:12]}"
        except (MissingTrialError, ValueError) as error:
            why = f"past evidence says nothing ({error}); "
    else:
        why = ""
    if default is None:
        return None, f"{why}no variance is known: pass --from EVIDENCE"
    wide = default.components.item + default.components.residual
    what = "discordance" if METRICS[gate.metric].gap else "variance of an item"
    return default, f"{why}assuming {100 * wide:.3g}% {what}"
