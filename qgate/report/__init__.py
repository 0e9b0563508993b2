"""Decision, evidence and history to text and pages; no verdict is made here."""
