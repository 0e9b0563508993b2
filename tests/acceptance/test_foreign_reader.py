"""The schemas tell a reader in another language all that a bundle and its log have to be."""

from __future__ import annotations

import ast
import base64
import copy
import datetime
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qgate.digest import canonical
from qgate.errors import ExitCode
from qgate.evidence.audit_log import ACTIONS
from qgate.plan.plan import COMPUTATION
from qgate.review.statements import KINDS
from qgate.signing.statement import LOG_HEAD
from tests.acceptance import foreign_reader
from tests.acceptance.foreign_reader import Schemas, sha256
from tests.integration.conftest import ROOT, Project, new_project
from tests.unit.signing import ssh

pytestmark = ssh.needed
SCHEMAS = Schemas(ROOT / "schemas")
PEOPLE = ("dev", "sre", "owner", "mallory")


def _terms(document: dict[str, Any]) -> None:
    document["pilot"]["description"] = "café, \N{MUSICAL SYMBOL G CLEF}"
    document["schedule"] = {"seeds": [1, 2], "shots": [64], "replicates": 1}
    document["gates"][0]["max"] = 0.9
    document["approvals"] = {
        "signers": "allowed_signers",
        "roles": {"approver": ["sre@example.com"]},
    }


def _bundle(project: Project) -> Path:
    (bundle,) = (project.folder / ".qgate" / "evidence").iterdir()
    return bundle


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project in which every action of the log was taken."""
    project = new_project(tmp_path_factory.mktemp("made"))
    project.write(_terms)
    keys = {name: ssh.key_of(ssh.make(project.folder / name)) for name in PEOPLE}
    lines = [f'{name}@example.com namespaces="qgate" {keys[name].openssh}\n' for name in PEOPLE[:3]]
    (project.folder / "allowed_signers").write_text("".join(lines), encoding="utf-8")

    def act(*arguments: str, code: int = ExitCode.PASS) -> None:
        done = project.qgate(*arguments, QGATE_ACTOR="dev@example.com")
        assert done.code == code, done.err

    act("lock", "pilot.yaml")
    act("calibrate", "pilot.yaml", "--replicates", "10", "-q", code=ExitCode.INCONCLUSIVE)
    act("run", "pilot.yaml", "--rehearse")
    bundle = str(_bundle(project))
    act("approve", bundle, "--key", "mallory", code=ExitCode.USAGE)
    act("rollback", "pilot.yaml", "--done", "--reason", "a drill", "--evidence", bundle)
    act("cache", "prune", "--max-size", "0")
    with (project.folder / ".qgate" / "log.jsonl").open("ab") as stream:
        stream.write(b'{"action":"promo')
    act("approve", bundle, "--key", "sre", "--reason", "looks “fine”")
    act("override", bundle, "--key", "owner", "--reason", "a drill", "--until", _tomorrow())
    act("sign", bundle, "--key", "dev")
    act("promote", "--check", bundle)
    return project


def _tomorrow() -> str:
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)).isoformat()


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    return Project(Path(shutil.copytree(made.folder, tmp_path / "copy")))


def _keys(project: Project) -> list[str]:
    return [(project.folder / f"{name}.pub").read_text() for name in PEOPLE[:3]]


def _problems(project: Project) -> list[str]:
    bundle, keys = _bundle(project), _keys(project)
    return [
        *foreign_reader.bundle_problems(bundle, SCHEMAS),
        *foreign_reader.attestation_problems(bundle, keys, SCHEMAS),
        *foreign_reader.log_problems(project.folder / ".qgate", bundle, keys, SCHEMAS),
    ]


def _entries(project: Project) -> list[dict[str, Any]]:
    lines = (project.folder / ".qgate" / "log.jsonl").read_bytes().splitlines()
    return [json.loads(line) for line in lines]


def _statements(project: Project) -> Iterator[dict[str, Any]]:
    state = project.folder / ".qgate"
    heads = state.glob("log.head.*.dsse.json")
    for path in (*(_bundle(project) / "attestations").iterdir(), *heads):
        yield json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))


def test_the_reader_knows_nothing_of_qgate() -> None:
    tree = ast.parse(Path(foreign_reader.__file__).read_bytes())
    found = {
        str(name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
        )
    }
    assert found - sys.stdlib_module_names == {"cryptography", "jsonschema"}


def test_bundle_statements_and_log_are_as_the_schemas_say(made: Project) -> None:
    assert _problems(made) == []
    record = json.loads((_bundle(made) / "evidence.json").read_bytes())
    assert record["lock"] is not None
    assert record["replays"]
    assert list(foreign_reader.data_problems(made.folder, record)) == []


def test_confidential_data_and_a_run_without_a_lock_are_as_the_schemas_say(tmp_path: Path) -> None:
    project = new_project(tmp_path)

    def confidential(document: dict[str, Any]) -> None:
        _terms(document)
        del document["approvals"]
        document["data"]["classification"] = "confidential"

    project.write(confidential)
    done = project.qgate("run", "pilot.yaml", "--even-if-underpowered")
    assert done.code == ExitCode.COULD_NOT_RUN, done.err  # for want of a lock
    bundle = _bundle(project)
    record = json.loads((bundle / "evidence.json").read_bytes())
    assert record["lock"] is None
    assert list(foreign_reader.veil_problems(project.folder, record)) == []
    veiled = {"the digest of a replayed outcome"}
    assert set(foreign_reader.bundle_problems(bundle, SCHEMAS)) == veiled
    entry = next(entry for entry in _entries(project) if entry["action"] == "run")
    assert entry["digests"]["contract"] == foreign_reader.contract(record)


def test_every_action_and_every_kind_of_statement_was_read(made: Project) -> None:
    assert {entry["action"] for entry in _entries(made)} == set(ACTIONS)
    assert {found["predicateType"] for found in _statements(made)} == {*KINDS, LOG_HEAD}
    assert foreign_reader.KINDS == KINDS


def test_what_the_schemas_list_is_what_the_program_has() -> None:
    log = json.loads((ROOT / "schemas/log.v1.json").read_bytes())
    attestation = json.loads((ROOT / "schemas/attestation.v1.json").read_bytes())
    statement = attestation["definitions"]["statement"]["properties"]
    assert set(log["properties"]["action"]["enum"]) == set(ACTIONS)
    assert set(statement["predicateType"]["enum"]) == {*KINDS, LOG_HEAD}
    evidence = json.loads((ROOT / "schemas/evidence.v1.json").read_bytes())
    trial = evidence["properties"]["record"]["properties"]["trials"]["items"]["properties"]
    assert f"computation ({COMPUTATION} now" in trial["digest"]["description"]
    assert foreign_reader.COMPUTATION == COMPUTATION


def _rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_bytes())
    change(document)
    path.write_bytes(canonical(document))


def _sealed(project: Project, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a member, and the manifest so that it fits: only what is within can tell."""
    bundle = _bundle(project)
    _rewrite(bundle / name, change)
    data = (bundle / name).read_bytes()

    def fit(manifest: dict[str, Any]) -> None:
        manifest["members"][name] = {"sha256": sha256(data), "bytes": len(data)}
        del manifest["digest"]
        manifest["digest"] = foreign_reader.digest(manifest)

    _rewrite(bundle / "manifest.json", fit)


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("evidence.json", lambda d: d["charter"]["pilot"].update(name="x"), "the charter digest"),
        ("evidence.json", lambda d: d["lock"]["inputs"].update(replicates=2), "record.lock"),
        (
            "evidence.json",
            lambda d: d["trials"][0].update(predictions=[1] * len(d["truth"])),
            "the baseline's predictions",
        ),
        (
            "evidence.json",
            lambda d: d["trials"][0].update(seed=9),
            "the digest of a trial of the baseline",
        ),
        (
            "evidence.json",
            lambda d: d["replays"][0].update(first="0" * 64),
            "the digest of a replayed outcome",
        ),
        (
            "observations.json",
            lambda d: d.update(locked_evidence="0" * 64),
            "observations.locked_evidence",
        ),
        ("observations.json", lambda d: d["log"].update(digest="0" * 64), "an anchor"),
        ("decision.json", lambda d: d.update(exit_code=10), "its conclusion"),
        ("lineage.json", lambda d: d["qgate:split"].update({"qgate:digest": "x"}), "evidence.v1"),
    ],
)
def test_a_changed_member_is_found_even_under_a_manifest_that_fits(
    project: Project, name: str, change: Callable[[dict[str, Any]], None], expected: str
) -> None:
    _sealed(project, name, change)
    found = _problems(project)
    assert any(expected in problem for problem in found), found
    assert any("its subjects" in problem for problem in found), found


