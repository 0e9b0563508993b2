"""What a report renders: the decision with the way back, and on demand what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from qgate.charter.clauses import gate_paths
from qgate.charter.yaml_reader import Place, parse_yaml
from qgate.errors import InvalidFileError
from qgate.evidence.evidence import Evidence
from qgate.evidence.store import Bundle, evidence_of
from qgate.gates.decision import Decision
from qgate.rollout.rollback import RollbackPlan


@dataclass(frozen=True)
class Account:
    """A decision, the way back, and the bundle that both were derived from.

    What only some formats need, evidence and places, is read when it is asked for.
    """

    decision: Decision
    rollback: RollbackPlan
    bundle: Bundle

    @cached_property
    def evidence(self) -> Evidence:
        """Return the bundle's evidence.

        Raises:
            UsageError: When it is not what it says it is.

        """
        return evidence_of(self.bundle)

    @cached_property
    def places(self) -> Mapping[str, Place]:
        """Return line and column, from 1, of each stated gate in the charter file that ran.

        Of gates that every charter has by itself it is that of `pilot`. A confidential bundle does
        not hold the file: then every gate stands at the first line.
        """
        charter = self.evidence.charter
        try:
            source = parse_yaml(self.bundle.members.get("charter.yaml", b"{}"), charter.path)
        except InvalidFileError:
            return dict.fromkeys((gate.name for gate in charter.gates), (1, 1))
        stated = {charter.gates[index].name: path for index, path in gate_paths(charter)}
        return {
            gate.name: source.place(stated.get(gate.name, ("pilot",))) for gate in charter.gates
        }
