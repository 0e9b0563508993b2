"""The record of a run, from which every verdict can be derived again."""
