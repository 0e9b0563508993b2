"""What the schema cannot see: names that refer to nothing, terms that no run could meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qgate.charter.arm_spec import ArmSpec, Step
from qgate.charter.charter import CLOSEST_LOOKS, MOST_CELLS, Charter
from qgate.charter.circuits import circuit_findings
from qgate.charter.clauses import clause_findings, gate_paths
from qgate.charter.comparisons import comparison_findings
from qgate.charter.paths import named_paths
from qgate.charter.residency import ELSEWHERE, residency_assumption, residency_refusals
from qgate.charter.schema import suggest
from qgate.charter.spaces import space_findings
from qgate.charter.vocabulary import Vocabulary
from qgate.charter.yaml_reader import Path_, Source
from qgate.errors import Finding, UsageError
from qgate.files import resolved
from qgate.plugins import ParamError, class_path, named

DEFAULT_IMPORTS = frozenset({"sklearn"})

_FEWEST_SEEDS = 3
_MOST_SPLITS = 1_000
"""Of validation.resample: each is drawn and digested before anything is forecast."""


@dataclass(frozen=True)
class Surroundings:
    """What a charter is checked against besides itself."""

    folder: Path
    root: Path
    vocabulary: Vocabulary
    allowed_imports: frozenset[str] = DEFAULT_IMPORTS
    allow_outside: bool = False
    files: bool = True

    def reach(self, name: str) -> Path | None:
        """Return where a path of the charter leads, None where that may not be looked at."""
        try:
            path = resolved(self.folder / name)
        except (OSError, ValueError):
            return None
        return path if self.allow_outside or path.is_relative_to(self.root) else None


def meaning_findings(charter: Charter, source: Source, around: Surroundings) -> list[Finding]:
    """Return what is wrong with a charter of the right shape, and warnings, in file order."""
    found = [
        *_data(charter, source, around),
        *_schedule(charter, source),
        *circuit_findings(charter, source, around.vocabulary),
        *clause_findings(charter, source, around.vocabulary),
        *comparison_findings(charter, source),
        *space_findings(charter, source, around.vocabulary),
        *_arms(charter, source, around),
        *_paths(charter, source, around),
        *_budget(charter, source),
        *_approvals(charter, source),
        *_missing(charter, source),
    ]
    return sorted(found, key=lambda finding: (finding.line, finding.column))


def _data(charter: Charter, source: Source, around: Surroundings) -> Iterator[Finding]:
    data = charter.data
    for i, name in enumerate(data.features or ()):
        if name == data.target:
            message = f"{name!r} is the target: an arm that sees it shows nothing"
            yield source.finding(("data", "features", i), message)
    second = data.validation.path
    if second is not None and around.reach(second) == around.reach(data.path) is not None:
        message = "this is data.path itself: rows that train cannot validate"
        yield source.finding(("data", "validation", "path"), message)
    if data.validation.resample:
        yield from _resampled(charter, source)
    yield from _regions(charter, source)


def _regions(charter: Charter, source: Source) -> Iterator[Finding]:
    """Yield gates on residency without a region to hold, and arms that no run will send data to."""
    for index, path in gate_paths(charter):
        if charter.gates[index].metric == "residency" and not charter.data.region:
            yield source.finding(path, "residency needs `data.region`: where may the data be?")
    for place, words in residency_refusals(charter):
        message = f"{words}; a run stops before it sends anything"
        yield source.finding(place, message, "warning", ELSEWHERE)
    if assumed := residency_assumption(charter):
        message = f"{assumed}: say where it is by `region` of each arm"
        yield source.finding(("data", "region"), message, "warning")


def _resampled(charter: Charter, source: Source) -> Iterator[Finding]:
    place: Path_ = ("data", "validation", "resample")
    if len(charter.schedule.seeds) < 2:
        yield source.finding(place, "one seed draws a single split: schedule at least 2")
    if len(charter.schedule.seeds) > _MOST_SPLITS:
        message = f"{len(charter.schedule.seeds):,} splits are to be drawn; {_MOST_SPLITS:,} are "
        yield source.finding(place, f"{message}the most: schedule fewer seeds")
    for arm in charter.arms:
        if arm.recorded is not None:
            yield source.finding(place, f"the {arm.role} is recorded: it is of one split")
    if any(gate.claim != "new_items_and_seeds" for gate in charter.gates):
        message = "on splits drawn anew a verdict holds for new_items_and_seeds: remove `claim`"
        yield source.finding(place, message)


def _schedule(charter: Charter, source: Source) -> Iterator[Finding]:
    for key, values in (("seeds", charter.schedule.seeds), ("shots", charter.schedule.shots)):
        known: set[int | None] = set()
        for i, value in enumerate(values):
            if value in known:
                name = "exact" if value is None else value
                message = f"{key}: {name} is repeated; a repeated trial adds no evidence"
                yield source.finding(("schedule", key, i), message)
            known.add(value)
    cells, looks = charter.schedule.cells, charter.schedule.looks
    if cells > MOST_CELLS:
        blocks = " x looks" if looks and looks.by == "items" else ""
        message = f"{cells:,} trials; {MOST_CELLS:,} are the most"
        factors = f"seeds x shots x replicates{blocks}"
        yield source.finding(("schedule",), f"{factors} are {message}")
    yield from _looks(charter, source)
    if _classical(charter.candidate) and charter.schedule.shots != (None,):
        message = "the candidate is a classical estimator, which takes no shots: remove this"
        yield source.finding(("schedule", "shots"), message)
    if charter.latency.sessions > charter.latency.requests:
        path = ("latency", "sessions")
        yield source.finding(path, f"more sessions than requests ({charter.latency.requests})")


def _classical(arm: ArmSpec) -> bool:
    """Return whether an arm takes no shots; what another package's class takes, a run finds out."""
    named = arm.estimator is not None and arm.estimator.path.startswith("sklearn.")
    return named or arm.kind in ("strongest", "random_features")


