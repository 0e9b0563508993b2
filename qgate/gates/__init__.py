"""Measurements to verdicts, verdicts to a decision; pure functions."""
