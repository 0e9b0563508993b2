"""The table that says what follows from the facts of a comparison."""

from __future__ import annotations

from enum import StrEnum

from qgate.errors import ExitCode


class Fact(StrEnum):
    """What is so of two bundles, A the older."""

    SAME_EVIDENCE = "record and observations have the same digests"
    FELL = "an enforced gate fails in B and did not in A, or B is a roll back and A was none"
    WORSENED = (
        "a measurement, or the candidate's own part of a gap, is shown to be worse in B, and no "
        "changed input but the candidate can have done it"
    )
    BASELINE_MOVED = "the baseline answers the same items otherwise"
    DRIFTED = (
        "something moved that rests on changed inputs other than the candidate, or is shown to be "
        "worse with other seeds of the same candidate"
    )
    OPENED = "a gate that passed is open in B, or is in error and was not, or is open and is new"
    UNASKED = "an enforced gate of A is not asked, or in shadow, in B"
    UNTOLD = "a value is worse in B, and no interval tells it from luck"


class Answer(StrEnum):
    """What the first line says."""

    SAME = "the same evidence"
    NO_WORSE = "no worse"
    WORSE = "worse"
    EVIDENCE_DRIFT = "evidence drift"
    INPUTS_DRIFTED = "inputs drifted"
    CANNOT_SAY = "cannot say"


TABLE: tuple[tuple[frozenset[Fact], Answer, ExitCode], ...] = (
    (frozenset({Fact.SAME_EVIDENCE}), Answer.SAME, ExitCode.PASS),
    (frozenset({Fact.FELL, Fact.BASELINE_MOVED}), Answer.EVIDENCE_DRIFT, ExitCode.GATE_FAILED),
    (frozenset({Fact.FELL}), Answer.WORSE, ExitCode.GATE_FAILED),
    (frozenset({Fact.WORSENED, Fact.BASELINE_MOVED}), Answer.EVIDENCE_DRIFT, ExitCode.GATE_FAILED),
    (frozenset({Fact.WORSENED}), Answer.WORSE, ExitCode.GATE_FAILED),
    (frozenset({Fact.BASELINE_MOVED}), Answer.EVIDENCE_DRIFT, ExitCode.INCONCLUSIVE),
    (frozenset({Fact.DRIFTED}), Answer.INPUTS_DRIFTED, ExitCode.INCONCLUSIVE),
    (frozenset({Fact.OPENED}), Answer.CANNOT_SAY, ExitCode.INCONCLUSIVE),
    (frozenset({Fact.UNASKED}), Answer.CANNOT_SAY, ExitCode.INCONCLUSIVE),
    (frozenset({Fact.UNTOLD}), Answer.CANNOT_SAY, ExitCode.INCONCLUSIVE),
    (frozenset(), Answer.NO_WORSE, ExitCode.PASS),
)
"""The first row all of whose facts hold is the answer. A gate's fall is a fact whatever its cause,
which the answer names; a worse measurement counts only where the candidate can be blamed."""


def answered(facts: frozenset[Fact]) -> tuple[Answer, ExitCode]:
    """Return the answer and the exit code of the first row of the table whose facts all hold."""
    return next((answer, code) for needed, answer, code in TABLE if needed <= facts)
