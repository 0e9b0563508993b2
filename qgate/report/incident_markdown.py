"""An incident as Markdown, for issues and chats; it stands beside the record."""

from __future__ import annotations

from qgate.files import printable
from qgate.report.incident import clause_words, minute
from qgate.report.markdown import code, safe
from qgate.rollout.incident import Incident


def render_markdown(incident: Incident) -> str:
    """Return what failed, what was done, the timeline, and what it rests on."""
    state = "open" if incident.is_open else "closed"
    lines = [
        f"## Incident {incident.id}: {state}",
        "",
        f"Pilot {safe(incident.pilot)}: {safe(incident.why)}",
        "",
    ]
    for clause in incident.clauses:
        lines += [f"### Gate {safe(clause.gate)} (`{_plain(clause.metric)}`)", ""]
        lines += [f"- {name}: {safe(words)}" for name, words in clause_words(clause)]
        lines.append("")
    lines += ["### Remediation taken", ""]
    lines += [f"- done: {safe(done)}" for done in incident.remediation] or ["None yet."]
    lines += ["", "### Timeline", "", "| when (UTC) | who | what |", "|---|---|---|"]
    lines += [
        f"| {minute(event)} | {safe(event.who)} | {safe(event.what)} |"
        for event in incident.history
    ]
    lines += ["", "### Rests on", ""]
    lines += [f"- owner: {safe(incident.owner)}"] if incident.owner else []
    lines += [f"- charter `{_plain(incident.charter)}`: `{incident.charter_digest}`"]
    lines += [f"- {name}: `{digest}`" for name, digest in incident.digests.items()]
    if incident.is_open:
        lines += ["", f'To close it: `qgate incident close {incident.id} --reason "why"`']
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return code(printable(text))
