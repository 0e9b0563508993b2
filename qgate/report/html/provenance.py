"""Where a decision comes from: digests, files, machine, versions, lock."""

from __future__ import annotations

from collections.abc import Iterator

from qgate.report.account import Account

Fact = tuple[str, str, bool]
"""Name, text, and whether the text is a digest or a path."""


def provenance(account: Account) -> list[Fact]:
    """Return what the evidence says of its own origin, for a table."""
    return [fact for fact in _facts(account) if fact[1]]


def _facts(account: Account) -> Iterator[Fact]:
    decision, evidence = account.decision, account.evidence
    record, seen = evidence.record, evidence.observations
    inputs, lock = record["inputs"], record["lock"]
    yield "Charter", decision.charter.path, True
    yield "Charter digest", decision.charter.digest, True
    yield "Evidence", decision.evidence_path, True
    yield "Evidence digest", decision.evidence_digest, True
    yield "Observations digest", decision.observations_digest, True
    yield "Bundle digest", account.bundle.digest, True
    yield "Created", str(seen["created"]), False
    yield "By", str(seen.get("author") or ""), False
    yield "Machine", str(seen["machine"].get("platform", "")), False
    yield "Python", str(seen["machine"].get("python", "")), False
    packages = inputs.get("packages") or {}
    yield "Packages", ", ".join(f"{name} {version}" for name, version in packages.items()), False
    data = inputs["data bytes"]
    if isinstance(data, dict):
        for path, digest in list(data.items())[:8]:
            yield "Data bytes", f"{digest} {path}", True
    yield "Data content", str(inputs["data content"]), True
    yield "Split", str(inputs["split"].get("digest", "")), True
    yield "Dependency lock", str(inputs["dependency lock"] or "none"), True
    if lock is None:
        yield "Lock", "none: nothing says that data, split and baseline are as agreed", False
        return
    baseline = lock["baseline"]
    yield "Locked baseline", str(baseline.get("id", "")), False
    yield "Its predictions", str(baseline.get("predictions", "")), True
