"""A charter together with what it stands on: its data, its lock, its plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgate.charter.charter import Charter
from qgate.charter.meaning import DEFAULT_IMPORTS
from qgate.charter.vocabulary import Vocabulary
from qgate.charter.yaml_reader import Source
from qgate.data.columns import header_of
from qgate.data.split import SplitData, load_split
from qgate.digest import sha256_file
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
    split = load_split(charter.data, folder)
    inputs = observe(charter, split, folder)
    plan = make_plan(
        charter,
        inputs,
        train=len(split.train),
        items=len(split.validation),
        recorded=_recorded(charter, folder),
    )
    return Study(charter, source, folder, split, inputs, lock, plan, settings)


def _recorded(charter: Charter, folder: Path) -> dict[str, dict[str, Any]]:
    return {
        arm.role: {
            "sha256": sha256_file(folder / arm.recorded.path),
            "replicates": "replicate" in header_of(folder / arm.recorded.path),
        }
        for arm in charter.arms
        if arm.recorded
    }
