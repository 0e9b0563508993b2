"""The file of signers on record, whose keys are missing, refusals on record, no break-glass."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qgate.digest import sha256
from qgate.errors import ExitCode
from qgate.evidence.audit_log import AuditLog
from tests.integration.conftest import Project
from tests.integration.reviewing import (
    act,
    bundle_of,
    check,
    copied,
    flat,
    log_of,
    reviewed,
    run_in,
    signers_of,
    terms,
    verify,
)
from tests.unit.evidence import bundles
from tests.unit.signing import ssh

pytestmark = ssh.needed


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return run_in(tmp_path_factory.mktemp("ran"))


@pytest.fixture
def project(ran: Project, tmp_path: Path) -> Project:
    return copied(ran, tmp_path / "copy")


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project with a file of signers, in which nothing ran."""
    return reviewed(tmp_path_factory.mktemp("keyed"))


def _digest(project: Project) -> str:
    return sha256(signers_of(project).read_bytes())


def _tomorrow() -> str:
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)).isoformat()


def _predicates(project: Project) -> dict[str, dict[str, Any]]:
    found = {}
    for path in (bundle_of(project) / "attestations").iterdir():
        payload = json.loads(path.read_bytes())["payload"]
        kind = path.name.rpartition("-")[0]
        found[kind] = json.loads(base64.b64decode(payload))["predicate"]
    return found


def test_every_act_says_what_the_file_of_signers_was(project: Project) -> None:
    act(project, "sign", "dev")
    act(project, "approve", "sre")
    act(project, "override", "owner", "--reason", "x", "--until", _tomorrow())
    assert check(project).code == ExitCode.PASS
    said = _predicates(project)
    assert set(said) == {"decision", "test-result", "approval", "override"}
    assert "signers" not in said.pop("test-result")
    assert {predicate["signers"] for predicate in said.values()} == {_digest(project)}
    acts = [e for e in log_of(project) if e.action in ("sign", "approve", "override", "promote")]
    assert [entry.action for entry in acts] == ["sign", "approve", "override", "promote"]
    assert {entry.digests["signers"] for entry in acts} == {_digest(project)}


def test_a_changed_file_of_signers_is_told_and_refuses_nothing(project: Project) -> None:
    act(project, "sign", "dev")
    act(project, "approve", "sre")
    (approval,) = (bundle_of(project) / "attestations").glob("approval-*")
    then = _digest(project)
    before = check(project), verify(project, str(bundle_of(project)))
    for done in before:
        assert done.code == ExitCode.PASS
        assert f"allowed_signers (sha256 {then[:12]}), as it was when {approval.stem}" in done.out
    with signers_of(project).open("a", encoding="utf-8") as stream:
        stream.write("# somebody will join\n")
    after = check(project), verify(project, str(bundle_of(project)))
    for done in after:
        assert done.code == ExitCode.PASS
        now = _digest(project)[:12]
        assert f"allowed_signers (sha256 {now}) changed since {approval.stem}" in done.out
        assert f"when it was {then[:12]}" in done.out
    listed = verify(project, str(bundle_of(project)), "--format", "json").report
    (told,) = [found for found in listed["checks"] if found["name"] == "signers"]
    assert told["outcome"] == "open"
    # Who signs now signs under the file as it is now.
    act(project, "approve", "lead")
    mixed = check(project)
    assert "as it was when approval-" in mixed.out
    assert "changed since" in mixed.out


