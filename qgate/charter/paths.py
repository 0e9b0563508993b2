"""Every file that a charter names, with its place in the document."""

from __future__ import annotations

from collections.abc import Iterator

from qgate.charter.arm_spec import ArmSpec
from qgate.charter.charter import Charter
from qgate.charter.circuits import layers_at
from qgate.charter.yaml_reader import Path_


def named_paths(charter: Charter) -> Iterator[tuple[str, Path_]]:
    """Yield every file path that a charter names, with its place in the document."""
    yield from _data_paths(charter)
    for name, place in (
        (charter.lockfile, ("environment", "lockfile")),
        (charter.approvals.signers, ("approvals", "signers")),
    ):
        if name:
            yield name, place
    for arm in charter.arms:
        yield from _arm_paths(charter, arm)


def _arm_paths(charter: Charter, arm: ArmSpec) -> Iterator[tuple[str, Path_]]:
    if arm.recorded:
        yield arm.recorded.path, (arm.role, "recorded", "path")
        if arm.recorded.latency:
            yield arm.recorded.latency, (arm.role, "recorded", "latency")
    if arm.layered is not None:
        for path, layer, _ in layers_at(arm, charter.section(arm.role)[arm.kind]):
            if layer.path:
                yield layer.path, (arm.role, arm.kind, *path, "path")
    if arm.device is not None:
        yield arm.device.path, (arm.role, arm.kind, "device", "path")
        if arm.device.current is not None:
            yield arm.device.current, (arm.role, arm.kind, "device", "current")


def _data_paths(charter: Charter) -> Iterator[tuple[str, Path_]]:
    data = charter.data
    if data.path:
        yield data.path, ("data", "path")
    if data.validation.path:
        yield data.validation.path, ("data", "validation", "path")
    for i, problem in enumerate(data.problems):
        bare = isinstance(charter.document["data"]["problems"][i], str)
        place: Path_ = ("data", "problems", i)
        yield problem.path, place if bare else (*place, "path")
