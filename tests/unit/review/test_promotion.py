"""Conditions of a promotion: each can forbid it, and people are counted, not names or keys."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qgate.charter.charter import Approvals
from qgate.errors import ExitCode
from qgate.evidence.log_entry import Entry
from qgate.evidence.store import evidence_of, open_bundle
from qgate.gates.decision import judge
from qgate.gates.verdict import Outcome
from qgate.lock.lock import Lock
from qgate.review.attested import Attested
from qgate.review.promotion import Clearance, clearance
from qgate.review.statements import Judged
from tests.unit.evidence import bundles

CREATED = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
NOW = CREATED + datetime.timedelta(days=2)
ROLES = Approvals(("owner",), ("sre", "lead", "cto"), required=1, max_age_days=7)
BY_DEV = Attested(
    "d", "decision", {}, frozenset({"k-dev"}), frozenset({"k-dev"}), frozenset({"dev"})
)


def approval(who: str, *keys: str) -> Attested:
    """Return an approval by people (commas between) with keys."""
    found = frozenset(keys or (f"k-{who}",))
    return Attested("a", "approval", {}, found, found, frozenset(who.split(",")))


def override(who: str, until: datetime.datetime) -> Attested:
    said = {"until": until.isoformat(), "reason": "outage"}
    return Attested("o", "override", said, frozenset({"k"}), frozenset({"k"}), frozenset({who}))


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """Return a bundle whose gates all passed, by hand."""
    observed = {**bundles.observations(), "author": "dev"}
    evidence = bundles.write(bundles.record(), observed, tmp_path / "store")
    bundle = open_bundle(evidence.digest, tmp_path / "store")
    decision = judge(evidence_of(bundle))
    passed = tuple(replace(v, outcome=Outcome.PASS) for v in decision.verdicts)
    return Judged(bundle, evidence, replace(decision, verdicts=passed))


def _clear(
    judged: Judged,
    *statements: Attested,
    now: datetime.datetime = NOW,
    lock: dict[str, Any] | None = None,
    digest: str = "",
    count: bool = True,
    entries: Sequence[Entry] = (),
    **roles: Any,
) -> Clearance:
    charter = judged.decision.charter
    charter = replace(charter, approvals=replace(ROLES, **roles), digest=digest or charter.digest)
    locked = Lock(lock or bundles.record()["lock"])
    return clearance(judged, charter, locked, statements, now, entries, count_overrides=count)


def _unmet(found: Clearance) -> list[str]:
    return [condition.name for condition in found.conditions if not condition.met]


def test_all_conditions_together_clear_it(judged: Judged) -> None:
    found = _clear(judged, BY_DEV, approval("sre"))
    assert (_unmet(found), found.exit_code) == ([], ExitCode.PASS)


@pytest.mark.parametrize(
    ("days", "met"), [(0, True), (7, True), (7.01, False), (400, False), (-0.5, False)]
)
def test_evidence_must_be_fresh(judged: Judged, days: float, met: bool) -> None:
    now = CREATED + datetime.timedelta(days=days)
    found = _clear(judged, BY_DEV, approval("sre"), now=now)
    assert _unmet(found) == ([] if met else ["fresh"])
    assert found.exit_code == (ExitCode.PASS if met else ExitCode.INCONCLUSIVE)
    assert _unmet(_clear(judged, BY_DEV, approval("sre"), now=now, max_age_days=None)) == (
        ["fresh"] if days < 0 else []
    )


@pytest.mark.parametrize(
    ("required", "signed", "met"),
    [
        (1, [], False),
        (1, [approval("dev")], False),  # who ran it, and no approver
        (1, [approval("stranger")], False),
        (1, [approval("sre"), BY_DEV], True),
        (1, [approval("sre")], False),  # nobody says who ran it
        (1, [approval("sre"), approval("lead")], True),
        (2, [approval("sre"), BY_DEV], False),
        (2, [approval("sre"), approval("sre"), BY_DEV], False),
        (2, [approval("sre", "k1"), approval("sre", "k2"), BY_DEV], False),  # two keys, one person
        (2, [approval("sre", "k"), approval("lead", "k"), BY_DEV], False),  # two names, one key
        (2, [approval("sre,lead", "k"), BY_DEV], False),
        (2, [approval("sre", "k1"), approval("sre,lead", "k2"), BY_DEV], False),
        (2, [approval("sre"), approval("lead"), BY_DEV], True),
        (3, [approval("sre"), approval("lead"), BY_DEV], False),
        (3, [approval("sre"), approval("lead"), approval("cto"), BY_DEV], True),
    ],
)
def test_people_are_counted(
    judged: Judged, required: int, signed: list[Attested], met: bool
) -> None:
    found = _clear(judged, *signed, required=required)
    assert _unmet(found) == ([] if met else ["approved"])
    assert found.exit_code == (ExitCode.PASS if met else ExitCode.INCONCLUSIVE)


def _ran_by(judged: Judged, author: str) -> Judged:
    observed = {**judged.evidence.observations, "author": author}
    return replace(judged, evidence=replace(judged.evidence, observations=observed))


@pytest.mark.parametrize("names", ["sre", "sre,other"])
def test_the_author_may_not_approve_alone_under_any_key(judged: Judged, names: str) -> None:
    found = _ran_by(judged, "sre")
    ran = replace(BY_DEV, principals=frozenset(names.split(",")), keys=frozenset({"k-ran"}))
    assert _unmet(_clear(found, ran, approval("sre", "k-another"))) == ["approved"]
    assert _unmet(_clear(found, ran, approval("sre", "k-another"), approval("lead"))) == []
    ran = replace(BY_DEV, keys=frozenset({"k-sre"}))
    assert _unmet(_clear(judged, ran, approval("sre", "k-sre"))) == ["approved"]
    assert _unmet(_clear(judged, ran, approval("sre", "k-sre"), approval("lead"))) == []


def test_names_outside_the_roles_tie_keys_to_a_person_too(judged: Judged) -> None:
    as_sre, as_lead = approval("dev,sre", "k2"), approval("dev,lead", "k3")
    assert _unmet(_clear(judged, BY_DEV, as_sre)) == ["approved"]
    assert _unmet(_clear(judged, BY_DEV, as_sre, as_lead, required=2)) == ["approved"]
    assert _unmet(_clear(judged, as_sre, as_lead)) == ["approved"]
    assert _unmet(_clear(judged, BY_DEV, as_sre, approval("cto"), required=2)) == []


@pytest.mark.parametrize("author", ["sre", "a-login-nobody-has", None])
def test_whoever_signs_is_not_thereby_who_ran_it(judged: Judged, author: str) -> None:
    """A colleague's signature must not make the author's own approval count."""
    found = _ran_by(judged, author)
    assert _unmet(_clear(found, BY_DEV, approval("sre"))) == ["approved"]
    assert _unmet(_clear(found, BY_DEV, approval("sre"), approval("lead"))) == []


def test_a_changed_charter_or_lock_forbids_it_whatever_was_signed(judged: Judged) -> None:
    signed = (BY_DEV, approval("sre"), override("owner", NOW + datetime.timedelta(days=1)))
    other = {**bundles.record()["lock"], "baseline": {"id": "another"}}
    for change in ({"digest": "0" * 64}, {"lock": other}):
        found = _clear(judged, *signed, **change)
        assert _unmet(found) == ["unchanged"]
        assert not found.overridden
        assert found.exit_code == ExitCode.INCONCLUSIVE


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.ERROR])
def test_gates_forbid_it_with_their_own_code(judged: Judged, outcome: Outcome) -> None:
    verdicts = judged.decision.verdicts
    failed = replace(judged.decision, verdicts=(replace(verdicts[0], outcome=outcome), verdicts[1]))
    found = _clear(replace(judged, decision=failed), BY_DEV, approval("sre"))
    assert _unmet(found) == ["gates"]
    assert found.exit_code == failed.exit_code != ExitCode.PASS


@pytest.mark.parametrize(
    ("who", "hours", "clears"),
    [("owner", 1, True), ("sre", 1, True), ("dev", 1, False), ("owner", 0, False)],
)
def test_an_override_by_who_may_until_its_end(
    judged: Judged, who: str, hours: int, clears: bool
) -> None:
    until = NOW + datetime.timedelta(hours=hours)
    found = _clear(judged, override(who, until), now=NOW, max_age_days=1)
    assert _unmet(found) == ["fresh", "approved"]
    assert found.overridden == clears
    assert found.exit_code == (ExitCode.PASS if clears else ExitCode.INCONCLUSIVE)


@pytest.mark.parametrize("outcome", [None, Outcome.FAIL, Outcome.INCONCLUSIVE])
def test_an_override_that_is_not_counted_is_told_and_changes_nothing(
    judged: Judged, outcome: Outcome | None
) -> None:
    if outcome is not None:
        verdicts = tuple(replace(v, outcome=outcome) for v in judged.decision.verdicts)
        judged = replace(judged, decision=replace(judged.decision, verdicts=verdicts))
    glass = override("owner", NOW + datetime.timedelta(hours=1))
    plain, without = _clear(judged, glass), _clear(judged, glass, count=False)
    assert (plain.overridden, without.overridden) == (True, False)
    assert without.overrides == plain.overrides == (glass,)
    assert without.exit_code == _clear(judged).exit_code != ExitCode.PASS
    assert without.exit_code == (judged.decision.exit_code or ExitCode.INCONCLUSIVE)
    assert without.why_not == f"{_clear(judged).why_not} (no override counted)"
    both = (BY_DEV, approval("sre"), glass)
    if outcome is None:
        assert _clear(judged, *both, count=False).exit_code == ExitCode.PASS


def test_why_not_stays_the_same_while_time_passes(judged: Judged) -> None:
    later = NOW + datetime.timedelta(days=30)
    assert _clear(judged).why_not == "not met: approved"
    assert _clear(judged, now=later).why_not == "not met: fresh, approved"
    assert _clear(judged, now=later + datetime.timedelta(days=1)).why_not == (
        _clear(judged, now=later).why_not
    )


def test_no_verdict_at_all_clears_nothing(judged: Judged) -> None:
    empty = replace(judged, decision=replace(judged.decision, verdicts=()))
    found = _clear(empty, BY_DEV, approval("sre"))
    assert _unmet(found) == ["gates"]
    assert found.exit_code == ExitCode.COULD_NOT_RUN


def _entry(action: str, time: datetime.datetime, what: str, pilot: str) -> Entry:
    facts = {"incident": "i-1", "what": what} if action == "incident" else {}
    stamp = time.isoformat(timespec="seconds")
    return Entry(1, stamp, "dev", action, pilot, "errors in production", {}, facts, "0" * 64)


def test_an_open_incident_or_a_rollback_since_the_run_forbids_it(judged: Judged) -> None:
    name = judged.decision.charter.pilot.name

    def unmet(*entries: Entry) -> list[str]:
        return _unmet(_clear(judged, BY_DEV, approval("sre"), entries=entries))

    opened = _entry("incident", NOW, "opened", name)
    assert unmet(opened) == ["clear"]
    assert unmet(opened, _entry("incident", NOW, "closed", name)) == []
    assert unmet(_entry("incident", NOW, "opened", "another pilot")) == []
    after = CREATED + datetime.timedelta(hours=1)
    assert unmet(_entry("rollback", after, "", name)) == ["clear"]
    assert unmet(_entry("rollback", CREATED - datetime.timedelta(days=1), "", name)) == []
