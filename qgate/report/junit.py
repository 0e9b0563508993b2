"""The decision as JUnit XML: one test case a gate, in the form that Jenkins and GitLab accept."""

from __future__ import annotations

from junitparser import Error, Failure
from junitparser.xunit2 import JUnitXml, TestCase, TestSuite

from qgate.gates.decision import Decision
from qgate.gates.reason_code import code_of, code_of_decision
from qgate.gates.verdict import Outcome, Verdict
from qgate.report.notice import facts
from qgate.report.wording import (
    attempt_sentence,
    claims_sentence,
    headline,
    look_sentences,
    override_sentences,
    rehearsal_sentence,
    stop_sentence,
)
from qgate.rollout.rollback import RollbackPlan

_RESULTS = {
    Outcome.FAIL: (Failure, "fail"),
    Outcome.INCONCLUSIVE: (Error, "inconclusive"),
    Outcome.ERROR: (Error, "error"),
}


def render_junit(decision: Decision, rollback: RollbackPlan) -> str:
    """Return the XML; inconclusive is an error, since it may not count as passed."""
    suite = TestSuite(_clean(decision.charter.pilot.name))
    said = [
        *override_sentences(decision),
        stop_sentence(decision),
        claims_sentence(decision),
        attempt_sentence(decision),
        rehearsal_sentence(decision),
        *look_sentences(decision),
        f"{headline(decision)}: qgate explain {code_of_decision(decision)}",
    ]
    suite.system_out = _clean(" ".join(sentence for sentence in said if sentence))
    for verdict in decision.verdicts:
        suite.add_testcase(_case(decision, verdict, rollback))
    xml = JUnitXml("qgate")
    xml.add_testsuite(suite)
    xml.update_statistics()
    return str(xml.tostring().decode("utf-8")) + "\n"


def _case(decision: Decision, verdict: Verdict, rollback: RollbackPlan) -> TestCase:
    case = TestCase(_clean(verdict.gate.name), f"qgate.{_clean(decision.charter.pilot.name)}", 0.0)
    if not verdict.decides:
        told = f"in shadow, {verdict.outcome}: {verdict.reason}"
        if verdict.outcome is not Outcome.PASS:
            told += f"\nqgate explain {code_of(decision, verdict)}"
        case.system_out = _clean(told)
    elif verdict.outcome in _RESULTS:
        kind, name = _RESULTS[verdict.outcome]
        result = kind(_clean(verdict.reason), name)
        lines = (verdict.reason, *facts(decision, verdict, rollback))
        result.text = _clean("".join(f"{line}\n" for line in lines))
        case.result = [result]
    return case


def _clean(text: str) -> str:
    """Drop the control characters that XML 1.0 cannot carry."""
    return "".join(c for c in text if c in "\t\n\r" or (ord(c) >= 32 and c not in "\ufffe\uffff"))