def test_a_refused_promotion_is_put_on_record_once(project: Project) -> None:
    for _ in range(3):
        assert check(project).code == ExitCode.INCONCLUSIVE
    (refused,) = [entry for entry in log_of(project) if entry.action == "refuse"]
    assert refused.facts == {"what": "promote", "why": "not met: approved"}
    run = next(entry for entry in log_of(project) if entry.action == "run")
    assert refused.digests == {**run.digests, "signers": _digest(project)}
    assert refused.pilot == "small"
    act(project, "approve", "sre")  # something else happened to the bundle
    assert check(project).code == ExitCode.INCONCLUSIVE
    text = project.charter.read_text(encoding="utf-8")
    project.charter.write_text(text.replace("max: 0.2", "max: 0.3"), encoding="utf-8")
    assert check(project).code == ExitCode.INCONCLUSIVE
    why = [entry.facts["why"] for entry in log_of(project) if entry.action == "refuse"]
    assert why == ["not met: approved"] * 2 + ["not met: unchanged, approved"]
    shown = flat(project.qgate("log", "--action", "refuse"))
    assert "what promote, why not met: unchanged, approved" in shown.out


def test_another_bundles_refusal_is_another(project: Project) -> None:
    first = bundle_of(project)
    done = project.qgate("run", "pilot.yaml", "--fresh", "--format", "json")
    second = done.report["evidence"]["path"]
    for _ in range(2):
        for bundle in (str(first), second):
            assert project.qgate("promote", "--check", bundle).code == ExitCode.INCONCLUSIVE
    refused = [entry for entry in log_of(project) if entry.action == "refuse"]
    assert len({entry.digests["bundle"] for entry in refused}) == len(refused) == 2


@pytest.mark.parametrize(
    ("command", "role"), [("approve", "approver"), ("override", "owner or approver")]
)
def test_a_key_without_the_role_is_put_on_record(project: Project, command: str, role: str) -> None:
    act(project, "sign", "dev")
    (head,) = (project.folder / ".qgate").glob("log.head.*.dsse.json")
    signed = head.read_bytes()
    more = ("--reason", "x", *(("--until", _tomorrow()) if command == "override" else ()))
    for _ in range(2):
        assert act(project, command, "mallory", *more).code == ExitCode.USAGE
    last = log_of(project)[-1]
    (entry,) = [found for found in log_of(project) if found.action == "refuse"]
    assert entry == last
    fingerprint = ssh.key_of(project.folder / "mallory").fingerprint
    assert entry.facts == {"what": command, "why": f"no {role}'s key: {fingerprint}"}
    assert entry.digests["signers"] == _digest(project)
    assert head.read_bytes() == signed  # who is refused signs nothing, the log neither


def test_what_did_not_pass_and_what_does_not_agree_is_refused_on_record(
    project: Project,
) -> None:
    members = {
        p.name: p.read_bytes() for p in bundle_of(project).iterdir() if p.name != "manifest.json"
    }
    members["decision.json"] = members["decision.json"].replace(b'"pass"', b'"fail"', 1)
    forged = str(bundles.forge(project.folder / "forged", members))
    named = ("--charter", "pilot.yaml")
    for _ in range(2):
        refused = project.qgate("promote", "--check", forged, *named)
        assert refused.code == ExitCode.USAGE
    assert project.qgate("approve", forged, "--key", "sre", "--signers", "allowed_signers").code
    found = [(e.facts["what"], e.facts["why"]) for e in log_of(project) if e.action == "refuse"]
    why = "the bundle does not agree with itself"
    assert found == [("promote", why), ("approve", why)]


def test_a_decision_that_nobody_can_approve_is_put_on_record(ran: Project, tmp_path: Path) -> None:
    project = copied(ran, tmp_path / "copy")

    def strict(document: dict[str, Any]) -> None:
        terms(document)
        document["gates"][0]["max"] = 0.001

    project.write(strict)
    assert project.qgate("lock", "pilot.yaml", "--reason", "stricter").code == ExitCode.PASS
    done = project.qgate("run", "pilot.yaml", "--even-if-underpowered", "--format", "json")
    assert done.code != ExitCode.PASS
    place = done.report["evidence"]["path"]
    assert project.qgate("approve", place, "--key", "sre").code == ExitCode.USAGE
    last = log_of(project)[-1]
    why = f"the decision is {done.report['decision']}"
    assert (last.action, dict(last.facts)) == ("refuse", {"what": "approve", "why": why})


