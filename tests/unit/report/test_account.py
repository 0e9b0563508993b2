"""What reports are given: the evidence behind a decision, and where each gate stands."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from qgate.evidence.store import open_bundle
from qgate.gates.decision import judge
from qgate.report.account import Account
from qgate.rollout.rollback import rollback_after
from tests.unit.evidence import bundles


def _account(folder: Path, charter: bytes | None) -> Account:
    members = {} if charter is None else {"charter.yaml": charter}
    written = bundles.write(bundles.record(), bundles.observations(), folder, **members)
    decision = judge(written)
    return Account(decision, rollback_after(decision), open_bundle(written.path))


def test_a_gate_stands_where_the_charter_that_ran_has_it(tmp_path: Path) -> None:
    text = yaml.safe_dump(bundles.charter_document(), sort_keys=False)
    account = _account(tmp_path, text.encode())
    assert text.split("\n")[1] == "pilot:"
    assert account.places["reproducibility"] == (2, 1)  # as every charter has it, by itself
    assert account.places.keys() == {gate.name for gate in account.evidence.charter.gates}


@pytest.mark.parametrize("charter", [None, b"\t:"], ids=["no file", "no YAML"])
def test_without_the_file_every_gate_stands_at_its_start(
    tmp_path: Path, charter: bytes | None
) -> None:
    account = _account(tmp_path, charter)
    assert set(account.places.values()) == {(1, 1)}
