"""Signing, approving, overriding, verifying and promoting, with the keys of real people."""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qgate.digest import canonical
from qgate.errors import ExitCode
from qgate.evidence.audit_log import AuditLog
from tests.integration.conftest import Project
from tests.integration.reviewing import (
    act,
    bundle_of,
    check,
    copied,
    log_of,
    run_in,
    terms,
    verify,
)
from tests.unit.evidence import bundles
from tests.unit.signing import ssh

pytestmark = ssh.needed


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project whose locked pilot ran and may be promoted, once it is approved."""
    return run_in(tmp_path_factory.mktemp("ran"))


@pytest.fixture
def project(ran: Project, tmp_path: Path) -> Project:
    return copied(ran, tmp_path / "copy")


def test_a_signed_and_approved_bundle_may_be_promoted(project: Project) -> None:
    assert check(project).code == ExitCode.INCONCLUSIVE
    assert act(project, "sign", "dev").code == ExitCode.PASS
    lacking = check(project)
    assert lacking.code == ExitCode.INCONCLUSIVE
    assert "by nobody; 1 of sre@example.com, lead@example.com needed" in lacking.out
    assert "qgate approve" in lacking.out
    assert act(project, "approve", "sre", "--reason", "looks fine").code == ExitCode.PASS
    cleared = check(project)
    assert cleared.code == ExitCode.PASS, cleared.out
    verified = verify(project, str(bundle_of(project)), "--require-signer", "dev@example.com")
    assert verified.code == ExitCode.PASS, verified.out
    assert "approval" in verified.out
    assert "by sre@example.com" in verified.out
    log = AuditLog(project.folder / ".qgate" / "log.jsonl").entries()
    acts = [entry for entry in log if entry.action in ("sign", "approve", "promote")]
    assert [entry.action for entry in acts] == ["sign", "approve", "promote"]
    assert acts[1].reason == "looks fine"
    assert len({entry.digests["evidence"] for entry in acts}) == 1


def test_a_signature_is_an_in_toto_statement_that_others_verify(project: Project) -> None:
    dsse = pytest.importorskip("securesystemslib.dsse")
    signer = pytest.importorskip("securesystemslib.signer")
    act(project, "sign", "dev")
    public = ssh.key_of(project.folder / "dev")
    for path in (bundle_of(project) / "attestations").iterdir():
        document = json.loads(path.read_bytes())
        envelope = dsse.Envelope.from_dict(json.loads(path.read_bytes()))
        keyid = document["signatures"][0]["keyid"]
        key = signer.SSlibKey(keyid, "ed25519", "ed25519", {"public": public.raw.hex()})
        assert envelope.verify([key], 1)
        statement = json.loads(envelope.payload)
        assert statement["_type"] == "https://in-toto.io/Statement/v1"
        if "test-result" in statement["predicateType"]:
            assert statement["predicate"]["result"] == "PASSED"
            assert statement["predicate"]["failedTests"] == []
        else:
            assert statement["predicate"]["conclusion"]["decision"] == "promote"


def test_who_ran_it_may_not_approve_alone(project: Project) -> None:
    act(project, "sign", "sre")
    act(project, "approve", "sre")
    alone = check(project)
    assert alone.code == ExitCode.INCONCLUSIVE
    assert "no signature says that dev@example.com ran it" in alone.out
    act(project, "approve", "lead")
    assert check(project).code == ExitCode.PASS


def test_without_a_signature_of_who_ran_it_two_must_approve(project: Project) -> None:
    act(project, "approve", "sre")
    one = check(project)
    assert one.code == ExitCode.INCONCLUSIVE
    assert "no signature says that dev@example.com ran it" in one.out
    act(project, "approve", "lead")
    assert check(project).code == ExitCode.PASS


@pytest.mark.parametrize("who", ["dev", "mallory"])
def test_who_has_no_role_approves_nothing(project: Project, who: str) -> None:
    done = act(project, "approve", who)
    assert done.code == ExitCode.USAGE
    assert "is no approver's key (sre@example.com, lead@example.com)" in done.err
    assert not (bundle_of(project) / "attestations").exists()


def test_an_approval_of_a_key_that_was_taken_away_is_none(project: Project) -> None:
    act(project, "approve", "sre")
    act(project, "sign", "dev")
    assert check(project).code == ExitCode.PASS
    signers = project.folder / "allowed_signers"
    kept = [line for line in signers.read_text().splitlines() if not line.startswith("sre")]
    signers.write_text("\n".join(kept) + "\n")
    done = check(project)
    assert done.code == ExitCode.INCONCLUSIVE
    assert "no key in the file of signers made its signature" in done.err


def test_who_signs_the_log_and_counts_for_nobody_blocks_nobody(project: Project) -> None:
    act(project, "sign", "dev")
    signers = project.folder / "allowed_signers"
    kept = [line for line in signers.read_text().splitlines() if not line.startswith("dev")]
    signers.write_text("\n".join(kept) + "\n")
    assert check(project).code == ExitCode.INCONCLUSIVE  # for want of approvals
    assert act(project, "approve", "sre", "--reason", "fine").code == ExitCode.PASS
    heads = list((project.folder / ".qgate").glob("log.head.*.dsse.json"))
    assert len(heads) == 2  # nobody's took the place of another's
    verified = verify(project, str(bundle_of(project)))
    assert "by sre@example.com" in verified.out


def test_a_signed_head_that_was_taken_away_is_missed(project: Project) -> None:
    act(project, "sign", "dev")
    for head in (project.folder / ".qgate").glob("log.head.*.dsse.json"):
        head.unlink()
    for done in (verify(project, str(bundle_of(project))), check(project), project.qgate("log")):
        assert done.code == ExitCode.USAGE
        assert "is gone, which SHA256:" in done.out + done.err
    assert act(project, "sign", "dev").code == ExitCode.PASS  # as it says
    assert verify(project, str(bundle_of(project))).code == ExitCode.PASS


def test_other_signers_are_no_signers_of_what_ran_here(project: Project) -> None:
    key = ssh.key_of(project.folder / "mallory").openssh
    (project.folder / "forged").write_text(f"sre@example.com {key}\n", encoding="utf-8")
    before = log_of(project)
    for command in ("sign", "approve"):
        refused = act(project, command, "mallory", "--signers", "forged")
        assert refused.code == ExitCode.USAGE
        assert "allowed_signers says who may sign" in refused.err
    assert log_of(project) == before
    (project.folder / "allowed_signers").unlink()
    for done in (act(project, "sign", "dev"), verify(project, str(bundle_of(project)))):
        assert done.code == ExitCode.USAGE
        assert "allowed_signers, which the charter names, is not here" in done.out + done.err


def _change_charter(project: Project) -> None:
    text = project.charter.read_text(encoding="utf-8")
    project.charter.write_text(text.replace("max: 0.2", "max: 0.3"), encoding="utf-8")


def _change_lock(project: Project) -> None:
    path = project.folder / "pilot.lock.json"
    document = json.loads(path.read_bytes())
    document["baseline"]["predictions"] = "0" * 64
    path.write_bytes(canonical(document))


@pytest.mark.parametrize("change", [_change_charter, _change_lock])
def test_a_changed_charter_or_lock_voids_an_approval(project: Project, change: Any) -> None:
    act(project, "sign", "dev")
    act(project, "approve", "sre")
    change(project)
    done = check(project)
    assert done.code == ExitCode.INCONCLUSIVE
    assert "approvals of it are void" in " ".join(done.out.split())
    now = datetime.datetime.now(datetime.UTC)
    until = (now + datetime.timedelta(days=1)).isoformat()
    done = act(project, "override", "owner", "--reason", "x", "--until", until)
    assert done.code == ExitCode.PASS
    assert check(project).code == ExitCode.INCONCLUSIVE  # nothing overrides that


def test_a_statement_about_another_bundle_is_none(project: Project) -> None:
    act(project, "sign", "dev")
    act(project, "approve", "sre")
    first = bundle_of(project)
    done = project.qgate("run", "pilot.yaml", "--fresh", "--format", "json")
    second = project.folder / done.report["evidence"]["path"]
    shutil.copytree(first / "attestations", second / "attestations")
    verified = verify(project, str(second))
    assert verified.code == ExitCode.USAGE
    assert verified.out.count("is about another bundle") == 3
    assert project.qgate("promote", "--check", str(second)).code == ExitCode.INCONCLUSIVE


def test_an_override_is_signed_ends_and_is_seen_by_all(project: Project) -> None:
    now = datetime.datetime.now(datetime.UTC)
    soon, late = (now + datetime.timedelta(days=days) for days in (1, 15))
    more = ("--reason", "customer outage", "--until")
    for until, key, expected in (
        (late.isoformat(), "owner", "14 days from now"),
        ((now - datetime.timedelta(hours=1)).isoformat(), "owner", "after now"),
        ("tomorrow", "owner", "expected a date or a time"),
        (soon.isoformat(), "dev", "is no owner or approver's key"),
    ):
        refused = act(project, "override", key, *more, until)
        assert refused.code == ExitCode.USAGE
        assert expected in refused.err
    nothing = act(project, "override", "owner", "--reason", " ", "--until", soon.isoformat())
    assert "--reason is empty" in nothing.err
    assert act(project, "override", "owner", *more, soon.isoformat()).code == ExitCode.PASS
    cleared = check(project)
    assert cleared.code == ExitCode.PASS
    assert "MAY BE PROMOTED BY OVERRIDE ALONE" in cleared.out
    later = project.qgate("run", "pilot.yaml", "--fresh", "--format", "json")
    (told,) = later.report["overrides"]
    assert told["reason"] == "customer outage"
    for name in ("terminal", "markdown", "junit", "sarif", "code-quality", "annotations"):
        shown = project.qgate("report", later.report["evidence"]["path"], "--format", name).out
        assert "BREAK-GLASS" in shown
        assert "customer outage" in " ".join(shown.split())
    # Elsewhere, without the log, the bundle itself still tells of it.
    (project.folder / ".qgate" / "log.jsonl").unlink()
    (project.folder / ".qgate" / "log.head.json").unlink()
    first = min((project.folder / ".qgate" / "evidence").iterdir(), key=lambda p: p.stat().st_mtime)
    carried = [p for p in (project.folder / ".qgate" / "evidence").iterdir() if _carries(p)]
    assert "customer outage" in project.qgate("judge", str(carried[0])).out
    assert first.exists()


def _carries(bundle: Path) -> bool:
    return (bundle / "attestations").exists()


def test_nobody_can_approve_what_did_not_pass(ran: Project, tmp_path: Path) -> None:
    shutil.copytree(ran.folder, tmp_path / "copy")
    project = Project(tmp_path / "copy")
    shutil.rmtree(project.folder / ".qgate" / "evidence")

    def strict(document: dict[str, Any]) -> None:
        terms(document)
        document["gates"][0]["max"] = 0.001

    project.write(strict)
    assert project.qgate("lock", "pilot.yaml", "--reason", "stricter").code == ExitCode.PASS
    done = project.qgate("run", "pilot.yaml", "--even-if-underpowered")
    assert done.code != ExitCode.PASS
    refused = act(project, "approve", "sre")
    assert refused.code == ExitCode.USAGE
    assert "which nobody can approve; in an emergency: qgate override" in refused.err
    act(project, "sign", "dev")
    assert check(project).code == done.code


def _places(size: int) -> Iterator[int]:
    return iter(sorted({0, size // 3, size // 2, size - 1}))


def test_a_flipped_byte_anywhere_is_found_and_its_member_named(project: Project) -> None:
    act(project, "sign", "dev")
    act(project, "approve", "sre")
    bundle = bundle_of(project)
    files = [path for path in bundle.rglob("*") if path.is_file()]
    assert len(files) >= 10
    for path in files:
        data = path.read_bytes()
        for place in _places(len(data)):
            changed = bytearray(data)
            changed[place] ^= 1
            path.write_bytes(changed)
            done = verify(project, str(bundle))
            assert done.code == ExitCode.USAGE, path.name
            assert "NOT VERIFIED" in done.out
            assert path.name in done.out
            path.write_bytes(data)
    assert verify(project, str(bundle)).code == ExitCode.PASS


def test_a_forged_decision_is_found(project: Project) -> None:
    """Who recomputes every digest still cannot make the evidence say another thing."""
    bundle = bundle_of(project)
    members = {p.name: p.read_bytes() for p in bundle.iterdir() if p.name != "manifest.json"}
    decision = json.loads(members["decision.json"])
    decision["gates"][0]["verdict"] = "fail"
    members["decision.json"] = canonical(decision)
    forged = bundles.forge(project.folder / "forged", members)
    done = verify(project, str(forged))
    assert done.code == ExitCode.USAGE
    assert "decision.json does not follow at parity" in done.out


@pytest.mark.parametrize("source", ["charter.yaml", "lock.json"])
def test_sources_that_are_not_those_that_ran_are_found(project: Project, source: str) -> None:
    bundle = bundle_of(project)
    members = {p.name: p.read_bytes() for p in bundle.iterdir() if p.name != "manifest.json"}
    members[source] = members[source].replace(b"512", b"511").replace(b"0.2", b"0.9")
    done = verify(project, str(bundles.forge(project.folder / "forged", members)))
    assert done.code == ExitCode.USAGE
    assert f"{source} is not the one that ran" in done.out


def test_a_log_that_was_cut_off_is_found(project: Project) -> None:
    act(project, "sign", "dev")
    log = AuditLog(project.folder / ".qgate" / "log.jsonl")
    lines = log.path.read_bytes().splitlines(keepends=True)
    entries = log.entries()
    log.path.write_bytes(b"".join(lines[:-1]))
    cut = verify(project, str(bundle_of(project)))
    assert cut.code == ExitCode.USAGE
    assert "missing" in " ".join(cut.out.split())
    # Who also writes the head anew meets the signed one.
    head = {"entries": len(lines) - 1, "digest": entries[-2].digest}
    log.head_path.write_bytes(canonical(head))
    cut = verify(project, str(bundle_of(project)))
    assert cut.code == ExitCode.USAGE
    assert "its end was cut off" in " ".join(cut.out.split())


def test_a_bundle_from_elsewhere_does_not_say_whom_to_trust(
    project: Project, tmp_path: Path
) -> None:
    """Its charter, its lock and its signers may be anybody's."""
    for command in ("sign", "approve"):
        act(project, command, "dev" if command == "sign" else "sre")
    packed = project.qgate("pack", str(bundle_of(project)), "--output", "b.tar")
    assert packed.code == ExitCode.PASS, packed.err
    other = Project(tmp_path / "other")
    other.folder.mkdir()
    for name in ("b.tar", "pilot.yaml", "pilot.lock.json", "allowed_signers", "data.csv"):
        shutil.copy(project.folder / name, other.folder)
    (other.folder / "requirements.lock").write_text("qiskit==2.0.0\n", encoding="utf-8")
    refused = other.qgate("promote", "--check", "b.tar")
    assert refused.code == ExitCode.USAGE
    assert "name the charter by --charter" in refused.err
    named = ("--require-signer", "dev@example.com")
    unknown = verify(other, "b.tar", *named)
    assert unknown.code == ExitCode.USAGE
    assert "name the file by --signers" in unknown.out
    assert verify(other, "b.tar", *named, "--signers", "allowed_signers").code == ExitCode.PASS
    assert other.qgate("promote", "--check", "b.tar", "--charter", "pilot.yaml").code == 0


