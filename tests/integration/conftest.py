"""A small project of its own for each test, and the command line as a user calls it."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.commands import ROOT, Done, qgate, qgate_alone

pytest.register_assert_rewrite("tests.integration.examples")

__all__ = ["ROOT", "SMALL", "Done", "Project", "new_project", "project", "qgate", "qgate_alone"]

SMALL: dict[str, Any] = {
    "version": 1,
    "pilot": {"name": "small", "owner": "owner@example.com"},
    "data": {
        "path": "data.csv",
        "target": "malignant",
        "validation": {"fraction": 0.5, "seed": 1},
    },
    "baseline": {
        "id": "classical_v1",
        "preprocess": ["sklearn.preprocessing.StandardScaler"],
        "estimator": "sklearn.svm.SVC",
        "params": {"C": 10.0},
    },
    "candidate": {
        "id": "quantum_v1",
        "preprocess": [
            "sklearn.preprocessing.StandardScaler",
            {"sklearn.decomposition.PCA": {"n_components": 4}},
        ],
        "quantum_kernel": {
            "layers": [
                {"name": "encode", "kind": "angle", "gate": "ry", "scale": 0.2},
                {"name": "entangle", "kind": "zz", "pairs": "ring", "scale": 0.02},
            ],
            "params": {"C": 10.0},
        },
    },
    "schedule": {"seeds": [1, 2, 3], "shots": [512], "replicates": 2},
    "gates": [
        {
            "name": "parity",
            "metric": "val_accuracy_gap_vs_classical",
            "max": 0.2,
            "owner": "qml@example.com",
            "remediation": [{"disable": "entangle"}, {"rerun": "parity"}],
        }
    ],
    "environment": {"lockfile": "requirements.lock"},
    "rollback": {"traffic": "blue_green_to_classical_v1", "approver": "sre@example.com"},
}


@dataclass(frozen=True)
class Project:
    """A folder with data, a dependency lock and a charter."""

    folder: Path

    @property
    def charter(self) -> Path:
        """Return the charter's path."""
        return self.folder / "pilot.yaml"

    def write(self, change: Callable[[dict[str, Any]], None] | None = None) -> None:
        """Write the small charter, changed."""
        document = copy.deepcopy(SMALL)
        if change is not None:
            change(document)
        self.charter.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def qgate(self, *arguments: str, **environment: str) -> Done:
        """Run the command line in the folder."""
        return qgate(*arguments, cwd=self.folder, **environment)

    def qgate_alone(self, *arguments: str, **environment: str) -> Done:
        """Run the command line in the folder, in a process of its own."""
        return qgate_alone(*arguments, cwd=self.folder, **environment)


def new_project(folder: Path) -> Project:
    """Return a project whose charter is the small one."""
    shutil.copy(ROOT / "fixtures/breast_cancer/data.csv", folder / "data.csv")
    (folder / "requirements.lock").write_text("qiskit==2.0.0\n", encoding="utf-8")
    (folder / "pyproject.toml").write_text("", encoding="utf-8")
    made = Project(folder)
    made.write()
    return made


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project of the test's own."""
    return new_project(tmp_path)