def test_mistakes_are_no_refusals(project: Project) -> None:
    before = log_of(project)
    past = "2020-01-01"
    for arguments in (
        ("promote", "--check", "no-such-bundle"),
        ("promote", str(bundle_of(project))),
        ("approve", str(bundle_of(project)), "--key", "no-such-key"),
        ("approve", str(bundle_of(project)), "--key", "sre", "--signers", "no-such-file"),
        ("override", str(bundle_of(project)), "--key", "dev", "--reason", "x", "--until", past),
    ):
        assert project.qgate(*arguments).code == ExitCode.USAGE
    assert log_of(project) == before


def test_a_cut_log_takes_no_refusal(project: Project) -> None:
    act(project, "sign", "dev")
    log = AuditLog(project.folder / ".qgate" / "log.jsonl")
    lines, entries = log.path.read_bytes().splitlines(keepends=True), log.entries()
    log.path.write_bytes(b"".join(lines[:-1]))
    head = {"digest": entries[-2].digest, "entries": len(lines) - 1}
    log.head_path.write_bytes(json.dumps(head, separators=(",", ":")).encode())
    refused = act(project, "approve", "mallory")
    assert "its end was cut off" in refused.err
    assert log.entries() == entries[:-1]


def test_break_glass_does_not_pass_where_it_must_not(project: Project) -> None:
    until = _tomorrow()
    act(project, "override", "owner", "--reason", "customer outage", "--until", until)
    assert check(project).code == ExitCode.PASS
    strict = check(project, "--no-override")
    assert strict.code == ExitCode.INCONCLUSIVE
    assert "MAY NOT BE PROMOTED" in strict.out
    assert "override by owner@example.com until" in strict.out
    assert "not counted (--no-override): customer outage" in strict.out
    last = log_of(project)[-1]
    assert last.facts["why"] == "not met: approved (no override counted)"
    act(project, "approve", "sre")
    act(project, "approve", "lead")
    assert check(project, "--no-override").code == ExitCode.PASS


@pytest.mark.parametrize("columns", ["80", "120"])
def test_what_is_shown_fits(project: Project, columns: str) -> None:
    act(project, "sign", "dev")
    reason = "a customer cannot reach anything, " * 6
    act(project, "override", "owner", "--reason", reason, "--until", _tomorrow())
    signers_of(project).write_text(signers_of(project).read_text() + "# changed\n")
    for command in (("promote", "--check", "--no-override"), ("verify",)):
        done = project.qgate(*command, str(bundle_of(project)), COLUMNS=columns)
        assert max(len(line) for line in done.out.splitlines()) <= int(columns)


def test_the_logs_head_is_verified_by_a_file_of_signers(project: Project) -> None:
    nobody = project.qgate("log", "--signers", "allowed_signers")
    assert nobody.code == ExitCode.USAGE
    assert "nobody of allowed_signers has signed the head of .qgate/log.jsonl" in nobody.err
    act(project, "sign", "dev")
    count = len(log_of(project))
    done = flat(project.qgate("log", "--signers", "allowed_signers"))
    assert done.code == ExitCode.PASS
    assert f"signed up to entry {count}, by dev@example.com" in done.out
    for more, by in (((), []), (("--signers", "allowed_signers"), ["dev@example.com"])):
        listed = project.qgate("log", "--format", "json", *more).report
        assert listed["signed_by"] == by
        assert listed["signed"].startswith(f"signed up to entry {count}, by ")
    assert "not verified here" in flat(project.qgate("log")).out
    key = ssh.key_of(project.folder / "mallory").openssh
    (project.folder / "others").write_text(f"mallory {key}\n", encoding="utf-8")
    for form in ("terminal", "json"):
        other = project.qgate("log", "--signers", "others", "--format", form)
        assert (other.code, other.out) == (ExitCode.USAGE, "")
        assert "nobody of others has signed the head" in other.err
    assert project.qgate("log", "--signers", "none").code == ExitCode.USAGE


