"""A person's habits: what is next, other folders, settings, completion, the doctor."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qgate.errors import ExitCode
from qgate.evidence.audit_log import AuditLog
from tests.integration.commands import ROOT, qgate, qgate_alone
from tests.integration.conftest import Project
from tests.test_layers import NUMERIC, QUANTUM, heavy_modules


def _next(project: Project, **environment: str) -> str:
    done = project.qgate(**environment)
    assert (done.code, done.err) == (ExitCode.PASS, "")
    assert len(done.out.splitlines()) <= 10
    return done.out


def _ran(project: Project, decision: str, *acts: str) -> None:
    """Log a run of the present charter, and acts on its bundle, as a run logs it."""
    from qgate.pipeline import load
    from qgate.plan.settings import Settings

    log = AuditLog(project.folder / ".qgate/log.jsonl")
    digests = {
        "charter": load(project.charter, Settings(files=False)).digest,
        "bundle": decision.ljust(64, "0"),
    }
    path = f".qgate/evidence/{decision}"
    (project.folder / path).mkdir(parents=True, exist_ok=True)
    facts = {"attempt": 1, "decision": decision, "path": path}
    log.append("run", pilot="small", digests=digests, facts=facts)
    for act in acts:
        log.append(act, pilot="small", digests=digests, facts={})


def test_what_is_next_follows_the_life_of_a_pilot(project: Project) -> None:
    project.charter.unlink()
    assert _next(project) == "no charter here, neither in charters/ nor as *.yaml: qgate init\n"
    project.write()
    assert _next(project) == "pilot.yaml  not locked: qgate lock pilot.yaml\n"
    (project.folder / "pilot.lock.json").write_text("{}")
    assert _next(project) == "pilot.yaml  locked, never run: qgate run pilot.yaml\n"
    _ran(project, "rollback")
    assert _next(project).endswith("): qgate rollback pilot.yaml --dry-run\n")
    _ran(project, "rollback", "rollback")
    assert "rolled back: qgate run pilot.yaml" in _next(project)
    _ran(project, "hold")
    assert _next(project).endswith("): qgate judge .qgate/evidence/hold\n")
    _ran(project, "promote")
    assert _next(project).endswith("): qgate promote --check .qgate/evidence/promote\n")
    _ran(project, "promote", "promote")
    assert "may be promoted: qgate report .qgate/evidence/promote" in _next(project)
    shutil.rmtree(project.folder / ".qgate/evidence/promote")
    assert "its evidence is gone: qgate run pilot.yaml" in _next(project)
    project.write(lambda document: document["gates"][0].update(max=0.1))
    assert "changed since its last run: qgate run pilot.yaml" in _next(project)


def test_approvals_that_are_missing_come_before_the_promotion(project: Project) -> None:
    project.write(
        lambda document: document.update(
            approvals={"signers": "signers", "roles": {"approver": ["sre@example.com"]}}
        )
    )
    (project.folder / "pilot.lock.json").write_text("{}")
    _ran(project, "promote")
    said = "1 approval to come: qgate approve .qgate/evidence/promote --key KEY"
    assert said in _next(project)
    _ran(project, "promote", "approve")
    assert "qgate promote --check" in _next(project)


def test_ten_lines_tell_of_many_charters_and_of_what_is_odd_in_a_folder(project: Project) -> None:
    for number in range(20):
        shutil.copy(project.charter, project.folder / f"p{number:02}.yaml")
    (project.folder / "p00.yaml").write_text("pilot: [")
    (project.folder / "compose.yaml").write_text("services: {}\n")
    override = {"statement": "s", "by": "sre@example.com", "until": "2999-01-01T00:00:00+00:00"}
    AuditLog(project.folder / ".qgate/log.jsonl").append("override", pilot="small", facts=override)
    lines = _next(project).splitlines()
    assert lines[0].startswith("p00.yaml  1 finding: qgate check p00.yaml")
    assert lines[8] == "and 13 more charters: qgate check"
    assert lines[9].startswith("override of small until 2999-01-01")
    assert not any("compose" in line for line in lines)
    with (project.folder / ".qgate/log.jsonl").open("a") as log:
        log.write("nonsense\n")
    assert ".qgate/log.jsonl:2:1: this entry was changed, or is none" in _next(project)


def test_an_odd_folder_never_makes_the_next_step_fail(tmp_path: Path) -> None:
    (tmp_path / "charters").mkdir()
    (tmp_path / "charters/a.yaml").write_bytes(b"pilot: \xff\x00")
    (tmp_path / "charters/b.yaml").symlink_to("b.yaml")
    (tmp_path / "charters/\x1b[31m.yaml").write_text("pilot: {}\n")
    (tmp_path / "pyproject.toml").write_text("[tool.qgate\n")
    (tmp_path / ".qgate").write_text("no folder")
    done = qgate(cwd=tmp_path)
    assert (done.code, done.err) == (ExitCode.PASS, "")
    assert "charters/a.yaml  1 finding: qgate check charters/a.yaml" in done.out
    assert "pyproject.toml:1:12: not valid TOML" in done.out
    assert "\x1b" not in done.out
    (tmp_path / ".qgate").unlink()
    (tmp_path / ".qgate/incidents").mkdir(parents=True)
    (tmp_path / ".qgate/incidents/small-2026-01-01-1.json").write_text("[]")
    assert "incidents/small-2026-01-01-1.json:1:1: damaged" in qgate(cwd=tmp_path).out


def test_open_incidents_are_told(project: Project) -> None:
    assert "incident" not in _next(project)
    done = project.qgate("rollback", "pilot.yaml", "--done", "--reason", "a rehearsal")
    assert done.code == ExitCode.PASS
    assert "1 open incident: qgate incident list" in _next(project)


@pytest.mark.parametrize(
    ("arguments", "forbidden"),
    [
        ([], (*QUANTUM, "scipy", "sklearn")),
        (["explain", "parity", "--charter", "charters/hold.yaml"], (*QUANTUM, "sklearn")),
        (["explain", "latency_p95_ms"], (*QUANTUM, *NUMERIC)),
    ],
)
def test_what_is_next_and_explanations_import_nothing_heavy(
    arguments: list[str], forbidden: tuple[str, ...]
) -> None:
    assert heavy_modules(arguments, forbidden) == []


def test_a_command_works_as_if_started_in_another_folder(project: Project) -> None:
    (project.folder / "sub").mkdir()
    here = qgate("-C", str(project.folder.parent), "-C", project.folder.name, cwd=Path("/"))
    assert here.out == "pilot.yaml  not locked: qgate lock pilot.yaml\n"
    there = project.qgate("-C", "sub", "check", "../pilot.yaml")
    assert "../pilot.yaml" in there.out
    assert "no file" not in there.out  # the charter's own paths are as they were
    before = Path.cwd()
    absent = project.qgate("-C", "absent", "check")
    assert (absent.code, Path.cwd()) == (ExitCode.USAGE, before)
    assert absent.err.startswith("-C absent: No such file or directory\n")


def _configure(project: Project, text: str) -> None:
    (project.folder / "pyproject.toml").write_text(text)


def test_the_file_sets_defaults_the_environment_outweighs_it_and_the_command_line_both(
    project: Project,
) -> None:
    assert project.qgate("lock", "pilot.yaml").err != ""
    _configure(project, '[tool.qgate]\nquiet = true\nworkers = 2\ncharters = ["pilot.yaml"]\n')
    assert project.qgate("lock", "pilot.yaml").err == ""
    assert project.qgate("lock", "pilot.yaml", QGATE_QUIET="no").err != ""
    assert project.qgate("--quiet", "lock", "pilot.yaml", QGATE_QUIET="no").err == ""
    assert "1 charter:" in project.qgate("check").out
    (project.folder / "sub").mkdir()
    assert "1 charter:" in project.qgate("-C", "sub", "check").out  # paths from the file's folder
    assert "absent" in project.qgate("check", QGATE_CHARTERS=f"pilot.yaml{os.pathsep}absent").out
    assert "absent" not in project.qgate("check", "pilot.yaml", QGATE_CHARTERS="absent").out


def test_every_shared_option_reaches_the_run(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    import qgate.pipeline
    from qgate.errors import UsageError
    from qgate.plan.settings import Settings

    found: list[tuple[int, int, str]] = []

    def run(_: Path, settings: Settings) -> None:
        found.append((settings.workers, settings.max_memory, str(settings.store)))
        raise UsageError("seen")

    monkeypatch.setattr(qgate.pipeline, "run", run)
    _configure(project, '[tool.qgate]\nworkers = 2\nmax-memory = "1GB"\nevidence = "kept"\n')
    project.qgate("run", "pilot.yaml")
    project.qgate("run", "pilot.yaml", QGATE_WORKERS="3", QGATE_MAX_MEMORY="5", QGATE_EVIDENCE="e")
    given = ("--workers", "4", "--max-memory", "6MB", "--evidence", "d")
    project.qgate("run", "pilot.yaml", *given, QGATE_WORKERS="3", QGATE_EVIDENCE="e")
    assert found == [(2, 10**9, "kept"), (3, 5, "e"), (4, 6 * 10**6, "d")]


def test_each_wrong_key_is_told_at_its_place_and_nothing_runs(project: Project) -> None:
    _configure(
        project,
        '[project]\nworkers = "of another table"\n\n[ tool.qgate ] # ours\nworkers = "2"\n'
        '  "fail-on" = "never"\nquite = true\nmax-memory = "much"\nquiet = 1\nevidence = 3\n'
        "charters = []\n[tool.other]\nquite = 1\n",
    )
    done = project.qgate("check")
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert done.err.replace(" [QG-E03]\n", "\n").splitlines() == [
        "pyproject.toml:5:1: tool.qgate.workers: expected a whole number from 1 to 256",
        'pyproject.toml:6:3: tool.qgate.fail-on: expected "inconclusive" or "fail"',
        "pyproject.toml:7:1: tool.qgate.quite: unknown key; did you mean quiet?",
        'pyproject.toml:8:1: tool.qgate.max-memory: expected an amount such as "4GB", or bytes',
        "pyproject.toml:9:1: tool.qgate.quiet: expected true or false",
        "pyproject.toml:10:1: tool.qgate.evidence: expected a folder",
        "pyproject.toml:11:1: tool.qgate.charters: expected a list of charters or folders",
        "[QG-E03]: qgate explain QG-E03",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tool.qgate = 3\n", "pyproject.toml:1:1: qgate: expected a table"),
        ("[tool.qgate]\nworkers = \n", "pyproject.toml:2:11: not valid TOML: Invalid value"),
        ("tool = {qgate = {nonsense = 1}}\n", "pyproject.toml:1:1: tool.qgate.nonsense: unknown"),
    ],
)
def test_other_forms_of_the_table_are_told_too(project: Project, text: str, said: str) -> None:
    _configure(project, text)
    done = project.qgate("check")
    assert (done.code, done.err[: len(said)]) == (ExitCode.USAGE, said)
    # What helps to mend it works.
    assert project.qgate("explain", "QG-E03").code == ExitCode.PASS


def test_another_tools_mistake_in_the_file_is_no_concern(project: Project) -> None:
    _configure(project, "[tool.other\n")
    assert project.qgate("check", "pilot.yaml").err == ""


def test_runs_of_a_pipeline_say_as_much_as_they_are_asked_to(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    _configure(project, '[tool.qgate]\nquiet = true\nfail-on = "fail"\n')
    asked = ("ci", "run", "--charters", "pilot.yaml", "--reports", "reports")
    told = project.qgate(*asked, "--verbose")
    assert told.code == ExitCode.PASS
    assert "qgate:   candidate seed" in told.err
    assert "default of pyproject.toml: fail-on = fail" in told.err
    assert project.qgate(*asked).err == ""
    assert "nothing has changed" in project.qgate(*asked, "--no-quiet").err


@pytest.mark.parametrize(
    ("name", "value"),
    [("QGATE_WORKERS", "many"), ("QGATE_QUIET", "perhaps"), ("QGATE_FAIL_ON", "never")],
)
def test_a_variable_that_is_no_value_is_told(project: Project, name: str, value: str) -> None:
    done = project.qgate("check", "pilot.yaml", **{name: value})
    assert done.code == ExitCode.USAGE
    assert done.err.startswith(f"{name}='{value}': expected ")


def test_verbose_tells_each_trial_and_stage_on_stderr_alone(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    _configure(project, "[tool.qgate]\nworkers = 1\nquiet = true\n")
    done = project.qgate("run", "pilot.yaml", "-v", QGATE_FAIL_ON="fail")
    lines = done.err.splitlines()
    assert lines[0].startswith("qgate:   qgate ")
    assert "qgate:   default of pyproject.toml: workers = 1" in lines
    assert "qgate:   default of QGATE_FAIL_ON: fail-on = fail" in lines
    assert any(line.startswith("qgate:   with numpy ") for line in lines)
    kept = [line for line in lines if line.endswith("then)")]
    ran = [line for line in lines if line.startswith("qgate:   candidate seed ")]
    assert "baseline seed" in kept[0]  # the lock ran it
    assert ran
    assert all(line.endswith(" s") for line in ran)
    assert any(line.startswith("qgate:   run trials: ") for line in lines)
    assert lines[-1].startswith("qgate:   all of it: ")
    plain = project.qgate("run", "pilot.yaml", "--no-quiet", QGATE_FAIL_ON="fail")
    assert (plain.out, plain.code) == (done.out, done.code)
    assert "all of it: " not in plain.err
    assert "nothing has changed" in plain.err  # what is configured can be undone
    assert "forecast the gates: " in project.qgate("--verbose", "plan", "pilot.yaml").err


@pytest.mark.parametrize(
    "typed",
    [["-q", "run", "-v"], ["-v", "run", "-q"], ["-qv", "run"], ["run", "-qv"], ["run", "-vq"]],
)
def test_quiet_and_verbose_contradict_each_other(project: Project, typed: list[str]) -> None:
    done = project.qgate(*typed, "pilot.yaml")
    assert done.code == ExitCode.USAGE
    assert done.err.startswith("--quiet and --verbose contradict each other")


def test_defaults_reach_nested_commands() -> None:
    from qgate.cli.configuration import defaults

    class Parameter:
        param_type_name = "option"

        def __init__(self, name: str) -> None:
            self.name = name

    class Command:
        def __init__(self, *names: str, **commands: Command) -> None:
            self.params, self.commands = [Parameter(name) for name in names], commands

    commands = {"run": Command("workers", "evidence"), "ci": Command(run=Command("workers"))}
    found = defaults(commands, {"workers": 2, "evidence": Path("e"), "verbose": True})
    assert found == {
        "run": {"workers": 2, "evidence": Path("e")},
        "ci": {"run": {"workers": 2}},
    }


def test_a_stream_of_another_encoding_takes_any_text(project: Project) -> None:
    """Each command's words hold characters that the stream lacks, a name among them."""
    name = "\u00c8ve \u03b1"
    project.write(lambda document: document["pilot"].update(name=name))
    environment = {"PYTHONIOENCODING": "ascii", "HOME": str(project.folder)}
    project.qgate_alone("lock", "pilot.yaml", **environment)
    ran = project.qgate_alone("run", "pilot.yaml", **environment)
    assert ran.code in (ExitCode.PASS, ExitCode.GATE_FAILED, ExitCode.INCONCLUSIVE)
    assert "\\u03b1" in ran.out
    bundle = next(iter((project.folder / ".qgate/evidence").iterdir()))
    commands: tuple[list[str], ...] = (
        ["report", str(bundle)], ["history"], ["plan", "pilot.yaml"], ["doctor"], ["log"],
        ["explain", "parity", "--charter", "pilot.yaml"], ["verify", str(bundle)], [],
    )  # fmt: skip
    for command in commands:
        done = project.qgate_alone(*command, **environment)
        assert done.code not in (ExitCode.COULD_NOT_RUN, ExitCode.BUG), done.err
        assert "UnicodeEncodeError" not in done.err
    machine = project.qgate_alone("report", str(bundle), "--format", "json", **environment)
    assert name in str(machine.report)
    c_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    judged = project.qgate_alone("judge", str(bundle), HOME=str(project.folder), **c_locale)
    assert judged.code == ran.code, judged.err
    assert "\\u03b1" in judged.out


