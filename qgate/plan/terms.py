"""What only data, installed packages and snapshots show to be wrong, found before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from importlib import metadata
from itertools import islice
from pathlib import Path

import numpy as np

from qgate import plugins
from qgate.charter.arm_spec import ArmSpec, Step
from qgate.charter.charter import Charter
from qgate.charter.meaning import looks_too_close
from qgate.charter.yaml_reader import MOST_FINDINGS, Path_, Source
from qgate.data.split import SplitData
from qgate.errors import Finding, UsageError
from qgate.quantum.device import read_device
from qgate.quantum.drift import refuse_mismatch


def term_findings(
    charter: Charter, source: Source, split: SplitData, folder: Path, allowed: Collection[str]
) -> Iterator[Finding]:
    """Yield terms of both arms that cannot be met here, each at its place; at most 100."""
    looks, items = charter.schedule.looks, len(split.validation)
    if looks is not None and looks.by == "items" and looks.too_close(items):
        yield source.finding(("schedule", "looks", "after_items"), looks_too_close("items"))
    found = (
        finding
        for arm in charter.arms
        for finding in (
            *_classes(charter, arm, source, allowed),
            *_folds(charter, arm, source, split),
            *_snapshots(arm, source, folder),
        )
    )
    yield from islice(found, MOST_FINDINGS)


def _classes(
    charter: Charter, arm: ArmSpec, source: Source, allowed: Collection[str]
) -> Iterator[Finding]:
    """Yield classes that cannot be had, and parameters that they do not take."""
    for step, place, params in _named(arm):
        if missing := _missing(step.path):
            yield source.finding(place, missing)
            continue
        tuned = _tuned(charter, arm, step)
        try:
            plugins.refuse_unknown(step.path, step.params, allowed)
            if step is getattr(arm.layered, "estimator", None):
                yield from _kernel(
                    arm, step, {**tuned, **_at(params, step)}, place, source, allowed
                )
        except plugins.ParamError as error:
            yield source.finding((*params, *error.path), error.message)
            continue
        except UsageError as error:
            yield source.finding(place, str(error))
            continue
        for name, at in tuned.items():
            try:
                plugins.refuse_unknown(step.path, {name: None}, allowed)
            except plugins.ParamError as error:
                yield source.finding(at, error.message)


def _kernel(
    arm: ArmSpec,
    step: Step,
    stated: Mapping[str, Path_],
    place: Path_,
    source: Source,
    allowed: Collection[str],
) -> Iterator[Finding]:
    """Yield a class that takes no kernel, or a kernel that is stated in place of the arm's."""
    if not plugins.takes(step.path, "kernel", allowed):
        message = f"{step.path} takes no kernel, which the {arm.kind} gives it"
        yield source.finding(place, message)
    elif "kernel" in stated:
        message = f"the kernel must be left to the {arm.kind}: remove this"
        yield source.finding(stated["kernel"], message)


def _at(params: Path_, step: Step) -> dict[str, Path_]:
    return {name: (*params, name) for name in step.params}


def _named(arm: ArmSpec) -> Iterator[tuple[Step, Path_, Path_]]:
    """Yield every class that an arm names, with its place and that of its parameters."""
    for i, step in enumerate(arm.preprocess):
        yield step, (arm.role, "preprocess", i), (arm.role, "preprocess", i, step.path)
    if arm.estimator is not None:
        yield arm.estimator, (arm.role, "estimator"), (arm.role, "params")
    nested = getattr(arm.layered, "estimator", None)
    if nested is not None:
        section: Path_ = (arm.role, arm.kind)
        yield nested, (*section, "estimator"), (*section, "params")


def _tuned(charter: Charter, arm: ArmSpec, step: Step) -> dict[str, Path_]:
    """Return the parameters of a class that an arm's search sets, each with its place."""
    if arm.tuning is None:
        return {}
    stated = "tuning" in charter.section(arm.role)
    place: Path_ = (arm.role, "tuning", "space") if stated else ("tuning", "space")
    before = step in arm.preprocess
    owner = step.path.rpartition(".")[2] if before else ""
    found = {}
    for name in arm.tuning.space:
        whose, _, key = name.rpartition(".")
        bandwidth = name == "bandwidth" and arm.layered is not None
        if whose == owner and not bandwidth:
            found[key] = (*place, name)
    return found


def _missing(path: str) -> str | None:
    """Return how to install what one of our own estimators runs on, None where it is there."""
    for name in plugins.distributions(path):
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            return f"{path} needs {name}: pip install 'qgate[{plugins.extra_of(path)}]'"
    return None


def _folds(charter: Charter, arm: ArmSpec, source: Source, split: SplitData) -> Iterator[Finding]:
    """Yield more folds than the training rows allow."""
    if arm.tuning is None or arm.kind == "recorded" or not len(split.train):
        return
    labels = split.dataset.labels[split.train]
    classes = bool(split.dataset.classes)
    most = int(np.unique(labels, return_counts=True)[1].max()) if classes else len(labels)
    if arm.tuning.cv > most:
        stated = "tuning" in charter.section(arm.role)
        place: Path_ = (arm.role, "tuning", "cv") if stated else ("tuning", "cv")
        rows = "training rows of the most frequent class" if classes else "training rows"
        yield source.finding(place, f"{arm.tuning.cv} folds of {most} {rows}: name fewer by `cv`")


def _snapshots(arm: ArmSpec, source: Source, folder: Path) -> Iterator[Finding]:
    """Yield a later snapshot that is of another device, or not later."""
    device = arm.device
    if device is None or device.current is None:
        return
    locked = read_device(folder / device.path, device.path)
    current = read_device(folder / device.current, device.current)
    try:
        refuse_mismatch(locked, current)
    except UsageError as error:
        yield source.finding((arm.role, arm.kind, "device", "current"), str(error))
