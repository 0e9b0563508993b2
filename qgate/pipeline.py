"""The engine: the stages of each job, in order."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgate.charter.vocabulary import Vocabulary
from qgate.errors import Finding, InvalidFileError
from qgate.measure.registry import METRICS
from qgate.quantum.layers import LAYERS

if TYPE_CHECKING:
    from qgate.arms.arm import Arm
    from qgate.charter.charter import Charter
    from qgate.data.dataset import Array
    from qgate.evidence.evidence import Evidence
    from qgate.gates.decision import Decision
    from qgate.lock.lock import Lock
    from qgate.plan.settings import Settings
    from qgate.plan.study import Study
    from qgate.quantum.portrait import Outlined
    from qgate.trials.result import TrialResult

VOCABULARY = Vocabulary(METRICS, LAYERS)


def check(path: Path, settings: Settings) -> list[Finding]:
    """Return every finding of a charter, warnings included; empty when all is well."""
    from qgate.plan.admit import examined

    try:
        return examined(path, settings, VOCABULARY)[2]
    except InvalidFileError as error:
        return list(error.findings)


def load(path: Path, settings: Settings) -> Charter:
    """Return a valid charter.

    Raises:
        InvalidFileError: With every error's line and column.

    """
    from qgate.plan.admit import valid

    return valid(path, settings, VOCABULARY)[0]


def study(path: Path, settings: Settings) -> Study:
    """Return a charter with its data, its lock and its plan.

    Raises:
        UsageError: When any of them cannot be used.

    """
    from qgate.plan.study import open_study

    return open_study(path, settings, VOCABULARY)


def circuits(found: Study) -> Mapping[str, tuple[Outlined, Array]]:
    """Return each arm's circuit and its training rows' features by role; nothing is simulated.

    Raises:
        InvalidFileError: When a circuit is beyond the charter's limits or its device.
        TrialError: When preparing an arm would take too much memory.

    """
    from qgate.trials.stages import outlines

    return outlines(found)


def lock(path: Path, settings: Settings) -> Lock:
    """Return what a charter's lock would be now; the baseline is run for its fingerprint.

    Raises:
        ExecutionError: When the baseline fails.

    """
    from qgate.evidence.evidence import Evidence
    from qgate.evidence.record import make_observations, make_record
    from qgate.lock.lock import make_lock
    from qgate.measure.baseline_drift import fingerprint
    from qgate.trials import stages

    found = stages.tune(study(path, settings))
    arms = stages.prepare(found, [found.charter.baseline])
    results = stages.run(found, arms, found.plan.of("baseline"))
    stages.refuse_failures(results)
    record = make_record(found, results, replays=[])
    evidence = Evidence(record, make_observations(found, results, {}, attempt=0), path="")
    return make_lock(found.inputs, fingerprint(evidence))


def run(path: Path, settings: Settings) -> tuple[Evidence, Decision]:
    """Run a charter, write its evidence, count the attempt, and judge it.

    Raises:
        UsageError: When the charter cannot be run as it stands, or cannot be decided.

    """
    from qgate.evidence.attempts import AttemptLedger
    from qgate.evidence.store import write_bundle
    from qgate.gates.decision import judge
    from qgate.measure.outlook import refusals
    from qgate.trials import stages

    found = study(path, settings)
    ledger = AttemptLedger(settings.state / "attempts.jsonl")
    attempt = ledger.count(found.contract) + 1
    if refused := refusals(found, attempt=attempt):
        raise InvalidFileError(refused)
    found = stages.tune(found)
    gathered = gather(found, stages.prepare(found, found.charter.trial_arms), attempt)
    observed = dict(gathered.observations)
    try:
        if settings.rehearse:
            observed["rehearsals"] = rehearse(found, judge(gathered))
    finally:  # what ran is kept and counted, whatever becomes of a rehearsal
        evidence = write_bundle(gathered.record, observed, settings.store)
        ledger.add(found.contract, evidence.digest)
    return evidence, judge(evidence)


def rehearse(found: Study, decision: Decision) -> list[dict[str, Any]]:
    """Return what the remediation of each gate that was not passed would come to."""
    from qgate.evidence.store import write_bundle
    from qgate.rollout.rehearsal import Gathered, rehearse
    from qgate.trials import stages

    def gathered(remedied: Study) -> Gathered:
        started = time.perf_counter()
        study = stages.tune(remedied)
        evidence = gather(study, stages.prepare(study, study.charter.trial_arms), attempt=0)
        kept = write_bundle(evidence.record, evidence.observations, study.settings.store)
        return Gathered(kept, time.perf_counter() - started)

    return list(rehearse(found, decision, gathered))


def gather(found: Study, arms: Mapping[str, Arm], attempt: int) -> Evidence:
    """Return a study's evidence, not yet written: trials, look by look, replays, latency."""
    from qgate.evidence.evidence import Evidence
    from qgate.evidence.record import make_observations, make_record
    from qgate.gates.looks import look_at, looks_record, settled
    from qgate.trials import stages

    def evidence(
        replays: Sequence[Any] = (), latencies: Mapping[str, Any] | None = None
    ) -> Evidence:
        record = make_record(
            found, results, replays, figures=figures, looks=looks, slices=found.slices,
            calibration=calibration,
        )  # fmt: skip
        observed = make_observations(found, results, latencies or {}, attempt)
        return Evidence(record, observed, path="")

    results: dict[str, TrialResult] = {}
    figures = stages.figures(arms)
    calibration = stages.calibration(found, figures)
    last = max(len(found.plan.ends), 1)
    for taken in range(1, last + 1):
        results |= stages.run(found, arms, found.plan.stage(taken - 1))
        looks = looks_record(found.plan, taken)
        if taken < last and settled(look_at(evidence(), found.charter)):
            break
    replays = stages.replay(found, results)
    latencies = stages.latency(found, arms) if _needs_latency(found.charter) else {}
    return evidence(replays, latencies)


def _needs_latency(charter: Charter) -> bool:
    prices = charter.budget.prices
    gated = any("latency" in METRICS[gate.metric].needs for gate in charter.gates)
    return gated or (prices is not None and prices.per_second > 0)
