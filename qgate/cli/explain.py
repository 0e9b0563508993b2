"""`qgate explain`."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.codes import CODES, NAMED, Code
from qgate.errors import ExitCode, UsageError
from qgate.files import shown, told, typed

if TYPE_CHECKING:
    from qgate.charter.charter import Charter, Gate
    from qgate.charter.vocabulary import MetricTerms

_INDENT = "    "
_KINDS = (
    ("verdict", "verdicts"), ("decision", "decisions"), ("exit code", "exit codes"),
    ("reason", "reasons"), ("error", "errors"), ("finding", "findings"),
)  # fmt: skip


def command(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="A metric, gate, verdict, decision, exit code or code such as QG-E03.",
        ),
    ] = None,
    charter: Annotated[
        Path | None,
        typer.Option("--charter", metavar="FILE", help="The charter that NAME is a gate of."),
    ] = None,
) -> int:
    """Explain a metric, gate, verdict, decision, exit code or error: meaning, remedy, commands."""
    from qgate.cli.console import width_of
    from qgate.measure.registry import METRICS

    width = min(width_of(sys.stdout), 100)
    terms = _charter(charter) if charter else None
    if name is None:
        lines = _index(terms, METRICS, width)
    elif terms and (gate := next((gate for gate in terms.gates if gate.name == name), None)):
        lines = _gate(gate, terms, METRICS[gate.metric], width)
    elif name in METRICS:
        lines = _metric(METRICS[name], width)
    elif found := NAMED.get(name.lower()) or CODES.get(name.upper()):
        lines = _code(found, width)
    else:
        gates = [gate.name for gate in terms.gates] if terms else []
        aside = "" if terms else " (a gate's name: with --charter FILE)"
        raise UsageError(_unknown(name, [*gates, *METRICS, *NAMED, *CODES]) + aside)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return ExitCode.PASS


def _charter(path: Path) -> Charter:
    from qgate.pipeline import load
    from qgate.plan.settings import Settings

    return load(path, Settings(files=False))


def _unknown(name: str, known: list[str]) -> str:
    by_folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(name.casefold(), by_folded, 3)
    hint = f"did you mean {' or '.join(by_folded[each] for each in near)}?" if near else ""
    return f"{told(name)} is not known; {hint or 'qgate explain lists what is'}"


def _index(charter: Charter | None, metrics: dict[str, MetricTerms], width: int) -> Iterator[str]:
    if charter is not None:
        yield from _entry("gates", ", ".join(gate.name for gate in charter.gates), width)
    for kind, title in _KINDS:
        codes = [code for code in CODES.values() if code.kind == kind]
        known = (f"{code.name} ({code.code})" for code in codes)
        yield from _entry(title, ", ".join(known), width)
    yield from _entry("metrics", ", ".join(metrics), width)
    yield ""
    yield "qgate explain NAME, or qgate explain GATE --charter FILE"


def _code(found: Code, width: int) -> Iterator[str]:
    from qgate.report.columns import hung

    heading = f"({found.kind}, {found.code}): {found.title}"
    yield from hung(f"{found.name}  ", heading, width)
    yield from _entry("means", found.meaning, width)
    yield from _entry("to do", found.remedy, width)
    yield from _commands(found.commands)


def _metric(terms: MetricTerms, width: int, charter: str = "CHARTER") -> Iterator[str]:
    from qgate.cli.guidance import guidance
    from qgate.cli.metrics import described

    advice = guidance(terms)
    yield from described(terms, width)
    if terms.task is not None:
        yield from _entry("of", f"tasks of {terms.task} only", width)
    yield from _entry("narrows", advice.narrows, width)
    yield from _entry("to do", advice.remedy, width)
    yield from _commands(each.replace("CHARTER", charter) for each in advice.commands)


def _gate(gate: Gate, charter: Charter, terms: MetricTerms, width: int) -> Iterator[str]:
    from qgate.rollout.rollback import remediation_words

    yield f"{gate.name}  (gate of {charter.pilot.name}, {shown(Path(charter.path))})"
    mode = "" if gate.mode == "enforce" else "; in shadow: judged and shown, deciding nothing"
    yield from _entry("passes", f"{_threshold(gate, terms)}{mode}", width)
    yield from _entry("owner", gate.owner, width)
    yield from _entry("if not", remediation_words(gate), width)
    yield ""
    yield from _metric(terms, width, typed(shown(Path(charter.path))))


def _threshold(gate: Gate, terms: MetricTerms) -> str:
    from qgate.measure.units import in_words

    def say(value: float) -> str:
        return in_words(value, terms.unit, difference=terms.in_points)

    if terms.better == "exact":
        return "when there is no mismatch"
    threshold = gate.threshold
    limits = [
        f"{words} {limit}"
        for words, limit in (
            ("at least", None if threshold.low is None else say(threshold.low)),
            ("at most", None if threshold.high is None else say(threshold.high)),
            (
                "at most",
                None if threshold.vs_baseline is None
                else f"{threshold.vs_baseline:g} times the baseline's",
            ),
        )
        if limit is not None
    ]  # fmt: skip
    level = f"{100 * gate.confidence:.4g}%"
    return (
        f"when {terms.name} is {' and '.join(limits)}, with {level} confidence where it has bounds"
    )


def _entry(title: str, text: str, width: int) -> Iterator[str]:
    from qgate.report.columns import hung

    yield from hung(f"{_INDENT}{title:<12}", text, width)


def _commands(commands: Iterator[str] | tuple[str, ...]) -> Iterator[str]:
    yield from (
        f"{_INDENT}{'' if number else 'type':<12}{each}" for number, each in enumerate(commands)
    )