def test_a_cut_log_is_not_signed_over(project: Project) -> None:
    act(project, "sign", "dev")
    act(project, "approve", "sre")
    log = AuditLog(project.folder / ".qgate" / "log.jsonl")
    entries = log.entries()
    lines = log.path.read_bytes().splitlines(keepends=True)
    ran = next(entry for entry in entries if entry.action == "run")
    log.path.write_bytes(b"".join(lines[: ran.number]))
    log.head_path.write_bytes(canonical({"entries": ran.number, "digest": ran.digest}))
    for command in ("sign", "approve"):
        refused = act(project, command, "lead")
        assert refused.code == ExitCode.USAGE
        assert "its end was cut off" in refused.err
    assert check(project).code == ExitCode.USAGE
    # Without the signed heads, what was signed later still names the log.
    for head in (project.folder / ".qgate").glob("log.head.*.dsse.json"):
        head.unlink()
    done = verify(project, str(bundle_of(project)))
    assert done.code == ExitCode.USAGE
    assert "has lost what attestations/approval-" in done.out


def test_a_stranger_signs_nothing(project: Project) -> None:
    refused = act(project, "sign", "mallory")
    assert refused.code == ExitCode.USAGE
    assert "is nobody's key" in refused.err
    assert not (bundle_of(project) / "attestations").exists()


