"""A charter together with what it stands on: its data, its lock, its plan."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from qgate.charter.charter import Charter
from qgate.charter.meaning import DEFAULT_IMPORTS
from qgate.charter.paths import named_paths
from qgate.charter.vocabulary import Vocabulary
from qgate.charter.yaml_reader import Source
from qgate.data.columns import header_of
from qgate.data.problem_set import RATIO_METRICS, unrated
from qgate.data.split import SplitData, load_split
from qgate.digest import digest, sha256_file
from qgate.display import Displayed
from qgate.errors import InvalidFileError, TermError, coded
from qgate.files import printable
from qgate.lock.inputs import foreign_packages, installed, observe
from qgate.lock.lock import Lock, read_lock
from qgate.plan.admit import valid
from qgate.plan.plan import COMPUTATION, Plan, make_plan
from qgate.plan.settings import Settings
from qgate.plan.terms import term_findings


@dataclass(frozen=True)
class Study(Displayed):
    """A valid charter with its source, its data as they are now, its lock and its plan."""

    charter: Charter
    source: Source
    folder: Path
    split: SplitData
    inputs: Mapping[str, Any]
    lock: Lock | None
    plan: Plan
    settings: Settings
    tuning: Mapping[str, Any] = field(default_factory=dict)
    """What tuning tried and chose, by role, once it has run."""
    tuning_seconds: Mapping[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return its sizes; its data would flood a terminal."""
        size = f"{len(self.plan.trials)} trials on {self.plan.items} items"
        locked = "locked" if self.lock else "not locked"
        return printable(f"<Study {self.charter.pilot.name}: {size}, {locked}>")

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


@dataclass(frozen=True)
class Terms:
    """A valid charter with its source and its lock; no data are read yet."""

    charter: Charter
    source: Source
    folder: Path
    lock: Lock | None

    @property
    def foreign(self) -> bool:
        """Return whether classes of other packages run, whose files and settings nobody can list.

        They may read what no digest knows of: only running them again, or a replay, tells.
        """
        return bool(foreign_packages(self.charter))

    def basis(self, settings: Settings) -> str:
        """Return the digest of what a run reads, as far as it is known, and of what it runs on.

        Where no arm is `foreign`, equal digests come to equal outcomes but for times.
        """
        return digest(
            {
                "qgate": metadata.version("qgate"),
                "computation": COMPUTATION,
                "charter": self.charter.digest,
                "path": self.charter.path,
                "lock": self.lock.document if self.lock else None,
                "files": {
                    name: sha256_file(self.folder / name)
                    for name, place in named_paths(self.charter)
                    if place[0] != "approvals"  # who may sign changes nothing that runs
                },
                "packages": installed(self.charter),
                "python": platform.python_version(),
                "platform": platform.platform(),
                "underpowered": settings.even_if_underpowered,
                "store": str(settings.store.resolve()),
            }
        )


def read_terms(path: Path, settings: Settings, vocabulary: Vocabulary) -> Terms:
    """Return a valid charter with its lock.

    Raises:
        InvalidFileError: With every error's line and column.

    """
    charter, source = valid(path, settings, vocabulary)
    return Terms(charter, source, path.resolve().parent, read_lock(path))


def open_study(terms: Terms, settings: Settings) -> Study:
    """Return a charter with its data, its lock and its plan.

    Raises:
        UsageError: When any of them cannot be used.

    """
    charter, source, folder, lock = terms.charter, terms.source, terms.folder, terms.lock
    looks = charter.schedule.looks
    by_items = looks is not None and looks.by == "items"
    split = _loaded(charter, source, folder, shuffled=by_items)
    if looks is not None and by_items and looks.after[-1] >= len(split.validation):
        message = f"the last look is at the end, after all {len(split.validation)} items"
        place = ("schedule", "looks", "after_items")
        raise InvalidFileError(
            [source.finding(place, f"{message}: name fewer", code=TermError.code)]
        )
    plan = Plan(charter, 0, 0, ())
    study = Study(charter, source, folder, split, {}, lock, plan, settings)
    if found := list(term_findings(charter, source, split, folder, study.allowed_imports)):
        raise InvalidFileError(coded(TermError.code, dict.fromkeys(found)))
    return _planned(study)


def restudied(study: Study, charter: Charter) -> Study:
    """Return the study of a changed charter on the same data, not yet tuned."""
    return _planned(replace(study, charter=charter, tuning={}, tuning_seconds={}))


def _planned(study: Study) -> Study:
    """Return a study with its inputs as they are now, and its plan."""
    inputs = observe(study.charter, study.split, study.folder)
    plan = make_plan(
        study.charter,
        inputs,
        train=len(study.split.train),
        items=len(study.split.validation),
        recorded=_recorded(study.charter, study.folder),
    )
    sizes = Counter(study.slices["values"]) if study.slices else {}
    return replace(study, inputs=inputs, plan=replace(plan, slices=sizes))


def _loaded(charter: Charter, source: Source, folder: Path, *, shuffled: bool) -> SplitData:
    """Return the data, or the problems, with a term that they show to be wrong at its place."""
    try:
        split = load_split(charter.data, folder, charter.schedule.seeds, shuffled=shuffled)
    except TermError as error:
        raise InvalidFileError([source.finding(error.path, str(error), code=error.code)]) from None
    rated = any(gate.metric in RATIO_METRICS for gate in charter.gates)
    if rated and (found := unrated(split.dataset)):
        place, why = found
        raise InvalidFileError(
            [source.finding(("data", "problems", place), why, code=TermError.code)]
        )
    return split


def _recorded(charter: Charter, folder: Path) -> dict[str, dict[str, Any]]:
    return {
        arm.role: {
            "sha256": sha256_file(folder / arm.recorded.path),
            "replicates": "replicate" in header_of(folder / arm.recorded.path),
        }
        for arm in charter.arms
        if arm.recorded
    }
