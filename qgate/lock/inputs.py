"""The inputs of a run as they are now, in the form in which a lock keeps them."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from importlib import metadata
from itertools import zip_longest
from pathlib import Path
from typing import Any

from qgate.charter.charter import Charter
from qgate.charter.meaning import DEFAULT_IMPORTS
from qgate.data.split import SplitData
from qgate.digest import digest, sha256_file
from qgate.plugins import class_path, distributions, named
from qgate.quantum.device import read_device

_PACKAGES = ("numpy", "qiskit", "qiskit-aer", "scikit-learn", "scipy")
_MODULES = ("numpy", "qiskit", "qiskit_aer", "sklearn", "scipy")
_OF_PROBLEMS = ("dimod", "dwave-samplers")
_LONGEST_SHOWN = 120


def observe(charter: Charter, split: SplitData, folder: Path) -> dict[str, Any]:
    """Return every input that must equal the lock, by the name that reports use."""
    lockfile = charter.lockfile
    return {
        "charter": charter.digest,
        "data bytes": dict(split.file_digests),
        "data content": split.dataset.content_digest,
        "rows and columns": [split.dataset.rows, len(split.dataset.columns)],
        "split": {
            "digest": split.split_digest,
            "train": len(split.train),
            "validation": len(split.validation),
        },
        "dependency lock": sha256_file(folder / lockfile) if lockfile else None,
        "packages": installed(charter),
        "seeds": list(charter.schedule.seeds),
        "shots": ["exact" if shots is None else shots for shots in charter.schedule.shots],
        "replicates": charter.schedule.replicates,
        **_quantum_files(charter, folder),
    }


def _quantum_files(charter: Charter, folder: Path) -> dict[str, Any]:
    """Return circuit files and device snapshots, under names that stand only where there are any.

    Raises:
        InvalidFileError: When a snapshot cannot be read.

    """
    circuits: dict[str, str] = {}
    calibrations: dict[str, str] = {}
    for arm in charter.arms:
        if arm.layered is None:
            continue
        circuits |= {path: sha256_file(folder / path) for path in arm.layered.circuit_files}
        if arm.device is not None:
            device = read_device(folder / arm.device.path, arm.device.path)
            calibrations[arm.role] = f"{device.name} {device.time} {device.digest}"
    found = {"circuit files": circuits, "calibration": calibrations}
    return {name: value for name, value in found.items() if value}


def installed(charter: Charter) -> dict[str, str]:
    """Return what the outcome depends on: the numeric stack, and the arms' other packages.

    A package of the latter kind is known by its distributions' versions and the digest of its
    Python source, since it may be a module of the repository or an editable install.
    """
    found = {name: metadata.version(name) for name in _PACKAGES}
    steps = [step for arm in charter.arms for step in arm.steps]
    others = foreign_packages(charter)
    for name in sorted({name for step in steps for name in distributions(step.path)}):
        found[name] = _version(name)
    if charter.data.problems:
        found |= {name: _version(name) for name in _OF_PROBLEMS}
    if any(arm.quantum_kernel and arm.quantum_kernel.mitigation for arm in charter.arms):
        found["mitiq"] = _version("mitiq")
    owners = metadata.packages_distributions() if others else {}
    for package in sorted(others):
        versions = [
            f"{name} {metadata.version(name)}" for name in sorted(set(owners.get(package, ())))
        ]
        found[package] = ", ".join([*versions, f"source {_source_digest(package)}"])
    return found


def foreign_packages(charter: Charter) -> set[str]:
    """Return the packages whose classes the arms name, but for those known by their version."""
    steps = [step for arm in charter.arms for step in arm.steps]
    paths = [class_path(step.path) for step in steps]
    paths += [path for step in steps for path, _ in named(step.params)]
    known = {*DEFAULT_IMPORTS, *_MODULES, "qgate"}  # by version, or by what a trial's digest holds
    return {path.partition(".")[0] for path in paths} - known


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _source_digest(package: str) -> str:
    spec = importlib.util.find_spec(package)
    if spec is None:
        return "absent"
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = {
        path.relative_to(folder).as_posix(): path
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
    }
    if not folders and spec.origin is not None and Path(spec.origin).is_file():
        files[Path(spec.origin).name] = Path(spec.origin)
    return digest({name: sha256_file(path) for name, path in files.items()})[:12]


def differences(locked: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs from the lock, by name and value; empty when all is as locked."""
    found: list[str] = []
    for name in sorted({*locked, *now}):
        before, after = locked.get(name), now.get(name)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            found += [
                f"{name}: {key} locked {_short(before.get(key))}, now {_short(after.get(key))}"
                for key in sorted({*before, *after})
                if before.get(key) != after.get(key)
            ]
        else:
            found.append(
                f"{name}: locked {_short(before)}, now {_short(after)}{_first(before, after)}"
            )
    if found and all(text.startswith("data bytes") for text in found):
        found = [f"{text} (the content is the same: the file was re-encoded)" for text in found]
    return found


def _first(before: object, after: object) -> str:
    """Name the first difference of two lists that are too long to be shown whole."""
    if not (isinstance(before, list) and isinstance(after, list)):
        return ""
    if max(len(str(before)), len(str(after))) <= _LONGEST_SHOWN:
        return ""
    pairs = enumerate(zip_longest(before, after), start=1)
    place, (was, now) = next((i, pair) for i, pair in pairs if pair[0] != pair[1])
    return f" ({len(before)} and {len(after)}; number {place}: {_short(was)}, now {_short(now)})"


def _short(value: object) -> str:
    if value is None:
        return "nothing"
    text = str(value)
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return text[:12]
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."
