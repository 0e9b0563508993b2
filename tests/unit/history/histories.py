"""Bundles of a pilot's runs, day by day, and runs as history keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qgate.digest import digest
from qgate.evidence.evidence import Evidence
from qgate.history.run import Reading, Run
from tests.unit.evidence.bundles import charter_document, observations, record, write

ITEMS = 200
GAP = "val_accuracy_gap_vs_classical"


def stated(name: str = "parity", **change: Any) -> dict[str, Any]:
    """Return a gate as a charter states it."""
    return {
        "name": name,
        "metric": GAP,
        "max": 0.2,
        "owner": "a@example.com",
        "remediation": [{"rerun": name}],
        **change,
    }


def write_run(
    store: Path,
    day: int,
    wrong: Iterable[int] = (),
    *,
    gates: Sequence[dict[str, Any]] = (),
    baseline: Iterable[int] = (),
    attempt: int = 1,
    pilot: str = "small",
    created: str | None = "",
) -> Evidence:
    """Write the bundle of a run in January whose candidate is wrong on some of 200 items."""
    document = charter_document()
    document["gates"] = list(gates or [stated()])
    document["pilot"]["name"] = pilot
    truth = [i % 2 for i in range(ITEMS)]
    found = record()
    split = {"digest": "3" * 64, "train": 5, "validation": ITEMS}
    inputs = {**found["inputs"], "charter": digest(document), "split": split}
    missed = {"baseline": set(baseline), "candidate": set(wrong)}
    trials = [
        {
            **trial,
            "predictions": [
                1 - label if i in missed[trial["arm"]] else label for i, label in enumerate(truth)
            ],
            "scores": None,
        }
        for trial in found["trials"]
    ]
    lock = {**found["lock"], "inputs": inputs}
    whole = {
        **found, "charter": document, "inputs": inputs, "lock": lock, "truth": truth,
        "trials": trials,
    }  # fmt: skip
    made = f"2026-01-{day:02d}T08:00:00+00:00" if created == "" else created
    observed = observations() | {"created": made, "attempt": attempt}
    return write(whole, observed, store)


def wrong_on(count: int, day: int) -> list[int]:
    """Return so many items, other ones on each day."""
    return [(day * 7 + 13 * i) % ITEMS for i in range(count)]


def run(
    number: int,
    value: float | None,
    error: float | None = 1.0,
    *,
    metric: str = GAP,
    **change: Any,
) -> Run:
    """Return a run of one gate on a minute of 2026; a change is of the run or of its reading."""
    reading = Reading(
        name="parity", metric=metric, unit="proportion", mode="enforce", verdict="pass",
        value=value, low=None, high=None, standard_error=error, exact=int(error is None),
        threshold_min=None, threshold_max=None, threshold_vs_baseline=None, baseline_value=None,
        terms="t",
    )  # fmt: skip
    of_run = {key: change.pop(key) for key in list(change) if key in Run.__dataclass_fields__}
    bundle = digest(["bundle", number])
    return Run(
        **{
            "bundle": bundle, "evidence": digest(["evidence", number]),
            "observations": digest(["observations", number]), "pilot": "small",
            "time": f"2026-01-01T{number // 60:02d}:{number % 60:02d}:00.000000+00:00",
            "decision": "promote", "attempt": 1, "charter": "c" * 64, "contract": "d" * 64,
            "process": "e" * 64, "charter_path": "small.yaml", "place": "somewhere",
            **of_run,
        },
        readings=(replace(reading, **change),),
    )  # fmt: skip
