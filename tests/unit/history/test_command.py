"""`qgate history` as it is typed."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from qgate.cli import main
from tests.unit.history.histories import write_run, wrong_on


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


def decaying(store: Path) -> None:
    """Write runs that each pass the gate on parity, at 20 points, while they decay."""
    for day in range(1, 29):
        write_run(store, day, wrong_on(10 + max(0, day - 10), day))


def test_a_history_without_drift_exits_0(capsys: pytest.CaptureFixture[str]) -> None:
    write_run(Path(".qgate/evidence"), 1, wrong_on(5, 1))
    assert main(["history", "--fail-on-drift"]) == 0
    out, err = capsys.readouterr()
    assert "small  1 run" in out
    assert "10 more would tell." in " ".join(out.split())
    assert "\x1b" not in out
    assert err == ""


def test_decay_that_no_gate_notices_exits_20_where_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    decaying(Path(".qgate/evidence"))
    assert main(["history"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["history", "small", "--fail-on-drift", "--format", "json"]) == 20
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == f"qgate: drift: {document['decays'][0]}\n"
    assert err.startswith("qgate: drift: small: parity decays: ")
    assert ", since 2026-01-1" in err
    verdicts = {g["verdict"] for r in document["pilots"][0]["runs"] for g in r["gates"][:1]}
    assert verdicts == {"pass"}
    assert main(["history", "--fail-on-drift", "--metric", "reproducibility"]) == 0


def test_bundles_of_elsewhere_are_imported(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(project / "ci", 1)
    write_run(project / "ci", 2, wrong_on(3, 1), pilot="other")
    assert main(["history", "--import", "ci", "--format", "json"]) == 0
    names = [pilot["name"] for pilot in json.loads(capsys.readouterr().out)["pilots"]]
    assert names == ["other", "small"]
    assert main(["history", "other", "--since", "2026-01-02"]) == 0
    assert "other  1 run" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["nobody"], ["--format", "xml"], ["--since", "yesterday"],
        ["--since", "0001-01-01T00+23:00"], ["--limit", "0"],
        ["--import", "nowhere"], ["--metric", "nothing"],
    ],
)  # fmt: skip
def test_mistakes_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    write_run(Path(".qgate/evidence"), 1)
    assert main(["history", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("qgate: ") or arguments[0] in err


def test_a_file_that_cannot_be_used_is_told_and_the_history_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_run(Path(".qgate/evidence"), 1)
    Path(".qgate/history.sqlite").write_bytes(b"\x00" * 4096)
    assert main(["history"]) == 0
    out, err = capsys.readouterr()
    assert "small  1 run" in out
    assert err.count("qgate: warning: ") == 1
    assert ".qgate/history.sqlite" in err


def test_the_evidence_that_was_left_out_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    write_run(Path(".qgate/evidence"), 1)
    (bundle,) = Path(".qgate/evidence").iterdir()
    (bundle / "observations.json").write_bytes(b"{}")
    assert main(["history"]) == 0
    assert "observations.json was changed after the run" in " ".join(
        capsys.readouterr().out.split()
    )


def test_a_page_is_written_besides(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(Path(".qgate/evidence"), 1)
    assert main(["history", "--html", "page.html"]) == 0
    assert "small  1 run" in capsys.readouterr().out
    assert (project / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert main(["history", "--html", str(project)]) == 2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE readings SET value = 9e999, standard_error = -9e999",
        "UPDATE readings SET metric = 'of_tomorrow', unit = 'x', verdict = 'y', mode = 'z'",
        "UPDATE runs SET decision = 'perhaps', time = 'once', pilot = '', evidence = ''",
        "UPDATE runs SET place = char(0) || '../..', charter_path = cast(x'ff1b5b' AS TEXT)",
        "UPDATE runs SET attempt = -9223372036854775808",
        "DELETE FROM readings",
    ],
)
def test_an_index_that_somebody_wrote_into_breaks_nothing(
    change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for day in (1, 2):
        write_run(Path(".qgate/evidence"), day, wrong_on(day, day))
    assert main(["history"]) == 0
    with sqlite3.connect(".qgate/history.sqlite") as connection:
        connection.execute(change)
    for arguments in ([], ["--format", "json"], ["--html", "page.html"]):
        assert main(["history", *arguments]) == 0
    out = capsys.readouterr().out
    assert all(c.isprintable() or c == "\n" for c in out)