def _keep(*names: str) -> Callable[[str], str]:
    """Return what keeps the lines of some people alone."""
    return lambda text: "".join(
        line for line in text.splitlines(keepends=True) if line.partition("@")[0] in names
    )


def _ended(text: str) -> str:
    return text.replace("sre@example.com ", 'sre@example.com valid-before="20200101Z",', 1)


def _for_git(text: str) -> str:
    """Make the first approver's line one for git alone."""
    return "".join(
        line.replace('namespaces="qgate"', 'namespaces="git"') if line.startswith("sre") else line
        for line in text.splitlines(keepends=True)
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_keep("sre", "lead"), []),
        (_keep("sre", "owner"), ["lead@example.com has no key in allowed_signers"]),
        (
            _keep("owner"),
            [
                "sre@example.com has no key in allowed_signers",
                "lead@example.com has no key in allowed_signers",
                "1 must approve, and none of those who may can sign by allowed_signers",
            ],
        ),
        (
            _ended,
            ["every key of sre@example.com in allowed_signers has ended, the last 2020-01-01"],
        ),
        (_for_git, ["no key of sre@example.com in allowed_signers counts now (line 2: see its"]),
    ],
)
def test_check_tells_whose_key_is_missing(
    keyed: Project, tmp_path: Path, change: Callable[[str], str], expected: list[str]
) -> None:
    project = copied(keyed, tmp_path / "copy")
    signers_of(project).write_text(change(signers_of(project).read_text()), encoding="utf-8")
    done = project.qgate("check", "pilot.yaml")
    assert done.code == ExitCode.PASS  # a pilot runs before everybody has a key
    lines = project.charter.read_text(encoding="utf-8").splitlines()
    told = [line for line in done.out.splitlines() if "allowed_signers" in line]
    assert len(told) == len(expected)
    for line in told:
        _, row, column, severity, message = line.split(":", 4)
        assert severity == " warning"
        assert any(message.startswith(f" {words}") for words in expected)
        if "must approve" not in message:
            person = next(word for word in message.split() if "@" in word)
            assert lines[int(row) - 1][int(column) - 1 :] == person


def test_a_default_approver_and_a_stated_owner_are_told_of_where_they_stand(
    keyed: Project, tmp_path: Path
) -> None:
    project = copied(keyed, tmp_path / "copy")

    def other(document: dict[str, Any]) -> None:
        terms(document)
        document["approvals"]["roles"] = {"owner": ["boss@example.com"]}
        document["rollback"]["approver"] = "night@example.com"

    project.write(other)
    lines = project.charter.read_text(encoding="utf-8").splitlines()
    places = {}
    for line in project.qgate("check", "pilot.yaml").out.splitlines():
        if "has no key" in line:
            _, row, column, _, message = line.split(":", 4)
            places[message.split()[0]] = lines[int(row) - 1][int(column) - 1 :]
    assert places == {
        "boss@example.com": "boss@example.com",
        "night@example.com": "approver: night@example.com",
    }


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"sre@example.com nonsense\n", "allowed_signers:1:17: "),
        (b"x\ny\n", "(and 1 more)"),
        (b"\xff\n", "is no UTF-8 text"),
        (None, "no file 'allowed_signers'"),
    ],
)
def test_check_refuses_a_file_of_signers_that_is_none(
    keyed: Project, tmp_path: Path, data: bytes | None, expected: str
) -> None:
    project = copied(keyed, tmp_path / "copy")
    if data is None:
        signers_of(project).unlink()
    else:
        signers_of(project).write_bytes(data)
    done = project.qgate("check", "pilot.yaml")
    assert done.code == ExitCode.USAGE
    (line,) = [line for line in done.out.splitlines() if expected in line]
    lines = project.charter.read_text(encoding="utf-8").splitlines()
    _, row, column, _ = line.split(":", 3)
    assert lines[int(row) - 1][int(column) - 1 :] == "signers: allowed_signers"
