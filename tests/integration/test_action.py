"""The GitHub action: every `run:` step executed by bash, on a small project in a repository."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from qgate.cli.comments import Comment, keep
from qgate.errors import ExitCode
from qgate.report.pull_request import marked
from tests.integration.conftest import ROOT, Project, new_project
from tests.integration.gitting import commit, git, new_repository
from tests.integration.runner import ACTION, FakeGitHub, Job, Ran, fake_github

COMMENT = ACTION.parents[1] / "qgate-comment" / "action.yml"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BAD, MIDDLING = 20.0, 0.5
"""Scales of the encoding: a gap of 39 points, and one of 5, which stands on the threshold."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny package, for pip to install for real and without a network."""
    path = tmp_path_factory.mktemp("wheel") / "tiny_pilot-1.0-py3-none-any.whl"
    info = "tiny_pilot-1.0.dist-info"
    members = {
        "tiny_pilot.py": "",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiny-pilot\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": f"tiny_pilot.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with a locked charter whose trials are cached; not to be changed."""
    folder = tmp_path_factory.mktemp("locked")
    project = new_project(folder)
    (folder / "README.md").write_text("A pilot.\n", encoding="utf-8")
    assert project.qgate("lock", "pilot.yaml").code == ExitCode.PASS
    new_repository(folder)
    return folder


@pytest.fixture
def project(locked: Path, tmp_path: Path) -> Project:
    """Return a clone of it."""
    folder = tmp_path / "workspace"
    git(tmp_path, "clone", "-q", str(locked), str(folder))
    (folder / ".git" / "info" / "exclude").write_text(".qgate/\n", encoding="utf-8")
    return Project(folder)


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with fake_github() as server:
        yield server


def pull_request(project: Project, *, fork: bool = False) -> dict[str, Any]:
    """Return the event of a pull request from the clone's HEAD against its first commit."""
    sha = git(project.folder, "rev-parse", "HEAD").strip()
    base = git(project.folder, "rev-parse", "origin/main").strip()
    source = "stranger/pilots" if fork else "owner/pilots"
    return {
        "pull_request": {
            "number": 5,
            "state": "open",
            "head": {"sha": sha, "repo": {"full_name": source}},
            "base": {"sha": base, "repo": {"full_name": "owner/pilots"}},
        }
    }


def job(project: Project, github: FakeGitHub, name: str, event: dict[str, Any], **more: str) -> Job:
    temp = project.folder.parent / "temp"
    temp.mkdir(exist_ok=True)
    return Job(project.folder, temp, name, event, github.url, more)


def touch(project: Project) -> None:
    """Change the charter's text, but not what it says."""
    with project.charter.open("a", encoding="utf-8") as file:
        file.write("# reviewed\n")
    commit(project.folder)


def worsen(project: Project, scale: float) -> None:
    """Make the candidate worse by its encoding, hold it to more, lock anew and commit."""

    def changed(document: dict[str, Any]) -> None:
        document["gates"][0]["max"] = 0.05
        document["candidate"]["quantum_kernel"]["layers"][0]["scale"] = scale

    project.write(changed)
    assert project.qgate("lock", "pilot.yaml", "--reason", "another scale").code == ExitCode.PASS
    commit(project.folder)


def run(where: Job, **inputs: str) -> Ran:
    return where.action(**{"charters": "*.yaml", "install": "none", **inputs})


def test_affected_and_passing(project: Project, github: FakeGitHub, wheel: Path) -> None:
    touch(project)
    target = project.folder.parent / "installed"
    offline = {"PIP_NO_INDEX": "1", "PIP_TARGET": str(target)}
    where = job(project, github, "pull_request", pull_request(project), **offline)
    ran = run(where, install=str(wheel))
    assert ran.code == ExitCode.PASS, ran.log
    assert (target / "tiny_pilot.py").exists()
    assert ran.outputs["decision"] == "promote"
    assert json.loads(ran.outputs["verdicts"])["pilot.yaml"]["parity"] == "pass"
    assert "## PROMOTE: small" in ran.summary
    assert "pilot.yaml (the charter)" in ran.log
    reports = Path(ran.outputs["reports"])
    report = json.loads((reports / "pilot.json").read_bytes())
    assert ran.outputs["evidence-digest"] == report["evidence"]["digest"]
    for name in ("pilot.md", "pilot.xml", "pilot.sarif", "pilot.evidence"):
        assert (reports / name).exists()
    verified = project.qgate("verify", str(reports / "pilot.evidence"))
    assert verified.code == ExitCode.PASS, verified.out
    [(name, path)] = ran.uploads().items()
    assert (path, len(name)) == (reports, len("qgate-") + 12)
    restored, saved = (given for used, given in ran.used if "/cache/" in used)
    assert saved["key"] == restored["key"] == f"{restored['restore-keys']}77-1"
    assert saved["path"] == restored["path"] == ".qgate/trials"
    assert any((project.folder / ".qgate" / "trials").iterdir())
    [comment] = github.comments
    assert marked(comment["body"]) == (name.removeprefix("qgate-"), "promote")
    assert "actions/runs/77" in comment["body"]


def test_a_failing_gate_fails_the_job_after_all_is_told(
    project: Project, github: FakeGitHub
) -> None:
    worsen(project, BAD)
    ran = run(job(project, github, "pull_request", pull_request(project)))
    assert ran.code == ExitCode.GATE_FAILED, ran.log
    assert ran.outputs["decision"] == "rollback"
    assert json.loads(ran.outputs["verdicts"])["pilot.yaml"]["parity"] == "fail"
    line = next(line for line in ran.log.splitlines() if line.startswith("::error"))
    assert "file=pilot.yaml" in line
    assert "parity" in line
    assert ran.uploads()
    assert any("cache/save" in name for name, _ in ran.used)
    assert (marked(github.comments[0]["body"]) or "")[1] == "rollback"


def test_an_inconclusive_run_passes_where_only_a_failure_shall_fail(
    project: Project, github: FakeGitHub
) -> None:
    worsen(project, MIDDLING)
    where = job(project, github, "push", {})
    where.event = {"before": git(project.folder, "rev-parse", "HEAD~1").strip()}
    ran = run(where)
    assert (ran.code, ran.outputs["decision"]) == (ExitCode.INCONCLUSIVE, "hold"), ran.log
    ran = run(where, **{"fail-on": "fail"})
    assert (ran.code, ran.outputs["decision"]) == (ExitCode.PASS, "hold"), ran.log
    assert github.comments == []


def test_not_affected_is_skipped(project: Project, github: FakeGitHub) -> None:
    (project.folder / "README.md").write_text("Another word.\n", encoding="utf-8")
    commit(project.folder)
    ran = run(job(project, github, "pull_request", pull_request(project)))
    assert (ran.code, ran.outputs["decision"]) == (ExitCode.PASS, "skipped"), ran.log
    assert ran.outputs["verdicts"] == "{}"
    assert "no charter is affected" in ran.summary
    assert ran.outputs["charters"] == ran.outputs["evidence-digest"] == ""
    assert "Run the charters" not in ran.executed
    assert [name for name, _ in ran.used if "setup-python" not in name] == []
    assert github.comments == []


def test_a_merge_queue_compares_with_its_base_and_says_nothing(
    project: Project, github: FakeGitHub
) -> None:
    base = git(project.folder, "rev-parse", "HEAD").strip()
    touch(project)
    event = {"merge_group": {"base_sha": base}}
    ran = run(job(project, github, "merge_group", event))
    assert (ran.code, ran.outputs["decision"]) == (ExitCode.PASS, "promote"), ran.log
    assert github.calls == []


def test_a_fork_leaves_its_comment_to_another_run(
    project: Project, github: FakeGitHub, wheel: Path
) -> None:
    touch(project)
    event = pull_request(project, fork=True)
    ran = run(job(project, github, "pull_request", event))
    assert ran.code == ExitCode.PASS, ran.log
    assert github.calls == []
    [folder] = [path for name, path in ran.uploads().items() if name.startswith("qgate-comment-")]

    github.pulls["5"] = event["pull_request"]
    head = event["pull_request"]["head"]
    told = {"event": "pull_request", "id": 77, "head_sha": head["sha"],
            "head_repository": head["repo"]}  # fmt: skip
    comments = project.folder.parent / "temp" / "comments"
    comments.mkdir()
    folder.rename(comments / "qgate-comment-0")
    where = job(project, github, "workflow_run", {"workflow_run": told})
    target = project.folder.parent / "installed"
    where.variables = {"PIP_NO_INDEX": "1", "PIP_TARGET": str(target)}
    posted = where.action(COMMENT, install=str(wheel))
    assert posted.code == ExitCode.PASS, posted.log
    assert (target / "tiny_pilot.py").exists()
    [fetched] = [given for used, given in posted.used if "download-artifact" in used]
    assert (fetched["path"], fetched["run-id"]) == (str(comments), "77")
    assert fetched["pattern"] == "qgate-comment-*"
    [comment] = github.comments
    assert (marked(comment["body"]) or "")[1] == "promote"
    assert "> From [a run](https://github.com/owner/pilots/actions/runs/77)" in comment["body"]
    assert "[this run]" not in comment["body"]
    assert "| gate |" in comment["body"]


def test_a_charter_that_cannot_be_run_is_an_error(project: Project, github: FakeGitHub) -> None:
    (project.folder / "other.yaml").write_text("version: 1\npilot: {}\n", encoding="utf-8")
    touch(project)
    ran = run(job(project, github, "pull_request", pull_request(project)))
    assert (ran.code, ran.outputs["decision"]) == (ExitCode.USAGE, "error"), ran.log
    assert list(json.loads(ran.outputs["verdicts"])) == ["other.yaml", "pilot.yaml"]
    assert json.loads(ran.outputs["verdicts"])["other.yaml"] == {}
    assert "ERROR: other.yaml" in ran.summary
    assert "file=other.yaml" in ran.log
    assert ran.summary.index("ERROR: other.yaml") < ran.summary.index("PROMOTE: small")


def test_a_comment_that_cannot_be_posted_changes_no_verdict(
    project: Project, github: FakeGitHub
) -> None:
    touch(project)
    github.troubles = [(403, {}, "Resource not accessible by integration")]
    ran = run(job(project, github, "pull_request", pull_request(project)))
    assert (ran.code, ran.outputs["decision"]) == (ExitCode.PASS, "promote"), ran.log
    assert "::warning title=qgate could not comment::" in ran.log
    assert "pull-requests: write" in ran.log
    assert any(name.startswith("qgate-comment-") for name in ran.uploads())


def test_a_shallow_clone_is_told_what_to_do(
    project: Project, github: FakeGitHub, tmp_path: Path
) -> None:
    touch(project)
    event = pull_request(project)
    git(tmp_path, "clone", "-q", "--depth", "1", project.folder.as_uri(), str(tmp_path / "clone"))
    ran = run(job(Project(tmp_path / "clone"), github, "pull_request", event))
    assert (ran.code, ran.outputs["decision"]) == (ExitCode.USAGE, "error")
    assert "fetch-depth: 0" in ran.log


def test_what_compares_the_target_with_itself_is_refused(
    project: Project, github: FakeGitHub
) -> None:
    touch(project)
    ran = run(job(project, github, "pull_request_target", pull_request(project)))
    assert (ran.code, ran.outputs["decision"]) == (ExitCode.USAGE, "error")
    assert "use pull_request" in ran.log


def test_a_push_of_a_new_branch_runs_every_charter(project: Project, github: FakeGitHub) -> None:
    ran = run(job(project, github, "push", {"before": "0" * 40}))
    assert (ran.code, ran.outputs["decision"]) == (ExitCode.PASS, "promote"), ran.log
    assert "nothing to compare with" in ran.log


def test_a_comment_of_a_commit_that_is_passed_is_not_posted(
    project: Project, github: FakeGitHub, tmp_path: Path
) -> None:
    touch(project)
    event = pull_request(project, fork=True)
    head = event["pull_request"]["head"]
    keep(Comment(5, head["sha"], "0" * 12, "promote", "Fine.\n"), tmp_path / "comments")
    github.pulls["5"] = {**event["pull_request"], "head": {**head, "sha": "b" * 40}}
    told = {"event": "pull_request", "head_sha": head["sha"], "head_repository": head["repo"]}
    where = job(project, github, "workflow_run", {"workflow_run": told})
    where.temp = tmp_path
    posted = where.action(COMMENT, install="none")
    assert posted.code == ExitCode.PASS
    assert "::warning title=qgate did not post a comment::pull request 5" in posted.log
    assert github.comments == []


def test_jobs_of_the_same_charters_do_not_share_names(project: Project, github: FakeGitHub) -> None:
    """Each job of a matrix, and each that has a name, has caches, artefacts and comments alone."""
    touch(project)
    names = []
    for matrix, name in (("null", ""), ('{"python": "3.12"}', ""), ("null", "nightly")):
        where = job(project, github, "pull_request", pull_request(project))
        where.matrix = matrix
        ran = run(where, name=name)
        assert ran.code == ExitCode.PASS, ran.log
        [cache] = [given["key"] for used, given in ran.used if "cache/save" in used]
        names.append((*ran.uploads(), cache))
    assert len({name for pair in names for name in pair}) == 6
    unnamed = project.qgate("ci", "plan", "--charters", "*.yaml", "--base", "HEAD~1",
                            GITHUB_OUTPUT=str(project.folder.parent / "out"))  # fmt: skip
    assert unnamed.code == ExitCode.PASS
    assert names[0][0].removeprefix("qgate-") in (project.folder.parent / "out").read_text()
    assert len(github.comments) == 3


def test_a_charter_that_is_gone_is_told_and_its_job_stays_the_same(
    project: Project, github: FakeGitHub
) -> None:
    """The name of a job is of what was asked for: caches and comments outlive a new charter."""
    event = pull_request(project)
    before = planned(project, event)
    git(project.folder, "mv", "pilot.yaml", "renamed.yaml")
    git(project.folder, "rm", "-q", "pilot.lock.json")
    commit(project.folder)
    ran = run(job(project, github, "pull_request", pull_request(project)))
    assert ran.outputs["decision"] == "error"  # the new name has no lock yet
    assert "::warning title=qgate::pilot.yaml is gone" in ran.log
    assert planned(project, event)["key"] == before["key"]


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"charters": "pilots/**.yaml"}, "charters: pilots/**.yaml"),
        ({"charters": "'pilot.yaml"}, "charters: No closing quotation"),
        ({"also": "'src/**"}, "also: No closing quotation"),
        ({"charters": "charters/*.yaml"}, "nothing fits charters/*.yaml"),
    ],
)
def test_inputs_that_mean_nothing_are_told(
    project: Project, github: FakeGitHub, inputs: dict[str, str], words: str
) -> None:
    ran = run(job(project, github, "pull_request", pull_request(project)), **inputs)
    assert (ran.code, ran.outputs["decision"]) == (ExitCode.USAGE, "error"), ran.log
    assert words in ran.log


