"""Numbered steps that send all traffic back to the last known-good classical service."""

from __future__ import annotations

from dataclasses import dataclass

from qgate.charter.charter import Action, Charter, Gate
from qgate.files import typed
from qgate.gates.decision import Decision
from qgate.gates.verdict import Outcome, Verdict

_ROUTES = {
    "blue_green": "Switch the live side from {candidate} to {service} in one step, so that "
    "{service} takes 100% of the traffic; keep {candidate} running without traffic until step "
    "{verify} holds.",
    "canary": "Raise the weight of {service} to 100% first, then set {candidate} to 0%, so that "
    "no moment has both at 0; drain open requests.",
    "rolling": "Replace the instances of {candidate} by {service} one at a time, draining each "
    "first, until {service} takes 100% of the traffic.",
}

_VERBS = {
    "disable": "disable layer `{0}`",
    "rerun": "re-run {0}",
    "set_shots": "set shots to {0}",
    "recalibrate": "recalibrate {0}",
    "restore": "restore {0}",
    "notify": "notify {0}",
}
_GOING_BACK = ("restore", "route_traffic")


@dataclass(frozen=True)
class RollbackPlan:
    """What to do to go back, in order; `required` when a gate failed."""

    required: bool
    strategy: str
    to: str
    approver: str
    steps: tuple[str, ...]
    command: str


def rollback_after(decision: Decision) -> RollbackPlan:
    """Return the way back that a decision calls for."""
    failed = tuple(verdict.gate for verdict in decision.of(Outcome.FAIL))
    return rollback_plan(decision.charter, failed)


def rollback_plan(charter: Charter, failed: tuple[Gate, ...] = ()) -> RollbackPlan:
    """Return the way back, with the remediation of each failed gate."""
    back = charter.rollback
    words = {"candidate": charter.candidate.id, "service": back.to, "verify": 3}
    command = f"qgate rollback {typed(charter.path)}"
    verify = f"run `{back.verify}`" if back.verify else "its health check and error rate are normal"
    steps = [
        f"Get the approval of {back.approver} to send all traffic to {back.to}.",
        _ROUTES[back.strategy].format(**words),
        f"Verify {back.to}: {verify}, and no request reaches {charter.candidate.id}.",
        *(
            f"Remedy gate `{gate.name}` (owner {gate.owner}): {remediation_words(gate)}."
            for gate in failed
        ),
        f"Run the parity suite again before any new promotion: qgate run {typed(charter.path)}",
        f"Put on record that all traffic is back: {command} --done --reason TEXT",
    ]
    return RollbackPlan(
        required=bool(failed),
        strategy=back.strategy,
        to=back.to,
        approver=back.approver,
        steps=tuple(steps),
        command=f"{command} --dry-run",
    )


def remediation_words(gate: Gate) -> str:
    """Return a gate's remediation in a sentence, with its note."""
    actions = ", then ".join(_in_words(action) for action in gate.remediation)
    return f"{actions} ({gate.note})" if gate.note else actions


def remedy_words(verdict: Verdict) -> str:
    """Return the remediation as it stands to a verdict: nothing goes back before a gate failed."""
    gate, words = verdict.gate, remediation_words(verdict.gate)
    undecided = verdict.outcome in (Outcome.INCONCLUSIVE, Outcome.ERROR)
    if undecided and all(action.verb in _GOING_BACK for action in gate.remediation):
        return f"if it fails: {words}"
    return words


def _in_words(action: Action) -> str:
    if action.verb == "route_traffic":
        return f"route {action.object['percent']:g}% of the traffic to {action.object['to']}"
    return _VERBS[action.verb].format(action.object)
