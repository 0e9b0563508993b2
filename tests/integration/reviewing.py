"""A pilot that ran and may be promoted once it is approved, with the keys of real people."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from qgate.errors import ExitCode
from qgate.evidence.audit_log import AuditLog, Entry
from tests.integration.conftest import Done, Project, new_project
from tests.unit.signing import ssh

PEOPLE = ("dev", "sre", "lead", "owner", "mallory")
"""All but mallory are in the file of signers, sre and lead may approve."""


def terms(document: dict[str, Any]) -> None:
    document["pilot"]["owner"] = "owner@example.com"
    document["approvals"] = {
        "signers": "allowed_signers",
        "max_age_days": 7,
        "roles": {"approver": ["sre@example.com", "lead@example.com"]},
    }


def reviewed(folder: Path, change: Callable[[dict[str, Any]], None] = terms) -> Project:
    """Return a project with everybody's keys, whose charter asks for approvals."""
    project = new_project(folder)
    project.write(change)
    lines = []
    for name in PEOPLE:
        key = ssh.key_of(ssh.make(project.folder / name))
        if name != "mallory":
            lines.append(f'{name}@example.com namespaces="qgate" {key.openssh}\n')
    signers_of(project).write_text("".join(lines), encoding="utf-8")
    return project


def run_in(folder: Path) -> Project:
    """Return such a project whose locked pilot ran."""
    project = reviewed(folder)
    assert project.qgate("lock", "pilot.yaml").code == ExitCode.PASS
    done = project.qgate("run", "pilot.yaml", "--format", "json", QGATE_ACTOR="dev@example.com")
    assert done.report["decision"] == "promote"
    return project


def copied(project: Project, folder: Path) -> Project:
    shutil.copytree(project.folder, folder)
    return Project(folder)


def signers_of(project: Project) -> Path:
    return project.folder / "allowed_signers"


def log_of(project: Project) -> list[Entry]:
    return AuditLog(project.folder / ".qgate" / "log.jsonl").entries()


def bundle_of(project: Project) -> Path:
    (bundle,) = (project.folder / ".qgate" / "evidence").iterdir()
    return bundle


def act(project: Project, command: str, who: str, *more: str) -> Done:
    return project.qgate(command, str(bundle_of(project)), "--key", who, *more)


def check(project: Project, *more: str) -> Done:
    return flat(project.qgate("promote", "--check", str(bundle_of(project)), *more))


def verify(project: Project, *arguments: str) -> Done:
    return flat(project.qgate("verify", *arguments))


def flat(done: Done) -> Done:
    """Return what a command said without its line breaks."""
    return replace(done, out=" ".join(done.out.split()))
