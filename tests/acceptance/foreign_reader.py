"""A reader of bundles in another program: it knows the schemas' words, and nothing of qgate.

It takes the standard library, ed25519 and a validator of JSON Schema, which every language has.
Comments name the schema that says how a thing is made.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
from collections.abc import Generator, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jsonschema import Draft7Validator

LARGEST = 2**53 - 1
ZEROS = "0" * 64
DOCUMENTS = {
    "decision.json": "decision",
    "environment.json": "environment",
    "evidence.json": "record",
    "lineage.json": "lineage",
    "observations.json": "observations",
}
"""The key in evidence.v1.json of each JSON member beside the manifest."""
KINDS = {
    "urn:qgate:promotion-decision:v1": "decision",
    "https://in-toto.io/attestation/test-result/v0.1": "test-result",
    "urn:qgate:approval:v1": "approval",
    "urn:qgate:override:v1": "override",
}
COMPUTATION = 2
DESCRIPTIVE = ("path", "classification", "source", "license", "region")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    return sha256(canonical(value))


def canonical(value: Any) -> bytes:
    """Return RFC 8785's bytes of a JSON value."""
    return _text(value).encode()


def _text(value: Any) -> str:
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list):
        return f"[{','.join(map(_text, value))}]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: str(key).encode("utf-16-be"))
        return "{" + ",".join(f"{_text(key)}:{_text(value[key])}" for key in keys) + "}"
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """Return a double as ECMAScript's Number::toString writes it."""
    if value == 0:
        return "0"
    sign, figures, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)
    digits = "".join(map(str, figures)).rstrip("0")
    point = len(figures) + exponent
    if len(digits) <= point <= 21:
        text = digits + "0" * (point - len(digits))
    elif 0 < point <= 21:
        text = f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{digits}"
    else:
        rest = f".{digits[1:]}" if digits[1:] else ""
        text = f"{digits[0]}{rest}e{point - 1:+d}"
    return "-" * sign + text


def parse(data: bytes) -> Any:
    """Return the value of JSON text; integers that a double does not hold as doubles."""

    def whole(digits: str) -> int | float:
        return int(digits) if abs(int(digits)) <= LARGEST else float(digits)

    return json.loads(data.decode(), parse_int=whole)


def parse_canonical(name: str, data: bytes) -> Any:
    value = parse(data)
    if canonical(value) != data:
        raise ValueError(f"{name} is not canonical")
    return value


class Schemas:
    """The shipped schemas, as another program would hold them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def problems(self, name: str, value: Any, part: str = "") -> Iterator[str]:
        """Yield what a schema, or a definition of it, finds in a value."""
        schema = json.loads((self._folder / name).read_text(encoding="utf-8"))
        if part:
            target = {"$ref": f"#/definitions/{part}"}
            schema = {**target, "definitions": schema["definitions"]}
        for error in Draft7Validator(schema).iter_errors(value):
            yield f"{name} {part}: {error.json_path}: {error.message}"


def bundle_problems(folder: Path, schemas: Schemas) -> Iterator[str]:
    """Yield where a bundle's folder is not as evidence.v1.json says."""
    manifest = parse_canonical("manifest.json", (folder / "manifest.json").read_bytes())
    if digest({k: v for k, v in manifest.items() if k != "digest"}) != manifest["digest"]:
        yield "manifest: its digest"
    names = {path.name for path in folder.iterdir()} - {"manifest.json", "attestations"}
    if names != set(manifest["members"]):
        yield "manifest: its members"
    for name, stated in manifest["members"].items():
        data = (folder / name).read_bytes()
        if (sha256(data), len(data)) != (stated["sha256"], stated["bytes"]):
            yield f"{name}: its digest"
    document = {
        key: parse_canonical(name, (folder / name).read_bytes())
        for name, key in DOCUMENTS.items()
        if name in names
    }
    yield from schemas.problems("evidence.v1.json", {"manifest": manifest, **document})
    evidence, observed = (
        manifest["members"][name]["sha256"] for name in ("evidence.json", "observations.json")
    )
    if folder.name != f"{evidence[:12]}-{observed[:8]}":
        yield "the folder's name"
    yield from _record_problems(document["record"], schemas)
    yield from _lock_problems(folder, document["record"], document["observations"], schemas)