@pytest.mark.parametrize("name", ["charter.yaml", "lock.json", "environment.json"])
def test_a_changed_byte_is_found_by_the_manifest(project: Project, name: str) -> None:
    path = _bundle(project) / name
    path.write_bytes(path.read_bytes().replace(b"s", b"z", 1))
    assert f"{name}: its digest" in _problems(project)


def test_a_forged_statement_is_found(project: Project) -> None:
    folder = _bundle(project) / "attestations"
    (path,) = folder.glob("approval-*")
    envelope = json.loads(path.read_bytes())
    payload = base64.b64decode(envelope["payload"]).replace(b"fine", b"good")
    envelope["payload"] = base64.b64encode(payload).decode()
    path.write_bytes(canonical(envelope))
    found = _problems(project)
    assert f"{path.name}: its name" in found
    assert f"{path.name}: its signature" in found


@pytest.mark.parametrize("which", [0, 3, -1])
def test_a_changed_entry_of_the_log_is_found(project: Project, which: int) -> None:
    path = project.folder / ".qgate" / "log.jsonl"
    entries = _entries(project)
    entries[which]["reason"] = "another"
    path.write_bytes(b"".join(canonical(entry) + b"\n" for entry in entries))
    assert [p for p in _problems(project) if "chain" in p or p == "the head"]


