"""Stable codes: every error, verdict, decision and exit has one, and what they advise exists."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import typer.main

from qgate.arms.arm import TrialError
from qgate.cli.app import app
from qgate.cli.guidance import guidance
from qgate.codes import CODES, NAMED
from qgate.errors import ExitCode, QgateError
from qgate.gates.decision import Action
from qgate.gates.verdict import Outcome
from qgate.measure.registry import METRICS
from qgate.plugins.params import ParamError

KNOWN = {
    "QG-V10": "pass", "QG-V11": "exact pass", "QG-V20": "fail", "QG-V21": "exact failure",
    "QG-V30": "inconclusive", "QG-V31": "no bound", "QG-V32": "held open", "QG-V40": "error",
    "QG-D00": "promote", "QG-D10": "rollback", "QG-D20": "hold",
    "QG-X0": "0", "QG-X2": "2", "QG-X10": "10", "QG-X20": "20", "QG-X30": "30", "QG-X70": "70",
    "QG-X130": "130",
    "QG-E01": "command line", "QG-E02": "usage", "QG-E03": "invalid file",
    "QG-E04": "invalid term", "QG-E30": "could not run", "QG-E31": "machine", "QG-E70": "bug",
    "QG-E130": "interrupted",
    "QG-F01": "unreadable", "QG-F02": "unknown key", "QG-F03": "missing key",
    "QG-F04": "unfit value", "QG-F05": "contrary terms", "QG-F10": "not locked",
    "QG-F11": "undecidable", "QG-F12": "over budget", "QG-F13": "elsewhere",
}  # fmt: skip
"""What was said once keeps its meaning: a line here is never changed, only added."""


def _classes(root: type[QgateError]) -> Iterator[type[QgateError]]:
    yield root
    for found in root.__subclasses__():
        yield from _classes(found)


def test_codes_are_stable_and_no_name_has_two() -> None:
    assert {code: found.name for code, found in CODES.items()} == KNOWN
    assert len(NAMED) == len(CODES)


def test_every_error_verdict_decision_and_exit_has_a_code() -> None:
    found = set(_classes(QgateError))
    assert {TrialError, ParamError} <= found
    for error in found:
        assert CODES[error.code].kind == "error", error
        # An error's exit can be told from its code, but for the root.
        assert error.code.startswith("QG-E0") == (error.exit_code is ExitCode.USAGE), error
    for kind, words in (
        ("verdict", set(Outcome)),
        ("decision", set(Action)),
        ("exit code", {str(int(code)) for code in ExitCode}),
    ):
        assert {code.name for code in CODES.values() if code.kind == kind} == words


def _advised() -> set[str]:
    by_code = {command for code in CODES.values() for command in code.commands}
    return by_code | {c for terms in METRICS.values() for c in guidance(terms).commands}


@pytest.mark.parametrize("advice", sorted(_advised()))
def test_each_command_that_is_advised_exists_with_its_options(advice: str) -> None:
    words = re.sub(r'"[^"]*"', "TEXT", advice).split()
    command = typer.main.get_command(app)
    assert words.pop(0) == "qgate"
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
    if command.name == "qgate":  # no command of ours was named
        assert words in ([], ["--help"], ["COMMAND", "--help"])
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    assert {word for word in words if word.startswith("-")} <= options


def test_guidance_of_a_kind_of_metric_is_no_other_kinds() -> None:
    exact = {name for name, terms in METRICS.items() if terms.better == "exact"}
    told = {name for name, terms in METRICS.items() if "no bounds" in guidance(terms).narrows}
    assert told == exact
    assert "requests" in guidance(METRICS["latency_p99_ms"]).narrows
    assert "snapshots" in guidance(METRICS["calibration_drift"]).narrows
    assert "replicates" in guidance(METRICS["shot_noise_sd"]).narrows
    assert "items" in guidance(METRICS["val_f1"]).narrows
