"""A charter as a file of tests: `promote` for its decision, and one for each of its gates."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qgate.errors import QgateError
from qgate.pytest_plugin.answers import PREFIX, VERDICT, of_decision, of_gate
from qgate.pytest_plugin.running import CouldNotRunError, run_once

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr

PROMOTE = "promote"
_SUFFIXES = (".yaml", ".yml")
_OURS = re.compile(rb"^(pilot|baseline|candidate|gates)[ \t]*:", re.MULTILINE)
"""Keys at a charter's left edge; other tools' YAML files lie about too."""
_MOST_BYTES = 4_000_000


class NotPassedError(Exception):
    """A gate that was not passed; the message is what its report says."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Return a charter's file: of those that are named all, of the others what looks like one."""
    if file_path.suffix not in _SUFFIXES:
        return None
    if not parent.session.isinitpath(file_path) and not _looks_like_one(file_path):
        return None
    return CharterFile.from_parent(parent, path=file_path)


def _looks_like_one(path: Path) -> bool:
    if path.with_name("observations.json").exists():
        return False  # the copy in a bundle of evidence
    try:
        with path.open("rb") as stream:
            return bool(_OURS.search(stream.read(_MOST_BYTES)))
    except OSError:
        return True  # collecting it says what is wrong


class CharterFile(pytest.File):
    """A charter."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the decision, then each gate in the charter's order.

        Raises:
            CollectError: With every finding's line and column.

        """
        from qgate.pipeline import load
        from qgate.plan.settings import Settings

        # What the run may read and import is the run's own question, whose options it has.
        settings = Settings(files=False, allow_outside=True)
        try:
            charter = load(Path(os.path.relpath(self.path)), settings)
        except QgateError as error:
            raise self.CollectError(str(error)) from None
        yield CharterItem.from_parent(self, name=PROMOTE)
        for gate in charter.gates:
            # No gate's name may hold a parenthesis, so every test has a name of its own.
            name = f"{PROMOTE} (gate)" if gate.name == PROMOTE else gate.name
            yield CharterItem.from_parent(self, name=name, gate=gate.name)


class CharterItem(pytest.Item):
    """A charter's decision, or the verdict of one of its gates."""

    def __init__(self, *, gate: str | None = None, **of_pytest: Any) -> None:
        """Make the test of a gate, or of the decision."""
        super().__init__(**of_pytest)
        self.gate = gate

    def runtest(self) -> None:
        """Have the charter run, where no other item of it has, and give this item's answer."""
        others = [each for each in self.user_properties if not each[0].startswith(PREFIX)]
        self.user_properties = [*others, (VERDICT, "error")]  # a rerun begins anew
        decision = run_once(self.config, self.path)
        answer = of_gate(decision, self.gate) if self.gate else of_decision(decision)
        self.user_properties = [*others, *answer.properties]
        if answer.blocks:
            raise NotPassedError(answer.text)
        self.add_report_section("call", "qgate", answer.text)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None
    ) -> str | TerminalRepr:
        """Return what stands in the way; no traceback, which would be pytest's own."""
        if isinstance(excinfo.value, NotPassedError | CouldNotRunError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the charter, and what is asked of it."""
        return self.path, 0, f"{self.name} of {self.path.name}"
