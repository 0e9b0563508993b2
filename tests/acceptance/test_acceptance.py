"""Charters on disk: what is accepted, with its warnings, and what is rejected, with its errors.

A file says itself what is expected of it, in leading comments such as
`# expect: 12:5 unknown metric`: line, column, part of the message. `# warn:` expects a warning.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from qgate.charter.charter import Gate
from qgate.charter.yaml_reader import read_yaml
from qgate.codes import CODES
from qgate.errors import Finding
from qgate.pipeline import check, load
from qgate.plan.settings import Settings

HERE = Path(__file__).parent
ACCEPT = sorted((HERE / "accept").glob("*.yaml"))
REJECT = sorted((HERE / "reject").glob("*.yaml"))
EXPECTED = re.compile(r"# (?P<what>expect|warn): (?P<line>\d+):(?P<column>\d+) (?P<text>.+)")

FRAGMENT = """\
pilot:
  owner: platform@example.com
  success_metrics:
    - name: val_accuracy_gap_vs_classical
      max: 0.005
    - name: latency_p95_ms
      max: 120
rollback:
  traffic: blue_green_to_classical_v3
  approver: sre@example.com
"""


@dataclass(frozen=True)
class Expected:
    """One finding that a file says it has."""

    severity: str
    line: int
    column: int
    text: str

    def fits(self, finding: Finding) -> bool:
        """Return whether a finding is this one."""
        place = (finding.severity, finding.line, finding.column)
        return place == (self.severity, self.line, self.column) and self.text in finding.message


def expectations(path: Path) -> list[Expected]:
    """Return what a file's leading comments say."""
    found: list[Expected] = []
    for text in path.read_text(encoding="utf-8").splitlines():
        if not text.startswith("#"):
            break
        if match := EXPECTED.fullmatch(text):
            severity = "error" if match["what"] == "expect" else "warning"
            place = int(match["line"]), int(match["column"])
            found.append(Expected(severity, *place, match["text"]))
    return found


def matched(expected: list[Expected], findings: list[Finding]) -> bool:
    """Return whether findings and expectations are the same, one to one."""
    left = list(findings)
    for item in expected:
        found = next((finding for finding in left if item.fits(finding)), None)
        if found is None:
            return False
        left.remove(found)
    return not left


def name_of(path: Path) -> str:
    """Return the name that pytest shows for a case."""
    return path.stem


def shown(findings: list[Finding]) -> str:
    """Return findings as a failing test should print them."""
    return "\n".join(map(str, findings))


def test_there_are_enough_examples() -> None:
    assert len(ACCEPT) >= 8
    assert len(REJECT) >= 30


@pytest.mark.parametrize("path", ACCEPT, ids=name_of)
def test_accepted_with_no_finding_but_the_expected_warnings(path: Path) -> None:
    findings = check(path, Settings())
    expected = expectations(path)
    assert all(item.severity == "warning" for item in expected)
    assert matched(expected, findings), shown(findings)


@pytest.mark.parametrize("path", REJECT, ids=name_of)
def test_rejected_with_all_the_expected_errors_and_no_others(path: Path) -> None:
    errors = [finding for finding in check(path, Settings()) if finding.severity == "error"]
    expected = expectations(path)
    assert expected, "a reject file says what is expected"
    assert matched(expected, errors), shown(errors)


def test_each_error_has_a_code_that_is_explained() -> None:
    found = {finding.code for path in REJECT for finding in check(path, Settings())}
    assert found <= set(CODES)
    assert {"QG-F01", "QG-F02", "QG-F03", "QG-F04", "QG-F05"} <= found


@pytest.mark.parametrize("path", REJECT, ids=name_of)
def test_findings_are_in_file_order(path: Path) -> None:
    places = [(finding.line, finding.column) for finding in check(path, Settings())]
    assert places == sorted(places)


def test_the_fragment_that_users_know_loads_verbatim_as_gates_with_all_four_clauses() -> None:
    path = HERE / "accept/fragment.yaml"
    assert FRAGMENT in path.read_text(encoding="utf-8")
    charter = load(path, Settings())
    gap, p95 = charter.gates[:2]
    assert (gap.metric, p95.metric) == ("val_accuracy_gap_vs_classical", "latency_p95_ms")
    assert (gap.threshold.high, p95.threshold.high) == (0.005, 120)
    for gate in (gap, p95):
        assert gate.owner == "platform@example.com"
        assert [(action.verb, action.object) for action in gate.remediation] == [
            ("restore", "classical_v3")
        ]
    assert (charter.rollback.strategy, charter.rollback.to) == ("blue_green", "classical_v3")
    assert charter.rollback.approver == "sre@example.com"


def test_short_and_long_form_become_the_same_gate() -> None:
    short = load(HERE / "accept/second_file.yaml", Settings())
    long = load(HERE / "accept/long_form.yaml", Settings())

    def of(gates: tuple[Gate, ...]) -> Gate:
        return next(gate for gate in gates if gate.metric == "latency_p95_ms")

    one, other = of(short.gates), of(long.gates)
    assert (one.metric, one.threshold, one.claim, one.confidence, one.shots) == (
        other.metric,
        other.threshold,
        other.claim,
        other.confidence,
        other.shots,
    )