def planned(project: Project, event: dict[str, Any]) -> dict[str, str]:
    """Return what the first step says of a project, as outputs by name."""
    output = project.folder.parent / "planned"
    output.write_text("", encoding="utf-8")
    base = event["pull_request"]["base"]["sha"]
    done = project.qgate("ci", "plan", "--charters", "*.yaml", "--base", base,
                         GITHUB_OUTPUT=str(output))  # fmt: skip
    assert done.code == ExitCode.PASS, done.err
    return dict(re.findall(r"(?m)^([a-z-]+)<<.*\n(.*)$", output.read_text(encoding="utf-8")))


def test_code_scanning_is_asked_for_and_no_stranger_asks(
    project: Project, github: FakeGitHub
) -> None:
    touch(project)
    event = pull_request(project)
    where = job(project, github, "pull_request", event)
    ran = run(where, sarif="true")
    [given] = _scanned(ran)
    assert given == {"sarif_file": ran.outputs["reports"]}
    assert list(Path(given["sarif_file"]).rglob("*.sarif"))
    where.event = pull_request(project, fork=True)
    assert not _scanned(run(where, sarif="true"))
    assert yaml.safe_load(ACTION.read_bytes())["inputs"]["sarif"]["default"] == "false"


def _scanned(ran: Ran) -> list[dict[str, str]]:
    return [given for used, given in ran.used if "upload-sarif" in used]


