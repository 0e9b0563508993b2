"""Read, validate and build a charter."""

from __future__ import annotations

from pathlib import Path

from qgate.charter.build import build_charter
from qgate.charter.charter import Charter
from qgate.charter.meaning import Surroundings, meaning_findings
from qgate.charter.schema import schema_findings
from qgate.charter.shapes import shape_findings
from qgate.charter.yaml_reader import Source, read_yaml
from qgate.errors import Finding, InvalidFileError, coded

_CONTRARY = "QG-F05"


def examine(
    path: Path, shown_as: str, around: Surroundings
) -> tuple[Charter, Source, list[Finding]]:
    """Return a charter with its source and all findings of meaning, warnings included.

    Raises:
        InvalidFileError: When its YAML, its schema or its shape do not allow a Charter.

    """
    source = read_yaml(path, shown_as)
    findings = schema_findings(source) or coded(_CONTRARY, shape_findings(source))
    if findings:
        raise InvalidFileError(findings)
    charter = build_charter(source.document, shown_as, source)
    return charter, source, coded(_CONTRARY, meaning_findings(charter, source, around))
