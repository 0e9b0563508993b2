"""The decision: a pure function of all verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, NoReturn

from qgate.charter.charter import Charter
from qgate.display import Displayed, html_of
from qgate.errors import ExitCode, UsageError
from qgate.evidence.evidence import Evidence
from qgate.files import printable
from qgate.gates.looks import Look, looks_of
from qgate.gates.stopped import stated_stop, verdicts_of
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.comparison import Rule, rules
from qgate.measure.level import error_after, share_of_error


class Action(StrEnum):
    """What follows for production traffic."""

    PROMOTE = "promote"
    HOLD = "hold"
    ROLLBACK = "rollback"


@dataclass(frozen=True)
class Decision(Displayed):
    """Every verdict under a charter, what follows, and the evidence that it rests on."""

    charter: Charter
    verdicts: tuple[Verdict, ...]
    evidence_path: str
    evidence_digest: str
    observations_digest: str
    attempt: int
    other_terms: Mapping[str, int] = field(default_factory=dict)
    """How often each decision came out before under other locks, where the log knew."""
    hypothetical: bool = False
    """Whether the terms are others than those of the run: what would be, not what is."""
    looks: tuple[Look, ...] = ()
    """Every planned look that was taken, the last one being that of the verdicts."""
    circuits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Figures of each arm's circuit, and of the device that it was simulated on, by role."""
    comparison: tuple[Rule, ...] = ()
    """The rules of an honest comparison, each kept or not."""
    tuning: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What tuning tried and chose, by role."""
    rehearsals: tuple[Mapping[str, Any], ...] = ()
    """What the remediations of gates that were not passed would come to, where that was tried."""
    stopped: Mapping[str, Any] | None = None
    """Why the run was stopped before its end, and in `words` what to do; None where it was not."""
    overrides: tuple[Mapping[str, Any], ...] = ()
    """Promotions of this pilot against the gates that have not ended: who, why, until when."""
    overrides_unknown: str = ""
    """Why it is not known whether there are more; empty where it is."""

    def __repr__(self) -> str:
        """Return what follows and how many verdicts of each kind there are."""
        counted = Counter(str(verdict.outcome) for verdict in self.deciding)
        found = ", ".join(f"{count} {outcome}" for outcome, count in counted.items())
        would = "would " if self.hypothetical else ""
        said = f"{would}{self.action}".upper()
        return printable(f"<Decision {said} {self.charter.pilot.name}: {found}>")

    @property
    def error_each(self) -> float:
        """Return the largest chance that a deciding gate passes by luck in one attempt."""
        errors = (share_of_error(v.gate, self.charter.attempts) for v in self.deciding)
        return max(errors, default=0.0)

    @property
    def error_after_attempts(self) -> float:
        """Return that chance for all attempts so far together."""
        return error_after(self.attempt, self.error_each)

    @property
    def deciding(self) -> tuple[Verdict, ...]:
        """Return the verdicts that decide: not those of gates in shadow."""
        return tuple(verdict for verdict in self.verdicts if verdict.decides)

    @property
    def shadowed(self) -> tuple[Verdict, ...]:
        """Return the verdicts of gates in shadow."""
        return tuple(verdict for verdict in self.verdicts if not verdict.decides)

    @property
    def action(self) -> Action:
        """Return roll back if any gate failed, promote only if every gate passed, else hold."""
        return decide([verdict.outcome for verdict in self.deciding])[0]

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code of the decision."""
        return decide([verdict.outcome for verdict in self.deciding])[1]

    def __bool__(self) -> NoReturn:
        """Refuse to be taken for a pass, as `assert decision` would of any object.

        Raises:
            TypeError: Always.

        """
        raise TypeError("a decision is neither true nor false: compare its action or exit_code")

    def verdict(self, name: str) -> Verdict:
        """Return the verdict of the gate of this name.

        Raises:
            UsageError: When the charter has no such gate; the message names those that it has.

        """
        found = {verdict.gate.name: verdict for verdict in self.verdicts}
        if name not in found:
            raise UsageError(f"no gate {name!r} in this decision; it has {', '.join(found)}")
        return found[name]

    @property
    def came_before(self) -> str:
        """Return what the pilot came to under other locks, empty where nothing is known."""
        return ", ".join(f"{action} {count}x" for action, count in self.other_terms.items())

    def of(self, *outcomes: Outcome) -> tuple[Verdict, ...]:
        """Return the deciding verdicts with one of these outcomes, in the charter's order."""
        return tuple(verdict for verdict in self.deciding if verdict.outcome in outcomes)


class RunResult(NamedTuple):
    """What a run comes to; it unpacks as `evidence, decision`."""

    evidence: Evidence
    decision: Decision

    def _repr_html_(self) -> str:
        """Return the fragment of HTML that tells of the decision."""
        return html_of(self.decision)


def _same_experiment(terms: Charter, run: Charter) -> None:
    """Refuse to decide on what was never run."""
    differing = [
        section
        for section in ("data", "baseline", "candidate", "schedule")
        if terms.document.get(section) != run.document.get(section)
    ]
    if differing:
        raise UsageError(
            f"{terms.path} was not what ran: {', '.join(differing)} differ from the evidence's "
            "charter; only gates and what surrounds them can be tried on it"
        )


def decide(outcomes: Sequence[Outcome]) -> tuple[Action, ExitCode]:
    """Return action and exit code; a failure outweighs an error, an error an open question."""
    for outcome, action, code in (
        (Outcome.FAIL, Action.ROLLBACK, ExitCode.GATE_FAILED),
        (Outcome.ERROR, Action.HOLD, ExitCode.COULD_NOT_RUN),
        (Outcome.INCONCLUSIVE, Action.HOLD, ExitCode.INCONCLUSIVE),
        (Outcome.PASS, Action.PROMOTE, ExitCode.PASS),
    ):
        if outcome in outcomes:
            return action, code
    return Action.HOLD, ExitCode.COULD_NOT_RUN


def conclusion(decision: Decision) -> dict[str, Any]:
    """Return a decision in plain values, without words: what a bundle and a signature hold."""
    return {
        "decision": str(decision.action),
        "exit_code": int(decision.exit_code),
        "gates": [
            {
                "name": verdict.gate.name,
                "metric": verdict.gate.metric,
                "mode": verdict.gate.mode,
                "verdict": str(verdict.outcome),
                "value": verdict.measurement.value,
                "low": verdict.measurement.low,
                "high": verdict.measurement.high,
            }
            for verdict in decision.verdicts
        ],
    }


def judge(evidence: Evidence, charter: Charter | None = None) -> Decision:
    """Return the decision on stored evidence, under its own charter or another one's terms.

    Raises:
        UsageError: When the other charter is of another experiment: its data, arms or schedule
            are not those that were run.

    """
    terms = charter or evidence.charter
    _same_experiment(terms, evidence.charter)
    return Decision(
        charter=terms,
        verdicts=verdicts_of(evidence, terms),
        evidence_path=evidence.path,
        evidence_digest=evidence.digest,
        observations_digest=evidence.observations_digest,
        attempt=evidence.observations["attempt"],
        other_terms=evidence.observations.get("other_terms", {}),
        hypothetical=terms.digest != evidence.charter.digest,
        looks=looks_of(evidence, terms),
        circuits=evidence.record.get("figures", {}),
        comparison=rules(evidence) if evidence.record["trials"] else (),  # of nothing, none
        tuning=evidence.record.get("tuning", {}),
        rehearsals=tuple(evidence.observations.get("rehearsals", ())),
        stopped=stated_stop(evidence),
    )
