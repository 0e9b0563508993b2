"""Evidence of every kind, the page that tells of it, and a strict reader of pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from qgate.evidence.evidence import Evidence
from qgate.evidence.store import Bundle
from qgate.gates.decision import Decision, judge
from qgate.report.account import Account
from qgate.report.html.page import render_html
from qgate.rollout.rollback import rollback_after
from tests.unit.measure import small
from tests.unit.measure.drifts import calibration, with_calibration

OBSERVED: dict[str, Any] = {
    "created": "2026-01-01T00:00:00+00:00",
    "machine": {"python": "3.11", "platform": "test"},
}
TRUTH = small.TRUTH * 12
SEEDS = (1, 2, 3)
VOID = frozenset({"meta", "link", "br", "hr", "img", "input"})


def clause(name: str, metric: str, **terms: Any) -> dict[str, Any]:
    """Return a gate as a charter has it."""
    owned = {"owner": "a@example.com", "remediation": [{"rerun": "parity"}]}
    return {"name": name, "metric": metric, **owned, **terms}


GATES = [
    clause("parity", "val_accuracy_gap_vs_classical", max=0.1),
    clause("p95", "latency_p95_ms", max=20),
    clause("noise", "shot_noise_sd", max=0.5),
    clause("floor", "val_accuracy", min=0.5, mode="shadow"),
]
STOP = {
    "by": "budget", "cap": "shots", "limit": 5000, "spent": 4096, "needs": 8190, "seeds": 2,
    "reason": "4,096 of 5,000 shots are spent, and the next trial takes about 1,024",
}  # fmt: skip


def measured(
    wrong: Sequence[int] = (0, 7), gates: Sequence[dict[str, Any]] = GATES, **change: Any
) -> Evidence:
    """Return evidence at two shot counts, two replicates each, with latencies of both arms."""
    terms = small.document(SEEDS, (256, 1024), gates=list(gates), **change)
    trials = [small.trial("baseline", seed, small.wrong_on(3, truth=TRUTH)) for seed in SEEDS]
    for shots in (256, 1024):
        trials += [
            small.trial("candidate", s, small.wrong_on(*wrong, s + r, truth=TRUTH), shots=shots,
                        replicate=r, serving=5)
            for s in SEEDS for r in (0, 1)
        ]  # fmt: skip
    served = {
        "candidate": small.times([4 + (i * 37 % 101) / 20 for i in range(600)]),
        "baseline": small.times([1 + (i * 53 % 97) / 90 for i in range(600)]),
    }
    spending = {"circuits": 60, "shots": 38400, "qpu_seconds": None, "usd": 1.5, "seconds": 9.0}
    return small.evidence(
        trials, truth=TRUTH, charter=terms, latency=served, spending=spending, **OBSERVED
    )


def failed() -> Evidence:
    """Return evidence of which a trial failed: gates that cannot be measured."""
    run = measured()
    trials = [dict(trial) for trial in run.record["trials"]]
    trials[-1] |= {"predictions": None, "failure": "<b>singular</b>"}
    return replace(run, record={**run.record, "trials": trials})


def stopped() -> Evidence:
    """Return evidence of a run that its budget stopped."""
    run = measured(budget={"shots": 5000})
    return replace(run, record={**run.record, "stopped": STOP})


def unserved() -> Evidence:
    """Return evidence without latency."""
    run = measured(gates=GATES[:1])
    return replace(run, observations={**run.observations, "latency": {}})


def locked() -> Evidence:
    """Return evidence with a lock."""
    held = {"inputs": small.INPUTS, "baseline": small.lock().document["baseline"]}
    run = measured()
    return replace(run, record={**run.record, "lock": held})


def regression() -> Evidence:
    """Return evidence of numbers, each seed with a validation set of its own."""
    truths = [[0.1 * item + seed for item in range(40)] for seed in SEEDS]
    arm = {"id": "r", "estimator": "sklearn.linear_model.Ridge"}
    split = {"fraction": 0.5, "seed": 1, "resample": True}
    terms = small.document(
        SEEDS, gates=[clause("parity", "val_rmse_gap_vs_classical", max=0.5)], baseline=arm,
        candidate={**arm, "id": "s"}, schedule={"seeds": list(SEEDS)},
        data={"path": "data.csv", "target": "y", "task": "regression", "validation": split},
    )  # fmt: skip
    trials: list[Any] = []
    for row, seed in zip(truths, SEEDS, strict=True):
        for arm_of, off in (("baseline", 0.2), ("candidate", 0.3)):
            found = [value + off * (-1) ** place for place, value in enumerate(row)]
            trials.append(small.trial(arm_of, seed, found))
    return small.evidence(trials, truth=truths, classes=(), charter=terms, **OBSERVED)  # type: ignore[arg-type]


def drifted() -> Evidence:
    """Return evidence of a device that was calibrated again."""
    return with_calibration(measured(), candidate=calibration(planted={("t1_s", 1): 0.3}))


def confidential() -> Evidence:
    """Return evidence as it is kept of confidential data: opaque classes, items and slices."""
    data = {"path": "data.csv", "target": "y", "slice": "group", "classification": "confidential"}
    sliced = clause("each slice", "val_accuracy_gap_vs_classical", max=0.1, slices="all")
    run = measured(gates=[*GATES, sliced], data={**data, "validation": {"fraction": 0.5}})
    names = [f"slice-{number:016x}" for number in (0x3A, 0xC4, 0xF1)]
    veiled = {
        "classes": ["class-0", "class-1"],
        "items": [f"{item:032x}" for item in range(len(TRUTH))],
        "slices": {
            "column": "group",
            "values": [names[item % 3] for item in range(len(TRUTH))],
            "known": names,
        },
    }
    return replace(run, record={**run.record, **veiled})


def solved() -> Evidence:
    """Return evidence of solvers on problems: values, not labels."""
    best = [10.0, 8.0, 4.0, 20.0, 6.0, 30.0]
    short = {1: 0.9, 2: 0.8, 3: 0.95}
    found = {
        seed: [value * (share if item % 2 else 1) for item, value in enumerate(best)]
        for seed, share in short.items()
    }
    gates = [
        clause("parity", "val_approximation_ratio_gap_vs_classical", max=0.25),
        clause("optimum", "optimum_reached", min=0.2),
    ]
    terms = small.document(
        SEEDS, gates=gates,
        data={"task": "optimization", "problems": [{"path": f"{n}.mc", "optimum": 0} for n in
                                                   range(len(best))]},
        baseline={"id": "annealing", "solver": {"method": "greedy"}},
        candidate={"id": "qaoa", "quantum_solver": {"reps": 1}},
    )  # fmt: skip
    trials: Any = small.both(found, best)  # type: ignore[arg-type]
    return small.evidence(trials, truth=best, classes=(), charter=terms, **OBSERVED)  # type: ignore[arg-type]


KINDS: dict[str, Callable[[], Evidence]] = {
    "measured": measured,
    "a gate failed": lambda: measured(range(60)),
    "a trial failed": failed,
    "stopped": stopped,
    "no latency": unserved,
    "locked": locked,
    "regression, resampled": regression,
    "drifted": drifted,
    "confidential": confidential,
    "optimization": solved,
}


def account(evidence: Evidence, decision: Decision | None = None) -> Account:
    """Return the account of evidence that stands in no bundle."""
    decided = judge(evidence) if decision is None else decision
    bundle = Bundle(Path("somewhere"), {"digest": "b" * 64}, {}, {})
    made = Account(decided, rollback_after(decided), bundle)
    made.__dict__["evidence"] = evidence  # as if it had been read
    return made


def page(evidence: Evidence, decision: Decision | None = None) -> str:
    """Return the page of evidence."""
    return render_html(account(evidence, decision))


@dataclass
class Seen:
    """An element: its tag, its attributes, and the tags that it stands in."""

    tag: str
    attributes: dict[str, str]
    within: tuple[str, ...]
    text: str = field(default="")


class Reader(HTMLParser):
    """Reads a page, and refuses what a browser would mend."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[Seen] = []
        self.open: list[Seen] = []
        self.feed(text)
        self.close()
        assert not self.open, f"{self.open[-1].tag} is never closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f"<{tag}> has an attribute twice"
        found = Seen(tag, {n: v or "" for n, v in attrs}, tuple(e.tag for e in self.open))
        self.seen.append(found)
        if tag not in VOID:
            self.open.append(found)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, tag: str) -> list[Seen]:
        """Return every element of a tag."""
        return [element for element in self.seen if element.tag == tag]
