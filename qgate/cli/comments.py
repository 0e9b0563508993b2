"""One comment on a pull request for each job, and what forks leave to be posted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from qgate.cli.github import Api, Runner
from qgate.errors import UsageError
from qgate.report.pull_request import (
    COMMENT_BYTES,
    DECISIONS,
    cut,
    is_worse,
    marked,
    marker,
    neutral,
    superseded,
)

FILE = "comment.json"
AUTHOR = "github-actions[bot]"
"""Whose comments are ours, unless QGATE_CI_AUTHOR says otherwise: a marker can be copied."""
_MOST_BYTES = 400_000
_MOST_FILES = 20
_OF_A_STRANGER = (
    "> From [a run]({}) of code that nobody has reviewed, as of a fork: read it as such. "
    "Links and mentions are switched off.\n\n"
)


@dataclass(frozen=True)
class Comment:
    """What is to be said on a pull request."""

    number: int
    commit: str
    """The commit of the pull request's branch that it is about."""
    key: str
    """Names the job that it is of: 12 hexadecimal digits."""
    decision: str
    """One of DECISIONS."""
    text: str

    @property
    def body(self) -> str:
        """Return the comment as it is posted, at most 64 kB."""
        return f"{marker(self.key, self.decision)}\n{cut(self.text, COMMENT_BYTES)}"


def publish(api: Api, comment: Comment, author: str = AUTHOR) -> str:
    """Put a comment where people see it and return what was done.

    The one that is there is changed, which tells nobody. Where the verdict got worse there is a
    new one, which does, and the old one says so. Where nothing was judged, nothing new is said.

    Raises:
        ExecutionError: When GitHub refuses.

    """
    path = f"issues/{comment.number}/comments"
    ours = [
        (found, sign[1])
        for found in api.pages(path)
        if (found.get("user") or {}).get("login") == author
        and (sign := marked(found.get("body") or "")) is not None
        and sign[0] == comment.key
    ]
    if not ours:
        if comment.decision == "skipped":
            return "nothing to say: no charter is affected"
        api.call("POST", path, {"body": comment.body})
        return "posted a comment"
    last, before = ours[-1]
    if not is_worse(comment.decision, before):
        api.call("PATCH", f"issues/comments/{last['id']}", {"body": comment.body})
        return "updated the comment"
    new = api.call("POST", path, {"body": comment.body})
    text = superseded(last["body"], new["html_url"])
    api.call("PATCH", f"issues/comments/{last['id']}", {"body": text})
    return "posted a new comment: the verdict got worse"


def keep(comment: Comment, folder: Path) -> None:
    """Write a comment to be posted by a run whose token may do so."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {"version": 1, **asdict(comment)}
    (folder / FILE).write_text(json.dumps(document), encoding="utf-8")


def kept(folder: Path, run: str) -> Iterator[Comment]:
    """Yield the comments that other runs kept, in a folder or in folders in it.

    They were made by code that nobody has reviewed: their form is checked, and their text is
    made harmless. Whether they may be posted is for `refusal` to say. `run` is that run's address.

    Raises:
        UsageError: When a file is not such a comment.

    """
    files = sorted(path for path in (folder / FILE, *folder.glob(f"*/{FILE}")) if path.exists())
    if len(files) > _MOST_FILES:
        raise UsageError(f"{folder}: more than {_MOST_FILES} comments of one run")
    for path in files:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path}: no file of at most {_MOST_BYTES:,} bytes")
        yield _checked(path, _OF_A_STRANGER.format(run))


def refusal(comment: Comment, where: Runner, api: Api) -> str:
    """Return why a kept comment may not be posted, empty where it may.

    The run's event, which GitHub itself made, says what was run. The pull request that the comment
    names must be open, of this repository, and now at that very commit of that very fork.
    """
    run: Mapping[str, Any] = where.event.get("workflow_run") or {}
    if run.get("event") != "pull_request":
        return "the run was not of a pull request"
    if comment.commit != run.get("head_sha"):
        return "the comment is about another commit than its run"
    found = api.call("GET", f"pulls/{comment.number}")
    head, base = found["head"], found["base"]
    source = (run.get("head_repository") or {}).get("full_name", "a fork that was deleted")
    facts = (
        (found.get("state") == "open", "it is closed"),
        (base["repo"]["full_name"] == where.repository, "it is of another repository"),
        (head["sha"] == comment.commit, "it is at another commit by now, or never was at this one"),
        ((head.get("repo") or {}).get("full_name") == source, "its branch is of another fork"),
    )
    why = next((words for holds, words in facts if not holds), "")
    return f"pull request {comment.number}: {why}" if why else ""


def _checked(path: Path, warning: str) -> Comment:
    from qgate.strict_json import parse_json

    document = parse_json(path.read_bytes(), path.name, depth=4)
    if not isinstance(document, dict) or document.get("version") != 1:
        raise UsageError(f"{path}: no comment of version 1")
    rules: dict[str, Callable[[Any], bool]] = {
        "number": lambda value: type(value) is int and 0 < value < 2**31,
        "commit": lambda value: _is(value, r"[0-9a-f]{40}([0-9a-f]{24})?"),
        "key": lambda value: _is(value, r"[0-9a-f]{12}"),
        "decision": lambda value: value in DECISIONS,
        "text": lambda value: isinstance(value, str),
    }
    if not all(name in document and holds(document[name]) for name, holds in rules.items()):
        raise UsageError(f"{path}: not of the form that `qgate ci comment` writes")
    found = Comment(**{name: document[name] for name in rules})
    return replace(found, text=warning + neutral(found.text))


def _is(value: object, pattern: str) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None