def test_one_bundle_is_approved_never_the_newest_of_several(project: Project) -> None:
    first = bundle_of(project)
    assert project.qgate("run", "pilot.yaml", "--fresh", "-q").code == ExitCode.PASS
    digest = first.name.partition("-")[0]
    for several, expected in ((".qgate/evidence", "not one: name the one"), (digest, first.name)):
        refused = project.qgate("approve", several, "--key", "sre")
        assert refused.code == ExitCode.USAGE, refused.out
        assert expected in refused.err
    manifest = json.loads((first / "manifest.json").read_bytes())
    signed = project.qgate("sign", manifest["digest"][:12], "--key", "dev")
    assert signed.code == ExitCode.PASS, signed.err
    assert (first / "attestations").exists()


def test_a_signature_that_was_taken_away_is_missed(project: Project) -> None:
    act(project, "approve", "sre", "--reason", "fine")
    (statement,) = (bundle_of(project) / "attestations").iterdir()
    statement.unlink()
    done = verify(project, str(bundle_of(project)))
    assert done.code == ExitCode.USAGE
    assert f"the log names attestations/{statement.name}, which the bundle lacks" in done.out


def test_nobody_signs_or_promotes_what_does_not_agree_with_itself(project: Project) -> None:
    bundle = bundle_of(project)
    members = {p.name: p.read_bytes() for p in bundle.iterdir() if p.name != "manifest.json"}
    members["decision.json"] = members["decision.json"].replace(b'"pass"', b'"fail"', 1)
    forged = bundles.forge(project.folder / "forged", members)
    commands = (("sign", "--key", "dev"), ("promote", "--check", "--charter", "pilot.yaml"))
    for command, *more in commands:
        refused = project.qgate(command, str(forged), *more)
        assert refused.code == ExitCode.USAGE
        assert "decision.json does not follow" in refused.err


def test_a_missing_signer_is_told(project: Project) -> None:
    act(project, "sign", "dev")
    done = verify(project, str(bundle_of(project)), "--require-signer", "sre@example.com")
    assert done.code == ExitCode.USAGE
    assert "sre@example.com has not signed the decision" in done.out
    listed = verify(project, str(bundle_of(project)), "--format", "json")
    assert json.loads(listed.out)["verified"] is True
