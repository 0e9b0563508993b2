"""Where the data may be processed, and where each arm says that it is run."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from qgate.charter.arm_spec import ArmSpec
from qgate.charter.charter import Charter
from qgate.charter.yaml_reader import Path_
from qgate.errors import UsageError
from qgate.plugins import class_path, named

ELSEWHERE = "QG-F13"
"""The code of a finding that an arm is run where the data may not be."""
_HERE = frozenset({"qgate", "sklearn"})
"""Packages whose classes run where qgate runs, as every built-in kind of arm does."""


def residency_failures(charter: Charter) -> list[str]:
    """Return a sentence for each arm that is run where the data may not be processed.

    Empty where the charter states no `data.region`. It reads the charter alone.
    """
    return [words for _, words in _elsewhere(charter)]


def residency_unknowns(charter: Charter) -> list[str]:
    """Return a sentence for each arm whose place cannot be known, though the charter bounds it.

    Of classes of other packages nobody knows where they send the data: `region` must say it.
    """
    return [words for _, words in _unknown(charter)]


def residency_refusals(
    charter: Charter, roles: Collection[str] = ("baseline", "candidate")
) -> list[tuple[Path_, str]]:
    """Return why these arms may not be sent the data, each with its place in the document."""
    found = (*_elsewhere(charter), *_unknown(charter))
    return [(_place(charter, role), words) for role, words in found if role in roles]


def residency_reason(charter: Charter) -> str | None:
    """Return why a run must stop before any arm is sent anything, None where it may go on."""
    found = residency_failures(charter) + residency_unknowns(charter)
    return "; ".join(found) or None


def residency_assumption(charter: Charter) -> str:
    """Return which arms are taken to be where the data may be, and why; empty where none is.

    Such an arm declares no region and is run where qgate runs, which qgate cannot find out.
    """
    here = _undeclared(charter) if charter.data.region else []
    if not here:
        return ""
    are, they = ("is", "it declares") if len(here) == 1 else ("are", "they declare")
    taken = " or ".join(charter.data.region)
    return (
        f"the {' and the '.join(here)} {are} run where qgate runs, which is taken to be {taken} "
        f"({they} no region)"
    )


def _undeclared(charter: Charter) -> list[str]:
    """Return the roles of the arms that declare no region and run where qgate runs."""
    return [arm.role for arm in charter.arms if arm.region is None and not _outside(arm)]


def _elsewhere(charter: Charter) -> Iterator[tuple[str, str]]:
    allowed = charter.data.region
    for arm in charter.arms if allowed else ():
        if arm.region is not None and arm.region not in allowed:
            where = f"the {arm.role} {arm.id} is run in {arm.region}"
            yield arm.role, f"{where}, and data.region allows {' or '.join(allowed)} alone"


def _unknown(charter: Charter) -> Iterator[tuple[str, str]]:
    for arm in charter.arms if charter.data.region else ():
        if arm.region is None and (packages := _outside(arm)):
            whose = " and ".join(packages)
            what = f"where the {arm.role} {arm.id}, of package {whose}, is run is not known"
            yield arm.role, f"{what}: add `{arm.role}.region`"


def _outside(arm: ArmSpec) -> list[str]:
    """Return the packages of an arm's classes, and of what their parameters name, beyond ours."""
    found: dict[str, None] = {}
    for step in arm.steps:
        try:
            paths = [class_path(step.path), *(name for name, _ in named(step.params))]
        except UsageError:  # a finding of its own: no such entry point, or params nested too deep
            paths = [step.path]
        found |= dict.fromkeys(path.partition(".")[0] for path in paths)
    return sorted(found.keys() - _HERE)


def _place(charter: Charter, role: str) -> Path_:
    section = charter.document[role]
    return (role, "region") if "region" in section and not isinstance(section, str) else (role,)