def test_no_file_of_the_workspace_is_run_as_a_module(
    project: Project, github: FakeGitHub, wheel: Path
) -> None:
    owned = project.folder.parent / "owned"
    for name in ("pip", "qgate", "shlex"):
        text = f"import pathlib\npathlib.Path({str(owned)!r}).touch()\n"
        (project.folder / f"{name}.py").write_text(text, encoding="utf-8")
    touch(project)
    offline = {"PIP_NO_INDEX": "1", "PIP_TARGET": str(project.folder.parent / "installed")}
    where = job(project, github, "pull_request", pull_request(project), **offline)
    ran = run(where, install=str(wheel))
    assert (ran.code, ran.outputs["decision"]) == (ExitCode.PASS, "promote"), ran.log
    posted = where.action(COMMENT, install=str(wheel))
    assert "no comment was kept" in posted.log, posted.log
    assert not owned.exists()


def test_inputs_are_data(project: Project, github: FakeGitHub) -> None:
    """What would be a command, were it put into a script, is a name that fits nothing."""
    harmful = '$(touch owned) "; touch owned; "'
    where = job(project, github, "pull_request", pull_request(project))
    for name in ("charters", "base", "also", "fail-on"):
        run(where, **{name: harmful})
    assert not (project.folder / "owned").exists()


