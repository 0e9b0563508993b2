"""A charter held against everything around it; imports nothing heavy."""

from __future__ import annotations

import datetime
from pathlib import Path

from qgate.charter.charter import Charter
from qgate.charter.load import examine
from qgate.charter.meaning import DEFAULT_IMPORTS, Surroundings
from qgate.charter.vocabulary import Vocabulary
from qgate.charter.yaml_reader import MOST_FINDINGS, Source
from qgate.data.columns import column_findings
from qgate.errors import Finding, InvalidFileError, TermError, coded
from qgate.files import project_root, resolved, shown
from qgate.plan.settings import Settings


def examined(
    path: Path, settings: Settings, vocabulary: Vocabulary
) -> tuple[Charter, Source, list[Finding]]:
    """Return a charter, its source and its findings, warnings included; at most 100.

    Raises:
        InvalidFileError: When its YAML or its shape do not allow a Charter.

    """
    around = Surroundings(
        resolved(path).parent,
        project_root(path),
        vocabulary,
        DEFAULT_IMPORTS | settings.allow_imports,
        settings.allow_outside,
        settings.files,
    )
    charter, source, findings = examine(path, shown(path), around)
    if settings.files:
        findings += coded(TermError.code, column_findings(charter, source, around))
        if charter.approvals.signers:
            findings += _approval_findings(charter, source, around)
        findings.sort(key=lambda finding: (finding.line, finding.column))
    if len(findings) > MOST_FINDINGS:
        errors = [finding for finding in findings if finding.severity == "error"]
        findings = (errors or findings)[:MOST_FINDINGS]
    return charter, source, findings


def _approval_findings(charter: Charter, source: Source, around: Surroundings) -> list[Finding]:
    from qgate.plan.approval import approval_findings  # what reads keys is not needed elsewhere

    now = datetime.datetime.now(datetime.UTC)
    return list(approval_findings(charter, source, around, now))


def valid(path: Path, settings: Settings, vocabulary: Vocabulary) -> tuple[Charter, Source]:
    """Return a charter without errors.

    Raises:
        InvalidFileError: With every error's line and column.

    """
    charter, source, findings = examined(path, settings, vocabulary)
    if errors := [finding for finding in findings if finding.severity == "error"]:
        raise InvalidFileError(errors)
    return charter, source
