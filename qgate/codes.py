"""Stable codes of all that qgate says by name: what each means, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Code:
    """One thing that qgate says. A code is never given another meaning; a new thing gets a new one.

    `name` is the word or the number that people see; `commands` are what to type, with names in
    capitals for what is theirs.
    """

    code: str
    kind: str
    """`verdict`, `reason`, `decision`, `exit code`, `error` or `finding`."""
    name: str
    title: str
    meaning: str
    remedy: str
    commands: tuple[str, ...] = ()


_RUN, _PLAN = "qgate run CHARTER", "qgate plan CHARTER"
_CHECK, _LOCK = "qgate check CHARTER", 'qgate lock CHARTER --reason "why it changed"'
_REPORT, _BACK = "qgate report EVIDENCE", "qgate rollback CHARTER --dry-run"
_REHEARSE = "qgate run CHARTER --rehearse"
_PROMOTE = "qgate promote --check EVIDENCE"
_DOCTOR = "qgate doctor"

_VERDICTS = (
    Code(
        "QG-V10", "verdict", "pass", "the threshold is shown to be kept",
        "The bound that has to lie within the threshold does, at the gate's confidence; where "
        "nothing is random, the value itself does. Not having been refuted is no pass.",
        "Nothing is to be done.", (_REPORT,),
    ),
    Code(
        "QG-V20", "verdict", "fail", "the threshold is shown to be broken",
        "Even the far bound lies beyond the threshold, at the gate's confidence; or a value that "
        "nothing random is in does, such as a count of mismatches. One failed gate that decides "
        "sends traffic back.",
        "Take the gate's remediation, as the report names it; --rehearse tries it first.",
        (_REPORT, _REHEARSE, _BACK),
    ),
    Code(
        "QG-V30", "verdict", "inconclusive", "the evidence cannot decide",
        "Neither a pass nor a failure is shown. It blocks a promotion as a failure does, and sends "
        "nothing back.",
        "The reason says what would decide: mostly more items, seeds, replicates or requests. "
        "A run again with nothing else changed is another attempt, not more evidence.",
        (_REPORT, _PLAN),
    ),
    Code(
        "QG-V40", "verdict", "error", "the gate could not be measured",
        "No finite value came out: a trial failed, an input is missing, or a figure is not "
        "defined. It is no pass, and never shown as one.",
        "The reason names what failed; mend that and run again.", (_REPORT, _RUN, _DOCTOR),
    ),
)  # fmt: skip
_REASONS = (
    Code(
        "QG-V11", "reason", "exact pass", "an exact value is within the threshold",
        "Nothing is random here, as in a count of mismatches or a modelled price: the value is "
        "held against the threshold as it is.",
        "Nothing is to be done.",
    ),
    Code(
        "QG-V21", "reason", "exact failure", "an exact value is beyond the threshold",
        "Nothing is random here, so no more trials would change it: an input differs from the "
        "lock, a replay differs, a rule is not kept, or a modelled figure is too large.",
        "The reason names each mismatch. Mend it; or, where a changed input is meant, lock anew "
        "with a reason.",
        (_REPORT, _LOCK),
    ),
    Code(
        "QG-V31", "reason", "no bound", "there are too few samples for a bound",
        "The value is there, but at this confidence no bound can be given on the side that "
        "decides.",
        "Give more samples: the plan says how many suffice.", (_PLAN,),
    ),
    Code(
        "QG-V32", "reason", "held open", "the numbers alone do not decide here",
        "The run was stopped before its end, by its budget or by the region of its data; or the "
        "device's calibration drifted, so that a comparison does not hold. A verdict on less than "
        "what was planned, or on another device than was locked, would be a guess.",
        "The reason says which and what to type: raise the cap or state the region and go on, or "
        "lock the current calibration.",
        (_REPORT, _LOCK, _RUN),
    ),
)  # fmt: skip
_DECISIONS = (
    Code(
        "QG-D00", "decision", "promote", "every gate that decides passed",
        "The candidate may take production traffic, once it has the approvals that its charter "
        "asks for. The way back stays as the charter states it.",
        "Have it approved, and ask whether it may go.",
        ("qgate approve EVIDENCE", _PROMOTE),
    ),
    Code(
        "QG-D10", "decision", "rollback", "a gate failed",
        "All traffic belongs on the last known-good classical service. qgate drives no router: it "
        "says the steps, and a person takes them.",
        "Print the steps, take them, put that on record.",
        (_BACK, 'qgate rollback CHARTER --done --reason "why" --evidence EVIDENCE'),
    ),
    Code(
        "QG-D20", "decision", "hold", "no gate failed, but not every one passed",
        "Traffic stays where it is: a gate is inconclusive or could not be measured, or no gate "
        "decides.",
        "See what would decide each open gate, and what that takes.", (_REPORT, _PLAN),
    ),
)  # fmt: skip
_EXITS = (
    Code(
        "QG-X0", "exit code", "0", "every gate passed, or the command did what it was asked",
        "With `--fail-on fail` a run that ends inconclusive exits with 0 too; its verdict stays.",
        "Nothing is to be done.",
    ),
    Code(
        "QG-X2", "exit code", "2", "usage, or an invalid charter, lock or file",
        "Nothing was run. stderr says what, with file:line:column where a file is meant.",
        "Correct it; check tells every finding at once.", (_CHECK, "qgate COMMAND --help"),
    ),
    Code(
        "QG-X10", "exit code", "10", "a gate failed",
        "The decision is rollback.", "Take the remediation that the report names.",
        (_REPORT, _BACK),
    ),
    Code(
        "QG-X20", "exit code", "20", "inconclusive",
        "No gate failed, and at least one could not be decided; or, for a promotion, an approval "
        "or fresh evidence is missing, an incident is open, or it was rolled back since.",
        "See what would decide.", (_REPORT, _PLAN),
    ),
    Code(
        "QG-X30", "exit code", "30", "could not run",
        "A trial, the environment or the machine stood in the way; also where a gate could not be "
        "measured. It says nothing about the candidate.",
        "stderr or the report names the cause.", (_DOCTOR,),
    ),
    Code(
        "QG-X70", "exit code", "70", "a bug in qgate",
        "A report was written, and stderr names the file. It says nothing about the candidate.",
        "Send that file to the authors.",
    ),
    Code(
        "QG-X130", "exit code", "130", "interrupted",
        "A person or the machine stopped it. What was finished is kept.",
        "The same command goes on from there.",
    ),
)  # fmt: skip
_ERRORS = (
    Code(
        "QG-E01", "error", "command line", "the command or its options are not known",
        "Nothing was done.", "The line before it says what is near; --help lists the rest.",
        ("qgate --help", "qgate COMMAND --help"),
    ),
    Code(
        "QG-E02", "error", "usage", "what was asked cannot be done as it stands",
        "An option, a file or the state of the folder does not allow it. Nothing was run.",
        "The message says what to type instead.", ("qgate", "qgate COMMAND --help"),
    ),
    Code(
        "QG-E03", "error", "invalid file", "a file has findings",
        "A charter, lock, configuration, bundle or log does not say what it must. Each finding "
        "has its file:line:column. Nothing was run.",
        "Correct each at its place, or put back a copy of what qgate wrote.", (_CHECK,),
    ),
    Code(
        "QG-E04", "error", "invalid term", "a term of the charter does not fit its data or files",
        "The charter is well formed, but what it names is not as it says: a column, a circuit's "
        "parameter, a device's qubit.",
        "Change the term, or the data.", (_CHECK, _PLAN),
    ),
    Code(
        "QG-E30", "error", "could not run", "the work could not be carried out here",
        "An arm, a simulation, a file or another process stood in the way. It says nothing about "
        "the candidate.",
        "The message names the cause; the same command goes on from what is finished.", (_DOCTOR,),
    ),
    Code(
        "QG-E31", "error", "machine", "the machine refused: memory, disk or permission",
        "The operating system's own words are in the message.",
        "Free what is short, or ask for less: fewer workers, a smaller --max-memory.",
        (_DOCTOR, "qgate cache prune --max-size 1GB"),
    ),
    Code(
        "QG-E70", "error", "bug", "a bug in qgate",
        "Something that must not happen did. A report was written.",
        "Send the report that the message names to the authors.", (_DOCTOR,),
    ),
    Code(
        "QG-E130", "error", "interrupted", "it was interrupted",
        "A person or the machine stopped it. What was finished is kept.",
        "The same command goes on from there.",
    ),
)  # fmt: skip
_FINDINGS = (
    Code(
        "QG-F01", "finding", "unreadable", "the file cannot be read as the YAML that is allowed",
        "It is not there, too large, not UTF-8 or not well-formed; or it has what could mean two "
        "things or grow without bound: tags, merge keys, a key twice, values nested too deep.",
        "Mend the text at the place. Indent by two spaces and no tab, and put quotes about text "
        "with a colon in it.", (_CHECK,),
    ),
    Code(
        "QG-F02", "finding", "unknown key", "a key that the schema does not know here",
        "Nothing is ever ignored: a key that is misspelt, or that stands one level too high or too "
        "low, would be a term that nobody keeps.",
        "Take the key that the message names, or remove it.", (_CHECK,),
    ),
    Code(
        "QG-F03", "finding", "missing key", "a key that must be stated is not",
        "It has no default, since any would decide something that is the owner's to decide.",
        "Add the key; the message says what it is. init writes a whole charter with comments.",
        (_CHECK, "qgate init --data DATA --target COLUMN"),
    ),
    Code(
        "QG-F04", "finding", "unfit value", "a value is not of the kind or range that it must be",
        "A number stands where a word is expected, a unit where the metric has its own, or a value "
        "is beyond what can be.",
        "The message says what is expected; metrics tells the unit of each.",
        (_CHECK, "qgate metrics"),
    ),
    Code(
        "QG-F05", "finding", "contrary terms", "each term is well formed, but not all can hold",
        "Two terms contradict each other, one has no meaning without another, or a file, layer, "
        "metric or package that is named is not known here.",
        "Change one of them; the place is that of the term that would be the first to change.",
        (_CHECK,),
    ),
    Code(
        "QG-F10", "finding", "not locked", "there is no lock to hold the run against",
        "Without a lock nobody knows whether data, split, packages or baseline are those that were "
        "agreed on, so the gates that say so could not pass.",
        "Lock the charter and commit the file beside it.", ("qgate lock CHARTER",),
    ),
    Code(
        "QG-F11", "finding", "undecidable", "the gate could not decide even if all were well",
        "By the forecast the gate has less than an even chance to pass if both arms are truly "
        "equal, so the run would most likely end inconclusive, and cost what it costs.",
        "Give what the message names: more items, seeds, shots or requests, or agree on a larger "
        "tolerance. Past evidence makes the forecast sharper; --even-if-underpowered runs anyway.",
        (_PLAN, "qgate plan CHARTER --from EVIDENCE"),
    ),
    Code(
        "QG-F12", "finding", "over budget", "the plan takes more than the charter allows",
        "A cap of shots, time, dollars or attempts would be passed, for this run or for the month. "
        "Modelled figures count at their most.",
        "Raise the cap in the charter, or plan less.", (_PLAN, "qgate spending"),
    ),
    Code(
        "QG-F13", "finding", "elsewhere", "an arm is run where the data may not be",
        "The data state a region, and an arm states another one, or runs code of a package that "
        "states none. Nothing is sent.",
        "State the arm's region, or take an arm that runs where the data may be.", (_CHECK,),
    ),
)  # fmt: skip

CODES: Mapping[str, Code] = MappingProxyType(
    {
        found.code: found
        for found in (*_VERDICTS, *_REASONS, *_DECISIONS, *_EXITS, *_ERRORS, *_FINDINGS)
    }
)
NAMED: Mapping[str, Code] = MappingProxyType({found.name: found for found in CODES.values()})
"""By what people see, such as the word of a verdict or the number of an exit code."""


def pointer(code: str) -> str:
    """Return the line that says where a code is explained."""
    return f"[{code}]: qgate explain {code}"