def test_no_colour_outweighs_forced_colour(project: Project) -> None:
    colours = {"FORCE_COLOR": "1", "NO_COLOR": ""}
    assert "\x1b[" in project.qgate("doctor", HOME=str(project.folder), **colours).out
    colours["NO_COLOR"] = "1"
    assert "\x1b[" not in project.qgate("doctor", HOME=str(project.folder), **colours).out


def test_a_typing_error_is_answered_by_what_was_meant(project: Project) -> None:
    command = project.qgate("rnu", "pilot.yaml")
    assert command.code == ExitCode.USAGE
    assert "Did you mean 'run'?" in command.err
    option = project.qgate("run", "pilot.yaml", "--wrokers", "2")
    assert option.code == ExitCode.USAGE
    assert "--workers" in option.err
    for done in (command, option):
        assert done.err.endswith("[QG-E01]: qgate explain QG-E01\n")


def test_completion_is_printed_and_completes(tmp_path: Path) -> None:
    asked = {"_QGATE_COMPLETE": "complete_bash", "COMP_WORDS": "qgate ru", "COMP_CWORD": "1"}
    done = qgate_alone(cwd=tmp_path, **asked)
    assert (done.code, done.out) == (ExitCode.PASS, "run\n")
    done = qgate_alone(
        cwd=tmp_path, **{**asked, "COMP_WORDS": "qgate run --wor", "COMP_CWORD": "2"}
    )
    assert (done.code, done.out) == (ExitCode.PASS, "--workers\n")
    shell = shutil.which("bash")
    assert shell is not None
    script = subprocess.run(
        [shell, "-c", f'"{sys.executable}" -m qgate --show-completion bash; exit $?'],
        capture_output=True, text=True, cwd=ROOT, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (script.returncode, script.stderr) == (ExitCode.PASS, "")
    assert "complete -o default -F _qgate_completion qgate" in script.stdout
    installed = subprocess.run(
        [shell, "-c", f'"{sys.executable}" -m qgate --install-completion; exit $?'],
        capture_output=True, text=True, cwd=ROOT, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert (installed.returncode, installed.stderr) == (ExitCode.PASS, "")
    assert "_qgate_completion" in (tmp_path / ".bash_completions/qgate.sh").read_text()


def test_an_error_ends_with_the_code_that_explains_it(project: Project) -> None:
    project.charter.write_text("version: 2\n")
    done = project.qgate("run", "pilot.yaml")
    first, last = done.err.splitlines()
    assert first.endswith(" [QG-F04]")
    assert last == "[QG-F04]: qgate explain QG-F04"
    told = project.qgate("explain", "qg-f04").out
    assert told.startswith("unfit value  (finding, QG-F04)")
    assert "qgate check CHARTER" in told


def test_the_doctor_says_what_is_broken_and_what_to_type(project: Project) -> None:
    home = {"HOME": str(project.folder / "home")}
    (project.folder / "home/.ssh").mkdir(parents=True)
    (project.folder / "home/.ssh/id_ed25519").write_text("secret")
    (project.folder / "home/.ssh/id_ed25519.pub").write_text("public")
    (project.folder / "requirements.lock").write_text("numpy==0.0.1\nno-such-package==1\n")
    done = project.qgate("doctor", "--format", "json", **home)
    assert done.code == ExitCode.PASS
    assert done.report["well"] is True
    checks = {check["name"]: check for check in done.report["checks"]}
    assert checks["keys"]["detail"] == "id_ed25519"
    assert "secret" not in done.out
    assert "0.0.1" in checks["requirements"]["detail"]
    assert checks["requirements"]["remedy"] == "pip install -r requirements.lock"
    assert "statevector" in checks["simulators"]["detail"]
    assert sorted(path.name for path in project.folder.glob(".*")) == []  # it leaves nothing
    _configure(project, "[tool.qgate]\nnonsense = 1\n")
    (project.folder / ".qgate").mkdir()
    (project.folder / ".qgate/log.jsonl").write_text("nonsense\n")
    done = project.qgate("doctor", **home)
    assert done.code == ExitCode.COULD_NOT_RUN
    assert "pyproject.toml:2:1: tool.qgate.nonsense: unknown key" in " ".join(done.out.split())
    assert "type: qgate log" in done.out
    assert done.out.splitlines()[-1].endswith("checks broken")


def test_what_cannot_be_loaded_is_told_and_never_crashes_the_doctor(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.folder / "scipy.py").write_text("raise RuntimeError('planted')\n")
    (project.folder / "qiskit_aer.py").write_text("import nothing_of_that_name\n")
    monkeypatch.setenv("PYTHONPATH", f"{project.folder}{os.pathsep}{ROOT}")
    done = project.qgate_alone("doctor", HOME=str(project.folder))
    assert done.code == ExitCode.COULD_NOT_RUN
    assert "scipy cannot be loaded: RuntimeError: planted" in " ".join(done.out.split())
    assert "pip install --force-reinstall qiskit-aer" in done.out


@pytest.mark.skipif(os.geteuid() == 0, reason="no mode keeps root out")
def test_a_state_that_cannot_be_written_is_broken(project: Project) -> None:
    (project.folder / ".qgate").mkdir()
    (project.folder / ".qgate").chmod(0o555)
    done = project.qgate("doctor", "--format", "json", HOME=str(project.folder))
    (project.folder / ".qgate").chmod(0o755)
    state = next(check for check in done.report["checks"] if check["name"] == "state")
    assert (state["status"], done.code) == ("broken", ExitCode.COULD_NOT_RUN)
    assert state["remedy"] == "chmod u+rwx .qgate"


def test_a_state_that_is_no_folder_is_broken(project: Project) -> None:
    (project.folder / ".qgate").write_text("")
    done = project.qgate("doctor", "--format", "json", HOME=str(project.folder))
    state = next(check for check in done.report["checks"] if check["name"] == "state")
    assert (state["status"], done.code) == ("broken", ExitCode.COULD_NOT_RUN)
    assert state["detail"] == ".qgate is no folder"


def test_files_that_lock_nobody_out_and_a_clock_that_is_off_are_told(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fcntl.flock", lambda *_: None)
    monkeypatch.setattr("time.time", lambda: 0.0)
    done = project.qgate("doctor", "--format", "json", HOME=str(project.folder))
    found = {check["name"]: check["status"] for check in done.report["checks"]}
    assert (found["locking"], found["clock"]) == ("broken", "note")
    assert done.code == ExitCode.COULD_NOT_RUN
