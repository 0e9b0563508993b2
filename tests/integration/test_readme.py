"""Every fenced block of the README and of the rooms' documents runs or validates."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
import yaml

from qgate import plan
from qgate.errors import ExitCode
from tests.integration.commands import ROOT, qgate
from tests.integration.conftest import new_project
from tests.integration.documents import README, Block, blocks, commands, documents
from tests.integration.examples import EXPECTED
from tests.unit.signing import ssh

_TOOLS = Path(sys.executable).parent


def _tool(name: str, *arguments: object, cwd: Path) -> None:
    done = subprocess.run(
        [str(_TOOLS / name), *map(str, arguments)], cwd=cwd, capture_output=True, text=True,
        check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def _written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _stated(text: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def _with_fixtures(folder: Path) -> None:
    shutil.copytree(ROOT / "fixtures", folder / "fixtures", dirs_exist_ok=True)
    shutil.copy(ROOT / "requirements.lock", folder)
    _written(folder, "pyproject.toml", "")


def _checked(text: str, folder: Path) -> str:
    """Return what `qgate check` says of a charter without errors."""
    _with_fixtures(folder)
    _written(folder, "charters/pilot.yaml", text)
    done = qgate("check", "charters/pilot.yaml", cwd=folder)
    assert done.code == ExitCode.PASS, done.out + done.err
    return done.out + done.err


def _is_charter(block: Block, folder: Path) -> None:
    assert _checked(block.text, folder) == "1 charter: 0 error(s), 0 warning(s)\n"


def _is_part_of_a_charter(block: Block, folder: Path) -> None:
    whole = next(b for b in blocks() if b.document == README and _check_of(b) is _is_charter)
    merged = _merged(_stated(whole.text), _stated(block.text))
    if "approvals" in merged:
        names = ",".join(sorted(set(re.findall(r"\w+@example\.com", block.text))))
        refused = _written(folder, "charters/pilot.yaml", yaml.safe_dump(merged))
        assert "no file 'allowed_signers'" in qgate("check", str(refused), cwd=folder).out
        signers = f'{names} namespaces="qgate" {ssh.key().public.openssh}\n'
        _written(folder, "charters/allowed_signers", signers)
    assert "has no key" not in _checked(yaml.safe_dump(merged), folder)


def _merged(under: Any, over: Any) -> Any:
    if not (isinstance(under, dict) and isinstance(over, dict)):
        return over
    return {**under, **{key: _merged(under.get(key), value) for key, value in over.items()}}


def _is_workflow(block: Block, folder: Path) -> None:
    path = _written(folder, "workflow.yml", block.text)
    _tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", path, cwd=folder)
    steps = [step for job in _stated(block.text)["jobs"].values() for step in job["steps"]]
    (ours,) = (step for step in steps if step["uses"].startswith("OWNER/qgate/"))
    at = ours["uses"].removeprefix("OWNER/qgate/").partition("@")[0]
    action = _stated((ROOT / at / "action.yml").read_text(encoding="utf-8"))
    assert set(ours.get("with", ())) <= set(action["inputs"])


def _is_pipeline(block: Block, folder: Path) -> None:
    path = _written(folder, "pipeline.yml", block.text)
    _tool("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", path, cwd=folder)
    stated = _stated(block.text)
    at = ROOT / stated["include"][0]["remote"].removeprefix("https://example.com/qgate/")
    assert set(stated["variables"]) <= set(_stated(at.read_text(encoding="utf-8"))["variables"])


def _is_pre_commit(block: Block, folder: Path) -> None:
    path = _written(folder, ".pre-commit-config.yaml", block.text)
    _tool("pre-commit", "validate-config", path, cwd=folder)
    offered = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (stated,) = _stated(block.text)["repos"]
    assert [hook["id"] for hook in stated["hooks"]] == [hook["id"] for hook in offered]


def _runs_python(block: Block, folder: Path) -> None:
    """In a process of its own, with a quick charter for the example; what it shows is its own."""
    shutil.move(new_project(folder).charter, _written(folder, "charters/hold.yaml", ""))
    shutil.move(folder / "data.csv", folder / "charters")
    shutil.move(folder / "requirements.lock", folder / "charters")
    assert qgate("lock", "charters/hold.yaml", cwd=folder).code == ExitCode.PASS
    path = _written(folder, "block.py", block.text)
    done = subprocess.run(
        [sys.executable, path], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout
    with chdir(ROOT):
        for shown in re.findall(r"# (<.*>)$", block.text, flags=re.M):
            assert repr(plan("charters/hold.yaml")) == shown


def _types_commands(block: Block, folder: Path) -> None:
    """Commands of qgate are looked at wherever they stand, also outside blocks."""
    for line in block.text.splitlines():
        program, *arguments = line.split("#")[0].split()
        assert program in ("qgate", "pip", "pytest"), line
        if program == "pip":
            _installs(line)
        elif program == "pytest":
            collected = _collected(folder, *arguments)
            asked = [name for name in EXPECTED if f"charters/{name}.yaml" in line] or EXPECTED
            assert {f"charters/{name}.yaml" for name in asked} == collected


def _collected(folder: Path, *arguments: str) -> set[str]:
    """Return the charters that pytest would run; only plugins that are named take part."""
    if not (folder / "charters").exists():
        _with_fixtures(folder)
        shutil.copytree(ROOT / "charters", folder / "charters")
    named = ("-p", "qgate.pytest_plugin", "-p", "xdist", "--strict-config", "--collect-only", "-q")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *named, *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return set(re.findall(r"^(charters/\w+\.yaml)\b", done.stdout, flags=re.M))


def _sets_up_pytest(block: Block, folder: Path) -> None:
    _written(folder, "pytest.ini", block.text)
    assert _collected(folder, "--qgate", "charters/hold.yaml") == {"charters/hold.yaml"}
    options = re.findall(r"--[\w-]+", block.text)
    assert set(options) <= commands()["run",]


def _installs(line: str) -> None:
    """`.ci/run` runs these lines: that they are two, and of files and extras that there are."""
    assert line in re.findall(r"^pip install.*", README.read_text(encoding="utf-8"), flags=re.M)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(re.findall(r"\[(\S+)\]", line)) <= set(project["optional-dependencies"])
    assert all((ROOT / name).exists() for name in re.findall(r"\S+\.(?:lock|yaml)\b", line))


def _is_shown_elsewhere(block: Block, _folder: Path) -> None:
    """`test_examples` holds it against what the command prints."""
    assert block.mark == "report: charters/hold.yaml"


CHECKS: Mapping[tuple[str, str], Callable[[Block, Path], None]] = {
    ("yaml", "part of a charter"): _is_part_of_a_charter,
    ("yaml", "version"): _is_charter,
    ("yaml", "jobs"): _is_workflow,
    ("yaml", "include"): _is_pipeline,
    ("yaml", "repos"): _is_pre_commit,
    ("ini", ""): _sets_up_pytest,
    ("python", ""): _runs_python,
    ("sh", ""): _types_commands,
    ("text", "report"): _is_shown_elsewhere,
}
"""By language, and by the comment before the block, or the key that tells one YAML from another."""


def _check_of(block: Block) -> Callable[[Block, Path], None]:
    mark = block.mark.partition(":")[0]
    if block.kind == "yaml" and not mark:
        mark = next(
            (key for kind, key in CHECKS if kind == "yaml" and key in _stated(block.text)), ""
        )
    return CHECKS[block.kind, mark]


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_each_block_is_what_it_says(block: Block, tmp_path: Path) -> None:
    _check_of(block)(block, tmp_path)


def test_every_kind_of_block_is_met_and_every_fence_is_a_block() -> None:
    assert {_check_of(block) for block in blocks()} == set(CHECKS.values())
    fences = sum(document.read_text(encoding="utf-8").count("```") for document in documents())
    assert fences == 2 * len(blocks())
