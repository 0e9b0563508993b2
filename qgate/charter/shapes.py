"""Keys that do not go together: what must be mended before a Charter can be built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qgate.charter.arm_spec import ARM_KINDS
from qgate.charter.clauses import threshold_shapes
from qgate.charter.extremes import extreme_findings
from qgate.charter.yaml_reader import Source
from qgate.errors import Finding

_SUPERVISED = ("path", "target", "validation")
_OF_PROBLEMS = ("task", "problems", "classification", "source", "license", "region")
_SOLVERS = ("solver", "quantum_solver")
_WITHOUT_PREPROCESSING = {
    "recorded": "recorded predictions are not preprocessed: remove this",
    "solver": "problems are not preprocessed: remove this",
    "quantum_solver": "problems are not preprocessed: remove this",
}


def shape_findings(source: Source) -> list[Finding]:
    """Return the findings that must be mended before a Charter can be built."""
    document: Mapping[str, Any] = source.document
    solves = document["data"].get("task") == "optimization"
    data = _problem_shapes if solves else _table_shapes
    if found := list(extreme_findings(source)):
        return found  # what else is wrong might repeat them
    return [
        *_arm_shapes(source, document, solves=solves),
        *threshold_shapes(source, document),
        *data(source, document["data"]),
    ]


def _problem_shapes(source: Source, data: Mapping[str, Any]) -> Iterator[Finding]:
    if "problems" not in data:
        yield source.finding(("data",), "an optimization needs `problems`: a list of files")
    for key in data:
        if key not in _OF_PROBLEMS:
            message = f"`{key}` has no meaning for an optimization, whose items are `problems`"
            yield source.finding(("data", key), message)


def _table_shapes(source: Source, data: Mapping[str, Any]) -> Iterator[Finding]:
    for key in _SUPERVISED:
        if key not in data:
            yield source.finding(("data",), f"data lacks `{key}`")
    if "problems" in data:
        message = "`problems` are for `task: optimization`"
        yield source.finding(("data", "problems"), message)
    validation = data.get("validation")
    if isinstance(validation, dict):
        ways = [way for way in ("fraction", "column", "path") if way in validation]
        if len(ways) != 1:
            message = "validation takes exactly one of fraction, column, path"
            yield source.finding(("data", "validation"), message)
        for key, way in (("seed", "fraction"), ("resample", "fraction"), ("value", "column")):
            if key in validation and way not in ways:
                message = f"`{key}` has a meaning only beside `{way}`"
                yield source.finding(("data", "validation", key), message)


def _arm_shapes(source: Source, document: Mapping[str, Any], *, solves: bool) -> Iterator[Finding]:
    for role in ("baseline", "candidate"):
        arm = document[role]
        if isinstance(arm, str):
            if role == "candidate":
                message = f"{arm!r} is for the baseline: say what is on trial"
                yield source.finding((role,), message)
            elif solves:
                message = f"{arm!r} is for classes and numbers: name a `solver`"
                yield source.finding((role,), message)
            continue
        kinds = [kind for kind in ARM_KINDS if kind in arm]
        if len(kinds) != 1:
            message = f"{role} takes exactly one of {', '.join(ARM_KINDS)}, not {len(kinds)}"
            yield source.finding((role,), message)
        yield from _kind_shapes(source, role, arm, kinds, solves=solves)


def _kind_shapes(
    source: Source, role: str, arm: Mapping[str, Any], kinds: list[str], *, solves: bool
) -> Iterator[Finding]:
    if "params" in arm and "estimator" not in arm:
        nested = kinds[0] if len(kinds) == 1 and kinds[0] in _WITH_PARAMS else ""
        where = f"{nested}.params" if nested else "an estimator"
        yield source.finding((role, "params"), f"params belong to {where}")
    for kind in kinds:
        if solves != (kind in _SOLVERS):
            task = "solves problems" if kind in _SOLVERS else "predicts rows"
            message = f"an arm of kind {kind} {task}, which is not this data.task"
            yield source.finding((role, kind), message)
        if kind in _WITHOUT_PREPROCESSING and "preprocess" in arm:
            yield source.finding((role, "preprocess"), _WITHOUT_PREPROCESSING[kind])


_WITH_PARAMS = ("quantum_kernel", "projected_kernel", "solver")