def _looks(charter: Charter, source: Source) -> Iterator[Finding]:
    looks = charter.schedule.looks
    if looks is None:
        return
    place: Path_ = ("schedule", "looks", f"after_{looks.by}")
    rising = list(looks.after) == sorted(set(looks.after))
    if not rising:
        yield source.finding(place, "looks must rise: each after more than the one before")
    seeds = len(charter.schedule.seeds)
    if looks.by == "seeds" and looks.after[0] < _FEWEST_SEEDS:
        message = f"before {_FEWEST_SEEDS} seeds nothing is known of how they differ: look later"
        yield source.finding(place, message)
    if looks.by == "seeds" and looks.after[-1] >= seeds:
        message = f"the last look is at the end, after all {seeds} seeds: name fewer"
        yield source.finding(place, message)
    elif looks.by == "seeds" and rising and looks.too_close(seeds):
        yield source.finding(place, looks_too_close("seeds"))
    if looks.by == "items" and charter.data.validation.resample:
        yield source.finding(place, "resampled splits have no order of items: look after seeds")
    if looks.by == "items" and any(gate.metric == "shot_noise_sd" for gate in charter.gates):
        message = "shot_noise_sd is of all items, and larger on fewer: look after seeds"
        yield source.finding(place, message)


def looks_too_close(of: str) -> str:
    """Return what is wrong with looks that follow each other too closely."""
    return f"two looks are closer than {CLOSEST_LOOKS:.1%} of all {of}: name fewer"


def _arms(charter: Charter, source: Source, around: Surroundings) -> Iterator[Finding]:
    allowed = around.allowed_imports | {"qgate"} | set(charter.document.get("plugins", ()))
    for arm in charter.arms:
        for step, path, params in _steps(arm):
            yield from _imports(step, path, params, source, around, allowed)
        trains = arm.recorded is None and not charter.data.problems
        if charter.data.validation.everything and trains:
            message = f"`all` leaves no rows to fit the {arm.role} on: only recorded arms allow it"
            yield source.finding(("data", "validation"), message)


def _steps(arm: ArmSpec) -> Iterator[tuple[Step, Path_, Path_]]:
    """Yield every class that an arm names, with its place and that of its parameters."""
    for i, step in enumerate(arm.preprocess):
        yield step, (arm.role, "preprocess", i), (arm.role, "preprocess", i, step.path)
    if arm.estimator:
        yield arm.estimator, (arm.role, "estimator"), (arm.role, "params")
    nested = getattr(arm.layered, "estimator", None)
    if nested is not None:
        section: Path_ = (arm.role, arm.kind)
        yield nested, (*section, "estimator"), (*section, "params")


