"""GitHub's runner and its REST interface, simulated: an action's steps are really executed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.integration.commands import ROOT
from tests.integration.gitting import git

ACTION = ROOT / ".github" / "actions" / "qgate" / "action.yml"
_REPOSITORY = "owner/pilots"
_TOKEN = re.compile(r"'[^']*'|&&|\|\||==|!=|!|\(|\)|[\w.-]+")
_WORDS = {"&&": " and ", "||": " or ", "!": " not ", "==": "==", "!=": "!=", "(": "(", ")": ")"}
_BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")


@dataclass
class Ran:
    """What an action left."""

    code: int = 0
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    used: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Actions that it would have called, with their inputs."""
    executed: list[str] = field(default_factory=list)
    """Names of the steps that bash ran."""

    def uploads(self) -> dict[str, Path]:
        """Return the artefacts by name."""
        found = [given for name, given in self.used if name.startswith("actions/upload-artifact@")]
        return {given["name"]: Path(given["path"]) for given in found}


@dataclass
class Job:
    """A job of a workflow in a checked-out repository."""

    workspace: Path
    temp: Path
    event_name: str
    event: Mapping[str, Any]
    api: str = "http://127.0.0.1:9"
    variables: Mapping[str, str] = field(default_factory=dict)
    matrix: str = ""

    def action(self, path: Path = ACTION, /, **inputs: str) -> Ran:
        """Execute an action of ours with inputs."""
        action = yaml.safe_load(path.read_text(encoding="utf-8"))
        known = {name: str(about.get("default", "")) for name, about in action["inputs"].items()}
        assert not inputs.keys() - known.keys()
        contexts: dict[str, str] = {"github.token": "a-token", "runner.temp": str(self.temp)}
        contexts |= {"matrix": self.matrix, "github.event_name": self.event_name}
        contexts |= {"github.repository": _REPOSITORY}
        if "pull_request" in self.event:
            source = self.event["pull_request"]["head"]["repo"]["full_name"]
            contexts["github.event.pull_request.head.repo.full_name"] = source
        if "workflow_run" in self.event:
            contexts["github.event.workflow_run.id"] = str(self.event["workflow_run"].get("id", ""))
        for name, value in {**known, **inputs}.items():
            contexts[f"inputs.{name}"] = _filled(value, contexts, failed=False)
        ran = self.steps(action["runs"]["steps"], contexts)
        ran.outputs = {
            name: _filled(about["value"], contexts, failed=False)
            for name, about in action.get("outputs", {}).items()
        }
        return ran

    def steps(self, steps: list[dict[str, Any]], contexts: dict[str, str]) -> Ran:
        """Execute steps: `run:` by bash; of `uses:` only what they are given is kept."""
        ran = Ran()
        for number, step in enumerate(steps):
            failed = ran.code != 0
            condition = str(step.get("if", "success()"))
            if "cancelled()" not in condition and failed:
                continue
            bare = condition.removeprefix("${{").removesuffix("}}")
            if not _evaluated(bare, contexts, failed=failed):
                continue
            if "uses" in step:
                given = {k: _filled(v, contexts, failed=failed) for k, v in step["with"].items()}
                ran.used.append((step["uses"], given))
                continue
            own = {k: _filled(v, contexts, failed=failed) for k, v in step.get("env", {}).items()}
            code, outputs = self._bash(step["run"], own, number, ran)
            ran.executed.append(step["name"])
            for name, value in outputs.items():
                contexts[f"steps.{step.get('id')}.outputs.{name}"] = value
            if code and not step.get("continue-on-error"):
                ran.code = code
        return ran

    def _bash(
        self, script: str, own: Mapping[str, str], number: int, ran: Ran
    ) -> tuple[int, dict[str, str]]:
        files = {name: self.temp / f"{name.lower()}-{number}" for name in _FILES}
        for name, path in files.items():
            content = json.dumps(self.event) if name == "GITHUB_EVENT_PATH" else ""
            path.write_text(content, encoding="utf-8")
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.temp),
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ACTION.parent),
            "GITHUB_ACTOR": "someone",
            "GITHUB_API_URL": self.api,
            "GITHUB_EVENT_NAME": self.event_name,
            "GITHUB_REPOSITORY": _REPOSITORY,
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_RUN_ID": "77",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_SHA": git(self.workspace, "rev-parse", "HEAD").strip(),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_ARCH": "X64",
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.temp),
            **{name: str(path) for name, path in files.items()},
            **self.variables,
            **own,
        }
        done = subprocess.run(
            [*_BASH, script], capture_output=True, text=True, cwd=self.workspace,
            env=environment, check=False,
        )  # fmt: skip
        ran.log += done.stdout + done.stderr
        assert "Traceback" not in ran.log, ran.log
        ran.summary += files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        return done.returncode, _outputs(files["GITHUB_OUTPUT"].read_text(encoding="utf-8"))