LIES: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("start", lambda e: e["facts"].pop("basis")),
    ("judge", lambda e: e["facts"].update(start=0)),
    ("calibrate", lambda e: e["facts"]["spending"].pop("shots")),
    ("run", lambda e: e["facts"].update(attempt=0)),
    ("run", lambda e: e["facts"]["spending"].update(usd="1")),
    ("run", lambda e: e["facts"].update(stopped=True)),
    ("lock", lambda e: e["digests"].update(contract="abc")),
    ("sign", lambda e: e["facts"].update(statements=["decision.json"])),
    ("approve", lambda e: e["facts"].update(key="dev")),
    ("override", lambda e: e["facts"].update(until="tomorrow")),
    ("promote", lambda e: e["facts"].update(fresh="yes")),
    ("refuse", lambda e: e["facts"].pop("why")),
    ("rollback", lambda e: e["facts"].update(to=1)),
    ("incident", lambda e: e["digests"].pop("incident")),
    ("prune", lambda e: e["facts"].update(files=-1)),
    ("repair", lambda e: e["facts"].update(bytes="16")),
]


@pytest.mark.parametrize(("action", "lie"), LIES)
def test_an_entry_of_another_form_is_none(
    made: Project, action: str, lie: Callable[[dict[str, Any]], Any]
) -> None:
    entry = next(entry for entry in _entries(made) if entry["action"] == action)
    assert list(SCHEMAS.problems("log.v1.json", entry)) == []
    lie(entry)
    assert list(SCHEMAS.problems("log.v1.json", entry)) != []


def test_each_action_has_an_entry_that_lies() -> None:
    assert {action for action, _ in LIES} == set(ACTIONS)


@pytest.mark.parametrize(
    "lie",
    [
        lambda e: e.update(action="delete"),
        lambda e: e.update(number=0),
        lambda e: e.update(time="2026-01-01T00:00:00"),
        lambda e: e.update(more=1),
        lambda e: e.pop("previous"),
    ],
)
def test_no_entry_has_another_frame(made: Project, lie: Callable[[dict[str, Any]], Any]) -> None:
    for entry in _entries(made):
        lie(entry)
        assert list(SCHEMAS.problems("log.v1.json", entry)) != []


def test_no_part_of_a_statement_can_be_left_out_or_be_another_text(made: Project) -> None:
    free = {"reason", "name", "pilot"}
    for statement in _statements(made):
        parts = statement["predicate"]
        for key in parts:
            lacking = copy.deepcopy(statement)
            del lacking["predicate"][key]
            known = list(SCHEMAS.problems("attestation.v1.json", lacking, "statement")) != []
            assert known == (key != "signers"), (statement["predicateType"], key)
            if key not in free:
                other = copy.deepcopy(statement)
                other["predicate"][key] = "other"
                assert list(SCHEMAS.problems("attestation.v1.json", other, "statement")) != [], key
        more = {**statement, "predicate": {**parts, "more": 1}}
        assert list(SCHEMAS.problems("attestation.v1.json", more, "statement")) != []
        of_one = {**statement, "subject": [{**statement["subject"][0], "name": ""}]}
        assert list(SCHEMAS.problems("attestation.v1.json", of_one, "statement")) != []


@pytest.mark.parametrize("key", ["sig", "keyid"])
def test_an_envelope_of_another_form_is_none(made: Project, key: str) -> None:
    path = next((_bundle(made) / "attestations").iterdir())
    envelope = json.loads(path.read_bytes())
    assert list(SCHEMAS.problems("attestation.v1.json", envelope)) == []
    for value in ("", envelope["signatures"][0][key][:-4], None):
        envelope["signatures"][0][key] = value
        assert list(SCHEMAS.problems("attestation.v1.json", envelope)) != []


def test_the_readers_canonical_json_is_that_of_rfc_8785() -> None:
    drawn = np.frombuffer(np.random.default_rng(1).bytes(16_000), dtype="<f8")
    numbers = drawn[np.isfinite(drawn)].tolist()
    numbers += [0.0, -0.0, 1e21, 1e20, 123456789012345680000.0, 1e-6, 1e-7, 5e-324, 0.1, 2.0, -1.5]
    value = {"\ufb33": numbers, "\U0001f600": 'é\x07\n"\\/\x7f', "a": [True, None, {}], "€": -7}
    assert foreign_reader.canonical(value) == canonical(value)
