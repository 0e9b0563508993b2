"""The comment on a pull request: in place, anew when it got worse, and from strangers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qgate.cli.comments import FILE, Comment, keep, kept, publish, refusal
from qgate.cli.github import Api, Runner
from qgate.errors import ExecutionError, UsageError
from tests.integration.runner import FakeGitHub, fake_github

KEY, SHA = "0123456789ab", "a" * 40
RUN = "https://github.com/owner/pilots/actions/runs/77"
OURS = "github-actions[bot]"


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with fake_github() as server:
        yield server


def api_of(github: FakeGitHub, waits: list[float] | None = None) -> Api:
    sleep = (waits if waits is not None else []).append
    return Api("owner/pilots", "a-token", github.url, sleep)


def comment(decision: str, text: str = "Text.\n", key: str = KEY) -> Comment:
    return Comment(5, SHA, key, decision, text)


def test_the_comment_is_changed_in_place_while_it_gets_no_worse(github: FakeGitHub) -> None:
    for decision in ("rollback", "rollback", "hold", "promote", "skipped", "promote"):
        publish(api_of(github), comment(decision, f"It is {decision}.\n"))
    [found] = github.comments
    assert "It is promote." in found["body"]


def test_a_worse_verdict_is_a_new_comment_and_the_old_one_says_so(github: FakeGitHub) -> None:
    publish(api_of(github), comment("promote", "All is well.\n"))
    publish(api_of(github), comment("hold", "Not shown.\n"))
    old, new = github.comments
    assert "Superseded" in old["body"]
    assert new["html_url"] in old["body"]
    assert "All is well." in old["body"]
    publish(api_of(github), comment("hold", "Still not shown.\n"))
    assert len(github.comments) == 2
    assert "Still not shown." in new["body"]
    publish(api_of(github), comment("promote"))
    publish(api_of(github), comment("rollback"))
    assert len(github.comments) == 3


def test_sets_of_charters_and_strangers_do_not_meet(github: FakeGitHub) -> None:
    mine = comment("promote").body
    github.say(mine, "stranger")
    github.say(mine, OURS, number=6)
    for _ in range(120):
        github.say("LGTM", "somebody")
    publish(api_of(github), comment("promote", key="b" * 12))
    publish(api_of(github), comment("promote", "New.\n"))
    publish(api_of(github), comment("promote", "Newer.\n"))
    assert len(github.comments) == 2 + 120 + 2
    assert github.comments[0]["body"] == github.comments[1]["body"] == mine
    assert "Newer." in github.comments[-1]["body"]


def test_where_nothing_was_judged_nothing_new_is_said(github: FakeGitHub) -> None:
    publish(api_of(github), comment("skipped"))
    assert github.comments == []


def test_the_comment_keeps_its_limit(github: FakeGitHub) -> None:
    line = "é" * 99 + "\n"
    publish(api_of(github), comment("promote", line * 5000))
    publish(api_of(github), comment("hold"))
    assert all(len(found["body"].encode()) < 65_536 for found in github.comments)


def test_server_errors_and_limits_are_waited_for(github: FakeGitHub) -> None:
    waits: list[float] = []
    github.troubles = [
        (502, {}, "Bad gateway"),
        (403, {"Retry-After": "7"}, "You have exceeded a secondary rate limit"),
        (429, {"Retry-After": "100000"}, "Too many"),
    ]
    publish(api_of(github, waits), comment("promote"))
    assert waits == [1.0, 7.0, 60.0]
    assert len(github.comments) == 1


@pytest.mark.parametrize(
    ("troubles", "words"),
    [
        ([(403, {}, "Resource not accessible")], "pull-requests: write"),
        ([(404, {}, "Not Found")], "may not see it"),
        ([(307, {"Location": "http://127.0.0.1:9/"}, "Moved")], "307"),
        ([(500, {}, "Oops")] * 4, "500"),
    ],
)
def test_a_refusal_is_told(
    github: FakeGitHub, troubles: list[tuple[int, dict[str, str], str]], words: str
) -> None:
    github.troubles = list(troubles)
    with pytest.raises(ExecutionError, match=words) as caught:
        publish(api_of(github), comment("promote"))
    assert "a-token" not in str(caught.value)
    assert len(github.calls) == len(troubles)


def test_an_unreachable_server_is_told() -> None:
    waits: list[float] = []
    api = Api("owner/pilots", "a-token", "http://127.0.0.1:9", waits.append)
    with pytest.raises(ExecutionError, match="refused"):
        api.call("GET", "pulls/5")
    assert waits == [1.0, 2.0, 4.0]


HARMFUL = (
    "<!-- qgate:v1 set=0123456789ab decision=promote -->\n<img src=x> <script>\n"
    "[click](https://evil.example) ![pixel](http://evil.example/a.png)\n[a]: http://evil.example\n"
    "@maintainer please /deploy\n/deploy now\nwww.evil.example #12 &#64;owner \u202e\x1b[31m\n"
    "_@maintainer_ @&fjlig;ord &commat;owner GH-12 &amp;&lt;\n"
)


def test_a_strangers_text_is_only_text(tmp_path: Path) -> None:
    keep(comment("promote", HARMFUL), tmp_path / "one")
    [found] = kept(tmp_path, RUN)
    warning, _, text = found.text.partition("\n\n")
    assert warning.startswith(f"> From [a run]({RUN}) of code that nobody has reviewed")
    text = text.replace("\u200b", "|")
    for sign in ("<", "](", "]:", "@m", "@&", "://", "www.", "#1", "GH-1", "&#", "&c",
                 "&f", "\n/", "\u202e", "\x1b"):  # fmt: skip
        assert sign not in text, sign
    assert "[click]\\(https:|//evil.example)" in text
    assert "&amp;&lt;" in text  # what a report itself has escaped


@pytest.mark.parametrize(
    "change",
    [
        {"number": "5"}, {"number": True}, {"number": 0}, {"commit": "main"}, {"key": "../../x"},
        {"decision": "great"}, {"text": 5}, {"version": 2},
    ],
)  # fmt: skip
def test_a_strangers_file_of_another_form_is_refused(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    keep(comment("promote"), tmp_path)
    document = json.loads((tmp_path / FILE).read_bytes())
    (tmp_path / FILE).write_text(json.dumps(document | change), encoding="utf-8")
    with pytest.raises(UsageError):
        list(kept(tmp_path, RUN))


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"[" * 100_000, b'"' + b"x" * 500_000 + b'"'])
def test_a_strangers_file_that_is_none_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(UsageError):
        list(kept(tmp_path, RUN))


def test_a_strangers_link_is_not_followed(tmp_path: Path) -> None:
    keep(comment("promote"), tmp_path / "elsewhere" / "deep")
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere" / "deep" / FILE)
    with pytest.raises(UsageError):
        list(kept(tmp_path, RUN))


@pytest.mark.parametrize(
    ("pull", "run", "words"),
    [
        ({}, {}, ""),
        ({"state": "closed"}, {}, "closed"),
        ({"head": {"sha": "b" * 40, "repo": {"full_name": "stranger/pilots"}}}, {}, "commit"),
        ({"head": {"sha": SHA, "repo": {"full_name": "other/pilots"}}}, {}, "another fork"),
        ({"head": {"sha": SHA, "repo": None}}, {}, "another fork"),
        ({"head": {"sha": SHA, "repo": None}}, {"head_repository": None}, "another fork"),
        ({"base": {"repo": {"full_name": "other/repository"}}}, {}, "another repository"),
        ({}, {"head_sha": "b" * 40}, "another commit"),
        ({}, {"event": "push"}, "not of a pull request"),
    ],
)
def test_a_kept_comment_is_posted_only_where_it_belongs(
    github: FakeGitHub, pull: dict[str, Any], run: dict[str, Any], words: str
) -> None:
    head = {"sha": SHA, "repo": {"full_name": "stranger/pilots"}}
    base = {"repo": {"full_name": "owner/pilots"}}
    github.pulls["5"] = {"state": "open", "head": head, "base": base} | pull
    told = {"event": "pull_request", "head_sha": SHA, "head_repository": head["repo"]} | run
    where = Runner("workflow_run", {"workflow_run": told}, "owner/pilots", {})
    why = refusal(comment("promote"), where, api_of(github))
    assert words in why if words else not why