def _imports(
    step: Step,
    path: Path_,
    params: Path_,
    source: Source,
    around: Surroundings,
    allowed: frozenset[str],
) -> Iterator[Finding]:
    """Yield what of a class, or of what its parameters call, may not be imported."""
    if around.files:
        try:
            yield from _refused(class_path(step.path), path, source, allowed)
        except UsageError as error:
            yield source.finding(path, str(error))
    try:
        for name, place in named(step.params):
            if around.files:
                yield from _refused(name, (*params, *place), source, allowed)
    except ParamError as error:
        yield source.finding((*params, *error.path), str(error))


def _refused(name: str, path: Path_, source: Source, allowed: frozenset[str]) -> Iterator[Finding]:
    package = name.partition(".")[0]
    if package not in allowed:
        message = (
            f"package {package!r} may not be imported{suggest(package, allowed)}; if you "
            f"trust it, add it to `plugins` or pass --allow-import {package}"
        )
        yield source.finding(path, message)


def _paths(charter: Charter, source: Source, around: Surroundings) -> Iterator[Finding]:
    for name, place in named_paths(charter) if around.files else ():
        path = around.reach(name)
        if path is None:
            message = f"{name!r} leaves the repository; pass --allow-outside if that is meant"
            yield source.finding(place, message)
            continue
        try:
            if path.is_file():
                path.open("rb").close()
                continue
            hint = "; it is a folder" if path.is_dir() else suggest(path.name, _beside(path))
            yield source.finding(place, f"no file {name!r}{hint}")
        except OSError as error:
            yield source.finding(place, f"cannot read {name!r}: {error.strerror}")


def _beside(path: Path) -> list[str]:
    try:
        return [p.name for p in path.parent.iterdir()]
    except OSError:
        return []


def _budget(charter: Charter, source: Source) -> Iterator[Finding]:
    budget = charter.budget
    for place, caps in ((("budget",), budget), (("budget", "per_month"), budget.per_month)):
        if caps.usd is not None and budget.prices is None:
            yield source.finding((*place, "usd"), "a limit in dollars needs `budget.prices`")
        if caps.qpu_seconds is None:
            continue
        if budget.seconds_per_shot is None:
            message = (
                "a cap on a quantum processor's seconds needs `budget.seconds_per_shot`: no "
                "snapshot knows how long readout, reset and the delay between shots take"
            )
            yield source.finding((*place, "qpu_seconds"), message)
        if not _takes_shots(charter):
            message = "no arm takes shots that are counted: nothing could be held against this cap"
            yield source.finding((*place, "qpu_seconds"), message)


def _takes_shots(charter: Charter) -> bool:
    """Return whether an arm may run circuits with shots, not recorded elsewhere."""
    if charter.schedule.shots == (None,):
        return False
    return any(not _classical(arm) and arm.kind not in _COUNTLESS for arm in charter.arms)


_COUNTLESS = ("recorded", "solver")
"""Kinds of arm whose circuits, if any, are not counted."""


def _approvals(charter: Charter, source: Source) -> Iterator[Finding]:
    approvals = charter.approvals
    if approvals.required > len(approvals.approvers):
        named = ", ".join(approvals.approvers)
        message = (
            f"{approvals.required} approvals are asked for, and only {named} may approve: name "
            "more in approvals.roles.approver"
        )
        yield source.finding(("approvals", "required"), message)


def _missing(charter: Charter, source: Source) -> Iterator[Finding]:
    metrics = {gate.metric for gate in charter.gates}
    parity = any(metric.endswith("_gap_vs_classical") for metric in metrics)
    for present, what in (
        (parity, "no parity gate (val_accuracy_gap_vs_classical or its like)"),
        ("latency_p95_ms" in metrics, "no gate on latency_p95_ms"),
        ("latency_p99_ms" in metrics, "no gate on latency_p99_ms"),
    ):
        if not present:
            yield source.finding(("pilot",), f"{what}: a promotion ought to rest on it", "warning")
    if charter.lockfile is None:
        message = "no environment.lockfile: only the installed versions will be compared"
        yield source.finding((), message, "warning")
    if "rollback" not in charter.document:
        message = f"no rollback: blue_green to {charter.rollback.to} is taken for granted"
        yield source.finding((), message, "warning")
