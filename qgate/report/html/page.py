"""The page: what stands on it, in the order in which it is read."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Template
from markupsafe import Markup

from qgate.files import typed
from qgate.gates.decision import Decision
from qgate.gates.reason_code import code_of_decision
from qgate.report import wording
from qgate.report.account import Account
from qgate.report.columns import cut
from qgate.report.html.charts import charts_of
from qgate.report.html.gates import (
    DECISIONS,
    FIRST,
    Detail,
    details_of,
    numbers_of,
    said,
    tally,
    views_of,
)
from qgate.report.html.provenance import provenance
from qgate.report.html.templates import environment
from qgate.rollout.rollback import RollbackPlan, remedy_words

_MOST_BYTES = 300_000
_LONGEST_STEP = 400
"""Characters of a step back, of which only a note can take more, where texts are cut at all."""


def render_html(account: Account) -> str:
    """Return the whole page; it asks for nothing else, and runs nothing.

    Of so many gates that the page would be too large less is told of each, and that is said; every
    gate stays named, with its numbers and its verdict.
    """
    page = ""
    for detail in details_of(account.decision):
        page = _rendered(account, detail)
        if len(page.encode()) <= _MOST_BYTES:
            break
    return page


def _rendered(account: Account, detail: Detail) -> str:
    decision, rollback = account.decision, account.rollback
    mark, kind = DECISIONS[str(decision.action)]
    stopping, passing, shadowed = views_of(decision, detail)
    steps = rollback.steps if rollback.required else ()
    page = _template().render(
        css=Markup(_part("page.css")),  # noqa: S704  # a file of this package
        headline=wording.headline(decision),
        mark=mark,
        kind=kind,
        decision=decision,
        charter=decision.charter,
        created=_moment(account.evidence.observations["created"]),
        lead=wording.traffic_words(decision, rollback),
        tally=tally(decision),
        warnings=_warnings(decision),
        steps=tuple(step if detail.longest is None else cut(step, _LONGEST_STEP) for step in steps),
        open_steps=() if rollback.required else _open_steps(decision, detail),
        commands=_commands(decision, rollback),
        stopping=stopping,
        passing=passing,
        shadowed=shadowed,
        shortened=_shortened(decision, detail),
        listed=detail.listed,
        numbers=numbers_of(decision),
        charts=charts_of(decision, account.evidence),
        notes=_notes(decision),
        provenance=provenance(account),
    )  # fmt: skip
    return str(page)


def _shortened(decision: Decision, detail: Detail) -> str:
    """Return what is left out of a page of very many gates, and where it is; mostly nothing."""
    total = len(decision.verdicts)
    if detail.whole >= total:
        return ""
    less = "without their drawings and facts" if detail.listed else "by their numbers alone"
    words = f"{total - detail.whole} of {total} gates are told {less}"
    if detail.longest is not None:
        words += f", and texts are cut after {detail.longest} characters"
    return (
        f"So that this page stays small, {words}: every gate in numbers stands below, and all that "
        f"is known of it in `qgate report {typed(decision.evidence_path)} --format json`."
    )


def _moment(created: str) -> str:
    return created.replace("T", " ").replace("+00:00", " UTC")


def _warnings(decision: Decision) -> tuple[str, ...]:
    stopped = wording.stop_sentence(decision)
    return (*wording.override_sentences(decision), *([stopped] if stopped else []))


def _open_steps(decision: Decision, detail: Detail) -> tuple[tuple[str, str, str], ...]:
    """Return gate, what to do, and owner of each gate that is open, where nothing is rolled back.

    Of a run that was stopped there is none: it is mended as a whole.
    """
    if decision.stopped:
        return ()
    return tuple(
        (verdict.gate.name, said(remedy_words(verdict), detail), verdict.gate.owner)
        for verdict in decision.of(*FIRST)
    )


def _commands(decision: Decision, rollback: RollbackPlan) -> list[tuple[str, str]]:
    """Return what to type, and what it is for, what matters now first."""
    evidence = typed(decision.evidence_path)
    found = [
        ("Run again", f"qgate run {typed(decision.charter.path)}"),
        ("Judge again, offline", wording.judge_command(decision)),
        ("Verify the evidence", f"qgate verify {evidence}"),
        ("What this decision means", f"qgate explain {code_of_decision(decision)}"),
    ]
    back = ("Print the steps back", rollback.command)
    if decision.hypothetical:
        return found
    if str(decision.action) == "promote":
        promote = ("Promote", f"qgate promote --check {evidence}")
        approve = [("Approve", f"qgate approve {evidence} --key KEY")]
        return [*approve[: decision.charter.approvals.required], promote, back, *found]
    return [back, *found] if rollback.required else found


def _notes(decision: Decision) -> list[tuple[str, Sequence[str]]]:
    """Return what else the decision rests on, by heading; what is empty is left out."""
    attempts = [wording.attempt_sentence(decision), wording.rehearsal_sentence(decision)]
    found: list[tuple[str, Sequence[str]]] = [
        ("Claims", [wording.claims_sentence(decision)]),
        ("Comparison", wording.comparison_sentences(decision)),
        ("Attempts", [words for words in attempts if words]),
        ("Planned looks", wording.look_sentences(decision)),
        ("Circuits", wording.circuit_sentences(decision)),
        ("Tuning", wording.tuning_sentences(decision)),
    ]
    return [(heading, words) for heading, words in found if words]


@functools.cache
def _template() -> Template:
    return environment({"page": _part("page.html.j2")}).get_template("page")


def _part(name: str) -> str:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return re.sub(r"\n\s+", "\n", text)