def _record_problems(record: Mapping[str, Any], schemas: Schemas) -> Iterator[str]:
    yield from schemas.problems("charter.v1.json", record["charter"])
    if digest(record["charter"]) != record["inputs"]["charter"]:
        yield "the charter digest"
    trials = {trial["digest"]: trial for trial in record["trials"]}
    for trial in record["trials"]:
        if digest(trial_terms(record, trial)) != trial["digest"]:
            yield f"the digest of a trial of the {trial['arm']}"
    for replay in record["replays"]:
        outcome = {
            key: trials[replay["trial"]][key]
            for key in ("predictions", "scores", "solutions")
            if key in trials[replay["trial"]]
        }
        if digest(outcome) != replay["first"]:
            yield "the digest of a replayed outcome"


def trial_terms(record: Mapping[str, Any], trial: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a trial's digest is of, where no arm is recorded, tuned or on a device."""
    charter, inputs = record["charter"], record["inputs"]
    section = charter["baseline" if trial["arm"] == "baseline" else "candidate"]
    return {
        "computation": COMPUTATION,
        "spec": {k: v for k, v in section.items() if k not in ("id", "region")},
        "data": inputs["data content"],
        "split": inputs["split"]["digest"],
        "roles": {k: v for k, v in charter["data"].items() if k not in DESCRIPTIVE},
        "packages": inputs["packages"],
        "recorded": None,
        "circuit files": {},
        "calibration": None,
        **{k: trial[k] for k in ("arm", "seed", "shots", "replicate", "items") if k in trial},
    }


def _lock_problems(
    folder: Path, record: Mapping[str, Any], observed: Mapping[str, Any], schemas: Schemas
) -> Iterator[str]:
    path = folder / "lock.json"
    lock = parse(path.read_bytes()) if path.exists() else None
    if lock is None:
        if record["lock"] is not None:
            yield "lock.json is missing"
        return
    yield from schemas.problems("lock.v1.json", lock)
    if {key: lock.get(key) for key in ("inputs", "baseline")} != record["lock"]:
        yield "record.lock"
    if lock.get("evidence") != observed["locked_evidence"]:
        yield "observations.locked_evidence"
    of_baseline = [t["predictions"] for t in record["trials"] if t["arm"] == "baseline"]
    if digest(of_baseline) != record["lock"]["baseline"]["predictions"]:
        yield "the baseline's predictions"


def contract(record: Mapping[str, Any]) -> str:
    """Return the contract, by evidence.v1.json, record.lock."""
    return digest(record["charter"] if record["lock"] is None else record["lock"])


def attestation_problems(folder: Path, keys: Sequence[str], schemas: Schemas) -> Iterator[str]:
    """Yield where a bundle's statements are not as attestation.v1.json says.

    Args:
        folder: The bundle's.
        keys: Lines of .pub files.
        schemas: The shipped ones.

    """
    manifest = parse((folder / "manifest.json").read_bytes())
    record = parse((folder / "evidence.json").read_bytes())
    about = [
        {"name": "evidence", "digest": {"sha256": manifest["members"]["evidence.json"]["sha256"]}},
        {"name": "bundle", "digest": {"sha256": manifest["digest"]}},
    ]
    expected = {"charter": digest(record["charter"]), "contract": contract(record)}
    for path in sorted((folder / "attestations").iterdir()):
        data = path.read_bytes()
        statement = yield from _statement(path.name, data, keys, schemas)
        kind, predicate = KINDS[statement["predicateType"]], statement["predicate"]
        if path.name != f"{kind}-{sha256(data)[:16]}.json":
            yield f"{path.name}: its name"
        if statement["subject"] != about:
            yield f"{path.name}: its subjects"
        if kind == "test-result":
            predicate = {**expected, "charter": predicate["configuration"][0]["digest"]["sha256"]}
        if {key: predicate[key] for key in expected} != expected:
            yield f"{path.name}: its charter or contract"
        decided = parse((folder / "decision.json").read_bytes())
        if kind == "decision" and predicate["conclusion"] != decided:
            yield f"{path.name}: its conclusion"


def _statement(
    name: str, data: bytes, keys: Sequence[str], schemas: Schemas
) -> Generator[str, None, Any]:
    """Yield what is wrong with an envelope; return its statement."""
    envelope = parse_canonical(name, data)
    yield from schemas.problems("attestation.v1.json", envelope)
    payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"]
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    known = dict(map(_key, keys))
    for signature in envelope["signatures"]:
        try:
            known[signature["keyid"]].verify(base64.b64decode(signature["sig"]), signed)
        except (KeyError, InvalidSignature):
            yield f"{name}: its signature"
    statement = parse_canonical(f"the statement of {name}", payload)
    yield from schemas.problems("attestation.v1.json", statement, "statement")
    return statement


def _key(line: str) -> tuple[str, Ed25519PublicKey]:
    """Return fingerprint and key of a line of a .pub file."""
    blob = base64.b64decode(line.split()[1])
    fingerprint = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"SHA256:{fingerprint}", Ed25519PublicKey.from_public_bytes(blob[-32:])


def log_problems(state: Path, folder: Path, keys: Sequence[str], schemas: Schemas) -> Iterator[str]:
    """Yield where the audit log beside a bundle is not as log.v1.json says."""
    lines = (state / "log.jsonl").read_bytes().split(b"\n")[:-1]
    previous = ZEROS
    for number, line in enumerate(lines, 1):
        entry = parse_canonical(f"line {number}", line)
        yield from schemas.problems("log.v1.json", entry)
        if (entry["number"], entry["previous"]) != (number, previous):
            yield f"line {number}: the chain"
        previous = sha256(line)
    head = parse_canonical("the head", (state / "log.head.json").read_bytes())
    yield from schemas.problems("log.v1.json", head, "head")
    if head != {"entries": len(lines), "digest": previous}:
        yield "the head"
    for path in state.glob("log.head.*.dsse.json"):
        statement = yield from _statement("a signed head", path.read_bytes(), keys, schemas)
        keyid = parse(path.read_bytes())["signatures"][0]["keyid"]
        if path.name != f"log.head.{sha256(keyid.encode())[:16]}.dsse.json":
            yield "a signed head: its name"
        last = lines[statement["predicate"]["entries"] - 1]
        if statement["subject"] != [{"name": "log.jsonl", "digest": {"sha256": sha256(last)}}]:
            yield "a signed head: its subject"
    for anchor in _anchors(folder):
        ends = [sha256(lines[0]), sha256(lines[anchor["entries"] - 1])]
        if [anchor["first"], anchor["digest"]] != ends:
            yield "an anchor"


def _anchors(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what the run and each statement say of the log as it was before them."""
    yield parse((folder / "observations.json").read_bytes())["log"]
    for path in (folder / "attestations").iterdir():
        payload = base64.b64decode(parse(path.read_bytes())["payload"])
        predicate = parse(payload)["predicate"]
        if "log" in predicate:
            yield predicate["log"]


def data_problems(project: Path, record: Mapping[str, Any]) -> Iterator[str]:
    """Yield which inputs are not those of the files, for a reader who has a CSV without text."""
    charter, inputs = record["charter"], record["inputs"]
    name = charter["data"]["path"]
    if inputs["data bytes"] != {name: sha256((project / name).read_bytes())}:
        yield "data bytes"
    header, *rows = (project / name).read_text(encoding="utf-8").splitlines()
    cells = zip(*(row.split(",") for row in rows), strict=True)
    columns = dict(zip(header.split(","), cells, strict=True))
    if inputs["data content"] != digest([_column(*item) for item in columns.items()]):
        yield "data content"
    if inputs["rows and columns"] != [len(rows), len(columns)]:
        yield "rows and columns"
    lockfile = charter["environment"]["lockfile"]
    if inputs["dependency lock"] != sha256((project / lockfile).read_bytes()):
        yield "dependency lock"


def _column(name: str, cells: Sequence[str]) -> dict[str, str]:
    if all(cell.lstrip("-").isdigit() for cell in cells):
        data = b"".join(int(cell).to_bytes(8, "little", signed=True) for cell in cells)
        return {"name": name, "type": "integer", "sha256": sha256(data)}
    data = b"".join(struct.pack("<d", float(cell) + 0.0) for cell in cells)
    return {"name": name, "type": "number", "sha256": sha256(data)}


def veil_problems(project: Path, record: Mapping[str, Any]) -> Iterator[str]:
    """Yield which opaque names are not of confidential data in one file, without an id column."""
    data = (project / record["charter"]["data"]["path"]).read_bytes()
    key = hmac.digest(b"qgate opaque items v1", data, "sha256")

    def keyed(value: Any) -> str:
        return hmac.digest(key, canonical(value), "sha256").hex()

    rows = range(record["inputs"]["rows and columns"][0])
    names = {keyed(["item", None, row, None])[:32]: row for row in rows}
    if record["items"] != sorted(set(names) & set(record["items"])):
        yield "the items"
    validation = [names[item] for item in record["items"]]
    train = [row for row in rows if row not in set(validation)]
    split = digest({"train": train, "validation": validation})
    if record["inputs"]["split"]["digest"] != keyed(["split", split]):
        yield "the split"