def test_every_contract_has_the_gates_on_reproducibility_and_baseline_drift() -> None:
    implied = load(HERE / "accept/minimal.yaml", Settings()).gates
    assert [gate.name for gate in implied][-2:] == ["reproducibility", "baseline_drift"]
    assert all(gate.threshold.high == 0 for gate in implied[-2:])
    stated = load(HERE / "accept/implied_stated.yaml", Settings()).gates
    assert sorted(gate.metric for gate in stated).count("reproducibility") == 1
    assert next(g for g in stated if g.metric == "reproducibility").threshold.high == 0


def charter_bytes(changed: tuple[bytes, bytes] = (b"", b"")) -> bytes:
    """Return an accepted charter as bytes, a part of it replaced."""
    return (HERE / "accept/classical_candidate.yaml").read_bytes().replace(*changed)


@pytest.mark.parametrize(
    ("data", "place", "text"),
    [
        (b"", (1, 1), "empty"),
        (b"  \n\n", (1, 1), "empty"),
        (b"version: 1\npilot: \xff\n", (2, 8), "not UTF-8"),
        ("version: 1\n".encode("utf-16"), (1, 1), "not UTF-8"),
        (b"version: 1\n# \xc3\xa9\xc3\xa9\npilot: \x07\n", (3, 8), "control character '\\x07'"),
        (b"version: 1\npilot: a\x00b\n", (2, 9), "control character '\\x00'"),
        ("version: 1\npilot: a\u2028b\n".encode(), (2, 9), "control character '\\u2028'"),
        (b"version: 1\nx: '" + b"y" * 1_100_000 + b"'\n", (1, 1), "larger than 1048576 bytes"),
        (b"[" * 900_000, (1, 51), "nested deeper than 50 levels"),
        (b"{a: " * 200_000, (1, 201), "nested deeper than 50 levels"),
        (b"- " * 200_000, (1, 101), "nested deeper than 50 levels"),
    ],
    ids=["empty", "blank", "latin1", "utf16", "bell", "nul", "u2028", "size", "[", "{", "-"],
)
def test_bytes_that_are_no_charter(
    tmp_path: Path, data: bytes, place: tuple[int, int], text: str
) -> None:
    path = tmp_path / "pilot.yaml"
    path.write_bytes(data)
    (finding,) = check(path, Settings())
    assert (finding.line, finding.column) == place
    assert text in finding.message


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    plain, windows = tmp_path / "a.yaml", tmp_path / "b.yaml"
    plain.write_bytes(charter_bytes())
    windows.write_bytes(b"\xef\xbb\xbf" + charter_bytes((b"\n", b"\r\n")))
    first, second = read_yaml(plain, "a"), read_yaml(windows, "b")
    assert first.document == second.document
    assert dict(first.places) == dict(second.places)


def test_a_charter_that_is_not_there_or_no_file_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    (tmp_path / "folder.yaml").mkdir()
    for name, text in (
        ("absent.yaml", "No such file"),
        ("folder.yaml", "Is a directory"),
        ("loop.yaml", "symbolic links"),
    ):
        (finding,) = check(tmp_path / name, Settings())
        assert text in finding.message
        assert (finding.line, finding.column) == (1, 1)


def test_a_linked_charter_is_checked_against_the_files_beside_its_target(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").touch()
    shutil.copy(HERE / "data/train.csv", project / "train.csv")
    text = (HERE / "accept/minimal.yaml").read_text(encoding="utf-8")
    text = text.replace("../../../fixtures/breast_cancer/data.csv", "train.csv")
    (project / "pilot.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "link.yaml").symlink_to(project / "pilot.yaml")
    errors = [f.message for f in check(tmp_path / "link.yaml", Settings()) if f.severity == "error"]
    assert errors == ["train.csv has no column 'malignant'"]


def test_nothing_of_a_file_outside_the_repository_is_told(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").touch()
    (tmp_path / "secret.csv").write_text("malignand,password\n1,2\n", encoding="utf-8")
    text = (HERE / "accept/minimal.yaml").read_text(encoding="utf-8")
    text = text.replace("../../../fixtures/breast_cancer/data.csv", "../secret.csv")
    path = project / "pilot.yaml"
    path.write_text(text, encoding="utf-8")
    errors = [finding for finding in check(path, Settings()) if finding.severity == "error"]
    assert len(errors) == 1
    assert "leaves the repository" in errors[0].message
    (project / "inside.csv").symlink_to(tmp_path / "secret.csv")
    path.write_text(text.replace("../secret.csv", "inside.csv"), encoding="utf-8")
    assert any("leaves the repository" in f.message for f in check(path, Settings()))
    allowed = check(path, Settings(allow_outside=True))
    assert any("did you mean 'malignand'" in finding.message for finding in allowed)


def test_a_package_is_allowed_by_the_command_line_as_by_the_charter() -> None:
    path = HERE / "reject/import_of_os.yaml"
    allowed = check(path, Settings(allow_imports=frozenset({"subprocess"})))
    assert not [finding for finding in allowed if finding.severity == "error"]
