"""The engine: the stages of each job, in order."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
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
    from qgate.measure.spending import Spending
    from qgate.plan.settings import Settings
    from qgate.plan.study import Study, Terms
    from qgate.quantum.portrait import Outlined
    from qgate.review.standing import Standing
    from qgate.trials.books import Books
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
    from qgate.plan.study import open_study, read_terms

    return open_study(read_terms(path, settings, VOCABULARY), settings)


def circuits(found: Study) -> Mapping[str, tuple[Outlined, Array]]:
    """Return each arm's circuit and its training rows' features by role; nothing is simulated.

    There is none where an arm may not be sent the data: a step of its preprocessing would be.

    Raises:
        InvalidFileError: When a circuit is beyond the charter's limits or its device.
        TrialError: When preparing an arm would take too much memory.

    """
    from qgate.charter.residency import residency_reason
    from qgate.trials.stages import outlines

    return {} if residency_reason(found.charter) else outlines(found)


def lock(path: Path, settings: Settings) -> Lock:
    """Return what a charter's lock would be now; the baseline is run for its fingerprint.

    Raises:
        ExecutionError: When the baseline fails.
        InvalidFileError: When it, or an arm that is tuned beside it, may not be sent the data.

    """
    from qgate.evidence.evidence import Evidence
    from qgate.evidence.record import make_observations, make_record
    from qgate.lock.lock import make_lock
    from qgate.measure.baseline_drift import fingerprint
    from qgate.trials import stages
    from qgate.trials.books import Books

    settings.refuse_other(path)
    opened = study(path, settings)
    tuned = [arm.role for arm in opened.charter.arms if arm.tuning or arm.strongest]
    refuse_elsewhere(opened, {"baseline", *tuned})
    found = stages.tune(opened)
    arms = stages.prepare(found, [found.charter.baseline])
    books = Books(settings.state / "owed", settings.progress.warn)  # the next run counts it
    results = stages.run(found, arms, found.plan.of("baseline"), books=books)
    stages.refuse_failures(results)
    record = make_record(found, results, replays=[])
    evidence = Evidence(record, make_observations(found, results, {}, attempt=0), path="")
    return make_lock(found.inputs, fingerprint(evidence))


def refuse_elsewhere(found: Study, roles: Collection[str]) -> None:
    """Refuse to send the data to arms of these roles that are where the data may not be.

    Raises:
        InvalidFileError: At the arm's `region`, or at the arm where it states none.

    """
    from qgate.charter.residency import ELSEWHERE, residency_refusals

    refused = residency_refusals(found.charter, roles)
    if findings := [found.source.finding(*each, code=ELSEWHERE) for each in refused]:
        raise InvalidFileError(findings)


def run(path: Path, settings: Settings) -> tuple[Evidence, Decision]:
    """Run a charter, write its evidence, log the attempt, and judge it.

    Where nothing has changed since an earlier run, that run's evidence is judged again. Runs of one
    pilot go one after the other.

    Raises:
        UsageError: When the charter cannot be run as it stands, or cannot be decided.

    """
    from qgate.evidence.turn import turn
    from qgate.gates.decision import judge
    from qgate.plan.study import open_study, read_terms

    settings.refuse_other(path)
    terms = read_terms(path, settings, VOCABULARY)
    basis = terms.basis(settings)
    if kept := _unchanged(terms, basis, settings):
        return kept, judge(kept)
    found = open_study(terms, settings)
    _admitted(found)  # before anything is written
    with turn(settings.turns, found.charter.pilot.name, settings.progress.note) as waited:
        if waited and (kept := _unchanged(terms, basis, settings)):
            return kept, judge(kept)
        return _attempt(found, _admitted(found), basis)


def _unchanged(terms: Terms, basis: str, settings: Settings) -> Evidence | None:
    """Return the evidence of an earlier run that this one would only repeat."""
    from qgate.evidence.audit_log import AuditLog
    from qgate.evidence.kept_runs import recall

    if settings.fresh or settings.rehearse or terms.foreign:
        return None
    kept = recall(settings.runs, basis, AuditLog(settings.log), settings.progress.warn)
    if kept:
        settings.progress.note(
            f"nothing has changed since the run of {kept.observations['created']}: its "
            "evidence is judged again (--fresh runs all of it again, as another attempt)"
        )
    return kept


def _admitted(found: Study) -> Standing:
    """Return where a pilot stands.

    Raises:
        InvalidFileError: With why its charter should not run now.

    """
    from qgate.measure.outlook import lock_refusals
    from qgate.review.standing import standing

    before = standing(found)
    if refused := [*lock_refusals(found), *before.refusals(found)]:
        raise InvalidFileError(refused)
    return before


def _attempt(found: Study, before: Standing, basis: str) -> tuple[Evidence, Decision]:
    """Return what a run comes to, written and logged."""
    from qgate.evidence.actor import actor
    from qgate.evidence.store import sealed
    from qgate.gates.decision import judge
    from qgate.measure.spending import plus, spent_of
    from qgate.review.standing import begin, put_on_record, put_verdict
    from qgate.trials.books import Books

    settings = found.settings
    begun = begin(found, basis)
    books = Books(settings.state / "owed", settings.progress.warn)
    found, gathered = measured(found, before.attempts + 1, spent=before.spent, books=books)
    observed = {**gathered.observations, "author": actor(), "log": dict(before.anchor)}
    if before.other_terms:
        observed["other_terms"] = dict(before.other_terms)
    decision = judge(sealed(gathered.record, observed, settings.store))
    try:
        if settings.rehearse:
            put_verdict(found, decision, begun)  # progress tells it: who is killed now has seen it
            spent = plus(before.spent, spent_of(gathered))
            observed["rehearsals"] = rehearse(found, decision, spent, books)
    finally:  # what ran is kept and counted, whatever becomes of a rehearsal
        evidence = sealed(gathered.record, observed, settings.store)
        served = not _needs_latency(found.charter) or len(observed["latency"]) == 2
        put_on_record(found, evidence, decision, begun, whole=served)
        books.settle()  # after the log: a kill in between counts twice, never not at all
    return evidence, judge(evidence) if settings.rehearse else decision


def rehearse(
    found: Study, decision: Decision, spent: Spending, books: Books
) -> list[dict[str, Any]]:
    """Return what the remediation of each gate that was not passed would come to."""
    from qgate.evidence.store import sealed, write_bundle
    from qgate.evidence.veil import veiled_reason
    from qgate.measure.spending import plus, spent_of
    from qgate.rollout.rehearsal import Gathered, rehearse

    if decision.stopped:
        return []  # what stopped the run would stop each rehearsal

    def gathered(remedied: Study) -> Gathered:
        nonlocal spent
        started = time.perf_counter()
        study, evidence = measured(remedied, 0, started, spent=spent, books=books)
        spent = plus(spent, spent_of(evidence))
        kept = sealed(evidence.record, evidence.observations, study.settings.store)
        write_bundle(kept, {}, study.settings.store)
        return Gathered(kept, time.perf_counter() - started)

    return [veiled_reason(entry, found) for entry in rehearse(found, decision, gathered)]


def measured(
    found: Study,
    attempt: int,
    started: float | None = None,
    *,
    spent: Spending | None = None,
    books: Books | None = None,
) -> tuple[Study, Evidence]:
    """Return a study as tuned, and its evidence, not yet written.

    Where an arm is run where the data may not be, or nobody knows where, no arm is tuned, made or
    sent anything; the evidence says so.

    Args:
        found: The study, not yet tuned.
        attempt: Which one on the same lock this is, 0 of a rehearsal.
        started: When the run began, on `time.perf_counter`; now where it is not told.
        spent: What the pilot's runs have spent in this month so far; None holds no month.
        books: Of what no logged run has counted; who logs the run settles them after it.

    """
    from qgate.charter.residency import residency_reason
    from qgate.trials import stages

    started = time.perf_counter() if started is None else started  # tuning counts too
    if reason := residency_reason(found.charter):
        return found, _withheld(found, attempt, reason)
    study = stages.tune(found)
    arms = stages.prepare(study, study.charter.trial_arms)
    return study, gather(study, arms, attempt, started, spent=spent, books=books)


def _withheld(found: Study, attempt: int, reason: str) -> Evidence:
    """Return the evidence of a run that stopped before any arm was made."""
    from qgate.evidence.evidence import Evidence
    from qgate.evidence.record import make_observations, make_record
    from qgate.gates.looks import looks_record
    from qgate.trials import stages

    record = make_record(
        found, {}, [], looks=looks_record(found.plan, 1), slices=found.slices,
        shot_seconds=stages.shot_seconds(found), stopped={"by": "residency", "reason": reason},
    )  # fmt: skip
    return Evidence(record, make_observations(found, {}, {}, attempt), path="")


def gather(
    found: Study,
    arms: Mapping[str, Arm],
    attempt: int,
    started: float | None = None,
    *,
    spent: Spending | None = None,
    books: Books | None = None,
) -> Evidence:
    """Return a study's evidence, not yet written: trials, look by look, replays, latency.

    At a cap of the budget it ends with what there is, and no replays or latency.

    Args:
        found: The study, tuned.
        arms: Prepared, by role.
        attempt: Which one on the same lock this is, 0 of a rehearsal.
        started: When the run began, on `time.perf_counter`; now where it is not told.
        spent: What the pilot's runs have spent in this month so far; None holds no month.
        books: Of what no logged run has counted.

    """
    from qgate.evidence.evidence import Evidence
    from qgate.evidence.record import make_observations, make_record
    from qgate.gates.looks import look_at, looks_record, settled
    from qgate.measure.meter import Meter, stop_record
    from qgate.measure.spending import plain
    from qgate.trials import stages

    def evidence(
        replays: Sequence[Any] = (), latencies: Mapping[str, Any] | None = None
    ) -> Evidence:
        record = make_record(
            found, results, replays, figures=figures, looks=looks, slices=found.slices,
            calibration=calibration, shot_seconds=shot_seconds, stopped=stopped,
        )  # fmt: skip
        paid = plain(meter.spending())
        observed = make_observations(found, results, latencies or {}, attempt, paid)
        return Evidence(record, observed, path="")

    plan, latency = found.plan, _needs_latency(found.charter)
    shot_seconds = stages.shot_seconds(found)
    begun = time.perf_counter() if started is None else started
    meter = Meter(plan, shot_seconds, begun, latency=latency, spent=spent)
    results: dict[str, TrialResult] = {}
    stopped: dict[str, Any] | None = None
    figures = stages.figures(arms)
    calibration = stages.calibration(found, figures)
    last = max(len(plan.ends), 1)
    for taken in range(1, last + 1):
        results |= stages.run(found, arms, plan.stage(taken - 1), meter, books)
        looks = looks_record(plan, taken)
        if meter.stopped or (taken < last and settled(look_at(evidence(), found.charter))):
            break
    if meter.closes():
        replays = stages.replay(found, results)
        return evidence(replays, stages.latency(found, arms) if latency else {})
    stopped, look = stop_record(meter, results, taken)
    looks = looks_record(plan, look)
    return evidence()


def _needs_latency(charter: Charter) -> bool:
    prices = charter.budget.prices
    gated = any("latency" in METRICS[gate.metric].needs for gate in charter.gates)
    return gated or (prices is not None and prices.per_second > 0)
