"""The GitLab template and the pre-commit hooks: valid, and of commands that there are."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import typer
import yaml

from qgate.cli.app import app
from qgate.cli.options import FORMAT_NAMES
from qgate.errors import ExitCode
from tests.integration.commands import ROOT
from tests.integration.conftest import Project

TEMPLATE = ROOT / ".ci/qgate.gitlab-ci.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
_BESIDE = Path(sys.executable).parent
"""Where the tools of this environment are."""


def _template() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    return document


def _hooks() -> dict[str, dict[str, Any]]:
    return {hook["id"]: hook for hook in yaml.safe_load(HOOKS.read_text(encoding="utf-8"))}


def _tool(
    name: str,
    *arguments: object,
    cwd: Path = ROOT,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, str]:
    done = subprocess.run(
        [str(_BESIDE / name), *map(str, arguments)],
        cwd=cwd, env={**os.environ, **environment}, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, done.stdout


def _options(command: str) -> set[str]:
    """Return a command's options, as the command line has them."""
    group = typer.main.get_command(app)
    found = getattr(group, "commands", {})[command]
    return {option for parameter in found.params for option in parameter.opts}


def _commands() -> Iterator[tuple[str, list[str]]]:
    """Yield each qgate command that the template or a hook types, and its arguments."""
    lines = [*_template()[".qgate"]["script"]]
    lines += [" ".join((h["entry"], *h.get("args", ()))) for h in _hooks().values()]
    for line in lines:
        program, command, *arguments = shlex.split(line)
        assert program == "qgate", line
        yield command, arguments


@pytest.mark.parametrize(("command", "arguments"), list(_commands()))
def test_each_command_is_one_of_qgate_s(command: str, arguments: list[str]) -> None:
    known = _options(command)
    assert {argument for argument in arguments if argument.startswith("-")} <= known
    formats = [after for before, after in pairwise(arguments) if before == "--format"]
    assert set(formats) <= set(FORMAT_NAMES)


def _gitlab(document: dict[str, Any], folder: Path) -> tuple[int, str]:
    """Hold a template against GitLab's schema, hidden jobs as jobs: it takes any hidden one."""
    path = folder / "template.yml"
    shown = {name.replace(".", "shown-"): job for name, job in document.items()}
    shown["qgate"] = {**document["qgate"], **document[".qgate"]}
    shown["shown-qgate-inconclusive-warns"] |= {"script": ["true"]}
    path.write_text(yaml.safe_dump(shown), encoding="utf-8")
    return _tool("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", path)


def test_the_template_is_what_gitlab_takes(tmp_path: Path) -> None:
    code, said = _tool("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", TEMPLATE)
    assert code == 0, said
    code, said = _gitlab(_template(), tmp_path)
    assert code == 0, said


@pytest.mark.parametrize(
    ("job", "change"),
    [
        (".qgate", {"cache": {"paths": ".qgate/"}}),
        (".qgate", {"artifacts": {"reports": {"junit": 1}}}),
        (".qgate-inconclusive-warns", {"allow_failure": {"exit_codes": ["none"]}}),
    ],
    ids=["cache", "artifacts", "exit codes"],
)
def test_gitlab_s_schema_would_find_a_mistake(
    tmp_path: Path, job: str, change: dict[str, Any]
) -> None:
    document = _template()
    document[job] |= change
    assert _gitlab(document, tmp_path)[0] == 1


def test_inconclusive_blocks_unless_a_project_says_otherwise() -> None:
    template = _template()
    jobs = {name for name in template if name not in ("variables",) and not name.startswith(".")}
    assert jobs == {"qgate"}
    assert "allow_failure" not in {**template[".qgate"], **template["qgate"]}
    assert template["qgate"]["extends"] == ".qgate"
    warns = template[".qgate-inconclusive-warns"]
    assert warns == {"allow_failure": {"exit_codes": [int(ExitCode.INCONCLUSIVE)]}}


def test_the_template_s_commands_leave_what_it_uploads(project: Project) -> None:
    """A run that does not pass ends the job with its code and leaves every report."""
    project.write(lambda document: document["gates"][0].update(max=0.001))
    assert project.qgate("lock", "pilot.yaml").code == ExitCode.PASS
    template = _template()
    script = "\n".join(["set -e", *template[".qgate"]["script"]])
    script = script.replace("qgate run ", "qgate run --even-if-underpowered ")
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=project.folder, text=True, check=False, capture_output=True,
        env={**os.environ, "QGATE_CHARTER": "pilot.yaml",
             "PATH": f"{_BESIDE}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.returncode == ExitCode.INCONCLUSIVE, done.stderr
    assert "HOLD" in done.stdout
    artifacts = template[".qgate"]["artifacts"]
    for path in (*artifacts["paths"], *artifacts["reports"].values()):
        assert (project.folder / path).exists(), path
    cached = [path for cache in template[".qgate"]["cache"] for path in cache["paths"]]
    assert ".qgate/" in cached
    assert (project.folder / ".qgate/trials").is_dir()


def test_the_hooks_are_what_pre_commit_takes(tmp_path: Path) -> None:
    environment = {"PRE_COMMIT_HOME": str(tmp_path / "home")}
    code, said = _tool("pre-commit", "validate-manifest", HOOKS, environment=environment)
    assert (code, said) == (0, "")
    broken = tmp_path / "broken.yaml"
    text = HOOKS.read_text(encoding="utf-8").replace("pass_filenames: false", "pass_filenames: 1")
    broken.write_text(text, encoding="utf-8")
    assert _tool("pre-commit", "validate-manifest", broken, environment=environment)[0] != 0


def test_the_hooks_work_in_a_repository(project: Project, tmp_path: Path) -> None:
    """As a project of its own has them, but for an environment of qgate-check's own."""
    folder = project.folder / "charters"
    folder.mkdir()
    project.write(lambda document: document["data"].update(path="../data.csv"))
    text = project.charter.read_text(encoding="utf-8")
    text = text.replace("lockfile: requirements.lock", "lockfile: ../requirements.lock")
    project.charter.unlink()
    for name in ("a.yaml", "b.yaml"):
        (folder / name).write_text(text, encoding="utf-8")
        assert project.qgate("lock", f"charters/{name}").code == ExitCode.PASS
    shutil.rmtree(project.folder / ".qgate")
    hooks = [{**hook, "language": "system"} for hook in _hooks().values()]
    config = project.folder / ".pre-commit-config.yaml"
    config.write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}))
    _git(project.folder, "init", "--quiet")
    _git(project.folder, "add", ".")
    environment = {
        "PRE_COMMIT_HOME": str(tmp_path / ".git" / "pre-commit-home"),
        "PATH": f"{_BESIDE}{os.pathsep}{os.environ['PATH']}",
    }

    def run() -> tuple[int, str]:
        return _tool(
            "pre-commit",
            "run",
            "--all-files",
            "--verbose",
            cwd=project.folder,
            environment=environment,
        )

    code, said = run()
    assert code == 0, said
    assert "2 charters: 0 error(s)" in said
    assert "charters/a.yaml: as locked" in said
    data = project.folder / "data.csv"
    data.write_text(data.read_text(encoding="utf-8").replace("17.99", "17.98", 1), encoding="utf-8")
    _git(project.folder, "add", ".")
    code, said = run()
    assert code == 1, said  # pre-commit's own code for a hook that failed
    assert "charters/b.yaml: not as locked in charters/b.lock.json:" in said
    assert "data bytes: ../data.csv locked" in said


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True)  # noqa: S607  # as typed
