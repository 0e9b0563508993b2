"""GitHub: the runner that a step works in, and its REST interface."""

from __future__ import annotations

import json
import os
import re
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from qgate.errors import ExecutionError, UsageError

_ATTEMPTS = 4
_LONGEST_WAIT = 60.0
_SECONDS = 30
_MOST_BYTES = 20_000_000
_MOST_PAGES = 50
_PAGE = 100
_HINTS = {
    401: "the token is not valid",
    403: "the token may not: give the job `permissions: pull-requests: write`",
    404: "not found, or the token may not see it",
}


@dataclass(frozen=True)
class Runner:
    """What a step knows of its run, from the runner's variables and the event's file."""

    event_name: str
    event: Mapping[str, Any]
    repository: str
    variables: Mapping[str, str] = field(repr=False)

    @property
    def pull_request(self) -> Mapping[str, Any] | None:
        """Return the pull request that the event is of, None where it is of none."""
        found: Mapping[str, Any] | None = self.event.get("pull_request")
        return found

    @property
    def is_fork(self) -> bool:
        """Return whether the event's token may only read: a fork's pull request, or a robot's."""
        if self.pull_request is None:
            return False
        source = (self.pull_request["head"].get("repo") or {}).get("full_name")
        return source != self.repository or self.variables.get("GITHUB_ACTOR") == "dependabot[bot]"

    @property
    def commit(self) -> str:
        """Return the commit under review: the branch's own, not the one that merges it."""
        found = self.pull_request
        return found["head"]["sha"] if found else self.variables.get("GITHUB_SHA", "")

    @property
    def base(self) -> str | None:
        """Return the revision that the event's change is against, None where it names none."""
        if self.event_name == "merge_group":
            return cast("str", self.event["merge_group"]["base_sha"])
        if self.pull_request is not None:
            return cast("str", self.pull_request["base"]["sha"])
        before = self.event.get("before")
        return before if isinstance(before, str) and before.strip("0") else None

    @property
    def address(self) -> str:
        """Return the address of the run that was at work, empty where it is not known.

        In a `workflow_run` that is the run that it follows.
        """
        get = self.variables.get
        run = (self.event.get("workflow_run") or {}).get("id") or get("GITHUB_RUN_ID")
        server = get("GITHUB_SERVER_URL", "https://github.com")
        return f"{server}/{self.repository}/actions/runs/{run}" if run else ""

    def output(self, name: str, value: str) -> None:
        """Set an output of the step; outside a runner nobody is told."""
        if path := self.variables.get("GITHUB_OUTPUT"):
            end = f"end_{secrets.token_hex(16)}"  # a value that nobody can know ends no output
            _append(Path(path), f"{name}<<{end}\n{value}\n{end}\n")

    def summarise(self, text: str) -> None:
        """Add to the step's summary; outside a runner nobody is told."""
        if path := self.variables.get("GITHUB_STEP_SUMMARY"):
            _append(Path(path), text)


def runner() -> Runner:
    """Return the runner that this process works in.

    Raises:
        UsageError: When the event's file cannot be read.

    """
    get, event = os.environ.get, {}
    if path := get("GITHUB_EVENT_PATH"):
        try:
            event = json.loads(Path(path).read_bytes())
        except (OSError, ValueError) as error:
            raise UsageError(f"GITHUB_EVENT_PATH {path}: {error}") from error
    return Runner(
        get("GITHUB_EVENT_NAME", ""), event, get("GITHUB_REPOSITORY", ""), dict(os.environ)
    )


def say(level: str, message: str, **place: str) -> str:
    """Return a workflow command that shows a message: `notice`, `warning` or `error`."""

    def escaped(text: str, signs: str) -> str:
        return "".join(f"%{ord(sign):02X}" if sign in signs else sign for sign in text)

    where = ",".join(f"{name}={escaped(text, '%:,' + chr(13) + chr(10))}"
                     for name, text in place.items())  # fmt: skip
    return f"::{level}{' ' if where else ''}{where}::{escaped(message, '%' + chr(13) + chr(10))}\n"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows nothing: the token would go along."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Leave the answer as it is."""


@dataclass(frozen=True)
class Api:
    """GitHub's REST interface for one repository."""

    repository: str
    token: str = field(repr=False)
    url: str = "https://api.github.com"
    sleep: Callable[[float], None] = time.sleep

    def call(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Any:
        """Return what the interface answers below the repository, as plain values.

        Server errors and limits of its rate are tried again, four times in all.

        Raises:
            ExecutionError: When it refuses or cannot be reached, with what it says.

        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._once(method, path, content)
            except urllib.error.HTTPError as error:
                said = _said(error)
                wait = _wait(error, said, attempt)
                problem = f"{error.code}: {_HINTS.get(error.code, '')} {said}".strip()
            except (OSError, ValueError) as error:
                wait, problem = 2.0 ** (attempt - 1), str(error)
            if wait is None or attempt == _ATTEMPTS:
                break
            self.sleep(wait)
        raise ExecutionError(f"GitHub, {method} {path}: {problem}")

    def pages(self, path: str) -> Iterator[Any]:
        """Yield every item of a list."""
        for page in range(1, _MOST_PAGES + 1):
            found = self.call("GET", f"{path}?per_page={_PAGE}&page={page}")
            yield from found
            if len(found) < _PAGE:
                return

    def _once(self, method: str, path: str, content: Mapping[str, Any] | None) -> Any:
        request = urllib.request.Request(  # noqa: S310  # `api` lets only http and https through
            f"{self.url}/repos/{self.repository}/{path}",
            None if content is None else json.dumps(content).encode(),
            {
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "qgate",
                "X-GitHub-Api-Version": "2022-11-28",
            },
            method=method,
        )
        opener = urllib.request.build_opener(_NoRedirects)
        with opener.open(request, timeout=_SECONDS) as answer:
            return json.loads(answer.read(_MOST_BYTES))


def api(where: Runner) -> Api:
    """Return the interface with the step's token.

    Raises:
        UsageError: Without a token, a repository, or an address that can be used.

    """
    token = where.variables.get("GITHUB_TOKEN", "")
    url = where.variables.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
    if not token:
        raise UsageError("no GITHUB_TOKEN: bind the action's `token` input to it")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", where.repository):
        raise UsageError(f"GITHUB_REPOSITORY {where.repository!r} is no owner/name")
    if not url.startswith(("https://", "http://")):
        raise UsageError(f"GITHUB_API_URL {url!r} is no web address")
    return Api(where.repository, token, url)


def _said(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read(100_000))["message"])[:300]
    except (OSError, ValueError, TypeError, KeyError):
        return ""


def _wait(error: urllib.error.HTTPError, said: str, attempt: int) -> float | None:
    """Return for how long to wait before the next attempt, None where another is of no use."""
    stated = error.headers.get("Retry-After", "")
    limited = error.code in (403, 429) and (
        bool(stated)
        or "rate limit" in said.lower()
        or error.headers.get("X-RateLimit-Remaining") == "0"
    )
    if not limited and error.code < 500:
        return None
    seconds = float(stated) if stated.isdecimal() else 2.0 ** (attempt - 1)
    return min(seconds, _LONGEST_WAIT)


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)