def _scripts() -> Iterator[tuple[str, str]]:
    actions = [(path.parent.name, yaml.safe_load(path.read_bytes())) for path in (ACTION, COMMENT)]
    steps = [(name, step) for name, action in actions for step in action["runs"]["steps"]]
    for path in WORKFLOWS:
        jobs = yaml.safe_load(path.read_bytes())["jobs"].values()
        steps += [(path.name, step) for each in jobs for step in each["steps"]]
    for name, step in steps:
        if "run" in step:
            yield name, step["run"]


def test_no_script_holds_an_expression() -> None:
    found = list(_scripts())
    assert len(found) >= 6
    assert [name for name, script in found if "${{" in script] == []


def test_every_action_is_pinned_by_its_commit() -> None:
    for path in (ACTION, COMMENT, *WORKFLOWS):
        for line in path.read_text(encoding="utf-8").splitlines():
            used = line.partition("uses:")[2].strip()
            if used and not used.startswith("./"):
                name, _, version = used.partition("#")
                assert len(name.strip().partition("@")[2]) == 40, line
                assert version.strip().startswith("v"), line


@pytest.mark.parametrize(
    ("schema", "paths"),
    [("vendor.github-actions", [ACTION, COMMENT]), ("vendor.github-workflows", WORKFLOWS)],
)
def test_files_fit_the_published_schemas(schema: str, paths: list[Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, paths)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_what_a_stranger_copies_is_as_our_own_and_fits(tmp_path: Path) -> None:
    """The action's page: workflows that are valid, and ask for what the actions know."""
    page = (ACTION.parent / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    own = [yaml.safe_load(path.read_bytes()) for path in WORKFLOWS]
    paths: list[Path] = []
    for block in blocks:
        copied = yaml.safe_load(block)
        [ours] = [each for each in own if each["name"] == copied["name"]]
        assert copied[True] == ours[True]  # `on`, as YAML 1.1 reads it
        for name, about in copied["jobs"].items():
            for right, given in ours["jobs"][name]["permissions"].items():
                assert about["permissions"].get(right, "not needed") in (given, "not needed")
            assert about.get("if") == ours["jobs"][name].get("if")
            used = about["steps"][-1]
            place, _, version = used["uses"].partition("@")
            action = ROOT / place.removeprefix("OWNER/qgate/") / "action.yml"
            assert version == "v0"
            assert (
                used.get("with", {}).keys() <= yaml.safe_load(action.read_bytes())["inputs"].keys()
            )
        paths.append(tmp_path / f"{len(paths)}.yml")
        paths[-1].write_text(block, encoding="utf-8")
    assert len(paths) == 2
    test_files_fit_the_published_schemas("vendor.github-workflows", paths)


def test_an_action_finds_its_own_package_wherever_it_was_fetched() -> None:
    """Both install the package of the tree that they stand in, as a runner fetches it whole."""
    for path in (ACTION, COMMENT):
        assert (path.parent / "../../..").resolve() == ROOT
        steps = {step["name"]: step for step in yaml.safe_load(path.read_bytes())["runs"]["steps"]}
        script = steps["Install qgate"]["run"]
        assert '"${QGATE_CI_INSTALL:-$GITHUB_ACTION_PATH/../../..}"' in script
        assert '"${QGATE_CI_CONSTRAINTS:-$GITHUB_ACTION_PATH/../../../requirements.lock}"' in script
    assert (ROOT / "requirements.lock").is_file()
