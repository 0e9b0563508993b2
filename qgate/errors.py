"""Every way in which qgate ends other than with a verdict.

Each error owns its exit code, and a stable code that `qgate explain` tells of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller. 1 is left out: it is what a crashed Python returns."""

    PASS = 0
    USAGE = 2
    GATE_FAILED = 10
    INCONCLUSIVE = 20
    COULD_NOT_RUN = 30
    BUG = 70
    INTERRUPTED = 130


_INVALID = "QG-E03"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong in a file, at a 1-based line and column."""

    file: str
    line: int
    column: int
    message: str
    severity: str = "error"
    code: str = _INVALID
    """Stable, of the table in qgate.codes."""

    def __str__(self) -> str:
        """Give the form that editors and CI annotations parse."""
        mark = "" if self.severity == "error" else f"{self.severity}: "
        return f"{self.file}:{self.line}:{self.column}: {mark}{self.message} [{self.code}]"


def coded(code: str, findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with a code; those that have a closer one than that of any file keep it."""
    return [replace(found, code=code) if found.code == _INVALID else found for found in findings]


class QgateError(Exception):
    """Root of all errors that a user may see; the message says what to do."""

    exit_code = ExitCode.BUG
    code = "QG-E70"
    """Stable, of the table in qgate.codes."""

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows in place of a traceback."""
        return [f"{type(self).__name__}: {self}", f"[{self.code}]: qgate explain {self.code}"]


class UsageError(QgateError):
    """The command line, a charter, a lock or a data file is not usable as it stands."""

    exit_code = ExitCode.USAGE
    code = "QG-E02"


class InvalidFileError(UsageError):
    """A file has findings; each names its line and column."""

    code = _INVALID

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Keep the findings in file order; the code is that of the first."""
        self.findings = tuple(findings)
        if findings:
            self.code = findings[0].code
        super().__init__("\n".join(str(finding) for finding in self.findings))

    def __reduce__(self) -> tuple[type[InvalidFileError], tuple[tuple[Finding, ...]]]:
        """Travel between processes with the findings."""
        return type(self), (self.findings,)


class TermError(UsageError):
    """A term of the charter that only its data or files show to be wrong."""

    code = "QG-E04"

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        """Keep the term's path in the charter's document apart from the message."""
        self.path, self._message = path, message
        super().__init__(path, message)  # both, so that it can travel between processes

    def __str__(self) -> str:
        """Return the message for people."""
        return self._message


class ExecutionError(QgateError):
    """The work is well described but could not be carried out here."""

    exit_code = ExitCode.COULD_NOT_RUN
    code = "QG-E30"


class InterruptedRunError(QgateError):
    """A person or the machine stopped the run; what was finished is kept."""

    exit_code = ExitCode.INTERRUPTED
    code = "QG-E130"


class InternalError(QgateError):
    """A bug in qgate; the boundary writes a report file."""

    exit_code = ExitCode.BUG
    code = "QG-E70"
