"""A charter together with what it stands on: its data, its lock, its plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qgate.charter.charter import Charter
from qgate.charter.meaning import DEFAULT_IMPORTS
from qgate.charter.vocabulary import Vocabulary
from qgate.charter.yaml_reader import Source
from qgate.data.columns import header_of
from qgate.data.split import SplitData, load_split
from qgate.digest import sha256_file
from qgate.errors import InvalidFileError
from qgate.lock.inputs import observe
from qgate.lock.lock import Lock, read_lock
from qgate.plan.admit import valid
from qgate.plan.plan import Plan, make_plan
from qgate.plan.settings import Settings


@dataclass(frozen=True)
class Study:
    """A valid charter with its source, its data as they are now, its lock and its plan."""

    charter: Charter
    source: Source
    folder: Path
    split: SplitData
    inputs: Mapping[str, Any]
    lock: Lock | None
    plan: Plan
    settings: Settings

    @property
    def contract(self) -> str:
        """Return the digest that attempts are counted on: of the lock, else of the charter."""
        return self.lock.digest if self.lock else self.charter.digest

    @property
    def slices(self) -> dict[str, Any] | None:
        """Return the slice of each validation item, and all that the data know; None if unasked."""
        column = self.charter.data.slice
        if column is None or all(gate.slices is None for gate in self.charter.gates):
            return None
        values = [str(value) for value in self.split.dataset.columns[column]]
        return {
            "column": column,
            "values": [values[row] for row in self.split.validation],
            "known": sorted(set(values)),
        }

    @property
    def allowed_imports(self) -> frozenset[str]:
        """Return the packages whose classes the arms may name."""
        plugins = frozenset(self.charter.document.get("plugins", ()))
        return DEFAULT_IMPORTS | self.settings.allow_imports | plugins


def open_study(path: Path, settings: Settings, vocabulary: Vocabulary) -> Study:
    """Return a charter with its data, its lock and its plan.

    Raises:
        UsageError: When any of them cannot be used.

    """
    charter, source = valid(path, settings, vocabulary)
    folder = path.resolve().parent
    lock = read_lock(path)
    looks = charter.schedule.looks
    by_items = looks is not None and looks.by == "items"
    split = load_split(charter.data, folder, charter.schedule.seeds, shuffled=by_items)
    if looks is not None and by_items and looks.after[-1] >= len(split.validation):
        message = f"the last look is at the end, after all {len(split.validation)} items"
        place = ("schedule", "looks", "after_items")
        raise InvalidFileError([source.finding(place, f"{message}: name fewer")])
    inputs = observe(charter, split, folder)
    plan = make_plan(
        charter,
        inputs,
        train=len(split.train),
        items=len(split.validation),
        recorded=_recorded(charter, folder),
    )
    study = Study(charter, source, folder, split, inputs, lock, plan, settings)
    sizes = Counter(study.slices["values"]) if study.slices else {}
    return replace(study, plan=replace(plan, slices=sizes))


def _recorded(charter: Charter, folder: Path) -> dict[str, dict[str, Any]]:
    return {
        arm.role: {
            "sha256": sha256_file(folder / arm.recorded.path),
            "replicates": "replicate" in header_of(folder / arm.recorded.path),
        }
        for arm in charter.arms
        if arm.recorded
    }