_FILES = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH")


def _outputs(text: str) -> dict[str, str]:
    """Return outputs as the runner reads them: each by its own end mark."""
    found, lines = {}, iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, end = line.split("<<")
        value: list[str] = []
        while (each := next(lines)) != end:
            value.append(each)
        found[name] = "\n".join(value)
    return found


def _filled(value: object, contexts: Mapping[str, str], *, failed: bool) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)

    def replaced(found: re.Match[str]) -> str:
        return str(_evaluated(found[1], contexts, failed=failed) or "")

    return re.sub(r"\$\{\{(.*?)\}\}", replaced, text)


def _evaluated(expression: str, contexts: Mapping[str, str], *, failed: bool) -> Any:
    """Return an expression's value; a name that nothing set is empty, as it is for GitHub."""
    functions = {
        "cancelled": "(lambda: False)",
        "success": f"(lambda: {not failed})",
        "toJSON": "(lambda given: given)",  # a context stands here as GitHub would give it
    }
    words = []
    for word in _TOKEN.findall(expression):
        if word in _WORDS or word in functions:
            words.append({**_WORDS, **functions}[word])
        elif word.startswith("'"):
            words.append(repr(word[1:-1]))
        else:
            assert word.split(".")[0] in ("inputs", "steps", "github", "runner", "matrix"), word
            words.append(repr(contexts.get(word, "")))
    return eval("".join(words), {"__builtins__": {}})  # noqa: S307  # of our own action's file


class FakeGitHub(ThreadingHTTPServer):
    """Comments and pull requests in memory; what is put into `troubles` is answered first."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.comments: list[dict[str, Any]] = []
        self.pulls: dict[str, dict[str, Any]] = {}
        self.troubles: list[tuple[int, dict[str, str], str]] = []
        self.calls: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, method: str, path: str, content: Any) -> Any:
        """Return what GitHub would, None for not found."""
        prefix = "/repos/owner/pilots/"
        if not path.startswith(prefix):
            return None
        parts = path.removeprefix(prefix).partition("?")[0].split("/")
        if method == "GET" and parts[0] == "pulls":
            return self.pulls.get(parts[1])
        if method == "PATCH" and parts[:2] == ["issues", "comments"]:
            found = next(each for each in self.comments if each["id"] == int(parts[2]))
            return found | {"body": found.update(content) or found["body"]}
        if method == "POST":
            return self.say(content["body"], "github-actions[bot]", int(parts[1]))
        if method == "GET" and parts[2:] == ["comments"]:
            page = int(re.findall(r"[?&]page=(\d+)", path)[0])
            of = [each for each in self.comments if each["number"] == int(parts[1])]
            return of[100 * (page - 1) : 100 * page]
        return None

    def say(self, body: str, author: str, number: int = 5) -> dict[str, Any]:
        """Add a comment."""
        new = {"id": 1000 + len(self.comments), "body": body, "user": {"login": author}}
        address = f"https://github.com/owner/pilots/pull/{number}#issuecomment-{new['id']}"
        self.comments.append(new | {"html_url": address, "number": number})
        return self.comments[-1]


class _Handler(BaseHTTPRequestHandler):
    server: FakeGitHub

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        content = json.loads(self.rfile.read(length)) if length else None
        self.server.calls.append((self.command, self.path))
        headers: dict[str, str] = {}
        answer: Any
        if self.server.troubles:
            status, headers, message = self.server.troubles.pop(0)
            answer = {"message": message}
        elif self.headers["Authorization"] != "Bearer a-token":
            status, answer = 401, {"message": "Bad credentials"}
        else:
            answer = self.server.answer(self.command, self.path, content)
            status = 404 if answer is None else 200
        data = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = _handle  # noqa: N815  # the names that the server calls

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def fake_github() -> Iterator[FakeGitHub]:
    """Serve a fake GitHub for as long as the block lasts."""
    server = FakeGitHub()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
