"""What used to be said wrongly, or not at all: changed terms, absent keys, locks that are gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from qgate.errors import ExitCode
from tests.integration.conftest import Project
from tests.integration.reviewing import act, bundle_of, copied, flat, log_of, run_in, verify
from tests.unit.signing import ssh


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Project:
    if not ssh.needed.args[0]:
        return run_in(tmp_path_factory.mktemp("ran"))
    pytest.skip("no ssh-keygen")


@pytest.fixture
def reviewed(ran: Project, tmp_path: Path) -> Project:
    return copied(ran, tmp_path / "copy")


def _other_terms(project: Project) -> None:
    text = project.charter.read_text(encoding="utf-8")
    project.charter.write_text(text.replace("max: 0.2", "max: 0.3"), encoding="utf-8")


def test_an_approver_is_told_that_the_terms_have_changed(reviewed: Project) -> None:
    done = act(reviewed, "approve", "sre")
    assert (done.code, "warning" in done.err) == (ExitCode.PASS, False)
    lock = reviewed.folder / "pilot.lock.json"
    kept = lock.read_bytes()
    lock.unlink()
    done = act(reviewed, "approve", "sre")
    assert done.code == ExitCode.PASS
    assert "warning: the lock is not the one that it was run on" in done.err
    lock.write_bytes(kept)
    _other_terms(reviewed)
    assert "warning: pilot.yaml is not the charter that ran" in act(reviewed, "approve", "lead").err
    reviewed.charter.write_text("nonsense", encoding="utf-8")
    assert "approvals of another charter are void" in act(reviewed, "approve", "lead").err


def test_one_statement_is_told_as_one(reviewed: Project) -> None:
    act(reviewed, "approve", "sre")
    assert "1 statement is as its name says" in verify(reviewed, str(bundle_of(reviewed))).out
    act(reviewed, "approve", "lead")
    assert "2 statements are as their names say" in verify(reviewed, str(bundle_of(reviewed))).out


@pytest.mark.parametrize("named", [{}, {"QGATE_KEY": "absent"}])
def test_who_has_no_key_is_told_how_to_name_one(reviewed: Project, named: dict[str, str]) -> None:
    home = {"HOME": str(reviewed.folder / "home"), **named}
    done = reviewed.qgate("approve", str(bundle_of(reviewed)), **home)
    assert done.code == ExitCode.USAGE
    assert "name yours by --key FILE or in $QGATE_KEY" in done.err
    assert "ssh-keygen -t ed25519 -f " in done.err


@pytest.mark.parametrize("columns", ["80", "120"])
def test_what_is_said_of_signing_fits(reviewed: Project, columns: str) -> None:
    where = str(bundle_of(reviewed))
    for command in (
        ["sign", where, "--key", "dev"],
        ["approve", where, "--key", "sre"],
        ["approve", where, "--key", "mallory"],
        ["approve", where, "--key", "none"],
    ):
        done = reviewed.qgate(*command, COLUMNS=columns)
        for line in (done.out + done.err).splitlines():
            # What is copied is not broken: a path, a digest, a command, a line for a file.
            whole = any(each in line for each in ("wrote .qgate/", "ssh-", "qgate promote --check"))
            assert len(line) <= int(columns) or whole, line


def test_a_lock_that_is_gone_is_asked_for(project: Project) -> None:
    assert project.qgate("lock", "pilot.yaml").code == ExitCode.PASS
    lock = project.folder / "pilot.lock.json"
    kept = lock.read_bytes()
    lock.unlink()
    assert project.qgate("lock", "pilot.yaml").code == ExitCode.PASS  # the same again is no change
    assert lock.read_bytes() == kept
    lock.unlink()
    project.write(lambda document: document["gates"][0].update(max=0.3))
    done = project.qgate("lock", "pilot.yaml")
    assert done.code == ExitCode.USAGE
    assert "pilot.lock.json is gone, and the audit log holds another lock of this pilot" in done.err
    assert not lock.exists()
    assert project.qgate("lock", "pilot.yaml", "--reason", "a wider gate").code == ExitCode.PASS
    last = log_of(project)[-1]
    assert (last.reason, last.action) == ("a wider gate", "lock")
    assert last.digests["replaced"] != last.digests["contract"]


def test_no_incident_asks_for_no_other_list(project: Project) -> None:
    assert project.qgate("incident", "list").out == "no incident on record\n"
    project.qgate("rollback", "pilot.yaml", "--done", "--reason", "a rehearsal")
    [name] = [path.stem for path in (project.folder / ".qgate/incidents").glob("*.json")]
    assert project.qgate("incident", "close", name, "--reason", "over").code == ExitCode.PASS
    assert "--all" in project.qgate("incident", "list").out
    assert name in flat(project.qgate("incident", "list", "--all")).out


def test_of_a_run_that_sent_nothing_no_rule_is_kept(project: Project) -> None:
    def elsewhere(document: dict[str, dict[str, object]]) -> None:
        document["data"]["region"] = "eu"
        document["baseline"]["region"] = "eu"
        document["candidate"]["region"] = "us"

    project.write(elsewhere)
    project.qgate("lock", "pilot.yaml")
    done = project.qgate("run", "pilot.yaml")
    assert done.code == ExitCode.GATE_FAILED, done.err
    assert "residency" in done.out
    assert "Kept:" not in done.out
    assert "Not kept:" not in done.out


def test_folders_of_an_output_are_made(project: Project) -> None:
    """As pipelines expect of a folder for reports; what is no folder is refused before it runs."""
    project.qgate("lock", "pilot.yaml")
    assert project.qgate("run", "pilot.yaml", "--output", "a/b/o.json").code == ExitCode.PASS
    assert (project.folder / "a/b/o.json").is_file()
    done = project.qgate("run", "pilot.yaml", "--output", "pilot.yaml/o.json")
    assert done.code == ExitCode.USAGE
    assert "cannot be written into" in done.err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("charters/hld.yaml", "charters/hold.yaml"),
        ("chrters/hold.yaml", "charters/hold.yaml"),
        ("hold.yaml", "charters/hold.yaml"),
        ("charters/hold", "charters/hold.yaml"),
        ("charters/hold.yml", "charters/hold.yaml"),
        ("charters/hold.yam", "charters/hold.yaml"),
        ("plot.yaml", "pilot.yaml"),
        ("charters/nothing-like-it.yaml", ""),
    ],
)
def test_a_mistyped_charter_is_answered_by_what_was_meant(
    project: Project, typed: str, meant: str
) -> None:
    (project.folder / "charters").mkdir()
    (project.folder / "charters/hold.yaml").write_text("version: 1\n", encoding="utf-8")
    for command in ("run", "check", "plan"):
        done = project.qgate(command, typed)
        assert done.code == ExitCode.USAGE
        first = (done.out + done.err).splitlines()[0]
        assert first.startswith(f"{typed}:1:1: cannot read: No such file or directory")
        end = f"; did you mean {meant}?" if meant else "directory"
        assert first.endswith(f"{end} [QG-F01]")


def test_what_came_out_under_other_terms_is_told(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    first = project.qgate("run", "pilot.yaml", "--format", "json").report
    assert (first["decision"], first["other_terms"]) == ("promote", {})
    project.write(lambda document: document["gates"][0].update(max=0.3))
    project.qgate("lock", "pilot.yaml", "--reason", "a wider gate")
    second = project.qgate("run", "pilot.yaml", "--format", "json").report
    assert (second["attempt"], second["other_terms"]) == (1, {"promote": 1})
    told = "Before, under other terms: promote 1x."
    assert told in flat(project.qgate("judge", second["evidence"]["path"])).out
    asked = flat(project.qgate("promote", "--check", second["evidence"]["path"])).out
    assert "attempt 1; before, under other terms, promote 1x" in asked


def test_what_was_rolled_back_may_not_be_promoted_again(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    where = project.qgate("run", "pilot.yaml", "--format", "json").report["evidence"]["path"]
    assert project.qgate("promote", "--check", where).code == ExitCode.PASS
    done = ("rollback", "pilot.yaml", "--done", "--reason", "errors in production")
    assert project.qgate(*done, "--evidence", where).code == ExitCode.PASS
    refused = project.qgate("promote", "--check", where)
    assert refused.code == ExitCode.INCONCLUSIVE
    assert "qgate incident close" in refused.out
    (incident,) = (project.folder / ".qgate/incidents").glob("*.json")
    project.qgate("incident", "close", incident.stem, "--reason", "a cable")
    refused = project.qgate("promote", "--check", where)
    assert refused.code == ExitCode.INCONCLUSIVE
    assert "errors in production" in refused.out
    assert "qgate run pilot.yaml --fresh" in refused.out
